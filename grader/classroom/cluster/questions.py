"""What a worker is asked: bytes that hold one submission, and all else that its answer depends on.

Neither the secret of the course nor its gradebook, nor whose the submission is, is any of that.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgpack
import numpy as np

from checks.core import Assignment

from ...course import KIT, Course, framework_files
from ...files import digest_of
from ...grading.files import files_in
from ...grading.grade import check_set_digest
from ...settings import FILE
from ..pages.notebook import NotebookBounds


@dataclass(frozen=True)
class ToCheck:
    """Run the checks on a submission."""

    checks: str
    """Digest of the check set."""
    modules: dict[str, bytes]
    """What counts of the submission, by path in its package."""
    seed: bytes
    """Of this submission's inputs: derived from the secret, which it does not tell."""
    language: str
    """Of the messages."""
    spoken: str
    """The language of the release, as `Course` has it."""


@dataclass(frozen=True)
class ToRun:
    """Run the cells of a notebook for its readers."""

    cells: list[str]
    files: dict[str, bytes]
    """What lies beside the notebook, but for what is as it was handed out."""
    handed_out: list[str]
    """What is."""
    spoken: str
    bounds: dict[str, int]
    """`NotebookBounds`."""
    prepare: str
    """Python that loads the course's data, where the worker has none of them yet."""


Question = ToCheck | ToRun
_KINDS: dict[str, type[Question]] = {"check": ToCheck, "run": ToRun}


def packed(question: Question) -> bytes:
    """A question as bytes."""
    (kind,) = (name for name, its in _KINDS.items() if its is type(question))
    data: bytes = msgpack.packb([kind, vars(question)], unicode_errors="surrogateescape")
    return data


def unpacked(data: bytes) -> Question:
    """The inverse of `packed`."""
    kind, values = msgpack.unpackb(data, unicode_errors="surrogateescape")
    return _KINDS[kind](**values)


def bounds_of(question: ToRun) -> NotebookBounds:
    """What the notebook of a question may use up."""
    return NotebookBounds(**question.bounds)


def key_of(question: bytes, assignment: str) -> str:
    """The name of a question: the same for the same question to the same kit, whoever asks, and when."""
    return hashlib.sha256(b"\0".join((LOADED.encode(), assignment.encode(), question))).hexdigest()


def kit_digest() -> str:
    """SHA-256 of the kit's code as it lies on the disk, and of what it computes with."""
    files: dict[str, Path] = {path.relative_to(KIT).as_posix(): path for path in framework_files(KIT / "checks")}
    for path in (KIT / "grader").rglob("*"):
        files[path.relative_to(KIT).as_posix()] = path
    held = {name: path.read_bytes() for name, path in files.items() if path.suffix in {".py", ".toml", ".txt"}}
    held["versions"] = ".".join(platform.python_version_tuple()[:2]).encode() + np.__version__.encode()
    return digest_of(held)


LOADED = kit_digest()
"""The kit that this process runs; whoever updates the disk finds another one there."""


def course_digest(course: Course, assignment: Assignment) -> str:
    """SHA-256 of all of a course that an answer depends on: checks, package, settings, and what was handed out."""
    held = {"checks": check_set_digest(course, assignment).encode(), "environment": course.environment()}
    settings = course.root / FILE
    held["settings"] = settings.read_bytes() if settings.is_file() else b""
    for spoken in course.released_in(assignment.name):
        release = spoken.release / assignment.name
        held |= {f"{spoken.spoken}/{name}": digest.encode() for name, digest in digests_below(release).items()}
    return digest_of(held)


def digests_below(folder: Path) -> Mapping[str, str]:
    """SHA-256 of each file below a folder, by its place there."""
    return {path.relative_to(folder).as_posix(): _digest(path, *_stamp(path)) for path in files_in(folder)}


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


@cache
def _digest(path: Path, _changed: int, _size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digest_of_bytes(content: bytes) -> str:
    """As `digests_below` of a file."""
    return hashlib.sha256(content).hexdigest()
