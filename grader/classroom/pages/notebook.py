"""Runs a submitted notebook for its readers: in the sandbox, by IPython's shell, under one bound for all of it.

    remark = run_notebook(cells, folder, launcher, NotebookBounds())

The cells get their outputs; nothing that happens here changes a score. The process is a student's like any other
(`worker.notebook` runs inside), and what it says is checked before it is kept (`outputs`).
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from ...course import OWN, Course
from ...errors import GraderError
from ...sandbox.choose import for_notebooks, warmed_for_notebooks
from ...sandbox.launch import Launcher, Process, boot, kill
from ...sandbox.process import GONE, how_it_ended
from ...sandbox.staging import stage_kit
from ...sandbox.temporary import temporary_folder
from ...text import in_each
from ...worker.wire import NOTEBOOK, Channel, Closed, WireError
from ..results import Note
from .bounded import Inert
from .outputs import CellOutputs

_DONE = ["done"]


@dataclass(frozen=True)
class NotebookBounds:
    """What one notebook may use up."""

    seconds: int = 120
    """Wall time from the start of its process to the end of its last cell."""
    cell: int = 1_000_000
    """Bytes of output that are kept of one cell."""
    total: int = 20_000_000
    """Bytes of output that are kept of all cells."""
    files: int = 100_000_000
    """Bytes of files beside the notebook that it finds when it runs."""


def run_notebook(
    cells: Sequence[NotebookNode], folder: Path, launcher: Launcher, bounds: NotebookBounds, course: Course = OWN
) -> Note | None:
    """Run cells one after another; a cell that raises does not stop those after it, one too long to send is left out.

    Args:
        cells: code cells, whose outputs are replaced.
        folder: what lies beside the notebook; copied, and nothing in it is changed.
        launcher: the sandbox.
        bounds: where it ends.
        course: has the environment, and says in which languages its readers are spoken to.

    Returns:
        Why not all cells were run; None if they were.

    Raises:
        GraderError: no notebook can be run here.
    """
    data, environment = _data(course)
    cells = [cell for cell in cells if len(cell.source.encode("utf-8", "replace")) <= NOTEBOOK.text]
    with temporary_folder() as stage:
        _stage(folder, stage, bounds.files)
        launcher = for_notebooks(launcher, 2 * bounds.seconds, data, course)
        booting = boot(launcher, stage)
        channel = Channel(booting.end, NOTEBOOK)
        try:
            with Inert() as inert:
                return _run(cells, channel, booting.process, environment, bounds, inert, course.settings.languages)
        finally:
            kill(booting.process)
            channel.close(GONE)


@contextmanager
def notebooks_warmed(launcher: Launcher, bounds: NotebookBounds, course: Course) -> Iterator[Launcher]:
    """A launcher for many notebooks: their workers begin with what nearly all import, where verdicts' begin warm."""
    data, _ = _data(course)
    with ExitStack() as stack:
        with suppress(GraderError):  # which each notebook's page says
            launcher = stack.enter_context(warmed_for_notebooks(launcher, 2 * bounds.seconds, data, course))
        yield launcher


def _run(
    cells: Sequence[NotebookNode],
    channel: Channel,
    process: Process,
    environment: dict[str, str],
    bounds: NotebookBounds,
    inert: Inert,
    languages: Sequence[str],
) -> Note | None:
    end = time.monotonic() + bounds.seconds
    say = partial(in_each, languages, between="\n")
    errors = {name: say(Note(name)) for name in ("no_input", "no_programs")}
    requests: list[Any] = [{"environment": environment, "most": bounds.cell, "sentences": errors}]
    left = bounds.total
    shown: dict[str, NotebookNode] = {}
    cut = say(Note("output_cut"))
    for count, cell in enumerate(cells, start=1):
        outputs = CellOutputs(min(bounds.cell, left), cut, shown, inert, count)
        cell.execution_count = count
        problem = None
        try:
            for request in (*requests, cell.source):
                channel.send(request, max(0.001, end - time.monotonic()))
            requests.clear()
            while (message := channel.receive(end - time.monotonic())) != _DONE:
                outputs.add(message)
        except TimeoutError:
            problem = Note("stopped", {"seconds": str(bounds.seconds)})
        except Closed:
            problem = Note("kernel_failed", {"problem": how_it_ended(process)})
        except WireError as error:
            problem = Note("kernel_failed", {"problem": str(error)})
        if problem:
            outputs.say(say(Note("ended_here")))
        cell.outputs = outputs.finish()
        left = max(0, left - outputs.size)
        if problem:
            return problem
    return None


def _data(course: Course) -> tuple[list[Path], dict[str, str]]:
    """What a notebook reads besides its own files, and its environment: the data that the course's package keeps."""
    environment = {name: value for name, value in os.environ.items() if name in {"FUNKCIJE_LANG", "FUNKCIJE_DATA"}}
    environment |= {"NBGRADER_EXECUTION": "autograde", "FUNKCIJE_OFFLINE": "1"}
    data = [Path(environment["FUNKCIJE_DATA"]).expanduser()] if environment.get("FUNKCIJE_DATA") else []
    cache = data_cache(course)
    if cache.is_dir():
        data.append(cache)
        environment["XDG_CACHE_HOME"] = str(cache.parent)
    return [path for path in data if path.exists()], environment


def data_cache(course: Course = OWN) -> Path:
    """Where a course's package keeps data sets for the person who runs the grader; notebooks may read it."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / course.package.name


def _stage(folder: Path, stage: Path, most: int) -> None:
    """Copy regular files from beside the notebook, as many bytes as may be."""
    target = stage / "submission"
    target.mkdir()
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.suffix == ".ipynb" or "__pycache__" in path.parts:
            continue
        most -= path.stat().st_size
        if most < 0:
            break
        copy = target / path.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    stage_kit(stage)
