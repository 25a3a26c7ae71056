"""A real scheduler with real workers on this machine, behind TLS, for tests of what happens when one of them ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import machine

from grader.course import KIT, Course

DASK = Path(sys.executable).with_name("dask")
PATIENCE = 240.0
"""Seconds for what must be seen, on a machine that is busy."""

# In the trusted process of a worker: says which submission it begins with, waits where the submission says so, and ends
# with one that says so, which from inside the sandbox none can do.
GATES = """
import hashlib, os, time
from pathlib import Path
from grader.classroom.cluster import worker

folder = Path({folder!r})
checked = worker.__dict__.setdefault("_without_gates", worker._checked)  # Dask loads this file twice

def at_the_gate(bench, asked):
    text = b"".join(asked.modules.values())
    (folder / f"begun-{{os.getpid()}}-{{hashlib.sha256(text).hexdigest()}}-{{time.monotonic_ns()}}").touch()
    if b"# poison" in text:
        os._exit(1)
    while b"# waits" in text and not (folder / "open").exists():
        time.sleep(0.02)
    return checked(bench, asked)

worker._checked = at_the_gate
"""


def require_dask() -> None:
    """Skip where Dask is not installed; where CI=true, fail."""
    if not DASK.is_file():
        machine.lacks("Dask is not installed (make cluster)")


def wait_for(seen: Callable[[], object], what: str) -> None:
    """Wait until something is seen."""
    deadline = time.monotonic() + PATIENCE
    while not seen():
        assert time.monotonic() < deadline, f"not seen: {what}"
        time.sleep(0.05)


def certificates(folder: Path) -> dict[str, str]:
    """Dask's settings, as variables, with certificates that trust each other and nobody else."""
    from distributed import Security

    made = Security.temporary()
    files = {"ca.pem": made.tls_ca_file, "cert.pem": made.tls_client_cert, "key.pem": made.tls_client_key}
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    settings = {"CA_FILE": "ca.pem"}
    for role in ("CLIENT", "SCHEDULER", "WORKER"):
        settings |= {f"{role}__CERT": "cert.pem", f"{role}__KEY": "key.pem"}
    return {f"DASK_DISTRIBUTED__COMM__TLS__{name}": str(folder / file) for name, file in settings.items()}


@dataclass
class Cluster:
    """A scheduler and its workers."""

    folder: Path
    environment: dict[str, str]
    stack: ExitStack
    address: str = ""
    scheduler: int = 0
    """Its process."""
    workers: list[int] = field(default_factory=list)
    """Those that look after the processes that work."""

    def start(self, workers: int = 2) -> None:
        """Start a scheduler, on a port of the kernel's choice, and workers."""
        said = self.folder / "scheduler.json"
        said.unlink(missing_ok=True)
        words = ["scheduler", "--host", "tls://127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", said]
        self.scheduler = self._run([str(word) for word in words])
        wait_for(lambda: said.is_file() and said.read_text().rstrip().endswith("}"), "a scheduler")
        self.address = json.loads(said.read_text())["address"]
        for _ in range(workers):
            self.add_worker()

    def add_worker(self, environment: Mapping[str, str] | None = None, threads: int = 1) -> None:
        """Start one more."""
        words = ["worker", self.address, "--host", "tls://127.0.0.1", "--nthreads", str(threads), "--no-dashboard"]
        words += ["--preload", str(self.folder / "gates.py"), "--local-directory", str(self.folder)]
        self.workers.append(self._run(words, environment or {}))

    def _run(self, words: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
        with (self.folder / f"{words[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                [DASK, *words],
                cwd=self.folder,
                env={**self.environment, **(environment or {})},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.stack.callback(end, process)
        return process.pid

    @property
    def gate(self) -> Path:
        """While this file is not there, submissions wait that say so."""
        return self.folder / "open"

    def begun(self) -> list[tuple[int, str]]:
        """Which process began with which submission, in their order."""
        names = [path.name.split("-") for path in self.folder.glob("begun-*")]
        return [(int(pid), digest) for _, pid, digest, _ in sorted(names, key=lambda name: int(name[3]))]

    def profile(self) -> str:
        """What Dask saw its workers do, as text."""
        from distributed import Client, Security

        tls = "DASK_DISTRIBUTED__COMM__TLS__"
        files = {"tls_ca_file": "CA_FILE", "tls_client_cert": "CLIENT__CERT", "tls_client_key": "CLIENT__KEY"}
        security = Security(**{name: self.environment[tls + file] for name, file in files.items()})
        with Client(self.address, security=security, set_as_default=False) as client:
            return json.dumps(client.profile())

    def command(self, course: Course, *words: str) -> list[str]:
        """`grader grade` on this cluster."""
        grade = [sys.executable, "-P", "-m", "grader.cli", "grade", "scale", "--course", str(course.root)]
        return [*grade, "--cluster", self.address, *words]

    def grade(self, course: Course, **environment: str) -> subprocess.CompletedProcess[str]:
        """Grade a class to the end."""
        return subprocess.run(
            self.command(course),
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    @contextmanager
    def grading(self, course: Course) -> Iterator[subprocess.Popen[str]]:
        """Grade a class, and do something meanwhile."""
        process = subprocess.Popen(
            self.command(course),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            end(process)


def end(process: "subprocess.Popen[str] | subprocess.Popen[bytes]") -> None:
    """End a process with all that it started, stopped or not."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@contextmanager
def cluster(folder: Path, workers: int = 2, ttl: str = "30s") -> Iterator[Cluster]:
    """A scheduler with some workers, which end with the context."""
    require_dask()
    with ExitStack() as stack:
        (folder / "gates.py").write_text(GATES.format(folder=str(folder)))
        environment = os.environ | certificates(folder / "certificates")
        environment |= {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": ttl, "OPENBLAS_NUM_THREADS": "1"}
        environment |= {"PYTHONPATH": str(KIT)}
        found = Cluster(folder, environment, stack)
        found.start(workers)
        yield found
