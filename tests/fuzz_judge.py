"""The worked solution with strange results among its right ones, through the judge: a verdict is reached, always.

    .venv/bin/python -m tests.fuzz_judge --seconds 60 --seed 1

Runs in this process, without a sandbox, over the modules in `solutions/`. Prints each kind of exception once, and ends
with status 1 if there was one.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from checks.engine.judge import judge
from checks.engine.recording import HANDED_OUT
from checks.executor.executor import Executor, Reply
from checks.executor.substituted import Substituted
from checks.executor.values import Handle, Other
from checks.student import Student
from grader.course import Course
from grader.grading.grade import _kit_for

ROOT = Path(__file__).resolve().parent.parent
ASSIGNMENT = "batch_normalization"


@dataclass
class Strange:
    """Runs the student's functions, and puts something else in the place of some of their results."""

    runs: Executor
    rng: random.Random
    rate: float

    def __getattr__(self, name: str) -> Any:
        return getattr(self.runs, name)

    def call(self, *args: Any) -> Reply:
        reply = self.runs.call(*args)
        return Reply(tuple(map(self._changed, reply.values)), reply.changed)

    def read(self, *args: Any) -> Any:
        return self._changed(self.runs.read(*args))

    def _changed(self, value: Any) -> Any:
        if isinstance(value, Handle) or self.rng.random() > self.rate:
            return value
        if isinstance(value, dict):
            strange = {name: self._strange(item) for name, item in value.items()}
            fewer = {name: item for name, item in strange.items() if self.rng.random() < 0.7}
            more = {**value, "zz": np.zeros((0, 2)), "": np.zeros(3)}
            reversed_names = {name[::-1]: item for name, item in value.items()}
            return self.rng.choice([Other("list"), {}, strange, fewer, more, reversed_names])
        return self._strange(value)

    def _strange(self, value: Any) -> Any:
        pick, shape = self.rng.choice, getattr(value, "shape", ())
        if not isinstance(value, np.ndarray):
            return value
        first = value.astype(np.float64)
        first.flat[:1] = pick([np.nan, np.inf, 1e200])
        shapes: Sequence[tuple[int, ...]] = [(), (0,), (1,), (0, 3), (3, 0), (2,) * 8, (1,) * 8]
        return pick(
            [
                np.zeros(pick([*shapes, (*shape, 1), (1, *shape), shape[::-1], (*shape, 0)])),
                np.full(shape, pick([np.nan, np.inf, -np.inf, 1e308, -1e308, 5e-324])),
                value.astype(pick("?bhilqBHILQefd")),
                np.full(shape, pick([np.uint64(2**63), np.int64(-(2**63)), np.float16(np.inf)])),
                Other(pick(["thing", "missing", "NoneType"])),
                value * 1e300,
                np.broadcast_to(1.0, (3, *shape)).copy(),
                np.array(pick([True, 3, 2.5, np.nan])),
                first,
            ]
        )


def fuzz(seconds: float, seed: int) -> tuple[int, Counter[str]]:
    """How many submissions were judged, and the exceptions that the judge raised, by place."""
    rng, end, judged = random.Random(seed), time.monotonic() + seconds, 0
    sys.path.insert(0, str(ROOT / "solutions" / ASSIGNMENT))
    course = Course(ROOT)
    assignment = course.assignment(ASSIGNMENT)
    kit = _kit_for(course, assignment)
    folder = ROOT / "solutions" / ASSIGNMENT / "checks" / ASSIGNMENT / HANDED_OUT
    handed_out = {module: folder / f"{module}.py" for module in assignment.substituted}
    raised: Counter[str] = Counter()
    while time.monotonic() < end:
        judged += 1
        rate = rng.choice([0.02, 0.1, 0.5, 1])
        over = Strange(Substituted("funkcije", handed_out, assignment.stand_ins), rng, rate)
        student = Student(
            Strange(Executor("funkcije"), rng, rate), assignment.contract, Student(over, assignment.contract)
        )
        try:
            judge(assignment, student, replace(kit.oracle, seed=rng.randbytes(8)), language="en")
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)[-3:]
            where = ", ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
            raised[f"{type(error).__name__} at {where}: {error}"] += 1
    return judged, raised


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz_judge", description="Fuzz the judge with results.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    judged, raised = fuzz(options.seconds, options.seed)
    for what, count in raised.most_common():
        print(f"{count:5d}  {what}")
    print(f"{judged} submissions judged, seed {options.seed}: {raised.total()} exceptions, of {len(raised)} kinds")
    return 1 if raised else 0


if __name__ == "__main__":
    sys.exit(main())
