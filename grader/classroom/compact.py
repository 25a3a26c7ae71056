"""The verdicts on a class in few bytes each: thousands wait until they are converted.

What is the same for all is not among them. So they can be passed to another process of this machine, too; nothing but
what the kit made itself is ever read from them.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from checks.core import Assignment

from ..course import Course
from ..grading.grade import given_modules
from .verdicts import GradedSubmission


@dataclass(frozen=True)
class Compact:
    """A verdict in few bytes."""

    data: bytes


def compact(verdict: GradedSubmission) -> Compact:
    """A verdict without what is the same for all."""
    found_there: Any = {"assignment": None, "given": {}}
    return Compact(zlib.compress(pickle.dumps(replace(verdict, **found_there)), 1))


class Verdicts(Mapping[str, GradedSubmission]):
    """The verdicts on submissions to an assignment, by student; each time one is asked for, it is another object.

    Args:
        assignment: which.
    """

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._all: dict[str, Compact] = {}
        self._given: dict[Course, dict[str, bytes]] = {}
        """What is handed out in each language."""

    def add(self, student: str, verdict: GradedSubmission | Compact) -> None:
        """Keep a verdict."""
        if isinstance(verdict, GradedSubmission):
            self._given.setdefault(verdict.course, verdict.given)
            verdict = compact(verdict)
        self._all[student] = verdict

    def in_few_bytes(self, student: str) -> Compact:
        """A verdict, to be passed on."""
        return self._all[student]

    def whole(self, verdict: Compact) -> GradedSubmission:
        """A verdict as it was."""
        slim: GradedSubmission = pickle.loads(zlib.decompress(verdict.data))
        if slim.course not in self._given:
            self._given[slim.course] = given_modules(slim.course, self._assignment)
        return replace(slim, assignment=self._assignment, given=self._given[slim.course])

    def __getitem__(self, student: str) -> GradedSubmission:
        return self.whole(self._all[student])

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)
