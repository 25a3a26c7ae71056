"""What a class run came to: a row for each student, and the rows as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from checks.core import Assignment

from ..text import shown


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

    @property
    def total(self) -> float:
        """Automatic points."""
        return sum(points or 0.0 for points in self.points.values())


def table(assignment: Assignment, rows: Sequence[Row]) -> str:
    """The rows as text: student, points per function, total, and what needs a look."""
    head = ["student", *assignment.functions, "total", "needs a look"]
    most = ["", *(f"{assignment.points(f):g}" for f in assignment.functions)]
    most += [f"{sum(assignment.points(f) for f in assignment.functions):g}", ""]
    body = []
    for row in rows:
        cells = ["-" if (p := row.points.get(f)) is None else f"{p:g}" for f in assignment.functions]
        scored = any(points is not None for points in row.points.values())
        look = ("stale" if scored else "not graded") if row.problem else "yes" if row.look else ""
        body.append([shown(row.student), *cells, f"{row.total:g}" if scored else "-", look])
    lines = [head, most, *body]
    width = [max(len(line[column]) for line in lines) for column in range(len(head))]
    text = []
    for line in lines:
        cells = [line[0].ljust(width[0])]
        cells += [cell.rjust(size) for cell, size in zip(line[1:-1], width[1:-1], strict=True)]
        text.append("  ".join([*cells, line[-1]]).rstrip())
    text += [f"{shown(row.student)}: {shown(reason)}" for row in rows for reason in row.look]
    for row in rows:
        if row.problem:
            old = " The points shown are older and stale." if any(p is not None for p in row.points.values()) else ""
            text.append(f"{shown(row.student)}: not graded, no score was written. {shown(row.problem)}{old}")
    kept = sum(row.kept for row in rows)
    if kept:
        text.append(f"An earlier run did not end; the {kept} submissions that it had graded are kept as they were.")
    return "\n".join(text)
