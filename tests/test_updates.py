"""The first layer's weights change as their update rule says, block by block, and fast where the rule is Adam."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from funkcije import optim
from funkcije.lab import updates
from funkcije.lab.updates import ByAdam, ByRule, update_of

Step = tuple[np.ndarray, np.ndarray]


def steps(number: int, dtype: str = "float64") -> list[Step]:
    """Inputs (6, 40) and gradients of outputs (6, 5) of every size, and one column that is all zeros."""
    rng = np.random.default_rng(231)
    sizes = np.array([10, 1, 1e-4, 1e-9, 0])
    return [
        (rng.standard_normal((6, 40)).astype(dtype), (rng.standard_normal((6, 5)) * sizes).astype(dtype))
        for _ in range(number)
    ]


def start(dtype: str = "float64") -> np.ndarray:
    return np.random.default_rng(1).standard_normal((40, 5)).astype(dtype)


def by_the_rule(rule: Callable[..., Any], made: list[Step], dtype: str = "float64") -> np.ndarray:
    w, config = start(dtype), {"learning_rate": 0.01}
    for X, da in made:
        w, config = rule(w, X.T @ da, config)
    return w


def by_blocks(rule: Callable[..., Any], made: list[Step], dtype: str = "float64") -> np.ndarray:
    w = start(dtype)
    update = update_of(rule)(w, 0.01)
    for X, da in made:
        update.step(X, da)
    return w


@pytest.fixture(autouse=True)
def many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "BLOCK", 60)


@pytest.mark.parametrize("rule", optim.KEYS)
def test_every_rule_does_to_the_blocks_what_it_does_to_the_whole(rule: str) -> None:
    made = steps(20)
    np.testing.assert_allclose(
        by_blocks(getattr(optim, rule), made), by_the_rule(getattr(optim, rule), made), rtol=1e-10
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", optim.KEYS)
def test_parameters_whose_gradient_is_there_change_as_the_rule_says(rule: str, dtype: str) -> None:
    w, config = np.linspace(-1, 1, 130).astype(dtype), {"learning_rate": 0.01}
    found = w.copy()
    update = update_of(getattr(optim, rule))(found, 0.01)
    sizes = np.repeat([10, 1, 1e-4, 1e-9, 0], 26)
    for step in range(20):
        dw = (np.random.default_rng(step).standard_normal(130) * sizes).astype(dtype)
        update.step_by(dw)
        w, config = getattr(optim, rule)(w, dw, config)
    assert found.dtype == w.dtype == dtype
    np.testing.assert_allclose(found, w, rtol=1e-10 if dtype == "float64" else 1e-5)


def test_adam_in_fewer_passes_is_adam_through_thousands_of_steps() -> None:
    made = steps(2 * ByAdam.PERIOD + 100)
    np.testing.assert_allclose(by_blocks(optim.adam, made), by_the_rule(optim.adam, made), rtol=1e-9, atol=1e-12)
    made = [(X.astype("float32"), da.astype("float32")) for X, da in made[:200]]
    found, expected = by_blocks(optim.adam, made, "float32"), by_the_rule(optim.adam, made, "float32")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_an_adam_with_other_numbers_is_taken_as_it_is() -> None:
    def slower(w: np.ndarray, dw: np.ndarray, config: dict[str, Any]) -> Any:
        return optim.adam(w, dw, {"beta1": 0.8, **config})

    def larger(w: np.ndarray, dw: np.ndarray, config: dict[str, Any]) -> Any:
        return optim.adam(w, dw, {"epsilon": 1e-7, **config})

    def falling(w: np.ndarray, dw: np.ndarray, config: dict[str, Any]) -> Any:
        rate = config["learning_rate"] / (10 if config.get("t", 0) > 100 else 1)
        w, stepped = optim.adam(w, dw, config | {"learning_rate": rate})
        return w, stepped | {"learning_rate": config["learning_rate"]}

    def missing(w: np.ndarray, dw: np.ndarray, config: dict[str, Any]) -> Any:
        raise NotImplementedError

    assert isinstance(update_of(optim.adam)(start(), 0.01), ByAdam)
    for rule in (slower, larger, falling, missing, optim.sgd, optim.rmsprop):
        assert isinstance(update_of(rule)(start(), 0.01), ByRule), rule
    made = steps(20)
    np.testing.assert_allclose(by_blocks(slower, made), by_the_rule(slower, made), rtol=1e-10)
