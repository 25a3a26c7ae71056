"""The live oracle: truth from the reference, explanations from the known mistakes, on inputs that nobody saw before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from checks.core import FORWARD, Assignment, Check, Inputs, Observed, is_judged, smallest
from checks.engine.asked import Asked
from checks.engine.asking import observe, place_of
from checks.engine.case import (
    Cause,
    Known,
    NotKnown,
    Probed,
    as_float64,
    changed,
    precision_of,
    prints_of,
    same_forward,
)
from checks.engine.compare import Precision
from checks.engine.faults import signature
from checks.engine.fingerprint import Fingerprints
from checks.executor.errors import StudentError
from checks.executor.values import odd_in
from checks.mistakes import Mistake
from checks.student import Student

from ..course import Course
from ..errors import GraderError
from .asked import Recorder, asks_everybody_the_same
from .changed import Overlap
from .differences import Call, Differentiated, refuse_undeclared
from .mistakes import hints_of
from .reproduce import reproduce
from .versions import Versions

_SHORT = "efg"
"""Arrays of these types are given to the reference as float64, and to a student as they are."""


@dataclass
class LiveOracle:
    """Answers for one assignment of one course.

    Args:
        versions: the reference and the known mistakes, loaded.
        seed: that the inputs are drawn from; another one for every submission.
        foretell: is given what a check will ask whoever is judged, where that is known.
    """

    versions: Versions
    seed: bytes
    foretell: Callable[[Check, Sequence[Asked]], None] | None = None
    _ahead: dict[str, LiveCase] = field(default_factory=dict, init=False)
    """The case of the next check, by its id, which is worked out while the student's process is at this one."""

    @property
    def course(self) -> Course:
        """The course whose package is the reference."""
        return self.versions.course

    @property
    def assignment(self) -> Assignment:
        """The assignment whose checks are asked."""
        return self.versions.assignment

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """The known mistakes of the assignment, from `checks/NAME/mistakes`."""
        return tuple(self.versions.mistakes.values())

    @property
    def hints(self) -> Mapping[str, Mapping[str, str]]:
        """See `case.Oracle`."""
        return hints_of(self.mistakes)

    def case(self, check: Check) -> LiveCase:
        """See `case.Oracle`."""
        case = self._ahead.pop(check.id, None) or LiveCase(self.versions, check, self.seed)
        if self.foretell is not None and case.asks_everybody_the_same:
            self.foretell(check, case.asked)
            following = self._following.get(check.id)
            if following is not None:
                self._ahead = {following.id: LiveCase(self.versions, following, self.seed)}
        return case

    @cached_property
    def _following(self) -> dict[str, Check]:
        """The check after each, of the same function."""
        pairs = pairwise(self.assignment.checks)
        return {one.id: other for one, other in pairs if one.function == other.function}


