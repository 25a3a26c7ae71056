"""What a class came to with an assignment, as numbers.

    numbers = numbers_of(course, course.assignment("quadrature"), standings(course, "quadrature"))

Verdicts and points are those of `grader status`. What no longer counts is listed, and is in no sum and no share.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from statistics import mean

from checks.core import Assignment
from checks.result import CheckResult

from ...classic import ClassicAssignment, cell_name
from ...course import Course
from ...errors import GraderError
from ...text import Note
from ..explained import mistakes
from ..exporter import grade_id_of, released_notebook
from ..gradebook import Held
from ..results import Record
from ..status import Standing

LOST = ("known", "failed", "error", "timeout", "not_implemented")
"""What points are lost through: a known mistake, or else the status of the check."""


@dataclass(frozen=True)
class CheckShare:
    """How many passed one check."""

    id: str
    max_points: float
    passed: int
    judged: int


@dataclass(frozen=True)
class TaskShare:
    """How the class did with one task: a function, or an answer that a person reads."""

    name: str
    by_hand: bool
    max_points: float
    points: tuple[float, ...]
    """Of each submission whose points count."""
    waits: int
    """Answers that a person has still to read."""
    checks: tuple[CheckShare, ...] = ()

    @property
    def whole(self) -> int:
        """How many have all points."""
        return sum(points >= self.max_points for points in self.points)

    @property
    def none(self) -> int:
        """How many have no points."""
        return sum(0 >= points < self.max_points for points in self.points)

    @property
    def part(self) -> int:
        """How many have some."""
        return len(self.points) - self.whole - self.none

    @property
    def mean(self) -> float | None:
        """Points on average; None of nobody."""
        return mean(self.points) if self.points else None


@dataclass(frozen=True)
class ClassMistake:
    """A known mistake, and what it costs the class."""

    id: str
    lost: float
    """Points of all checks that it explains."""
    checks: tuple[str, ...]
    students: tuple[str, ...]


@dataclass(frozen=True)
class Look:
    """A reason to look at submissions, of all that have it."""

    note: Note
    """What they have in common; a name that differs is `…`."""
    students: tuple[tuple[str, str], ...]
    """Each with what differs."""


@dataclass(frozen=True)
class Numbers:
    """A class and an assignment."""

    assignment: str
    standings: tuple[Standing, ...]
    """Everybody, by name."""
    tasks: tuple[TaskShare, ...]
    mistakes: tuple[ClassMistake, ...]
    """The one that costs most first."""
    lost: dict[str, float]
    """Automatic points that the class has not, by what they are lost through (`LOST`)."""
    look: tuple[Look, ...]
    """The commonest reason first."""

    @cached_property
    def counted(self) -> list[Standing]:
        """Whose verdict counts."""
        return [one for one in self.standings if counts(one)]

    def in_state(self, state: str) -> list[Standing]:
        """Who stands so; see `status.State`."""
        return [one for one in self.standings if one.state == state]

    @property
    def waiting(self) -> list[Standing]:
        """Who has an answer that a person has still to read."""
        return [one for one in self.standings if one.answers]

    @property
    def waiting_with_counts(self) -> list[tuple[str, str]]:
        """The same, each with the number of answers."""
        return [(one.student, str(one.answers)) for one in self.waiting]

    @property
    def late(self) -> list[tuple[str, str]]:
        """Who handed in late, each with by how much and how many points that took."""
        behind = [(one.student, one.late) for one in self.standings if one.late.by]
        return [(student, f"{late.by}{f', −{late.penalty:g}' if late.penalty else ''}") for student, late in behind]

    @property
    def to_look_at(self) -> list[Standing]:
        """Whose submission a person should look at."""
        return [one for one in self.standings if one.record and one.record.to_look_at]

    @property
    def stale_by_reason(self) -> list[tuple[str, list[str]]]:
        """Whose verdict no longer counts, by why that is so; the commonest reason first."""
        found: dict[str, list[str]] = {}
        for one in self.in_state("stale"):
            found.setdefault(one.why, []).append(one.student)
        return sorted(found.items(), key=lambda item: -len(item[1]))

    @property
    def to_grade(self) -> bool:
        """Whether something is stale or was never graded."""
        return any(one.state in {"stale", "not graded"} for one in self.standings)

    @property
    def left(self) -> bool:
        """Whether anything is left to do, or to wait for."""
        return any(one.state != "graded" or one.answers for one in self.standings)

    @property
    def passed_by_all(self) -> list[CheckShare]:
        """Checks that everybody passes."""
        return [check for check in self.checks if check.passed == check.judged]

    @property
    def checks(self) -> list[CheckShare]:
        """Every check that was judged, in order."""
        return [check for task in self.tasks for check in task.checks if check.judged]

    @cached_property
    def automatic(self) -> list[float]:
        """Automatic points of those whose verdict counts."""
        return [automatic_points(one) for one in self.counted]

    @cached_property
    def whole(self) -> list[float]:
        """Automatic points and those of answers, of those whose answers are all read; nothing without answers."""
        if not any(task.by_hand for task in self.tasks):
            return []
        return [one.points for one in self.counted if one.points is not None and not one.answers]

    @property
    def most_automatic(self) -> float:
        """Automatic points that there are."""
        return sum(task.max_points for task in self.tasks if not task.by_hand)

    @property
    def most(self) -> float:
        """All points that there are."""
        return sum(task.max_points for task in self.tasks)


def numbers_of(course: Course, assignment: Assignment, found: Sequence[Standing]) -> Numbers:
    """The numbers of a class.

    Args:
        course: the course.
        assignment: one of its.
        found: where each student stands.
    """
    records = [record for one in found if (record := counted_record(one))]
    return Numbers(
        assignment.name,
        tuple(found),
        (*_functions(assignment, found, records), *_answers(course, assignment, found)),
        _mistakes(records),
        _lost(records),
        _look(found),
    )


def counts(one: Standing) -> bool:
    """Whether a verdict is in sums and shares."""
    return one.state == "graded" and one.record is not None


def counted_record(one: Standing) -> Record | None:
    """A student's record, if it counts."""
    return one.record if counts(one) else None


