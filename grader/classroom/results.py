"""The kit's own store: what each check came to, by student, outside nbgrader's folders.

nbgrader's gradebook holds one number per graded cell. Beside it, `.grader/results/ASSIGNMENT/STUDENT.json` holds the
whole verdict, the digests of what it was reached on, and whether it still counts: it is **stale** when the submission,
the check set or the secret has changed since, or when a later run began and did not end. nbgrader's own number stays as
it was: what is stale is said by the export, by the table of `grader grade` and on the feedback page.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from checks.core import Assignment
from checks.result import Result

from ..classic import ClassicAssignment
from ..course import Course
from ..errors import GraderError
from ..files import digest_below, drafts, write_whole
from ..grading.files import files_in, stamp_of
from ..grading.grade import check_set_digest, submission_digest
from ..grading.secret import read_secret, secret_digest
from ..grading.submission import NotASubmission
from ..text import Note as Note
from .feedback import say_stale
from .runs import Busy, unfinished

INSIDE = "graded_inside"
"""What every verdict on a classic assignment says: where it was reached."""
UNFINISHED = "a later run of the grader did not finish"
OTHER_SECRET = "the course secret has changed since it was graded"
OTHER_SUBMISSION = "the submission has changed since it was graded"
OTHER_CHECKS = "the checks have changed since it was graded"
_OLD = 3600.0
_LONGEST_NAME = 200


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
    secret: str = ""
    """Digest of the secret that its inputs were drawn from."""
    run: str = ""
    """The class run that it was reached in, or during; empty if there was none."""
    stamp: str = ""
    """What the submission's folder looked like before it was read (`stamp_of`); empty if that proves nothing."""

    @property
    def to_look_at(self) -> list[Note]:
        """What a person should know of this submission alone."""
        return [note for note in self.notes if note.key != INSIDE]


def record_path(course: Course, assignment: str, student: str) -> Path:
    """Where a student's record lies."""
    name = student
    if len(os.fsencode(student)) > _LONGEST_NAME:
        # A file's name has room for 255 bytes, and the ends of ours come on top.
        name = f"{student[:40]}~{hashlib.sha256(os.fsencode(student)).hexdigest()}"
    return course.store / "results" / assignment / f"{name}.json"


def write_record(course: Course, record: Record) -> None:
    """Store a record: all of it or, on a full disk, nothing.

    Raises:
        GraderError: the file cannot be written.
    """
    write_record_bytes(course, record.result.assignment, record.result.student, record_bytes(record))


def record_bytes(record: Record) -> bytes:
    """A record as it is stored."""
    data = {
        "result": record.result.to_json(),
        "submission": record.submission,
        "checks": record.checks,
        "notes": [{"key": note.key, "names": note.names} for note in record.notes],
        "stale": record.stale,
        "secret": record.secret,
        "run": record.run,
        "stamp": record.stamp,
    }
    return json.dumps(data, ensure_ascii=False).encode()


def write_record_bytes(course: Course, assignment: str, student: str, record: bytes) -> None:
    """Store what `record_bytes` made, as `write_record` does.

    Raises:
        GraderError: the file cannot be written.
    """
    path = record_path(course, assignment, student)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, record)
        _set_aside(path).unlink(missing_ok=True)
    except OSError as error:
        raise GraderError(
            f"{path}: the verdict could not be stored ({error.strerror or error}). Next: make room, or correct the "
            "folder's permissions; then grade again."
        ) from None


