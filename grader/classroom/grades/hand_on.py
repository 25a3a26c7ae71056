"""`grader grades NAME`: the file that a learning management system gave, with the grades in it, beside that file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ...course import Course
from ...errors import GraderError
from ...files import write_whole
from ...grading.people import People
from ..gradebook import open_gradebook
from ..status import standings
from .canvas import fill_canvas
from .filling import Filled
from .moodle import KNOWN, fill_moodle
from .sheet import read_sheet

System = Literal["moodle", "canvas"]


def fill(course: Course, name: str, system: System, given: Path, column: str = "") -> Filled:
    """Fill in the file that a system gave; nothing is written.

    Args:
        course: the course.
        name: the assignment.
        system: whose file it is.
        given: the file.
        column: in Canvas' gradebook, the number or the title of the assignment there.

    Raises:
        GraderError: no such assignment, the gradebook cannot be used, or it is no file of that system.
    """
    found = standings(course, name)
    with open_gradebook(course) as gradebook:
        most = float(gradebook.find_assignment(name).max_score)
    people = People(course)
    names = [word for person in people.by_id.values() for word in person.name.split()]
    sheet = read_sheet(given, [*KNOWN, *names])
    if system == "moodle":
        return fill_moodle(sheet, name, most, found, people)
    return fill_canvas(sheet, name, most, found, people, column)


def place_beside(given: Path) -> Path:
    """Where the filled file lies, if nobody says where."""
    return given.with_name(f"{given.stem}-filled{given.suffix}")


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet.

    Raises:
        GraderError: it is there, or cannot be written.
    """
    if path.exists() or path.is_symlink():
        raise GraderError(f"{path}: is there already, and is not overwritten. Next: remove it, or name another file.")
    write(path, content)


def write(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all.

    Raises:
        GraderError: it cannot be written.
    """
    try:
        write_whole(path, content)
    except OSError as error:
        raise GraderError(f"{path}: cannot be written ({error.strerror}). Next: name another place.") from None