class LiveCase:
    """One check on one draw: the reference and its mistaken versions are run when they are needed, and once each.

    A network that is judged over stand-ins is asked over stand-ins.
    """

    open = False
    combines = True

    def __init__(self, versions: Versions, check: Check, seed: bytes) -> None:
        self.versions = versions
        self.check = check
        self.seed = seed
        self.inputs: Sequence[Inputs] = check.inputs(seed)
        reference = versions.asked_by(check)
        recorder = Recorder(reference.runs)
        self.truth: Sequence[Observed] = _reference(check, Student(recorder, reference.contract), self.inputs)
        self.asked: Sequence[Asked] = recorder.asked
        """What the reference was asked, in order."""
        self._known: dict[str, Known] = {}
        self._forward: dict[Cause, LiveForward | None] = {}
        self._glances: dict[tuple[Cause, int], Observed | None] = {}
        self._calls: dict[int, Call | None] = {}

    @property
    def asks_everybody_the_same(self) -> bool:
        """Whether the check asks whoever is judged what it asked the reference: on the same numbers, for one."""
        if any(
            value.dtype.char in _SHORT
            for item in self.inputs
            for value in item.values()
            if isinstance(value, np.ndarray)
        ):
            return False
        known = self.versions.asks_everybody_the_same
        if self.check.id not in known:
            contract = self.versions.assignment.contract
            copies = [as_float64(item) for item in self.inputs]  # a check may write into what it is given
            known[self.check.id] = asks_everybody_the_same(self.check, contract, copies, self.asked)
        return known[self.check.id]

    @property
    def precision(self) -> Precision:
        """See `case.KnownMistakes`."""
        return precision_of(self.check, self.inputs)

    @cached_property
    def also(self) -> Sequence[Sequence[Observed]]:
        """A network that calls none of them, stand-ins or not, is as good if it gives what the reference gives.

        So is one that calls some and writes the others itself, of those that may be (`written_inside`).
        """
        if self.check.function not in self.versions.assignment.over_stand_ins:
            return []
        others = (self.versions.student(), *self.versions.partly_over_stand_ins)
        return [_reference(self.check, student, self.inputs) for student in others]

    @cached_property
    def suspects(self) -> Sequence[str]:
        """See `case.KnownMistakes`."""
        return [one.id for one in self.versions.mistakes.values() if one.function == self.check.function]

    def known(self, mistake: str) -> Known:
        """See `case.KnownMistakes`."""
        if mistake not in self._known:
            self._known[mistake] = self._give(self.inputs, self.truth, self._right, mistake)
        return self._known[mistake]

    def known_at(self, mistake: str, size: int) -> Known:
        """See `case.KnownMistakes`."""
        inputs, truth = self.inputs[size : size + 1], self.truth[size : size + 1]
        return self._give(inputs, truth, prints_of(self.check, truth, truth), mistake)

    def both(self, one: str, other: str) -> Known:
        """See `case.KnownMistakes`."""
        return self._give(self.inputs, self.truth, self._right, one, other)

    @cached_property
    def _right(self) -> Sequence[Fingerprints]:
        """Fingerprints of the truth."""
        return prints_of(self.check, self.truth, self.truth)

    def _give(
        self, inputs: Sequence[Inputs], truth: Sequence[Observed], right: Sequence[Fingerprints], *mistakes: str
    ) -> Known:
        """What mistakes give on inputs as the student gets them, float32 and all."""
        try:
            observed = _observe(self.check, self.versions.asked_by(self.check, *mistakes), inputs)
        except Overlap:
            raise NotKnown from None
        except StudentError as error:
            return Known(error=signature(error) or error.kind)
        return Known(changed(prints_of(self.check, observed, truth), right, precision_of(self.check, inputs)))

    @cached_property
    def forwards(self) -> Sequence[str]:
        """See `case.Case`; only values are judged on a mistaken forward pass."""
        forwards = self.versions.assignment.forwards_of(self.check.function)
        if self.check.aspect != "values" or not forwards:
            return []
        refuse_undeclared(self.versions.assignment, self.check.function)
        known = self.versions.mistakes.values()
        return [one.id for one in known if one.function in forwards and one.carries_gradient]

    def forward(self, cause: Cause) -> LiveForward | None:
        """See `case.Case`."""
        if cause not in self._forward:
            self._forward[cause] = self._mistaken_forward(cause)
        return self._forward[cause]

    def _mistaken_forward(self, cause: Cause) -> LiveForward | None:
        forward = []
        for size in range(len(self.inputs)):
            found = self._glance(cause, size)
            if found is None:
                return None
            forward.append(found)
        # A number may change less here than is judged, and more on the way back.
        idle = not cause.numbers and same_forward(forward, self.truth)
        return None if idle else LiveForward(self, cause, forward)

    def changed_forward(self, cause: Cause, size: int) -> dict[str, Any]:
        """The functions that a mistaken forward pass is made of."""
        return self.versions.changes(self.versions.package, cause.mistakes, cause.number(size))

    def may_give(self, cause: Cause, observed: Sequence[Observed]) -> bool:
        """See `case.Case`: at the size that tells most, which is a third of the work."""
        given = self._glance(cause, self._telling)
        return given is not None and same_forward([observed[self._telling]], [given], self.precision)

    def has_effect(self, mistake: str) -> bool:
        """Whether the forward pass is another one with a mistake."""
        cause = Cause((mistake,))
        given = self._glance(cause, self._telling)
        if given is None:
            return False
        return not same_forward([given], [self.truth[self._telling]]) or self.forward(cause) is not None

    @cached_property
    def _telling(self) -> int:
        """The size at which most differences show, by its index."""
        return max(range(len(self.inputs)), key=lambda index: smallest(self.check.sizes[index]))

    def _glance(self, cause: Cause, size: int) -> Observed | None:
        """What a cause gives at one size, worked out once; None if its mistakes do not go together, or raise."""
        if (cause, size) not in self._glances:
            found = None
            with suppress(Exception):  # a mistake may raise whatever it likes
                found = self.forward_with(self.changed_forward(cause, size), size)
            self._glances[cause, size] = found
        return self._glances[cause, size]

    def forward_with(self, functions: Mapping[str, Any], size: int) -> Observed:
        """The forward pass at one size, with some functions in the place of the reference's."""
        forward_only = Differentiated(self.versions.package.name, self.versions.assignment, functions, gives="zeros")
        if (call := self._calls.get(size)) is not None:
            return {FORWARD: forward_only.again(call)}
        [observed] = _truth(self.check, forward_only, self.inputs[size : size + 1])
        self._calls[size] = forward_only.call_that_gave(observed[FORWARD])
        return {FORWARD: observed[FORWARD]}

    def reproducing(
        self, observed: Sequence[Observed], *, pairs: bool, near: Collection[str] = ()
    ) -> Sequence[LiveForward]:
        """See `case.Case`."""
        found = [self.forward(cause) for cause in reproduce(self, observed, pairs=pairs, near=near)]
        return [own for own in found if own is not None and same_forward(observed, own.forward, self.precision)]

    @cached_property
    def probes(self) -> Sequence[Probed]:
        """See `case.Case`; only functions are probed, not models."""
        check, assignment = self.check, self.versions.assignment
        if check.function not in assignment.contract.functions:
            return []
        size, found = self._telling, []
        for probe in assignment.probes:
            if probe.sizes:
                if not probe.asks_of_sizes(check):
                    continue
                plain, at = probe.drawn(check, self.seed), -1
            elif probe.fill.keys() <= self.inputs[size].keys():
                plain, at = probe.filled(self.inputs[size]), size
            else:
                continue
            [truth] = _reference(check, self.versions.student(), [plain])
            found.append(Probed(probe, at, plain, truth))
        return found


