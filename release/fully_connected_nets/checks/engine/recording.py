"""The recorded oracle: inputs, truth and the mistakes' fingerprints from a file, so that a release holds no formula.

A recording is one `.npz` of two arrays: `numbers`, every float of it end to end, and `index`, JSON that says which of
them are what. Truth is kept in full, also that of the backward passes on a mistaken forward pass; of what a known
mistake is named by there are only fingerprints.
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..core import FORWARD, Assignment, Check, Inputs, Observed
from .case import Case, Cause, Known, NotKnown, Probed, agree, judged, precision_of
from .compare import Precision
from .fingerprint import Fingerprint, Fingerprints, fingerprint, projections

FILE = "recordings.npz"
HANDED_OUT = "handed_out"
"""Where the modules lie that stand-ins take the place in, as they were handed out."""

SEED = b"recording"
"""The seed of the recorded inputs; graded draws come from the course's secret."""


MOST_STORED = 4_000
"""Numbers of the inputs of one size that are stored; more are drawn again."""


class NotTheSame(Exception):
    """Inputs that are drawn again are not those that the truth was recorded for."""


def count_numbers(value: Any) -> int:
    """The numbers in inputs."""
    if isinstance(value, np.ndarray):
        return value.size
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return sum(map(count_numbers, items)) if items else 1


