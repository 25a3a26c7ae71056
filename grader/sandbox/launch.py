"""Starts a student's process. The only place that knows its sandbox.

A launcher gets a folder that holds everything the process may need, and one end of a socket; a sandbox is another
launcher with the same two.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from socket import socket, socketpair
from typing import Protocol

from ..course import NOTEBOOK, OWN, WORKER, Course
from ..errors import GraderError

PYTHON_VARIABLE = "GRADER_WORKER_PYTHON"
NOTEBOOK_PYTHON_VARIABLE = "GRADER_NOTEBOOK_PYTHON"

SETUP = "grader setup"

_BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from grader.worker.{} import main; main(sys.argv[2])"


class Process(Protocol):
    """A process as `subprocess.Popen` gives one, with what is used of it."""

    @property
    def pid(self) -> int:
        """Its number."""
        ...

    @property
    def returncode(self) -> int | None:
        """How it ended, minus the signal if by one; None until that was asked for."""
        ...

    def poll(self) -> int | None:
        """How it ended; None if it runs."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """How it ended, once it has.

        Raises:
            TimeoutExpired: it runs still, after so many seconds.
        """
        ...

    def kill(self) -> None:
        """End it."""
        ...


class Launcher(Protocol):
    """Starts processes in which a submission runs."""

    @property
    def name(self) -> str:
        """The sandbox, as the results name it."""
        ...

    def start(self, stage: Path, end: socket) -> Process:
        """Start a worker on `stage/submission` with `end` as its standard input.

        Raises:
            GraderError: no process can be started on this machine.
        """
        ...


@dataclass(frozen=True)
class Booting:
    """A process on its way up, and our end of its socket."""

    process: Process
    end: socket

    def stop(self) -> None:
        """End it, unless it was ended already."""
        if self.process.returncode is None:
            kill(self.process)
        self.end.close()


def boot(launcher: Launcher, stage: Path) -> Booting:
    """Start a process and do not wait for it.

    Raises:
        GraderError: no process can be started on this machine.
    """
    here, there = socketpair()
    try:
        with there:
            return Booting(launcher.start(stage, there), here)
    except BaseException:
        here.close()
        raise


@dataclass(frozen=True)
class PlainLauncher:
    """A process of its own with a clean environment and no sandbox."""

    python: Path | None = None
    """The interpreter; that of the kit's own course if None."""
    worker: str = "main"
    """The module of `grader.worker` that runs in the process."""
    name: str = "none"

    def start(self, stage: Path, end: socket) -> subprocess.Popen[bytes]:
        """See `Launcher`."""
        python, boot = self.python or worker_python(), _BOOT.format(self.worker)
        command = [str(python), "-I", "-c", boot, str(stage / "kit"), str(stage / "submission")]
        try:
            return subprocess.Popen(
                command,
                stdin=end.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=stage / "submission",
                env=clean_environment(),
                start_new_session=True,
            )
        except OSError as error:
            raise GraderError(f"{command[0]}: cannot be started ({error.strerror}). Next: {SETUP}.") from None


def kill(process: Process) -> None:
    """End a process and all that it started."""
    # The worker leads a session of its own, so its group holds all that it started and did not detach. Only a child's
    # number is nobody else's until it is waited for; another kind of process knows how to end its group.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if isinstance(process, subprocess.Popen) and hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def clean_environment() -> dict[str, str]:
    """What a worker finds in its environment: nothing of the host's."""
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {"PATH": os.defpath, "LANG": "C.UTF-8", "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1", **threads}


def worker_python(course: Course = OWN) -> Path:
    """The interpreter of the worker's environment, which has numpy, msgpack and what the course adds, and no more.

    Raises:
        GraderError: there is none.
    """
    return _python(course, WORKER, PYTHON_VARIABLE, "student code")


def notebook_python(course: Course = OWN) -> Path:
    """The interpreter of the environment in which submitted notebooks run: IPython and Matplotlib besides.

    Raises:
        GraderError: there is none.
    """
    return _python(course, NOTEBOOK, NOTEBOOK_PYTHON_VARIABLE, "notebooks")


def python_in(environment: Path) -> Path:
    """Where an environment has its interpreter."""
    return environment.joinpath(*(("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")))


def _python(course: Course, environment: str, variable: str, purpose: str) -> Path:
    """What a variable names; the course's own; or that of the kit's checkout, for a course that has none."""
    named = os.environ.get(variable)
    own, kits = (python_in((one.root / environment).resolve()) for one in (course, OWN))
    python = Path(named) if named else kits if kits.is_file() and not own.is_file() else own
    if not python.is_file():
        raise GraderError(
            f"{python}: the environment for {purpose} is missing. Next: {SETUP} in the course's folder, or name an "
            f"interpreter in {variable}."
        )
    return python
