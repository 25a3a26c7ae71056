"""What trusted code gives a student's wrong forward pass, where no known mistake alone does.

Tried in this order, and taken where whole arrays agree: a family with a number, such as a constant of any
value; two known mistakes; a known mistake and the first, likeliest family. The number is fitted to what came.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import combinations, product
from typing import Any, Protocol

import numpy as np

from checks.core import FORWARD, Check, Observed, smallest
from checks.engine.case import Cause
from checks.engine.compare import Precision, in_shape, same_numbers
from checks.mistakes import FITTED

from .changed import Overlap
from .versions import Versions

Array = np.ndarray
Forward = Callable[[float], Array]
"""What a family gives with a number."""

START = (0.0, *(10.0**power for power in range(-14, 3)))
"""Numbers that a fit begins from, the best of them."""
STEPS = 12
"""Of Gauss and Newton, at most; each has about twice the digits of the one before."""


class Judged(Protocol):
    """What is asked of the check of a backward pass; `oracle.LiveCase` has it."""

    versions: Versions
    check: Check
    truth: Sequence[Observed]

    @property
    def precision(self) -> Precision:
        """See `case.Case`."""

    @property
    def forwards(self) -> Sequence[str]:
        """Known mistakes of the forward pass, by id."""

    def has_effect(self, mistake: str) -> bool:
        """Whether the forward pass is another one with a mistake."""

    def may_give(self, cause: Cause, observed: Sequence[Observed]) -> bool:
        """False where a glance tells that a cause does not give the forward pass that was observed."""

    def forward_with(self, functions: Mapping[str, Any], size: int) -> Observed:
        """The forward pass at one size, with some functions in the place of the reference's."""


def reproduce(case: Judged, observed: Sequence[Observed], *, pairs: bool, near: Collection[str] = ()) -> list[Cause]:
    """What gives a forward pass that was observed; nothing if nothing does.

    Args:
        case: the check of a backward pass.
        observed: what the student gave in it, the forward pass among it.
        pairs: whether two mistakes are tried, which takes a second; families alone if not.
        near: what gives it as far as can be told; only pairs with one of them are tried, if there are any.
    """
    forwards = case.versions.assignment.forwards_of(case.check.function)
    families = [id for id, family in case.versions.families.items() if family.function in forwards]
    alone = [cause for id in families if (cause := _fitted(case, observed, (id,))) is not None]
    if alone or not pairs:
        return alone
    # What changes nothing by itself changes nothing here beside another.
    felt = [mistake for mistake in case.forwards if case.has_effect(mistake)]
    two = [Cause(pair) for pair in _pairs(combinations(felt, 2), near) if case.may_give(Cause(pair), observed)]
    if two:
        return two
    both = _pairs(product(felt, families[:1]), near)
    return [cause for pair in both if (cause := _fitted(case, observed, pair)) is not None][:1]


def _pairs(pairs: Iterable[tuple[str, ...]], near: Collection[str]) -> Iterator[tuple[str, ...]]:
    return (pair for pair in pairs if not near or not {*pair}.isdisjoint(near))


def _fitted(case: Judged, observed: Sequence[Observed], mistakes: tuple[str, ...]) -> Cause | None:
    """A family, beside a known mistake or alone, with the numbers that fit; None if none do."""
    try:
        functions = case.versions.changes(case.versions.package, mistakes)
    except Overlap:
        return None
    numbers = []
    # Sizes that tell most first: most of what does not fit shows there.
    for size in sorted(range(len(observed)), key=lambda index: -smallest(case.check.sizes[index])):
        forward, got = partial(_forward, case, functions, size), observed[size].get(FORWARD)
        wanted = in_shape(got, case.truth[size][FORWARD].shape) if isinstance(got, np.ndarray) else None
        if wanted is None or wanted.dtype.kind not in "fiu":
            return None
        try:
            with np.errstate(all="ignore"):
                number = _fit(forward, wanted.astype(np.float64))
                if not same_numbers(got, forward(number), case.precision):
                    return None
        except Exception:  # a mistake may raise whatever it likes
            return None
        numbers.append((size, number))
    return Cause(mistakes, tuple(number for _, number in sorted(numbers)))


def _forward(case: Judged, functions: dict[str, Any], size: int, number: float) -> Array:
    for function in functions.values():
        function.__globals__[FITTED] = np.longdouble(number)
    given: Array = case.forward_with(functions, size)[FORWARD]
    return given


def _fit(forward: Forward, wanted: Array) -> float:
    """The number with which a family comes nearest to what is wanted."""

    @cache
    def apart(number: float) -> Array:
        given = forward(number)
        off: Array = given - wanted
        if np.isfinite(off).all():
            return off
        both = np.isnan(given) & np.isnan(wanted)
        return np.where(both, 0.0, np.nan_to_num(off, nan=1e9, posinf=1e9, neginf=-1e9))

    def error(number: float) -> float:
        off = apart(number)
        return float(np.vdot(off, off))

    best = min(START, key=error)
    least = error(best)
    for _ in range(STEPS):
        step = _step(best, apart)
        # A step too far is halved until it leads nearer.
        nearer = next((best + step / 2**half for half in range(8) if error(best + step / 2**half) < least), None)
        if nearer is None:
            break
        best, least = nearer, error(nearer)
    return best


def _step(number: float, apart: Callable[[float], Array]) -> float:
    """From a number to where its slope leads to the least error."""
    off = apart(number)
    little = 1e-3 * abs(number) + 1e-8  # less would drown in rounding
    slope = (apart(number + little) - off) / little
    square = float(np.sum(slope * slope))
    return -float(np.sum(slope * off)) / square if square else 0.0
