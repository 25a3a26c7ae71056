"""Late work: by how much, and what nbgrader's own plugin took for it.

The gradebook has the time of each hand-in (`timestamp.txt`, from a file's name where the learning management system
writes one), the deadline, which formgrader sets, and extensions. What late work costs the course's configuration says:

    c.LateSubmissionPlugin.penalty_method = "zero"      # or AssignLatePenalties.plugin_class, a plugin of one's own
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from nbgrader.api import Assignment, Gradebook, SubmittedAssignment

TIMESTAMP = "timestamp.txt"
"""nbgrader's file with the time of a hand-in, in UTC unless it says another zone."""
_UNITS = (("d", 86400), ("h", 3600), ("min", 60))


@dataclass(frozen=True)
class Late:
    """How late one submission is."""

    seconds: float = 0.0
    """After the deadline, extensions counted; 0 if it is in time, or if the time or the deadline is not known."""
    penalty: float = 0.0
    """Points that are taken for it."""

    @property
    def by(self) -> str:
        """By how much, in signs of every language: `1 d 2 h`; empty if it is not late."""
        return duration(self.seconds) if self.seconds > 0 else ""


IN_TIME = Late()
"""What is not late, or not known to be."""


def seconds_late(handed_in: datetime | None, deadline: datetime | None, extension: timedelta | None) -> float:
    """By how much a submission is late: nbgrader's own rule, for what a query gave; 0 where a time is not known."""
    if handed_in is None or deadline is None:
        return 0.0
    return max(0.0, (handed_in - deadline - (extension or timedelta())).total_seconds())


def late(submission: SubmittedAssignment) -> Late:
    """How late a submission in the gradebook is."""
    after = seconds_late(submission.timestamp, submission.assignment.duedate, submission.extension)
    return Late(after, float(submission.late_submission_penalty or 0.0))


def late_work(gradebook: Gradebook, name: str) -> dict[str, Late]:
    """The late submissions to an assignment, by student, in one query: as `late` says of each."""
    deadline = gradebook.find_assignment(name).duedate
    times = (
        gradebook.db.query(
            SubmittedAssignment.student_id,
            SubmittedAssignment.timestamp,
            SubmittedAssignment.extension,
            SubmittedAssignment.late_submission_penalty,
        )
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .filter(Assignment.name == name)
    )
    found = {}
    for student, handed_in, extension, penalty in times:
        after = seconds_late(handed_in, deadline, extension)
        if after > 0 or penalty:
            found[str(student)] = Late(after, float(penalty or 0.0))
    return found


def duration(seconds: float) -> str:
    """A time in its two largest units: `1 d 2 h`, `26 min`; what is less than a minute counts as one."""
    left = max(60, round(seconds))
    parts = []
    for sign, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {sign}")
        elif parts:
            break
    return " ".join(parts[:2])
