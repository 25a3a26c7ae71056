"""A talk with a student's process: what is sent, and each answer, checked, timed and bounded.

What comes back is data of exactly the form that was asked for, and not much more of it, or a `StudentError`; a process
that died, hung or spoke out of turn is killed, and the next question begins a fresh one. A process that cannot be
started at all is the kit's fault, not the student's. What is held here of a submission is bounded.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from checks.executor.allowance import Allowance
from checks.executor.errors import Line, StudentError
from checks.executor.executor import MOST_LINES, MOST_TYPES, FunctionError, answer_of
from checks.executor.values import LONGEST_NAME, Callback, is_plain

from ..errors import GraderError
from ..worker.wire import QUESTION, Channel, Closed, TooLarge, WireError, bounds_of_reply, with_tuples
from .launch import Booting, Launcher, Process, boot, kill

_SIGNALLED = 128
GONE = 2.0
"""Seconds that are given to a process that still holds the other end of a pipe after its process was killed."""
_CALLED_BACK, _VALUE, _ERROR = (
    {"number", "callback", "args"},
    {"number", "value", "missing"},
    {"number", "error", "missing"},
)
"""What is in a reply of each kind."""
_RESET: list[Any] = ["reset", []]
_KINDS = ("not_implemented", "error", "missing", "result", "too_many_calls", "too_large")
MOST_MISSING = 20
"""Modules that a submission is told it lacks."""
_NOT_LOADED = ("SyntaxError", "IndentationError", "TabError", "ImportError", "ModuleNotFoundError")
_LONGEST_ERROR = 200


@dataclass(frozen=True)
class TimeLimits:
    """Bounds in seconds of wall time."""

    start: float = 30.0
    """Until a fresh process answers for the first time."""
    call: float = 10.0
    """For one call of a student's function, imports included."""
    total: float = 120.0
    """For all that one submission does, in both of its processes, half for each; checks after that fail at once."""