@dataclass
class Writer:
    """Collects cases and turns them into the bytes of a recording."""

    numbers: list[np.ndarray] = field(default_factory=list)
    index: dict[str, Any] = field(default_factory=dict)
    """By the check's id."""
    suspects: dict[str, list[str]] = field(default_factory=dict)
    """Known mistakes by function."""
    hints: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """See `case.Oracle`."""
    _length: int = 0

    def add(self, check: Check, case: Case) -> None:
        """Record the case of a check."""
        truth = [_judged_part(check, item) for item in case.truth]
        known = {mistake: self._known(check, case.known(mistake), truth) for mistake in case.suspects}
        self.suspects[check.function] = list(case.suspects)
        self.index[check.id] = {
            "inputs": [self._inputs(item) for item in case.inputs],
            "truth": [self._values(item) for item in truth],
            "also": [[self._values(_judged_part(check, item)) for item in other] for other in case.also],
            "known": {mistake: entry for mistake, entry in known.items() if entry},
            "forward": self._forwards(case),
            "probes": [
                {
                    "id": probed.probe.id,
                    "size": probed.size,
                    "inputs": self._values(probed.inputs) if probed.size < 0 else None,
                    "truth": self._values(probed.truth),
                }
                for probed in case.probes
            ],
        }

    def _forwards(self, case: Case) -> dict[str, Any]:
        """For each mistaken forward pass that and what is right on it, laid out as the truth is.

        A gradient that is the truth's own, or another's, is left out; and with none left, the forward pass is.
        """
        found: dict[str, Any] = {}
        if not all(isinstance(value, np.ndarray) for item in case.truth for value in item.values()):
            return found
        for mistake in case.forwards:
            own = case.forward(Cause((mistake,)))
            if own is None or not _same_shapes(own.forward, case.truth):
                continue
            known = [judged(case.truth)]
            for gradient in own.gradients():
                if not any(agree(judged(gradient), other, case.precision) for other in known):
                    known.append(judged(gradient))
            if len(known) > 1:
                found[mistake] = [self._laid_out(items) for items in (own.forward, *known[1:])]
        return found

    def _laid_out(self, items: Sequence[Observed]) -> int:
        """Where the numbers begin of what has the truth's names and shapes."""
        starts = [self._put(item[name]) for item in items for name in sorted(item)]
        return starts[0]

    def to_bytes(self) -> bytes:
        """The file; the same bytes for the same cases."""
        index = {"checks": self.index, "suspects": self.suspects, **({"hints": self.hints} if self.hints else {})}
        text = json.dumps(index, separators=(",", ":"), sort_keys=True)
        file = io.BytesIO()
        np.savez_compressed(
            file,
            index=np.frombuffer(text.encode(), np.uint8),
            numbers=np.concatenate(self.numbers) if self.numbers else np.zeros(0),
        )
        return file.getvalue()

    def _inputs(self, values: Inputs) -> Any:
        """Inputs as they are; of large ones, which are drawn again, what shows that they are the same."""
        if count_numbers(values) <= MOST_STORED:
            return self._values(values)
        known = fingerprint(dict(values))
        return {"again": [list(known.shape), self._put(np.array([known.scale, *known.projections]))]}

    def _values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._value(value) for name, value in values.items()}

    def _value(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return {"list" if isinstance(value, list) else "tuple": list(map(self._value, value))}
        if isinstance(value, Mapping):
            return {"dict": [[key, self._value(item)] for key, item in value.items()]}
        if isinstance(value, np.generic):
            return value.item()
        if not isinstance(value, np.ndarray):
            return value
        return {"dtype": value.dtype.str, "shape": list(value.shape), "at": self._put(value)}

    def _known(self, check: Check, known: Known, truth: Sequence[Observed]) -> Any:
        """What a known mistake gives; nothing if it changes nothing."""
        if known.error:
            return known.error
        return self._prints(check, known.changed, truth) if any(known.changed) else None

    def _prints(self, check: Check, prints: Sequence[Fingerprints], truth: Sequence[Observed]) -> list[Any]:
        """Where the numbers begin, and for each size the names, with the shape where it is not the truth's."""
        at = self._length
        names = []
        for some, true in zip(prints, truth, strict=True):
            for item in some.values():
                self._put(np.array([item.scale, *item.projections]))
            names.append(
                [
                    name if item.shape == getattr(true.get(name), "shape", None) else [name, *item.shape]
                    for name, item in some.items()
                ]
            )
        return [at, names]

    def _put(self, array: np.ndarray) -> int:
        at = self._length
        self.numbers.append(array.astype(np.float64).ravel())
        self._length += array.size
        return at


def _same_shapes(forward: Sequence[Observed], truth: Sequence[Observed]) -> bool:
    return all(item[FORWARD].shape == true[FORWARD].shape for item, true in zip(forward, truth, strict=True))


def _judged_part(check: Check, truth: Observed) -> Observed:
    """The truth without the values of arrays whose shape or type alone is judged, such as freshly drawn weights."""
    if check.aspect == "values" or check.is_of_form:
        return truth
    kept = {name for move in check.moves for name in move.results}
    return {name: value if name in kept else np.full_like(value, np.nan) for name, value in truth.items()}


@dataclass
class Recording:
    """Answers from a recording.

    Args:
        assignment: whose checks were recorded.
        numbers: every float.
        index: what they are.
    """

    assignment: Assignment
    numbers: np.ndarray
    index: dict[str, Any]

    @classmethod
    def read(cls, assignment: Assignment, path: Path) -> Recording:
        """Read a recording.

        Raises:
            FileNotFoundError: there is none at `path`.
        """
        with np.load(path, allow_pickle=False) as file:
            return cls(assignment, file["numbers"], json.loads(file["index"].tobytes()))

    @property
    def hints(self) -> Mapping[str, Mapping[str, str]]:
        """See `case.Oracle`."""
        hints: Mapping[str, Mapping[str, str]] = self.index.get("hints", {})
        return hints

    def case(self, check: Check) -> RecordedCase:
        """See `case.Oracle`."""
        return RecordedCase(self, check)

    def values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Recorded values by name."""
        return {name: self._value(value) for name, value in values.items()}

    def _value(self, value: Any) -> Any:
        match value:
            case {"at": at, "shape": shape, "dtype": dtype}:
                return self.get(at, int(np.prod(shape))).astype(dtype).reshape(shape)
            case {"list": items}:
                return list(map(self._value, items))
            case {"tuple": items}:
                return tuple(map(self._value, items))
            case {"dict": items}:
                return {key: self._value(item) for key, item in items}
        return value

    def inputs(self, check: Check, recorded: Sequence[Any]) -> list[Inputs]:
        """Recorded inputs; large ones are drawn again.

        Raises:
            NotTheSame: what is drawn here is not what was recorded.
        """
        if not any("again" in item for item in recorded):
            return [self.values(item) for item in recorded]
        drawn = check.inputs(SEED)
        for item, again in zip(recorded, drawn, strict=True):
            if "again" in item:
                shape, at = item["again"]
                known = Fingerprint(tuple(shape), float(self.numbers[at]), self.get(at + 1, projections(tuple(shape))))
                if not fingerprint(dict(again)).matches(known):
                    raise NotTheSame(f"{check.id}: numpy {np.__version__} draws other inputs than were recorded.")
        return [again if "again" in item else self.values(item) for item, again in zip(recorded, drawn, strict=True)]

    def laid_out(self, at: int, like: Sequence[Observed]) -> list[Observed]:
        """Arrays of the same names and shapes as some others, from where their numbers begin."""
        items: list[Observed] = []
        for item in like:
            arrays = {}
            for name, value in sorted(item.items()):
                arrays[name] = self.get(at, value.size).reshape(value.shape)
                at += value.size
            items.append(arrays)
        return items

    def get(self, at: int, count: int) -> np.ndarray:
        """So many numbers."""
        return self.numbers[at : at + count]


class RecordedCase:
    """One check as it was recorded; what its mistakes give is read when it is asked for."""

    open = True
    combines = False

    def __init__(self, recording: Recording, check: Check) -> None:
        self.recording = recording
        self.check = check
        self._entry = recording.index["checks"][check.id]
        self.inputs: Sequence[Inputs] = recording.inputs(check, self._entry["inputs"])
        self.truth: Sequence[Observed] = [recording.values(item) for item in self._entry["truth"]]
        self.suspects: Sequence[str] = recording.index["suspects"][check.function]
        self.forwards: Sequence[str] = list(self._entry["forward"])

    @property
    def precision(self) -> Precision:
        """See `case.KnownMistakes`."""
        return precision_of(self.check, self.inputs)

    @property
    def also(self) -> Sequence[Sequence[Observed]]:
        """See `case.Case`."""
        return [[self.recording.values(item) for item in other] for other in self._entry["also"]]

    def known(self, mistake: str) -> Known:
        """See `case.KnownMistakes`."""
        item = self._entry["known"].get(mistake)
        if isinstance(item, str):
            return Known(error=item)
        return Known(self._prints(*item) if item else [{} for _ in self.truth])

    def known_at(self, mistake: str, size: int) -> Known | None:
        """See `case.KnownMistakes`."""
        return None

    def both(self, one: str, other: str) -> Known:
        """Two mistakes at once are not recorded."""
        raise NotKnown

    def forward(self, cause: Cause) -> RecordedForward | None:
        """See `case.Case`."""
        starts = self._entry["forward"].get(cause.mistakes[0])
        return None if starts is None else RecordedForward(self, cause, starts)

    def may_give(self, cause: Cause, observed: Sequence[Observed]) -> bool:
        """All is worked out already."""
        return True

    def reproducing(
        self, observed: Sequence[Observed], *, pairs: bool, near: Collection[str] = ()
    ) -> Sequence[RecordedForward]:
        """Nothing is fitted without the reference."""
        return ()

    @property
    def probes(self) -> Sequence[Probed]:
        """See `case.Case`."""
        return [self._probed(item) for item in self._entry["probes"]]

    def _probed(self, item: Mapping[str, Any]) -> Probed:
        probe = next(probe for probe in self.recording.assignment.probes if probe.id == item["id"])
        size = item["size"]
        plain = self.recording.values(item["inputs"]) if size < 0 else probe.filled(self.inputs[size])
        return Probed(probe, size, plain, self.recording.values(item["truth"]))

    def _prints(self, at: int, sizes: Sequence[Sequence[Any]]) -> list[Fingerprints]:
        prints: list[Fingerprints] = []
        for names, true in zip(sizes, self.truth, strict=True):
            some: dict[str, Fingerprint] = {}
            for entry in names:
                name, *dims = [entry] if isinstance(entry, str) else entry
                shape = true[name].shape if isinstance(entry, str) else tuple(dims)
                count = projections(shape, self.check.aspect)
                some[name] = Fingerprint(shape, float(self.recording.numbers[at]), self.recording.get(at + 1, count))
                at += 1 + count
            prints.append(some)
        return prints


@dataclass(frozen=True)
class RecordedForward:
    """A mistaken forward pass as it was recorded, with what is right on it."""

    case: RecordedCase
    cause: Cause
    starts: Sequence[int]
    """Where the numbers begin: of the forward pass, then of each gradient."""

    @cached_property
    def forward(self) -> Sequence[Observed]:
        """See `case.OwnForward`."""
        like = [{FORWARD: item[FORWARD]} for item in self.case.truth]
        return self.case.recording.laid_out(self.starts[0], like)

    def gradients(self) -> Iterator[list[Observed]]:
        """See `case.OwnForward`."""
        for start in self.starts[1:]:
            yield self.case.recording.laid_out(start, judged(self.case.truth))

    def known(self, mistake: str) -> Known:
        """Two mistakes at once are not recorded."""
        raise NotKnown
