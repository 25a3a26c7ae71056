"""When two results are the same: the one place for tolerances, with the reasoning.

A result is judged against float64 truth. The distance is measured against the size of the true array, not of each
number: in a sum of N terms of size s, rounding leaves an error of a few s·eps everywhere, also where the terms cancel
to almost zero. A relative error for each number would blame a right implementation for that.

What remains is a factor for the ways in which right implementations differ (order of sums, one-pass variance,
staged or closed gradients): they lose up to four digits where |mean|/std is 10 and columns of unequal size meet in
one array. With inputs built so that every known mistake moves the result by more than 1e-4 of its size, both sides
keep a wide margin:

    float64   eps 2.2e-16   tolerance 1e-8
    float32   eps 1.2e-7    tolerance 5e-4
    float16   not asked for by any contract
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from .executor import Other

TOLERANCE = {"d": 1e-8, "f": 5e-4}
"""Largest allowed distance by the input's `dtype.char`, in units of the truth's size."""

FLOOR = 1e-2
"""Arrays smaller than this are measured against it: where the truth is zero (dx at N = 1), rounding is all there is."""


@dataclass(frozen=True)
class Difference:
    """The first thing in which a result is not what was expected."""

    name: str
    """Which result: `out`, `dx`, `running_mean`."""
    kind: Literal["missing", "type", "shape", "dtype", "nan", "values", "unexpected"]
    expected: str
    found: str
    where: tuple[int, ...] = ()
    size: float = 0.0
    """Largest distance, in units of the truth's size (`values` only)."""
    share: float = 0.0
    """The share of the numbers that differ (`values` only)."""


def scale(truth: np.ndarray) -> float:
    """The size of an array: its largest magnitude, and at least `FLOOR`."""
    return max(float(np.max(np.abs(truth), initial=0.0)), FLOOR)


def mend(got: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """`got` in the expected shape if only axes of length one differ, else None."""
    squeezed = tuple(length for length in shape if length != 1)
    if got.shape != shape and tuple(length for length in got.shape if length != 1) != squeezed:
        return None
    return got.reshape(shape)


def difference_in_shape(name: str, got: Any, truth: np.ndarray) -> Difference | None:
    """None if `got` is an array of exactly the truth's shape."""
    if not isinstance(got, np.ndarray):
        return _not_an_array(name, got, truth)
    if got.shape != truth.shape:
        return Difference(name, "shape", str(truth.shape), str(got.shape))
    return None


def difference_in_dtype(name: str, got: Any, truth: np.ndarray) -> Difference | None:
    """None if `got` is an array of exactly the truth's type."""
    if not isinstance(got, np.ndarray):
        return _not_an_array(name, got, truth)
    if got.dtype != truth.dtype:
        return Difference(name, "dtype", str(truth.dtype), str(got.dtype))
    return None


def difference_in_values(name: str, got: Any, truth: np.ndarray, precision: str = "d") -> Difference | None:
    """None if `got` agrees with the float64 `truth` up to the tolerance for `precision` (a `dtype.char`)."""
    if not isinstance(got, np.ndarray):
        return _not_an_array(name, got, truth)
    mended = mend(got, truth.shape)
    if mended is None:
        return Difference(name, "shape", str(truth.shape), str(got.shape))
    values = mended.astype(np.float64)
    lost = np.isnan(values)
    if lost.any():
        where = _first(lost)
        return Difference(name, "nan", _number(truth[where]), "NaN", where, share=float(lost.mean()))
    with np.errstate(over="ignore", invalid="ignore"):
        distance = np.abs(values - truth) / scale(truth)
    wrong = ~(distance <= TOLERANCE[precision])
    if not wrong.any():
        return None
    where = _first(wrong)
    return Difference(
        name,
        "values",
        _number(truth[where]),
        _number(values[where]),
        where,
        size=float(distance.max()),
        share=float(wrong.mean()),
    )


def _not_an_array(name: str, got: Any, truth: np.ndarray) -> Difference:
    expected = f"array {truth.shape}"
    if isinstance(got, Other) and got.description == "missing":
        return Difference(name, "missing", expected, "")
    return Difference(name, "type", expected, got.description if isinstance(got, Other) else type(got).__name__)


def _first(mask: np.ndarray) -> tuple[int, ...]:
    return tuple(int(index) for index in np.argwhere(mask)[0]) if mask.ndim else ()


def _number(value: Any) -> str:
    return f"{float(value):.6g}"
