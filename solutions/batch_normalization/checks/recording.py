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

from .core import Assignment, Check, Inputs, Observed
from .fingerprint import PROJECTIONS, Fingerprint, Fingerprints
from .judge import Blocked, Case, Known, judge, precision_of
from .student import Student

FILE = "recordings.npz"

SEED = b"recording"
"""The seed of the recorded inputs; graded draws come from the course's secret."""


@dataclass
class Writer:
    """Collects cases and turns them into the bytes of a recording."""

    numbers: list[np.ndarray] = field(default_factory=list)
    index: dict[str, Any] = field(default_factory=dict)
    _length: int = 0

    def add(self, check: Check, case: Case) -> None:
        """Record the case of a check."""
        self.index[check.id] = {
            "inputs": [self._values(item) for item in case.inputs],
            "truth": [self._values(_judged_part(check, item)) for item in case.truth],
            "known": [
                {
                    "mistake": known.mistake,
                    "prints": [self._prints(item) for item in known.prints],
                    "forward": [self._prints(item) for item in known.forward],
                    "gradients": [[self._prints(item) for item in gradient] for gradient in known.gradients],
                }
                for known in case.known()
            ],
        }

    def to_bytes(self) -> bytes:
        """The file; the same bytes for the same cases."""
        text = json.dumps(self.index, separators=(",", ":"), sort_keys=True)
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

    def _prints(self, prints: Fingerprints) -> dict[str, Any]:
        return {
            name: {"shape": list(item.shape), "scale": item.scale, "at": self._put(item.projections)}
            for name, item in prints.items()
        }

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
        entry = self.index[check.id]
        inputs: list[Inputs] = [self._values(item) for item in entry["inputs"]]
        truth: list[Observed] = [self._values(item) for item in entry["truth"]]
        return Case(
            inputs,
            truth,
            lambda: [self._known(item) for item in entry["known"]],
            precision_of(inputs),
            blocked=lambda: self._blocked(check, student),
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

    def _known(self, item: Mapping[str, Any]) -> Known:
        return Known(
            item["mistake"],
            self._all_prints(item["prints"]),
            self._all_prints(item["forward"]),
            [self._all_prints(gradient) for gradient in item["gradients"]],
        )

    def _all_prints(self, items: Sequence[Mapping[str, Any]]) -> list[Fingerprints]:
        return [
            {
                name: Fingerprint(tuple(value["shape"]), value["scale"], self._get(value["at"], PROJECTIONS))
                for name, value in item.items()
            }
            for item in items
        ]

    def _values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: self._get(value["at"], int(np.prod(value["shape"]))).astype(value["dtype"]).reshape(value["shape"])
            if isinstance(value, dict)
            else value
            for name, value in values.items()
        }

    def _get(self, at: int, count: int) -> np.ndarray:
        return self.numbers[at : at + count]
