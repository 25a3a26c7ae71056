"""What one check is judged with: inputs, truth, and what the known mistakes give.

There are two kinds of `Case`, and the judge and the diagnosis see no difference: a recorded one answers from a file, in
a student's notebook (`recording`); a live one asks the reference, in the grader.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..core import FORWARD, Check, Inputs, Observed, Probe, is_judged
from ..executor.values import Other
from .compare import Precision, same_numbers
from .fingerprint import Fingerprint, Fingerprints, fingerprint
from .plain import difference


class NotKnown(LookupError):
    """What was asked cannot be said here, such as two mistakes at once from a recording."""


@dataclass(frozen=True)
class Known:
    """What a known mistake, or two at once, give on the inputs of one check."""

    changed: Sequence[Fingerprints] = ()
    """For every size, of what is judged and is not the truth; for nothing else."""
    error: str = ""
    """What is raised instead, as `faults.signature` writes it."""


@dataclass(frozen=True)
class Probed:
    """A probe of one check: plainer inputs, and the truth for them."""

    probe: Probe
    size: int
    """The index of the size that the inputs were made from; -1 if they were drawn for the probe."""
    inputs: Inputs
    truth: Observed


class KnownMistakes(Protocol):
    """What the known mistakes of a function give on the inputs of one check."""

    @property
    def inputs(self) -> Sequence[Inputs]:
        """For every size."""

    @property
    def precision(self) -> Precision:
        """The check's own tolerance; else that of the inputs: `f` if any array is float32, else `d`."""

    @property
    def suspects(self) -> Sequence[str]:
        """The known mistakes of the function, likelier ones first."""

    @property
    def combines(self) -> bool:
        """Whether `both` has answers."""

    def known(self, mistake: str) -> Known:
        """What one of them gives; raises `NotKnown`."""

    def known_at(self, mistake: str, size: int) -> Known | None:
        """The same at one size alone, by its index; None where that would be no quicker."""

    def both(self, one: str, other: str) -> Known:
        """What two of them give at once; raises `NotKnown` where they change the same text, or nobody can say."""


@dataclass(frozen=True)
class Cause:
    """What trusted code has in its forward pass where it gives what the student's gives."""

    mistakes: tuple[str, ...]
    """A known mistake, or two; or a family of them, with a number, beside a known mistake or alone."""
    numbers: tuple[float, ...] = ()
    """One for each size, as each is fitted by itself; of none, or of other sizes, the first."""

    def number(self, size: int) -> float | None:
        """The number at a size, by its index; None if this has none."""
        return self.numbers[size if size < len(self.numbers) else 0] if self.numbers else None


class OwnForward(Protocol):
    """A mistaken forward pass that a backward pass is judged on."""

    @property
    def cause(self) -> Cause:
        """What is mistaken in it."""

    @property
    def forward(self) -> Sequence[Observed]:
        """The forward pass, size by size, whole: trusted code reproduces the student's, or it does not."""

    def gradients(self) -> Iterable[Sequence[Observed]]:
        """Truths for the backward pass on it: the right formula on its cache, and its true gradient."""

    def known(self, mistake: str) -> Known:
        """What a known mistake of the backward pass gives on that forward pass; raises `NotKnown`."""


class Case(KnownMistakes, Protocol):
    """What one check needs: inputs and truth for every size, and on demand what helps to say what went wrong."""

    @property
    def truth(self) -> Sequence[Observed]:
        """For every size."""

    @property
    def also(self) -> Sequence[Sequence[Observed]]:
        """Other truths that are as good, each for every size."""

    @property
    def open(self) -> bool:
        """Whether a message may show the truth: a release holds it anyway; that of a graded draw is never shown."""

    @property
    def forwards(self) -> Sequence[str]:
        """The known mistakes of the forward pass that a backward pass is judged on."""

    def forward(self, cause: Cause) -> OwnForward | None:
        """What is right on one of them; None if it changes nothing here, or nothing can be judged on it."""

    def may_give(self, cause: Cause, observed: Sequence[Observed]) -> bool:
        """False where a glance tells that a cause does not give the forward pass that was observed."""

    def reproducing(
        self, observed: Sequence[Observed], *, pairs: bool, near: Collection[str] = ()
    ) -> Sequence[OwnForward]:
        """Other mistaken forward passes that give what was observed: by a number that is fitted, and by `pairs`.

        Where some mistakes give it as `near` as can be told, a pair is of one of them and another.
        """

    @property
    def probes(self) -> Sequence[Probed]:
        """Plainer inputs, and what is right for them."""


