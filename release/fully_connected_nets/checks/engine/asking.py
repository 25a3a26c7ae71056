"""Asks a student what a check asks, so that whatever comes back is a verdict and never an exception of the kit's.

A check's own code may meet a result of any kind: None where it subtracts, a string where it looks for a shape. The
reference went through the same code before, so what raises in it then comes of the student's results. What raises in
the kit (a process that does not start, a full disk) is the kit's fault, and goes on up.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from types import TracebackType

from ..core import Check, Inputs, Observed
from ..executor.errors import StudentError
from ..student import Student

_KIT = ("grader", "checks.executor")
"""Modules that raise nothing which a student's result could be the cause of, but `StudentError`."""


def observe(check: Check, student: Student, inputs: Inputs) -> Observed:
    """What `run` observes of a student.

    Raises:
        StudentError: the student's code failed, or returned what the check's own code cannot go on with.
    """
    try:
        observed = check.run(student, **inputs)
        if not isinstance(observed, Mapping):
            raise TypeError(f"run returned {type(observed).__name__}, a dictionary of results by name was expected")
        return observed
    except StudentError:
        raise
    except Exception as error:
        if _raised_in_the_kit(error):
            raise
        raise StudentError.unusable(*student.what_came) from error


def place_of(check: Check, error: BaseException) -> str:
    """Where in a check's own code an error was raised, as `file:line`; its first line if it was raised elsewhere."""
    code = inspect.unwrap(check.run).__code__
    file = code.co_filename
    lines = [line for name, line in _frames(error.__traceback__) if name == file]
    return f"{file}:{lines[-1] if lines else code.co_firstlineno}"


def _raised_in_the_kit(error: Exception) -> bool:
    trace, modules = error.__traceback__, []
    while trace is not None:
        modules.append(str(trace.tb_frame.f_globals.get("__name__", "")))
        trace = trace.tb_next
    return any(module == kit or module.startswith(f"{kit}.") for module in modules for kit in _KIT)


def _frames(trace: TracebackType | None) -> Iterator[tuple[str, int]]:
    while trace is not None:
        yield trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
