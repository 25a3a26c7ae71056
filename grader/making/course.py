"""A new course: configuration, a package with one function, and one assignment, which can be released at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from ..course import KEPT, Course
from ..errors import GraderError
from ..settings import PACKAGE_NAME, is_package_name
from ..text import Note, in_each, shown
from .assignment import new_assignment
from .files import filled, write_new

FIRST, MODULE, FUNCTION = "quadrature", "quadrature", "trapezoid"
"""The assignment that a course begins with, and the function that students write in it."""


def new_course(folder: Path, package: str, languages: Sequence[str]) -> list[str]:
    """Write a course into a new or empty folder.

    Args:
        folder: the course's root.
        package: the name of the package that students write in.
        languages: of what students read, the usual one first.

    Returns:
        The paths of what was written, in the course.

    Raises:
        GraderError: a name that cannot be, or something is in the folder already.
    """
    if not is_package_name(package):
        raise GraderError(f"--package {shown(package)}: expected {PACKAGE_NAME}. Next: take another name.")
    for where in (folder, *folder.parents):
        if where.name in KEPT:
            raise GraderError(
                f"{folder}: lies in {where.name}/, where a course keeps what was handed in. Next: choose "
                "another folder."
            )
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise GraderError(f"{folder}: is there already, and nothing is overwritten. Next: name a new folder.")
    files = filled(
        "course",
        {
            "package": package,
            "title": package.replace("_", " ").capitalize(),
            "languages": ", ".join(f'"{language}"' for language in dict.fromkeys(languages)),
            "python": ".".join(map(str, sys.version_info[:2])),
            "answer": in_each(languages, Note("your_answer")),
            "name": FIRST,
        },
    )
    write_new(folder, files)
    return [*files, *new_assignment(Course(folder), FIRST, MODULE, FUNCTION)]
