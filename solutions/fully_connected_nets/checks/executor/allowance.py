"""How large an answer may be, in proportion to what was asked: the same on both sides of the pipe."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

TIMES, BESIDES = 16, 64 * 2**10
"""An answer may take 16 times the bytes that were asked for, and 64 KB."""
LARGEST = 48 * 2**20
"""Bytes that no answer may exceed, whatever was asked for."""


def room(shape: Sequence[int]) -> int:
    """Bytes that an array of this shape takes as float64, in which it is judged.

    An axis of length zero counts as one: of such an array, too, another axis can be summed over.
    """
    return 8 * (math.prod(shape) or math.prod(max(length, 1) for length in shape))


@dataclass
class Allowance:
    """How large an answer may be: in proportion to what is expected, in bytes as float64.

    That is what `expect` says, if it was called since the last reset; else it follows from the arguments since then:
    as many bytes as their arrays take, and as many as the parameters of a model of matrices of these lengths could.
    """

    _stated: int | None = None
    _arrays: int = 0
    _lengths: int = 0

    def reset(self) -> None:
        """Forget everything: a new check begins."""
        self._stated, self._arrays, self._lengths = None, 0, 0

    def expect(self, size: int) -> None:
        """From now on, until the next reset, an answer of about this size is expected."""
        self._stated = size

    def asked(self, arguments: Iterable[Any]) -> None:
        """Take account of arguments: arrays, numbers, and sequences and dictionaries of them."""
        if self._stated is not None:
            return
        for argument in arguments:
            kind = type(argument)
            if kind is np.ndarray:
                self._arrays += 8 * argument.size
            elif kind is str or kind is float:
                continue
            elif isinstance(argument, np.ndarray):
                self._arrays += 8 * argument.size
            elif isinstance(argument, int):
                self._lengths += max(argument, 0)
            elif isinstance(argument, dict):
                self.asked(argument.values())
            elif isinstance(argument, list | tuple):
                self.asked(argument)

    @property
    def totals(self) -> tuple[int, int]:
        """Bytes of the arrays, and the sum of the numbers, that were asked with."""
        return self._arrays, self._lengths

    @property
    def expected(self) -> int:
        """The size that is expected."""
        return self._arrays + 8 * self._lengths**2 if self._stated is None else self._stated

    @property
    def most(self) -> int:
        """The size that an answer may have."""
        return min(TIMES * self.expected + BESIDES, LARGEST)
