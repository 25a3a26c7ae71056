"""Moodle's offline grading worksheet, filled in.

Moodle finds the columns by their titles, in the language of whoever uploads the file, and a row's student by the number
at the end of its first cell, the one that is in the names of the submission folders. What it takes and what it skips is
in `mod/assign/feedback/offline/importgradeslib.php` and `locallib.php`; the titles in English, German and French are
those of its language files. For the languages of Croatia, Serbia, Bosnia and Montenegro the words for a grade and for a
participant are known (from the files of Moodle's app), and columns are told by them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from ...errors import GraderError
from ...grading.people import People
from ..status import Standing
from .filling import (
    Became,
    Filled,
    Line,
    beside,
    decimal_sign,
    fill_rows,
    number,
    rounded,
    without_grade,
    written,
)
from .sheet import Sheet, listed_titles

_SOUTH_SLAVIC = "(?:ocjen|ocen|оцјен|оцен)"
_LANGUAGES = (
    {
        "id": "Identifier",
        "grade": "Grade",
        "changed": r"Last modified \(grade\)",
        "most": "Maximum grade",
        "open": "Grade can be changed",
        "scale": "Scale",
    },
    {
        "id": "ID",
        "grade": "Bewertung",
        "changed": r"Zuletzt geändert \(Bewertung\)",
        "most": "Bestwertung",
        "open": "Bewertung kann geändert werden",
        "scale": "Skala",
    },
    {
        "id": "Identifiant",
        "grade": "Note",
        "changed": r"Dernière modification \(note\)",
        "most": "Note maximale",
        "open": "La note peut être modifiée",
        "scale": "Barème",
    },
    {
        "id": r"identifik\w+|идентифик\w+",
        "grade": f"{_SOUTH_SLAVIC}[aа]",
        "changed": rf".+\({_SOUTH_SLAVIC}\w*\)",
        "most": rf"(?:maks|najv|макс|нај)\w+ {_SOUTH_SLAVIC}[aа]",
        "open": rf"{_SOUTH_SLAVIC}\w+ [^()]+",
        "scale": "skala|ljestvica|скала",
    },
)
"""Patterns of the titles of columns, by language."""
NEEDED = ("id", "grade", "changed")
"""Without which Moodle refuses the file."""
_PARTICIPANT = re.compile(
    r"(?:participant|teilnehmer(?:/in)?|učesnik|sudionik|polaznik|учесник|полазник)\s*\d+", re.IGNORECASE
)
_NO = {"no", "nein", "non", "ne", "не"}
_ENGLISH = re.compile(
    "(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|(?:sept|nov|dec)ember"
    "|october|am|pm"
)
"""The words of a date that Moodle can read again; another language's it cannot (PHP's `strtotime`)."""
TICK = "Allow updating records that have been modified more recently than the spreadsheet"
"""A box in Moodle's form."""
KNOWN = ("Zuletzt geändert", "Vollständiger Name", "Dernière modification", "modifiée", "Učesnik", "može", "Учесник")
"""Words of such files, by which one code page is told from another."""


def fill_moodle(sheet: Sheet, assignment: str, most: float, standings: Sequence[Standing], people: People) -> Filled:
    """Put the grades of an assignment into Moodle's worksheet.

    Args:
        sheet: the worksheet; its grades are filled in.
        assignment: its name here.
        most: the points that there are here.
        standings: where each student stands.
        people: with the numbers of their hand-ins.

    Raises:
        GraderError: it is no worksheet, is graded by a scale, or no row is of a student who handed in here.
    """
    columns = find_columns(sheet)
    if "scale" in columns and "most" not in columns:
        raise GraderError(
            f"{sheet.path}: Moodle grades this assignment by a scale, and takes its words alone. Next: set its "
            "grade to points in Moodle, and download the worksheet again."
        )
    body = [row for row in range(1, len(sheet.rows)) if sheet.rows[row] != [""]]
    sign = decimal_sign(
        sheet.value(row, columns[kind]) for kind in ("grade", "most") if kind in columns for row in body
    )
    cells = [(row, sheet.value(row, columns["id"]).strip()) for row in body]
    rows = [(row, cell, _number(cell)) for row, cell in cells]
    lines = fill_rows(sheet, rows, partial(_fill, sheet, columns, sign), standings, people, "moodle", assignment)
    return Filled(sheet, lines, _remarks(sheet, columns, body, most, lines))


