"""One submission on its way into the gradebook: its verdict, and what a person should know about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from checks.core import Assignment
from checks.language import Catalogue, catalogue, preferred
from checks.result import CheckResult, Result

from . import grading
from .course import Course
from .launch import Launcher
from .results import Note, Record, digest_submission
from .secret import ensure_secret


@dataclass
class Verdict:
    """The trusted verdict on a submission, with the remarks that gather while nbgrader converts its notebook."""

    course: Course
    assignment: Assignment
    result: Result
    submission: str
    """Digest of the submission that was judged."""
    checks: str
    """Digest of the check set that judged it."""
    notes: list[Note] = field(default_factory=list)

    def note(self, key: str, **names: str) -> None:
        """Add a remark: a key of `messages.toml`, and what fills its sentence in."""
        note = Note(key, names)
        if note not in self.notes:
            self.notes.append(note)

    def record(self) -> Record:
        """The verdict as it is stored."""
        return Record(self.result, self.submission, self.checks, tuple(self.notes))


def judge(course: Course, assignment: Assignment, student: str, launcher: Launcher | None = None) -> Verdict:
    """Grade what `student` handed in, on the trusted side alone; nbgrader and its gradebook have no part in it.

    A submission without `funkcije/` earns 0 on every check, with the reason.

    Raises:
        GraderError: the kit could not grade; nothing is known about the submission.
    """
    ensure_secret(course)
    folder = course.submitted / student / assignment.name
    submission = digest_submission(course, assignment, student)
    checks = grading.check_set_digest(course, assignment)
    notes = []
    try:
        result = grading.grade(folder, course, assignment, student=student, language=preferred(), launcher=launcher)
    except grading.NotASubmission:
        result = nothing_to_check(assignment, student, sentences(preferred())("no_package"))
        notes.append(Note("no_package"))
    return Verdict(course, assignment, result, submission, checks, notes)


def nothing_to_check(assignment: Assignment, student: str, reason: str) -> Result:
    """The result of a submission that holds no package: 0 everywhere, and why."""
    checks = tuple(
        CheckResult(check.id, check.function, 0.0, float(check.points), "error", reason) for check in assignment.checks
    )
    return Result(assignment.name, student, checks, sandbox="none", language=preferred())


def sentences(language: str) -> Catalogue:
    """What is said about a submission as a whole, in one language."""
    return catalogue(language, Path(__file__).parent)