@dataclass
class Talk:
    """A staged submission in a process of its own; use it as a context manager.

    Args:
        stage: the folder made by `staging.stage`.
        launcher: the sandbox of the process.
        limits: time bounds.
        booting: the first process, if it was started already.
    """

    stage: Path
    launcher: Launcher
    limits: TimeLimits = TimeLimits()
    booting: Booting | None = None
    substituted: tuple[str, ...] = ()
    """Modules in whose place stand-ins are; then `staging.stage_stand_ins` laid them on the stage."""
    missing: set[str] = field(default_factory=set)
    """Modules that the student imports and that are not installed here, as the process says; the first of them."""
    at_import: dict[str, str] = field(default_factory=dict)
    """Modules that could not be imported, by what was raised; the first of them."""
    _process: Process | None = None
    _channel: Channel | None = None
    _number: int = 0
    _spent: float = 0.0
    _told: list[list[Any]] = field(default_factory=list)
    """What needs no answer, and is sent with the next question."""
    _reset_due: bool = False
    """Whether a reset goes with what is sent next."""
    _after_reset: list[list[Any]] | None = None
    """What was sent with a reset whose answer did not come yet."""
    _callbacks: dict[int, Counted] = field(default_factory=dict)
    """Functions that the student's code was given since the last reset, by number."""
    _allowance: Allowance = field(default_factory=Allowance)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def begin(self) -> None:
        """Start the process now, and wait until it answers.

        Raises:
            GraderError: it does not.
        """
        if self._process is None:
            self._start()

    def stop(self) -> None:
        """End the process and all that it started."""
        if self.booting is not None:
            self.booting.stop()
            self.booting = None
        if self._process is not None:
            kill(self._process)
            self._process = None
        if self._channel is not None:
            self._channel.close(GONE)
            self._channel = None

    @contextlib.contextmanager
    def _timed(self) -> Iterator[float]:
        """The seconds that there are for what is asked in here, in a process that runs; they are counted."""
        left = self.limits.total - self._spent
        if left <= 0:
            self.stop()
            raise StudentError.timeout(f"{self.limits.total:g}")
        first, began = self._number == 0, time.monotonic()
        if self._process is None:
            self._start()
        if first:
            # How long the first process takes to start depends on the machine; that there are more, on the student.
            began = time.monotonic()
        try:
            yield min(left, self.limits.call)
        finally:
            self._spent += time.monotonic() - began

    def _send(self, operations: list[list[Any]], seconds: float) -> None:
        """Send operations, behind a reset where one is due."""
        assert self._channel is not None
        reset, self._reset_due = self._reset_due, False
        self._after_reset = operations if reset else None
        both = [_RESET, *operations] if reset else operations
        try:
            self._channel.send([self._number + 1, self._allowance.expected, *both], seconds)
        except (TimeoutError, WireError) as error:
            told = self._as_student_error(error, seconds)
            if not reset:
                raise told from None
            self._send_again(seconds)

    def _receive(self, seconds: float) -> Any:
        """The answer to the next question of those that were sent."""
        if self._after_reset is not None:
            try:
                self._answer(seconds)
                self._after_reset = None
            except StudentError:
                self._send_again(seconds)
        return self._answer(seconds)

    def _send_again(self, seconds: float) -> None:
        """Ask a fresh process what was sent with a reset.

        One that ends, hangs or says something else between two checks is gone by then, and no check is lost.
        """
        operations = self._after_reset
        assert operations is not None
        self.stop()
        self._start()
        self._send(operations, seconds)

    def _as_student_error(self, error: TimeoutError | WireError, seconds: float) -> StudentError:
        """What the channel raised, as an error of the student's, whose process is ended."""
        if isinstance(error, Closed):
            return StudentError.lost(self._how_it_ended())
        if not isinstance(error, TimeoutError | TooLarge):
            return self._spoke_out_of_turn(str(error))
        self.stop()
        return (
            StudentError.too_large(str(error))
            if isinstance(error, TooLarge)
            else StudentError.timeout(f"{seconds:.3g}")
        )

    def _answer(self, seconds: float) -> Any:
        assert self._channel is not None
        self._number += 1
        bounds = bounds_of_reply(self._allowance.most)
        until = time.monotonic() + seconds
        try:
            answer = self._channel.receive(seconds, bounds)
            while type(answer) is dict and answer.keys() == _CALLED_BACK:
                if (left := until - time.monotonic()) <= 0:
                    raise TimeoutError
                self._channel.send(self._called_back(answer), left)
                answer = self._channel.receive(left, bounds)
        except (TimeoutError, WireError) as error:
            raise self._as_student_error(error, seconds) from None
        # Its type first: an array is neither equal to a number nor unequal.
        number = answer.get("number") if isinstance(answer, dict) else None
        if type(number) is not int or number != self._number:
            raise self._spoke_out_of_turn("a reply to another question")
        self._note_missing(answer.get("missing"))
        if answer.keys() == _VALUE:
            return answer["value"]
        if answer.keys() == _ERROR:
            told = self._error_in(answer["error"])
            self._note_import(told)
            raise told
        raise self._spoke_out_of_turn("a reply of another form")

    def _called_back(self, asked: dict[str, Any]) -> list[Any]:
        """What a function of the check's gives on arguments of the student's.

        Raises:
            StudentError: it is called too often, or this is no call of it.
        """
        number, args = asked["callback"], asked["args"]
        known = self._callbacks.get(number) if type(number) is int else None
        if known is None or type(asked["number"]) is not int or asked["number"] != self._number:
            raise self._spoke_out_of_turn("a call of no function of ours")
        if not isinstance(args, list) or not is_plain(args):
            raise self._spoke_out_of_turn("arguments of another kind")
        known.count += 1
        if known.count > known.callback.at_most:
            self.stop()
            raise StudentError.too_many_calls(known.callback.at_most)
        assert known.callback.function is not None
        try:
            return ["value", with_tuples(answer_of(known.callback.function, args))]
        except FunctionError as error:
            return ["raised", str(error)]

    def _start(self) -> None:
        booting, self.booting = self.booting or boot(self.launcher, self.stage), None
        self._process, self._channel = booting.process, Channel(booting.end, QUESTION)
        substitute = [["substitute", [list(self.substituted)]]] if self.substituted else []
        self._reset_due, self._after_reset = False, None
        try:
            self._send([*substitute, _RESET], self.limits.start)
            self._answer(self.limits.start)
        except StudentError as error:
            raise GraderError(
                f"the process for student code does not answer ({error}). Next: grader doctor, or grader setup."
            ) from None

    def _error_in(self, error: Any) -> StudentError:
        match error:
            case [str(kind), str(type_), str(message), list(lines), list(types)] if kind in _KINDS:
                fine = len(lines) <= MOST_LINES and all(
                    isinstance(line, list) and list(map(type, line)) == [str, int, str, str] for line in lines
                )
                if fine and len(types) <= MOST_TYPES and all(type(name) is str for name in types):
                    own = tuple(Line(*line) for line in lines)
                    return StudentError(cast(Any, kind), type_, message, own, tuple(types))
        return self._spoke_out_of_turn("an error of another form")

    def _note_missing(self, names: Any) -> None:
        for name in names if isinstance(names, list) else ():
            fine = isinstance(name, str) and len(name) <= LONGEST_NAME and name.isidentifier()
            if fine and len(self.missing) < MOST_MISSING:
                self.missing.add(name)

    def _note_import(self, error: StudentError) -> None:
        """Keep an error that came while a module was imported, and so costs all that is in it."""
        at_top = any(line.function == "<module>" for line in error.lines)
        if at_top or (error.type in _NOT_LOADED and (not error.lines or not error.lines[-1].function)):
            file = error.lines[-1].file if error.lines else ""
            if len(self.at_import) < MOST_MISSING:
                self.at_import.setdefault(str(error)[:_LONGEST_ERROR], file)

    def _spoke_out_of_turn(self, what: str) -> StudentError:
        self.stop()
        return StudentError.protocol(what)

    def _how_it_ended(self) -> str:
        assert self._process is not None
        ending = how_it_ended(self._process)
        self.stop()
        return ending


def how_it_ended(process: Process) -> str:
    """What became of a process that closed its pipe."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1.0)
    code = process.poll()
    if code is None:
        return "closed its pipe"
    if code < 0 or code > _SIGNALLED:
        # A program around the worker, such as bubblewrap, reports a signal as a shell does.
        return f"signal {_signal_name(-code if code < 0 else code - _SIGNALLED)}"
    return f"exit status {code}"


def _signal_name(number: int) -> str:
    # The real-time signals between the first and the last have no names.
    return signal.Signals(number).name if number in set(signal.Signals) else str(number)


@dataclass
class Counted:
    """A function of the check's, and how often it was called."""

    callback: Callback
    count: int = 0
