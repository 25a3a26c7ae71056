"""What a class run came to: a row for each student, and the rows as a table."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from checks.core import Assignment

from ..course import Course
from ..reference.mistakes import words_of
from ..text import listed, sentences, shown
from .explained import mistakes
from .late import IN_TIME, Late
from .results import read_record

WIDTH = 100
"""Columns of a terminal that the table may take."""
_LONGEST_NAME = 40
_LOOK = "needs a look"


@dataclass(frozen=True)
class Row:
    """One student in the table at the end."""

    student: str
    points: dict[str, float | None] = field(default_factory=dict)
    """Automatic points by function, as the gradebook holds them; None where there is no score."""
    look: tuple[str, ...] = ()
    """Why a person should look at the submission."""
    problem: str = ""
    """Why this run gave no score; empty if it did."""
    kept: bool = False
    """Whether the points are those of the run that this one continues."""

    known: dict[str, str] = field(default_factory=dict)
    """The known mistakes that explain it, each with the first check that shows it."""
    late: Late = IN_TIME
    """How late it was handed in, and what that costs; the points are those before it."""

    @property
    def total(self) -> float:
        """Automatic points."""
        return sum(points or 0.0 for points in self.points.values())


def row_of(
    course: Course,
    assignment: Assignment,
    student: str,
    points: dict[str, float | None],
    problem: str,
    kept: bool,
    late: Late,
) -> Row:
    """The row of one submission, by the verdict that is stored."""
    record = None if problem else read_record(course, assignment.name, student)
    say = sentences("en")
    look = tuple(say(note.key, **note.names) for note in record.to_look_at) if record else ()
    known = {one.known: one.checks[0].id for one in mistakes(record.result) if one.known} if record else {}
    own = {function: points.get(function) for function in assignment.functions}
    return Row(student, own, look, problem, kept, known, late)


def table(assignment: Assignment, rows: Sequence[Row]) -> str:
    """The rows as text: student, points per function, total, and what needs a look.

    No line of the table itself is longer than `WIDTH`: where the functions' names take too much room, numbers stand for
    them, and where there are too many functions, the columns go on below.
    """
    names = [*assignment.functions, "total", _LOOK]
    most = [f"{assignment.points(f):g}" for f in assignment.functions]
    most += [f"{sum(assignment.points(f) for f in assignment.functions):g}", ""]
    students = ["", *(_fitting(shown(row.student)) for row in rows)]
    body = [most, *(_cells(assignment, row) for row in rows)]
    text = []
    if _length(students, [names, *body]) > WIDTH:
        numbers = [str(number) for number, _ in enumerate(assignment.functions, start=1)]
        legend = ", ".join(f"{number} {f}" for number, f in zip(numbers, assignment.functions, strict=True))
        text += textwrap.wrap(legend, WIDTH)
        names[: len(numbers)] = numbers
    for block in _blocks(students, [names, *body]):
        text += _aligned(["student", *students], block)
    text += [f"{shown(row.student)}: {shown(reason)}" for row in rows for reason in row.look]
    for row in rows:
        if row.problem:
            old = " The points shown are older and stale." if any(p is not None for p in row.points.values()) else ""
            text.append(f"{shown(row.student)}: not graded, no score was written. {shown(row.problem)}{old}")
    text += [
        f"{shown(row.student)}: late by {row.late.by}, taken off in the gradebook: {row.late.penalty:g}."
        for row in rows
        if row.late.by
    ]
    kept = sum(row.kept for row in rows)
    if kept:
        text.append(f"An earlier run did not end; the {kept} submissions that it had graded are kept as they were.")
    return "\n".join(text)


Lines = list[list[str]]


def _cells(assignment: Assignment, row: Row) -> list[str]:
    cells = ["-" if (p := row.points.get(f)) is None else f"{p:g}" for f in assignment.functions]
    scored = any(points is not None for points in row.points.values())
    look = ("stale" if scored else "not graded") if row.problem else "yes" if row.look else ""
    return [*cells, f"{row.total:g}" if scored else "-", look]


def _fitting(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 3]}..."


def _widths(lines: Lines) -> list[int]:
    return [max(map(len, column)) for column in zip(*lines, strict=True)]


def _length(students: Sequence[str], lines: Lines) -> int:
    return max(map(len, ["student", *students])) + sum(2 + width for width in _widths(lines))


def _blocks(students: Sequence[str], lines: Lines) -> Iterator[Lines]:
    """The columns in as many parts as are needed for none to be too wide."""
    room = WIDTH - _length(students, [[]])
    first = used = 0
    for column, width in enumerate(_widths(lines)):
        if used + 2 + width > room and column > first:
            yield [line[first:column] for line in lines]
            first, used = column, 0
        used += 2 + width
    yield [line[first:] for line in lines]


def _aligned(students: Sequence[str], lines: Lines) -> list[str]:
    width = max(map(len, students))
    widths = _widths(lines)
    text = []
    for student, line in zip(students, lines, strict=True):
        cells = [cell.rjust(size) for cell, size in zip(line, widths, strict=True)]
        if lines[0][-1] == _LOOK:
            cells[-1] = line[-1]
        text.append("  ".join([student.ljust(width), *cells]).rstrip())
    return text


def known_mistakes(assignment: Assignment, rows: Sequence[Row]) -> list[str]:
    """The class's known mistakes, in English if it has it, the commonest first: the check, the hint, and whose."""
    spoken = assignment.languages
    hints = words_of(assignment, "en" if "en" in spoken else spoken[0])
    students: dict[str, list[str]] = {}
    checks: dict[str, str] = {}
    for row in rows:
        for mistake, check in row.known.items():
            students.setdefault(mistake, []).append(shown(row.student))
            checks.setdefault(mistake, check)
    return [
        f"{checks[mistake]}: {hints(mistake)} ({listed(who)})"
        for mistake, who in sorted(students.items(), key=lambda item: -len(item[1]))
    ]
