"""Differences between two results of a student's, either of which may not be the array that was asked for."""

from typing import Any

import numpy as np


def difference(after: Any, before: Any) -> Any:
    """`after - before`; `after` as it is where the two cannot be subtracted, which no expected difference equals."""
    if isinstance(after, np.ndarray) and isinstance(before, np.ndarray) and after.shape == before.shape:
        return np.asarray(np.subtract(after, before, dtype=np.result_type(after, before, np.float16)))
    return after


def added(after: Any, before: Any, shape: tuple[int, ...]) -> Any:
    """What was added to `before`; where that is nothing, zeros of the expected shape, whatever that of the two."""
    found = difference(after, before)
    comparable = isinstance(found, np.ndarray) and isinstance(before, np.ndarray) and found.shape == before.shape
    return np.zeros(shape) if comparable and not found.any() else found
