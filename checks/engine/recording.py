"""The recorded oracle: inputs, truth and the mistakes' fingerprints from a file, so that a release holds no formula.

A recording is one `.npz` of two arrays: `numbers`, every float of it end to end, and `index`, JSON that says which of
them are what. Truth is kept in full, also that of the backward passes on a mistaken forward pass; of what a known
mistake is named by there are only fingerprints.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..core import FORWARD, Assignment, Check, Inputs, Observed
from .case import Case, Known, OwnForward, Probed, agree, judged, not_known
from .fingerprint import Fingerprint, Fingerprints, projections

FILE = "recordings.npz"
HANDED_OUT = "handed_out"
"""Where the modules lie that stand-ins take the place in, as they were handed out."""

SEED = b"recording"
"""The seed of the recorded inputs; graded draws come from the course's secret."""


@dataclass
class Writer:
    """Collects cases and turns them into the bytes of a recording."""

    numbers: list[np.ndarray] = field(default_factory=list)
    index: dict[str, Any] = field(default_factory=dict)
    """By the check's id."""
    suspects: dict[str, list[str]] = field(default_factory=dict)
    """Known mistakes by function."""
    _length: int = 0

    def add(self, check: Check, case: Case) -> None:
        """Record the case of a check."""
        truth = [_judged_part(check, item) for item in case.truth]
        known = {mistake: self._known(check, case.known(mistake), truth) for mistake in case.suspects}
        self.suspects[check.function] = list(case.suspects)
        self.index[check.id] = {
            "inputs": [self._values(item) for item in case.inputs],
            "truth": [self._values(item) for item in truth],
            "also": [[self._values(_judged_part(check, item)) for item in other] for other in case.also()],
            "known": {mistake: entry for mistake, entry in known.items() if entry},
            "forward": self._forwards(case),
            "probes": [
                {
                    "id": probed.probe.id,
                    "size": probed.size,
                    "inputs": self._values(probed.inputs) if probed.size < 0 else None,
                    "truth": self._values(probed.truth),
                }
                for probed in case.probes()
            ],
        }

    def _forwards(self, case: Case) -> dict[str, Any]:
        """For each mistaken forward pass that and what is right on it, laid out as the truth is.

        A gradient that is the truth's own, or another's, is left out; and with none left, the forward pass is.
        """
        found: dict[str, Any] = {}
        for mistake in case.forwards:
            own = case.forward(mistake)
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
        text = json.dumps({"checks": self.index, "suspects": self.suspects}, separators=(",", ":"), sort_keys=True)
        file = io.BytesIO()
        np.savez(
            file,
            index=np.frombuffer(text.encode(), np.uint8),
            numbers=np.concatenate(self.numbers) if self.numbers else np.zeros(0),
        )
        return file.getvalue()

    def _values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._value(value) for name, value in values.items()}

    def _value(self, value: Any) -> Any:
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
                    name if name in true and item.shape == true[name].shape else [name, *item.shape]
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
    if check.aspect == "values":
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

    def case(self, check: Check) -> Case:
        """The recorded case of a check."""
        entry = self.index["checks"][check.id]
        inputs: list[Inputs] = [self._values(item) for item in entry["inputs"]]
        truth: list[Observed] = [self._values(item) for item in entry["truth"]]
        return Case(
            inputs,
            truth,
            open=True,
            also=lambda: [[self._values(item) for item in other] for other in entry["also"]],
            suspects=self.index["suspects"][check.function],
            known=lambda mistake: self._known(check, entry["known"].get(mistake), truth),
            forwards=list(entry["forward"]),
            forward=lambda mistake: self._forward(mistake, entry["forward"].get(mistake), truth),
            probes=lambda: [self._probed(check, item, inputs) for item in entry["probes"]],
        )

    def _known(self, check: Check, item: Any, truth: Sequence[Observed]) -> Known:
        if isinstance(item, str):
            return Known(error=item)
        return Known(self._prints(check, item, truth) if item else [{} for _ in truth])

    def _forward(self, mistake: str, starts: Sequence[int] | None, truth: Sequence[Observed]) -> OwnForward | None:
        if starts is None:
            return None
        forward = self._laid_out(starts[0], [{FORWARD: item[FORWARD]} for item in truth])
        return OwnForward(
            mistake, forward, lambda: [self._laid_out(start, judged(truth)) for start in starts[1:]], not_known
        )

    def _laid_out(self, at: int, like: Sequence[Observed]) -> list[Observed]:
        items: list[Observed] = []
        for item in like:
            arrays = {}
            for name, value in sorted(item.items()):
                arrays[name] = self._get(at, value.size).reshape(value.shape)
                at += value.size
            items.append(arrays)
        return items

    def _probed(self, check: Check, item: Mapping[str, Any], inputs: Sequence[Inputs]) -> Probed:
        probe = next(probe for probe in self.assignment.probes if probe.id == item["id"])
        plain = self._values(item["inputs"]) if item["size"] < 0 else probe.filled(inputs[item["size"]])
        return Probed(probe, item["size"], plain, self._values(item["truth"]))

    def _prints(self, check: Check, item: Sequence[Any], truth: Sequence[Observed]) -> list[Fingerprints]:
        at, sizes = item
        prints: list[Fingerprints] = []
        for names, true in zip(sizes, truth, strict=True):
            some: dict[str, Fingerprint] = {}
            for entry in names:
                name, *dims = [entry] if isinstance(entry, str) else entry
                shape = true[name].shape if isinstance(entry, str) else tuple(dims)
                count = projections(shape, check.aspect)
                some[name] = Fingerprint(shape, float(self.numbers[at]), self._get(at + 1, count))
                at += 1 + count
            prints.append(some)
        return prints

    def _values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: self._get(value["at"], int(np.prod(value["shape"]))).astype(value["dtype"]).reshape(value["shape"])
            if isinstance(value, dict)
            else value
            for name, value in values.items()
        }

    def _get(self, at: int, count: int) -> np.ndarray:
        return self.numbers[at : at + count]
