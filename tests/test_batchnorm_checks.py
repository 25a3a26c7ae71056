"""The checks of batch normalization: what each mistake costs, how precise a result must be, what is said of a cache."""

from typing import Any

import numpy as np
import pytest
from bench import Judge
from conftest import ASSIGNMENT, ROOT
from forms import only

from checks.batch_normalization import inputs
from checks.core import Assignment
from checks.engine.case import as_float64, match, precision_of, prints_of
from checks.engine.compare import difference_in_values
from checks.executor.executor import Executor
from checks.result import Result
from checks.student import Student
from grader.course import Course
from grader.reference.edits import Edit, edits_of
from grader.reference.mistakes import load_mistakes
from grader.reference.package import load_package

MISTAKES = {mistake.id: mistake for mistake in load_mistakes(Course(ROOT).assignment(ASSIGNMENT))}
CONTRACT = Course(ROOT).assignment(ASSIGNMENT).contract
FUNCTIONS = ("batchnorm_forward", "batchnorm_backward", "batchnorm_backward_alt")
VARIANCE = "var = np.mean(x_centered**2, axis=0)"
ONE_PASS = Edit("layers", "batchnorm_forward", VARIANCE, "var = np.mean(x**2, axis=0) - mu**2")


def failed(result: Result) -> set[str]:
    return {check.id.partition(".")[2] for check in result.checks if check.status != "passed"}


@pytest.mark.parametrize(
    ("mistake", "costs"),
    [
        ("bn_eps_hard_coded", {"eps", "eps_zero"}),
        ("bn_eps_hard_coded_in_test", {"test_eps"}),
        ("bn_running_var_unbiased", {"running_var"}),
        ("bn_running_mean_only", {"running_var"}),
        ("bn_momentum_hard_coded", {"momentum"}),
        ("bn_running_kept_as_row", {"running_shape"}),
        ("bn_out_squeezed", {"shape"}),
        ("bn_single_example_as_it_is", {"sizes"}),
        ("bn_test_without_scale_and_shift", {"test_mode", "test_eps"}),
        ("bn_test_updates_running", {"test_keeps"}),
        ("bn_test_adds_eps_in_place", {"test_keeps"}),
        ("bn_test_keeps_rows", {"test_shape"}),
        ("bn_dgamma_mean", {"dgamma"}),
        ("bn_dbeta_mean", {"dbeta"}),
        ("bn_backward_eps_hard_coded", {"eps"}),
        ("bn_gradients_as_rows", {"shapes"}),
        ("alt_dbeta_with_gamma", {"dbeta"}),
        ("alt_dgamma_from_x", {"dgamma"}),
    ],
)
def test_a_mistake_in_one_thing_costs_the_checks_of_that_thing(judged: Judge, mistake: str, costs: set[str]) -> None:
    result = judged(*edits_of(MISTAKES[mistake]), functions=(MISTAKES[mistake].function,))
    assert failed(result) == costs


def test_one_cache_for_all_forward_passes_costs_the_check_of_its_own_cache_in_both_backward_passes(
    judged: Judge,
) -> None:
    result = judged(*edits_of(MISTAKES["bn_cache_shared"]), functions=FUNCTIONS)
    named = {check.id: check.diagnosis and check.diagnosis.mistake for check in result.checks if not check.points}
    assert named == {
        "batchnorm_backward.own_cache": "bn_cache_shared",
        "batchnorm_backward_alt.own_cache": "alt_cache_shared",
    }


@pytest.mark.parametrize("function", only(["batchnorm_backward_alt"], FUNCTIONS))
def test_no_two_known_mistakes_give_the_same_on_every_check(
    course: Course, assignment: Assignment, function: str
) -> None:
    mistakes = [mistake for mistake in MISTAKES.values() if mistake.function == function]
    alike = {(one.id, other.id) for one in mistakes for other in mistakes if one.id < other.id}
    students = {
        mistake.id: Student(Executor(load_package(course.package, edits=edits_of(mistake)).name), CONTRACT)
        for mistake in mistakes
    }
    for check in assignment.of(function):
        drawn = [as_float64(item) for item in check.inputs(b"draw")]
        seen = {id: [check.run(student, **item) for item in drawn] for id, student in students.items()}
        truth = seen[mistakes[0].id]  # only for its shapes
        prints = {id: prints_of(check, observed, truth) for id, observed in seen.items()}
        alike = {(one, other) for one, other in alike if match(prints[one], prints[other])}
    assert alike == set()


@pytest.mark.parametrize(
    ("kind", "ratio"), [(np.float64, 3000.0), (np.float32, 30.0)], ids=["float64, 3000", "float32, 30"]
)
def test_a_one_pass_variance_is_accurate_enough_where_the_contract_says_so(
    course: Course, monkeypatch: pytest.MonkeyPatch, kind: type, ratio: float
) -> None:
    monkeypatch.setattr(inputs, "OFFSET", ratio)
    right, one_pass = (
        Student(Executor(load_package(course.package, edits=edits).name), CONTRACT) for edits in ((), (ONE_PASS,))
    )
    for number in range(100):
        drawn = inputs.far_from_zero(np.random.default_rng(number), 5, 8)
        given = {name: value.astype(kind) for name, value in drawn.items()}
        out, _ = one_pass.batchnorm_forward(*given.values(), one_pass.mapping(mode="train"))
        truth, _ = right.batchnorm_forward(*as_float64(given).values(), right.mapping(mode="train"))
        assert difference_in_values("out", out, truth, np.dtype(kind).char) is None


