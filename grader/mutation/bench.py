"""Judges many students by the checks on many draws; the truths of a draw are computed once."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from checks.core import Assignment, Check, is_judged
from checks.engine.asking import observe
from checks.engine.case import Oracle, match, prints_of
from checks.engine.compare import distances, in_shape
from checks.engine.judge import judge
from checks.engine.recording import Recording
from checks.executor.errors import StudentError
from checks.mistakes import Mistake, Variant
from checks.result import CheckResult, Result
from checks.student import Student

from ..course import Course
from ..errors import GraderError
from ..reference.changed import Overlap
from ..reference.edits import Edit, edits_of
from ..reference.instructor_only import load_beside
from ..reference.mistakes import words_of
from ..reference.oracle import LiveCase, LiveOracle
from ..reference.versions import Versions, whole_student
from .tally import Tally

_HELD = 20
"""Draws that are held in memory at a time, and on which distances are measured."""

_TRIES = 100
"""For each pair of mistakes that is looked for, before there are taken to be no more."""

RECORDED = -1
"""The recording, where a draw's number is expected."""


@dataclass
class Draw(LiveOracle):
    """The live oracle of one draw, for many students: its cases keep what they have answered."""

    _cases: dict[str, LiveCase] = field(default_factory=dict)

    def case(self, check: Check) -> LiveCase:
        """See `LiveOracle.case`."""
        if check.id not in self._cases:
            self._cases[check.id] = super().case(check)
        return self._cases[check.id]


