"""How Moodle reads a grading worksheet and a zip of feedback files: its rules, in Python, to read what the kit wrote.

From Moodle's own source on GitHub (moodle/moodle), in the versions named by their commits:

- `mod/assign/feedback/offline/importgradeslib.php` at 9762977c028c: which columns, which rows;
- `mod/assign/feedback/offline/locallib.php` at 04975560d10b, `process_import_grades`: what is skipped;
- `mod/assign/gradingtable.php` at 003699dba493: what a worksheet looks like when it is downloaded;
- `mod/assign/feedback/file/importziplib.php` at 0203d8f26027, and its test at 2d6977e11fcf.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath

DAY = 86400


@dataclass(frozen=True)
class Language:
    """The strings of one language that matter here."""

    identifier: str
    name: str
    grade: str
    most: str
    can_be_changed: str
    changed: str
    feedback: str
    participant: str
    yes: str
    no: str
    comma: str


ENGLISH = Language(
    "Identifier", "Full name", "Grade", "Maximum grade", "Grade can be changed", "Last modified (grade)",
    "Feedback comments", "Participant ", "Yes", "No", ".",
)  # fmt: skip
GERMAN = Language(
    "ID", "Vollständiger Name", "Bewertung", "Bestwertung", "Bewertung kann geändert werden",
    "Zuletzt geändert (Bewertung)", "Feedback als Kommentar", "Teilnehmer/in", "Ja", "Nein", ",",
)  # fmt: skip
FRENCH = Language(
    "Identifiant", "Nom complet", "Note", "Note maximale", "La note peut être modifiée",
    "Dernière modification (note)", "Feedback par commentaires", "Participant ", "Oui", "Non", ",",
)  # fmt: skip
SOUTH_SLAVIC = (
    Language(
        "Identifikator", "Ime i prezime", "Ocjena", "Maksimalna ocjena", "Ocjena može biti promijenjena",
        "Posljednja izmjena (ocjena)", "Komentari", "Učesnik ", "Da", "Ne", ",",
    ),
    Language(
        "Oznaka", "Puno ime", "Ocena", "Najveća ocena", "Ocena se može promeniti", "Poslednje izmene (ocena)",
        "Komentari", "Učesnik", "Da", "Ne", ",",
    ),
    Language(
        "Ознака", "Пуно име", "Оцена", "Највећа оцена", "Оцена се може променити", "Последње измене (оцена)",
        "Коментари", "Учесник", "Да", "Не", ",",
    ),
    Language(
        "Identifikator", "Ime i prezime", "Ocjena", "Najviša ocjena", "Ocjenu je moguće promijeniti",
        "Zadnja izmjena (ocjena)", "Komentari", "Sudionik ", "Da", "Ne", ",",
    ),
)  # fmt: skip
"""Of the words, those for a grade and a participant are Moodle's; the rest no public source shows, and are made up."""
LANGUAGES = (ENGLISH, GERMAN, FRENCH, *SOUTH_SLAVIC)


@dataclass
class MoodleAssignment:
    """What Moodle holds of an assignment."""

    language: Language = ENGLISH
    maximum: float = 6.0
    people: dict[int, str] = field(default_factory=dict)
    """Names of those who may be graded, by their numbers in this assignment."""
    grades: dict[int, tuple[float, int]] = field(default_factory=dict)
    """Grade, and when it was given."""
    locked: set[int] = field(default_factory=set)

    def worksheet(self, *, separator: str = ",", encoding: str = "utf-8", end: str = "\n") -> bytes:
        """The worksheet, as it is downloaded."""
        words = self.language
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=separator, lineterminator=end)
        writer.writerow(
            (words.identifier, words.name, words.grade, words.most, words.can_be_changed, words.changed, words.feedback)
        )
        for number, name in self.people.items():
            grade, when = self.grades.get(number, (None, 0))
            can = words.no if number in self.locked else words.yes
            shown = "" if grade is None else self._formatted(grade)
            cells = (name, shown, self._formatted(self.maximum), can, "-" if grade is None else self._date(when), "")
            writer.writerow((f"{words.participant}{number}", *cells))
        return out.getvalue().encode(encoding)

    def _formatted(self, value: float) -> str:
        return f"{value:.2f}".replace(".", self.language.comma)

    def _date(self, when: int) -> str:
        moment = datetime.fromtimestamp(when, UTC)
        if self.language is ENGLISH:
            return moment.strftime("%A, %-d %B %Y, %-I:%M %p")
        return moment.strftime("Mittwoch, %-d. März %Y, %H:%M")

    def read(
        self, content: bytes, *, separator: str = ",", encoding: str = "utf-8", ignore_modified: bool = False
    ) -> dict[int, tuple[str, float | None]]:
        """What becomes of each row: `taken` with the grade, or why it is skipped, by number.

        Raises:
            ValueError: the file is refused.
        """
        words = self.language
        text = content.decode(encoding).removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=separator) if row]
        header = rows[0]
        if any(len(row) != len(header) for row in rows):
            raise ValueError("csvweirdcolumns")
        if not {words.grade, words.identifier, words.changed} <= set(header):
            raise ValueError("invalidgradeimport")
        at = {title: column for column, title in enumerate(header)}
        became: dict[int, tuple[str, float | None]] = {}
        for row in rows[1:]:
            number = row[at[words.identifier]][len(words.participant) :].strip()
            if not number.isdigit() or int(number) not in self.people:
                continue
            grade = unformat_float(row[at[words.grade]], words.comma)
            became[int(number)] = (self._skip(int(number), grade, row[at[words.changed]], ignore_modified), grade)
        return became

    def _skip(self, number: int, grade: float | None, changed: str, ignore_modified: bool) -> str:
        held = self.grades.get(number)
        if held and held[0] == (grade or 0.0):
            return "not modified"
        if grade is None or grade < 0:
            return "no value"
        if not ignore_modified and held and held[1] > strtotime(changed) + 60:
            return "modified since"
        if number in self.locked:
            return "locked"
        return "out of range" if grade > self.maximum else "taken"

    def read_zip_name(self, name: str) -> tuple[int, str] | None:
        """Whose a file in a zip of feedback is, and what it is called there; None if Moodle passes over it."""
        if PurePosixPath(name).name.startswith((".", "~")):
            return None
        parts = f"/import/{name}".split("/")
        while parts:
            info = parts.pop(0).split("_", 4)
            if len(info) < 4 or not info[1].isdigit() or int(info[1]) not in self.people:
                continue
            if info[2:4] not in (["assignsubmission", "file"], ["assignsubmission", "onlinetext"]):
                continue
            return int(info[1]), "/".join([info[4] if len(info) == 5 else "", *parts])
        return None


def unformat_float(text: str, comma: str) -> float | None:
    """Moodle's `unformat_float`: PHP takes what begins like a number, and 0 where nothing does."""
    text = text.strip().replace(" ", "").replace(comma, ".")
    if not text:
        return None
    begins = re.match(r"[+-]?\d*\.?\d+", text)
    return float(begins[0]) if begins else 0.0


def strtotime(text: str) -> int:
    """PHP's `strtotime` on a date that Moodle wrote: of one that is not English it says `false`, which is 0."""
    try:
        return int(datetime.strptime(text, "%A, %d %B %Y, %I:%M %p").replace(tzinfo=UTC).timestamp())
    except ValueError:
        return 0
