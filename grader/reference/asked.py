"""What a check asks the reference, and whether it asks everybody the same.

A check asks one thing at a time. Where no answer decides what it asks next, all of it is known as soon as the reference
was asked, and can be sent to a student at once (`grader.sandbox.foretold`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from checks.core import Check, Inputs
from checks.engine.asked import Asked, same
from checks.executor.errors import StudentError
from checks.executor.executor import Kind, Reply
from checks.executor.values import Handle
from checks.student import Contract, Runs, Student

from ..course import Course
from . import cache


class Recorder:
    """Passes all on to what runs the reference, and notes it: an array as it is, which a check may change later.

    Args:
        runs: the reference.
    """

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self.asked: list[Asked] = []

    def reset(self) -> None:
        """See `Executor.reset`."""
        self._runs.reset()
        self.asked.clear()

    def call(
        self, target: str | Handle, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], results: Sequence[Kind]
    ) -> Reply:
        """See `Executor.call`."""
        asked = (target, name, list(args), dict(kwargs), list(results))
        try:
            reply = self._runs.call(target, name, args, kwargs, results)
        except StudentError as error:
            self.asked.append(Asked("call", asked, error))
            raise
        self.asked.append(Asked("call", asked, reply.values))
        return reply

    def mapping(self, values: Mapping[str, Any]) -> Handle:
        """See `Executor.mapping`."""
        handle = self._runs.mapping(values)
        self._note("mapping", handle, dict(values))
        return handle

    def hold(self, value: Any) -> Handle:
        """See `Executor.hold`."""
        handle = self._runs.hold(value)
        self._note("hold", handle, value)
        return handle

    def read(self, handle: Handle, key: str, kind: Kind) -> Any:
        """See `Executor.read`."""
        value = self._runs.read(handle, key, kind)
        self._note("read", value, handle, key, kind)
        return value

    def update(self, handle: Handle, attribute: str, values: Mapping[str, Any]) -> None:
        """See `Executor.update`."""
        self._runs.update(handle, attribute, values)
        self._note("update", None, handle, attribute, dict(values))

    def exchange(self, twist: float) -> None:
        """See `Executor.exchange`."""
        self._runs.exchange(twist)
        self._note("exchange", None, twist)

    def _note(self, operation: str, answer: Any, *arguments: Any) -> None:
        self.asked.append(Asked(operation, arguments, answer))


class Straight:
    """Which checks ask everybody the same, as far as it was found out: kept by the digest of the checks.

    Args:
        course: whose they are.
        digest: of all that decides a verdict.
    """

    def __init__(self, course: Course, digest: str) -> None:
        self._place, self._key = cache.place(course.root), cache.digest_of((), "asks everybody the same", digest)
        found = cache.look_up(self._place, self._key) or {}
        self.known = {check: answer == _YES for check, answer in found.items()}
        self._kept = len(self.known)

    def keep(self) -> None:
        """Keep what was found out since."""
        if len(self.known) > self._kept:
            found = {check: _YES if answer else _NO for check, answer in self.known.items()}
            cache.keep(self._place, self._key, found)
            self._kept = len(self.known)


_YES, _NO = b"yes", b"no"


class Differs(Exception):
    """Another thing is asked than before."""


class Otherwise:
    """Answers what was asked before, in the same order, with other numbers.

    Args:
        asked: in order.
        times: what numbers are multiplied by.
    """

    def __init__(self, asked: Sequence[Asked], times: int) -> None:
        self._asked = asked
        self._times = times
        self._at = 0
        self.differs = False

    @property
    def same(self) -> bool:
        """Whether all of it, and nothing else, was asked once more."""
        return not self.differs and self._at == len(self._asked)

    def reset(self) -> None:
        """Nothing is forgotten."""

    def call(
        self, target: str | Handle, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], results: Sequence[Kind]
    ) -> Reply:
        """See `Executor.call`."""
        answer = self._next("call", target, name, list(args), dict(kwargs), list(results))
        if isinstance(answer, StudentError):
            raise answer
        return Reply(answer)

    def mapping(self, values: Mapping[str, Any]) -> Handle:
        """See `Executor.mapping`."""
        handle: Handle = self._next("mapping", dict(values))
        return handle

    def hold(self, value: Any) -> Handle:
        """See `Executor.hold`."""
        handle: Handle = self._next("hold", value)
        return handle

    def read(self, handle: Handle, key: str, kind: Kind) -> Any:
        """See `Executor.read`."""
        return self._next("read", handle, key, kind)

    def update(self, handle: Handle, attribute: str, values: Mapping[str, Any]) -> None:
        """See `Executor.update`."""
        self._next("update", handle, attribute, dict(values))

    def exchange(self, twist: float) -> None:
        """See `Executor.exchange`."""
        self._next("exchange", twist)

    def _next(self, operation: str, *arguments: Any) -> Any:
        asked = self._asked[self._at] if self._at < len(self._asked) else None
        if asked is None or asked.operation != operation or not same(asked.arguments, arguments):
            self.differs = True
            raise Differs
        self._at += 1
        return _other(asked.answer, self._times)


def asks_everybody_the_same(check: Check, contract: Contract, inputs: Sequence[Inputs], asked: Sequence[Asked]) -> bool:
    """Whether a check asks the same where the answers are others.

    Args:
        check: it.
        contract: what it may ask for.
        inputs: that it was run with.
        asked: what it asked then.
    """
    for times in _OTHER:
        runs = Otherwise(asked, times)
        student = Student(runs, contract)
        try:
            for item in inputs:
                check.run(student, **item)
        except Exception:  # its code may do anything with numbers that make no sense
            return False
        if not runs.same or student.seconds_compared:
            return False
    return True


_OTHER = (3, -2)
"""What answers are multiplied by: larger ones, and such of another sign."""


def _other(value: Any, times: int) -> Any:
    """An answer of the same form, with other numbers in it."""
    if isinstance(value, np.ndarray):
        kind = value.dtype.kind
        return ~value if kind == "b" else (times * value + 1).astype(value.dtype) if kind in "if" else value + 1
    if isinstance(value, dict):
        return {key: _other(item, times) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([_other(item, times) for item in value])
    if isinstance(value, bool):
        return not value
    return times * value + 1 if isinstance(value, int | float) else value
