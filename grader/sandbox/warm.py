"""Workers that begin warm: forked from one process that has numpy imported, and locked as fresh ones are.

    with warmed(choose()) as launcher:
        ...                            # many submissions

A worker that starts afresh spends most of its processor time on its start. What is forked (`grader/worker/zygote.py`)
never sees a byte of a submission, and each child puts the whole lock on itself, from a stage of its own. The zygote is
replaced after `CHILDREN` children, which bounds what siblings share (where things lie in memory, the seed of hashes),
and when anything about it is unexpected. Where there is none, workers start afresh.

The zygote is a program of its own, since a grader has threads and things to hide, and a fork would have them, too.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import GraderError
from ..worker.zygote import FORK, LARGEST_MESSAGE, RETIRE, Order
from .launch import Launcher, Process, clean_environment
from .launchers import STAGE, BubblewrapLauncher, LandlockLauncher
from .staging import stage_kit
from .temporary import in_memory, temporary_folder

CHILDREN = 100
"""After so many a zygote is replaced."""
BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from grader.worker.lock import Lock; {}; "
    "from grader.worker.zygote import serve; order = serve(int(sys.argv[2])); "
    "Lock.parse(order.lock).close(); main(order.submission)"
)
IMPORTS = {
    "main": "from grader.worker.main import main",
    "notebook": "from grader.worker.notebook import import_jupyter, main; import_jupyter()",
}
"""What is imported before the first child, by the module of `grader.worker` that runs in it."""
_ANSWER = 30.0
"""Seconds until it has started, or forked, on a machine that is busy."""
_REPORT = 10.0
"""Seconds until it says how a child ended that was killed."""
_GRACE = 1.0
"""Seconds in which a child ends that was asked to."""
_MOST_FAILURES = 3
"""After so many zygotes that could not be had, no other is tried."""


class NoZygote(Exception):
    """There is none, or it does not do what it was asked."""


class Orphaned(GraderError):
    """A worker went with the process that it was forked from: no score depends on it."""


@dataclass(frozen=True)
class WarmLauncher:
    """Workers behind the same walls as a launcher's, forked from a process that has imported what they need."""

    fresh: LandlockLauncher | BubblewrapLauncher
    """Says what is closed, and starts a worker where none can be forked."""
    zygotes: Zygotes
    errors: int = subprocess.DEVNULL
    """Where a worker's own words go before it is locked."""

    @property
    def name(self) -> str:
        """The sandbox, as the results name it."""
        return self.fresh.name

    def start(self, stage: Path, end: socket.socket) -> Process:
        """See `Launcher`."""
        with contextlib.suppress(NoZygote):
            return self.zygotes.fork(stage, [end.fileno(), *([self.errors] if self.errors >= 0 else [])])
        if not (stage / "kit" / "grader" / "worker" / "main.py").is_file():
            stage_kit(stage)
        return replace(self.fresh, errors=self.errors).start(stage, end)


def kept_by(launcher: Launcher) -> frozenset[int]:
    """The processes that a launcher keeps between two submissions."""
    return launcher.zygotes.processes if isinstance(launcher, WarmLauncher) else frozenset()


