"""The checks that stub, solution and students share.

In a notebook, `check("scale_forward")` runs the checks of one function on the package beside it and shows what
is right, what is not, and, where a known mistake explains it, what went wrong:

    from checks import check
    check("scale_forward")

`python -m checks` does the same for all functions in a terminal. Both compare with recorded answers; the grade comes
from the grader, which draws other inputs.
"""

from __future__ import annotations

import os
import signal
import sys

if sys.version_info < (3, 11):  # noqa: UP036
    _needs = "Potreban je Python 3.11 ili noviji, a ovo je %d.%d / Python 3.11 or newer is needed, this is %d.%d"
    _needs %= sys.version_info[:2] * 2
    if sys.argv[:1] == ["-m"]:
        sys.stderr.write("python -m checks: " + _needs + "\n")
        sys.exit(2)
    raise ImportError(_needs)


def _end_at_once(*_: object) -> None:
    os.write(2, b"python -m checks: interrupted.\n")
    os._exit(2)


if sys.argv[:1] == ["-m"] and "checks" in sys.orig_argv and signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
    # `python -m checks` begins here; until `command.run` handles signals, Ctrl-C must not end in a traceback.
    signal.signal(signal.SIGINT, _end_at_once)

from typing import TYPE_CHECKING, Any  # noqa: E402

from .language import preferred  # noqa: E402
from .released import SPOKEN  # noqa: E402

if TYPE_CHECKING:
    from .core import Assignment
    from .result import Result

# What needs numpy is imported where it is used: the grader's command line reads sentences before it needs a check.

__all__ = ["CheckFailed", "check", "hand_in", "run_recorded"]

FRAMEWORK = ("apart", "engine", "executor")
"""Folders here that are no assignment's."""


class CheckFailed(AssertionError):
    """Raised under Validate, which shows nothing but an error's last line."""


def check(function: str | None = None, language: str | None = None) -> Any:
    """Run the checks of one function on the package beside this notebook, as it is saved, and show the verdict.

    Args:
        function: the graded function, such as `scale_forward`; the whole assignment at a glance if None.
        language: of the course's; what `FUNKCIJE_LANG` says if None.

    Raises:
        CheckFailed: under nbgrader's Validate, if a check fails.
        ValueError: no such function, or no language of the course's.
    """
    if os.environ.get("NBGRADER_EXECUTION") == "autograde":
        # The grade comes from outside this process. Should a broken configuration let nbgrader read a score from
        # this cell after all, it refuses this one and records none.
        return None if function is None else float("inf")
    from . import cell

    shown = cell.checked(function, _spoken(language))
    if os.environ.get("NBGRADER_VALIDATING") != "1" and os.environ.get("NBGRADER_EXECUTION") != "validate":
        return shown
    if failure := shown.failure():
        raise CheckFailed(failure)
    return None


def hand_in(language: str | None = None) -> Any:
    """Say whether this folder is complete, and put it into a zip beside it; only where a person runs this cell.

    Args:
        language: of the course's; what `FUNKCIJE_LANG` says if None.
    """
    if any(os.environ.get(name) for name in ("NBGRADER_EXECUTION", "NBGRADER_VALIDATING")):
        return None
    from . import cell

    return cell.handed_in(_spoken(language))


def _spoken(language: str | None) -> str:
    if language not in {None, *SPOKEN}:
        raise ValueError(f"language={language!r}: expected one of {', '.join(SPOKEN)}")
    return language or preferred()


def run_recorded(assignment: Assignment, *, language: str, functions: list[str] | None = None) -> Result:
    """The verdict of the recorded checks on the student's package in this process."""
    from . import practice

    return practice.run_recorded(assignment, language=language, functions=functions)


if "ipykernel" in sys.modules and os.environ.get("NBGRADER_EXECUTION") != "autograde":
    # A notebook's first cell imports this; by the time that a check cell runs, the process for it is ready.
    from .apart.ask import prepare

    prepare()
