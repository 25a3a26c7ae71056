"""The checks that stub, solution and students share.

In a notebook, `check("batchnorm_forward")` runs the checks of one function on the `funkcije/` beside it and shows what
is right, what is not, and, where a known mistake explains it, what went wrong:

    from checks import check
    check("batchnorm_forward")

`python -m checks` does the same for all functions in a terminal. Both compare with recorded answers; the grade comes
from the grader, which draws other inputs.
"""

from __future__ import annotations

import os
import signal
import sys


def _end_at_once(*_: object) -> None:
    os.write(2, b"python -m checks: interrupted.\n")
    os._exit(2)


if sys.argv[:1] == ["-m"] and "checks" in sys.orig_argv and signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
    # `python -m checks` begins here; until `command.run` handles signals, Ctrl-C must not end in a traceback.
    signal.signal(signal.SIGINT, _end_at_once)

from pathlib import Path  # noqa: E402
from typing import TYPE_CHECKING, Any  # noqa: E402

from .language import catalogue, preferred  # noqa: E402

if TYPE_CHECKING:
    from .core import Assignment
    from .result import Result

# What needs numpy is imported where it is used: the grader's command line reads sentences before it needs a check.

__all__ = ["CellOutput", "CheckFailed", "check", "run_recorded"]

PACKAGE = "funkcije"
RECORDINGS = "recordings.npz"
FRAMEWORK = ("engine", "executor")
"""Folders here that are no assignment's."""


class CheckFailed(AssertionError):
    """Raised under Validate, which shows nothing but an error's last line."""


class CellOutput:
    """What a check cell shows: HTML in a notebook, plain text elsewhere."""

    def __init__(self, result: Result, function: str) -> None:
        self.result = result
        self.function = function

    def __repr__(self) -> str:
        from .report import text

        return text(self.result, self.function)

    def _repr_html_(self) -> str:
        from .report import html

        return html(self.result, self.function)


class Notice:
    """A line shown where there is nothing to judge."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence

    def __repr__(self) -> str:
        return self.sentence


def check(function: str, language: str | None = None) -> Any:
    """Run the checks of one function on the package `funkcije` that this notebook imports, and show the verdict.

    Args:
        function: the graded function, such as `batchnorm_forward`.
        language: `cnr` or `en`; what `FUNKCIJE_LANG` says if None.

    Raises:
        CheckFailed: under nbgrader's Validate, if a check fails.
        ValueError: no such function.
    """
    if os.environ.get("NBGRADER_EXECUTION") == "autograde":
        # The grade comes from outside this process. Should a broken configuration let nbgrader read a score from
        # this cell after all, it refuses this one and records none.
        return float("inf")
    language = language or preferred()
    assignment = _only_assignment()
    if function not in assignment.functions:
        raise ValueError(f"check({function!r}): expected one of {', '.join(assignment.functions)}")
    if not _recording(assignment).is_file():
        return Notice(catalogue(language)("no_recording"))
    result = run_recorded(assignment, language=language, functions=[function])
    if os.environ.get("NBGRADER_VALIDATING") == "1" or os.environ.get("NBGRADER_EXECUTION") == "validate":
        if any(item.status != "passed" for item in result.checks):
            from .report import line

            raise CheckFailed(line(result, function))
        return None
    return CellOutput(result, function)


def run_recorded(
    assignment: Assignment, *, language: str, functions: list[str] | None = None, student: str = ""
) -> Result:
    """The verdict of the recorded checks on the package `funkcije` in this process."""
    from .engine.judge import judge
    from .engine.recording import HANDED_OUT, Recording
    from .executor.executor import Executor
    from .executor.substituted import Substituted
    from .student import Student

    recording = Recording.read(assignment, _recording(assignment))
    handed_out = {module: assignment.folder / HANDED_OUT / f"{module}.py" for module in assignment.substituted}
    over = Student(Substituted(PACKAGE, handed_out, assignment.stand_ins), assignment.contract) if handed_out else None
    runs = Student(Executor(PACKAGE), assignment.contract, over)
    return judge(assignment, runs, recording, language=language, functions=functions, name=student)


def _recording(assignment: Assignment) -> Path:
    return assignment.folder / RECORDINGS


def _only_assignment() -> Assignment:
    """The assignment whose checks lie here; a release has one."""
    from .core import load_assignment

    here = Path(__file__).parent
    names = sorted({path.parent.name for path in here.glob("*/__init__.py")} - {*FRAMEWORK})
    recorded = [name for name in names if (here / name / RECORDINGS).is_file()]
    return load_assignment((recorded or names)[0])
