"""What is known about a submission before nbgrader converts it: its verdict, and what takes long about its notebook."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from nbformat import NotebookNode

from ..sandbox.launch import Launcher
from .results import Note
from .verdicts import GradedSubmission


@dataclass(frozen=True)
class SubmittedNotebook:
    """The notebook that was taken for the submitted one."""

    notebook: NotebookNode
    notes: list[Note] = field(default_factory=list)
    """What was done in place of reading it as it is."""
    elsewhere: tuple[str, ...] = ()
    """Where besides its answer cells written answers may be."""


@dataclass(frozen=True)
class RunNotebook:
    """What the code cells of a notebook put out when they were run."""

    cells: list[NotebookNode]
    """The cells that were run, with their outputs."""
    remark: Note | None
    """Why not all were run; None if they were."""


@dataclass(frozen=True)
class InertCell:
    """How a cell is shown, so that nothing in it runs in its reader's browser."""

    original: str
    """Its source as it was."""
    source: str
    attachments: dict[str, dict[str, str]] | None = None
    """Pictures, where it has any."""
    as_text: bool = False
    """Whether it is shown as its source, since it cannot be rendered in time."""
    plain: bool = False
    """Whether it is code that is shown without colours, since those take too long."""


@dataclass(frozen=True)
class Prepared:
    """One submission of a class run, ready to be converted; what is None the converter makes itself."""

    verdict: GradedSubmission
    launcher: Launcher | None
    """The sandbox for its notebook; the best one of this machine if None."""
    submitted: SubmittedNotebook | None = None
    run: RunNotebook | None = None
    inert: list[InertCell] | None = None
    """One for each cell of the notebook."""

    def with_run(self, run: RunNotebook) -> Prepared:
        """The same, its notebook run."""
        return replace(self, run=run)
