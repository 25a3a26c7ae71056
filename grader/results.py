"""The kit's own store: what each check came to, by student, outside nbgrader's folders.

nbgrader's gradebook holds one number per graded cell. Beside it, `.grader/results/ASSIGNMENT/STUDENT.json` holds the
whole verdict, the digests of what it was reached on, and whether it still counts: it is **stale** when the submission
or the check set has changed since, or when a later run began and did not end.
"""

import json
import os
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from checks.core import Assignment
from checks.result import Result

from .course import Course
from .errors import GraderError
from .grading import NotASubmission, check_set_digest, submission_digest


@dataclass(frozen=True)
class Note:
    """A remark on a submission that a person should read: a key of `messages.toml`, and what fills its sentence in."""

    key: str
    names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """One student's verdict on one assignment, as stored."""

    result: Result
    submission: str
    """Digest of the submission that was judged."""
    checks: str
    """Digest of the check set that judged it."""
    notes: tuple[Note, ...] = ()
    stale: str = ""
    """Why it no longer counts; empty if it does."""


def record_path(course: Course, assignment: str, student: str) -> Path:
    """Where a student's record lies."""
    return course.store / "results" / assignment / f"{student}.json"


def write_record(course: Course, record: Record) -> None:
    """Store a record: all of it or, on a full disk, nothing.

    Raises:
        GraderError: the file cannot be written.
    """
    path = record_path(course, record.result.assignment, record.result.student)
    data = {
        "result": record.result.to_json(),
        "submission": record.submission,
        "checks": record.checks,
        "notes": [{"key": note.key, "names": note.names} for note in record.notes],
        "stale": record.stale,
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(data, file, ensure_ascii=False, indent=1)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise GraderError(
            f"{path}: the verdict could not be stored ({error.strerror or error}). Next: make room, or mend the "
            "folder's permissions; then grade again."
        ) from None


def read_record(course: Course, assignment: str, student: str) -> Record | None:
    """A student's record, or None if there is none.

    Raises:
        GraderError: the file is there and is not a record.
    """
    path = record_path(course, assignment, student)
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Record(
            Result.from_json(data["result"]),
            data["submission"],
            data["checks"],
            tuple(Note(note["key"], note["names"]) for note in data["notes"]),
            data["stale"],
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GraderError(
            f"{path}: expected a stored verdict, found something else ({type(error).__name__}: {error}). Next: delete "
            f"the file and run `grader grade {assignment} --student {student}`."
        ) from None


def mark_stale(course: Course, assignment: str, student: str, reason: str) -> None:
    """Say that a student's record no longer counts; nothing happens if there is none.

    Raises:
        GraderError: the record cannot be read or written.
    """
    record = read_record(course, assignment, student)
    if record:
        write_record(course, replace(record, stale=reason))


def staleness(course: Course, record: Record) -> str:
    """Why a record no longer counts, or an empty string if it does.

    Raises:
        GraderError: the course no longer has the assignment, or its package cannot be rendered.
    """
    if record.stale:
        return record.stale
    assignment = course.assignment(record.result.assignment)
    if record.submission != digest_submission(course, assignment, record.result.student):
        return "the submission has changed since it was graded"
    if record.checks != check_set_digest(course, assignment):
        return "the checks have changed since it was graded"
    return ""


def digest_submission(course: Course, assignment: Assignment, student: str) -> str:
    """Digest of what counts in a student's submission; empty if it holds no package."""
    try:
        return submission_digest(course.submitted / student / assignment.name, course, assignment)
    except NotASubmission:
        return ""