def read_record(course: Course, assignment: str, student: str) -> Record | None:
    """A student's record, or None if there is none.

    Raises:
        GraderError: the file is there and is not a record.
    """
    path = record_path(course, assignment, student)
    aside = "" if path.exists() else UNFINISHED
    try:
        data: dict[str, Any] = json.loads((_set_aside(path) if aside else path).read_text(encoding="utf-8"))
        return Record(
            Result.from_json(data["result"]),
            data["submission"],
            data["checks"],
            tuple(Note(note["key"], note["names"]) for note in data["notes"]),
            data["stale"] or aside,
            data.get("secret", ""),
            data.get("run", ""),
            data.get("stamp", ""),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GraderError(
            f"{path}: expected a stored verdict, found something else ({type(error).__name__}: {error}). Next: delete "
            f"the file and run `grader grade {assignment} --student {student}`."
        ) from None


def mark_stale(course: Course, assignment: str, student: str, reason: str) -> None:
    """Say that a student's record no longer counts, and so on the feedback page; nothing happens if there is none.

    On a full disk the record is set aside under another name, which takes no room.

    Raises:
        GraderError: the folder cannot be written to.
    """
    say_stale(course, assignment, student)
    try:
        record = read_record(course, assignment, student)
    except GraderError:
        return  # what is no record is treated as no verdict
    if record is None:
        return
    try:
        write_record(course, replace(record, stale=reason))
    except GraderError:
        path = record_path(course, assignment, student)
        try:
            if path.exists():
                path.replace(_set_aside(path))
        except OSError as error:
            raise GraderError(f"{path}: could not be marked stale ({error.strerror}).") from None


@contextmanager
def stale_if_it_fails(course: Course, name: str, chosen: Iterable[str], done: set[str]) -> Iterator[None]:
    """Mark the verdicts stale that a run was to replace, if it ends before it has."""
    try:
        yield
    except Busy:
        raise  # the verdicts are another grader's
    except GraderError as error:
        try:
            for student in chosen:
                if student not in done:
                    mark_stale(course, name, student, f"{UNFINISHED}: {error}")
        except GraderError as second:
            raise GraderError(f"{error} And earlier verdicts are not marked as stale: {second}") from None
        raise


def _set_aside(path: Path) -> Path:
    return path.with_name(f"{path.name}-stale")


def remove_drafts(course: Course, assignment: str) -> None:
    """Remove what a killed grader had half written."""
    for path in drafts(course.store / "results" / assignment):
        path.unlink(missing_ok=True)
    for path in drafts(course.store):
        if time.time() - path.stat().st_mtime > _OLD:  # younger, it may be another grader's
            path.unlink(missing_ok=True)


class Staleness:
    """Says of one record after another of an assignment whether it counts; what all depend on is looked at once.

    Args:
        course: the course.
        assignment: the name of the assignment.
    """

    def __init__(self, course: Course, assignment: str) -> None:
        self._course = course
        self._name = assignment
        self._handed_out: dict[str, dict[str, bytes]] = {}

    @cached_property
    def _run(self) -> str:
        return unfinished(self._course, self._name)

    @cached_property
    def _secret(self) -> str:
        return secret_digest(read_secret(self._course))

    @cached_property
    def _assignment(self) -> Assignment:
        return self._course.assignment(self._name)

    @cached_property
    def _checks(self) -> str:
        return digest_checks(self._course, self._assignment)

    def why(self, record: Record) -> str:
        """Why a record no longer counts, or an empty string if it does.

        Raises:
            GraderError: the course no longer has the assignment, or its package cannot be rendered.
        """
        if record.stale:
            return record.stale
        if self._run and record.run != self._run:
            return UNFINISHED
        if self._secret and record.secret and record.secret != self._secret:
            return OTHER_SECRET
        if not self._as_it_was(record):
            return OTHER_SUBMISSION
        if record.checks != self._checks:
            return OTHER_CHECKS
        return ""

    def _as_it_was(self, record: Record) -> bool:
        """Whether the submission is the one that was judged; it is read where its folder looks otherwise by now."""
        folder = self._course.submitted / record.result.student / self._name
        if record.stamp and record.stamp == stamp_of(folder):
            return True
        student = record.result.student
        return record.submission == digest_submission(self._course, self._assignment, student, self._handed_out)


def staleness(course: Course, record: Record) -> str:
    """Why a record no longer counts, or an empty string if it does; of several records, ask one `Staleness`.

    Raises:
        GraderError: the course no longer has the assignment, or its package cannot be rendered.
    """
    return Staleness(course, record.result.assignment).why(record)


def digest_submission(
    course: Course, assignment: Assignment, student: str, known: dict[str, dict[str, bytes]] | None = None
) -> str:
    """Digest of what counts in a student's submission; empty if it holds no package. `known` as in `grading.grade`."""
    if isinstance(assignment, ClassicAssignment):
        folder = course.submitted / student / assignment.name
        return digest_below(folder, files_in(folder))
    try:
        return submission_digest(course.submitted / student / assignment.name, course, assignment, known)
    except NotASubmission:
        return ""


def digest_checks(course: Course, assignment: Assignment) -> str:
    """Digest of what decides a verdict: checks and reference, or the notebooks of a classic assignment."""
    if isinstance(assignment, ClassicAssignment):
        return digest_below(assignment.folder, files_in(assignment.folder))
    return check_set_digest(course, assignment)
