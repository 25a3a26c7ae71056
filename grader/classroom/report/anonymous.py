"""A class without names: marks stand for its students, and nothing is left that they wrote or called by a name.

Names lie deeper than ids: in what a learning management system called a folder, in a file's name, in the text of an
exception. So whatever comes from a hand-in is left out, but for words that the assignment itself has.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import replace

from checks.core import Assignment

from ...course import Course
from ...errors import GraderError
from ...grading.secret import read_secret
from ...text import Note
from ..results import UNFINISHED, Record
from ..status import Standing
from .numbers import notebooks_of
from .words import REASONS

_LENGTH = 12
"""Hexadecimal digits: of a million students, two have the same mark once in 500 courses."""
_NUMBERS = {"count", "seconds", "python"}
"""Names in notes that the kit itself fills in; another that looks like a number may be a student's."""


def marks(course: Course, students: Sequence[str]) -> dict[str, str]:
    """A mark for each student, which only the course's secret leads to; the same in all its assignments.

    Raises:
        GraderError: the course has no secret, without which a mark could be found by trying names.
    """
    secret = read_secret(course)
    if secret is None:
        raise GraderError(
            f"{course.store / 'secret'}: no course secret, and marks in the place of names are made with it. Next: "
            "restore the file from a copy; where nothing was graded yet, `grader grade NAME` makes it."
        )
    return {student: _mark(secret, student) for student in students}


def _mark(secret: bytes, student: str) -> str:
    message = f"student of a report without names\0{student}".encode("utf-8", "surrogateescape")
    return hmac.new(secret, message, hashlib.sha256).hexdigest()[:_LENGTH]


def without_names(assignment: Assignment, found: Sequence[Standing], mark: dict[str, str]) -> list[Standing]:
    """The same standings with marks for names, in the order of these, and without what students wrote."""
    known = _words(assignment, found)
    nameless = [
        replace(
            one,
            student=mark[one.student],
            why=_reason(one.why),
            look=(),
            record=_record(one.record, mark[one.student], known) if one.record else None,
        )
        for one in found
    ]
    return sorted(nameless, key=lambda one: one.student)


def _record(record: Record, mark: str, known: frozenset[str]) -> Record:
    checks = tuple(replace(check, message="", warnings=()) for check in record.result.checks)
    result = replace(record.result, student=mark, checks=checks, warnings=(), look_at=())
    return replace(record, result=result, notes=tuple(_note(note, known) for note in record.notes), stale="")


def _note(note: Note, known: frozenset[str]) -> Note:
    return Note(
        note.key, {name: value if name in _NUMBERS else _said(value, known) for name, value in note.names.items()}
    )


def _said(value: str, known: frozenset[str]) -> str:
    """The words of a list that are the assignment's own."""
    words = value.split(", ")
    kept = [word for word in words if word in known]
    return ", ".join([*kept, *["…"][: len(words) - len(kept)]])


def _reason(why: str) -> str:
    if why.startswith(UNFINISHED):
        return UNFINISHED
    return why if why in REASONS else "…" if why else ""


def _words(assignment: Assignment, found: Sequence[Standing]) -> frozenset[str]:
    cells = (cell.cell for one in found for cell in one.held)
    notebooks = (f"{name}.ipynb" for name in notebooks_of(assignment))
    return frozenset({assignment.package, *assignment.modules, *assignment.functions, *cells, *notebooks})
