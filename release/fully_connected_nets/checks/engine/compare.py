"""When two results are the same: the one place for tolerances, with the reasoning.

A result is judged against float64 truth, in units of the true array's size (its largest magnitude). Not number by
number: where terms of size s cancel, rounding leaves a few s·u also where the sum is almost zero, and a relative error
for each number would blame a right implementation for it.

**What right implementations lose.** With u the unit roundoff of the inputs' type (1.1e-16, 6e-8) and κ = |mean|/std:

- a sum of a few dozen terms loses a few u, in whatever order;
- a spread in two passes loses a few u; in one pass, E[x²] − E[x]², it loses κ²·u, since each of the two is κ² times
  their difference. The contracts say up to which κ that must suffice, and inputs keep to it;
- a root and a quotient pass half of that on; a gradient, staged or closed, loses a few u of the terms that cancel in
  it;
- a small network is a few dozen such steps, one after the other.

One pass must suffice in float64 up to κ = 3000, which makes 1e7·u, 1e-9; in float32 up to κ = 30, which makes 900·u,
5e-5.
What the checks draw stays below that, and far below wherever a gradient is judged.

**What mistakes move.** Far more, but for a result rounded to float32 on the way, which differs by 6e-8 at most. So the
tolerance in float64 lies below 6e-8 and far above what right ones lose; in float32 it lies between the two.
`make mutation` measures both sides:

               right ones lose    tolerance    mistakes move
    float64    < 2e-10            1e-8         > 2e-8
    float32    < 1e-4             5e-4         > 5e-3
    float16    not asked for by any contract

**Columns of unequal size** are judged by the largest. A mistake in one that is 1e-4 of the largest is seen if it moves
that column by 1e-4 of itself, which all known ones do; judged by its own size, a small column would be judged where
right implementations differ most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..executor.values import Other

Precision = str | float
"""`d` or `f`, the `dtype.char` of the inputs, or the tolerance that a check has of its own (`core.Tolerance`)."""

TOLERANCE = {"d": 1e-8, "f": 5e-4}
"""Largest allowed distance by the input's `dtype.char`, in units of the truth's size."""

FLOOR = 1e-2
"""Arrays smaller than this are measured against it: where the truth is zero (dx at N = 1), rounding is all there is."""


def allowed(precision: Precision) -> float:
    """The largest allowed distance, in units of the truth's size."""
    return TOLERANCE[precision] if isinstance(precision, str) else precision


@dataclass(frozen=True)
class Difference:
    """The first thing in which a result is not what was expected."""

    name: str
    """Which result: `out`, `dx`, `loss`."""
    kind: Literal[
        "missing",
        "type",
        "shape",
        "dtype",
        "nan",
        "values",
        "unexpected",
        "kind",
        "text",
        "length",
        "lacks",
        "holds_more",
        "not_held",
        "not_raised",
        "raised_other",
    ]
    expected: str
    found: str
    where: tuple[int, ...] = ()
    inside: str = ""
    """Where in a plain value it is: `["dW"][0]`."""
    size: float = 0.0
    """Largest distance, in units of the truth's size (`values` only)."""
    apart: float = 0.0
    """Largest distance as it is (`values` only)."""
    near_zero: bool = False
    """Whether the truth has no size that a distance could be told in (`values` only)."""
    share: float = 0.0
    """The share of the numbers that differ (`values` only)."""


def scale(truth: np.ndarray) -> float:
    """The size of an array: its largest magnitude, and at least `FLOOR`."""
    return max(float(np.max(np.abs(truth), initial=0.0)), FLOOR)


def distances(values: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """How far each number is from the truth, in units of the truth's size."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.abs(values - truth) / scale(truth))


def is_finite(value: Any) -> bool:
    """Whether a result is an array of finite numbers."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "fiu" and bool(np.all(np.isfinite(value)))


def in_shape(got: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
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


def difference_in_values(name: str, got: Any, truth: np.ndarray, precision: Precision = "d") -> Difference | None:
    """None if `got` agrees with the float64 `truth` up to the tolerance for `precision`, whole numbers exactly."""
    if not isinstance(got, np.ndarray):
        return _not_an_array(name, got, truth)
    reshaped = in_shape(got, truth.shape)
    if reshaped is None:
        return Difference(name, "shape", str(truth.shape), str(got.shape))
    values = reshaped.astype(np.float64)
    lost = np.isnan(values)
    if lost.any():
        where = _first(lost)
        return Difference(name, "nan", _number(truth[where]), "NaN", where, share=float(lost.mean()))
    distance = distances(values, truth)
    # Nothing is like a truth that is not finite, such as a mistaken forward pass may have.
    exact = truth.dtype.kind in "biu"
    wrong = ~(distance <= (0.0 if exact else allowed(precision))) | ~np.isfinite(truth)
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
        apart=float(distance.max()) * scale(truth),
        near_zero=scale(truth) <= FLOOR,
        share=float(wrong.mean()),
    )


def same_numbers(got: Any, numbers: np.ndarray, precision: Precision = "d", tolerance: float | None = None) -> bool:
    """Whether trusted code that may be wrong gave the same, number by number: not a number where it gave none."""
    reshaped = in_shape(got, numbers.shape) if isinstance(got, np.ndarray) else None
    if reshaped is None:
        return False
    values, finite = reshaped.astype(np.float64), np.isfinite(numbers)
    if not np.array_equal(values[~finite], numbers[~finite], equal_nan=True):
        return False
    bound = allowed(precision) if tolerance is None else tolerance
    return bool(np.all(distances(values[finite], numbers[finite]) <= bound))


def _not_an_array(name: str, got: Any, truth: np.ndarray) -> Difference:
    expected = str(truth.shape)
    if isinstance(got, Other) and got.description == "missing":
        return Difference(name, "missing", expected, "")
    return Difference(name, "type", expected, got.description if isinstance(got, Other) else type(got).__name__)


def _first(mask: np.ndarray) -> tuple[int, ...]:
    return tuple(int(index) for index in np.argwhere(mask)[0]) if mask.ndim else ()


def _number(value: Any) -> str:
    return f"{float(value) + 0.0:.6g}"  # no minus before a zero
