"""Differences between two results of a student's, either of which may not be the array that was asked for."""

from typing import Any

import numpy as np


def difference(after: Any, before: Any) -> Any:
    """`after - before`; `after` as it is where the two cannot be subtracted, which no expected difference equals."""
    if isinstance(after, np.ndarray) and isinstance(before, np.ndarray) and after.shape == before.shape:
        return np.asarray(after - before)
    return after


def rows_of(result: Any, count: int) -> Any:
    """The first rows of a matrix."""
    return result[:count] if isinstance(result, np.ndarray) and result.ndim == 2 else result
