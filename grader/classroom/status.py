"""How far a class is with an assignment: who handed in, who is graded, whose verdict no longer counts, who waits.

    for one in standings(course, "quadrature"):
        print(one.student, one.state)

Nothing is graded and nothing is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nbgrader.api import Gradebook

from ..course import Course
from ..errors import GraderError
from ..text import sentences, shown
from .gradebook import by_hand, grades, open_gradebook, require_assignment
from .late import IN_TIME, Late, late
from .results import Record, read_record, staleness
from .whole_class import handed_in

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
        held = _held(gradebook, name)
        known = [str(student.id) for student in gradebook.students]
    return [_standing(course, name, student, student in there, held) for student in sorted({*there, *known, *held})]


_Held = tuple[float | None, int, Late]
"""Points, unread answers, and how late it is."""


def _held(gradebook: Gradebook, name: str) -> dict[str, _Held]:
    """What the gradebook holds by student, of those with a submission in it."""
    found = {}
    for submission in gradebook.assignment_submissions(name):
        own = grades(submission)
        scored = own and all(grade.auto_score is not None for grade in own if not by_hand(grade))
        answers = sum(bool(grade.needs_manual_grade) for grade in own if by_hand(grade))
        found[str(submission.student.id)] = (float(submission.score) if scored else None, answers, late(submission))
    return found


def _standing(course: Course, name: str, student: str, there: bool, held: dict[str, _Held]) -> Standing:
    points, answers, by = held.get(student, (None, 0, IN_TIME))
    if points is None:
        return Standing(student, "not graded" if there else "not handed in")
    record: Record | None = None
    try:
        record = read_record(course, name, student)
        why = staleness(course, record) if record else "no verdict is stored for this score"
    except GraderError as error:
        why = str(error)
    if not there:
        why = f"{course.submitted.name}/ no longer holds the submission"
    say = sentences("en")
    look = tuple(say(note.key, **note.names) for note in record.to_look_at) if record else ()
    return Standing(student, "stale" if why else "graded", why, points, answers, look, by)


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
