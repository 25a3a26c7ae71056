"""What a check asks travels together where no answer decides what it asks next; each answer still counts by itself."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest

from checks.core import Assignment, Check, Observed
from checks.engine.asked import Asked
from checks.executor.errors import StudentError
from checks.executor.executor import Executor
from checks.released import PACKAGE
from checks.student import Contract, Function, Student
from grader.course import Course
from grader.grading.grade import grade
from grader.reference import oracle
from grader.reference.asked import Recorder, asks_everybody_the_same
from grader.reference.oracle import LiveCase, LiveOracle
from grader.reference.render import Rendered
from grader.reference.versions import Versions
from grader.sandbox.launch import PlainLauncher
from grader.sandbox.process import StudentProcess, TimeLimits
from grader.sandbox.staging import SUBMISSION, stage_kit
from grader.sandbox.talk import Talk

MODULE = """
import os, time

calls = []

def count(x):
    calls.append(x)
    return len(calls)

def double(x):
    return 2 * x

def waits(x):
    time.sleep(0.7)
    return x

def endless(x):
    while True:
        time.sleep(1)

def ends(x):
    os._exit(3)

def fails(x):
    raise ValueError("no")

def large(x):
    return [0.0] * 900 if x else [[0.0] * 900] * 100
"""
NAMES = ("count", "double", "waits", "endless", "ends", "fails", "large")
CONTRACT = Contract({name: Function("asked", ("x",), ("value",)) for name in NAMES})


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    package = tmp_path / SUBMISSION / PACKAGE
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "asked.py").write_text(dedent(MODULE), encoding="utf-8")
    stage_kit(tmp_path)
    return tmp_path


@pytest.fixture
def process(stage: Path) -> Iterator[StudentProcess]:
    with StudentProcess(stage, PlainLauncher(), TimeLimits(call=2.0)) as process:
        process.begin()
        yield process


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The operations of each round trip."""
    sizes: list[int] = []
    send = Talk._send

    def counted(talk: Talk, operations: list[list[Any]], seconds: float) -> None:
        sizes.append(len(operations))
        send(talk, operations, seconds)

    monkeypatch.setattr(Talk, "_send", counted)
    return sizes


def calls(*names: str) -> list[Asked]:
    return [Asked("call", ("asked", name, [1], {}, ["value"]), (1,)) for name in names]


def test_a_right_submission_takes_about_one_round_trip_for_each_check(
    course: Course, assignment: Assignment, rendered: Rendered, tmp_path: Path, sent: list[int]
) -> None:
    for name, content in rendered.solution.items():
        path = tmp_path / PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    result = grade(tmp_path, course, assignment, launcher=PlainLauncher())
    assert result.score == result.max_score
    assert len(sent) <= 1.2 * len(assignment.checks)
    assert sum(sent) > 5 * len(sent)


def test_all_that_was_foretold_travels_at_once_and_is_answered_in_order(
    process: StudentProcess, sent: list[int]
) -> None:
    student = Student(process, CONTRACT)
    process.foretell(calls("count", "double", "count"))
    assert [student.count(1), student.double(1), student.count(1)] == [1, 2, 2]
    assert len(sent) == 1


def test_the_time_of_a_call_is_its_own(process: StudentProcess, sent: list[int]) -> None:
    """Together they take longer than one may."""
    student = Student(process, CONTRACT)
    process.foretell(calls("waits", "waits", "waits", "waits"))
    assert [student.waits(1) for _ in range(4)] == [1] * 4
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [("endless", "timeout", "2 s"), ("ends", "lost", "exit status 3"), ("fails", "error", "ValueError: no")],
)
def test_what_goes_wrong_is_said_of_the_call_that_it_went_wrong_in(
    process: StudentProcess, name: str, kind: str, says: str
) -> None:
    student = Student(process, CONTRACT)
    process.foretell(calls("double", "count", name, "count", "count"))
    assert [student.double(1), student.count(1)] == [2, 1]
    with pytest.raises(StudentError) as raised:
        getattr(student, name)(1)
    assert (raised.value.kind, str(raised.value)) == (kind, says)
    # Nothing was done after it; one that ended is another process now.
    assert student.count(1) == (2 if name == "fails" else 1)


