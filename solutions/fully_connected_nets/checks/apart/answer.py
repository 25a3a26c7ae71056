"""What runs in a process of its own: it gets ready, waits to be asked, answers, and ends.

    python -c "from checks.apart.answer import serve; serve()"

It is asked on standard input and answers on standard output, with nothing of the student's in between: what the
student's code prints goes to a `Spool`, and what is written past Python to nowhere.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ..core import Assignment
from ..engine.faults import raised
from ..engine.recording import Recording
from ..executor.errors import StudentError
from ..executor.executor import Executor
from ..language import catalogue
from ..practice import only_assignment, recorded, run_recorded
from ..released import PACKAGE
from ..result import CheckResult, Result
from .clock import Clock, Timed
from .fresh import as_saved
from .printed import Spool
from .request import CALL, Request

AT_LAST = 75
"""Seconds after which this process ends by itself, should nobody be there any more who ends it."""

Send = Callable[[dict[str, Any]], None]


def serve() -> None:
    """Answer one request, or none if the other side is gone."""
    inward, outward, spool = _wires()
    send = partial(_send, outward)
    status = 0
    try:
        assignment = only_assignment()
        Recording.read(assignment, recorded(assignment))  # what else needs to be imported for it
        clock = Clock(CALL)
        send({"ready": True})
        with os.fdopen(inward, encoding="utf-8") as asked:
            line = asked.readline()
        if line:
            faulthandler.dump_traceback_later(AT_LAST, exit=True, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
            request = json.loads(line)
            _answer(assignment, Request(**request), clock, spool, send)
    except BaseException as error:
        status = 1
        _tell_fault(send, error)
    os._exit(status)  # whatever threads the student's code began


def _wires() -> tuple[int, int, Spool]:
    """Standard input and output for us alone; for everybody else, a spool and nowhere."""
    inward, outward = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    spool = Spool()
    sys.stdout = sys.stderr = spool
    return inward, outward, spool


def _send(outward: int, message: dict[str, Any]) -> None:
    rest = json.dumps(message).encode() + b"\n"
    while rest:
        rest = rest[os.write(outward, rest) :]


def _tell_fault(send: Send, error: BaseException) -> None:
    """Tell the other side of a fault of the kit; it may be gone."""
    with contextlib.suppress(OSError):
        send({"fault": f"{type(error).__name__}: {error}", "missing": isinstance(error, ImportError)})


def _answer(assignment: Assignment, request: Request, clock: Clock, spool: Spool, send: Send) -> None:
    sys.path[:] = dict.fromkeys([request.folder, str(Path(__file__).parents[2]), *request.path, *sys.path])
    os.chdir(request.folder)
    with as_saved(PACKAGE):
        if request.loads:
            send({"problem": _problem(request, clock)})
            return

        def each(checks: Sequence[CheckResult]) -> None:
            send({"checks": as_data(assignment, checks), "printed": [spool.printed.count, *spool.printed.first]})

        around = partial(Timed, clock=clock)
        result = run_recorded(
            assignment, language=request.language, functions=request.functions, around=around, each=each
        )
        send({"seconds": result.seconds})


def _problem(request: Request, clock: Clock) -> str:
    """Why a module cannot be imported; empty if it can."""
    say = catalogue(request.language)
    try:
        Timed(Executor(PACKAGE), clock).load(request.loads)
    except StudentError as error:
        return raised(error, say) if error.kind != "timeout" else say("no_time", detail=error.message, place="")
    return ""


def as_data(assignment: Assignment, checks: Iterable[CheckResult]) -> list[dict[str, Any]]:
    """Results as JSON has them."""
    data: list[dict[str, Any]] = Result(assignment.name, "", tuple(checks), "none").to_json()["checks"]
    return data
