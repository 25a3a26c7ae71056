"""What a person reads of a notebook: its outputs, from the sandbox, and nothing that runs in a browser."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

from nbformat import NotebookNode
from nbgrader import utils
from traitlets import Integer, Unicode

from ...course import Course
from ...sandbox.choose import choose
from ...sandbox.launch import Launcher
from ...sandbox.warm import Orphaned
from ...surroundings import without_secrets
from ...text import sentences
from ..exporter import grade_id_of, released_notebook
from ..pages.bounded import Inert
from ..pages.html import as_text, attached_pictures, page_ids
from ..pages.notebook import NotebookBounds, data_cache, run_notebook
from ..prepared import InertCell, RunNotebook
from ..results import Note
from .step import Resources, Step


class ExecuteForReading(Step):
    """Run the notebook in the sandbox for a reader; whatever goes wrong is noted, and grading goes on."""

    total = Integer(NotebookBounds.seconds, help="Seconds for the whole notebook.").tag(config=True)
    max_output = Integer(NotebookBounds.cell, help="Bytes of output that are kept of one cell.").tag(config=True)
    prepare = Unicode(
        help="Python that loads the course's data; it is run once, in the course's folder and outside the sandbox, "
        "where nothing is in the cache that notebooks read."
    ).tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Run every code cell but the graded ones, whose output is the verdict."""
        verdict = self.verdict
        cells = cells_to_run(nb)
        run = self.prepared.run if self.prepared else None
        if run is None or [cell.source for cell in run.cells] != [cell.source for cell in cells]:
            self.fill_cache(verdict.course)
            launcher = self.prepared.launcher if self.prepared else None
            run = RunNotebook(
                cells, run_cells(cells, self.destination(resources), launcher, self.bounds, verdict.course)
            )
        for cell, ran in zip(cells, run.cells, strict=True):
            cell.outputs, cell.execution_count = ran.outputs, ran.execution_count
        if run.remark:
            problem = sentences("en")(run.remark.key, **run.remark.names)
            self.log.warning("%s: %s", verdict.result.student, problem)
            verdict.note(run.remark.key, **run.remark.names)
        return nb, resources

    @property
    def bounds(self) -> NotebookBounds:
        """What one notebook may use up."""
        return replace(NotebookBounds(), seconds=self.total, cell=self.max_output)

    def fill_cache(self, course: Course) -> None:
        """Load the course's data, if there is none yet where notebooks look for it."""
        if self.prepare:
            with suppress(Exception):  # a notebook that misses them says so itself
                fill_cache(course, self.prepare)


def cells_to_run(nb: NotebookNode) -> list[NotebookNode]:
    """Every code cell but the graded ones, whose output is the verdict."""
    return [cell for cell in nb.cells if cell.cell_type == "code" and not utils.is_grade(cell)]


def run_cells(
    cells: Sequence[NotebookNode], folder: Path, launcher: Launcher | None, bounds: NotebookBounds, course: Course
) -> Note | None:
    """Run cells; return why not all of them were, whatever it was."""
    try:
        with suppress(Orphaned):
            return run_notebook(cells, folder, launcher or choose(course=course), bounds, course)
        return run_notebook(cells, folder, choose(course=course), bounds, course)
    except Exception as error:
        return Note("kernel_failed", {"problem": f"{type(error).__name__}: {error}".splitlines()[0][:300]})


@cache
def fill_cache(course: Course, code: str) -> None:
    """Load a course's data with its own code, once in a process, if there is none yet where notebooks look for it."""
    folder = data_cache(course)
    if not (folder.is_dir() and any(folder.iterdir())):
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=course.root,
            env=without_secrets() | {"FUNKCIJE_OFFLINE": "1"},
            capture_output=True,
            timeout=300,
            check=False,
        )


class MakeInert(Step):
    """Leave nothing in the submission's own text that would run in its reader's browser.

    After the points are in the gradebook, since nbgrader knows an answer that was not touched by its very characters.
    What the released notebook holds stays as it is; outputs were made inert when they came.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Change what has to be changed in one notebook."""
        verdict = self.verdict
        cells = [cell for cell in nb.cells if cell is not verdict.summary]
        inert = self.prepared.inert if self.prepared else None
        if inert is None or [cell.source for cell in cells] != [shown.original for shown in inert]:
            inert = inert_cells(cells, released_notebook(verdict.course, verdict.assignment.name))
        for cell, shown in zip(cells, inert, strict=True):
            show(cell, shown)
            if shown.as_text:
                verdict.note("shown_as_text")
        return nb, resources


def show(cell: NotebookNode, shown: InertCell) -> None:
    """Put into a cell what its reader gets."""
    cell.source = shown.source
    if shown.attachments is not None:
        cell.attachments = shown.attachments
    if shown.plain:
        cell.metadata["magics_language"] = "text"


def inert_cells(cells: Sequence[NotebookNode], released: NotebookNode) -> list[InertCell]:
    """How each cell of a notebook is shown.

    Args:
        cells: of a submitted notebook, put back as they were handed out; not changed.
        released: the notebook as it was handed out.
    """
    known = {cell.source for cell in released.cells}
    taken = page_ids(grade_id_of(cell) for cell in released.cells)
    with Inert() as inert:
        return [_shown(cell, known, taken, inert) for cell in cells]


def _shown(cell: NotebookNode, known: Collection[str], taken: Collection[str], inert: Inert) -> InertCell:
    source = cell.source
    if source in known and not cell.get("attachments"):
        return InertCell(source, source)
    if cell.cell_type == "code":
        return InertCell(source, source, plain=not inert.can_be_highlighted(source))
    attachments = attached_pictures(cell.attachments) if "attachments" in cell else None
    shown = inert.markdown(source, attachments, taken)
    return InertCell(source, shown, attachments, as_text=shown == as_text(source))
