"""Which notebook is taken for the submitted one, and how nbgrader's converters get it.

`nbgrader_config.py` names `SubmissionExporter`, and the command line, the Python API and formgrader all construct their
converter with it.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from traitlets import default

from ..course import Course
from ..errors import GraderError
from ..grading.files import files_in
from ..plugins import name_of
from ..text import listed, shown
from .pages.documents import documents_in
from .pages.reading import MAX_NOTEBOOK, Reading, read_notebook
from .prepared import SubmittedNotebook
from .results import Note
from .verdicts import GradedSubmission, submission_folder

MAX_OTHERS = 20
"""Notebooks of another name that are looked at where the right one is missing."""


class SubmissionExporter(NotebookExporter):
    """Opens the notebook of a submission, or the released one where the submission has none that can be read."""

    @default("optimistic_validation")
    def _validated_at_the_end(self) -> bool:
        """Not after each step, too, which takes longer than the steps do."""
        return True

    def from_filename(self, filename: str, resources: dict[str, Any] | None = None, **kw: Any) -> Any:
        """Convert a notebook of `submitted/`, and in the second pass the one of `autograded/`."""
        converter: Any = self.parent
        if not converter._sanitizing:
            return super().from_filename(filename, resources, **kw)
        path = Path(filename)
        resources = resources if resources is not None else {}
        resources["metadata"] = {"name": path.stem, "path": str(path.parent)}
        return self.from_notebook_node(self.opened(converter, path), resources, **kw)  # type: ignore[no-untyped-call]

    def opened(self, converter: Any, path: Path) -> NotebookNode:
        """The notebook that is taken for the one at a path of `submitted/`."""
        verdict = verdict_of(converter)
        known = converter.prepared.submitted if converter.prepared and path.stem == verdict.assignment.name else None
        submitted = known or submitted_notebook(path, verdict)
        for note in submitted.notes:
            verdict.note(note.key, **note.names)
        verdict.answers_elsewhere = [*submitted.elsewhere]
        return submitted.notebook


def verdict_of(converter: Any) -> GradedSubmission:
    """The verdict on the submission that a converter is at.

    Raises:
        GraderError: there is none, since the configuration lacks our exporter.
    """
    verdict = converter.verdict if converter.has_trait("verdict") else None
    if not isinstance(verdict, GradedSubmission):
        raise GraderError(
            f"nbgrader_config.py: expected Autograde.exporter_class = {name_of('SubmissionExporter')!r}, found "
            f"{converter.exporter_class.__name__}. Next: restore that line; no score was written."
        )
    return verdict


def submitted_notebook(path: Path, verdict: GradedSubmission) -> SubmittedNotebook:
    """The submitted notebook; else the only other one of this assignment; else the released one.

    Args:
        path: where it should be.
        verdict: on the submission; not changed.

    Raises:
        GraderError: there is no released notebook.
    """
    released = released_notebook(verdict.course, verdict.assignment.name)
    handed_out = {*graded_ids(released)} | {cell.id for cell in released.cells}
    if not os.path.lexists(path):
        path = verdict.root / path.name
    handed_out_folder = verdict.course.release / verdict.assignment.name
    folder = submission_folder(verdict.course, verdict.assignment.name, verdict.result.student)
    expected = {path, *(path.parent / known.name for known in handed_out_folder.glob("*.ipynb"))}
    others = [other for other in files_in(folder) if other.suffix.lower() == ".ipynb" and other not in expected]
    documents = documents_in(folder, handed_out_folder)
    reading, notes = None, []
    if os.path.lexists(path):
        try:
            reading = read_notebook(path, handed_out)
        except ValueError as error:
            notes.append(Note("unreadable_notebook", {"name": path.name, "problem": str(error)}))
    ours, foreign = _of_this_assignment(others, released, handed_out)
    if reading is None and not notes and len(ours) == 1:
        [(other, reading)] = ours.items()
        ours = {}
        documents.append(shown(other.relative_to(folder).as_posix()))
        notes.append(Note("other_notebook", {"name": path.name, "found": documents[-1]}))
    found = [shown(other.relative_to(folder).as_posix()) for other in (*ours, *foreign)]
    if found:
        notes.append(Note("further_notebooks", {"files": listed(found)}))
    if reading is None:
        if not notes or notes[0].key != "unreadable_notebook":
            notes.append(Note("no_notebook", {"name": path.name}))
        return SubmittedNotebook(released, notes, (path.name, *found, *documents))
    if reading.left_out:
        notes.append(Note("cells_left_out", {"count": str(reading.left_out)}))
        documents.append(path.name)
    if reading.cut:
        notes.append(Note("cells_cut", {"count": str(reading.cut)}))
    if reading.replaced:
        notes.append(Note("characters_replaced"))
    return SubmittedNotebook(reading.notebook, notes, (*found, *documents))


def _of_this_assignment(
    others: Sequence[Path], released: NotebookNode, handed_out: Collection[str]
) -> tuple[dict[Path, Reading], list[Path]]:
    """Of further notebooks those that hold graded cells and are not as they were handed out, and those unread."""
    ours: dict[Path, Reading] = {}
    unread: list[Path] = []
    left = MAX_NOTEBOOK
    known = {*graded_ids(released)}
    sources = [cell.source for cell in released.cells]
    for other in others:
        try:
            left -= other.lstat().st_size
            reading = read_notebook(other, handed_out) if left >= 0 and len(ours) < MAX_OTHERS else None
        except (OSError, ValueError):
            reading = None
        if reading is None:
            unread.append(other)
        elif [cell.source for cell in reading.notebook.cells] != sources:
            if known.intersection(graded_ids(reading.notebook)):
                ours[other] = reading
            else:
                unread.append(other)
    return ours, unread


def released_notebook(course: Course, assignment: str, notebook: str = "") -> NotebookNode:
    """A notebook as it was handed out, that of the assignment's name if none is named; not to be changed.

    Raises:
        GraderError: it is not in `release/`.
    """
    path = course.release / assignment / f"{notebook or assignment}.ipynb"
    try:
        status = path.stat()
        return _read(path, status.st_mtime_ns, status.st_size)
    except Exception:  # there is none, or it is no notebook
        raise GraderError(
            f"{path}: expected the released notebook, found none that can be read. Next: run "
            f"`grader release {assignment}`."
        ) from None


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int, _size: int) -> NotebookNode:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook, relax_add_props=True)
    return notebook


def graded_ids(notebook: NotebookNode) -> list[str]:
    """The `grade_id` of every cell of a notebook that has one."""
    return [grade_id for cell in notebook.cells if (grade_id := grade_id_of(cell))]


def grade_id_of(cell: NotebookNode) -> str:
    """A cell's `grade_id`, or an empty string: a student's metadata may be anything."""
    metadata = cell.metadata.get("nbgrader")
    grade_id = metadata.get("grade_id") if isinstance(metadata, dict) else None
    return grade_id if isinstance(grade_id, str) else ""
