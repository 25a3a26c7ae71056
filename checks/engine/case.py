"""What one check is judged with: inputs, truth, and what the known mistakes give.

Where they come from is an `Oracle`'s affair: a recording in a student's notebook, the live reference in the grader. The
judge and the diagnosis see the same `Case` in both places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..core import FORWARD, Check, Inputs, Observed, Probe, is_judged
from .compare import same_numbers
from .fingerprint import Fingerprint, Fingerprints, fingerprint


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
class OwnForward:
    """A known mistake of the forward pass that a backward pass is judged on."""

    mistake: str
    forward: Sequence[Observed]
    """The forward pass, size by size, whole: trusted code reproduces the student's, or it does not."""
    gradients: Callable[[], Iterable[Sequence[Observed]]]
    """Truths for the backward pass on it: the right formula on its cache, and its true gradient."""
    known: Callable[[str], Known]
    """What a known mistake of the backward pass gives on that forward pass; raises `NotKnown`."""


@dataclass(frozen=True)
class Probed:
    """A probe of one check: plainer inputs, and the truth for them."""

    probe: Probe
    size: int
    """The index of the size that the inputs were made from; -1 if they were drawn anew."""
    inputs: Inputs
    truth: Observed


def _nothing(*_: Any) -> Any:
    return None


def not_known(*_: Any) -> Known:
    """Raise `NotKnown`."""
    raise NotKnown


@dataclass(frozen=True)
class Case:
    """What one check needs: inputs and truth for every size, and on demand what helps to say what went wrong."""

    inputs: Sequence[Inputs]
    truth: Sequence[Observed]
    open: bool = False
    """Whether a message may show the truth: that of a release may, since it lies there; that of a graded draw never."""
    also: Callable[[], Sequence[Sequence[Observed]]] = tuple
    """Other truths that are as good, each for every size."""
    suspects: Sequence[str] = ()
    """The known mistakes of the function, likelier ones first."""
    known: Callable[[str], Known] = not_known
    """What one of them gives."""
    at: Callable[[str, int], Known] | None = None
    """The same at one size alone, by its index, if that takes less time."""
    both: Callable[[str, str], Known] | None = None
    """What two of them give at once, if that can be asked (from a recording it cannot); raises `NotKnown` where they do
    not go together."""
    forwards: Sequence[str] = ()
    """The known mistakes of the forward pass that a backward pass is judged on."""
    forward: Callable[[str], OwnForward | None] = _nothing
    """What is right on one of them; None if it changes nothing here, or nothing can be judged on it."""
    probes: Callable[[], Sequence[Probed]] = tuple

    @property
    def precision(self) -> str:
        """That of the inputs."""
        return precision_of(self.inputs)


class Oracle(Protocol):
    """Knows inputs, truth and mistakes."""

    def case(self, check: Check) -> Case:
        """The case of a check."""
        ...


def prints_of(check: Check, observed: Sequence[Observed], truth: Sequence[Observed]) -> list[Fingerprints]:
    """Fingerprints of what a check judges, size by size, also of what is expected and missing."""
    prints: list[Fingerprints] = []
    for item, true in zip(observed, truth, strict=True):
        names = [name for name in dict.fromkeys((*true, *item)) if is_judged(name)]
        prints.append({name: _print(check, item.get(name), true.get(name)) for name in names})
    return prints


def _print(check: Check, value: Any, truth: Any) -> Fingerprint:
    return fingerprint(value, check.aspect, truth.shape if isinstance(truth, np.ndarray) else None)


def same_forward(observed: Sequence[Observed], other: Sequence[Observed], precision: str = "d") -> bool:
    """True if backward passes were observed on the same forward passes, number by number."""
    return all(FORWARD in item for item in (*observed, *other)) and agree(
        observed, [{FORWARD: item[FORWARD]} for item in other], precision
    )


def agree(observed: Sequence[Observed], truth: Sequence[Observed], precision: str = "d") -> bool:
    """True if every array of what trusted code gave was observed, number by number."""
    return all(
        same_numbers(item.get(name), value, precision)
        for item, true in zip(observed, truth, strict=True)
        for name, value in true.items()
    )


def judged(observed: Sequence[Observed]) -> list[Observed]:
    """What is judged of what was observed."""
    return [{name: value for name, value in item.items() if is_judged(name)} for item in observed]


def changed(prints: Sequence[Fingerprints], right: Sequence[Fingerprints], precision: str = "d") -> list[Fingerprints]:
    """Those fingerprints that are not the right ones, size by size."""
    return [
        {name: item for name, item in some.items() if name not in true or not item.matches(true[name], precision)}
        for some, true in zip(prints, right, strict=True)
    ]


def match(one: Sequence[Fingerprints], other: Sequence[Fingerprints], precision: str = "d") -> bool:
    """True if the fingerprints are the same for every size; for names, never for points."""
    return all(
        some.keys() == others.keys() and all(item.matches(others[name], precision) for name, item in some.items())
        for some, others in zip(one, other, strict=True)
    )


def precision_of(inputs: Sequence[Inputs]) -> str:
    """`f` if any input array is float32, else `d`."""
    arrays = (value for item in inputs for value in item.values() if isinstance(value, np.ndarray))
    return "f" if any(array.dtype.char == "f" for array in arrays) else "d"


def as_float64(inputs: Inputs) -> dict[str, Any]:
    """The same inputs in double precision, for the truth."""
    return {
        name: value.astype(np.float64) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value
        for name, value in inputs.items()
    }
