"""Whose a file is, read from the name that a learning management system gives it.

    Moodle       Ime Prezime_123456_assignsubmission_file_...    a group's: Default group_assignsubmission_file_...
    Canvas       imeprezime_LATE_12345_67890_rad.zip             anonymous: LATE_anon_x7Kq2_67890_rad.zip
    Blackboard   Zadatak 3_korisnik_attempt_2026-01-10-12-30-00_rad.zip
    Brightspace  12345-67890 - Ime Prezime - Jan 10, 2026 1230 PM - rad.zip

Blackboard's are those of nbgrader's own documentation and of github.com/kwurst/bb-file-cleanup, Brightspace's those of
scripts that sort its downloads. Google Classroom puts no name before a file.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

_MOODLE = re.compile(
    r"(?P<name>.+?)(?:_(?P<number>\d+))?_assignsubmission_(?P<kind>file|onlinetext)(?:_(?P<rest>.*))?(?: ?\(\d+\))?",
    re.DOTALL,
)
_TYPED = r"(?:text|link)\.html"
_ANONYMOUS = re.compile(rf"(?P<late>LATE_)?anon_(?P<number>[A-Za-z0-9]+)_(?P<rest>{_TYPED}|(?<=_)\d+_.+)", re.DOTALL)
_CANVAS = re.compile(rf"(?P<name>.+?)(?P<late>_LATE)?_(?P<number>\d+)_(?P<rest>{_TYPED}|\d+_.+)", re.DOTALL)
# The word for an attempt is in the system's language.
_BLACKBOARD = re.compile(
    r"(?P<before>.+_(?P<number>[^_]+))_[^\W\d_]+_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<rest>.+)|\.txt)?", re.DOTALL
)
_BRIGHTSPACE = re.compile(
    r"(?P<number>\d+)-\d+ ?- (?P<name>.+?) ?- (?P<time>[^-]*\d{4},? \d{1,2}:?\d\d(?: ?[AP]M)?)(?: - (?P<rest>.+))?",
    re.DOTALL,
)
_DATES = ("%b %d, %Y", "%B %d, %Y", "%d %B, %Y", "%d %b, %Y", "%d %B %Y", "%d %b %Y")
_TIMES = ("%Y-%m-%d-%H-%M-%S", *(f"{date} {clock}" for date in _DATES for clock in ("%I%M %p", "%H%M")))
_HIDDEN = frozenset({"participant", "ucesnik", "učesnik", "учесник", "polaznik", "sudionik", "teilnehmer/in", "anon"})
"""What Moodle and Canvas write in place of a name where marking is blind."""


@dataclass(frozen=True)
class Sender:
    """Whose a file or folder is, as the learning management system names it."""

    name: str
    number: str
    """The system's number or user name: in Moodle of the participant, elsewhere of the user; empty for a group."""
    rest: str
    """What the student called it; empty for a folder."""
    online_text: bool = False
    """Moodle's and Canvas' other kind of submission: text typed into the page."""
    system: str = "moodle"
    late: bool = False
    time: datetime | None = None
    """When it was handed in, in the system's own zone, where the name says so."""

    @property
    def lasting(self) -> bool:
        """Whether the number is the person's own, and not one for this assignment."""
        return self.system != "moodle" and self.named

    @property
    def named(self) -> bool:
        """Whether the name is a person's or a group's."""
        words = self.name.casefold().split()
        return not words or words[0].strip() not in _HIDDEN


def sender_of(name: str) -> Sender | None:
    """Read the name of a file or folder that such a system wrote; None if it is no system's."""
    text = unicodedata.normalize("NFC", name)
    if match := _MOODLE.fullmatch(text):
        return Sender(match["name"].strip(), match["number"] or "", match["rest"] or "", match["kind"] == "onlinetext")
    if match := _BRIGHTSPACE.fullmatch(text):
        rest = match["rest"] or ""
        return Sender(match["name"].strip(), match["number"], rest, system="brightspace", time=_time(match["time"]))
    if match := _BLACKBOARD.fullmatch(text):
        user, rest = match["number"], match["rest"] or ""
        return Sender(user, user, rest, system="blackboard", time=_time(match["time"]))
    if match := _ANONYMOUS.fullmatch(text):
        return Sender("anon", match["number"], *_of_canvas(match["rest"]), system="canvas", late=bool(match["late"]))
    if match := _CANVAS.fullmatch(text):
        name, rest = match["name"].strip(), _of_canvas(match["rest"])
        return Sender(name, match["number"], *rest, system="canvas", late=bool(match["late"]))
    return None


def user_of(name: str, information: str) -> str:
    """The user name in a Blackboard file's name, which may hold `_`; empty if it is no such file's.

    Args:
        name: of a file.
        information: the text that Blackboard puts beside it, which begins with `Name: Ana Anić (ana_anic)`.
    """
    match = _BLACKBOARD.fullmatch(unicodedata.normalize("NFC", name))
    said = re.match(r"\ufeff?[^\n]*\(([^()\n]+)\)\s*$", information, re.MULTILINE)
    return said[1] if match and said and match["before"].endswith(f"_{said[1]}") else ""


def _of_canvas(rest: str) -> tuple[str, bool]:
    """What the student called a file, behind its number; and whether it was typed into the page, which has none."""
    typed = re.fullmatch(_TYPED, rest) is not None
    return (rest if typed else rest.partition("_")[2]), typed


def _time(text: str) -> datetime | None:
    text = re.sub(r" (\d):?(\d\d)( ?[AP]M)?$", r" 0\1\2\3", text.strip())
    text = re.sub(r"(\d\d):?(\d\d) ?([AP]M)$", r"\1\2 \3", text).replace(":", "")
    for form in _TIMES:
        with suppress(ValueError):
            return datetime.strptime(text, form)
    return None
