"""What must change with what for a check of form to count: see `checks.core.Move`.

A beginner's `out = x - mean`, x_hat without gamma, or `gamma * dout / std` passes, along whichever axis; zeros, the
input and noise do not. Nothing is asked where there are fewer than `ENOUGH` examples or features.
"""

import zlib

import numpy as np

from checks.core import Change, Inputs, Move

Array = np.ndarray

ENOUGH = 5
"""With one example x - mean is 0 whatever x is, with two (x - mean) / std is 1 and -1 but for eps; and of few, one that
is alone on its side of the mean is always as many mean absolute deviations away from it."""


def in_each_column(name: str = "x", turn: int = 0) -> Change:
    """One number of every column of an input changed: whatever is made of the column's mean changes with it."""

    def change(inputs: Inputs, step: float) -> Inputs | None:
        moved = _in_each_column(inputs[name], step, turn)
        return None if moved is None else {**inputs, name: moved}

    return change


def in_each_row(turn: int = 0) -> Change:
    """One number of every row of x changed."""

    def change(inputs: Inputs, step: float) -> Inputs | None:
        moved = _in_each_column(inputs["x"].T, step, turn)
        return None if moved is None else {**inputs, "x": np.ascontiguousarray(moved.T)}

    return change


def with_statistics(change: Change) -> Change:
    """The running statistics changed, too: a test is made with them, or by mistake with those of the batch."""

    def changed(inputs: Inputs, step: float) -> Inputs | None:
        moved = change(inputs, step)
        return moved and {**moved, **{name: inputs[name] + step for name in ("running_mean", "running_var")}}

    return changed


def half_of(name: str, which: bool) -> Change:
    """One half of the numbers of an input changed, each by a step of its own, or the other half."""

    def change(inputs: Inputs, step: float) -> Inputs | None:
        array: Array = inputs[name]
        if min(array.shape) < ENOUGH:
            return None
        rng = _generator(array)
        half = rng.permuted(np.arange(array.size).reshape(array.shape) % 2 == 0)
        return {**inputs, name: array + step * rng.uniform(0.5, 1.5, array.shape) * (half == which)}

    return change


def _in_each_column(x: Array, step: float, turn: int) -> Array | None:
    N, D = x.shape
    if min(N, D) < ENOUGH:
        return None
    # Neither the first nor the last: of these much is made that is no normalization, such as running sums.
    rows = _generator(x, turn).integers(1, N - 1, size=D)
    moved = x.copy()
    moved[rows, np.arange(D)] += step
    return moved


def _generator(array: Array, turn: int = 0) -> np.random.Generator:
    """The same for the same numbers, so that a smaller step goes the same way."""
    return np.random.default_rng([zlib.crc32(np.ascontiguousarray(array).tobytes()), turn])


TURNS = (0, 1)
"""What is asked of numbers in some places is asked of others in other places once more."""


def forward(result: str) -> tuple[Move, ...]:
    """A normalized result depends, in every number, on the others of its column, or of its row."""
    return tuple(Move((in_each_column(turn=turn), in_each_row(turn)), (result,), "not_from_others") for turn in TURNS)


def in_test(result: str) -> tuple[Move, ...]:
    """A result in test mode depends on x, and on the running statistics or on its column."""
    on_x = (Move((half_of("x", which),), (result,), "not_from_x", at="x") for which in (True, False))
    others = (with_statistics(in_each_column()), with_statistics(in_each_row()))
    return (*on_x, Move(others, (result,), "not_from_statistics"))


BACKWARD = (
    *(Move((half_of("dout", which),), ("dx",), "not_from_dout", at="dout") for which in (True, False)),
    *(Move((in_each_column("dout", turn),), ("dgamma", "dbeta"), "not_from_dout") for turn in TURNS),
    *(Move((in_each_column(turn=turn), in_each_row(turn)), ("dx",), "not_from_forward") for turn in TURNS),
)
"""Gradients depend on dout, and dx on the x of the forward pass."""
