"""What the numbers prove about a wrong result, whatever the mistake: a factor, a sign, a transpose, whole rows.

A finding is a key of the catalogue and what fills its sentence in. It is said only where it holds for every number of
the array to the tolerance, with more numbers than it takes to fit it: a factor between two single numbers is chance, a
factor between two arrays of twelve is not. It says what the numbers are, and leaves the conclusion to the reader.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from ..core import Inputs, Observed, Size, is_judged
from .compare import Precision, allowed, in_shape, scale

Array = np.ndarray

SPARE = 2
"""Numbers that must agree beyond those that a factor or a constant is fitted to."""


@dataclass(frozen=True)
class Finding:
    """A sentence that the numbers prove."""

    key: str
    names: Mapping[str, str] = field(default_factory=dict)
    telling: bool = False
    """Whether it reveals the truth to a reader who knows the wrong result, as an unusual factor does."""


@dataclass(frozen=True)
class Pair:
    """A wrong array and the true one, with the inputs and the other results."""

    got: Array
    truth: Array
    size: Size
    inputs: Inputs
    others: Mapping[str, Array]
    """The truth of the other results."""
    tolerance: float

    def same(self, one: Any, other: Any) -> bool:
        """Whether two arrays agree to the tolerance."""
        with np.errstate(over="ignore", invalid="ignore"):
            return bool(np.all(np.abs(one - other) <= self.tolerance))

    @property
    def wrong(self) -> Array:
        """True where the numbers differ."""
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(~(np.abs(self.got - self.truth) <= self.tolerance))

    @property
    def features(self) -> dict[str, Array]:
        """The inputs with one number for each column."""
        return {
            name: value
            for name, value in self.inputs.items()
            if isinstance(value, np.ndarray) and value.shape == self.truth.shape[-1:]
        }


Pairs = Sequence[Pair]
Finder = Callable[[Pairs], Finding | None]


def find(
    name: str,
    observed: Sequence[Observed],
    truth: Sequence[Observed],
    inputs: Sequence[Inputs],
    sizes: Sequence[Size],
    precision: Precision,
    finders: Sequence[Finder],
) -> Finding | None:
    """What holds of one result at every size at which it is wrong, if anything does.

    Args:
        name: of the result.
        observed: what was observed, size by size.
        truth: what is right.
        inputs: what it was observed on.
        sizes: lengths by name.
        precision: what the tolerance goes by.
        finders: `TELLING`, or `FAINT`.
    """
    pairs = []
    for item, true, given, size in zip(observed, truth, inputs, sizes, strict=True):
        got, right = item.get(name), true.get(name)
        if not isinstance(got, np.ndarray) or not isinstance(right, np.ndarray):
            return None
        tolerance = allowed(precision) * scale(right)
        values = in_shape(got, right.shape)
        if values is None:
            if got.ndim != 2 or got.T.shape != right.shape:
                return None
            pair = Pair(got.T, right, size, given, {}, tolerance)
            return Finding("transposed") if right.size > SPARE and not pair.wrong.any() else None
        values, right = (one.astype(np.int64) if one.dtype.kind == "b" else one for one in (values, right))
        values = values if values.dtype.kind in "iu" else values.astype(np.float64)
        others = {key: value for key, value in true.items() if key != name and is_judged(key)}
        pair = Pair(values, right, size, given, others, tolerance)
        if pair.wrong.any():
            pairs.append(pair)
    telling = [pair for pair in pairs if pair.truth.size > SPARE]
    found = (finder(telling) for finder in finders) if telling else ()
    return next((finding for finding in found if finding is not None), None)


def where_wrong(sizes: Sequence[Size], wrong: Sequence[bool]) -> Finding | None:
    """The sizes that are wrong, if what they have in common sets them apart from those that are right.

    The simplest condition that does; nothing where two that are as simple do.
    """
    if not any(wrong) or all(wrong):
        return None
    names = [name for name in sizes[0] if all(name in size for size in sizes)]
    pairs = list(combinations(names, 2))
    kinds = (
        {f"{name} = 1": [size[name] == 1 for size in sizes] for name in names},
        {f"{a} = {b}": [size[a] == size[b] for size in sizes] for a, b in pairs},
        {f"{a} < {b}": [size[a] < size[b] for size in sizes] for a, b in pairs}
        | {f"{a} > {b}": [size[a] > size[b] for size in sizes] for a, b in pairs},
    )
    for conditions in kinds:
        found = [condition for condition, holds in conditions.items() if holds == list(wrong)]
        if found:
            return Finding("only_where", {"condition": found[0]}) if len(found) == 1 else None
    return None


def _all_zero(pairs: Pairs) -> Finding | None:
    return Finding("all_zero") if all(not pair.got.any() for pair in pairs) else None


def _integers(pairs: Pairs) -> Finding | None:
    if all(pair.got.dtype.kind in "iub" and pair.same(pair.got, np.trunc(pair.truth)) for pair in pairs):
        return Finding("integers")
    return None


def _is_an_input(pairs: Pairs) -> Finding | None:
    """One of the inputs, returned as it came."""
    for name, value in pairs[0].inputs.items():
        if isinstance(value, np.ndarray) and all(
            pair.inputs[name].shape == pair.got.shape and pair.same(pair.got, pair.inputs[name]) for pair in pairs
        ):
            return Finding("is_an_input", {"input": name})
    return None


def _is_another(pairs: Pairs) -> Finding | None:
    """What another result should be."""
    for name in pairs[0].others:
        if all(
            name in pair.others and pair.others[name].shape == pair.got.shape and pair.same(pair.got, pair.others[name])
            for pair in pairs
        ):
            return Finding("is_another", {"other": name})
    return None


def _factor(pairs: Pairs) -> Finding | None:
    """One factor for the whole array."""
    factors = []
    for pair in pairs:
        if np.count_nonzero(pair.truth) <= SPARE or not np.all(np.isfinite(pair.got)):
            return None
        factor = float(np.vdot(pair.truth, pair.got) / np.vdot(pair.truth, pair.truth))
        if factor == 0 or not pair.same(pair.got, factor * pair.truth):
            return None
        factors.append(factor)
    if all(abs(factor + 1) < 1e-6 for factor in factors):
        return Finding("sign")
    named = [_named_factors(pair.size) for pair in pairs]
    labels = [
        sign + label
        for label in named[0]
        for sign, s in (("", 1), ("−", -1))
        if all(
            abs(factor - s * values.get(label, np.inf)) <= 1e-6 * abs(factor)
            for factor, values in zip(factors, named, strict=True)
        )
    ]
    if len(labels) == 1:
        return Finding("factor", {"factor": labels[0]})
    if max(factors) - min(factors) <= 1e-6 * abs(factors[0]):
        return Finding("factor", {"factor": f"{factors[0]:.3g}"}, telling=True)
    return None


def _named_factors(size: Size) -> dict[str, float]:
    """The factors that lengths make, by what they are called.

    One that is 1 or infinite at some size is compared with a factor that is not, and never met.
    """
    factors: dict[str, float] = {"2": 2, "1/2": 1 / 2}
    for name, length in size.items():
        if length > 0:
            less = f"{name} − 1"
            factors |= {name: length, f"1/{name}": 1 / length}
            factors |= {f"{name}/({less})": length / (length - 1) if length > 1 else np.inf}
            factors |= {f"({less})/{name}": (length - 1) / length}
    for (a, m), (b, n) in combinations(size.items(), 2):
        if m > 0 and n > 0:
            factors |= {f"{a}·{b}": m * n, f"1/({a}·{b})": 1 / (m * n), f"{a}/{b}": m / n, f"{b}/{a}": n / m}
    return factors


def _factor_of_input(pairs: Pairs) -> Finding | None:
    """In each column the factor that an input holds for it, or one over it."""
    for name in pairs[0].features:
        for label, power in ((name, 1), (f"1/{name}", -1)):
            if power < 0 and any(not pair.features.get(name, np.zeros(1)).all() for pair in pairs):
                continue
            if all(
                name in pair.features
                and np.count_nonzero(pair.truth) > SPARE
                and pair.same(pair.got, pair.truth * pair.features[name].astype(np.float64) ** power)
                for pair in pairs
            ):
                return Finding("factor_of_input", {"factor": label})
    return None


def _offset_by_input(pairs: Pairs) -> Finding | None:
    """In each column off by what an input holds for it."""
    for name in pairs[0].features:
        for key, sign in (("lacks_input", -1), ("added_input", 1)):
            if all(
                name in pair.features and pair.same(pair.got, pair.truth + sign * pair.features[name]) for pair in pairs
            ):
                return Finding(key, {"input": name})
    return None


def _offset(pairs: Pairs) -> Finding | None:
    """Off by the same number everywhere."""
    apart = [pair.got - pair.truth for pair in pairs]
    if all(pair.same(difference, difference.flat[0]) for pair, difference in zip(pairs, apart, strict=True)):
        return Finding("offset")
    return None


def _constant(pairs: Pairs) -> Finding | None:
    """One value for all, or one row or column repeated."""
    if all(pair.same(pair.got, pair.got.flat[0]) for pair in pairs):
        return Finding("all_equal")
    for key, axis in (("rows_equal", 0), ("columns_equal", 1)):
        if all(
            pair.got.ndim == 2
            and pair.got.shape[axis] > SPARE
            and pair.same(pair.got, pair.got.take([0], axis))
            and not pair.same(pair.truth, pair.truth.take([0], axis))
            for pair in pairs
        ):
            return Finding(key)
    return None


def _by_line(pairs: Pairs) -> Finding | None:
    """Each column (or each row) right up to a factor, a constant, or both, of its own."""
    for lines, axis in (("columns", 0), ("rows", 1)):
        for what, parameters in (("factor", 1), ("offset", 1), ("both", 2)):
            if all(
                pair.truth.ndim == 2
                and pair.truth.shape[axis] >= parameters + SPARE
                and _fits(pair, axis, factor=what != "offset", offset=what != "factor")
                for pair in pairs
            ):
                return Finding(f"{lines}_{what}")
    return None


def _fits(pair: Pair, axis: int, *, factor: bool, offset: bool) -> bool:
    got, truth = pair.got, pair.truth
    if not np.all(np.isfinite(got)):
        return False
    if offset:
        got, truth = got - got.mean(axis, keepdims=True), truth - truth.mean(axis, keepdims=True)
    slope = np.ones(1)
    if factor:
        square = np.sum(truth * truth, axis, keepdims=True)
        if np.any(square <= pair.tolerance**2):
            return False
        slope = np.sum(got * truth, axis, keepdims=True) / square
        if np.any(np.abs(slope) < 1e-6):
            return False
    return pair.same(got, slope * truth)


def _order(pairs: Pairs) -> Finding | None:
    """The right numbers in another order."""
    for pair in pairs:
        got, truth = np.sort(pair.got, axis=None), np.sort(pair.truth, axis=None)
        if np.any(np.diff(truth) <= 2 * pair.tolerance) or not pair.same(got, truth):
            return None
    return Finding("order")


def _rounded(pairs: Pairs) -> Finding | None:
    """Numbers that a narrower type holds exactly, right to its precision."""
    for kind in (np.float16, np.float32):
        if all(
            pair.got.dtype.kind == "f"
            and np.all(np.isfinite(pair.got))
            and np.all(np.abs(pair.got) < float(np.finfo(kind).max))
            and np.array_equal(pair.got.astype(kind).astype(np.float64), pair.got)
            and float(np.max(np.abs(pair.got - pair.truth))) <= 32 * float(np.finfo(kind).eps) * scale(pair.truth)
            for pair in pairs
        ):
            return Finding("rounded", {"type": kind.__name__})
    return None


def _some_lines(pairs: Pairs) -> Finding | None:
    """Whole rows or columns right, and at most half of them not."""
    if len(pairs) != 1 or pairs[0].truth.ndim != 2:
        return None
    wrong = pairs[0].wrong
    for key, axis in (("some_rows", 1), ("some_columns", 0)):
        lines = np.flatnonzero(wrong.any(axis))
        if 2 * len(lines) <= wrong.shape[1 - axis]:
            return Finding(key, {"lines": ", ".join(map(str, lines))})
    return None


def _digits(pairs: Pairs) -> Finding | None:
    """Right to so many digits, and no further."""
    worst = max(float(np.max(np.abs(pair.got - pair.truth))) / scale(pair.truth) for pair in pairs)
    return Finding("digits", {"digits": str(int(-np.log10(worst)))}) if worst < 1e-3 else None


TELLING: tuple[Finder, ...] = (
    _all_zero,
    _integers,
    _is_an_input,
    _is_another,
    _factor,
    _factor_of_input,
    _offset_by_input,
    _offset,
    _constant,
    _order,
    _rounded,
    _by_line,
)
"""What points to a cause, the most telling first."""

FAINT: tuple[Finder, ...] = (_some_lines, _digits)
"""What only says where, or how much."""
