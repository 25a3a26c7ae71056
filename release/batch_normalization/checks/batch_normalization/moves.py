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


def in_each_column(inputs: Inputs, step: float) -> Inputs | None:
    """One number of every column of x changed: the column's mean changes, and with it whatever is made of it."""
    return _with_x(inputs, _in_each_column(inputs["x"], step))


def in_each_row(inputs: Inputs, step: float) -> Inputs | None:
    """One number of every row of x changed."""
    moved = _in_each_column(inputs["x"].T, step)
    return _with_x(inputs, None if moved is None else np.ascontiguousarray(moved.T))


def with_statistics(change: Change) -> Change:
    """The running statistics changed, too: a test is made with them, or by mistake with those of the batch."""

    def changed(inputs: Inputs, step: float) -> Inputs | None:
        moved = change(inputs, step)
        return moved and {**moved, **{name: inputs[name] + step for name in ("running_mean", "running_var")}}

    return changed


def all_of(name: str) -> Change:
    """Every number of an input changed, each by a step of its own."""

    def change(inputs: Inputs, step: float) -> Inputs | None:
        array: Array = inputs[name]
        if min(array.shape) < ENOUGH:
            return None
        return {**inputs, name: array + step * _generator(array).uniform(0.5, 1.5, array.shape)}

    return change


def _with_x(inputs: Inputs, x: Array | None) -> Inputs | None:
    return None if x is None else {**inputs, "x": x}


def _in_each_column(x: Array, step: float) -> Array | None:
    if min(x.shape) < ENOUGH:
        return None
    moved = x.copy()
    # In the middle: of the first and the last much is made that is no normalization, such as running sums.
    moved[len(x) // 2] += step
    return moved


def _generator(array: Array) -> np.random.Generator:
    """The same for the same numbers, so that a smaller step goes the same way."""
    return np.random.default_rng(zlib.crc32(np.ascontiguousarray(array).tobytes()))


def forward(result: str) -> tuple[Move, ...]:
    """A normalized result depends, in every number, on the others of its column, or of its row."""
    return (Move((in_each_column, in_each_row), (result,), "not_from_others"),)


def in_test(result: str) -> tuple[Move, ...]:
    """A result in test mode depends on x, and on the running statistics or on its column."""
    others = (with_statistics(in_each_column), with_statistics(in_each_row))
    return (Move((all_of("x"),), (result,), "not_from_x"), Move(others, (result,), "not_from_statistics"))


BACKWARD = (
    Move((all_of("dout"),), ("dx", "dgamma", "dbeta"), "not_from_dout"),
    Move((in_each_column, in_each_row), ("dx",), "not_from_forward"),
)
"""Gradients depend on dout, and dx on the x of the forward pass."""
