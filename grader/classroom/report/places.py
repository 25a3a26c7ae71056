"""Where reports lie: `reports/` in the course, which git never sees, and nobody's own file is written over."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.parse import quote

from ...course import REPORTS, Course
from ...errors import GraderError
from ...files import write_whole
from ..feedback import feedback_page
from .page import GENERATOR

_IGNORE = "# Made by `grader report`: pages with students' work, for no repository.\n*\n"
_ELSEWHERE = "Next: move it away, or give it another name."
_MARKS = (f'<meta name="generator" content="{GENERATOR}">', f'"made_by": "{GENERATOR}"')
_HEAD = 1000
"""Bytes in which a file of ours says what made it."""
_LONGEST_NAME = 200


def report_path(course: Course, assignment: str, student: str = "", *, anonymous: bool = False) -> Path:
    """Where a report lies.

    Args:
        course: the course.
        assignment: its name.
        student: whose section it begins with, by the name that it shows; nobody's if empty.
        anonymous: whether it is one without names.
    """
    name = f"{assignment}.anonymous" if anonymous else assignment
    folder = course.root / REPORTS
    if not student:
        return folder / f"{name}.html"
    if len(os.fsencode(student)) > _LONGEST_NAME:
        student = f"{student[:40]}~{hashlib.sha256(os.fsencode(student)).hexdigest()}"
    return folder / name / f"{student}.html"


def feedback_links(course: Course, assignment: str, students: list[str], page: Path) -> dict[str, str]:
    """The address of each student's feedback as it is written on a page, of those that have some."""
    there = {student: feedback_page(course, assignment, student) for student in students}
    return {
        student: quote(os.fsencode(Path(os.path.relpath(path, page.parent)).as_posix()))
        for student, path in there.items()
        if path.is_file()
    }


def write_page(course: Course, path: Path, text: str) -> None:
    """Write a page below `reports/`, with a line for git that leaves all of it out.

    Raises:
        GraderError: something of somebody else's is in its place, or it cannot be written.
    """
    folder = course.root / REPORTS
    for place in {folder, path.parent}:
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            raise GraderError(f"{place}: expected a folder for reports, found something else. {_ELSEWHERE}")
    ignore = folder / ".gitignore"
    if folder.is_dir() and any(folder.iterdir()) and not _holds(ignore, _IGNORE):
        raise GraderError(f"{folder}: expected the folder of `grader report`, found another one. {_ELSEWHERE}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(ignore, _IGNORE.encode(), mode=0o644)
    except OSError as error:
        raise _cannot(folder, error) from None
    write(path, text)


def write(path: Path, text: str) -> None:
    """Write a file, in the place of one that an earlier report wrote or of none.

    Raises:
        GraderError: something else has its name, or it cannot be written.
    """
    try:
        if path.is_symlink() or (path.exists() and not _is_ours(path)):
            raise GraderError(f"{path}: expected a file of `grader report` or none, found another. {_ELSEWHERE}")
        write_whole(path, text.encode("utf-8", "replace"))
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        raise _cannot(path, error) from None


def _is_ours(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(_HEAD).decode("utf-8", "replace")
    return any(mark in head for mark in _MARKS)


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeError):
        return False


def _cannot(path: Path, error: Exception) -> GraderError:
    reason = getattr(error, "strerror", None) or error
    return GraderError(f"{path}: cannot be written ({reason}). Next: make room, or correct the folder's permissions.")
