"""Grades assignments of nbgrader's own kind (`grader.classic`): by nbgrader's converter, in the notebook's sandbox.

The steps are nbgrader's, and so is the score. Two are ours: what runs the notebook, and what makes the student's text
inert before it is kept. A verdict counts once its record is written, as for any other assignment.
"""

from __future__ import annotations

import fnmatch
import shutil
import time
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_output
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, BaseConverter
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    DeduplicateIds,
    LimitOutput,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from traitlets import Any as AnyTrait
from traitlets import Bool

from checks.result import CheckResult, Result, Status

from ..classic import ClassicAssignment, cell_name
from ..course import course_of
from ..errors import GraderError
from ..grading.files import files_in, stamp_of
from ..sandbox.choose import choose
from ..text import sentences
from .exporter import SubmissionExporter, grade_id_of, released_notebook
from .kept_open import commit_all
from .pages.bounded import at_hand
from .pages.html import STAYS_INSIDE, plain
from .pages.notebook import NotebookBounds, run_notebook
from .pages.reading import read_notebook
from .results import INSIDE, UNFINISHED, Note, Record, digest_checks, digest_submission, mark_stale, write_record
from .runs import only_one, unfinished
from .server import only_one_on_server
from .steps.for_reading import inert_cells, show
from .steps.scoring import SUMMARY

MAX_BYTES = 200_000_000
"""Bytes of files beside the notebooks that are carried over."""


class ClassicExporter(SubmissionExporter):
    """Opens the notebook of a submission as data, with bounds, and in the second pass the one of `autograded/`."""

    def opened(self, converter: Any, path: Path) -> NotebookNode:
        """The submitted notebook, and no other.

        Raises:
            GraderError: it cannot be read.
        """
        released = released_notebook(course_of(converter), converter.assignment.name, path.stem)
        handed_out = {grade_id for cell in released.cells if (grade_id := grade_id_of(cell))}
        try:
            reading = read_notebook(path, handed_out | {cell.id for cell in released.cells if "id" in cell})
        except ValueError as error:
            raise GraderError(
                f"{path}: expected a notebook, found something else ({error}). Next: ask for it again."
            ) from None
        return reading.notebook


class RunInside(NbGraderPreprocessor):  # type: ignore[misc]
    """Run every cell in the sandbox. A cell with asserts that was not run to its end is an error, and so earns 0."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Run one notebook, and keep for the record what its graded cells raise."""
        converter: ClassicConverter = self.parent.parent
        names = resources["nbgrader"]
        cells = [cell for cell in nb.cells if cell.cell_type == "code"]
        for cell in cells:
            cell.outputs, cell.execution_count = [], None
        folder = Path(converter._format_dest(names["assignment"], names["student"]))
        bounds = NotebookBounds(seconds=converter.seconds)
        # What cannot be run at all is the kit's fault: it is raised, and nothing is scored.
        remark = run_notebook(cells, folder, converter.launcher, bounds, course_of(converter))
        ran = [cell for cell in cells if cell.execution_count is not None]
        if remark:
            if remark not in converter.notes:
                converter.notes.append(remark)
            ran = ran[:-1]
        ended = {id(cell) for cell in ran}
        for cell in cells:
            if id(cell) not in ended:
                text = sentences("en")("not_run_to_its_end")
                cell.outputs.append(new_output("error", ename="NotRun", evalue=text, traceback=[text]))  # type: ignore[no-untyped-call]
            if error := next((output for output in cell.outputs if output.output_type == "error"), None):
                said = f"{error.ename}: {error.evalue}".splitlines()[0]
                converter.raised[names["notebook"], grade_id_of(cell)] = said
        return nb, resources


class KeepInert(NbGraderPreprocessor):  # type: ignore[misc]
    """Leave nothing in the student's text that would run in its reader's browser, and say first how it was graded."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Change one notebook, after its points are in the gradebook."""
        converter: ClassicConverter = self.parent.parent
        released = released_notebook(course_of(converter), converter.assignment.name, resources["nbgrader"]["notebook"])
        for cell, shown in zip(nb.cells, inert_cells(nb.cells, released), strict=True):
            show(cell, shown)
        say = sentences(course_of(converter).language)
        text = "\n\n".join([f"**{plain(say(note.key, **note.names))}**" for note in converter.notes] + [STAYS_INSIDE])
        nb.cells.insert(0, new_markdown_cell(text, id=SUMMARY))  # type: ignore[no-untyped-call]
        return nb, resources


