"""The verdict on the files as they are on disk, made in this process: for a browser, where there is no other.

The package that the notebook works with steps aside for as long as it takes, and comes back as it was. Nothing limits
the time here, as there is nobody who could look at it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from types import ModuleType

from ..core import Assignment
from ..engine.faults import raised
from ..executor.errors import StudentError
from ..executor.executor import Executor
from ..language import catalogue
from ..practice import run_recorded
from ..released import PACKAGE
from .fresh import as_saved
from .printed import Spool
from .request import Answer, Request

_ONE_AT_A_TIME = threading.RLock()


def answer_here(assignment: Assignment, request: Request) -> Answer:
    """See `ask.ask`."""
    spool, answer = Spool(), Answer()
    with _ONE_AT_A_TIME, _aside(request.folder), redirect_stdout(spool), redirect_stderr(spool):
        if request.loads:
            try:
                Executor(PACKAGE).load(request.loads)
            except StudentError as error:
                answer.problem = raised(error, catalogue(request.language))
        else:
            result = run_recorded(assignment, language=request.language, functions=request.functions)
            answer.checks, answer.seconds = list(result.checks), result.seconds
    answer.printed = spool.printed
    return answer


@contextmanager
def _aside(folder: str) -> Iterator[None]:
    """While it lasts, the package's name stands for what is saved in this folder."""
    others, path = _take_out(), list(sys.path)
    sys.path.insert(0, folder)
    try:
        with as_saved(PACKAGE):
            yield
    finally:
        _take_out()
        sys.modules.update(others)
        sys.path[:] = path


def _take_out() -> dict[str, ModuleType]:
    """Take every module of the package out of the interpreter."""
    names = [name for name in list(sys.modules) if name.partition(".")[0] == PACKAGE]
    return {name: sys.modules.pop(name) for name in names}
