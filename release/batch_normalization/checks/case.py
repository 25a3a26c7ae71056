"""What one check is judged with: inputs, truth, and what the known mistakes give.

Where they come from is an `Oracle`'s affair: a recording in a student's notebook, the live reference in the grader. The
judge and the diagnosis see the same `Case` in both places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .core import FORWARD, Check, Inputs, Observed, Probe
from .fingerprint import Fingerprint, Fingerprints, fingerprint
from .student import Student


class Blocked(Exception):
    """The check cannot be judged before another function of the student is mended."""

    def __init__(self, key: str, function: str) -> None:
        super().__init__(key, function)
        self.key = key
        self.function = function


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
    forward: Sequence[Fingerprints]
    """Of the forward pass, size by size."""
    gradients: Callable[[], Iterable[Sequence[Fingerprints]]]
    """Of the backward passes right for that forward pass: the right formula on its cache, and its true gradient."""
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
    blocked: Callable[[], Blocked | None] = _nothing
    """Asked when the check fails: what has to be mended first, if anything."""
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

    def case(self, check: Check, student: Student) -> Case:
        """The case of a check.

        Raises:
            Blocked: the student's own layers, on which the check is built, cannot carry it.
        """
        ...


def prints_of(check: Check, observed: Sequence[Observed], truth: Sequence[Observed]) -> list[Fingerprints]:
    """Fingerprints of what a check judges, size by size, also of what is expected and missing."""
    prints: list[Fingerprints] = []
    for item, true in zip(observed, truth, strict=True):
        names = [name for name in dict.fromkeys((*true, *item)) if name != FORWARD]
        prints.append({name: _print(check, item.get(name), true.get(name)) for name in names})
    return prints


def _print(check: Check, value: Any, truth: Any) -> Fingerprint:
    return fingerprint(value, check.aspect, truth.shape if isinstance(truth, np.ndarray) else None)


def forward_prints(observed: Sequence[Observed]) -> list[Fingerprints]:
    """Fingerprints of the forward passes that backward passes were observed on."""
    return [{FORWARD: fingerprint(item[FORWARD])} for item in observed]


def changed(prints: Sequence[Fingerprints], right: Sequence[Fingerprints], precision: str = "d") -> list[Fingerprints]:
    """Those fingerprints that are not the right ones, size by size."""
    return [
        {name: item for name, item in some.items() if name not in true or not item.matches(true[name], precision)}
        for some, true in zip(prints, right, strict=True)
    ]


def match(one: Sequence[Fingerprints], other: Sequence[Fingerprints], precision: str = "d") -> bool:
    """True if the same arrays stand behind both, for every size."""
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