class _PlainFiles(BaseConverter):  # type: ignore[misc]
    """Copies the plain files beside the notebooks, where nbgrader follows links and copies whatever there is."""

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        source = Path(self._format_source(assignment_id, student_id))
        destination = Path(self._format_dest(assignment_id, student_id))
        left = MAX_BYTES
        for path in files_in(source):
            ignored = any(fnmatch.fnmatch(path.name, pattern) for pattern in [*self.coursedir.ignore, "*.ipynb"])
            left -= 0 if ignored else path.stat().st_size
            if not ignored and left >= 0:
                target = destination / path.relative_to(source)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)


class ClassicConverter(Autograde, _PlainFiles):  # type: ignore[misc]
    """nbgrader's converter for the submissions to one classic assignment."""

    launcher = AnyTrait(None, allow_none=True, help="The sandbox; what `choose` finds if None.")
    alone = Bool(False, help="Whether the caller keeps other graders away.")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # What the course's configuration names is for its other assignments.
        self.exporter_class = ClassicExporter
        self.sanitize_preprocessors = [
            ClearOutput,
            DeduplicateIds,
            OverwriteKernelspec,
            OverwriteCells,
            CheckCellMetadata,
        ]
        self.autograde_preprocessors = [
            RunInside, LimitOutput, SaveAutoGrades, AssignLatePenalties, CheckCellMetadata, KeepInert,
        ]  # fmt: skip
        course = course_of(self)
        found = course.assignment(str(self.coursedir.assignment_id))
        assert isinstance(found, ClassicAssignment)
        self.assignment = found
        self.seconds = int(self.config.ExecuteForReading.get("total", NotebookBounds.seconds))
        self.notes: list[Note] = []
        """Remarks on the submission that is converted now."""
        self.raised: dict[tuple[str, str], str] = {}
        """What its cells raised, by notebook and cell."""
        self.began = 0.0

    def convert_notebooks(self) -> None:
        """One grader at a time."""
        if self.alone:
            super().convert_notebooks()
            return
        name = self.assignment.name
        with only_one(course_of(self), name), only_one_on_server(self.coursedir.db_url, name), at_hand():
            super().convert_notebooks()

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """Begin with a submission: an earlier verdict no longer counts."""
        mark_stale(course_of(self), assignment_id, student_id, UNFINISHED)
        self.launcher = self.launcher or choose(course=course_of(self))
        self.notes, self.raised, self.began = [Note(INSIDE)], {}, time.monotonic()
        super().init_assignment(assignment_id, student_id)

    def set_permissions(self, assignment_id: str, student_id: str) -> None:
        """Store the verdict once everything else is done: from here on it counts."""
        super().set_permissions(assignment_id, student_id)
        commit_all()
        course = course_of(self)
        stamp = stamp_of(course.submitted / student_id / assignment_id)
        write_record(
            course,
            Record(
                self._result(student_id),
                digest_submission(course, self.assignment, student_id),
                digest_checks(course, self.assignment),
                tuple(self.notes),
                run=unfinished(course, assignment_id),
                stamp=stamp,
            ),
        )

    def _result(self, student: str) -> Result:
        """What the gradebook holds now, cell by cell."""
        held: dict[str, CheckResult] = {}
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            submission = gradebook.find_submission(self.assignment.name, student)
            for notebook in submission.notebooks:
                for grade in notebook.grades:
                    name = cell_name(notebook.name, grade.name, len(submission.notebooks))
                    if name not in self.assignment.cells:
                        continue
                    points, most = float(grade.auto_score or 0.0), float(grade.max_score)
                    message = self.raised.get((notebook.name, grade.name), "")
                    status: Status = "passed" if points >= most else "failed"
                    held[name] = CheckResult(f"{name}.cell", name, points, most, status, message)
        language = course_of(self).language
        say = sentences(language)
        return Result(
            self.assignment.name,
            student,
            tuple(held[name] for name in self.assignment.cells if name in held),
            self.launcher.name,
            time.monotonic() - self.began,
            tuple(say(note.key, **note.names) for note in self.notes),
            language,
        )
