"""Steps that are made in a process of its own: a fork of this one, which tells of them through a pipe.

Threads hand the interpreter's lock to each other at nearly every call of numpy; where the calls are many and short, a
third of the time goes by with that. A fork has a lock of its own, and all functions as they are in memory now, also
those that a cell of the notebook has changed.

What does not come from the fork is made here instead, from the beginning: whatever ends the fork costs time, but no
step, and an error in a layer is raised here, with its traceback.
"""

import gc
import itertools
import json
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from .training import Progress

Steps = Iterator[list[Progress]]

PATIENCE = 60.0
"""Seconds without a word after which a fork is given up."""


def possible() -> bool:
    """Whether this system has forks that can go on with what was begun; on macOS, its own libraries cannot."""
    return sys.platform == "linux"


class Fork:
    """Begins at once to make these steps in a fork; iterate to have them, and close when no more are wanted."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._pid = 0
        try:
            # Not there in a browser.
            from multiprocessing.connection import Pipe

            self._reader, self._writer = Pipe(duplex=False)
            self._pid = _fork()
        except (ImportError, OSError):  # this system, or its limits, do not allow it
            return
        if self._pid == 0:
            self._make()
        self._writer.close()

    def __iter__(self) -> Steps:
        told = 0
        if self._pid:
            try:
                while self._reader.poll(PATIENCE):
                    records = json.loads(self._reader.recv_bytes())
                    if records is None:
                        return
                    yield [_progress(*record) for record in records]
                    told += 1
            except (EOFError, OSError):
                pass
            finally:
                self.close()
        yield from itertools.islice(self._steps, told, None)

    def close(self) -> None:
        """Make no more steps."""
        if self._pid:
            with suppress(OSError):  # somebody else may have waited for it
                os.kill(self._pid, signal.SIGKILL)
                os.waitpid(self._pid, 0)
            self._pid = 0
            self._reader.close()

    def _make(self) -> None:
        """In the fork: tell of every step, and at the end that it is the end."""
        try:
            # An interrupt is for the one who asked; what is not this fork's own, it neither cleans up nor writes to.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            gc.freeze()
            sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
            self._reader.close()
            for records in itertools.chain(self._steps, [None]):
                self._writer.send_bytes(json.dumps(records).encode())
        finally:
            os._exit(0)


def _fork() -> int:
    with warnings.catch_warnings():
        # That there are threads: ours wait for work, and what those of a kernel hold no layer needs.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _progress(*fields: object) -> Progress:
    step = Progress(*fields)  # type: ignore[arg-type]
    return step._replace(spread=tuple(step.spread) if step.spread is not None else None)
