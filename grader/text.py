"""How the kit speaks: its sentences, and text from others made fit to be put into one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from checks.executor.text import printable
from checks.language import Catalogue, catalogue

if TYPE_CHECKING:
    import logging


def shown(name: str) -> str:
    """A name that somebody else chose, as it can be printed and stored."""
    return printable(name, None, "?")


_LISTED = 10
_LONGEST_NAME = 100


def listed(names: Sequence[str]) -> str:
    """Names that somebody else chose, as many as a remark can hold, and how many there are if there are more."""
    first = ", ".join(shown(name[:_LONGEST_NAME]) for name in names[:_LISTED])
    return f"{first}, ... ({len(names)})" if names[_LISTED:] else first


@dataclass(frozen=True)
class Note:
    """A remark on a submission that a person should read: a key of `messages.toml`, and what fills its sentence in."""

    key: str
    names: dict[str, str] = field(default_factory=dict)


def sentences(language: str) -> Catalogue:
    """What is said about a submission as a whole, in one language."""
    return catalogue(language, Path(__file__).parent)


def in_each(languages: Sequence[str], note: Note, between: str = " / ") -> str:
    """A remark in each of a course's languages, one after another."""
    return between.join(sentences(language)(note.key, **note.names) for language in languages)


def as_on_a_terminal(text: str) -> str:
    """Of a line that was written over with carriage returns, the last state; nothing of one that was wiped out."""
    return "\n".join(map(_last_state, text.split("\n")))


def _last_state(line: str) -> str:
    _, over, last = line.rstrip("\r").rpartition("\r")
    return last.rstrip(" ") if over else last


def log_to(tell: Callable[[logging.LogRecord], None]) -> logging.Logger:
    """A log for somebody else's code, such as nbgrader's: each entry is given to `tell`, and nothing is printed."""
    import logging  # here, since a verdict needs none

    class _Told(logging.Handler):
        def emit(self, entry: logging.LogRecord) -> None:
            tell(entry)

    logger = logging.Logger("grader")
    logger.addHandler(_Told())
    return logger
