"""The tests of the checks: every known mistake, correct variant and pair of mistakes on many draws of the inputs.

    python -m grader.mutation --draws 1000        (make mutation)

For each draw, each known mistake must fail the check made for it; each correct variant, and the reference, must score
full. On some of the draws (`--named-on`, for what takes longest) each mistake must also be named by that check, and no
other by any check; pairs of mistakes must be detected, and whatever is named must be one of the two; submissions that
pretend must earn what they are due. Runs on all cores and writes `docs/mutation.md`; exit status 1 if anything was let
through, marked down or named wrong.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from checks.case import Case, match, prints_of
from checks.compare import TOLERANCE, distances, mend
from checks.core import Assignment, Check, is_judged
from checks.executor import StudentError
from checks.judge import judge
from checks.language import catalogue
from checks.mistakes import Mistake, Variant
from checks.pretenders import Pretender
from checks.recording import FILE, Recording
from checks.result import CheckResult, Result
from checks.student import Student

from .beside import load_beside
from .changes import Overlap
from .course import Course, find_course
from .errors import GraderError
from .launch import KIT
from .oracle import Kept, LiveOracle, edits_of, whole_student
from .pretending import Row, load_pretenders, measure
from .pretending_page import faults as pretending_faults
from .pretending_page import section
from .recordings import record
from .reference import Edit

_HELD = 20
"""Draws that are held in memory at a time, and on which distances are measured."""

_PRETENDED_ON = 5
"""Draws on which pretenders are tried, beside the recording."""

RECORDED = -1
"""Stands for the recording in the place of a draw's number."""


@dataclass
class Draw(LiveOracle):
    """The live oracle for one draw, which many students are held against: it answers each question once."""

    _cases: dict[str, Case] = field(default_factory=dict)

    def case(self, check: Check) -> Case:
        """See `LiveOracle.case`."""
        if check.id not in self._cases:
            found = super().case(check)
            self._cases[check.id] = replace(
                found,
                known=cache(found.known),
                also=cache(found.also),
                forward=cache(found.forward),
                probes=cache(found.probes),
            )
        return self._cases[check.id]


@dataclass
class Tally:
    """What came of some draws; add them up."""

    draws: int = 0
    named_on: int = 0
    """Draws on which mistakes were named, too."""
    killed: Counter[str] = field(default_factory=Counter)
    """Mistake to the draws on which the check made for it failed."""
    named: Counter[str] = field(default_factory=Counter)
    """Mistake to the draws on which that check named it."""
    misnamed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Mistake to those that were named in its place, by any check."""
    breaks: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Mistake to the checks that it failed."""
    lost: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Variant (or the reference) to the checks on which it lost points, with the draw."""
    loses: dict[str, float] = field(default_factory=dict)
    """Precision to the largest distance of a right result from the truth, as `compare` measures it."""
    moves: dict[str, float] = field(default_factory=dict)
    """Precision to the smallest distance of a mistake's result on the check made for it."""
    pairs: int = 0
    undetected: list[str] = field(default_factory=list)
    half_named: int = 0
    """Pairs of which at least one was named."""
    both_named: int = 0
    pair_misnamed: list[str] = field(default_factory=list)
    pretending: dict[str, list[Row]] = field(default_factory=dict)
    """What pretenders earned, by their kind."""

    def add(self, other: Tally) -> None:
        """Take another tally in."""
        self.draws += other.draws
        self.named_on += other.named_on
        self.killed += other.killed
        self.named += other.named
        for mine, theirs in ((self.misnamed, other.misnamed), (self.breaks, other.breaks), (self.lost, other.lost)):
            for key, values in theirs.items():
                mine[key] |= values
        for precision, distance in other.loses.items():
            self.loses[precision] = max(distance, self.loses.get(precision, 0.0))
        for precision, distance in other.moves.items():
            self.moves[precision] = min(distance, self.moves.get(precision, np.inf))
        self.pairs += other.pairs
        self.undetected += other.undetected
        self.half_named += other.half_named
        self.both_named += other.both_named
        self.pair_misnamed += other.pair_misnamed


