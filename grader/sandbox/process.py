"""A student's process as the trusted side sees it: the executor's operations, with every answer checked and timed.

What a check asks is sent as it asks; or together, where what it will ask is foretold (`foretold`). Either way each
answer is heard by itself, when the check asks for it, with its own time and its own bounds (`talk`).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from checks.engine.asked import Asked
from checks.executor.errors import StudentError
from checks.executor.executor import Kind, Reply
from checks.executor.values import Callback, Handle, Other, is_plain

from .foretold import Foretold, Step, foretell, message, values_in
from .talk import GONE, Counted, Talk, TimeLimits, how_it_ended

__all__ = ["GONE", "StudentProcess", "TimeLimits", "how_it_ended"]

_FIRST_MAPPING = 2**31
"""Handles up to here are named on the other side, all others on this one, so that nothing waits for its name."""
_TOGETHER = 2
"""Questions of a check that are sent together, at least."""
_UNASKED = 1.0
"""Seconds for the answers to what was sent and is not asked."""


@dataclass
class StudentProcess(Talk):
    """Runs a staged submission in a process of its own; see `Talk`."""

    _mappings: int = 0
    _clean: bool = True
    """Whether nothing was asked since the last reset."""
    _foretold: Foretold | None = None
    """What of the check was sent together."""

    def reset(self) -> None:
        """Forget every object, in a fresh process if the last one is gone."""
        self._let_go()
        self._told.clear()
        self._callbacks.clear()
        self._allowance.reset()
        if self._process is not None and not self._clean:
            self._reset_due = True
        self._clean = True

    def foretell(self, asked: Sequence[Asked]) -> None:
        """Take in what the check will ask, which comes next after a reset, as it asked the reference.

        It is sent now, or, where there is no process, as soon as the check asks the first of it.
        """
        steps = foretell(asked, _FIRST_MAPPING + self._mappings + 1)
        if sum(step.answered for step in steps) < _TOGETHER:
            return
        self._mappings += sum(len(step.made) for step in steps)
        self._foretold = Foretold(steps)
        if self._process is not None:
            try:
                with self._timed() as seconds:
                    self._send_foretold(self._foretold, seconds)
            except StudentError:
                self._foretold = None  # the check will learn it when it asks

    def _send_foretold(self, foretold: Foretold, seconds: float) -> None:
        self._clean, foretold.sent = False, True
        self._send(_with_sizes(foretold.steps), seconds)

    def call(
        self,
        target: str | Handle,
        name: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        results: Sequence[Kind],
    ) -> Reply:
        """See `Executor.call`."""
        for given in (*args, *kwargs.values()):
            if isinstance(given, Callback):
                self._callbacks.setdefault(given.number, Counted(given))
        value, made = self._ask(
            "call", (target, name, list(args), dict(kwargs), list(results)), results.count("handle")
        )
        if not (isinstance(value, list) and len(value) == 2 and all(isinstance(part, list) for part in value)):
            raise self._spoke_out_of_turn("a reply of another form")
        values, changed = value
        if len(values) != len(results) or not all(map(_is_of_kind, values, results)):
            raise self._spoke_out_of_turn("results of another kind")
        if not all((type(at) is int and 0 <= at < len(args)) or (type(at) is str and at in kwargs) for at in changed):
            raise self._spoke_out_of_turn("a change to an argument that was not given")
        names = iter(made)
        named = (next(names) if kind == "handle" else value for value, kind in zip(values, results, strict=True))
        return Reply(tuple(named), tuple(changed))

    def mapping(self, values: Mapping[str, Any]) -> Handle:
        """See `Executor.mapping`."""
        [handle] = self._tell("mapping", (dict(values),), 1)
        return handle

    def hold(self, value: Any) -> Handle:
        """See `Executor.hold`."""
        [handle] = self._tell("hold", (value,), 1)
        return handle

    def read(self, handle: Handle, key: str, kind: Kind) -> Any:
        """See `Executor.read`."""
        value, _ = self._ask("read", (handle, key, kind))
        if not _is_of_kind(value, kind):
            raise self._spoke_out_of_turn("a reply of another kind")
        return value

    def update(self, handle: Handle, attribute: str, values: Mapping[str, Any]) -> None:
        """See `Executor.update`."""
        self._tell("update", (handle, attribute, dict(values)))

    def exchange(self, twist: float) -> None:
        """See `Executor.exchange`."""
        self._tell("exchange", (twist,))

    def _tell(self, operation: str, arguments: tuple[Any, ...], makes: int = 0) -> tuple[Handle, ...]:
        """Do what needs no answer; the names of what it makes."""
        if step := self._as_foretold(operation, arguments):
            return step.made
        self._allowance.asked(values_in(operation, arguments))
        made = self._names(makes)
        self._told.append(message(operation, arguments, made))
        return made

    def _ask(self, operation: str, arguments: tuple[Any, ...], makes: int = 0) -> tuple[Any, tuple[Handle, ...]]:
        """The answer to an operation, and the names of what it made."""
        if (step := self._as_foretold(operation, arguments)) and (foretold := self._foretold):
            with self._timed() as seconds:
                try:
                    if not foretold.sent:
                        self._send_foretold(foretold, seconds)
                    return self._receive(seconds), step.made
                except StudentError:
                    self._foretold = None  # nothing is done after what failed
                    raise
        self._allowance.asked(values_in(operation, arguments))
        made = self._names(makes)
        with self._timed() as seconds:
            self._clean = False
            operations, self._told = [*self._told, message(operation, arguments, made)], []
            self._send(operations, seconds)
            return self._receive(seconds), made

    def _names(self, count: int) -> tuple[Handle, ...]:
        first = _FIRST_MAPPING + self._mappings + 1
        self._mappings += count
        return tuple(Handle(first + number) for number in range(count))

    def _as_foretold(self, operation: str, arguments: tuple[Any, ...]) -> Step | None:
        """The step that this is of what is sent together; if it is another, nothing was sent."""
        foretold = self._foretold
        if foretold is None or foretold.over or (foretold.sent and self._process is None):
            return None
        step = foretold.next_if(operation, arguments)
        if step is None:
            self._foretold = None
            self._ask_again(foretold)
            return None
        self._allowance = step.allowance
        return step

    def _ask_again(self, foretold: Foretold) -> None:
        """Have a process that was asked what the check asked so far, and nothing more."""
        steps = foretold.steps[: foretold.taken]
        last = max((at + 1 for at, step in enumerate(steps) if step.answered), default=0)
        if foretold.sent:
            self.stop()
        if last:
            with self._timed() as seconds:
                self._send(_with_sizes(steps[:last]), seconds)
        for step in steps[:last]:
            if step.answered:
                self._allowance = step.allowance
                with self._timed() as seconds:
                    self._receive(seconds)
        self._told = [step.message() for step in steps[last:]]

    def _let_go(self) -> None:
        """Hear the answers to what was sent together and not asked, or end the process if they take long."""
        foretold, self._foretold = self._foretold, None
        if foretold is None or not foretold.sent or self._process is None:
            return
        began = time.monotonic()
        with contextlib.suppress(StudentError):
            for step in foretold.left:
                self._allowance = step.allowance
                self._receive(_UNASKED - (time.monotonic() - began))
        self._spent += time.monotonic() - began


def _is_of_kind(value: Any, kind: Kind) -> bool:
    if kind == "handle":
        return isinstance(value, Handle)
    if kind == "value":
        return is_plain(value)
    if isinstance(value, Other):
        return True
    if kind == "arrays":
        return isinstance(value, dict) and all(
            isinstance(key, str) and isinstance(item, np.ndarray | Other) for key, item in value.items()
        )
    return isinstance(value, np.ndarray)


def _with_sizes(steps: Sequence[Step]) -> list[list[Any]]:
    """Steps as they are sent, with the size that is expected of an answer where it is another than before."""
    sent: list[list[Any]] = []
    said = -1
    for step in steps:
        if step.answered and (size := step.allowance.expected) != said:
            sent.append(["expect", [size]])
            said = size
        sent.append(step.message())
    return sent
