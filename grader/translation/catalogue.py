"""Reads and writes a notebook's catalogue: gettext's PO form, an entry for each cell, told apart by `msgctxt`.

    #. markdown
    msgctxt "intro"
    msgid "# Skaliranje"
    msgstr "# Scaling"

`msgid` is the cell as it was when it was translated, whole. Where it is another one now, `update` puts the new one
there, flags the entry `fuzzy` and keeps the old one as gettext does (`#| msgid`); a cell that is gone leaves an entry
that is set aside (`#~`). Tools for translators read all of this.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, read_po, unescape, write_po

from ..course import Course
from ..errors import GraderError
from ..files import write_whole

_PREVIOUS = "| "
"""How Babel reads a line that says what a changed entry was: as a comment, which begins so."""
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_FORMATS = ("python-format", "python-brace-format")
"""Flags that Babel puts on whatever looks like Python's formats, such as `%env` in a sentence."""


@dataclass(frozen=True)
class Entry:
    """One cell, and what it is in the other language."""

    cell: str
    original: str
    text: str = ""
    changed: bool = False
    """Flagged `fuzzy`: the original was another one when this was translated."""
    previous: str = ""
    """What the original was then."""
    kind: str = ""
    comments: tuple[str, ...] = ()
    """The translator's own."""


@dataclass(frozen=True)
class Translation:
    """All of a catalogue."""

    entries: tuple[Entry, ...] = ()
    aside: tuple[Entry, ...] = ()
    """Of cells that there are no more."""
    header: Catalog | None = None
    """What else the file holds: who translated, and when."""


def place(course: Course, name: str, language: str) -> Path:
    """Where the catalogue of an assignment lies: beside the folder of its notebook.

    Not in it: all that is in there nbgrader copies to students, and model answers are in the catalogue.
    """
    return course.source / f"{name}.{language}.po"


def read(path: Path, where: str) -> Translation:
    """Read a catalogue.

    Args:
        path: the file.
        where: its name in messages.

    Raises:
        FileNotFoundError: there is none.
        GraderError: it cannot be read as one.
    """
    try:
        catalogue = read_po(io.StringIO(path.read_text(encoding="utf-8-sig")), abort_invalid=True)
    except FileNotFoundError:
        raise
    except PoFileError as error:
        raise GraderError(
            f"{where}, line {error.lineno + 1}: expected gettext's PO form, found {error.args[0]}. {_FIX}"
        ) from None
    except Exception as error:  # Babel raises what a line that is cut off happens to raise
        raise GraderError(
            f"{where}: expected gettext's PO form in UTF-8, found a fault ({type(error).__name__}: {error}). {_FIX}"
        ) from None
    entries = tuple(_entry(message) for message in catalogue if message.id)
    return Translation(entries, tuple(map(_entry, catalogue.obsolete.values())), catalogue)


_FIX = "Next: correct it, or take the file from the history."


def write(path: Path, name: str, language: str, translation: Translation) -> None:
    """Write a catalogue, a line of text to a line of the file."""
    old = translation.header
    new = Catalog(
        locale=language,
        project=name,
        version="1",
        header_comment=f"# The notebook of {name}, cell by cell. Model answers and rubrics are in here, too.",
        fuzzy=False,
    )
    if old is not None:
        new.creation_date, new.revision_date = old.creation_date, old.revision_date
        new.last_translator, new.language_team = old.last_translator, old.language_team
    for entry in translation.entries:
        new[entry.original] = _message(entry)
    for entry in translation.aside:
        new.obsolete[entry.original, entry.cell] = _message(entry)
    written = io.BytesIO()
    write_po(written, new, width=0, include_previous=True)
    write_whole(path, written.getvalue().rstrip(b"\n") + b"\n", mode=0o644)


def _entry(message: Message) -> Entry:
    notes = message.user_comments
    previous = " ".join(note.removeprefix(_PREVIOUS) for note in notes if note.startswith(_PREVIOUS))
    text = "".join(map(unescape, _QUOTED.findall(previous.partition("msgid ")[2])))
    return Entry(
        cell=message.context or "",
        original=_one(message.id),
        text=_one(message.string),
        changed=message.fuzzy,
        previous=text,
        kind=" ".join(message.auto_comments),
        comments=tuple(note for note in notes if not note.startswith(_PREVIOUS)),
    )


def _message(entry: Entry) -> Message:
    message = Message(
        entry.original,
        entry.text,
        flags={"fuzzy"} if entry.changed else (),
        auto_comments=[entry.kind] if entry.kind else (),
        user_comments=entry.comments,
        previous_id=[entry.previous] if entry.changed and entry.previous else (),
        context=entry.cell,
    )
    message.flags -= {*_FORMATS}
    return message


def _one(text: str | tuple[str, ...] | list[str] | None) -> str:
    """A text; of several forms for several numbers, which no cell has, the first."""
    return text if isinstance(text, str) else text[0] if text else ""