class Bench:
    """Judges changed references in this process, on any draw."""

    def __init__(self, course: Course, assignment: Assignment, recording: Path | None = None) -> None:
        self.course = course
        self.assignment = assignment
        self.kept = Kept(course, assignment)
        self.mistakes: Sequence[Mistake] = tuple(self.kept.mistakes.values())
        variants = load_beside(assignment, "variants")
        self.variants: Sequence[Variant] = variants.VARIANTS if variants is not None else ()
        self._draws: dict[int, Draw] = {}
        self._variants = ExitStack()
        self._students: dict[str, Student] = {}
        self.say = catalogue("en", assignment.folder)
        self.recording = Recording.read(assignment, recording) if recording is not None else None

    def oracle(self, draw: int) -> Any:
        """The oracle of a draw, by number, or the recording."""
        if draw == RECORDED:
            assert self.recording is not None
            return Recording(self.assignment, self.recording.numbers, self.recording.index)
        if draw not in self._draws:
            while len(self._draws) >= _HELD:
                self._draws.pop(next(iter(self._draws)))
            self._draws[draw] = Draw(self.course, self.assignment, f"mutation {draw}".encode(), self.kept)
        return self._draws[draw]

    def judge(self, student: Student, oracle: Any, functions: Sequence[str] | None = None) -> Result:
        """The verdict on some functions, all if None."""
        return judge(self.assignment, student, oracle, language="en", functions=functions)

    def variant(self, variant: Variant) -> Student:
        """The reference with a correct variant in it."""
        if variant.id not in self._students:
            edits = [Edit(variant.module, variant.function, old, new) for old, new in variant.replace]
            self._students[variant.id] = self._variants.enter_context(self.whole(edits, variant.layers))
        return self._students[variant.id]

    def whole(
        self, edits: Sequence[Edit], layers: Mapping[str, Callable[..., Any]] | None = None
    ) -> AbstractContextManager[Student]:
        """A student with a package of its own: the reference with some edits, and with other layers."""
        return whole_student(self.course, self.assignment, edits, {"layers": layers or {}})

    def functions_of(self, variant: Variant) -> list[str]:
        """What a variant writes otherwise, and what is judged on it."""
        own = {*variant.layers, variant.function.split(".")[0]}
        return [
            function
            for function in self.assignment.functions
            if function in own or self.assignment.forward_of.get(function) in own
        ]

    def kills(self, mistake: Mistake, draw: int) -> bool:
        """Whether the check made for a mistake fails on a draw; nothing else is asked."""
        [check] = [check for check in self.assignment.of(mistake.function) if check.id == mistake.breaks]
        alone = replace(self.assignment, checks=(check,), explain="none")
        return judge(alone, self.kept.student(mistake.id), self.oracle(draw), language="en").score == 0

    def on_draw(self, draw: int, pairs: Iterable[tuple[str, str]] = (), *, named: bool = True) -> Tally:
        """Everything on one draw; unless mistakes are to be `named`, only points."""
        tally = Tally(draws=1, named_on=int(named))
        oracle = self.oracle(draw)
        self._try_right("reference", self.judge(self.kept.student(), oracle), draw, tally)
        for mistake in self.mistakes:
            if named:
                self._try_mistake(mistake, oracle, tally)
            else:
                tally.killed[mistake.id] += self.kills(mistake, draw)
        for variant in self.variants:
            functions = self.functions_of(variant)
            result = self.judge(self.variant(variant), oracle, functions)
            self._try_right(variant.id, result, draw, tally)
        for one, other in pairs:
            self.try_pair(one, other, draw, tally)
        if 0 <= draw < _HELD:
            self._measure(oracle, tally)
        return tally

    def _measure(self, oracle: Any, tally: Tally) -> None:
        """How far right results are from the truth, and wrong ones on the check made for them."""
        for variant in self.variants:
            for function in self.functions_of(variant):
                for check in self.assignment.of(function):
                    precision, distance = self._distance(check, self.variant(variant), oracle)
                    tally.add(Tally(loses={precision: distance}))
        for mistake in self.mistakes:
            [check] = [check for check in self.assignment.of(mistake.function) if check.id == mistake.breaks]
            precision, distance = self._distance(check, self.kept.student(mistake.id), oracle)
            tally.add(Tally(moves={precision: distance or np.inf}))

    def _distance(self, check: Check, student: Student, oracle: Any) -> tuple[str, float]:
        """The largest distance from the truth; 0 where no values are judged, infinity where there are none."""
        case = oracle.case(check)
        if check.function in self.assignment.over_stand_ins:
            assert student.over_stand_ins is not None
            student = student.over_stand_ins
        if check.aspect != "values":
            return case.precision, 0.0
        try:
            observed = [check.run(student, **inputs) for inputs in case.inputs]
        except StudentError:
            return case.precision, np.inf
        furthest = [0.0]
        for item, true in zip(observed, case.truth, strict=True):
            for name in filter(is_judged, true):
                got = item.get(name)
                mended = mend(got, true[name].shape) if isinstance(got, np.ndarray) else None
                far = np.inf if mended is None else np.max(distances(mended.astype(np.float64), true[name]), initial=0)
                furthest.append(float(np.nan_to_num(far, nan=np.inf)))
        return case.precision, max(furthest)

    def _try_right(self, name: str, result: Result, draw: int, tally: Tally) -> None:
        tally.lost[name] |= {f"{check.id} on draw {draw}" for check in result.checks if check.status != "passed"}

    def _try_mistake(self, mistake: Mistake, oracle: Any, tally: Tally) -> None:
        result = self.judge(self.kept.student(mistake.id), oracle, [mistake.function])
        for check in result.checks:
            if check.status == "passed":
                continue
            tally.breaks[mistake.id].add(check.id)
            named = check.diagnosis.mistake if check.diagnosis else None
            if check.id == mistake.breaks:
                tally.killed[mistake.id] += 1
                tally.named[mistake.id] += named == mistake.id
            if named not in {None, mistake.id}:
                tally.misnamed[mistake.id].add(str(named))

    def try_pair(self, one: str, other: str, draw: int, tally: Tally) -> None:
        """Judge two mistakes at once, and tally whether they were detected and named."""
        with self.whole([edit for name in (one, other) for edit in edits_of(self.kept.mistakes[name])]) as student:
            self._judge_pair(one, other, student, draw, tally)

    def _judge_pair(self, one: str, other: str, student: Student, draw: int, tally: Tally) -> None:
        functions = list(dict.fromkeys(self.kept.mistakes[name].function for name in (one, other)))
        result = self.judge(student, self.oracle(draw), functions)
        if all(check.status == "passed" for check in result.checks):
            if all(self._same(set(), student, (one, other), function, draw) for function in functions):
                return  # they undo each other
            tally.undetected.append(f"{one} + {other}")
        tally.pairs += 1
        said: set[str] = set()
        for function in functions:
            named = self._named(result.of(function))
            said |= named
            if named - {one, other} and not self._same(named, student, (one, other), function, draw):
                tally.pair_misnamed.append(f"{one} + {other}: {', '.join(sorted(named - {one, other}))}")
        tally.half_named += bool(said & {one, other})
        tally.both_named += {one, other} <= said

    def _named(self, checks: Sequence[CheckResult]) -> set[str]:
        """Every mistake that some checks name, as the diagnosis or as the second mistake in the message."""
        first = {check.diagnosis.mistake for check in checks if check.diagnosis}
        lines = {line for check in checks for line in check.message.splitlines()}
        hints = {mistake.id: self.say.get(mistake.id) for mistake in self.mistakes}
        return first | {name for name, hint in hints.items() if hint and self.say("also_wrong", hint=hint) in lines}

    def _same(self, named: set[str], student: Student, true: Sequence[str], function: str, draw: int) -> bool:
        """Whether mistakes that were named in others' place give the very same numbers in that function."""
        elsewhere = {name for name in true if self.kept.mistakes[name].function != function}
        if any(self._gives(named | more, student, function, draw) for more in (elsewhere, set[str]())):
            return True
        return all(any(self._alike(name, one, function, draw) for one in true) for name in named - set(true))

    def _alike(self, one: str, other: str, function: str, draw: int) -> bool:
        """Whether two mistakes give the same numbers in a function, as one cache does that two backward passes read."""
        with self.whole(edits_of(self.kept.mistakes[other])) as student:
            return self._gives({one}, student, function, draw)

    def _gives(self, mistakes: set[str], student: Student, function: str, draw: int) -> bool:
        """Whether these mistakes together give what a student gives in a function."""
        edits = [edit for name in sorted(mistakes) for edit in edits_of(self.kept.mistakes[name])]
        oracle = self.oracle(max(draw, 0))
        try:
            with self.whole(edits) as other:
                return all(self._agree(student, other, check, oracle) for check in self.assignment.of(function))
        except (GraderError, StudentError):
            return False

    def _agree(self, one: Student, other: Student, check: Check, oracle: Any) -> bool:
        case = oracle.case(check)
        prints = []
        for student in (one, other):
            asked = student.over_stand_ins if check.function in self.assignment.over_stand_ins else student
            assert asked is not None
            prints.append(prints_of(check, [check.run(asked, **item) for item in case.inputs], case.truth))
        return match(prints[0], prints[1], case.precision)

    def random_pairs(self, count: int, seed: int = 4) -> list[tuple[str, str]]:
        """Pairs of mistakes that go together, half of them in one function."""
        rng = random.Random(seed)
        found: list[tuple[str, str]] = []
        while len(found) < count:
            one = rng.choice(self.mistakes)
            near = [mistake for mistake in self.mistakes if mistake.function == one.function and mistake != one]
            other = rng.choice(near if len(found) % 2 else self.mistakes)
            if other is one or (one.id, other.id) in found:
                continue
            try:
                self.kept.student(one.id, other.id)
            except Overlap:
                continue
            found.append((one.id, other.id))
        return found


