"""What a feedback page holds besides the graded notebook, and what not."""

from __future__ import annotations

import shutil
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from ...course import course_of
from ..feedback import stale_banner
from ..results import read_record, staleness
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
            cell: NotebookNode = new_markdown_cell(stale_banner(), id="stale")  # type: ignore[no-untyped-call]
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
