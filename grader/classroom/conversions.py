"""Converts one submission of a class after another, and writes nothing to the gradebook.

The conversion is nbgrader's own, as `converter` has it, with the gradebook that `remembered` puts in the place of the
course's. The files in `autograded/` are written here; what the gradebook gets of the submission, and what the store
gets of its verdict, is for `entering`. So several may be converted at a time (`processes`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode, validator
from nbformat.v4 import writes_json
from nbgrader.utils import setenv
from traitlets.config import Config

from ..course import Course
from .converter import SubmissionConverter
from .exporter import verdict_of
from .gradebook import course_directory, run_converter
from .prepared import Prepared
from .remembered import HandedOut, Remembered, in_place_of_the_gradebook
from .results import Record, record_bytes


@dataclass(frozen=True)
class Converted:
    """What became of one submission."""

    student: str
    problem: str = ""
    """Why it was not converted; empty if it was."""
    said: Remembered | None = None
    """What the gradebook gets."""
    record: bytes = b""
    """What the store gets, once the gradebook has that."""
    needs_gradebook: bool = False
    """That one of the course's own steps asks the gradebook for more, so that it has to be converted with that."""


def convert(ready: Prepared, config: Config, handed: HandedOut) -> Converted:
    """Convert a submission.

    Args:
        ready: the submission.
        config: the course's.
        handed: what the gradebook holds of the assignment.
    """
    student = ready.verdict.result.student
    coursedir = course_directory(config, handed.name, student)
    with in_place_of_the_gradebook(handed, student) as said:
        converter = OneOfAClass(coursedir=coursedir, config=config, force=True, prepared=ready)
        problem = run_converter(converter)
    if said.asked_for_more:
        return Converted(student, problem, needs_gradebook=True)
    if problem or converter.record is None:
        return Converted(student, problem or "it was passed over, as the course's configuration says")
    return Converted(student, "", said, record_bytes(converter.record))


class OneOfAClass(SubmissionConverter):
    """Converts a submission whose verdict is known, in one pass: nbgrader writes the notebook and reads it half way."""

    record: Record | None = None
    """The verdict as it is stored, when all is done."""

    def set_permissions(self, assignment_id: str, student_id: str) -> None:
        """Leave the verdict to be stored once the gradebook has it."""
        super(SubmissionConverter, self).set_permissions(assignment_id, student_id)
        self.record = verdict_of(self).to_record()

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Convert one notebook: all steps in a row, then it is written."""
        path = Path(notebook_filename)
        notebook = self._through(path, self.exporter.opened(self, path))
        folder = self._format_dest(self.coursedir.assignment_id, verdict_of(self).result.student)
        self._sanitizing = False
        try:
            with setenv(NBGRADER_EXECUTION="autograde"):
                notebook = self._through(Path(folder) / path.name, notebook)
            validator.validate(notebook, relax_add_props=True)
            resources = self.init_single_notebook_resources(str(Path(folder) / path.name))
            resources["output_extension"] = self.exporter.file_extension
            output: str = writes_json(notebook)  # type: ignore[no-untyped-call]
            self.write_single_notebook(output if output.endswith("\n") else f"{output}\n", resources)
        finally:
            self._sanitizing = True

    def _through(self, path: Path, notebook: NotebookNode) -> NotebookNode:
        """What the steps make of a notebook at a path: those before it is graded, or those after; a copy."""
        resources = self.init_single_notebook_resources(str(path))
        resources["metadata"] = {"name": path.stem, "path": str(path.parent)}
        self._init_preprocessors()
        resources = self.exporter._init_resources(resources)
        _, notebook = validator.normalize(notebook)
        for step in self.exporter._preprocessors:
            notebook, resources = step(notebook, resources)
        return notebook

    def _automatic_scores(
        self, assignment_id: str, student_id: str, restore: dict[str, float | None] | None = None
    ) -> dict[str, float | None]:
        return {}

    def _enter_name(self, course: Course, student_id: str) -> None:
        pass