def find_columns(sheet: Sheet) -> dict[str, int]:
    """The columns of a worksheet, by what they are; where two have one title, the last, as in Moodle.

    Raises:
        GraderError: those without which Moodle refuses the file cannot be told.
    """
    body = [row for row in range(1, len(sheet.rows)) if sheet.rows[row] != [""]]
    participants = [
        column
        for column in range(len(sheet.header))
        if all(_PARTICIPANT.fullmatch(sheet.value(row, column).strip()) for row in body)
    ]
    for titles in _LANGUAGES:
        columns = dict.fromkeys(["id"], participants[0]) if participants else {}
        columns |= {
            kind: column
            for column, title in enumerate(sheet.header)
            for kind, pattern in titles.items()
            if re.fullmatch(pattern, title.strip(), re.IGNORECASE)
        }
        if columns.keys() >= {*NEEDED}:
            return columns
    raise GraderError(
        f"{sheet.path}: expected Moodle's grading worksheet, with the columns Identifier, Grade and Last modified "
        f"(grade) in its language, found: {listed_titles(sheet)}. Next: download it again from the assignment, with "
        "Moodle set to English."
    )


def _number(cell: str) -> str:
    """A participant's number, at the end of the row's first cell; empty if there is none."""
    digits = re.search(r"\d+$", cell)
    return str(int(digits[0])) if digits else ""


def _fill(sheet: Sheet, columns: dict[str, int], sign: str, row: int, cell: str, one: Standing) -> Line:
    """Fill one row in, if Moodle would take it."""
    why = without_grade(one)
    if why or one.final is None:
        return Line(cell, one.student, "left", why=why)
    points = rounded(one.final)
    grade = written(points, sign)
    old = sheet.value(row, columns["grade"]).strip()
    most = number(sheet.value(row, columns["most"])) if "most" in columns else None

    def became(what: Became, *reasons: str) -> Line:
        return Line(cell, one.student, what, grade, "; ".join([*reasons, *beside(one)]))

    if number(old) == points:
        return became("unchanged")
    if len(sheet.rows[row]) <= columns["grade"]:
        return became("skipped", "the row ends before its grade")
    if "open" in columns and sheet.value(row, columns["open"]).strip().casefold() in _NO:
        return became("skipped", "locked in Moodle's gradebook")
    if most is not None and points > most:
        return became("skipped", f"above Moodle's maximum of {written(most, sign)}")
    sheet.fill(row, columns["grade"], grade)
    reasons = [f"in place of {old}"] if old else []
    if not _can_be_read(sheet.value(row, columns["changed"])):
        reasons.append("Moodle takes it only with the box ticked, see below")
    return became("written", *reasons)


def _can_be_read(changed: str) -> bool:
    """Whether Moodle reads when a grade was changed from what it wrote itself; where it wrote nothing, it needs not."""
    return changed.strip() in {"", "-"} or all(map(_ENGLISH.fullmatch, re.findall(r"[^\W\d_]+", changed.casefold())))


def _remarks(
    sheet: Sheet, columns: dict[str, int], body: Sequence[int], most: float, lines: Sequence[Line]
) -> list[str]:
    remarks = []
    theirs = {number(sheet.value(row, columns["most"])) for row in body} if "most" in columns else set()
    other = sorted(value for value in theirs if value is not None and value != rounded(most))
    if other:
        remarks.append(
            f"Moodle's maximum is {', '.join(written(value, '.') for value in other)}, here it is {most:g}: points are "
            f"written as they are. Next: set the maximum in Moodle to {most:g}."
        )
    if any("box ticked" in line.why for line in lines):
        remarks.append(
            f"Moodle cannot read the dates of its own worksheet in this language, and then skips whoever has a grade "
            f'already, unless the box "{TICK}" is ticked.'
        )
    remarks.append("Whoever was graded in Moodle after this worksheet was downloaded is skipped there, too.")
    return remarks
