"""Makes the class of `grader demo`: fills handed-out folders in as `checks/NAME/demo.py` says, and hands them in.

A submission begins as a copy of the release. Its modules become those of the worked assignment, then functions that
were not written go back to what was handed out, and known mistakes and other changes are put in.
"""

from __future__ import annotations

import ast
import shutil
import zipfile
from pathlib import Path

import nbformat

from checks.core import Assignment
from checks.demo import HandIn

from ..classroom.exporter import grade_id_of
from ..classroom.handin.lms import zip_collect
from ..course import Course
from ..errors import GraderError
from ..grading.people import student_id
from ..reference.edits import apply, edits_of
from ..reference.instructor_only import load_beside
from ..reference.mistakes import load_mistakes
from ..reference.syntax import parse

FILE = "demo.py"
FIRST_NUMBER = 100_001
"""Of the numbers that a learning management system puts behind a name."""


def has_class(folder: Path) -> bool:
    """Whether `checks/NAME` says what the demo's class hands in."""
    return (folder / FILE).is_file()


def read_class(assignment: Assignment) -> tuple[HandIn, ...]:
    """What the class hands in to an assignment.

    Raises:
        GraderError: the file is not there or has no `CLASS`, two submissions would be one student's, or a mistake is
            not a known one.
    """
    file = assignment.folder / FILE
    module = load_beside(assignment, "demo")
    if module is None:
        raise GraderError(f"{file}: no class for the demo. Next: list its submissions there as CLASS.")
    handed_in: tuple[HandIn, ...] = getattr(module, "CLASS", ())
    students = [student_id(item.name) for item in handed_in]
    if not students or len(set(students)) < len(students):
        raise GraderError(f"{file}: expected a CLASS of submissions, each with its own name. Next: correct the list.")
    known = {mistake.id for mistake in load_mistakes(assignment)}
    for item in handed_in:
        for name in item.mistakes:
            if name not in known:
                raise GraderError(
                    f"{file}: {item.name!r} makes the mistake {name!r}, which is not a known one. Next: take "
                    "one that is."
                )
    return handed_in


def fill_in(item: HandIn, course: Course, assignment: Assignment, folder: Path) -> None:
    """Turn a copy of the release into one submission.

    Args:
        item: what is handed in.
        course: with its release and its worked assignment.
        assignment: what it is handed in to.
        folder: the copy.

    Raises:
        GraderError: a mistake, a change, a cell or a file is not there.
    """
    for name in assignment.modules:
        path = folder / assignment.package / name
        worked = course.solutions / assignment.name / assignment.package / name
        path.write_text(_module(item, assignment, path, worked.read_text(encoding="utf-8")), encoding="utf-8")
    _edit_notebook(item, folder / f"{assignment.name}.ipynb")
    for name in item.left_out:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def hand_in_class(course: Course, assignment: Assignment, handed_in: dict[Path, HandIn]) -> None:
    """Put each folder where its submission belongs: into `submitted/`, or into a Moodle export that is then collected.

    Args:
        course: the demo's.
        assignment: what is handed in to.
        handed_in: submissions by folder.

    Raises:
        GraderError: the export could not be collected.
    """
    through_moodle = {folder: item for folder, item in handed_in.items() if item.through_moodle}
    for folder, item in handed_in.items():
        if folder not in through_moodle:
            shutil.copytree(folder, course.submitted / student_id(item.name) / assignment.name)
    if through_moodle:
        archive = course.root / "downloaded" / assignment.name / "archive"
        archive.mkdir(parents=True)
        with zipfile.ZipFile(archive / "moodle.zip", "w", zipfile.ZIP_DEFLATED) as export:
            for number, (folder, item) in enumerate(through_moodle.items(), start=FIRST_NUMBER):
                inner = shutil.make_archive(
                    str(folder), "zip", root_dir=folder.parent, base_dir=folder.name, logger=None
                )
                export.write(inner, f"{item.name}_{number}_assignsubmission_file_/{folder.name}.zip")
        zip_collect(course, assignment.name)
    for item in handed_in.values():
        if not (course.submitted / student_id(item.name) / assignment.name).is_dir():
            raise GraderError(f"{item.name}: was handed in and did not arrive in submitted/. Next: report this fault.")


def _module(item: HandIn, assignment: Assignment, handed_out: Path, worked: str) -> str:
    """The source of one module as it is handed in."""
    text = worked
    if item.wrote is not None:
        text = _without(text, handed_out.read_text(encoding="utf-8"), set(assignment.functions) - set(item.wrote))
    made = [mistake for mistake in load_mistakes(assignment) if mistake.id in item.mistakes]
    edits = [edit for mistake in made for edit in edits_of(mistake)]
    for edit in [*edits, *item.changes]:
        if f"{edit.module}.py" == handed_out.name:
            text = apply(edit, text, handed_out)
    return text


def _without(text: str, handed_out: str, functions: set[str]) -> str:
    """A module with some of its functions and classes as they were handed out."""
    lines, other = text.splitlines(keepends=True), handed_out.splitlines(keepends=True)
    blank = _spans(handed_out)
    for name, (first, last) in sorted(_spans(text).items(), key=lambda item: item[1], reverse=True):
        if name in functions:
            start, end = blank[name]
            lines[first:last] = other[start:end]
    return "".join(lines)


def _spans(text: str) -> dict[str, tuple[int, int]]:
    """The lines of each function and class of a module, as a slice."""
    return {
        node.name: (node.lineno - 1, node.end_lineno)
        for node in parse(text).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.end_lineno is not None
    }


def _edit_notebook(item: HandIn, path: Path) -> None:
    """Delete the cells that were deleted, write the answers that were written."""
    if not (item.deleted_cells or item.answers):
        return
    notebook: nbformat.NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    cells = {grade_id_of(cell): cell for cell in notebook.cells}
    for name in (*item.deleted_cells, *(name for name, _ in item.answers)):
        if name not in cells:
            raise GraderError(f"{path.name}: expected a cell {name!r}, found none. Next: correct {FILE}.")
    for name, text in item.answers:
        cells[name].source = text
    notebook.cells = [cell for cell in notebook.cells if grade_id_of(cell) not in item.deleted_cells]
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