class Oracle(Protocol):
    """Knows inputs, truth and mistakes."""

    @property
    def hints(self) -> Mapping[str, Mapping[str, str]]:
        """Hints that are written beside the mistakes themselves, by id and language."""

    def case(self, check: Check) -> Case:
        """The case of a check."""


@dataclass(frozen=True)
class OnOwnForward:
    """The known mistakes of a backward pass on a mistaken forward pass, in place of those of its `case`."""

    case: Case
    own: OwnForward

    @property
    def inputs(self) -> Sequence[Inputs]:
        """See `KnownMistakes`."""
        return self.case.inputs

    @property
    def precision(self) -> Precision:
        """See `KnownMistakes`."""
        return self.case.precision

    @property
    def suspects(self) -> Sequence[str]:
        """See `KnownMistakes`."""
        return self.case.suspects

    @property
    def combines(self) -> bool:
        """See `KnownMistakes`."""
        return self.case.combines

    def known(self, mistake: str) -> Known:
        """See `KnownMistakes`."""
        return self.own.known(mistake)

    def known_at(self, mistake: str, size: int) -> Known | None:
        """See `KnownMistakes`."""
        return None

    def both(self, one: str, other: str) -> Known:
        """On the right forward pass: the same numbers, where the mistaken one leaves the cache as it is."""
        return self.case.both(one, other)


def prints_of(check: Check, observed: Sequence[Observed], truth: Sequence[Observed]) -> list[Fingerprints]:
    """Fingerprints of what a check judges, size by size, also of what is expected and missing."""
    prints: list[Fingerprints] = []
    for item, true in zip(observed, truth, strict=True):
        names = [name for name in dict.fromkeys((*true, *item)) if is_judged(name)]
        prints.append({name: _print(check, item.get(name, Other("missing")), true.get(name)) for name in names})
    return prints


def _print(check: Check, value: Any, truth: Any) -> Fingerprint:
    return fingerprint(value, check.aspect, truth.shape if isinstance(truth, np.ndarray) else None)


def same_forward(observed: Sequence[Observed], other: Sequence[Observed], precision: Precision = "d") -> bool:
    """True if backward passes were observed on the same forward passes, number by number."""
    return all(FORWARD in item for item in (*observed, *other)) and agree(
        observed, [{FORWARD: item[FORWARD]} for item in other], precision
    )


def agree(observed: Sequence[Observed], truth: Sequence[Observed], precision: Precision = "d") -> bool:
    """True if every array of what trusted code gave was observed, number by number; and what is no array as well."""
    return all(
        same_numbers(item.get(name), value, precision)
        if isinstance(value, np.ndarray)
        else difference(name, item.get(name), value, precision) is None
        for item, true in zip(observed, truth, strict=True)
        for name, value in true.items()
    )


def is_empty(observed: Sequence[Observed]) -> bool:
    """Whether nothing of a computation is in results: one number throughout an array, a zero, none at all."""
    return all(_is_one_number(value) for item in observed for value in item.values())


def _is_one_number(value: Any) -> bool:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf":
        return value is None
    finite = value[np.isfinite(value)]
    if value.size == 1:
        return not finite.any()
    return not finite.size or bool(finite.min() == finite.max())


def judged(observed: Sequence[Observed]) -> list[Observed]:
    """What is judged of what was observed."""
    return [{name: value for name, value in item.items() if is_judged(name)} for item in observed]


def changed(
    prints: Sequence[Fingerprints], right: Sequence[Fingerprints], precision: Precision = "d"
) -> list[Fingerprints]:
    """Those fingerprints that are not the right ones, size by size."""
    return [
        {name: item for name, item in some.items() if name not in true or not item.matches(true[name], precision)}
        for some, true in zip(prints, right, strict=True)
    ]


def match(one: Sequence[Fingerprints], other: Sequence[Fingerprints], precision: Precision = "d") -> bool:
    """True if the fingerprints are the same for every size; for names, never for points."""
    return all(
        some.keys() == others.keys() and all(item.matches(others[name], precision) for name, item in some.items())
        for some, others in zip(one, other, strict=True)
    )


def precision_of(check: Check, inputs: Sequence[Inputs]) -> Precision:
    """The check's own tolerance if it has one; else `f` if any input array is float32, and `d` if none is."""
    if check.tolerance is not None:
        return check.tolerance.allowed
    arrays = (value for item in inputs for value in item.values() if isinstance(value, np.ndarray))
    return "f" if any(array.dtype.char == "f" for array in arrays) else "d"


def as_float64(inputs: Inputs) -> dict[str, Any]:
    """The same inputs in double precision, for the truth."""
    return {
        name: value.astype(np.float64) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value
        for name, value in inputs.items()
    }