class Zygotes:
    """One process at a time from which workers are forked, and those before it whose children still run.

    Args:
        launcher: says what a child closes.
        children: how many are forked from one.
    """

    def __init__(self, launcher: LandlockLauncher | BubblewrapLauncher, children: int = CHILDREN) -> None:
        self._launcher = launcher
        self._children = children
        self._lock = threading.Lock()
        self._all: list[_Zygote] = []
        self._left = 0
        self._failures = 0

    def fork(self, stage: Path, descriptors: Sequence[int]) -> Process:
        """Start a worker on a stage.

        Args:
            stage: its own, and nobody else's.
            descriptors: its end of a socket, and where its words go before it is locked.

        Raises:
            NoZygote: none can be had now.
        """
        zygote = self._one()
        order = _order(self._launcher, stage, zygote.pid)
        try:
            return zygote.fork(order, descriptors)
        except (NoZygote, OSError) as error:
            with self._lock:
                self._failures += 1
                if self._all and self._all[-1] is zygote:
                    self._left = 0
            raise NoZygote(str(error)) from None

    @property
    def processes(self) -> frozenset[int]:
        """The numbers of those that run."""
        return frozenset(zygote.pid for zygote in self._all if zygote.pid and not zygote.gone)

    @property
    def forked(self) -> int:
        """How many children there were."""
        return sum(zygote.forked for zygote in self._all)

    @property
    def seconds(self) -> float:
        """Processor time of the children that have ended."""
        return sum(zygote.seconds for zygote in self._all)

    def close(self) -> None:
        """End them, and what of their children still runs."""
        with self._lock:
            self._failures = _MOST_FAILURES
            for zygote in self._all:
                zygote.close()

    def begin(self) -> None:
        """Start one now, which is there sooner when a worker is asked for."""
        with self._lock, contextlib.suppress(NoZygote):
            self._start()

    def _one(self) -> _Zygote:
        with self._lock:
            if self._left <= 0 or self._all[-1].gone:
                self._start()
            self._left -= 1
            zygote = self._all[-1]
            try:
                zygote.wait()
            except NoZygote:
                self._failures += 1
                raise
            return zygote

    def _start(self) -> None:
        if self._failures >= _MOST_FAILURES:
            raise NoZygote("none could be had before")
        if self._all:
            self._all[-1].retire()
        try:
            self._all.append(_Zygote(self._launcher.layout.python, IMPORTS[self._launcher.worker]))
        except (GraderError, OSError) as error:
            self._failures += 1
            raise NoZygote(str(error)) from None
        self._left = self._children


def _order(launcher: LandlockLauncher | BubblewrapLauncher, stage: Path, parent: int) -> Order:
    if isinstance(launcher, LandlockLauncher):
        return Order(str(stage / "kit"), str(stage / "submission"), launcher.lock_for(stage, parent).text())
    lock = launcher.lock_for(stage)
    return Order(f"{STAGE}/kit", f"{STAGE}/submission", lock.text(), launcher.room_for(stage))


