"""What a student's code printed: its beginning, and how much there was."""

from __future__ import annotations

import io
from dataclasses import dataclass

from ..executor.text import printable

MOST_LINES, MOST_CHARACTERS = 20, 2_000
"""Of what was printed, so much is kept."""


@dataclass(frozen=True)
class Printed:
    """Lines, as they were printed."""

    count: int = 0
    """All of them."""
    first: tuple[str, ...] = ()


NOTHING = Printed()


class Spool(io.TextIOBase):
    """A stream that keeps the beginning of what is written to it, however much that is."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[str] = []
        self._left, self._ends, self._open = MOST_CHARACTERS, 0, False

    def writable(self) -> bool:
        """It can be written to."""
        return True

    def write(self, text: str) -> int:
        """Take note of it."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if text:
            self._ends += text.count("\n")
            self._open = not text.endswith("\n")
            if self._left > 0:
                self._kept.append(text[: self._left])
                self._left -= len(text)
        return len(text)

    @property
    def printed(self) -> Printed:
        """What there is so far."""
        lines = "".join(self._kept).split("\n")[:MOST_LINES]
        first = tuple(printable(line.expandtabs(4)) for line in lines)
        return Printed(self._ends + self._open, first[:-1] if first[-1:] == ("",) else first)
