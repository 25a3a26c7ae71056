"""A few numbers that stand for an array: enough to recognize it, too few to copy it.

A recording keeps, for what each known mistake gives, the shape and some fixed random projections. Two arrays that
differ anywhere by more than a few tolerances differ in the projections, too; the array cannot be recovered from them,
unless it has no more entries than there are projections. From known projections an array can be made that has all of
them and nothing else in common: fingerprints name mistakes, and never pay.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ..core import Aspect
from ..executor.values import Other
from .compare import Precision, allowed, in_shape, scale
from .plain import structure_and_numbers

PROJECTIONS = 8
"""Each by itself tells two float64 arrays apart, and two float32 arrays with a probability of more than 99%."""


@dataclass(frozen=True)
class Fingerprint:
    """The shape, size and projections of an array."""

    shape: tuple[int, ...]
    scale: float
    projections: np.ndarray

    def matches(self, other: Fingerprint, precision: Precision = "d") -> bool:
        """True if both come from the same array, up to the tolerance for `precision`; `other` sets the scale."""
        if self.shape != other.shape:
            return False
        if self.projections.shape != other.projections.shape:
            return False
        bound = 4 * allowed(precision) * other.scale
        return bool(np.all(np.abs(self.projections - other.projections) <= bound))


LARGEST = 4096
"""Numbers of an array of another shape than expected that are still looked at."""
NOT_FINITE = 1e9
"""What NaN counts as; infinities as twice that."""

Fingerprints = Mapping[str, Fingerprint]

NO_ARRAY = Fingerprint((-1,), 0.0, np.zeros(0))
"""Stands for a result that is missing, or of no kind that was asked for."""
_PLAIN = -2
"""Begins the shape of a plain value: what it is made of follows, and how many numbers are in it."""


def fingerprint(value: Any, aspect: Aspect = "values", shape: tuple[int, ...] | None = None) -> Fingerprint:
    """The fingerprint of what is judged in a result.

    Args:
        value: the result.
        aspect: of values, all of them; of types, the type; of anything else, the shape alone.
        shape: the expected one; values of an array that differs from it in axes of length one are taken in its shape.
    """
    if isinstance(value, Other):
        return NO_ARRAY
    if not isinstance(value, np.ndarray):
        structure, flat = structure_and_numbers(value)
        flat = _finite(flat)
        return Fingerprint((_PLAIN, *structure, flat.size), scale(flat), vectors(flat.size) @ flat)
    if aspect == "dtypes":
        return Fingerprint(value.shape, 1.0, np.array([float(ord(value.dtype.char))]))
    if aspect != "values":
        return Fingerprint(value.shape, 0.0, np.zeros(0))
    reshaped = None if shape is None else in_shape(value, shape)
    if reshaped is None and value.size > LARGEST:
        return Fingerprint(value.shape, 0.0, np.zeros(0))  # no mistake gives anything of that size
    values = (value if reshaped is None else reshaped).astype(np.float64)
    flat = _finite(values).ravel()
    return Fingerprint(values.shape, scale(flat), vectors(flat.size) @ flat)


def _finite(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.nan_to_num(values, nan=-NOT_FINITE, posinf=2 * NOT_FINITE, neginf=-2 * NOT_FINITE))


def projections(shape: tuple[int, ...], aspect: Aspect = "values") -> int:
    """How many numbers a fingerprint takes: an array with fewer entries than projections is known by them all."""
    if shape[:1] == (_PLAIN,):
        return min(shape[-1], PROJECTIONS)
    if shape == NO_ARRAY.shape or aspect in {"shapes", "names"}:
        return 0
    return 1 if aspect == "dtypes" else min(math.prod(shape), PROJECTIONS)


@lru_cache(maxsize=64)
def vectors(size: int) -> np.ndarray:
    """What an array of this many values is projected on, one vector a row."""
    # RandomState is frozen for ever (NEP 19), so recordings mean the same under every numpy.
    return np.random.RandomState(size).standard_normal((projections((size,)), size))
