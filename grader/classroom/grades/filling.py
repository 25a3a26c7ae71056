"""What became of each row of a system's file, and of each student who has no row there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from ...errors import GraderError
from ...grading.people import People
from ...text import shown
from ..status import Standing
from .sheet import Sheet

Became = Literal["written", "unchanged", "skipped", "left"]
"""Of a row: its grade is new in the file; the file had it; the system would not take it; there is none to write."""
_LONGEST = 40
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")


@dataclass(frozen=True)
class Line:
    """One row of the file, or a student whom it has no row for."""

    row: str
    """How the system names it; empty if it has no row."""
    student: str
    """The student here; empty if nobody here has that number."""
    became: Became
    grade: str = ""
    """As it is in the file now, or as it would have been written."""
    why: str = ""


@dataclass(frozen=True)
class Filled:
    """A file that was filled in."""

    sheet: Sheet
    lines: Sequence[Line]
    remarks: Sequence[str] = ()
    """What holds for the whole file."""

    @property
    def handed_on(self) -> list[str]:
        """The students whose grade the system has, once the file is uploaded."""
        return [line.student for line in self.lines if line.became in {"written", "unchanged"}]

    @property
    def whole(self) -> bool:
        """Whether nobody's grade is missing in the file who handed something in."""
        return all(
            line.became in {"written", "unchanged"} or line.why == NOTHING or not line.student for line in self.lines
        )


NOTHING = "handed nothing in"


def without_grade(one: Standing) -> str:
    """Why a student has no grade that could be handed on; empty if there is one."""
    if one.state == "not handed in":
        return NOTHING
    if one.state == "not graded":
        return "not graded yet"
    if one.state == "stale":
        return f"stale: {one.why}"
    return f"waits for a person: {one.answers} to read" if one.answers else ""


def beside(one: Standing) -> list[str]:
    """What there is to know of a grade that is handed on."""
    said = [f"late by {one.late.by}, taken off: {one.late.penalty:g}"] if one.late.by else []
    return [*said, "needs a look (`grader status`)"] if one.look else said


def rounded(points: float) -> Decimal:
    """Points as systems show and compare them, with two decimals."""
    return Decimal(repr(float(points))).quantize(Decimal("0.01"), ROUND_HALF_UP)


def number(text: str) -> Decimal | None:
    """A number with a decimal point or comma; None if it is none."""
    text = text.strip().replace("\N{NO-BREAK SPACE}", "")
    return Decimal(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None


def decimal_sign(cells: Iterable[str]) -> str:
    """The decimal sign of a file, a point or a comma, by the first of its numbers that has one; else a point."""
    signs = (re.search("[.,]", cell) for cell in cells if number(cell) is not None)
    return next((sign[0] for sign in signs if sign), ".")


def written(points: Decimal, sign: str) -> str:
    """A grade as it is put into a file: `38.5`, `40`."""
    text = f"{points:f}"
    return text.rstrip("0").rstrip(".").replace(".", sign)


def numbers(people: People, system: str, assignment: str) -> dict[str, str]:
    """The students of an assignment by their numbers in a system."""
    return {
        handin.number: person.id
        for person in people.by_id.values()
        if person.system == system and (handin := person.handins.get(assignment)) and handin.number
    }


def fill_rows(
    sheet: Sheet,
    rows: Iterable[tuple[int, str, str]],
    fill: Callable[[int, str, Standing], Line],
    standings: Sequence[Standing],
    people: People,
    system: str,
    assignment: str,
) -> list[Line]:
    """Fill in the rows of the students who are known here, and say what became of everybody.

    Args:
        sheet: the system's file.
        rows: of its students: where it stands, how the system names it, and the student's number there.
        fill: fills in one row, with that name, for where a student stands.
        standings: where each student stands.
        people: with the numbers of their hand-ins.
        system: `moodle` or `canvas`.
        assignment: its name here.

    Raises:
        GraderError: no row is of a student who handed in here.
    """
    by_number = numbers(people, system, assignment)
    by_student = {one.student: one for one in standings}
    lines: list[Line] = []
    for row, named, given in rows:
        student = by_number.get(given, "")
        if student:
            lines.append(fill(row, named, by_student.get(student) or Standing(student, "not handed in")))
        else:
            lines.append(Line(named, "", "left", why="no hand-in has this number"))
    found = [line.student for line in lines if line.student]
    if not found:
        raise GraderError(
            f"{sheet.path}: expected a row for a student who handed in {assignment!r} through {system.title()}, found "
            f"none among {len(lines)}. Next: name the file of this course and assignment, or collect its hand-ins with "
            f"`nbgrader zip_collect {assignment}`."
        )
    return lines + without_row(standings, found, people, system, assignment)


def without_row(
    standings: Iterable[Standing], found: Iterable[str], people: People, system: str, assignment: str
) -> list[Line]:
    """A line for each student with work here and no row in the file."""
    seen = set(found)
    lines = []
    for one in standings:
        if one.student in seen or one.state == "not handed in":
            continue
        person, handin = people.by_id.get(one.student), people.handin(one.student, assignment)
        why = f"not handed in through {system.title()}"
        if person and handin and person.system == system:
            why = f"no row in the file has the number {handin.number}"
            why = (
                why if handin.number else "handed in without a number, as by a group: enter its members' grades by hand"
            )
        lines.append(Line("", one.student, "left", why=why))
    return lines


def report(name: str, filled: Filled) -> str:
    """Counts, the rows as a table, and what holds for all of them, as text."""
    counts: dict[Became, int] = {"written": 0, "unchanged": 0, "skipped": 0, "left": 0}
    for line in filled.lines:
        counts[line.became] += 1
    text = [
        f"{name}: {counts['written']} written, {counts['unchanged']} unchanged, {counts['skipped']} skipped, "
        f"{counts['left']} left as they are."
    ]
    rows = [("row", "student", "grade", "")]
    rows += [(line.row or "-", line.student or "-", line.grade or "-", _said(line)) for line in filled.lines]
    cells = [[_fitting(shown(cell)) for cell in row[:3]] + [shown(row[3])] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(3)]
    for row in cells:
        first = [row[0].ljust(widths[0]), row[1].ljust(widths[1]), row[2].rjust(widths[2])]
        text.append("  ".join([*first, row[3]]).rstrip())
    return "\n".join([*text, *filled.remarks])


def _said(line: Line) -> str:
    return f"{line.became}: {line.why}" if line.why else line.became


def _fitting(cell: str) -> str:
    return cell if len(cell) <= _LONGEST else f"{cell[: _LONGEST - 3]}..."