class Bench:
    """Judges changed references in this process, on any draw."""

    def __init__(self, course: Course, assignment: Assignment, recording: Path | None = None) -> None:
        self.course = course
        self.assignment = assignment
        self.versions = Versions(course, assignment)
        self.mistakes: Sequence[Mistake] = tuple(self.versions.mistakes.values())
        variants = load_beside(assignment, "variants")
        self.variants: Sequence[Variant] = variants.VARIANTS if variants is not None else ()
        self._draws: dict[int, Draw] = {}
        self._variants = ExitStack()
        self._students: dict[str, Student] = {}
        self.language = assignment.languages[-1]
        self.say = words_of(assignment, self.language)
        self.recording = Recording.read(assignment, recording) if recording is not None else None

    def oracle(self, draw: int) -> Any:
        """The oracle of a draw, by number, or the recording."""
        if draw == RECORDED:
            assert self.recording is not None
            return Recording(self.assignment, self.recording.numbers, self.recording.index)
        if draw not in self._draws:
            while len(self._draws) >= _HELD:
                self._draws.pop(next(iter(self._draws)))
            self._draws[draw] = self.draw(draw)
        return self._draws[draw]

    def draw(self, number: int) -> Draw:
        """A draw that is not kept."""
        return Draw(self.versions, f"mutation {number}".encode())

    def result(self, student: Student, oracle: Oracle, functions: Sequence[str] | None = None) -> Result:
        """What the judge finds on some functions, all if None."""
        return judge(self.assignment, student, oracle, language=self.language, functions=functions)

    def variant(self, variant: Variant) -> Student:
        """The reference with a correct variant in it."""
        if variant.id not in self._students:
            student = whole_student(self.course, self.assignment, edits_of(variant), self.replaced(variant))
            self._students[variant.id] = self._variants.enter_context(student)
        return self._students[variant.id]

    def replaced(self, variant: Variant) -> dict[str, dict[str, Callable[..., Any]]]:
        """What takes the place of the reference's in a variant, by module and name."""
        found: dict[str, dict[str, Callable[..., Any]]] = {}
        for name, function in variant.functions.items():
            found.setdefault(self.assignment.module_of(name), {})[name] = function
        return found

    def whole(self, edits: Sequence[Edit]) -> AbstractContextManager[Student]:
        """A student with a package of its own: the reference with some edits."""
        return whole_student(self.course, self.assignment, edits)

    def functions_of(self, variant: Variant) -> Sequence[str]:
        """What a variant writes otherwise, and what is judged on it; everything where that is no graded function."""
        own = {*variant.functions, *filter(None, [variant.function.split(".")[0]])}
        if not own <= set(self.assignment.functions):
            return self.assignment.functions
        return [
            function
            for function in self.assignment.functions
            if function in own or {*self.assignment.forwards_of(function)} & {*own}
        ]

    def kills(self, mistake: Mistake, draw: int) -> bool:
        """Whether the check made for a mistake fails on a draw; nothing else is asked."""
        [check] = [check for check in self.assignment.of(mistake.function) if check.id == mistake.breaks]
        alone = replace(self.assignment, checks=(check,), explain="none")
        return judge(alone, self.versions.student(mistake.id), self.oracle(draw), language=self.language).score == 0

    def try_right(self, draw: int, tally: Tally) -> None:
        """Judge the reference and every variant, and measure how far right results are from wrong ones."""
        oracle = self.oracle(draw)
        self._try_right("reference", self.result(self.versions.student(), oracle), draw, tally)
        for variant in self.variants:
            result = self.result(self.variant(variant), oracle, self.functions_of(variant))
            self._try_right(variant.id, result, draw, tally)
        if 0 <= draw < _HELD:
            self._measure(oracle, tally)

    def try_killed(self, draw: int, tally: Tally) -> None:
        """Judge every mistake by the check made for it."""
        for mistake in self.mistakes:
            tally.killed[mistake.id] += self.kills(mistake, draw)

    def try_named(self, draw: int, mistakes: Iterable[str], tally: Tally) -> None:
        """Judge some mistakes by every check of their function, and see what is named."""
        for id in mistakes:
            self._try_mistake(self.versions.mistakes[id], self.oracle(draw), tally)

    def _measure(self, oracle: Oracle, tally: Tally) -> None:
        """How far right results are from the truth, and wrong ones on the check made for them."""
        for variant in self.variants:
            for function in self.functions_of(variant):
                for check in self.assignment.of(function):
                    precision, distance = self._distance(check, self.variant(variant), oracle)
                    tally.add(Tally(loses={precision: distance}))
        for mistake in self.mistakes:
            [check] = [check for check in self.assignment.of(mistake.function) if check.id == mistake.breaks]
            precision, distance = self._distance(check, self.versions.student(mistake.id), oracle)
            tally.add(Tally(moves={precision: distance or np.inf}))

    def _distance(self, check: Check, student: Student, oracle: Oracle) -> tuple[str, float]:
        """The largest distance from the nearest truth; 0 where no values are judged, infinity where there are none."""
        case = oracle.case(check)
        student = self.assignment.asked(student, check.function)
        if check.aspect != "values":
            return str(case.precision), 0.0
        try:
            observed = [observe(check, student, inputs) for inputs in case.inputs]
        except StudentError:
            return str(case.precision), np.inf
        far = [
            max(
                _distance_of(item.get(name), true[name])
                for item, true in zip(observed, truth, strict=True)
                for name in filter(is_judged, true)
            )
            for truth in (case.truth, *case.also)
        ]
        return str(case.precision), min(far)

    def _try_right(self, name: str, result: Result, draw: int, tally: Tally) -> None:
        tally.lost[name] |= {f"{check.id} on draw {draw}" for check in result.checks if check.status != "passed"}

    def _try_mistake(self, mistake: Mistake, oracle: Oracle, tally: Tally) -> None:
        result = self.result(self.versions.student(mistake.id), oracle, [mistake.function])
        for check in result.checks:
            if check.status == "passed":
                continue
            tally.breaks[mistake.id].add(check.id)
            named = check.diagnosis.mistake if check.diagnosis else None
            if check.id == mistake.breaks:
                tally.killed[mistake.id] += 1
                tally.named[mistake.id] += named == mistake.id
            if named not in {None, mistake.id}:
                tally.misnamed[mistake.id].add(str(named))

    def try_pair(self, one: str, other: str, draw: int, tally: Tally) -> None:
        """Judge two mistakes at once, and tally whether they were detected and named."""
        with self.whole([edit for name in (one, other) for edit in edits_of(self.versions.mistakes[name])]) as student:
            self._judge_pair(one, other, student, draw, tally)

    def _judge_pair(self, one: str, other: str, student: Student, draw: int, tally: Tally) -> None:
        functions = list(dict.fromkeys(self.versions.mistakes[name].function for name in (one, other)))
        result = self.result(student, self.oracle(draw), functions)
        if all(check.status == "passed" for check in result.checks):
            if all(self._same(set(), student, (one, other), function, draw) for function in functions):
                return  # they undo each other
            tally.undetected.append(f"{one} + {other}")
        tally.pairs += 1
        said: set[str] = set()
        said_as = {alike: name for name in (one, other) for alike in self._said_alike(name)} | {one: one, other: other}
        parts = {part for name in (one, other) for part in self.versions.mistakes[name].parts}
        for function in functions:
            named = {said_as.get(name, name) for name in self._named(result.of(function))} - parts
            said |= named
            if named - {one, other} and not self._same(named, student, (one, other), function, draw):
                tally.pair_misnamed.append(f"{one} + {other}: {', '.join(sorted(named - {one, other}))}")
        tally.half_named += bool(said & {one, other})
        tally.both_named += {one, other} <= said

    def _named(self, checks: Sequence[CheckResult]) -> set[str]:
        """Every mistake that some checks name, as the diagnosis or as the second mistake in the message."""
        first = {check.diagnosis.mistake for check in checks if check.diagnosis}
        lines = {line for check in checks for line in check.message.splitlines()}
        hints = {mistake.id: self.say.get(mistake.id) for mistake in self.mistakes}
        return first | {name for name, hint in hints.items() if hint and self.say("also_wrong", hint=hint) in lines}

    def _said_alike(self, mistake: str) -> set[str]:
        """The mistakes of the same hint: whichever is named, the same is read."""
        hint = self.say.get(mistake)
        return {other.id for other in self.mistakes if hint and self.say.get(other.id) == hint}

    def _same(self, named: set[str], student: Student, true: Sequence[str], function: str, draw: int) -> bool:
        """Whether mistakes that were named in others' place give the very same numbers in that function."""
        elsewhere = {name for name in true if self.versions.mistakes[name].function != function}
        if any(self._gives(named | more, student, function, draw) for more in (elsewhere, set[str]())):
            return True
        return all(any(self._alike(name, one, function, draw) for one in true) for name in named - set(true))

    def _alike(self, one: str, other: str, function: str, draw: int) -> bool:
        """Whether two mistakes give the same numbers in a function, as one cache does that two backward passes read."""
        with self.whole(edits_of(self.versions.mistakes[other])) as student:
            return self._gives({one}, student, function, draw)

    def _gives(self, mistakes: set[str], student: Student, function: str, draw: int) -> bool:
        """Whether these mistakes together give what a student gives in a function."""
        edits = [edit for name in sorted(mistakes) for edit in edits_of(self.versions.mistakes[name])]
        oracle = self.oracle(max(draw, 0))
        try:
            with self.whole(edits) as other:
                return all(self._agree(student, other, check, oracle) for check in self.assignment.of(function))
        except (GraderError, StudentError):
            return False

    def _agree(self, one: Student, other: Student, check: Check, oracle: Oracle) -> bool:
        case = oracle.case(check)
        prints = []
        for student in (one, other):
            asked = self.assignment.asked(student, check.function)
            prints.append(prints_of(check, [observe(check, asked, item) for item in case.inputs], case.truth))
        return match(prints[0], prints[1], case.precision)

    def random_pairs(self, count: int, seed: int = 4) -> list[tuple[str, str]]:
        """Pairs of mistakes that do not overlap, half of them in one function; fewer where there are no more."""
        rng = random.Random(seed)
        found: list[tuple[str, str]] = []
        for _ in range(_TRIES * count):
            if len(found) == count or len(self.mistakes) < 2:
                break
            one = rng.choice(self.mistakes)
            near = [mistake for mistake in self.mistakes if mistake.function == one.function and mistake != one]
            other = rng.choice(near or self.mistakes) if len(found) % 2 else rng.choice(self.mistakes)
            if other is one or (one.id, other.id) in found or (other.id, one.id) in found:
                continue
            with suppress(Overlap):
                self.versions.student(one.id, other.id)
                found.append((one.id, other.id))
        return found


def _distance_of(got: Any, true: np.ndarray) -> float:
    values = in_shape(got, true.shape) if isinstance(got, np.ndarray) else None
    if values is None:
        return np.inf
    return float(np.nan_to_num(np.max(distances(values.astype(np.float64), true), initial=0), nan=np.inf))
