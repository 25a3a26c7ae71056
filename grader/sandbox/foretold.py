"""What a check will ask, as it asked the reference: sent together, while the check still asks one thing at a time.

A check's code is the same whoever is asked. Where no answer decides what it asks next (`grader.reference.asked`), a
student is asked what the reference was; so all of it can travel at once, in the same order, and is answered one by one.
Each question of the check is held against what was sent. Where it is another one, what was sent counts for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.engine.asked import Asked, same
from checks.executor.allowance import Allowance
from checks.executor.values import AS_THEY_ARE, Callback, Handle

from ..worker.wire import with_tuples

ANSWERED = frozenset({"call", "read"})
"""Operations that are answered; the others are told."""
MOST_STEPS = 300
"""Operations that travel together."""
MOST_BYTES = 4 * 2**20
"""Of the arrays in them."""


@dataclass(frozen=True)
class Step:
    """One operation as it is sent to a student's process."""

    operation: str
    arguments: tuple[Any, ...]
    """With the names that things have in that process."""
    made: tuple[Handle, ...]
    allowance: Allowance
    """After its arguments: how large its answer may be."""

    @property
    def answered(self) -> bool:
        """Whether an answer comes to it."""
        return self.operation in ANSWERED

    def message(self) -> list[Any]:
        """As it goes over the wire."""
        return message(self.operation, self.arguments, self.made)


def message(operation: str, arguments: Sequence[Any], made: Sequence[Handle]) -> list[Any]:
    """An operation as it goes over the wire, with the names of what it makes."""
    sent = [with_tuples(argument) for argument in arguments]
    return [operation, [*sent, list(made)] if operation == "call" else [*sent, *made]]


class Foretold:
    """The steps of one check that are sent together, and how far the check has come.

    Args:
        steps: the last of them is one that is answered.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = steps
        self.taken = 0
        self.sent = False

    def next_if(self, operation: str, arguments: Sequence[Any]) -> Step | None:
        """The next step, if it is this one; it is taken then."""
        step = self.steps[self.taken]
        if step.operation != operation or not same(step.arguments, arguments):
            return None
        self.taken += 1
        return step

    @property
    def over(self) -> bool:
        """Whether all of it was asked."""
        return self.taken == len(self.steps)

    @property
    def left(self) -> Sequence[Step]:
        """What is answered and was not asked."""
        return [step for step in self.steps[self.taken :] if step.answered]


def foretell(asked: Sequence[Asked], first: int) -> list[Step]:
    """What can be sent together of what the reference was asked, up to the last question of it.

    Args:
        asked: in order.
        first: number of the first handle that is free.
    """
    steps: list[Step] = []
    names: dict[Handle, Handle] = {}
    arrays = lengths = 0
    for one in asked[:MOST_STEPS]:
        made = one.made
        try:
            arguments = _renamed(one.arguments, names)
        except _CalledBack:
            break
        if made and one.operation == "read":
            break
        for handle in made:
            names[handle] = Handle(first + len(names))
        allowance = Allowance(None, arrays, lengths)
        allowance.asked(values_in(one.operation, arguments))
        arrays, lengths = allowance.totals
        if arrays > MOST_BYTES:
            break
        steps.append(Step(one.operation, arguments, tuple([names[handle] for handle in made]), allowance))
    while steps and not steps[-1].answered:
        steps.pop()
    return steps


def values_in(operation: str, arguments: Sequence[Any]) -> tuple[Any, ...]:
    """The values among the arguments of an operation, by which an answer is measured (`Allowance.asked`)."""
    match operation:
        case "call":
            return (arguments[2], arguments[3])
        case "update":
            return (arguments[2],)
        case "mapping" | "hold":
            return (arguments[0],)
    return ()


class _CalledBack(Exception):
    """An argument is a function of the check's, whose calls come back."""


def _renamed(value: Any, names: Mapping[Handle, Handle]) -> Any:
    """An argument with the names that things have in the student's process.

    Raises:
        _CalledBack: as it says.
    """
    kind = type(value)
    if kind is Handle:
        return names.get(value, value)
    if kind in AS_THEY_ARE:
        return value
    if kind is dict:
        return {key: _renamed(item, names) for key, item in value.items()}
    if kind is list or kind is tuple:
        return kind([_renamed(item, names) for item in value])
    if kind is Callback:
        raise _CalledBack
    return value
