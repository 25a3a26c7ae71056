"""Whether the results of a check are computed, asked of the student's own results.

Shapes, and differences that should be zero, are right also where nothing was computed. A check of them has `moves`:
changes of its inputs after which the same calls must give something else. For each the calls are made again,

1. after a step: the numbers that must depend on what was changed are others;
2. after a step a thousand times smaller: it changes by far less, as what is computed does and noise does not;
3. without a step: the same as before, to the last bit.

Nothing is compared with a number of ours, so a wrong formula is as good as the right one. What is right is computed,
and asked nothing. Where nothing can be asked (N = 1) of what is right elsewhere, it must depend on something.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core import Check, Inputs, Move, Observed
from ..student import Student
from .asking import observe
from .compare import is_finite

STEP, SMALL_STEP = 1e-3, 1e-6
MOST = 0.7
"""The share of a matrix that must change where it is said that it does all over: of (x - mean) / mean |x - mean| those
numbers stay that are alone on their side of the mean."""
LEAST = 1e-6
"""The smallest change that counts, in units of the step: less is noise."""
SHRINKS = 0.1
"""What is left, at most, of a change when the step is a thousand times smaller. A thousandth where the results have a
derivative; more where rounding adds to it."""


@dataclass(frozen=True)
class Idle:
    """What shows that results are not computed."""

    move: Move
    size: int
    """The index of the size."""
    asked: bool
    """False where nothing can be asked, and what is right elsewhere is not right here."""


def not_computed(
    check: Check, student: Student, inputs: Sequence[Inputs], observed: Sequence[Observed], right: Sequence[Set[str]]
) -> Idle | None:
    """The first move that the results do not follow; None if they are computed.

    Args:
        check: what was asked.
        student: who was asked.
        inputs: for every size.
        observed: what the check's `run` returned for them, the witnesses included.
        right: for every size, which of what must be computed is known to be right.

    Raises:
        StudentError: a call failed.
    """
    for move in check.moves:
        asked = [move.changes[0](item, STEP) is not None for item in inputs]
        fine = [set(move.results) <= names for names in right]
        right_where_asked = all(is_right for is_right, some in zip(fine, asked, strict=True) if some)
        for size, (item, base) in enumerate(zip(inputs, observed, strict=True)):
            if fine[size]:
                continue
            if asked[size]:
                follows = _moves(check, student, move, item, base)
            else:
                follows = not right_where_asked or _depends(check, student, move, item, base)
            if not follows:
                return Idle(move, size, asked[size])
    for move in check.moves[:1]:
        for size, (item, base) in enumerate(zip(inputs, observed, strict=True)):
            again = observe(check, student, item)
            if not all(_same(again.get(name), base.get(name)) for name in move.results):
                return Idle(move, size, asked=True)
    return None


def _moves(check: Check, student: Student, move: Move, inputs: Inputs, base: Observed) -> bool:
    """Whether the results follow one of the changes."""
    for change in move.changes:
        stepped, barely = change(inputs, STEP), change(inputs, SMALL_STEP)
        if stepped is None or barely is None:
            continue
        far, near = observe(check, student, stepped), observe(check, student, barely)
        where = stepped[move.at] != inputs[move.at] if move.at else None
        if all(_follows(base.get(n), far.get(n), near.get(n), move.everywhere, where) for n in move.results):
            return True
    return False


def _depends(check: Check, student: Student, move: Move, inputs: Inputs, base: Observed) -> bool:
    """Whether anything of the results depends on anything of the inputs; not a number comes of computing, too."""
    rng = np.random.default_rng(0)
    floats = {name for name, value in inputs.items() if isinstance(value, np.ndarray) and value.dtype.kind == "f"}
    moved = {name: inputs[name] + STEP * rng.uniform(0.5, 1.5, inputs[name].shape) for name in floats}
    after = observe(check, student, {**inputs, **moved})
    return any(
        isinstance(before, np.ndarray) and before.size and not _same(before, after.get(name))
        for name in move.results
        if (before := base.get(name)) is not None
    ) or any(isinstance(base.get(name), np.ndarray) and np.isnan(base[name]).any() for name in move.results)


def _follows(base: Any, far: Any, near: Any, everywhere: bool, where: np.ndarray | None) -> bool:
    """Whether a result changes with a step, and far less with a small one; only some of it is looked at if `where`."""
    if where is not None and isinstance(base, np.ndarray) and isinstance(far, np.ndarray):
        return _felt_where(base, far, where)
    base, far, near = _finite_part(base, far, near)
    if not (is_finite(base) and is_finite(far) and is_finite(near) and base.shape == far.shape == near.shape):
        return False
    changed = np.abs(far.astype(np.float64) - base)
    felt = changed >= LEAST * STEP
    if not felt.any() or (everywhere and not _all_over(felt)):
        return False
    return bool(np.max(np.abs(near.astype(np.float64) - base)) <= SHRINKS * np.max(changed))


def _felt_where(base: np.ndarray, far: np.ndarray, where: np.ndarray) -> bool:
    """Whether most numbers in some places changed; some may be none, where a forward pass takes a bad root."""
    if not base.shape == far.shape == where.shape or not {base.dtype.kind, far.dtype.kind} <= set("fiu"):
        return False
    there = where & np.isfinite(base) & np.isfinite(far)
    return bool(there.any() and (np.abs(far[there].astype(np.float64) - base[there]) >= LEAST * STEP).mean() >= MOST)


def _finite_part(base: Any, *others: Any) -> tuple[Any, ...]:
    """The columns, or else the rows, in which there are numbers: some are lost where a forward pass takes a bad root.

    Of what is no number at all, nothing is left out, and it follows nothing.
    """
    arrays = (base, *others)
    if not all(isinstance(one, np.ndarray) and one.dtype.kind == "f" and one.shape == base.shape for one in arrays):
        return arrays
    finite = np.logical_and.reduce([np.isfinite(one) for one in arrays])
    if finite.ndim == 1 and finite.any():
        return tuple(one[finite] for one in arrays)
    if finite.ndim == 2 and finite.all(axis=0).any():
        return tuple(one[:, finite.all(axis=0)] for one in arrays)
    if finite.ndim == 2 and finite.all(axis=1).any():
        return tuple(one[finite.all(axis=1)] for one in arrays)
    return arrays


def _all_over(felt: np.ndarray) -> bool:
    """Whether most of a matrix changed and some of every row and column; all of anything else."""
    if felt.ndim != 2:
        return bool(felt.all())
    return bool(felt.mean() >= MOST and felt.any(axis=0).all() and felt.any(axis=1).all())


def _same(one: Any, other: Any) -> bool:
    # Not a number is the same again: 0 / 0 at N = 1, where nothing was asked.
    return isinstance(one, np.ndarray) and isinstance(other, np.ndarray) and one.tobytes() == other.tobytes()
