"""What was judged, by the name of its question, until the run ends: a client that was killed asks nothing twice.

A name digests the question, the kit and the assignment, so what is found under it is the answer, whoever asked. The
answer is read as one that has just come.
"""

from __future__ import annotations

import shutil
from contextlib import suppress

from ...course import Course
from ...errors import GraderError
from ...files import drafts, write_whole


class Kept:
    """Answers on the submissions to one assignment."""

    def __init__(self, course: Course, assignment: str) -> None:
        self._folder = course.store / "judged" / assignment

    def get(self, key: str) -> str | None:
        """An answer; None if there is none."""
        with suppress(OSError, ValueError):
            return (self._folder / f"{key}.json").read_text(encoding="utf-8")
        return None

    def put(self, key: str, answer: str) -> None:
        """Keep an answer, whole or not at all; one that is there already stays.

        Raises:
            GraderError: it cannot be written.
        """
        path = self._folder / f"{key}.json"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, answer.encode(), keep=True)
        except OSError as error:
            raise GraderError(
                f"{path}: the verdict could not be stored ({error.strerror or error}). Next: make room, or correct the "
                "folder's permissions; then grade again."
            ) from None

    def forget(self) -> None:
        """Remove all of them: the course has records of what they said."""
        shutil.rmtree(self._folder, ignore_errors=True)
        with suppress(OSError):  # another assignment's are there
            self._folder.parent.rmdir()

    def remove_drafts(self) -> None:
        """Remove what a killed client had half written."""
        for path in drafts(self._folder):
            path.unlink(missing_ok=True)