def automatic_points(one: Standing) -> float:
    """Points of the cells that no person grades, as the table of `grader grade` has them."""
    return sum(cell.automatic or 0.0 for cell in one.held if not cell.by_hand)


def _functions(assignment: Assignment, found: Sequence[Standing], records: Sequence[Record]) -> list[TaskShare]:
    order = {check.id: (check.function, float(check.points)) for check in assignment.checks}
    passed: dict[str, int] = {}
    judged: dict[str, int] = {}
    for check in (check for record in records for check in record.result.checks):
        order.setdefault(check.id, (check.function, check.max_points))
        judged[check.id] = judged.get(check.id, 0) + 1
        passed[check.id] = passed.get(check.id, 0) + (check.status == "passed")
    shares: dict[str, list[CheckShare]] = {function: [] for function in assignment.functions}
    for id, (function, points) in order.items():
        shares.setdefault(function, []).append(CheckShare(id, points, passed.get(id, 0), judged.get(id, 0)))
    points_of = _points_by_cell(found)
    return [
        TaskShare(
            function, False, sum(check.max_points for check in own), tuple(points_of.get(function, ())), 0, tuple(own)
        )
        for function, own in shares.items()
    ]


def _points_by_cell(found: Sequence[Standing]) -> dict[str, list[float]]:
    points: dict[str, list[float]] = {}
    for cell in (cell for one in found if counts(one) for cell in one.held):
        if cell.automatic is not None and not cell.by_hand:
            points.setdefault(cell.cell, []).append(cell.automatic)
    return points


def _answers(course: Course, assignment: Assignment, found: Sequence[Standing]) -> list[TaskShare]:
    own: dict[str, list[Held]] = {}
    for cell in (cell for one in found if counts(one) for cell in one.held if cell.by_hand):
        own.setdefault(cell.cell, []).append(cell)
    place = {name: number for number, name in enumerate(_cells(course, assignment))}
    return [
        TaskShare(
            name,
            True,
            own[name][0].max_points,
            tuple(cell.points for cell in own[name] if not cell.waits),
            sum(cell.waits for cell in own[name]),
        )
        for name in sorted(own, key=lambda name: (place.get(name, len(place)), name))
    ]


def _cells(course: Course, assignment: Assignment) -> list[str]:
    """The cells of what was handed out, in their order, as the gradebook calls them; none where nothing is there."""
    notebooks = notebooks_of(assignment)
    names = []
    with suppress(GraderError):
        for notebook in notebooks:
            for cell in released_notebook(course, assignment.name, notebook).cells:
                names.append(cell_name(notebook, grade_id_of(cell), len(notebooks)))
    return names


def notebooks_of(assignment: Assignment) -> tuple[str, ...]:
    """The notebooks of an assignment, without `.ipynb`."""
    return assignment.notebooks if isinstance(assignment, ClassicAssignment) else (assignment.name,)


def _mistakes(records: Sequence[Record]) -> tuple[ClassMistake, ...]:
    lost: dict[str, float] = {}
    checks: dict[str, dict[str, None]] = {}
    students: dict[str, list[str]] = {}
    for record in records:
        for one in mistakes(record.result):
            if one.known:
                lost[one.known] = lost.get(one.known, 0.0) + sum(map(_lost_by, one.checks))
                checks.setdefault(one.known, {}).update(dict.fromkeys(check.id for check in one.checks))
                students.setdefault(one.known, []).append(record.result.student)
    found = [ClassMistake(id, lost[id], tuple(checks[id]), tuple(students[id])) for id in lost]
    return tuple(sorted(found, key=lambda one: (-one.lost, -len(one.students), one.id)))


def _lost(records: Sequence[Record]) -> dict[str, float]:
    lost = dict.fromkeys(LOST, 0.0)
    for check in (check for record in records for check in record.result.checks):
        if check.points < check.max_points:
            kind = "known" if check.diagnosis else "failed" if check.status == "passed" else check.status
            lost[kind] += _lost_by(check)
    return lost


def _lost_by(check: CheckResult) -> float:
    return check.max_points - check.points


def _look(found: Sequence[Standing]) -> tuple[Look, ...]:
    notes: dict[str, list[tuple[str, Note]]] = {}
    for one in found:
        for note in one.record.to_look_at if one.record else ():
            notes.setdefault(note.key, []).append((one.student, note))
    looks = [_common(key, own) for key, own in notes.items()]
    return tuple(sorted(looks, key=lambda look: (-len(look.students), look.note.key)))


def _common(key: str, own: Sequence[tuple[str, Note]]) -> Look:
    first = own[0][1].names
    differing = [name for name in first if any(note.names.get(name) != first[name] for _, note in own)]
    common = {name: "…" if name in differing else value for name, value in first.items()}
    each = [(student, "; ".join(note.names[name] for name in differing if name in note.names)) for student, note in own]
    return Look(Note(key, common), tuple(each))
