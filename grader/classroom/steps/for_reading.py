"""What a person reads of a notebook: its outputs, from the sandbox, and nothing that runs in a browser."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

from nbformat import NotebookNode
from nbgrader import utils
from traitlets import Integer, Unicode

from ...sandbox.choose import choose
from ...text import sentences
from ..exporter import frame, grade_id_of, others_turn, verdict_of
from ..pages.bounded import Inert
from ..pages.html import as_text, attached_pictures, page_ids
from ..pages.notebook import NotebookBounds, data_cache, run_notebook
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
        verdict = verdict_of(self.converter)
        cells = [cell for cell in nb.cells if cell.cell_type == "code" and not utils.is_grade(cell)]
        bounds = replace(NotebookBounds(), seconds=self.total, cell=self.max_output)
        try:
            if self.prepare:
                _fill_cache(verdict.course.root, self.prepare)
            launcher = getattr(self.converter, "launcher", None) or choose()
            folder = self.destination(resources)
            with others_turn(getattr(self.converter, "turn", None)):
                remark = run_notebook(cells, folder, launcher, bounds)
        except Exception as error:
            remark = Note("kernel_failed", {"problem": f"{type(error).__name__}: {error}".splitlines()[0][:300]})
        if remark:
            problem = sentences("en")(remark.key, **remark.names)
            self.log.warning("%s: %s", verdict.result.student, problem)
            verdict.note(remark.key, **remark.names)
        return nb, resources


@cache
def _fill_cache(root: Path, code: str) -> None:
    folder = data_cache()
    if not (folder.is_dir() and any(folder.iterdir())):
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env=os.environ | {"FUNKCIJE_OFFLINE": "1"},
            capture_output=True,
            timeout=300,
            check=False,
        )


class MakeInert(Step):
    """Leave nothing in the submission's own text that would run in its reader's browser.

    After the points are in the gradebook, since nbgrader knows an answer that was not touched by its very characters.
    What stands in the released notebook stays as it is; outputs were made inert when they came.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Change what has to be changed in one notebook, while others have their turn."""
        verdict = verdict_of(self.converter)
        released = frame(verdict.course, verdict.assignment.name)
        known = {cell.source for cell in released.cells}
        taken = page_ids(grade_id_of(cell) for cell in released.cells)
        with others_turn(getattr(self.converter, "turn", None)), Inert() as inert:
            for cell in nb.cells:
                if cell is verdict.summary or (cell.source in known and not cell.get("attachments")):
                    continue
                if cell.cell_type == "code":
                    if not inert.can_be_highlighted(cell.source):
                        cell.metadata["magics_language"] = "text"
                    continue
                if "attachments" in cell:
                    cell.attachments = attached_pictures(cell.attachments)
                shown = inert.markdown(cell.source, cell.get("attachments"), taken)
                if shown == as_text(cell.source):
                    verdict.note("shown_as_text")
                cell.source = shown
        return nb, resources
