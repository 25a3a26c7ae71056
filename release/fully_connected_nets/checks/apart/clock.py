"""Ends a call of the student's that takes too long, and tells at which line it was.

    timed = Timed(Executor("funkcije"), Clock(10))
    timed.call("scaling", "scale_forward", ...)  # StudentError of kind "timeout" after ten seconds

A thread looks at the time and interrupts the main one, as Ctrl-C would: so it works wherever Python runs in a process
of its own, and not while numpy computes, nor in code that catches everything. `ask` ends those with their process.
"""

from __future__ import annotations

import _thread
import math
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any

from ..executor.errors import StudentError
from ..executor.executor import Executor, Kind, Reply
from ..executor.values import Handle

STEP = 0.1
"""Seconds between two looks at the time."""


class TimeUp(BaseException):
    """Raised in the student's code; no `Exception`, so that code which catches those does not go on."""


class Clock:
    """Raises `TimeUp` in the main thread where what stands under `with` takes longer than some seconds.

    It takes SIGINT for itself: one that somebody sends is ignored.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = math.inf
        signal.signal(signal.SIGINT, self._strike)
        threading.Thread(target=self._watch, daemon=True).start()

    def __enter__(self) -> None:
        self._until = time.monotonic() + self.seconds

    def __exit__(self, *_: object) -> None:
        self._until = math.inf

    def _watch(self) -> None:
        while True:
            time.sleep(STEP)
            if time.monotonic() > self._until:
                if sys.platform == "win32":
                    _thread.interrupt_main()
                else:  # wakes it from a sleep, too
                    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def _strike(self, number: int, frame: FrameType | None) -> None:
        if time.monotonic() > self._until:
            raise TimeUp


class Timed:
    """An executor whose calls are timed; a function that ran out of time once is not called again."""

    def __init__(self, runs: Executor, clock: Clock) -> None:
        self._runs, self._clock = runs, clock
        self._over: dict[str, StudentError] = {}
        """By the name of a function, or of a module that ran out of time while it was imported."""

    def call(
        self, target: str | Handle, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], results: Sequence[Kind]
    ) -> Reply:
        """See `Executor.call`.

        Raises:
            StudentError: of kind `timeout`, with the line that was running; or what `Executor.call` raises.
        """
        module = target if isinstance(target, str) else ""
        for known in (name, f"{module}.py"):
            if known in self._over:
                raise self._over[known]
        try:
            with self._clock:
                return self._runs.call(target, name, args, kwargs, results)
        except TimeUp as up:
            lines = self._runs.own_lines(up)
            over = StudentError("timeout", message=f"{self._clock.seconds:g} s", lines=lines)
            at_import = bool(lines) and lines[-1].function == "<module>"
            self._over[f"{module}.py" if at_import else name] = over
            raise over from None

    def load(self, module: str) -> None:
        """See `Executor.load`; it is timed, too."""
        try:
            with self._clock:
                self._runs.load(module)
        except TimeUp as up:
            lines = self._runs.own_lines(up)
            raise StudentError("timeout", message=f"{self._clock.seconds:g} s", lines=lines) from None

    def reset(self) -> None:
        """See `Executor.reset`."""
        self._runs.reset()

    def mapping(self, values: Mapping[str, Any]) -> Handle:
        """See `Executor.mapping`."""
        return self._runs.mapping(values)

    def hold(self, value: Any) -> Handle:
        """See `Executor.hold`."""
        return self._runs.hold(value)

    def read(self, handle: Handle, key: str, kind: Kind) -> Any:
        """See `Executor.read`."""
        return self._runs.read(handle, key, kind)

    def update(self, handle: Handle, attribute: str, values: Mapping[str, Any]) -> None:
        """See `Executor.update`."""
        self._runs.update(handle, attribute, values)

    def exchange(self, twist: float) -> None:
        """See `Executor.exchange`."""
        self._runs.exchange(twist)
