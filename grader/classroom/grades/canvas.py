"""Canvas' gradebook, filled in: one column of it.

Canvas matches a student by `ID`, an assignment by the number at the end of its column's title, and offers whatever it
cannot match as a new student or a new assignment. What it takes is in `lib/gradebook_importer.rb`, what it writes in
`lib/gradebook_exporter.rb`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from anyascii import anyascii

from ...errors import GraderError
from ...grading.people import People
from ...text import shown
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

_WITH_ID = re.compile(r"(?P<title>.*)\s\((?P<id>\d+)\)", re.DOTALL)
_TOTALS = re.compile(r"Current (?:Score|Points|Grade)|Final (?:Score|Points|Grade)|Override (?:Score|Grade|Status)")
"""Canvas takes no column with such words for an assignment's."""
_NO_STUDENT = re.compile(r"\s*(?:muted|manual posting.*)?\s*", re.IGNORECASE | re.DOTALL)
_READ_ONLY = re.compile(r"read\s+only")


def fill_canvas(
    sheet: Sheet, assignment: str, most: float, standings: Sequence[Standing], people: People, column: str = ""
) -> Filled:
    """Put the grades of an assignment into its column of Canvas' gradebook.

    Args:
        sheet: the gradebook; its grades are filled in.
        assignment: its name here.
        most: the points that there are here.
        standings: where each student stands.
        people: with the numbers of their hand-ins.
        column: the assignment's number in Canvas, or its column's title; by the assignment's name if it is empty.

    Raises:
        GraderError: it is no gradebook, the column cannot be told or is read-only, or no row is of a student who handed
            in here.
    """
    of_id = _column_of_ids(sheet)
    at = find_column(sheet, assignment, column)
    titles = [row for row in range(1, len(sheet.rows)) if "Points Possible" in sheet.value(row, 0)]
    maxima = [sheet.value(row, at) for row in titles]
    if any(_READ_ONLY.search(cell) for cell in maxima):
        raise GraderError(
            f"{sheet.path}: the column {shown(sheet.header[at])!r} is read-only, and Canvas takes nothing from it. "
            "Next: choose another with --column."
        )
    body = [row for row in range(1, len(sheet.rows)) if row not in titles and _is_student(sheet.values(row))]
    sign = decimal_sign(cell for row in (*titles, *body) for cell in sheet.values(row)[of_id + 1 :])
    ids = {row: sheet.value(row, of_id).strip() for row in body}
    rows = [(row, f"{ids[row]} {sheet.value(row, 0)}".strip(), ids[row]) for row in body]
    lines = fill_rows(sheet, rows, partial(_fill, sheet, at, sign), standings, people, "canvas", assignment)
    remarks = [f"Column: {shown(sheet.header[at])}"]
    theirs = [value for value in map(number, maxima) if value is not None]
    if theirs and theirs[0] != rounded(most):
        remarks.append(
            f"Canvas' maximum is {written(theirs[0], '.')}, here it is {most:g}: points are written as they are. Next: "
            f"set the maximum in Canvas to {most:g}."
        )
    return Filled(sheet, lines, remarks)


def _column_of_ids(sheet: Sheet) -> int:
    """Where Canvas' own numbers of students stand.

    Raises:
        GraderError: Canvas would not take the header for that of a gradebook.
    """
    header = sheet.header
    if len(header) > 3 and "Student" in header[0] and "ID" in header[1]:
        return 1
    if len(header) > 4 and "LastName" in header[0] and "FirstName" in header[1] and "ID" in header[2]:
        return 2
    raise GraderError(
        f"{sheet.path}: expected Canvas' gradebook, with the columns Student, ID, ..., Section, found: "
        f"{listed_titles(sheet)}. Next: export it again, from Grades."
    )


def find_column(sheet: Sheet, assignment: str, asked: str = "") -> int:
    """An assignment's column: the one that was asked for, or that is called as the assignment is.

    Raises:
        GraderError: there is none, or several.
    """
    there = {
        column: match
        for column, title in enumerate(sheet.header)
        if (match := _WITH_ID.fullmatch(title)) and not _TOTALS.search(title)
    }
    if asked:
        found = [at for at, match in there.items() if asked in {match["id"], match["title"], match[0]}]
    else:
        found = [at for at, match in there.items() if _plain(match["title"]) == _plain(assignment)]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(shown(match[0]) for match in list(there.values())[:30]) or "none"
    raise GraderError(
        f"{sheet.path}: expected one assignment's column called {shown(asked or assignment)!r}, found {len(found)} "
        f"(there are: {listed}). Next: pass --column with the number in brackets; an assignment that Canvas lacks is "
        "made there."
    )


def _plain(title: str) -> str:
    return re.sub(r"[\W_]+", "", anyascii(title).casefold())


def _is_student(cells: Sequence[str]) -> bool:
    return not all(_NO_STUDENT.fullmatch(cell) for cell in cells)


def _fill(sheet: Sheet, at: int, sign: str, row: int, named: str, one: Standing) -> Line:
    """Fill one row in, if Canvas would take it."""
    why = without_grade(one)
    if why or one.final is None:
        return Line(named, one.student, "left", why=why)
    points = rounded(one.final)
    grade = written(points, sign)
    old = sheet.value(row, at).strip()

    def became(what: Became, *reasons: str) -> Line:
        return Line(named, one.student, what, grade, "; ".join([*reasons, *beside(one)]))

    if number(old) == points:
        return became("unchanged")
    if len(sheet.rows[row]) <= at:
        return became("skipped", "the row ends before its grade")
    if old.casefold() == "ex":
        return became("skipped", "excused in Canvas")
    if old == "N/A":
        return became("skipped", "not assigned to this student in Canvas")
    sheet.fill(row, at, grade)
    return became("written", *([f"in place of {old}"] if old not in {"", "-"} else []))
