"""Asks a process of its own for a verdict on the files as they are on disk, and ends it when its time is up.

    prepare()                                      # a spare process, which imports numpy while nobody waits
    answer = ask(assignment, Request(folder, ("scale_forward",), "en"))

A function in which the process is lost or does not end costs that function alone: another process goes on with the
rest, as long as there is time. Where no process can be started, `here` does it in this one.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ..core import Assignment
from ..language import Catalogue, catalogue
from ..result import CheckResult, Result, Status
from .here import answer_here
from .printed import Printed
from .request import Answer, Request

LIMIT = 60.0
"""Seconds for everything that is asked at once."""
START = 60.0
"""Seconds until a process is ready."""
ROOT = Path(__file__).resolve().parents[2]
_CODE = "import sys; sys.path.insert(0, {root!r}); from checks.apart.answer import serve; serve()"
_LEFT_OUT = {"NBGRADER_EXECUTION", "NBGRADER_VALIDATING"}


class NoProcesses(OSError):
    """No process can be started here."""


class Lost(Exception):
    """The process ended before it had answered, in words how; or it was ended, as time was up."""

    def __init__(self, how: str = "") -> None:
        super().__init__(how)
        self.how = how


def ask(assignment: Assignment, request: Request, limit: float = LIMIT) -> Answer:
    """The verdict on some functions, or why a module cannot be imported.

    Raises:
        ImportError, RuntimeError: a fault of the kit's own in the process.
    """
    say = catalogue(request.language)
    whole, left = Answer(), request.functions
    try:
        process = _Process.ready()
    except NoProcesses:
        return answer_here(assignment, request)
    until = time.monotonic() + limit
    while True:
        with process:
            try:
                _collect(whole, process.answers(replace(request, functions=left), until), assignment)
                return whole
            except Lost as lost:
                how = lost.how
        judged = {check.function for check in whole.checks}
        left = tuple(name for name in left if name not in judged)
        if not left:
            whole.problem = say("lost", detail=how) if how else say("no_time", detail=f"{limit:g} s", place="")
            return whole
        whole.checks += _unanswered(assignment, left[:1], say, how, limit)
        left = left[1:]
        if left and time.monotonic() > until:
            whole.checks += _cost(assignment, left, "timeout", say("not_reached", seconds=limit))
            left = ()
        if not left:
            return whole
        process = _Process.ready()


def prepare() -> None:
    """Start a spare process, if there is none, and none if it cannot be done."""
    with contextlib.suppress(NoProcesses):
        _Process.spare()


def _collect(whole: Answer, answers: Iterator[dict[str, Any]], assignment: Assignment) -> None:
    """Add what comes to the answer, until all of it is there."""
    for message in answers:
        if "checks" in message:
            data = {"assignment": assignment.name, "student": "", "sandbox": "none", "seconds": 0.0, "warnings": []}
            whole.checks += Result.from_json(data | {"language": "", "checks": message["checks"]}).checks
            count, *first = message["printed"]
            whole.printed = Printed(count, tuple(first))
        elif "problem" in message:
            whole.problem = message["problem"]
            return
        elif "seconds" in message:
            whole.seconds += message["seconds"]
            return


def _unanswered(
    assignment: Assignment, functions: Sequence[str], say: Catalogue, how: str, limit: float
) -> list[CheckResult]:
    if how:
        return _cost(assignment, functions, "error", say("lost", detail=how))
    return _cost(assignment, functions, "timeout", say("no_time", detail=f"{limit:g} s", place=""))


def _cost(assignment: Assignment, functions: Sequence[str], status: Status, message: str) -> list[CheckResult]:
    """The same result for every check of some functions, without points."""
    return [
        CheckResult(check.id, check.function, 0.0, check.points, status, message)
        for function in functions
        for check in assignment.of(function)
    ]


class _Process:
    """A process that answers one request."""

    _spare: _Process | None = None
    _lock = threading.Lock()

    def __init__(self) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
        # Whoever draws in a module that is only checked draws for nobody.
        environment |= {"MPLBACKEND": "agg"}
        if sys.platform == "emscripten" or not sys.executable:
            raise NoProcesses("no processes here")
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _CODE.format(root=str(ROOT))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise NoProcesses(*error.args) from None
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    @classmethod
    def spare(cls) -> None:
        """See that one waits."""
        with cls._lock:
            if cls._spare is None or cls._spare._process.poll() is not None:
                cls._end_spare()
                cls._spare = cls()

    @classmethod
    def ready(cls) -> _Process:
        """One that can be asked: the spare one, or a new one."""
        with cls._lock:
            process, cls._spare = cls._spare, None
        if process is not None:
            if process._process.poll() is None:
                return process
            process.end()
        return cls()

    @classmethod
    def _end_spare(cls) -> None:
        if cls._spare is not None:
            cls._spare.end()
            cls._spare = None

    def __enter__(self) -> _Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def answers(self, request: Request, until: float) -> Iterator[dict[str, Any]]:
        """What it answers, message by message.

        Raises:
            Lost: it ended, or the time is up.
        """
        first = json.loads(self._line(time.monotonic() + START))
        if "ready" in first:
            assert self._process.stdin is not None
            try:
                self._process.stdin.write(json.dumps(asdict(request)).encode() + b"\n")
                self._process.stdin.flush()
            except OSError:
                pass  # it has ended, and `_line` says how
        while True:
            message = json.loads(self._line(until)) if "ready" in first else first
            if "fault" in message:
                raise (ImportError if message["missing"] else RuntimeError)(message["fault"])
            yield message

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            for line in stream:
                self._lines.put(line)
        self._lines.put(b"")

    def _line(self, until: float) -> bytes:
        """The next line.

        Raises:
            Lost: there is none, or not in time.
        """
        while True:
            left = until - time.monotonic()
            try:
                # In short steps: on Windows, nothing interrupts a wait.
                line = self._lines.get(timeout=max(0.0, min(left, 0.2)))
            except queue.Empty:
                if left <= 0:
                    raise Lost from None
                continue
            if line:
                return line
            raise Lost(f"exit status {self._process.wait()}")


atexit.register(_Process._end_spare)
