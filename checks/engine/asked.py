"""What a check asked, one operation after another, and whether two ask the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..executor.values import Handle


@dataclass(frozen=True)
class Asked:
    """One operation of an executor (`student.Runs`), and what came of it."""

    operation: str
    arguments: tuple[Any, ...]
    answer: Any = None
    """A tuple of values of a call or the error that it ended in, a value that was read, the handle of what was made."""

    @property
    def made(self) -> tuple[Handle, ...]:
        """The handles that it gave names to."""
        values = self.answer if isinstance(self.answer, tuple) else (self.answer,)
        return tuple(value for value in values if isinstance(value, Handle))


def same(one: Any, other: Any) -> bool:
    """Whether two arguments are the same to the last bit."""
    if one is other:
        return True
    if isinstance(one, np.ndarray):
        return (
            type(other) is np.ndarray
            and one.dtype == other.dtype
            and one.shape == other.shape
            and one.tobytes() == other.tobytes()
        )
    if isinstance(one, list | tuple):
        if not isinstance(other, list | tuple) or len(one) != len(other):
            return False
        return isinstance(one, list) == isinstance(other, list) and all(map(same, one, other))
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, float):
        return repr(one) == repr(other)
    return bool(one == other)
