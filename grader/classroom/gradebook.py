"""nbgrader's gradebook and converters, as this course configures them, for code that is not an nbgrader command.

with open_gradebook(course) as gradebook:
    rows = automatic_points(gradebook, "quadrature")
"""

from __future__ import annotations

import glob
import logging
import sqlite3
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import (
    Assignment,
    Grade,
    Gradebook,
    GradeCell,
    MissingEntry,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from nbgrader.converters import BaseConverter, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SAWarning, SQLAlchemyError
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from ..classic import cell_name
from ..course import CONFIG, Course
from ..errors import GraderError
from ..plugins import name_of, names_of
from ..text import log_to, shown
from . import exchanged as exchanged  # what nbgrader's own converters need here
from .feedback import feedback_page
from .programs import find_own_programs
from .server import cannot_be_used, on_server
from .server import require_writable as require_writable_on_server

NEEDED = {
    "sanitize_preprocessors": ("RestoreCells", "RestoreModules"),
    "autograde_preprocessors": ("TrustedVerdict", "SaveScores", "MakeInert"),
}
"""What `Autograde` must be configured with for a score to be the verdict, and for a page to run nothing."""


def course_config(course: Course) -> Config:
    """The course's nbgrader configuration, with its own folder as root.

    Raises:
        GraderError: the file cannot be loaded, or lacks what makes a score the verdict.
    """
    path = course.root / CONFIG
    restore = "Next: restore the file as the kit ships it; no score was written."
    try:
        config = PyFileConfigLoader(CONFIG, path=str(course.root)).load_config()
    except Exception as error:
        raise GraderError(f"{path}: cannot be loaded ({type(error).__name__}: {error}). {restore}") from None
    for trait, plugins in NEEDED.items():
        listed = config.Autograde.get(trait, [])
        for plugin in plugins:
            if not set(names_of(plugin)).intersection(listed):
                raise GraderError(
                    f"{path}: expected {name_of(plugin)!r} in Autograde.{trait}, found {listed!r}. {restore}"
                )
    if config.Autograde.get("exporter_class") not in names_of("SubmissionExporter"):
        raise GraderError(f"{path}: expected Autograde.exporter_class = {name_of('SubmissionExporter')!r}. {restore}")
    config.CourseDirectory.root = str(course.root)
    return config


def course_directory(config: Config, assignment: str, student: str | None = None) -> CourseDirectory:
    """What nbgrader sees of the course's folders, at one assignment and one student (all of them if None)."""
    coursedir = CourseDirectory(config=config)
    coursedir.assignment_id = assignment
    coursedir.student_id = "*" if student is None else _pattern(student)
    return coursedir


def _pattern(student: str) -> str:
    """A pattern that matches one student's name, from which nbgrader takes no spaces away at its ends."""
    escaped = glob.escape(student)
    inner = escaped.strip()
    if inner == escaped:
        return escaped
    at = escaped.index(inner) if inner else len(escaped)
    before, after = escaped[:at], escaped[at + len(inner) :]
    return "".join(f"[{space}]" for space in before) + inner + "".join(f"[{space}]" for space in after)


@contextmanager
def open_gradebook(course: Course) -> Iterator[Gradebook]:
    """Open the gradebook that the course's configuration names.

    Raises:
        GraderError: the configuration or the database cannot be used.
    """
    coursedir = CourseDirectory(config=course_config(course))
    find_own_programs()
    try:
        with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
            yield gradebook
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise cannot_be_used(coursedir.db_url, error) from None


def require_assignment(gradebook: Gradebook, name: str) -> None:
    """Make sure that the gradebook knows an assignment.

    Raises:
        GraderError: it does not.
    """
    try:
        gradebook.find_assignment(name)
    except MissingEntry:
        raise GraderError(
            f"The gradebook has no assignment {name!r}. Next: run `grader release {name}`, which enters it."
        ) from None


def require_writable(gradebook: Gradebook) -> None:
    """Make sure that the gradebook can be written to now, by a change that is taken back.

    Raises:
        sqlite3.Error, SQLAlchemyError: it cannot; `open_gradebook` says so in one line.
        GraderError: another run may be at work.
    """
    if on_server(gradebook.engine.url):
        require_writable_on_server(gradebook.engine)
    if gradebook.engine.dialect.name != "sqlite":
        return
    connection = gradebook.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute("CREATE TABLE can_be_written (x INTEGER)")
        cursor.execute("ROLLBACK")
    finally:
        connection.close()


def automatic_points(gradebook: Gradebook, name: str) -> dict[str, dict[str, float | None]]:
    """Automatic points by student and graded cell; None where there is no score."""
    return {
        student: {one.cell: one.automatic for one in own if not one.by_hand}
        for student, own in held(gradebook, name).items()
    }


def grades(submission: SubmittedAssignment) -> list[Grade]:
    """Every graded cell of a submission, as the gradebook holds it."""
    return [grade for notebook in submission.notebooks for grade in notebook.grades]


def name_of_cell(grade: Grade) -> str:
    """What a graded cell is called: with several notebooks, two may have the same id."""
    return cell_name(grade.notebook.name, grade.name, len(grade.notebook.assignment.notebooks))


@dataclass(frozen=True)
class Held:
    """What the gradebook holds of one graded cell of one submission."""

    cell: str
    """As `name_of_cell` has it."""
    by_hand: bool
    """Whether a person gives its points."""
    max_points: float
    points: float
    """Automatic, unless a person has given others; 0 where there are none."""
    automatic: float | None
    """None where there is no score."""
    waits: bool
    """Whether a person has still to look at it."""


def held(gradebook: Gradebook, name: str) -> dict[str, list[Held]]:
    """All that the gradebook holds of an assignment, by student, in one query: to ask for one cell after another reads
    the whole table for each submission.
    """
    cells = {
        cell.id: (cell_name(notebook.name, cell.name, len(notebooks)), by_a_person(cell), float(cell.max_score))
        for notebooks in [gradebook.find_assignment(name).notebooks]
        for notebook in notebooks
        for cell in (*notebook.grade_cells, *notebook.task_cells)
    }
    rows = (
        gradebook.db.query(
            SubmittedAssignment.student_id, Grade.cell_id, Grade.score, Grade.auto_score, Grade.needs_manual_grade
        )
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .outerjoin(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .outerjoin(Grade, Grade.notebook_id == SubmittedNotebook.id)
        .filter(Assignment.name == name)
    )
    found: dict[str, list[Held]] = {}
    for student, cell, points, automatic, waits in rows:
        own = found.setdefault(str(student), [])
        if cell in cells:
            own.append(Held(*cells[cell], float(points), automatic, bool(waits)))
    return found


def by_hand(grade: Grade) -> bool:
    """Whether a person gives the points: for an answer or a task, not for a check cell."""
    return by_a_person(grade.cell)


def by_a_person(cell: GradeCell | TaskCell) -> bool:
    """Whether a person gives the points of a cell."""
    return isinstance(cell, TaskCell) or cell.name in {answer.name for answer in cell.notebook.solution_cells}


def write_feedback(course: Course, name: str, students: Iterable[str] | None = None) -> dict[str, Path]:
    """Write the feedback pages of an assignment, through nbgrader.

    Args:
        course: the course.
        name: the assignment.
        students: whose; of all that were graded if None.

    Returns:
        The page of each student.

    Raises:
        GraderError: a page could not be written.
    """
    config = course_config(course)
    if students is None:
        notebooks = (course.root / "autograded").glob(f"*/{glob.escape(name)}/*.ipynb")
        students = sorted({path.parent.parent.name for path in notebooks})
    pages = {}
    problems = []
    for student in students:
        converter = GenerateFeedback(coursedir=course_directory(config, name, student), config=config)
        converter.force = True
        problem = run_converter(converter)
        if problem:
            problems.append(f"feedback/{shown(student)}/{name}: not written ({problem})")
        else:
            pages[student] = feedback_page(course, name, student)
    if problems:
        raise GraderError(f"{'; '.join(problems)}. Next: grade again what is named; all other pages were written.")
    return pages


@contextmanager
def without_remarks() -> Iterator[None]:
    """Keep quiet about nbgrader 0.9, which adds rows in an order that SQLAlchemy 2.1 remarks on: the rows are right."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        yield


def run_converter(converter: BaseConverter) -> str:
    """Run one of nbgrader's converters quietly; return why it failed, or an empty string.

    nbgrader catches what a conversion raises and writes the traceback to its log; the last line of the first is the
    reason.
    """
    reasons: list[str] = []

    def note(entry: logging.LogRecord) -> None:
        text = entry.getMessage().rstrip()
        if entry.levelno >= logging.ERROR and text.startswith("Traceback"):
            # SQLAlchemy ends with the statement, its parameters and an address; the reason is the line before them.
            lines = [line for line in text.splitlines() if not line.startswith(("[", "("))]
            reasons.append(lines[-1].removeprefix("grader.errors.GraderError: "))

    converter.log = log_to(note)
    try:
        with without_remarks():
            converter.start()
    except (Exception, SystemExit) as error:  # nbgrader's own NbGraderException gives no reason
        return next(iter(reasons), f"{type(error).__name__}: {error}")
    return ""
