"""What only an instructor reads: model answer and rubric on formgrader's page, at the student's answer.

    c.HTMLExporter.preprocessors = ["grader.plugins.ModelAnswers"]

formgrader makes its pages again each time one is looked at, with an `HTMLExporter`; nothing of this is ever written.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from nbgrader import utils
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor

from ...course import Course
from ...errors import GraderError
from ...text import Note, in_each
from ...translation.catalogue import place
from ...translation.notebook import translated
from ..exporter import grade_id_of, released_notebook
from .feedback import without_bare_points
from .step import Resources

_TEMPLATE = "formgrade"
_FRAME = "border-left:6px solid #00684b;padding:.2em 1em"
_MARKS = re.compile(r"^.*(?:BEGIN|END) (?:SOLUTION|MARK SCHEME).*\n?", re.MULTILINE)
"""Lines that are there for nbgrader, which cuts out what is between them."""


class ModelAnswers(NbGraderPreprocessor):  # type: ignore[misc]
    """Put the model answer, with its rubric, below each answer that a person grades."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Change formgrader's page; leave every other page as it is."""
        if not self._is_formgraders(resources):
            return nb, resources
        course = Course(Path(CourseDirectory(config=self.config).root))
        classic = resources["assignment_id"] in course.classic
        answers = model_answers(_spoken(course, resources["assignment_id"], nb), resources["assignment_id"])
        cells = []
        for cell in nb.cells:
            if not classic:
                without_bare_points(cell)
            cells.append(cell)
            if answer := answers.get(grade_id_of(cell)):
                below: NotebookNode = new_markdown_cell(answer, id=f"model-{len(cells)}")  # type: ignore[no-untyped-call]
                cells.append(below)
        nb.cells = cells
        return nb, resources

    def _is_formgraders(self, resources: Resources) -> bool:
        """Whether the page is formgrader's, which knows a submission by its id and is written nowhere."""
        template = getattr(self.parent, "template_name", "")
        return template == _TEMPLATE and "submission_id" in resources and "nbgrader" not in resources


def _spoken(course: Course, assignment: str, nb: NotebookNode) -> Course:
    """The course in the language of the release that a notebook shares most cells with."""
    releases = course.released_in(assignment)
    if not releases[1:]:
        return course
    own = {cell.source for cell in nb.cells}
    known = [{cell.source for cell in released_notebook(one, assignment).cells} for one in releases]
    return max(zip(releases, known, strict=True), key=lambda pair: len(own & pair[1]))[0]


def model_answers(course: Course, assignment: str) -> dict[str, str]:
    """What the source notebook answers to each question, as markdown in a frame, by `grade_id`; empty without one.

    In the course's first language where the notebook is translated to it, whole; else as it was written.
    """
    language = course.settings.translates_to
    paths = [course.notebook(assignment), *([place(course, assignment, language)] if language else ())]
    try:
        stamps = tuple((path.stat().st_mtime_ns, path.stat().st_size) for path in paths if path.is_file())
        return _read(course, course.settings.languages, assignment, stamps)
    except Exception:  # there is none, or it is no notebook: the page is as good as before
        return {}


@lru_cache(maxsize=4)
def _read(
    course: Course, languages: tuple[str, ...], assignment: str, _stamps: tuple[tuple[int, int], ...]
) -> dict[str, str]:
    title = in_each(languages, Note("model_answer"))
    found = {}
    source: NotebookNode = nbformat.read(course.notebook(assignment), as_version=4)  # type: ignore[no-untyped-call]
    with suppress(GraderError):
        source = translated(source, course, assignment)
    for cell in source.cells:
        graded = utils.is_grade(cell) and utils.is_solution(cell)
        if cell.cell_type == "markdown" and (graded or utils.is_task(cell)):
            text = _MARKS.sub("", cell.source).strip()
            found[grade_id_of(cell)] = f'<div style="{_FRAME}">\n\n**{title}**\n\n{text}\n\n</div>'
    return found