_bench: list[Bench] = []


def _begin(course: Path, assignment: str, recording: Path) -> None:
    found = Course(course)
    _bench.append(Bench(found, found.assignment(assignment), recording))


def _work(draw: int, pairs: Sequence[tuple[str, str]], named: bool) -> Tally:
    [bench] = _bench
    return bench.on_draw(draw, pairs, named=named)


def _pretend(kind: str, pretender: Pretender) -> Row:
    [bench] = _bench
    return measure(bench, kind, pretender, [*range(_PRETENDED_ON), RECORDED])


def run(
    course: Course, assignment: str, draws: int, pairs: int, jobs: int, named_on: int | None = None
) -> tuple[Tally, Tally, Bench]:
    """Everything, on so many draws (mistakes named on the first `named_on` of them, if given) and on the recording.

    Returns:
        what came of the draws, what came of the recording, and a bench.
    """
    with tempfile.TemporaryDirectory(prefix="grader-mutation-") as name:
        recording = Path(name) / FILE
        recording.write_bytes(record(course, course.assignment(assignment))[f"{assignment}/{FILE}"])
        bench = Bench(course, course.assignment(assignment), recording)
        chosen = bench.random_pairs(pairs)
        named_on = draws if named_on is None else min(named_on, draws)
        shares = {draw: chosen[draw::named_on] if draw < named_on else [] for draw in range(draws)}
        total = Tally()
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(
            jobs, context, initializer=_begin, initargs=(course.root, assignment, recording)
        ) as pool:
            for tally in tqdm(
                pool.map(_work, shares, shares.values(), (draw < named_on for draw in shares)),
                total=draws,
                desc="draws",
                unit="draw",
                disable=None,
            ):
                total.add(tally)
            for kind, pretenders in load_pretenders(bench.assignment).items():
                total.pretending[kind] = list(pool.map(_pretend, [kind] * len(pretenders), pretenders))
        from_recording = bench.on_draw(RECORDED, chosen)
    return total, from_recording, bench


