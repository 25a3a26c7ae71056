"""What a check cell of a notebook shows: the verdict on what is saved, and where the kernel holds something else."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from . import loaded, report
from .apart.ask import ask, prepare
from .apart.printed import NOTHING, Printed
from .apart.request import Request
from .core import Assignment
from .handin import HandIn, archive, look_at
from .language import Catalogue, catalogue
from .overview import Overview
from .practice import assignments_here, only_assignment, recorded
from .released import PACKAGE
from .result import Result


@dataclass(frozen=True)
class Notice:
    """A line shown where there is nothing to judge."""

    sentence: str

    def __repr__(self) -> str:
        return self.sentence

    def failure(self) -> str:
        """Nothing was judged, so nothing failed."""
        return ""


@dataclass(frozen=True)
class Verdict:
    """The verdict on one function: HTML in a notebook, plain text elsewhere."""

    result: Result
    function: str
    notes: tuple[str, ...] = ()
    printed: Printed = NOTHING

    def __repr__(self) -> str:
        told = report.printed_text(self.printed, catalogue(self.result.language))
        return "\n".join(filter(None, [report.text(self.result, self.function, self.notes), told]))

    def _repr_html_(self) -> str:
        return report.html(self.result, self.function, self.notes, self.printed)

    def failure(self) -> str:
        """The verdict in one line, if anything is wrong."""
        failed = any(check.status != "passed" for check in self.result.checks)
        return report.line(self.result, self.function) if failed else ""


def checked(function: str | None, language: str) -> Verdict | Overview | Notice:
    """The verdict on one function of the package beside the notebook, as it is saved; an overview if None is named.

    Raises:
        ValueError: no such function.
    """
    say = catalogue(language)
    if not assignments_here():  # in a source notebook, where the kit is installed
        return Notice(say("no_recording"))
    assignment = only_assignment()
    if function not in {None, *assignment.functions}:
        raise ValueError(f"check({function!r}): expected one of {', '.join(assignment.functions)}")
    folder = loaded.folder_of(PACKAGE)
    if not recorded(assignment).is_file():
        return Notice(say("no_recording"))
    if folder is None:
        return Notice(say("no_package"))
    if function is None:
        return Overview(judged(assignment, folder, assignment.functions, language)[0], assignment)
    result, printed = judged(assignment, folder, (function,), language)
    return Verdict(result, function, tuple(_notes(assignment, folder, function, say)), printed)


def handed_in(language: str) -> HandIn | Notice:
    """What the hand-in lacks, and its archive; no archive where a notebook is executed for somebody else."""
    say, folder = catalogue(language), loaded.folder_of(PACKAGE)
    if folder is None:
        return Notice(say("no_package"))
    if not someone_is_there():
        return Notice(say("zip_later"))
    found = look_at(only_assignment(), folder, language)
    try:
        archive(folder, found)
    except OSError as error:
        found.missing.append(say("zip_not_made", reason=error.strerror or str(error)))
    return found


def judged(assignment: Assignment, folder: Path, functions: tuple[str, ...], language: str) -> tuple[Result, Printed]:
    """The verdict on some functions as they are saved in a folder, and what they printed."""
    answer = ask(assignment, Request(str(folder), functions, language, tuple(sys.path)))
    if "ipykernel" in sys.modules:
        prepare()  # for the next one
    result = Result(assignment.name, "", tuple(answer.checks), "none", answer.seconds, language=language)
    return result, answer.printed


def _notes(assignment: Assignment, folder: Path, function: str, say: Catalogue) -> list[str]:
    """What was checked, and what else the kernel holds."""
    module = assignment.module_of(function)
    file = folder / PACKAGE / f"{module}.py"
    notes = []
    if someone_is_there() and file.is_file():
        saved = datetime.fromtimestamp(file.stat().st_mtime)
        notes.append(say("saved", file=file.name, time=f"{saved:%H:%M}"))
    if loaded.is_other(f"{PACKAGE}.{module}", file):
        notes.append(say("loaded_is_other", file=file.name))
    if loaded.is_in_a_cell(function):
        notes.append(say("in_a_cell", function=function, module=module))
    return notes


def someone_is_there() -> bool:
    """Whether a person runs this cell: whatever executes notebooks by itself cannot ask for a line of input."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return False
    parent = kernel.get_parent() if hasattr(kernel, "get_parent") else {}
    return bool((parent or {}).get("content", {}).get("allow_stdin", True))
