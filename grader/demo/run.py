"""`grader demo`: the whole life of an assignment, in a disposable copy of the course.

    make demo

The copy (`build/demo/`, made again each time) gets its own gradebook, release, submissions, verdicts, feedback and
grades; the course itself is read and nothing in it is written. Only a folder that an earlier demo made is cleared.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from checks.core import Assignment

from ..classroom.export import export_csv
from ..classroom.gradebook import course_config, course_directory, write_feedback
from ..classroom.report.make import write_report
from ..classroom.rows import Row
from ..classroom.whole_class import grade_class
from ..course import CONFIG, Course, copy_configuration
from ..errors import GraderError
from ..grading.people import student_id
from ..publish.release import release
from .people import fill_in, hand_in_class, has_class, read_class

FOLDER = Path("build", "demo")
MARKER = ".made-by-grader-demo"
"""Lies in a folder that a demo made; without it, nothing in a folder is touched."""
_NOT_COPIED = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")

Tell = Callable[[str], None]


BESIDE = 3
"""Hand-ins that are shown of an assignment beside the one that was asked for."""


@dataclass(frozen=True)
class Graded:
    """One assignment's class."""

    assignment: Assignment
    rows: list[Row]
    feedback: dict[str, Path]
    """Each student's page."""
    report: Path
    """The class in one page."""


@dataclass(frozen=True)
class Demo:
    """What a demo made."""

    course: Course
    """The copy."""
    graded: tuple[Graded, ...]
    """By assignment, in the course's order; the last is shown whole."""
    grades: Path
    """The grades as CSV."""


def demo(course: Course, folder: Path | None = None, name: str | None = None, tell: Tell = lambda line: None) -> Demo:
    """Copy a course, and take one of its assignments from source to grades.

    Args:
        course: what is copied; it is not changed.
        folder: where the copy goes, `build/demo` in the course if None; what an earlier demo left there is deleted.
        name: the assignment; if None the last that has a class for the demo, and a few hand-ins of those before it.
        tell: is given a line for each step.

    Raises:
        GraderError: the folder is not the demo's, or a step failed.
    """
    names = [name] if name else _assignments_with_class(course)
    copy = fresh_copy(course, course.root / FOLDER if folder is None else folder)
    graded = [_take(copy, one, BESIDE, tell) for one in names[:-1]] + [_take(copy, names[-1], None, tell)]
    tell("6/6  Exporting the grades ...")
    grades = copy.root / "grades.csv"
    export_csv(copy, grades, names)
    return Demo(copy, tuple(graded), grades)


def _take(copy: Course, name: str, most: int | None, tell: Tell) -> Graded:
    """Take an assignment, or so many of its hand-ins, from source to feedback."""
    assignment = copy.assignment(name)
    handed_in = read_class(assignment)[:most]

    tell(f"1/6  Releasing {name}: rendering the stub from the solution, and proving both ...")
    release(copy, name, execute=False)

    tell(f"2/6  Handing out, and making a class of {len(handed_in)} ...")
    folders = {}
    for item in handed_in:
        desk = copy.root / "handed_out" / student_id(item.name) / name
        shutil.copytree(copy.release / name, desk)
        fill_in(item, copy, assignment, desk)
        folders[desk] = item
        tell(f"     {student_id(item.name):24s}{item.story}")

    tell("3/6  Handing in ...")
    hand_in_class(copy, assignment, folders)

    tell("4/6  Grading: the verdicts, then each notebook into nbgrader's gradebook ...")
    rows = grade_class(copy, name)
    problems = [f"{row.student}: {row.problem}" for row in rows if row.problem]
    if problems:
        raise GraderError(f"{len(problems)} of {len(rows)} submissions have no score. {problems[0]}")

    tell("5/6  Writing feedback, and the class in one page ...")
    feedback = write_feedback(copy, name)
    return Graded(assignment, rows, feedback, write_report(copy, name))


def _assignments_with_class(course: Course) -> list[str]:
    names = [name for name in course.assignments() if has_class(course.checks / name)]
    if not names:
        raise GraderError(
            f"{course.checks}: no assignment has a class for the demo (a file demo.py). Next: pass --course with the "
            "course that came with the kit."
        )
    return names


def fresh_copy(course: Course, folder: Path) -> Course:
    """A copy of what instructors write, with a gradebook of its own.

    Raises:
        GraderError: the folder is not an earlier demo's, or the course's settings lead out of the copy.
    """
    folder = _cleared(course, folder)
    # The marker comes first: whatever is written after it may be deleted next time.
    (folder / MARKER).write_text("Made by `grader demo`, which deletes everything in this folder.\n", encoding="utf-8")
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    copy = Course(folder)
    for original in (course.source, course.package, course.checks):
        shutil.copytree(original, folder / original.name, ignore=_NOT_COPIED)
    copy_configuration(course, folder)
    _stays_inside(copy)
    return copy


def _cleared(course: Course, folder: Path) -> Path:
    """Make an empty folder, or empty the one that an earlier demo made.

    Raises:
        GraderError: something else is there, or it is a part of the course.
    """
    elsewhere = "Next: pass --folder with another one, or move it away."
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise GraderError(f"{folder}: expected a folder for the demo, found something else. {elsewhere}")
    folder, root = folder.resolve(), course.root.resolve()
    if folder.is_relative_to(root) and not folder.is_relative_to(root / FOLDER.parts[0]):
        raise GraderError(f"{folder}: a part of the course itself. {elsewhere}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        entries = list(folder.iterdir())
        if entries and not (folder / MARKER).is_file():
            raise GraderError(
                f"{folder}: not made by a demo (no {MARKER} in it), so nothing in it is touched. {elsewhere}"
            )
        for entry in entries:
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name != MARKER:
                entry.unlink()
    except OSError as error:
        raise GraderError(f"{error.filename}: cannot be made or cleared ({error.strerror}). {elsewhere}") from None
    return folder


def _stays_inside(copy: Course) -> None:
    """Refuse settings that would lead the demo's results out of its folder.

    Raises:
        GraderError: a folder of nbgrader's lies elsewhere.
    """
    coursedir = course_directory(course_config(copy), "assignment", "student")
    for trait in coursedir.trait_names(config=True):
        if trait.endswith("_directory"):
            place = Path(coursedir.format_path(getattr(coursedir, trait), "student", "assignment"))
            if not place.resolve().is_relative_to(copy.root):
                raise GraderError(
                    f"{CONFIG}: CourseDirectory.{trait} leads out of the course ({place}), so a demo would write to "
                    "the course itself. Next: name a folder inside the course."
                )
