"""`docs/mutation/NAME.md`: the results of the draws, and those of them that are faults."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from checks.engine.compare import TOLERANCE

from .bench import Bench
from .pretenders_page import pretender_faults, section
from .tally import Tally


def faults(live: Tally, recorded: Tally, bench: Bench) -> list[str]:
    """Each fault as a sentence."""
    found = []
    for where, tally in (("", live), (" from the recording", recorded)):
        found += [
            f"{mistake.id}: {mistake.breaks} failed on {tally.killed[mistake.id]} of {tally.draws} draws{where}"
            for mistake in bench.mistakes
            if tally.killed[mistake.id] < tally.draws
        ]
        found += [
            f"{key}: named {', '.join(sorted(names))}{where}" for key, names in sorted(tally.misnamed.items()) if names
        ]
        found += [f"{key}: lost {', '.join(sorted(on))}{where}" for key, on in sorted(tally.lost.items()) if on]
        found += [f"{pair}: not detected{where}" for pair in tally.undetected]
        found += [f"{pair}: named wrong{where}" for pair in tally.pair_misnamed]
    return found + pretender_faults(live.pretending, bench.assignment)


def summary(live: Tally, recorded: Tally, bench: Bench) -> list[str]:
    """How many of each kind, as a table."""
    mistakes = len(bench.mistakes)
    rows: dict[str, Callable[[Tally], str]] = {
        "mistakes killed on every draw": lambda t: f"{sum(n == t.draws for n in t.killed.values())} of {mistakes}",
        "mistakes named right on every draw": lambda t: (
            f"{sum(n == t.named_on for n in t.named.values())} of {mistakes}"
        ),
        "mistakes named wrong by any check on any draw": lambda t: str(sum(map(bool, t.misnamed.values()))),
        "variants and reference that lost a point on any draw": lambda t: str(sum(map(bool, t.lost.values()))),
        "pairs detected": lambda t: f"{t.pairs - len(t.undetected)} of {t.pairs}",
        "pairs with at least one named": lambda t: f"{t.half_named} of {t.pairs}",
        "pairs with both named": lambda t: f"{t.both_named} of {t.pairs}",
        "pairs with a wrong name": lambda t: str(len(t.pair_misnamed)),
    }
    return [
        "| | live | from the recording |",
        "|---|---|---|",
        *(
            f"| {name} | {row(live)} | {row(recorded)} |"
            for name, row in rows.items()
            if live.pairs or not name.startswith("pairs")
        ),
    ]


def report(live: Tally, recorded: Tally, bench: Bench) -> str:
    """The page `docs/mutation/NAME.md`."""
    mistakes, variants = len(bench.mistakes), len(bench.variants)
    lines = [
        f"# Mistakes × checks: {bench.assignment.name}",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, by `make mutation NAME={bench.assignment.name}`: "
        f"{live.draws} draws of the inputs ({live.named_on} of them "
        f"with the names of mistakes), {mistakes} known "
        f"mistakes, {variants} correct variants and the reference, {live.pairs} random pairs of mistakes, half of them "
        "in one function. A mistake is *killed* on a draw if the check made for it fails, and *named* if that check's "
        "diagnosis is this mistake.",
        "",
        *summary(live, recorded, bench),
    ]
    lines += ["", "| | right ones lose at most | tolerance | mistakes move at least |", "|---|---|---|---|"]
    for precision, kind in (("d", "float64"), ("f", "float32")):
        if precision in live.loses and precision in live.moves:
            loses, moves = live.loses[precision], live.moves[precision]
            lines.append(f"| {kind} | {loses:.1e} | {TOLERANCE[precision]:.0e} | {moves:.1e} |")
    wrong = faults(live, recorded, bench)
    lines += [
        "",
        *([f"- {sentence}" for sentence in wrong] or ["Nothing was let through, marked down or named wrong."]),
    ]
    for function in bench.assignment.functions:
        lines += [
            "",
            f"## {function}",
            "",
            "| mistake | killed by | also fails | killed | named |",
            "|---|---|---|---|---|",
        ]
        for mistake in bench.mistakes:
            if mistake.function == function:
                own = mistake.breaks.partition(".")[2]
                also = sorted(check.partition(".")[2] for check in live.breaks[mistake.id] - {mistake.breaks})
                killed, named = live.killed[mistake.id] / live.draws, live.named[mistake.id] / live.named_on
                lines.append(f"| {mistake.id} | {own} | {', '.join(also)} | {killed:.1%} | {named:.1%} |")
    return "\n".join(lines + section(live.pretending, bench.assignment)) + "\n"
