"""The recorded checks of the assignment that lies here, on the student's package in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from . import FRAMEWORK
from .core import Assignment, load_assignment
from .engine.judge import judge
from .engine.recording import FILE, HANDED_OUT, Recording
from .executor.executor import Executor
from .executor.substituted import Substituted
from .released import PACKAGE
from .result import CheckResult, Result
from .student import Runs, Student


def run_recorded(
    assignment: Assignment,
    *,
    language: str,
    functions: Sequence[str] | None = None,
    student: str = "",
    around: Callable[[Executor], Runs] = lambda runs: runs,
    each: Callable[[Sequence[CheckResult]], None] = lambda checks: None,
) -> Result:
    """The verdict of the recorded checks on the student's package in this process.

    Args:
        assignment: the checks.
        language: of the messages.
        functions: those to check; all if None.
        student: the name, for the result.
        around: what is put around an executor, such as a limit of time.
        each: is given the results of each function as soon as there are any.
    """
    recording = Recording.read(assignment, recorded(assignment))
    handed_out = {module: assignment.folder / HANDED_OUT / f"{module}.py" for module in assignment.substituted}
    over = None
    if handed_out:
        over = Student(around(Substituted(PACKAGE, handed_out, assignment.stand_ins)), assignment.contract)
    runs = Student(around(Executor(PACKAGE)), assignment.contract, over)
    return judge(assignment, runs, recording, language=language, functions=functions, name=student, each=each)


def recorded(assignment: Assignment) -> Path:
    """Where the recorded answers are, if there are any."""
    return assignment.folder / FILE


def assignments_here() -> list[str]:
    """The assignments whose checks lie here; a release has one, an installed kit none."""
    return sorted({path.parent.name for path in Path(__file__).parent.glob("*/__init__.py")} - {*FRAMEWORK})


def only_assignment() -> Assignment:
    """The assignment whose checks lie here; a release has one, and a course's notebook lies in the current folder."""
    names = assignments_here()
    with_answers = [name for name in names if (Path(__file__).parent / name / FILE).is_file()]
    known = with_answers or names
    beside = [name for name in known if (Path.cwd() / f"{name}.ipynb").is_file()]
    return load_assignment((beside or known)[0])
