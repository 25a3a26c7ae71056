"""The verdict as nbgrader's scoring takes it, and its way into the gradebook."""

from __future__ import annotations

from html import escape
from math import isfinite
from typing import Any

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_markdown_cell
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import SaveAutoGrades

from checks import report

from ...errors import GraderError
from ...text import in_each
from ..exporter import grade_id_of, verdict_of
from ..pages.html import STAYS_INSIDE, plain, tame
from ..results import Note
from ..verdicts import GradedSubmission
from .step import Resources, Step

SUMMARY = "grader-summary"
"""Id of the first cell of a graded notebook."""


class TrustedVerdict(Step):
    """Each graded cell's outputs become the verdict: a page to read, then the points as nbgrader's scoring takes them.

    `nbgrader.utils.determine_grade` reads an `execute_result` as a float, gives full points for what is no number, and
    0 for any text on stderr; so nothing of what the cell had put out stays. A graded cell without a verdict is worth 0.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Write the verdict into one notebook.

        Raises:
            GraderError: cells and checks do not match, so that no score would be right.
        """
        verdict = self.verdict
        cells = {grade_id_of(cell): cell for cell in nb.cells if utils.is_grade(cell) and not utils.is_solution(cell)}
        for function in verdict.result.functions:
            if function not in cells:
                raise GraderError(
                    f"{verdict.assignment.name}.ipynb: expected a graded cell {function!r}, found none. Next: run "
                    f"`grader release {verdict.assignment.name}`."
                )
        for function, cell in cells.items():
            if function in verdict.result.functions:
                cell.outputs = _outputs(verdict, function, float(cell.metadata.nbgrader["points"]))
            else:
                text = in_each(self.verdict.course.settings.languages, Note("no_verdict"))
                cell.outputs = [_page(f"<p>{escape(text)}</p>", text), _points(0.0)]
            cell.execution_count = None
        verdict.summary = _summary(verdict)
        nb.cells.insert(0, verdict.summary)
        return nb, resources


def _outputs(verdict: GradedSubmission, function: str, cell_points: float) -> list[NotebookNode]:
    points, max_points = verdict.result.function_score(function)
    if not (isfinite(points) and 0 <= points <= max_points and abs(max_points - cell_points) < 1e-9):
        raise GraderError(
            f"{verdict.assignment.name}.ipynb: the cell {function!r} is worth {cell_points:g} points and its checks "
            f"gave {points:g} of {max_points:g}. Next: run `grader release {verdict.assignment.name}`."
        )
    html, text = (tame(form) for form in (report.html(verdict.result, function), report.text(verdict.result, function)))
    return [_page(html, text), _points(points)]


def _page(html: str, text: str) -> NotebookNode:
    return _output("display_data", data={"text/html": html, "text/plain": text})


def _points(points: float) -> NotebookNode:
    # `repr` of a plain float: numpy's own would read as no number, which nbgrader takes for full points.
    return _output("execute_result", data={"text/plain": repr(float(points))}, execution_count=None)


def _output(output_type: str, **fields: Any) -> NotebookNode:
    # Held against the format with the whole notebook, which is much cheaper.
    output: NotebookNode = from_dict({"output_type": output_type, "metadata": {}, **fields})  # type: ignore[no-untyped-call]
    return output


def _summary(verdict: GradedSubmission) -> NotebookNode:
    """The first cell of a graded notebook: automatic points, and what the reader should know."""
    result = verdict.result
    total = Note("automatic_points", {"score": f"{result.score:g}", "max_score": f"{result.max_score:g}"})
    languages = verdict.course.settings.languages
    lines = [f"**{plain(in_each(languages, total))}**"]
    lines += [plain(tame(in_each(languages, note))) for note in verdict.notes]
    lines += [plain(tame(warning)) for warning in result.warnings]
    cell: NotebookNode = new_markdown_cell("\n\n".join([*lines, STAYS_INSIDE]), id=SUMMARY)  # type: ignore[no-untyped-call]
    return cell


class SaveScores(SaveAutoGrades):  # type: ignore[misc]
    """nbgrader's own step in one transaction: it commits cell by cell, and half of the points could be old ones.

    An answer whose cell is untouched is 0 to nbgrader. Where it may be elsewhere in the submission, a person decides.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Enter the points of one notebook."""
        names = resources["nbgrader"]
        self.notebook_id, self.assignment_id = names["notebook"], names["assignment"]
        self.student_id, self.db_url = names["student"], names["db_url"]
        with Gradebook(self.db_url) as self.gradebook:
            commit = self.gradebook.db.commit
            self.gradebook.db.commit = self.gradebook.db.flush
            try:
                for index, cell in enumerate(nb.cells):
                    nb.cells[index], resources = self.preprocess_cell(cell, resources, index)
                for answer in verdict_of(self.parent.parent).waiting:
                    self._let_wait(answer)
            finally:
                self.gradebook.db.commit = commit
            commit()
        return nb, resources

    def _let_wait(self, answer: str) -> None:
        names = answer, self.notebook_id, self.assignment_id, self.student_id
        grade = self.gradebook.find_grade(*names)
        grade.auto_score = None
        grade.needs_manual_grade = True
        self.gradebook.find_comment(*names).auto_comment = None
