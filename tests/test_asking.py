"""What a check can give to a student's function and get from it: the same here and behind the wall, and bounded."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from textwrap import dedent
from typing import Any

import numpy as np
import pytest

from checks.author import near_mean
from checks.engine.plain import difference
from checks.executor.errors import StudentError
from checks.executor.executor import Executor
from checks.executor.values import Other
from checks.released import PACKAGE
from checks.student import Class, Contract, Function, Student
from grader.sandbox.launch import PlainLauncher
from grader.sandbox.process import StudentProcess, TimeLimits
from grader.sandbox.staging import SUBMISSION, stage_kit

MODULE = """
import numpy as np

def apply(f, x):
    return f(x)

def insists(f, x):
    while True:
        try:
            f(x)
        except Exception:
            pass
        else:
            x = x + 1

def asks_too_often(f, x):
    for _ in range(20):
        try:
            f(x)
        except Exception:
            pass
    return 7

def double(x):
    return 2 * x

def sort(x):
    x.sort()

def same(*args, **kwargs):
    return [args, kwargs]

def kinds(*args):
    return [type(one).__name__ for one in args]

def odd(which):
    deep = []
    for _ in range(100):
        deep = [deep]
    return {
        "deep": deep, "long": [0] * 2000, "large int": 2**70, "bytes": b"a", "set": {1}, "text": "a" * 5000,
        "object": [object()], "keys": {(0, 1): 2}, "array": np.array(["a"]), "inside": {"a": {"b": object()}},
    }[which]

class Custom(ValueError):
    pass

def fail(which):
    raise {"custom": Custom, "key": KeyError, "todo": NotImplementedError}[which]("no")

class Counter:
    def __init__(self, start=0):
        self.total = start
        self.log = []
    def add(self, n, f=None):
        self.total += f(n) if f else n
        self.log.append(n)
        return self