def test_an_answer_is_bounded_by_what_was_asked_until_then_and_not_by_what_comes_later(
    process: StudentProcess,
) -> None:
    student = Student(process, CONTRACT)
    later = Asked("call", ("asked", "double", [np.zeros(10**5)], {}, ["value"]), (np.zeros(10**5),))
    process.foretell(
        [*calls("count"), replace(calls("large")[0], arguments=("asked", "large", [0], {}, ["value"])), later]
    )
    assert student.count(1) == 1
    with pytest.raises(StudentError) as raised:
        student.large(0)
    assert raised.value.kind == "too_large"


def test_where_something_else_is_asked_what_was_sent_counts_for_nothing(
    process: StudentProcess, sent: list[int]
) -> None:
    student = Student(process, CONTRACT)
    process.foretell(calls("count", "count", "count"))
    assert student.count(1) == 1
    assert student.double(4) == 8
    assert student.count(1) == 2


def test_what_was_foretold_and_not_asked_is_no_answer_to_the_next_check(process: StudentProcess) -> None:
    student = Student(process, CONTRACT)
    process.foretell(calls("double", "fails", "double"))
    assert student.double(1) == 2
    student.reset()
    assert student.double(5) == 10


def test_a_process_that_ended_between_two_checks_costs_neither(process: StudentProcess) -> None:
    student = Student(process, CONTRACT)
    process.foretell(calls("count", "count", "ends"))
    assert [student.count(1), student.count(1)] == [1, 2]
    student.reset()
    process.foretell(calls("count", "count"))
    assert [student.count(1), student.count(1)] == [1, 2]


def test_while_a_student_is_at_one_check_the_next_one_is_worked_out_and_none_twice(
    course: Course, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    class Noted(LiveCase):
        def __init__(self, versions: Versions, check: Check, seed: bytes) -> None:
            done.append(f"made {check.id}")
            super().__init__(versions, check, seed)

    monkeypatch.setattr(oracle, "LiveCase", Noted)
    asked = LiveOracle(Versions(course, assignment), bytes(32), lambda check, _: done.append(f"sent {check.id}"))
    checks = assignment.of("layernorm_backward")
    for check in checks:
        assert asked.case(check).check is check
    first, second = checks[0].id, checks[1].id
    assert done[:4] == [f"made {first}", f"sent {first}", f"made {second}", f"sent {second}"]
    made = [line for line in done if line.startswith("made")]
    assert made == [f"made {check.id}" for check in checks]


def straight(student: Student, x: Any) -> Observed:
    return {"one": student.double(x), "other": student.double(x + 1)}


def by_an_answer(student: Student, x: Any) -> Observed:
    return {"twice": student.double(student.double(x))}


def by_the_size_of_an_answer(student: Student, x: Any) -> Observed:
    out = student.double(x)
    return {"out": student.double(x) if out > 7 else out}


def until_it_is_right(student: Student, x: Any) -> Observed:
    return {"one": student.double(x), "done": student.double(x) == 8 and student.double(x)}


def by_the_clock(student: Student, x: Any) -> Observed:
    observed = straight(student, x)
    student.compare_times("double", "double", 2)
    return observed


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (straight, True),
        *((run, False) for run in (by_an_answer, by_the_size_of_an_answer, until_it_is_right, by_the_clock)),
    ],
)
def test_a_check_asks_everybody_the_same_if_no_answer_decides_what_it_asks(
    run: Callable[..., Observed], expected: bool, stage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (stage / SUBMISSION / PACKAGE).rename(stage / "asked_here")
    monkeypatch.syspath_prepend(str(stage))
    runs = Recorder(Executor("asked_here"))
    check = Check("double.it", 1.0, "D-1", lambda rng: {}, run, ({},))
    run(Student(runs, CONTRACT), x=4)
    assert asks_everybody_the_same(check, CONTRACT, [{"x": 4}], runs.asked) is expected
    for name in ("asked_here", "asked_here.asked"):
        del sys.modules[name]
