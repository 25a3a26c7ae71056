"""How inputs are drawn: random, non-uniform, and such that no mistake hides.

Columns differ in mean and spread, `gamma`, `beta` and `dout` are far from constant, `eps` is large enough to be seen.
One column in a batch has a spread of about 1e-2, so that also the default `eps` of 1e-5 moves the result. Only
`far_from_zero` has a |mean|/std that a one-pass variance does not survive in the precision that it is drawn for.
"""

from typing import Any

import numpy as np

OFFSET = 500.0
"""Relative error of E[x²] - E[x]² there, (|mean|/std)² eps: 5e-11 in float64, 3e-2 in float32."""
MANY = 12
"""Numbers of which one can lie more than three standard deviations from their mean: n of them reach √(n - 1)."""


def batch(rng: np.random.Generator, N: int, D: int) -> dict[str, Any]:
    """`x` of shape (N, D), `gamma` and `beta` of shape (D,)."""
    spread = rng.uniform(0.5, 3.0, D)
    spread[rng.integers(D)] = 0.01
    x = spread_out(rng, N, D, axis=0) * spread + rng.uniform(-3.0, 3.0, D)
    return {"x": x, **scale_and_shift(rng, D)}


def rows(rng: np.random.Generator, N: int, D: int) -> dict[str, Any]:
    """The same for layer normalization: rows differ in mean and spread, and one has a spread of about 1e-2."""
    spread = rng.uniform(0.5, 3.0, (N, 1))
    spread[rng.integers(N)] = 0.01
    x = spread_out(rng, N, D, axis=1) * spread + rng.uniform(-3.0, 3.0, (N, 1))
    return {"x": x, **scale_and_shift(rng, D)}


def spread_out(rng: np.random.Generator, N: int, D: int, axis: int) -> np.ndarray:
    """Normal numbers whose mean is 0 and whose standard deviation is 1 along an axis, but where there is only one.

    Two or three numbers drawn freely lie close together now and then. Of these the gradient is a thousand times that of
    the others, so that what is judged, and which mistakes are seen, would depend on the draw.
    """
    x = rng.normal(size=(N, D))
    if x.shape[axis] == 1:
        return x
    x -= x.mean(axis, keepdims=True)
    return np.asarray(x / x.std(axis, keepdims=True))


def scale_and_shift(rng: np.random.Generator, D: int) -> dict[str, Any]:
    """`gamma` of either sign and away from 0 and 1, `beta` away from 0."""
    gamma = rng.uniform(1.3, 2.5, D) * rng.choice([-1.0, 1.0], D)
    beta = rng.uniform(0.5, 2.0, D) * rng.choice([-1.0, 1.0], D)
    return {"gamma": gamma, "beta": beta}


def far_from_zero(rng: np.random.Generator, N: int, D: int) -> dict[str, Any]:
    """A batch whose columns have a mean of `OFFSET` times their standard deviation, up or down."""
    steps = np.linspace(-1.4, 1.4, N) + rng.uniform(-0.1, 0.1, (D, N))
    x = rng.permuted(steps, axis=1).T + OFFSET * rng.choice([-1.0, 1.0], D) * rng.uniform(0.95, 1.05, D)
    return {"x": x * rng.uniform(0.5, 2.0, D), **scale_and_shift(rng, D)}


def with_statistics(rng: np.random.Generator, N: int, D: int) -> dict[str, Any]:
    """A batch, and running statistics that are not its own; one variance is near 1e-3, where `eps` shows."""
    running_var = rng.uniform(0.05, 4.0, D)
    running_var[rng.integers(D)] = rng.uniform(1e-3, 2e-3)
    return {
        **batch(rng, N, D),
        "running_mean": rng.uniform(-2.0, 2.0, D),
        "running_var": running_var,
        "eps": float(rng.uniform(0.2, 0.6)),
        "momentum": float(rng.uniform(0.3, 0.8)),
    }


def with_gradient(rng: np.random.Generator, N: int, D: int) -> dict[str, Any]:
    """A batch with the upstream gradient `dout` of shape (N, D)."""
    spread = rng.uniform(0.5, 2.0, D)
    # No narrower: the gradient of a column grows as its spread shrinks, and would hide all the others.
    spread[rng.integers(D)] = 0.05
    x = (spread_out(rng, N, D, axis=0) + rng.uniform(-3.0, 3.0, D)) * spread
    return {"x": x, **scale_and_shift(rng, D), **upstream(rng, N, D)}


def rows_with_gradient(rng: np.random.Generator, N: int, D: int) -> dict[str, Any]:
    """The same for layer normalization."""
    x = spread_out(rng, N, D, axis=1) * rng.uniform(0.5, 2.0, (N, 1)) + rng.uniform(-3.0, 3.0, (N, 1))
    return {"x": x, **scale_and_shift(rng, D), **upstream(rng, N, D)}


def upstream(rng: np.random.Generator, N: int, D: int) -> dict[str, Any]:
    """`dout` with a mean of its own in every row and column, and the `eps` to use with it."""
    dout = rng.normal(size=(N, D)) + rng.uniform(0.5, 1.5, (N, 1)) + rng.uniform(-1.5, -0.5, D)
    return {"dout": dout, "eps": float(rng.uniform(0.2, 0.6))}


def more_examples(x: np.ndarray) -> np.ndarray:
    """Other examples of the same features, and more of them: what a dictionary may have met before."""
    return np.vstack((0.5 * x[::-1] + 1.0, -2.0 * x))


def one_gamma_zero(draw: Any) -> Any:
    """The same inputs with a feature whose `gamma` is 0, but for the only one: then `out` would say nothing of x."""

    def draw_one_zero(rng: np.random.Generator, N: int, D: int) -> dict[str, Any]:
        inputs: dict[str, Any] = draw(rng, N, D)
        if D > 1:
            inputs["gamma"][rng.integers(D)] = 0.0
        return inputs

    return draw_one_zero


def one_far(draw: Any, axis: int) -> Any:
    """The same inputs; where there are many along an axis, one lies three standard deviations off, whatever is drawn.

    What is cut off there would otherwise show in some draws and not in others.
    """

    def draw_one_far(rng: np.random.Generator, N: int, D: int) -> dict[str, Any]:
        inputs: dict[str, Any] = draw(rng, N, D)
        if (N, D)[axis] >= MANY:
            x = np.moveaxis(inputs["x"], axis, 0)
            x[0] = x[0] + 10.0 * x.std(0) * np.where(x[0] < x.mean(0), -1.0, 1.0)
        return inputs

    return draw_one_far


def single(draw: Any) -> Any:
    """The same inputs in float32."""

    def draw_single(rng: np.random.Generator, N: int, D: int) -> dict[str, Any]:
        return {
            name: value.astype(np.float32) if isinstance(value, np.ndarray) else value
            for name, value in draw(rng, N, D).items()
        }

    return draw_single
