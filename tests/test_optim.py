"""Update rules against closed forms of the same recurrences, written as sums over all gradients so far."""

import math
from typing import Any

import numpy as np
import pytest

from funkcije import optim

STEPS = 6


@pytest.fixture
def gradients() -> list[np.ndarray]:
    return list(np.random.default_rng(231).normal(size=(STEPS, 3, 4)))


@pytest.fixture
def start() -> np.ndarray:
    return np.random.default_rng(7).normal(size=(3, 4))


def run(rule: Any, start: np.ndarray, gradients: list[np.ndarray], **settings: float) -> np.ndarray:
    """The parameter after one step for each gradient."""
    w, config = start.copy(), dict(settings)
    for dw in gradients:
        w, config = rule(w, dw, config)
    result: np.ndarray = w
    return result


def average(gradients: list[np.ndarray], decay: float) -> np.ndarray:
    """Moving average from zero: the sum of (1 - decay) * decay^age * gradient."""
    aged = zip(range(len(gradients) - 1, -1, -1), gradients, strict=True)
    return np.sum([(1 - decay) * decay**age * g for age, g in aged], axis=0)


@pytest.mark.parametrize("settings", [{}, {"learning_rate": 0.3}])
def test_sgd_subtracts_the_learning_rate_times_every_gradient(
    start: np.ndarray, gradients: list[np.ndarray], settings: dict[str, float]
) -> None:
    expected = start - settings.get("learning_rate", 1e-2) * np.sum(gradients, axis=0)
    np.testing.assert_allclose(run(optim.sgd, start, gradients, **settings), expected, rtol=1e-12)


@pytest.mark.parametrize("settings", [{}, {"learning_rate": 0.3, "momentum": 0.5}])
def test_momentum_lets_every_gradient_act_on_all_later_steps(
    start: np.ndarray, gradients: list[np.ndarray], settings: dict[str, float]
) -> None:
    rate, rho = settings.get("learning_rate", 1e-2), settings.get("momentum", 0.9)
    # A gradient of age a has been added 1 + rho + ... + rho^a times.
    weights = [(1 - rho ** (STEPS - step)) / (1 - rho) for step in range(STEPS)]
    expected = start - rate * np.sum([w * g for w, g in zip(weights, gradients, strict=True)], axis=0)
    np.testing.assert_allclose(run(optim.sgd_momentum, start, gradients, **settings), expected, rtol=1e-12)


@pytest.mark.parametrize("settings", [{}, {"learning_rate": 0.3, "decay_rate": 0.5, "epsilon": 0.1}])
def test_rmsprop_divides_by_the_root_of_the_average_squared_gradient(
    start: np.ndarray, gradients: list[np.ndarray], settings: dict[str, float]
) -> None:
    rate, decay = settings.get("learning_rate", 1e-2), settings.get("decay_rate", 0.99)
    eps, squares = settings.get("epsilon", 1e-8), [g**2 for g in gradients]
    expected = start - np.sum(
        [rate * g / (np.sqrt(average(squares[: i + 1], decay)) + eps) for i, g in enumerate(gradients)], axis=0
    )
    np.testing.assert_allclose(run(optim.rmsprop, start, gradients, **settings), expected, rtol=1e-12)


@pytest.mark.parametrize("settings", [{}, {"learning_rate": 0.3, "beta1": 0.5, "beta2": 0.8, "epsilon": 0.1}])
def test_adam_divides_one_corrected_average_by_the_root_of_the_other(
    start: np.ndarray, gradients: list[np.ndarray], settings: dict[str, float]
) -> None:
    rate, eps = settings.get("learning_rate", 1e-3), settings.get("epsilon", 1e-8)
    beta1, beta2 = settings.get("beta1", 0.9), settings.get("beta2", 0.999)
    expected = start.copy()
    for t in range(1, STEPS + 1):
        m_hat = average(gradients[:t], beta1) / (1 - beta1**t)
        v_hat = average([g**2 for g in gradients[:t]], beta2) / (1 - beta2**t)
        expected -= rate * m_hat / (np.sqrt(v_hat) + eps)
    np.testing.assert_allclose(run(optim.adam, start, gradients, **settings), expected, rtol=1e-10)


def test_adam_moves_by_the_learning_rate_whatever_the_size_of_a_constant_gradient() -> None:
    w = run(optim.adam, np.zeros(3), [np.array([1e-3, -5.0, 1e4])] * 10, learning_rate=0.01)
    np.testing.assert_allclose(w, [-0.1, 0.1, -0.1], rtol=1e-4)


def test_adam_goes_on_from_averages_that_it_is_given() -> None:
    config = {"learning_rate": 1e-2, "m": np.array([0.5]), "v": np.array([0.2]), "t": 5}
    w, config = optim.adam(np.array([1.0]), np.array([2.0]), config)
    m, v = 0.9 * 0.5 + 0.1 * 2, 0.999 * 0.2 + 0.001 * 4
    step = 1e-2 * (m / (1 - 0.9**6)) / (math.sqrt(v / (1 - 0.999**6)) + 1e-8)
    assert (w[0], config["t"]) == (pytest.approx(1 - step, rel=1e-12), 6)


@pytest.mark.parametrize("name", optim.KEYS)
def test_a_rule_works_in_place_in_the_dtype_of_the_parameter_and_leaves_the_gradient_alone(name: str) -> None:
    w, dw = np.ones((2, 3), dtype=np.float32), np.full((2, 3), 0.5, dtype=np.float32)
    config = {"learning_rate": np.float64(0.1)}
    for _ in range(2):
        after, config = getattr(optim, name)(w, dw, config)
    assert after is w
    assert (w.dtype, (w < 1).all()) == (np.float32, True)
    assert {value.dtype for value in config.values() if isinstance(value, np.ndarray)} <= {np.dtype(np.float32)}
    assert (dw == 0.5).all()


@pytest.mark.parametrize("name", optim.KEYS)
def test_the_keys_of_a_rule_are_those_that_its_config_ends_up_with(name: str) -> None:
    _, config = getattr(optim, name)(np.ones(2), np.ones(2))
    assert tuple(sorted(config)) == tuple(sorted(optim.KEYS[name]))