def faults(live: Tally, recorded: Tally, bench: Bench) -> list[str]:
    """What must not be: each a sentence."""
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
    return found + pretending_faults(live.pretending, bench.assignment)


def report(live: Tally, recorded: Tally, bench: Bench) -> str:
    """The page `docs/mutation.md`."""
    mistakes, variants = len(bench.mistakes), len(bench.variants)
    lines = [
        "# Mistakes × checks",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, by `make mutation`: {live.draws} draws of the inputs ({live.named_on} of them "
        f"with the names of mistakes), {mistakes} known "
        f"mistakes, {variants} correct variants and the reference, {live.pairs} random pairs of mistakes, half of them "
        "in one function. A mistake is *killed* on a draw if the check made for it fails, and *named* if that check's "
        "diagnosis is this mistake.",
        "",
        "| | live | from the recording |",
        "|---|---|---|",
    ]
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
    lines += [f"| {name} | {row(live)} | {row(recorded)} |" for name, row in rows.items()]
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m grader.mutation", description="Test the checks on many draws.")
    parser.add_argument("--draws", type=int, default=1000, metavar="NUMBER", help="draws of the inputs (default: 1000)")
    parser.add_argument(
        "--named-on",
        type=int,
        default=50,
        metavar="NUMBER",
        help="draws on which mistakes are named, too (default: 50)",
    )
    parser.add_argument("--pairs", type=int, default=300, metavar="NUMBER", help="pairs of mistakes (default: 300)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="NUMBER", help="processes")
    parser.add_argument("--assignment", default="batch_normalization", metavar="NAME")
    parser.add_argument("--course", type=Path, metavar="FOLDER", help="the course (default: the kit's own)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: docs/mutation.md of the course")
    options = parser.parse_args(arguments)
    course = find_course(options.course or KIT)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    live, recorded, bench = run(
        course, options.assignment, options.draws, options.pairs, options.jobs, options.named_on
    )
    page = report(live, recorded, bench)
    output = options.output or course.root / "docs" / "mutation.md"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page, encoding="utf-8")
    wrong = faults(live, recorded, bench)
    print(page.partition("\n## ")[0])
    print(f"Written to {output}.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
