"""Whose a file is, read from the name that Moodle or Canvas gives it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_MOODLE = re.compile(r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_(?P<kind>file|onlinetext)(?:_(?P<rest>.*))?")
_CANVAS = re.compile(r"(?P<name>[^_]+)(?:_LATE)?_(?P<number>\d+)_(?:\d+)_(?P<rest>.+)")


@dataclass(frozen=True)
class Sender:
    """Whose a file or folder is, as the learning management system names it."""

    name: str
    number: str
    """The system's number: in Moodle of the participant, in Canvas of the user."""
    rest: str
    """What the student called it; empty for a folder."""
    online_text: bool = False
    """Moodle's other kind of submission: text typed into the page."""


def sender_of(name: str) -> Sender | None:
    """Read the name of a file or folder that Moodle or Canvas wrote; None if it is neither's."""
    text = unicodedata.normalize("NFC", name)
    for pattern in (_MOODLE, _CANVAS):
        match = pattern.fullmatch(text)
        if match:
            text_kind = match.groupdict().get("kind") == "onlinetext"
            return Sender(match["name"].strip(), match["number"], match["rest"] or "", text_kind)
    return None


def student_id(name: str) -> str:
    """A folder's name for a person's: `Đorđe Žurić` becomes `djordje-zuric`."""
    text = name.replace("đ", "dj").replace("Đ", "Dj")
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
