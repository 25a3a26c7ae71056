"""A few numbers that stand for an array: enough to recognize it, too few to copy it.

A recording keeps, for what each known mistake gives, the shape and 16 fixed random projections. Two arrays that differ
anywhere by more than a few tolerances differ in the projections, too; the array cannot be had back from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .compare import TOLERANCE, scale

PROJECTIONS = 16


@dataclass(frozen=True)
class Fingerprint:
    """The shape, size and projections of an array."""

    shape: tuple[int, ...]
    scale: float
    projections: np.ndarray

    def matches(self, other: Fingerprint, precision: str = "d") -> bool:
        """True if both come from the same array, up to the tolerance for `precision`."""
        if self.shape != other.shape:
            return False
        bound = 4 * TOLERANCE[precision] * max(self.scale, other.scale)
        return bool(np.all(np.abs(self.projections - other.projections) <= bound))


Fingerprints = Mapping[str, Fingerprint]


def fingerprint(array: np.ndarray) -> Fingerprint:
    """The fingerprint of a float or integer array."""
    values = np.nan_to_num(array.astype(np.float64), nan=-1e9, posinf=2e9, neginf=-2e9).ravel()
    return Fingerprint(array.shape, scale(values), _vectors(values.size) @ values)


def fingerprints(observed: Mapping[str, Any]) -> dict[str, Fingerprint]:
    """The fingerprints of those observations that are arrays."""
    return {name: fingerprint(value) for name, value in observed.items() if isinstance(value, np.ndarray)}


def all_match(one: Fingerprints, other: Fingerprints, precision: str = "d") -> bool:
    """True if both have the same names, and the same array behind each."""
    return one.keys() == other.keys() and all(print_.matches(other[name], precision) for name, print_ in one.items())


@lru_cache(maxsize=256)
def _vectors(size: int) -> np.ndarray:
    # RandomState is frozen for ever (NEP 19), so recordings mean the same under every numpy.
    return np.random.RandomState(size).standard_normal((PROJECTIONS, size))
