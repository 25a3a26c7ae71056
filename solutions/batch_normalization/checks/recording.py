"""The recorded oracle: inputs, truth and the mistakes' fingerprints from a file, so that a release holds no formula.

A recording is one `.npz` of two arrays: `numbers`, every float of it end to end, and `index`, JSON that says which of
them are what. Truth is kept in full; of what a known mistake gives there are only fingerprints.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .case import Blocked, Case, Known, OwnForward, Probed, not_known
from .core import FORWARD, Assignment, Check, Inputs, Observed
from .fingerprint import Fingerprint, Fingerprints, projections
from .judge import judge
from .student import Student

FILE = "recordings.npz"

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
        forwards = {mistake: case.forward(mistake) for mistake in case.forwards}
        self.suspects[check.function] = list(case.suspects)
        self.index[check.id] = {
            "inputs": [self._values(item) for item in case.inputs],
            "truth": [self._values(item) for item in truth],
            "known": {mistake: entry for mistake, entry in known.items() if entry},
            "forward": {
                mistake: [self._prints(check, prints, truth) for prints in (own.forward, *own.gradients())]
                for mistake, own in forwards.items()
                if own is not None
            },
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


def _judged_part(check: Check, truth: Observed) -> Observed:
    """The truth without the values of arrays whose shape or type alone is judged, such as freshly drawn weights."""
    return truth if check.aspect == "values" else {name: np.zeros_like(value) for name, value in truth.items()}


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
    _sound: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def read(cls, assignment: Assignment, path: Path) -> Recording:
        """Read a recording.

        Raises:
            FileNotFoundError: there is none at `path`.
        """
        with np.load(path, allow_pickle=False) as file:
            return cls(assignment, file["numbers"], json.loads(file["index"].tobytes()))

    def case(self, check: Check, student: Student) -> Case:
        """The recorded case of a check."""
        entry = self.index["checks"][check.id]
        inputs: list[Inputs] = [self._values(item) for item in entry["inputs"]]
        truth: list[Observed] = [self._values(item) for item in entry["truth"]]
        return Case(
            inputs,
            truth,
            open=True,
            blocked=lambda: self._blocked(check, student),
            suspects=self.index["suspects"][check.function],
            known=lambda mistake: self._known(check, entry["known"].get(mistake), truth),
            forwards=list(entry["forward"]),
            forward=lambda mistake: self._forward(check, mistake, entry["forward"].get(mistake), truth),
            probes=lambda: [self._probed(check, item, inputs) for item in entry["probes"]],
        )

    def _blocked(self, check: Check, student: Student) -> Blocked | None:
        """A layer of the student's that is not right yet: a recording cannot tell its mistakes from the network's."""
        for function in check.needs:
            if function not in self._sound:
                result = judge(self.assignment, student, self, language="en", functions=[function])
                self._sound[function] = all(item.status == "passed" for item in result.checks)
            if not self._sound[function]:
                return Blocked("first_mend", function)
        return None

    def _known(self, check: Check, item: Any, truth: Sequence[Observed]) -> Known:
        if isinstance(item, str):
            return Known(error=item)
        return Known(self._prints(check, item, truth) if item else [{} for _ in truth])

    def _forward(
        self, check: Check, mistake: str, items: Sequence[Any] | None, truth: Sequence[Observed]
    ) -> OwnForward | None:
        if items is None:
            return None
        forward, *gradients = items
        return OwnForward(
            mistake,
            self._prints(check, forward, truth),
            lambda: [self._prints(check, gradient, truth) for gradient in gradients],
            not_known,
        )

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
                count = projections(shape, "values" if name == FORWARD else check.aspect)
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
