"""What a submission is on its way to a verdict: read, judged, graded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from checks.core import Assignment
from checks.result import Result

from ..course import Course
from ..text import Note, sentences
from .submission import Submission


@dataclass(frozen=True)
class ToJudge:
    """A submission that was read, before its verdict."""

    course: Course
    """In the language that the submission was handed out in."""
    assignment: Assignment
    student: str
    language: str
    """Of the messages."""
    submission: Submission
    seed: bytes
    """Of its inputs."""
    secret: str
    """Digest of the secret that the seed was drawn from; empty if there is none."""
    checks: str
    """Digest of the check set."""
    given: dict[str, bytes]
    """Every module that is handed out, by path in the package; not to be changed."""
    stamp: str = ""
    """What the folder looked like before it was read, for whoever keeps the verdict."""


@dataclass(frozen=True)
class Judged:
    """What the checks say of a submission, whoever's it is; wherever it was judged."""

    result: Result
    missing: tuple[str, ...]
    """Modules that it imports and that are not installed."""
    at_import: dict[str, str]
    """By the error that a module failed with at import, the module."""


@dataclass(frozen=True)
class Graded:
    """A result, and digests of all that it was reached on."""

    result: Result
    submission: str
    """Of the student's modules."""
    checks: str
    """Of the check set."""
    secret: str
    """Of the secret that the inputs were drawn from; empty if there is none."""
    package: Path
    """The folder that the modules were read from."""
    given: dict[str, bytes]
    """Every module that is handed out, by path in the package; not to be changed."""
    notes: tuple[Note, ...] = ()
    """What a person should know of how the modules were found."""

    def with_notes(self) -> Result:
        """The result, with the notes among its warnings."""
        say = sentences(self.result.language)
        said = (say(note.key, **note.names) for note in self.notes)
        return replace(self.result, warnings=(*self.result.warnings, *said))
