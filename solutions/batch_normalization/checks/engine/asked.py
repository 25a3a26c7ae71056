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
        values = self.answer if type(self.answer) is tuple else (self.answer,)
        return tuple([value for value in values if type(value) is Handle])


def same(one: Any, other: Any) -> bool:
    """Whether two arguments are the same to the last bit."""
    if one is other:
        return True
    kind = type(one)
    if kind is not type(other):
        return False
    if kind is np.ndarray:
        return bool(one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes())
    if kind is list or kind is tuple:
        return len(one) == len(other) and all(map(same, one, other))
    if kind is dict:
        return list(one) == list(other) and all(map(same, one.values(), other.values()))
    return repr(one) == repr(other) if kind is float else bool(one == other)
