"""One run at a time, and the memory of a class run that did not end.

A class run leaves a mark while it lasts: an empty file named by the run, since a name can still be written where the
disk is full. A mark that is left without its run says two things: a verdict with another run's name no longer counts,
and the next run need not repeat those with this one's.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from ..course import Course
from ..errors import GraderError


class Busy(GraderError):
    """Another grader is at work on the same assignment, and what it does is not touched."""


@contextlib.contextmanager
def only_one(course: Course, assignment: str) -> Iterator[None]:
    """Keep other graders of this machine away from an assignment's scores; the system drops the lock with the process.

    Raises:
        Busy: another one is at work.
        GraderError: nothing can be written there.
    """
    path = _folder(course) / f"{assignment}.lock"
    # A file that merely exists would outlive a grader that was killed, so no such lock where the disk has no other.
    lock = FileLock(path, timeout=0, mode=0o600, fallback_to_soft=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise Busy(
            f"{path}: another grader is at work on {assignment!r}. Next: wait until it has ended, then grade again."
        ) from None
    except OSError as error:
        raise _not_writable(path, error) from None
    try:
        yield
    finally:
        lock.release()


def begin(course: Course, assignment: str, kind: str) -> tuple[str, bool]:
    """Mark that a class run has begun.

    Args:
        course: the course.
        assignment: whose submissions are graded.
        kind: what its verdicts depend on besides submission and checks, such as the sandbox.

    Returns:
        The run's name, and whether it continues a run of the same kind that did not end.

    Raises:
        GraderError: nothing can be written there.
    """
    folder = _folder(course) / assignment
    before = unfinished(course, assignment)
    if before.partition(".")[2] == kind:
        return before, True
    name = f"{secrets.token_hex(8)}.{kind}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if before:
            (folder / before).replace(folder / name)
        (folder / name).touch()
    except OSError as error:
        raise _not_writable(folder / name, error) from None
    return name, False


def unfinished(course: Course, assignment: str) -> str:
    """The name of the class run that has begun and not ended; empty if there is none."""
    folder = _folder(course) / assignment
    names = sorted(os.listdir(folder)) if folder.is_dir() else []  # noqa: PTH208
    return names[0] if names else ""


def end(course: Course, assignment: str) -> None:
    """Remove the mark: every submission has its verdict, or its record says why it has none."""
    for path in (_folder(course) / assignment).iterdir():
        path.unlink(missing_ok=True)


def _folder(course: Course) -> Path:
    return course.store / "runs"


def _not_writable(path: Path, error: OSError) -> GraderError:
    return GraderError(
        f"{path}: cannot be written ({error.strerror or error}), so nothing was graded. Next: make room there, or "
        "correct the folder's permissions; then grade again."
    )