@dataclass(frozen=True)
class LiveForward:
    """A mistaken forward pass, and the reference with the same mistake to judge a backward pass on it."""

    case: LiveCase
    cause: Cause
    forward: Sequence[Observed]

    def gradients(self) -> Iterator[list[Observed]]:
        """The formula's first: it is quicker, and what most students write; then the true gradient, by differences."""
        if self._by_formula is not None:
            yield self._by_formula
        yield self._by_differences

    @cached_property
    def _by_formula(self) -> list[Observed] | None:
        try:
            return self._each(self._student, as_float64)
        except StudentError:
            return None

    @cached_property
    def _by_differences(self) -> list[Observed]:
        return self._each(self._differentiated, as_float64)

    def known(self, mistake: str) -> Known:
        """See `case.OwnForward`."""
        try:
            observed = self._each(lambda size: self._student(size, mistake), lambda inputs: inputs)
        except Overlap:
            raise NotKnown from None
        except StudentError as error:
            return Known(error=signature(error) or error.kind)
        return Known(prints_of(self.case.check, observed, self.case.truth))

    def _each(self, student: Callable[[int], Student], given: Callable[[Inputs], Inputs]) -> list[Observed]:
        """What a student gives at each size."""
        inputs = enumerate(self.case.inputs)
        return [found for size, item in inputs for found in _observe(self.case.check, student(size), [given(item)])]

    def _student(self, size: int, *more: str) -> Student:
        return self.case.versions.student(*self.cause.mistakes, *more, number=self.cause.number(size))

    def _differentiated(self, size: int) -> Student:
        versions = self.case.versions
        return Differentiated(versions.package.name, versions.assignment, self.case.changed_forward(self.cause, size))


def _reference(check: Check, student: Student, inputs: Sequence[Inputs]) -> list[Observed]:
    """What is right: what the reference itself gives.

    Raises:
        GraderError: it gives nothing that can be judged, which is the author's to mend.
    """
    try:
        truth = _truth(check, student, inputs)
        for name, value in ((name, value) for item in truth for name, value in item.items()):
            if odd := _odd(check, name, value):
                raise GraderError(f"{place_of(check, GraderError())}: {check.id}: {name} {odd}")
        return truth
    except StudentError as error:
        cause, line = error.__cause__ or error, error.lines[-1] if error.lines else None
        place = f"{line.file}:{line.number}" if line else place_of(check, cause)
        raise GraderError(
            f"{place}: {check.id} raised {type(cause).__name__ if cause is not error else 'an error'} on the "
            f"reference ({cause}). Next: fix the check, or the reference."
        ) from error


def _odd(check: Check, name: str, value: Any) -> str:
    """What makes a result of the reference's one that nothing can be judged by; empty if it is none."""
    if (other := odd_in(value)) is not None:
        return f'is {other.description} on the reference. Next: declare that result as "value", or mend it.'
    if is_judged(name) and check.aspect == "holds" and not (isinstance(value, bool | np.bool_) and value):
        return f"is {value!r} on the reference, and True was expected. Next: fix the check, or the reference."
    if is_judged(name) and check.aspect == "raises" and not (isinstance(value, str) and value):
        return "raises nothing on the reference. Next: fix the check, or the reference."
    if check.aspect in {"shapes", "dtypes", "names"} and not isinstance(value, np.ndarray):
        return f"is no array but {type(value).__name__}, and has no {check.aspect}. Next: judge its values."
    return ""


def _truth(check: Check, student: Student, inputs: Sequence[Inputs]) -> list[Observed]:
    return _observe(check, student, [as_float64(item) for item in inputs])


def _observe(check: Check, student: Student, inputs: Sequence[Inputs]) -> list[Observed]:
    student.reset()
    return [observe(check, student, item) for item in inputs]
