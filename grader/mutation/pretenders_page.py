"""What pretenders earned, as a section of `docs/mutation/NAME.md`, and where that is a fault."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from checks.core import Assignment

from ..grading.pretenders import load_form
from .tally import Row

Rows = Mapping[str, Sequence[Row]]
"""By kind, as `grading.pretenders.KINDS`."""


def pretender_faults(rows: Rows, assignment: Assignment) -> list[str]:
    """Each fault as a sentence."""
    found = [f"{row.pretender.id}: the judge raised {row.broke}" for kind in rows.values() for row in kind if row.broke]
    for row in rows.get("EMPTY", ()):
        found += [f"{row.pretender.id}: earned {by_function(row.alone)}"] if row.score else []
        found += (
            [f"{row.pretender.id}: earned {by_function(row.beside)} beside an honest rest"]
            if any(row.beside.values())
            else []
        )
        found += [f"{row.pretender.id}: took points from {', '.join(sorted(row.takes))}"] if row.takes else []
    form = load_form(assignment)
    found += [
        f"{row.pretender.id}: earned {', '.join(sorted(row.checks - form))}"
        for row in rows.get("COUPLED", ())
        if row.checks - form
    ]
    for row in rows.get("SOMETIMES", ()):
        found += [f"{row.pretender.id}: earned {', '.join(sorted(row.undue))}, and was wrong"] if row.undue else []
        found += [f"{row.pretender.id}: was right, and lost {', '.join(sorted(row.denied))}"] if row.denied else []
    for kind in ("KEPT", "BENT"):
        found += [
            f"{row.pretender.id}: earned {row.alone.get(function, 0.0):g} of {function}, is due {points:g}"
            for row in rows.get(kind, ())
            for function, points in row.pretender.earns.items()
            if abs(row.alone.get(function, 0.0) - points) > 1e-9
        ]
    return found


def section(rows: Rows, assignment: Assignment) -> list[str]:
    """The section's lines."""
    if not any(rows.values()):
        return []
    total = sum(check.points for check in assignment.checks)
    functions = ", ".join(f"`{name}`" for name in assignment.functions)
    lines = ["", "## Submissions that pretend", "", f"Points, and in brackets those of {functions}."]
    for kind, table in _TABLES.items():
        if rows.get(kind):
            lines += ["", table(rows[kind], total)[0], "", *table(rows[kind], total)[1:]]
    return lines


def _empty(rows: Sequence[Row], total: float) -> list[str]:
    alone = sum(row.score == 0 for row in rows)
    beside = sum(not any(row.beside.values()) for row in rows)
    return [
        f"**Empty**: {len(rows)} that hold no right line, of {total:g} points. {alone} of them earn nothing alone, and "
        f"{beside} nothing where one function after the other is theirs and the rest is right.",
        "| empty | what it does | earns alone | beside an honest rest |",
        "|---|---|---|---|",
        *(
            f"| {row.pretender.id} | {row.pretender.sentence} | {row.broke or _points(row.alone)} "
            f"| {'(in a process of its own)' if row.pretender.own_process else _points(row.beside)} |"
            for row in rows
        ),
    ]


def _coupled(rows: Sequence[Row], _: float) -> list[str]:
    return [
        "**Coupled**: their results hang together as right ones do, and are wrong. What they earn may be form alone.",
        "| coupled | what it does | earns | for |",
        "|---|---|---|---|",
        *(
            f"| {row.pretender.id} | {row.pretender.sentence} | {_points(row.alone)} | {_grouped(row.checks)} |"
            for row in rows
        ),
    ]


def _sometimes(rows: Sequence[Row], _: float) -> list[str]:
    return [
        f"**Right sometimes**: {len(rows)}. Each is due the checks of values in which all was right, and form where it "
        "was computed.",
        "| right sometimes | when | earns | for | was not due | was denied |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row.pretender.id} | {row.pretender.sentence} | {_points(row.alone)} | {_grouped(row.checks)} "
            f"| {_grouped(row.undue)} | {_grouped(row.denied)} |"
            for row in rows
        ),
    ]


def _kept(rows: Sequence[Row], _: float) -> list[str]:
    return [
        "**Right models** that keep what they call in unusual places.",
        "| model | where what it calls is | earns over right functions | over empty ones |",
        "|---|---|---|---|",
        *(
            f"| {row.pretender.id} | {row.pretender.sentence} | {_due(row.alone, row)} | {_due(row.beside, row)} |"
            for row in rows
        ),
    ]


def _bent(rows: Sequence[Row], _: float) -> list[str]:
    return [
        "**Bent functions** under a model that connects nothing; due to it is how its parameters begin.",
        "| functions | what they do | earns | is due |",
        "|---|---|---|---|",
        *(
            f"| {row.pretender.id} | {row.pretender.sentence} | {_points(row.alone)} | {_points(row.pretender.earns)} |"
            for row in rows
        ),
    ]


_TABLES = {"EMPTY": _empty, "COUPLED": _coupled, "SOMETIMES": _sometimes, "KEPT": _kept, "BENT": _bent}


def by_function(points: Mapping[str, float]) -> str:
    """Points by function, without those that have none."""
    return ", ".join(f"{name} {value:g}" for name, value in points.items() if value) or "nothing"


def _points(points: Mapping[str, float]) -> str:
    total = sum(points.values())
    return f"{total:g} ({' '.join(f'{value:g}' for value in points.values())})" if total else "0"


def _grouped(checks: Iterable[str]) -> str:
    """Ids of checks, by function."""
    groups: dict[str, list[str]] = {}
    for check in sorted(checks):
        function, _, name = check.partition(".")
        groups.setdefault(function, []).append(name)
    return "; ".join(f"{function}: {', '.join(names)}" for function, names in groups.items())


def _due(points: Mapping[str, float], row: Row) -> str:
    return ", ".join(f"{points.get(function, 0.0):g}" for function in row.pretender.earns)
