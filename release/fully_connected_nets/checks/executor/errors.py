"""What went wrong in a student's code, as plain data: a kind, a type, a message, and the student's own lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Line:
    """A line of the student's own code in a traceback."""

    file: str
    number: int
    code: str
    function: str = ""


ErrorKind = Literal[
    "not_implemented",
    "error",
    "timeout",
    "missing",
    "result",
    "unusable",
    "too_many_calls",
    "too_large",
    "lost",
    "protocol",
]


class StudentError(Exception):
    """What went wrong in the student's code; `lines` are the student's own, outermost first."""

    def __init__(
        self,
        kind: ErrorKind,
        type: str = "",
        message: str = "",
        lines: tuple[Line, ...] = (),
        types: tuple[str, ...] = (),
    ) -> None:
        super().__init__(kind, type, message, lines, types)
        self.kind = kind
        self.type = type
        self.message = message
        self.lines = lines
        self.types = types
        """The names of all types that what was raised is of, its own first."""

    def __str__(self) -> str:
        return f"{self.type}: {self.message}" if self.type else self.message

    @classmethod
    def missing(cls, module: str, name: str) -> StudentError:
        """A module has no function of this name."""
        return cls("missing", message=f"{module}.py: {name}")

    @classmethod
    def wrong_count(cls, function: str, expected: int, found: str) -> StudentError:
        """A function returned another number of results; `found` is `2 results`, or the type of the only one."""
        return cls("result", message=f"{function}: {expected} results expected, got {found}")

    @classmethod
    def unusable(cls, name: str, found: str) -> StudentError:
        """What came under a name is nothing that the check can go on with; in words what it is."""
        return cls("unusable", message=f"{name}: {found}")

    @classmethod
    def too_large(cls, what: str) -> StudentError:
        """Far more was returned than was asked for."""
        return cls("too_large", message=what)

    @classmethod
    def too_many_calls(cls, most: int) -> StudentError:
        """A function that was given as an argument was called more often than it may be."""
        return cls("too_many_calls", message=str(most))

    @classmethod
    def timeout(cls, seconds: str) -> StudentError:
        """The time is up, after so many seconds."""
        return cls("timeout", message=f"{seconds} s")

    @classmethod
    def lost(cls, how: str) -> StudentError:
        """The process ended, in words how."""
        return cls("lost", message=how)

    @classmethod
    def protocol(cls, what: str) -> StudentError:
        """The process answered something that was not asked for."""
        return cls("protocol", message=what)