"""

CONTRACT = Contract(
    {
        name: Function("asked", names, results)
        for name, names, results in (
            ("apply", ("f", "x"), ("value",)),
            ("insists", ("f", "x"), ("value",)),
            ("asks_too_often", ("f", "x"), ("value",)),
            ("double", ("x",), ("value",)),
            ("sort", ("x",), ()),
            ("same", (), ("value",)),
            ("kinds", (), ("value",)),
            ("odd", ("which",), ("value",)),
            ("fail", ("which",), ("value",)),
        )
    },
    classes={"Counter": Class("asked", {"add": ()}, {"total": "value", "log": "value", "missing": "value"})},
)


@pytest.fixture(scope="module", params=["here", "behind the wall"])
def student(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Student]:
    stage = tmp_path_factory.mktemp("stage")
    package = stage / SUBMISSION / PACKAGE
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "asked.py").write_text(dedent(MODULE), encoding="utf-8")
    if request.param == "here":
        own = stage / "asked_here"
        package.rename(own)
        sys.path.insert(0, str(stage))
        yield Student(Executor("asked_here"), CONTRACT)
        sys.path.remove(str(stage))
        return
    stage_kit(stage)
    with StudentProcess(stage, PlainLauncher(), TimeLimits(call=5.0)) as process:
        yield Student(process, CONTRACT)


@pytest.fixture(autouse=True)
def _fresh(student: Student) -> None:
    student.reset()


def test_a_function_of_the_checks_is_called_back_with_plain_values(student: Student) -> None:
    met: list[Any] = []

    def f(x: Any) -> Any:
        met.append(x)
        return {"got": x, "twice": [x, x]}

    assert student.apply(f, "žaba\n") == {"got": "žaba\n", "twice": ["žaba\n", "žaba\n"]}
    assert student.apply(f, (1, 2.5, None)) == {"got": [1, 2.5, None], "twice": [[1, 2.5, None]] * 2}
    assert met == ["žaba\n", [1, 2.5, None]]
    given = student.apply(lambda x: x + 1.0, np.arange(3.0))
    assert isinstance(given, np.ndarray) and given.tolist() == [1.0, 2.0, 3.0]


def test_a_function_of_the_students_own_is_given_by_name(student: Student) -> None:
    assert student.apply(student.named("double"), 4) == 8


def test_what_a_function_of_the_checks_raises_is_an_error_of_the_students_call(student: Student) -> None:
    with pytest.raises(StudentError, match="TypeError") as raised:
        student.apply(lambda x: x + 1, "a")
    assert (raised.value.kind, raised.value.lines[-1].function) == ("error", "apply")


@pytest.mark.parametrize("name", ["insists", "asks_too_often"])
def test_calls_are_counted_and_bounded_also_where_the_student_goes_on(student: Student, name: str) -> None:
    count = 0

    def f(x: Any) -> Any:
        nonlocal count
        count += 1
        return x

    if name == "insists":
        f_or_fails = student.callback(f, at_most=9)
        limits = pytest.raises(StudentError)
        if isinstance(student.runs, Executor):
            pytest.skip("what never ends is ended by the clock of the notebook's process")
    else:
        f_or_fails, limits = student.callback(f, at_most=9), pytest.raises(StudentError)
    with limits as raised:
        getattr(student, name)(f_or_fails, 1)
    assert raised.value.kind in {"too_many_calls", "timeout"} and count == 9
    student.reset()
    assert student.double(2) == 4


def test_arguments_go_in_as_they_are_by_position_and_by_name(student: Student) -> None:
    assert student.same(1, "a", x=[None, (True, 2.5)], y={"b": {"c": np.arange(2)}})[0] == [1, "a"]
    named = student.same(x=[None, (True, 2.5)], y={"b": {"c": np.arange(2), 3: "d"}})[1]
    assert named["x"] == [None, [True, 2.5]] and named["y"]["b"]["c"].tolist() == [0, 1] and named["y"]["b"][3] == "d"
    assert student.kinds((1,), [1], {}, None, True, 1, 1.5, "a", np.zeros(2)) == [
        *("tuple", "list", "dict", "NoneType", "bool", "int", "float", "str", "ndarray")
    ]


@pytest.mark.parametrize("which", ["deep", "long", "text"])
def test_what_is_too_large_is_refused(student: Student, which: str) -> None:
    with pytest.raises(StudentError) as raised:
        student.odd(which)
    assert raised.value.kind == "too_large"


@pytest.mark.parametrize("which", ["large int", "bytes", "set", "object", "keys", "array", "inside"])
def test_what_is_no_plain_value_is_said_to_be_what_it_is(student: Student, which: str) -> None:
    found = student.odd(which)
    while isinstance(found, list | dict):
        [found] = found if isinstance(found, list) else found.values()
    assert isinstance(found, Other) and found.description


def test_an_exception_that_is_asked_for_may_be_of_a_kind_of_it(student: Student) -> None:
    assert student.raised(ValueError, lambda: student.fail("custom")) == "ValueError"
    assert student.raised(ValueError, lambda: student.fail("key")) == "KeyError"
    assert student.raised(LookupError, lambda: student.fail("key")) == "LookupError"
    assert student.raised(ValueError, lambda: student.double(1)) == ""
    with pytest.raises(StudentError):
        student.raised(NotImplementedError, lambda: student.fail("todo"))


def test_what_a_function_must_change_in_place_is_read_back_and_is_no_remark(student: Student) -> None:
    held = student.held(np.array([3.0, 1.0, 2.0]))
    student.sort(held)
    assert held.value.tolist() == [1.0, 2.0, 3.0] and student.changed == set()
    items = student.held([2, 1])
    student.sort(items)
    assert items.value == [1, 2]
    student.sort(x=np.array([2.0, 1.0]))
    assert student.changed == {("sort", "x")}


def test_an_object_has_the_methods_and_attributes_of_its_contract(student: Student) -> None:
    counter = student.new("Counter", start=2)
    counter.add(3)
    counter.add(n=4, f=lambda n: 10 * n)
    assert (counter.total, counter.log, counter.missing) == (45, [3, 4], Other("missing"))
    with pytest.raises(AttributeError, match=r"no Counter\.subtract"):
        counter.subtract(1)


def test_a_time_that_is_not_as_short_as_another_is_remarked_on(student: Student) -> None:
    student.seconds.update(apply=1.0, double=3.0)
    student.compare_times("apply", "double", 2)
    assert student.slow == set()
    student.compare_times("apply", "double", 5)
    assert student.slow == {("apply", "double", 5)}


@pytest.mark.parametrize(
    ("got", "truth", "kind", "inside"),
    [
        ({"a": [1, 2]}, {"a": [1, 3]}, "text", '["a"][1]'),
        ({"a": [1.0, 2.5]}, {"a": (1.0, 2.5 + 1e-12)}, "", ""),
        ([1.0, 2.5], [1.0, 2.6], "values", "[1]"),
        ({"dW": [np.zeros(2)]}, {"dW": [np.ones(2)]}, "values", '["dW"][0]'),
        ("oak", "elm", "text", ""),
        (None, "elm", "kind", ""),
        (1, True, "kind", ""),
        (True, 1, "kind", ""),
        (3.0, 3, "", ""),
        (np.array(3), 3, "", ""),
        (3, 4, "text", ""),
        ([1], [1, 2], "length", ""),
        ({"a": 1}, {"a": 1, "b": 2}, "lacks", ""),
        ({"a": 1, "b": 2}, {"a": 1}, "holds_more", ""),
        (Other("set"), [1], "kind", ""),
        (float("nan"), 1.0, "nan", ""),
        (np.array([1, 2, 4]), np.array([1, 2, 3]), "values", ""),
        (np.array([10**9 + 1]), np.array([10**9]), "values", ""),
    ],
)
def test_the_first_difference_in_a_value_is_found_where_it_is(got: Any, truth: Any, kind: str, inside: str) -> None:
    found = difference("result", got, truth)
    assert (found.kind, found.inside) == (kind, inside) if found else kind == ""


def test_the_mean_of_random_numbers_is_judged_with_room_for_chance() -> None:
    rng = np.random.default_rng(1)
    assert all(near_mean(rng.random(2000) < 0.3, 0.3) for _ in range(200))
    assert not near_mean(rng.random(20_000) < 0.25, 0.3)
    assert not near_mean(np.full(2000, np.nan), 0.3)
    assert not near_mean([], 0.3)
    assert not near_mean([2.0], 1.0)
