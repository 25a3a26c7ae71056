"""What runs on a worker: a first question that says whether submissions may be judged there, then one submission each.

It is called by Dask, by its name: nothing of a submission is ever unpickled, as the questions are bytes and the answers
are text. What goes wrong is an answer, too.
"""

from __future__ import annotations

import json
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from nbformat.v4 import new_code_cell

from checks.core import Assignment

from ...course import CONFIG, Course, choose_course
from ...errors import GraderError
from ...grading.grade import Judged, check_set_digest, judge_modules
from ...sandbox.choose import choose, warmed
from ...sandbox.launch import Launcher
from ...sandbox.launchers import BubblewrapLauncher, LandlockLauncher
from ...sandbox.selftest import escapes
from ...sandbox.temporary import temporary_folder
from ...sandbox.warm import Orphaned
from ..pages.bounded import end_all
from ..pages.notebook import notebooks_warmed
from ..steps.for_reading import fill_cache, run_cells
from .questions import LOADED, ToCheck, ToRun, bounds_of, course_digest, kit_digest, unpacked

_MOST_BENCHES = 4


@dataclass
class _Bench:
    """What one run judges with in this process."""

    course: Course
    assignment: Assignment
    launcher: Launcher
    warm: Launcher
    at: str
    stack: ExitStack
    notebooks: dict[str, Launcher] = field(default_factory=dict)
    """The sandbox for notebooks, by the bounds of one."""


_benches: dict[str, _Bench] = {}
"""By the name of the run. One is there only where the first question was answered as the client expects."""


def greet(run: str, at: str, course: str, assignment: str, sandbox: str | None, kit: str) -> str:
    """Say whether submissions may be judged in this process: the short form of `grader doctor`, and of what kit it is.

    Args:
        run: the name of the client's run.
        at: this worker's address, as the client has it.
        course: where the client has the course; where there is none here, the one around this process is meant.
        assignment: its name.
        sandbox: the one that may be used; the best there is if None.
        kit: digest of the client's kit.

    Returns:
        JSON: `kit`, `course` and `problem`, which is empty if they may.
    """
    said = {"kit": LOADED, "course": "", "problem": ""}
    try:
        _stop_sampling()
        _forget(run)
        if kit != LOADED or kit_digest() != kit:
            said["problem"] = "another version of the kit"
            return json.dumps(said)
        found = Course(Path(course)) if (Path(course) / CONFIG).is_file() else choose_course(None)[0]
        checks = found.assignment(assignment)
        said["course"] = course_digest(found, checks)
        launcher = choose(sandbox, course=found)
        if not isinstance(launcher, BubblewrapLauncher | LandlockLauncher):
            raise GraderError("no sandbox (GRADER_UNSAFE=1)")
        if worked := escapes(launcher):
            raise GraderError(f"{launcher.name}: student code can {', '.join(worked)}")
        with ExitStack() as stack:
            warm = stack.enter_context(warmed(launcher))
            _benches[run] = _Bench(found, checks, launcher, warm, at, stack.pop_all())
        for old in [*_benches][:-_MOST_BENCHES]:
            _forget(old)
    except Exception as error:
        said["problem"] = _line(error)
    return json.dumps(said)


def answer(run: str, question: bytes) -> str:
    """Answer one question; see `answers`."""
    bench = _benches.get(run)
    if bench is None:
        return json.dumps({"stranger": True, "at": _address()})
    try:
        asked = unpacked(question)
        said = _checked(bench, asked) if isinstance(asked, ToCheck) else _ran(bench, asked)
        return json.dumps(said, allow_nan=False)
    except Exception as error:  # of any kind: it would be pickled, and read as that by the client
        _forget(run)  # until the sandbox was seen to hold again
        return json.dumps({"problem": _line(error), "at": bench.at})


def _checked(bench: _Bench, asked: ToCheck) -> dict[str, Any]:
    course = Course(bench.course.root, asked.spoken)
    if check_set_digest(course, bench.assignment) != asked.checks:
        raise GraderError("the checks were changed on this worker. Next: bring its course to the client's state.")
    try:
        judged = _judged(bench, course, asked, bench.warm)
    except Orphaned:
        judged = _judged(bench, course, asked, bench.launcher)
    at_import = [list(pair) for pair in judged.at_import.items()]
    return {"judged": {"result": judged.result.to_json(), "missing": list(judged.missing), "at_import": at_import}}


def _judged(bench: _Bench, course: Course, asked: ToCheck, launcher: Launcher) -> Judged:
    return judge_modules(
        course, bench.assignment, asked.modules, asked.seed, language=asked.language, launcher=launcher
    )


def _ran(bench: _Bench, asked: ToRun) -> dict[str, Any]:
    course, bounds = Course(bench.course.root, asked.spoken), bounds_of(asked)
    if asked.prepare:
        with suppress(Exception):  # a notebook that misses the data says so itself
            fill_cache(course, asked.prepare)
    if repr(bounds) not in bench.notebooks:
        warm = bench.stack.enter_context(notebooks_warmed(bench.warm, bounds, course))
        bench.notebooks[repr(bounds)] = warm
    cells = [new_code_cell(source) for source in asked.cells]  # type: ignore[no-untyped-call]
    with temporary_folder() as folder:
        _lay_out(folder, asked, course.release / bench.assignment.name)
        remark = run_cells(cells, folder, bench.notebooks[repr(bounds)], bounds, course)
    ran = [{"count": cell.execution_count, "outputs": cell.outputs} for cell in cells]
    return {"ran": {"cells": ran, "remark": asdict(remark) if remark else None}}


def _lay_out(folder: Path, asked: ToRun, release: Path) -> None:
    for name in (*asked.handed_out, *asked.files):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(asked.files[name] if name in asked.files else (release / name).read_bytes())


def _forget(run: str) -> None:
    if bench := _benches.pop(run, None):
        bench.stack.close()
        end_all()


def _address() -> str:
    return str(worker.address) if (worker := _worker()) else ""


def _stop_sampling() -> None:
    """End Dask's profile of this worker: it looks a hundred times a second, and keeps what it saw for a quarter hour.

    Of the deep calls of a verdict that is a megabyte a second. Dask's own switch (`distributed.worker.profile.enabled`)
    works where a worker is started, which may be anywhere.
    """
    if worker := _worker():
        for name in ("profile", "profile-cycle"):
            if callback := worker.periodic_callbacks.get(name):
                worker.loop.add_callback(callback.stop)


def _worker() -> Any:
    """Dask's worker that calls this; None where Dask does not."""
    from distributed import get_worker

    with suppress(ValueError):
        return get_worker()
    return None


def _line(error: Exception) -> str:
    said = str(error) if isinstance(error, GraderError) else f"{type(error).__name__}: {error}"
    return " ".join(said.split())[:500]
