"""Processes of this machine that judge, convert or show submissions, while one waits for them and writes.

They are forked from the one that grades before it has any thread, since a fork would have the locks that threads hold,
and know nothing else of it: they close all that it has open, and end with it. Where that cannot be had, and for a small
class, the same is done by the one that waits.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections import deque
from collections.abc import Generator, Iterable
from contextlib import suppress
from ctypes import CDLL
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection, Pipe, wait
from typing import Generic, NoReturn, Protocol, TypeVar

A = TypeVar("A")
B = TypeVar("B")
A_in = TypeVar("A_in", contravariant=True)
B_out = TypeVar("B_out", covariant=True)

FEWEST = 8
"""Items from which on processes are worth their start."""
_PR_SET_PDEATHSIG = 1


class Does(Protocol[A_in, B_out]):
    """Does one thing with an item; it raises nothing that is one item's own."""

    def __call__(self, item: A_in, /) -> B_out:
        """Do it."""
        ...

    def close(self) -> None:
        """End what it keeps from one item to the next."""


@dataclass(frozen=True)
class _Worker:
    process: int
    end: Connection


class Processes(Generic[A, B]):
    """Does one thing with many items, several at a time.

    Args:
        work: does it.
        count: how many processes.
    """

    def __init__(self, work: Does[A, B], count: int) -> None:
        self._work = work
        self._workers: list[_Worker] = []
        if count > 1 and sys.platform == "linux" and threading.active_count() == 1:
            with suppress(OSError):  # as many as the system lets
                while len(self._workers) < count:
                    self._workers.append(_forked(work))

    @property
    def forked(self) -> bool:
        """Whether there are such processes."""
        return bool(self._workers)

    def each(self, items: Iterable[A]) -> Generator[B, None, None]:
        """What came of each item, as soon as it is known; an item whose process ended is done by this one."""
        if not self._workers:
            yield from map(self._work, items)
            return
        left = iter(items)
        idle = deque(self._workers)
        busy: dict[Connection, tuple[_Worker, A]] = {}
        while True:
            for worker, item in zip(list(idle), islice(left, len(idle)), strict=False):
                idle.popleft()
                busy[worker.end] = worker, item
                with suppress(OSError):  # it is gone, which shows below
                    worker.end.send(item)
            if not busy:
                if not self._workers:
                    yield from map(self._work, left)
                return
            for end in wait([*busy]):
                assert isinstance(end, Connection)
                worker, item = busy.pop(end)
                try:
                    done: B = end.recv()
                    idle.append(worker)
                except (EOFError, OSError):
                    self._workers.remove(worker)
                    _end(worker)
                    done = self._work(item)
                yield done

    def close(self) -> None:
        """Let them end what they are at, and wait until they have."""
        workers, self._workers = self._workers, []
        for worker in workers:
            _end(worker)
        self._work.close()


def _forked(work: Does[A, B]) -> _Worker:
    here, there = Pipe()
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        # Python 3.12 counts the threads of a numerical library, too, which puts itself in order at a fork.
        warnings.simplefilter("ignore", DeprecationWarning)
        process = os.fork()
    if process == 0:
        try:
            _serve(work, there, parent)
        finally:
            os._exit(1)
    there.close()
    return _Worker(process, here)


def _serve(work: Does[A, B], end: Connection, parent: int) -> NoReturn:
    """Answer until nobody asks any more."""
    CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that waits says when to end
    # Locks of files and connections are those of the one that grades: what is open here would keep them.
    for descriptor in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208
        if descriptor > 2 and descriptor != end.fileno():
            with suppress(OSError):
                os.close(descriptor)
    while os.getppid() == parent:
        try:
            item: A = end.recv()
        except (EOFError, OSError):
            break
        end.send(work(item))
    work.close()
    os._exit(0)


def _end(worker: _Worker) -> None:
    worker.end.close()
    with suppress(ChildProcessError):
        os.waitpid(worker.process, 0)
