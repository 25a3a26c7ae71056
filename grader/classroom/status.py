"""How far a class is with an assignment: who handed in, who is graded, whose verdict no longer counts, who waits.

    for one in standings(course, "quadrature"):
        print(one.student, one.state)

Nothing is graded and nothing is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from nbgrader.api import Student

from checks.language import Catalogue

from ..course import Course
from ..errors import GraderError
from ..text import sentences, shown
from .gradebook import Held, held, open_gradebook, require_assignment
from .late import IN_TIME, Late, late_work
from .results import Record, Staleness, read_record
from .whole_class import handed_in

NO_VERDICT = "no verdict is stored for this score"
GONE = "submitted/ no longer holds the submission"
State = Literal["graded", "stale", "not graded", "not handed in"]


@dataclass(frozen=True)
class Standing:
    """Where one student's submission stands."""

    student: str
    state: State
    why: str = ""
    """Why it is stale."""
    points: float | None = None
    """Automatic and manual points together, as the gradebook holds them; None where there is no score."""
    answers: int = 0
    """Answers that a person has still to read."""
    look: tuple[str, ...] = ()
    """Why a person should look at the submission."""
    record: Record | None = field(default=None, compare=False, repr=False)
    """The verdict that is stored; None where there is none, or no score."""
    held: tuple[Held, ...] = field(default=(), compare=False, repr=False)
    """What the gradebook holds, cell by cell."""
    late: Late = IN_TIME
    """How late it was handed in, and what that costs."""

    @property
    def final(self) -> float | None:
        """The grade: points without what is taken for late work; None where there is no score."""
        return None if self.points is None else max(0.0, self.points - self.late.penalty)

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return self.state == "not handed in" or (self.state == "graded" and not self.answers)


def standings(course: Course, name: str) -> list[Standing]:
    """Where each student stands that the gradebook knows or that handed something in, by name.

    Raises:
        GraderError: no such assignment, or the gradebook cannot be used.
    """
    course.assignment(name)
    there = handed_in(course, name)
    with open_gradebook(course) as gradebook:
        require_assignment(gradebook, name)
        cells = held(gradebook, name)
        behind = late_work(gradebook, name)
        known = [str(student) for (student,) in gradebook.db.query(Student.id)]
    counts, say = Staleness(course, name), sentences("en")
    return [
        _standing(
            course, name, student, student in there, tuple(cells.get(student, ())), counts, say, behind.get(student)
        )
        for student in sorted({*there, *known, *cells})
    ]


def _standing(
    course: Course,
    name: str,
    student: str,
    there: bool,
    cells: tuple[Held, ...],
    counts: Staleness,
    say: Catalogue,
    late: Late | None,
) -> Standing:
    if not cells or any(one.automatic is None for one in cells if not one.by_hand):
        return Standing(student, "not graded" if there else "not handed in", held=cells)
    record: Record | None = None
    try:
        record = read_record(course, name, student)
        why = counts.why(record) if record else NO_VERDICT
    except GraderError as error:
        why = str(error)
    if not there:
        why = GONE
    look = tuple(say(note.key, **note.names) for note in record.to_look_at) if record else ()
    points = sum(one.points for one in cells)
    answers = sum(one.waits for one in cells if one.by_hand)
    return Standing(student, "stale" if why else "graded", why, points, answers, look, record, cells, late or IN_TIME)


def report(name: str, found: Sequence[Standing]) -> str:
    """The counts, a line for each student, and what to do next, as text."""
    counts = {state: sum(one.state == state for one in found) for state in ("graded", "stale", "not graded")}
    waiting = sum(one.answers > 0 for one in found)
    missing = sum(one.state == "not handed in" for one in found)
    lines = [
        f"{name}: {sum(counts.values())} handed in, {counts['graded']} graded, {counts['stale']} stale, "
        f"{counts['not graded']} not graded; {waiting} wait for a person, {sum(bool(one.look) for one in found)} need "
        f"a look; {missing} handed nothing in."
    ]
    width = max((len(shown(one.student)) for one in found), default=0)
    for one in found:
        said = [f"{one.state}: {shown(one.why)}" if one.why else one.state]
        if one.answers:
            said.append(f"waits for a person: {one.answers} {'answer' if one.answers == 1 else 'answers'}")
        if one.late.by:
            said.append(f"late by {one.late.by}, taken off: {one.late.penalty:g}")
        said += [f"look: {shown(reason)}" for reason in one.look]
        points = "-" if one.points is None else f"{one.points:g}"
        lines.append(f"{shown(one.student).ljust(width)}  {points:>6}  {'; '.join(said)}")
    if counts["stale"] or counts["not graded"]:
        lines.append(f"Next: grader grade {name}")
    elif waiting:
        lines.append("Next: read the answers in formgrader (grader lab), then write the feedback.")
    return "\n".join(lines)