def test_a_one_pass_variance_costs_the_check_far_from_zero_in_float32_and_no_other_and_is_named(
    judged: Judge,
) -> None:
    for number in range(20):
        result = judged(ONE_PASS, draw=number, functions=FUNCTIONS[:1])
        [lost] = [check for check in result.checks if check.status != "passed"]
        assert lost.id == "batchnorm_forward.offset"
        assert lost.diagnosis is not None and lost.diagnosis.mistake == "bn_one_pass_in_float32"


def test_no_column_that_varies_is_farther_from_zero_than_the_contract_says(assignment: Assignment) -> None:
    farthest = {"d": 3000.0, "f": 30.0}
    for check in assignment.checks:
        if check.function in FUNCTIONS and check.id != "batchnorm_forward.offset":
            for number in range(50):
                drawn = check.inputs(f"ratio {number}".encode())
                for item in (as_float64(item) for item in drawn if len(item["x"]) > 1):
                    ratio = np.abs(item["x"].mean(axis=0)) / np.sqrt(item["x"].var(axis=0) + 1e-5)
                    assert ratio.max() <= farthest[precision_of(check, drawn)], check.id


CACHES = {
    "tuple": "(x_hat, std, gamma)",
    "list": "[x_hat, std, gamma]",
    "dictionary": "dict(x_hat=x_hat, std=std, gamma=gamma)",
    "nested": "([x_hat], {'rest': (std, gamma)})",
    "object": "type('Cache', (), {})(); cache.x_hat, cache.std, cache.gamma = x_hat, std, gamma",
}
READ = {
    "tuple": "x_hat, std, gamma = cache",
    "list": "x_hat, std, gamma = cache",
    "dictionary": "x_hat, std, gamma = cache.values()",
    "nested": "x_hat, (std, gamma) = cache[0][0], cache[1]['rest']",
    "object": "x_hat, std, gamma = cache.x_hat, cache.std, cache.gamma",
}


@pytest.mark.parametrize("form", CACHES)
@pytest.mark.parametrize("spoils", [True, False], ids=["spoils it", "leaves it"])
def test_a_cache_changed_in_place_is_a_remark_and_costs_nothing(judged: Judge, form: str, spoils: bool) -> None:
    edits = [
        Edit("layers", "batchnorm_forward", "cache = (x_hat, x_centered, std, gamma)", f"cache = {CACHES[form]}"),
        Edit("layers", "batchnorm_backward_alt", "x_hat, _, std, gamma = cache", READ[form]),
        Edit("layers", "batchnorm_backward_alt", "dx = gamma / std", "gamma /= std; dx = gamma"),
    ]
    result = judged(*edits[: None if spoils else 2], functions=("batchnorm_backward_alt",))
    said = "batchnorm_backward_alt changes its input cache in place; work on a copy."
    assert not failed(result)
    assert all(check.warnings == ((said,) if spoils else ()) for check in result.checks)


def test_running_statistics_changed_in_place_in_training_are_no_remark(judged: Judge) -> None:
    old = "running_mean = momentum * running_mean + (1 - momentum) * mu"
    new = "running_mean *= momentum; running_mean += (1 - momentum) * mu"
    result = judged(Edit("layers", "batchnorm_forward", old, new), functions=FUNCTIONS[:1])
    assert not failed(result)
    assert all(check.warnings == () for check in result.checks)


def test_running_statistics_that_are_not_stored_are_said_to_be_missing(judged: Judge) -> None:
    stored = 'bn_param["running_mean"] = running_mean'
    result = judged(Edit("layers", "batchnorm_forward", stored, "pass"), functions=FUNCTIONS[:1])
    assert failed(result) == {"running_mean", "running_shape", "continued", "momentum"}
    first = next(check for check in result.checks if check.id == "batchnorm_forward.running_mean")
    assert "running_mean (1): missing" in first.message


@pytest.mark.parametrize("call", ["np.float(1)", "np.product([1.0])", "np.asfarray([1.0])"])
def test_a_call_that_numpy_removed_is_said_with_the_line_that_makes_it(judged: Judge, call: str) -> None:
    edit = Edit("layers", "batchnorm_forward", VARIANCE, f"var = np.mean(x_centered**2, axis=0) * {call}")
    train = next(check for check in judged(edit, functions=FUNCTIONS[:1]).checks if check.id.endswith("train"))
    assert train.status == "error"
    assert call.partition("(")[0].removeprefix("np.") in train.message
    assert "layers.py" in train.message


def test_code_that_works_for_as_many_examples_as_features_alone_fails(judged: Judge) -> None:
    edits: list[Any] = [
        Edit("layers", "batchnorm_forward", "mu = x.mean(axis=0)", "mu = x.mean(axis=1)"),
        Edit("layers", "batchnorm_forward", VARIANCE, "var = np.mean(x_centered**2, axis=1)"),
    ]
    assert {"train", "sizes", "running_mean"} <= failed(judged(*edits, functions=FUNCTIONS[:1]))
