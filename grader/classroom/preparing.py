"""Does what takes long about a submission's notebook before nbgrader converts it; several may be done at a time.

Nothing is written to the course, and no remark is lost: what cannot be done here the converter does itself, and says
why it could not.
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.utils import find_all_files

from ..sandbox.launch import Launcher
from ..sandbox.temporary import temporary_folder
from .carrying import carry_over
from .exporter import released_notebook, submitted_notebook
from .pages.notebook import NotebookBounds
from .prepared import Prepared, RunNotebook
from .steps.for_reading import cells_to_run, inert_cells, run_cells
from .steps.restoring import restore_cells, restore_modules
from .verdicts import GradedSubmission, submission_folder


def prepare(
    verdict: GradedSubmission, launcher: Launcher | None, bounds: NotebookBounds, ignored: Sequence[str]
) -> Prepared:
    """Read a submission's notebook, run it, and make its text inert.

    Args:
        verdict: on the submission; not changed.
        launcher: the sandbox for the notebook; the best one of this machine if None.
        bounds: what the notebook may use up.
        ignored: patterns of names of files that are not copied.
    """
    ready, notebook = read_notebook(verdict, launcher)
    if notebook is not None:
        with suppress(Exception):
            cells = cells_to_run(notebook)
            with laid_out(verdict, ignored) as folder:
                remark = run_cells(cells, folder, launcher, bounds, verdict.course)
            ready = ready.with_run(RunNotebook(cells, remark))
    return ready


def read_notebook(verdict: GradedSubmission, launcher: Launcher | None) -> tuple[Prepared, NotebookNode | None]:
    """Read a submission's notebook, and make its text inert; return it, its cells put back, if that can be done.

    Args:
        verdict: on the submission; not changed.
        launcher: the sandbox for the notebook; the best one of this machine if None.
    """
    ready = Prepared(verdict, launcher)
    with suppress(Exception):
        name = verdict.assignment.name
        path = submission_folder(verdict.course, name, verdict.result.student) / f"{name}.ipynb"
        released = released_notebook(verdict.course, name)
        ready = replace(ready, submitted=submitted_notebook(path, verdict))
        assert ready.submitted is not None
        notebook = copy.deepcopy(ready.submitted.notebook)
        restore_cells(notebook, released)
        return replace(ready, inert=inert_cells(notebook.cells, released)), notebook
    return ready, None


@contextmanager
def laid_out(verdict: GradedSubmission, ignored: Sequence[str]) -> Iterator[Path]:
    """A folder with what will lie beside the notebook in `autograded/`.

    Args:
        verdict: on the submission; not changed.
        ignored: patterns of names of files that are not copied.
    """
    with temporary_folder() as folder:
        _lay_out(replace(verdict, notes=[]), folder, [*ignored, "*.ipynb"])
        yield folder


def _lay_out(verdict: GradedSubmission, folder: Path, ignored: Sequence[str]) -> None:
    """Write what will lie beside the notebook in `autograded/`; the verdict is a copy, whose remarks are not kept."""
    carry_over(verdict, folder, ignored)
    source = verdict.course.source / verdict.assignment.name
    for path in map(Path, find_all_files(str(source), [*ignored])):
        target = folder / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copy(path, target)
    restore_modules(folder, verdict)
