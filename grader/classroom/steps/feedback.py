"""What a feedback page holds besides the graded notebook, and what not."""

from __future__ import annotations

import re
import shutil
from html import escape
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from nbgrader import utils
from nbgrader.api import Gradebook

from checks.language import Catalogue

from ...course import Course, course_of
from ...errors import GraderError
from ...text import sentences
from ..exporter import grade_id_of, released_notebook
from ..feedback import stale_banner
from ..late import Late
from ..pages.overview import Task, overview
from ..results import Record, read_record, staleness
from .step import Resources, Step


class HtmlOnly(Step):
    """Take out of `feedback/` what nbgrader copied there beside the pages: modules, checks and data of the student."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Clean the feedback folder of one submission, before its page is written."""
        names = resources["nbgrader"]
        source = Path(self.converter._format_source(names["assignment"], names["student"]))
        pages = {f"{notebook.stem}.html" for notebook in source.glob("*.ipynb")}
        folder = self.destination(resources)
        if folder.is_dir():
            for path in folder.iterdir():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                elif path.name not in pages:
                    path.unlink()
        return nb, resources


class SayStale(Step):
    """Say at the head of a page that its points no longer count; `grader.classroom.results` says when that is so."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Add the banner in front of one page, if its verdict is stale."""
        names, course = resources["nbgrader"], course_of(self.converter)
        record = read_record(course, names["assignment"], names["student"])
        if record is None or staleness(course, record):
            cell: NotebookNode = new_markdown_cell(stale_banner(course), id="stale")  # type: ignore[no-untyped-call]
            nb.cells.insert(0, cell)
        return nb, resources


class FitFigures(Step):
    """Let a figure be no wider than the feedback page, whose style sheet in nbgrader has no rule for it."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Add the rule in front of one page."""
        rule = "<style>.jp-RenderedImage img, .output_png img, .output_area img { max-width: 100%; }</style>"
        cell: NotebookNode = new_markdown_cell(rule, id="fit-figures")  # type: ignore[no-untyped-call]
        nb.cells.insert(0, cell)
        return nb, resources


class Overview(Step):
    """Begin the page with a box: points for each task, each mistake once, links to the cells.

    After `GetGrades`, whose points it shows, and for the template of `FeedbackExporter`.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Make the box of one page, and take away what only nbgrader's scoring reads."""
        names, course = resources["nbgrader"], course_of(self.converter)
        try:
            record = read_record(course, names["assignment"], names["student"])
        except GraderError:  # what is no record is treated as no verdict
            record = None
        say = sentences(record.result.language if record else course.language)
        titles = question_titles(_spoken(course, names["assignment"], record), names["assignment"], names["notebook"])
        classic = names["assignment"] in course.classic
        waiting, by = _in_the_gradebook(names)
        tasks = []
        for cell in nb.cells:
            if not classic:
                without_bare_points(cell)
            answered = _in_words(cell, say)
            if utils.is_grade(cell) or utils.is_task(cell):
                own = cell.metadata.nbgrader
                name = str(own.grade_id)
                tasks.append(
                    Task(
                        name,
                        titles.get(name, name),
                        float(own.score),
                        float(own.points),
                        name in waiting,
                        bool(own.get("comment")) and answered,
                        "" if answered else say("page_no_response"),
                    )
                )
        result = record.result if record else None
        resources["overview"] = overview(say, names["assignment"], tasks, by, result)
        words = ("page_answer", "page_comment", "page_points", "page_top")
        resources["waiting"] = waiting
        resources["words"] = {word: escape(say(word)) for word in words}
        return nb, resources


def _spoken(course: Course, assignment: str, record: Record | None) -> Course:
    """The course in the page's language, if it handed the assignment out in it."""
    said = [
        one for one in course.released_in(assignment) if record and one.settings.languages[0] == record.result.language
    ]
    return said[0] if said else course


def _in_words(cell: NotebookNode, say: Catalogue) -> bool:
    """Say in the page's language what nbgrader says of an answer that was not written; whether it was written."""
    own = cell.metadata.get("nbgrader", {})
    if own.get("comment") != _NO_RESPONSE:
        return True
    own["comment"] = say("page_no_response")
    return False


def without_bare_points(cell: NotebookNode) -> None:
    """Take a check cell's number away, which is there for nbgrader's scoring and says nothing to a reader."""
    if cell.cell_type == "code" and utils.is_grade(cell) and not utils.is_solution(cell):
        cell.outputs = [output for output in cell.outputs if output.output_type != "execute_result"]


def question_titles(course: Course, assignment: str, notebook: str) -> dict[str, str]:
    """What each answer is called: the bold words with which the cell before it begins, by `grade_id`.

    From the notebook as it was handed out, since a student can put other cells between.
    """
    return titles_in(released_notebook(course, assignment, notebook))


def titles_in(notebook: NotebookNode) -> dict[str, str]:
    """The same of any notebook."""
    titles = {}
    before = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and utils.is_grade(cell) and (found := _BOLD.match(before)):
            titles[grade_id_of(cell)] = found[1].rstrip(".: ")
        before = cell.source
    return titles


_NO_RESPONSE = "No response."
"""The comment that `nbgrader.api.Comment` gives to an answer as it was handed out."""
_BOLD = re.compile(r"\*\*([^*\n]{1,80}?)(?:\s*\([^()*]*\))?[.:]?\*\*")


def _in_the_gradebook(names: dict[str, str]) -> tuple[set[str], Late]:
    """The cells that a person has still to read, and how late this notebook is, with its own part of the penalty."""
    with Gradebook(names["db_url"]) as gradebook:
        notebook = gradebook.find_submission_notebook(names["notebook"], names["assignment"], names["student"])
        waiting = {grade.name for grade in notebook.grades if grade.needs_manual_grade}
        seconds = float(notebook.assignment.total_seconds_late)
        return waiting, Late(seconds, float(notebook.late_submission_penalty or 0.0))
