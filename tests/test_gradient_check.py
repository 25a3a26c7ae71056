"""Numerical gradients: right where calculus knows the answer, and harmless to what they probe."""

# ruff: noqa: NPY002 (the sparse check draws from numpy's global generator, so that np.random.seed repeats it)

from typing import Any

import numpy as np
import pytest

from funkcije.gradient_check import eval_numerical_gradient, eval_numerical_gradient_array, grad_check_sparse


@pytest.fixture
def x() -> np.ndarray:
    # Thirds and tenths: moving such a number and moving it back by arithmetic alone does not restore it.
    return np.array([[0.1, 1 / 3, 12.7], [-2 / 3, 1e-3, 5.0]])


def test_the_gradient_of_a_function_with_one_value_is_that_of_calculus(x: np.ndarray) -> None:
    numerical = eval_numerical_gradient(lambda v: np.sum(np.sin(v) * v), x, verbose=False)
    np.testing.assert_allclose(numerical, np.cos(x) * x + np.sin(x), rtol=1e-8, atol=1e-9)


def test_the_gradient_of_a_function_with_an_array_is_weighted_by_the_upstream_gradient(x: np.ndarray) -> None:
    a, df = np.arange(12.0).reshape(3, 4), np.arange(8.0).reshape(2, 4) - 3
    np.testing.assert_allclose(eval_numerical_gradient_array(lambda v: v @ a, x, df), df @ a.T, rtol=1e-8)


def test_a_function_that_returns_its_argument_itself_has_the_upstream_gradient(x: np.ndarray) -> None:
    df = np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(eval_numerical_gradient_array(lambda v: v, x, df), df, rtol=1e-8)


def test_a_function_may_read_what_is_moved_from_elsewhere(x: np.ndarray) -> None:
    params = {"W": x}
    numerical = eval_numerical_gradient(lambda _: np.sum(params["W"] ** 2), params["W"], verbose=False)
    np.testing.assert_allclose(numerical, 2 * x, rtol=1e-8, atol=1e-9)


def test_the_step_is_h(x: np.ndarray) -> None:
    seen: list[float] = []
    eval_numerical_gradient(lambda v: seen.append(float(v[0])) or 0.0, np.array([1.0]), verbose=False, h=0.25)
    assert seen == [1.25, 0.75]


@pytest.mark.parametrize(
    "probe",
    [
        lambda f, x: eval_numerical_gradient(f, x, verbose=False),
        lambda f, x: eval_numerical_gradient_array(f, x, np.ones(())),
        lambda f, x: grad_check_sparse(f, x, np.zeros(x.shape)),
    ],
    ids=["whole", "array", "sparse"],
)
def test_x_is_exactly_what_it_was_also_when_the_function_raises(probe: Any, x: np.ndarray) -> None:
    before = x.copy()
    probe(lambda v: np.sum(v**2), x)
    np.testing.assert_array_equal(x, before)
    with pytest.raises(ZeroDivisionError):
        probe(lambda v: 1 / 0, x)
    np.testing.assert_array_equal(x, before)
    with pytest.raises(TypeError, match="int64; a numerical gradient needs floating-point"):
        probe(lambda v: np.sum(v**2), np.array([1, 2], dtype=np.int64))


def test_entries_are_printed_only_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    x = np.array([1.0, 2.0])
    eval_numerical_gradient(lambda v: np.sum(3 * v), x, verbose=False)
    assert capsys.readouterr().out == ""
    eval_numerical_gradient(lambda v: np.sum(3 * v), x)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["(0,)", "(1,)"]


def test_the_sparse_check_prints_an_error_for_each_entry_and_repeats_with_the_seed(
    capsys: pytest.CaptureFixture[str], x: np.ndarray
) -> None:
    wrong = 2 * x
    wrong[:, 1] *= 2  # a relative error of 1/3 in one column of three
    printed = []
    for _ in range(2):
        np.random.seed(3)
        grad_check_sparse(lambda v: np.sum(v**2), x, wrong, num_checks=20)
        printed.append(capsys.readouterr().out.splitlines())
    assert printed[0] == printed[1]
    errors = [float(line.rpartition(" ")[2]) for line in printed[0]]
    assert len(errors) == 20
    off = [error for error in errors if error > 1e-6]
    assert 0 < len(off) < 20
    np.testing.assert_allclose(off, 1 / 3, rtol=1e-6)


def test_the_sparse_check_of_a_gradient_of_zero_prints_no_error_and_no_warning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    grad_check_sparse(lambda v: 1.0, np.ones(3), np.zeros(3), num_checks=1)
    assert "relative error: 0.000000e+00" in capsys.readouterr().out
