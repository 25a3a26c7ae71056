"""One hostile submission, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from .world import World


@dataclass(frozen=True)
class Attack:
    """What a submission tries.

    In `body`, `top`, `links` and names of files stand for what the world around it holds: `$name` (the assignment's),
    `$package` (the name of the course's), `$module` and `$given` (one that the student edits, and one that is given),
    `$course`, `$gradebook`, `$results`, `$secret`, `$other` (another submission's module), `$packages` (of the
    environment for student code), `$port` (TCP and UDP on the loopback), `$free` (a port), `$abstract` and `$socket`
    (sockets), `$grader` (the grader's process).
    """

    name: str
    tries: str
    """A sentence that says what it tries."""
    body: str = ""
    """Statements before the honest return of one function, run in one of its checks; `_honest()` is what it would
    return, and `_each(change, value)` that with each of its results changed. Where the attack succeeds they do not
    raise, and the function earns points that it must not."""
    top: str = ""
    """Statements after the module's own."""
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    """Files of the submission beside the solution's."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Symbolic links of the submission."""
    costs: Literal["check", "module", "nothing", "perhaps"] = "check"
    """What the attacker's own code loses by it; all else is earned. Perhaps: the check is lost where it calls twice."""
    says: str = ""
    """A pattern for the message of the lost check, or for a remark on the submission."""
    seconds: float | None = None
    """For all that the submission does, if less than usual."""
    times: int = 1
    """How often it is graded, where one run would prepare the next."""
    poses: Mapping[str, str] = field(default_factory=dict)
    """Files beside the solution's, each that of the course which it is named for, or empty; `$name` is the assignment.
    Each leaves a mark when it is run, and `grader check .` is typed in the folder besides."""


@dataclass(frozen=True)
class HandedIn:
    """What a submission tries on its way through nbgrader: by its notebook, its packaging, or a page made of it.

    It is a copy of the release with the worked modules in it, one check of which is lost, so that both too many and too
    few points are seen; of its notebook only the cells that nbgrader knows are left.
    """

    name: str
    tries: str
    """A sentence that says what it tries."""
    edit: Callable[[Path, World], None] | None = None
    """Changes the folder that is handed in."""
    send: Callable[[Mapping[str, bytes], World], Mapping[str, bytes]] | None = None
    """Makes, of the folder's files, what is uploaded to a learning management system instead."""
    costs: Literal["check", "module", "everything", "nothing", "submission"] = "check"
    """What is lost: the one check, all of the module, all, none (the lost one was fixed), or the whole submission."""
    says: str = ""
    """A pattern for a remark on the submission, for a message of a lost check, or for what is said when collecting."""
    shows: str = ""
    """A pattern for what the notebook's reader sees as a cell's output."""
    runs: bool = False
    """Whether its notebook is run for a reader."""
    on_pages: bool = False
    """Whether it aims at the reader's browser, so that the pages are made and searched."""
    seconds: int | None = None
    """For all cells of its notebook, if less than usual."""

    @property
    def student(self) -> str:
        """Whose submission it is."""
        return f"eve-{self.name.replace('_', '-')}"
