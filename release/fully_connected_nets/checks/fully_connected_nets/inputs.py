"""How inputs are drawn: random, non-uniform, and such that no mistake hides.

Upstream gradients and biases are far from constant and from zero, N, D and M differ. No x lies near a kink or a tie
unless a check is about it: what is right there is judged once, by itself.
"""

from typing import Any

import numpy as np

Inputs = dict[str, Any]
MARGIN = 0.2
"""How far from zero an x of a ReLU lies, so that rounding moves none across."""


def affine(rng: np.random.Generator, N: int, D: int, M: int) -> Inputs:
    """`x` (N, D), `w` (D, M), `b` (M,), and the upstream gradient `dout` (N, M)."""
    return {"x": uneven(rng, N, D), **_layer(rng, N, D, M)}


def affine_of_images(rng: np.random.Generator, N: int, C: int, H: int, W: int, M: int) -> Inputs:
    """The same with `x` (N, C, H, W) and `w` (C·H·W, M)."""
    return {"x": uneven(rng, N, C * H * W).reshape(N, C, H, W), **_layer(rng, N, C * H * W, M)}


def _layer(rng: np.random.Generator, N: int, D: int, M: int) -> Inputs:
    return {"w": uneven(rng, D, M), "b": away_from_zero(rng, (M,), 0.5, 2.0), "dout": uneven(rng, N, M)}


def uneven(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """A matrix with a mean of its own in every row and every column."""
    return np.asarray(
        rng.normal(size=(rows, columns)) + rng.uniform(0.5, 1.5, (rows, 1)) - rng.uniform(0.2, 1, columns)
    )


def away_from_zero(rng: np.random.Generator, shape: tuple[int, ...], least: float, most: float) -> np.ndarray:
    """Numbers of either sign, half of them of each, whose magnitude is from `least` to `most`."""
    size = int(np.prod(shape))
    signs = rng.permutation(np.where((np.arange(size) + rng.integers(2)) % 2, 1.0, -1.0))
    return np.asarray((signs * rng.uniform(least, most, size)).reshape(shape))


def relu(rng: np.random.Generator, N: int, D: int) -> Inputs:
    """`x` (N, D) of either sign and away from zero, and `dout`, likewise and independent of it."""
    return {"x": away_from_zero(rng, (N, D), MARGIN, 3.0), "dout": away_from_zero(rng, (N, D), MARGIN, 3.0)}


def relu_of_images(rng: np.random.Generator, N: int, C: int, H: int, W: int) -> Inputs:
    """The same with `x` (N, C, H, W), of which one positive number is large: a ReLU cuts nothing off above."""
    x = away_from_zero(rng, (N, C, H, W), MARGIN, 3.0)
    x.flat[rng.choice(np.flatnonzero(x > 0))] = rng.uniform(3000.0, 5000.0)
    return {"x": x, "dout": away_from_zero(rng, (N, C, H, W), MARGIN, 3.0)}


def relu_at_zero(rng: np.random.Generator, N: int, D: int) -> Inputs:
    """The same; a third of x is exactly zero."""
    drawn = relu(rng, N, D)
    drawn["x"][rng.permutation(N * D).reshape(N, D) % 3 == 0] = 0.0
    return drawn


def scores(rng: np.random.Generator, N: int, C: int) -> Inputs:
    """Scores `x` (N, C), no two of an example's near each other, and labels `y` (N,) of as many classes as can be."""
    ranks = rng.permuted(np.tile(np.arange(C), (N, 1)), axis=1)
    x = 0.9 * (ranks - (C - 1) / 2) + rng.uniform(-0.3, 0.3, (N, C)) + rng.uniform(-1.0, 1.0, (N, 1))
    return {"x": x, "y": rng.permutation(np.arange(N) % C)}


def scores_far_from_zero(rng: np.random.Generator, N: int, C: int) -> Inputs:
    """The same, a thousand above zero; exp of them overflows, of their differences it does not."""
    drawn = scores(rng, N, C)
    return {"x": drawn["x"] + 1000.0, "y": drawn["y"]}


def scores_of_sure_networks(rng: np.random.Generator, N: int, C: int) -> Inputs:
    """The same; in half of the examples some score is 30 above the right class's, of which a network was sure."""
    drawn = scores(rng, N, C)
    wrong = (drawn["y"] + rng.integers(1, C, N)) % C
    rows = np.flatnonzero(np.arange(N) % 2)
    drawn["x"][rows, wrong[rows]] = drawn["x"][rows, drawn["y"][rows]] + rng.uniform(28.0, 32.0, rows.size)
    return drawn


def scores_far_from_each_other(rng: np.random.Generator, N: int, C: int) -> Inputs:
    """The same; the scores of some examples are thousands above those of others."""
    drawn = scores(rng, N, C)
    return {"x": drawn["x"] + 2000.0 * ((np.arange(N) % 3) - 1.0)[:, np.newaxis], "y": drawn["y"]}


def descent(rng: np.random.Generator, T: int, R: int, K: int) -> Inputs:
    """`w` (R, K), gradients `dw` (T, R, K) of T steps, unequal in size, and settings that are not the defaults.

    One gradient is so small that an epsilon of 1e-8 shows beside it; `epsilon` is large enough to be seen beside all.
    `velocity`, `m`, `v` and `t` are where a run was interrupted.
    """
    size = rng.uniform(0.05, 2.0, (R, K))
    size.flat[rng.integers(size.size)] = 0.005
    return {
        "w": rng.normal(size=(R, K)),
        "dw": np.stack([away_from_zero(rng, (R, K), 0.3, 1.5) * size for _ in range(T)]),
        "learning_rate": float(rng.uniform(0.05, 0.3)),
        "momentum": float(rng.uniform(0.3, 0.8)),
        "decay_rate": float(rng.uniform(0.3, 0.8)),
        "beta1": float(rng.uniform(0.3, 0.6)),
        "beta2": float(rng.uniform(0.7, 0.9)),
        "epsilon": float(rng.uniform(0.02, 0.1)),
        "velocity": away_from_zero(rng, (R, K), 0.1, 0.5),
        "cache": rng.uniform(0.2, 2.0, (R, K)),
        "m": away_from_zero(rng, (R, K), 0.1, 1.0),
        "v": rng.uniform(0.2, 2.0, (R, K)),
        "t": int(rng.integers(2, 6)),
    }


def single(draw: Any) -> Any:
    """The same inputs in float32."""

    def draw_single(rng: np.random.Generator, **size: int) -> Inputs:
        return {
            name: value.astype(np.float32) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value
            for name, value in draw(rng, **size).items()
        }

    return draw_single