class _Zygote:
    """One of them, on its way; a thread that lasts as long owns it, since it ends with the thread that started it."""

    def __init__(self, python: str, imports: str) -> None:
        self.gone = False
        self.forked = 0
        self.seconds = 0.0
        self.pid = 0
        """0 until it is ready."""
        self._lock = threading.Lock()
        self._answers: queue.SimpleQueue[WarmProcess | int | None] = queue.SimpleQueue()
        self._running: dict[int, WarmProcess] = {}
        # All that it reads of the kit, it has read when it is ready.
        self._kit = contextlib.ExitStack()
        folder = self._kit.enter_context(temporary_folder(in_memory()))
        try:
            stage_kit(folder)
            self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        except BaseException:
            self._kit.close()
            raise
        command = [python, "-I", "-c", BOOT.format(imports), str(folder / "kit"), str(os.getpid())]
        self._thread = threading.Thread(target=self._own, args=(command, theirs), name="zygote", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Come back when it is ready.

        Raises:
            NoZygote: it does not start.
        """
        if self.pid:
            return
        with self._kit:
            ready = self._answer()
        if not isinstance(ready, int):
            self.close()
            raise NoZygote("it does not start")
        self.pid = ready

    def fork(self, order: Order, descriptors: Sequence[int]) -> WarmProcess:
        """A child that is on its way to do what it is told.

        Raises:
            NoZygote: it does not answer as it should.
            OSError: there is no room for what is sent, or the zygote is gone.
        """
        reading, writing = os.pipe()
        try:
            with os.fdopen(writing, "wb", buffering=0) as pipe:
                os.set_blocking(writing, False)
                text = order.text().encode()
                if pipe.write(text) != len(text):
                    raise NoZygote("an order that fits into no pipe")
            with self._lock:
                if self.gone:
                    raise NoZygote("it is gone")
                end, *errors = descriptors
                socket.send_fds(self._socket, [FORK], [end, reading, *errors])
                child = self._answer()
                if not isinstance(child, WarmProcess):
                    # A child that came late would share its socket with the worker that takes its place.
                    self.close()
                    raise NoZygote("it does not fork")
        finally:
            os.close(reading)
        child.waits = order.room is not None
        return child

    def retire(self) -> None:
        """Let it end after its last child."""
        with contextlib.suppress(OSError):
            self._socket.send(RETIRE)

    def close(self) -> None:
        """End it, and its children."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()
        self._kit.close()

    def _answer(self) -> WarmProcess | int | None:
        try:
            return self._answers.get(timeout=_ANSWER)
        except queue.Empty:
            return None

    def _own(self, command: list[str], theirs: socket.socket) -> None:
        """Start it, and take in what it says until it ends."""
        process = None
        try:
            with theirs:
                process = subprocess.Popen(
                    command,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd="/",
                    env=clean_environment(),
                    start_new_session=True,
                )
            while True:
                said, descriptors, _, _ = socket.recv_fds(self._socket, LARGEST_MESSAGE, 1)
                if not said:
                    break
                self._take_in(json.loads(said), descriptors)
        except (OSError, ValueError, KeyError, TypeError):
            pass  # gone, or not what it should be: it is replaced
        finally:
            self.gone = True
            self._answers.put(None)
            if process is not None:
                _end(process)
            for child in list(self._running.values()):
                child.told.set()

    def _take_in(self, said: dict[str, Any], descriptors: list[int]) -> None:
        if "forked" in said:
            child = WarmProcess(said["forked"], *descriptors)
            self._running[child.pid] = child
            self.forked += 1
            self._answers.put(child)
        elif "ended" in said:
            child = self._running.pop(said["ended"])
            self.seconds += said["seconds"]
            child.code = said["code"]
            child.told.set()
        else:
            self._answers.put(said.get("ready"))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Give it a moment to see that it is not needed any more."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1.0)
    if process.returncode is None:
        process.kill()
        process.wait()


class WarmProcess:
    """A worker whose parent is a zygote, which says how it ended."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.code: int | None = None
        self.told = threading.Event()
        """That there will be no other news of it."""
        self.waits = False
        """That it runs nothing of a submission, but waits for a worker in a room. Asked to end, it counts what that
        used."""
        self._descriptor: int | None = descriptor

    def poll(self) -> int | None:
        """See `Process`.

        Raises:
            Orphaned: its zygote ended before it, so that nobody knows why it did.
        """
        return self._learned() if self.told.is_set() else None

    def wait(self, timeout: float | None = None) -> int:
        """See `Process`.

        Raises:
            TimeoutExpired: it runs still.
            Orphaned: as for `poll`.
        """
        if not self.told.wait(timeout):
            raise subprocess.TimeoutExpired("a worker", timeout or 0.0)
        return self._learned()

    def kill(self) -> None:
        """End it and all that it started, and wait until it has ended."""
        if self._descriptor is not None:
            # By its descriptor, since its number may be another's by now. What is left of its group, the zygote ends.
            ways = [(signal.SIGKILL, _REPORT)]
            if self.waits:
                ways.insert(0, (signal.SIGTERM, _GRACE))
            for how, seconds in ways:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    signal.pidfd_send_signal(self._descriptor, how)
                if self.told.wait(seconds):
                    break
            os.close(self._descriptor)
            self._descriptor = None
        if self.returncode is None:
            self.returncode = -signal.SIGKILL if self.code is None else self.code

    def _learned(self) -> int:
        if self.returncode is None and self.code is None:
            raise Orphaned("the process that workers are forked from has ended. Next: grade again.")
        self.returncode = self.code if self.returncode is None else self.returncode
        assert self.returncode is not None
        return self.returncode
