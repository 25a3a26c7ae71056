"""The work of many draws in small units, on all cores: what is done is said as it is done, and kept for the next run.

A unit is one process's work of some seconds; its tally lies under `build/mutation/`, in a folder named by the digest of
all that decides it, so that a run that was interrupted goes on where it was.
"""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import pickle
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from checks.engine.recording import FILE

from ..course import KIT, Course
from ..files import write_whole
from ..grading.pretenders import load_pretenders
from ..publish.recordings import record
from ..reference import cache
from ..sandbox.temporary import temporary_folder
from .bench import RECORDED, Bench
from .pretenders import measure
from .tally import Tally

PRETENDED_ON = 5
"""Draws on which pretenders are tried, beside the recording."""
_NAMED = 20
"""Mistakes of one unit that are named, which takes longest."""
_TOGETHER = 3
"""Pairs of mistakes of one unit."""


@dataclass(frozen=True)
class Unit:
    """Some work on one draw, or on the recording."""

    draw: int
    right: bool = False
    """Whether the reference and the variants are judged, and what is right is measured."""
    killed: bool = False
    """Whether each mistake is judged by the check made for it, and not named."""
    named: tuple[str, ...] = ()
    """Mistakes that are judged by all checks of their function, and named."""
    pairs: tuple[tuple[str, str], ...] = ()
    pretender: tuple[str, int] = ("", 0)
    """Kind and number of a pretender, which is tried on some draws of its own."""


def units(bench: Bench, draws: int, named_on: int, pairs: Sequence[tuple[str, str]]) -> list[Unit]:
    """All the work, what takes long first."""
    mistakes = [mistake.id for mistake in bench.mistakes]
    shares = [tuple(mistakes[begin : begin + _NAMED]) for begin in range(0, len(mistakes), _NAMED)]
    sets = [tuple(pairs[begin : begin + _TOGETHER]) for begin in range(0, len(pairs), _TOGETHER)]
    found = [Unit(draw, right=True, killed=draw >= named_on) for draw in range(draws)] + [Unit(RECORDED, right=True)]
    for draw in [*range(named_on), RECORDED]:
        found += [Unit(draw, named=share) for share in shares]
    for number, chosen in enumerate(sets):
        found += [Unit(number % named_on, pairs=chosen), Unit(RECORDED, pairs=chosen)]
    return sorted(found, key=lambda unit: (unit.killed, unit.draw))


def pretended(bench: Bench) -> list[Unit]:
    """The same of pretenders."""
    kinds = load_pretenders(bench.assignment).items()
    return [Unit(0, pretender=(kind, number)) for kind, some in kinds for number in range(len(some))]


def run(
    course: Course, assignment: str, work: Sequence[Unit], recording: Path, jobs: int, kept: Path | None = None
) -> tuple[Tally, Tally]:
    """Do all the work.

    Args:
        course: has the assignment.
        assignment: its name.
        work: in this order, as far as there are processes.
        recording: of the assignment.
        jobs: processes; none but this one if 1.
        kept: where tallies are kept, and looked for first; nowhere if None.

    Returns:
        what came of the draws, and what of the recording.
    """
    live, recorded = Tally(), Tally()
    done: dict[Unit, Tally] = {}
    if jobs == 1:
        begin(course.root, assignment, recording)
        results: Iterator[tuple[Unit, Tally]] = ((unit, do(unit, kept)) for unit in work)
        _follow(results, len(work), done)
    else:
        spawn = multiprocessing.get_context("spawn")
        given = (course.root, assignment, recording)
        with ProcessPoolExecutor(jobs, spawn, initializer=begin, initargs=given) as pool:
            waiting = {pool.submit(do, unit, kept): unit for unit in work}
            try:
                _follow(((waiting[one], one.result()) for one in as_completed(waiting)), len(work), done)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    for unit in work:
        (recorded if unit.draw == RECORDED else live).add(done[unit])
    return live, recorded


def _follow(results: Iterator[tuple[Unit, Tally]], total: int, done: dict[Unit, Tally]) -> None:
    for unit, tally in tqdm(results, total=total, desc="judging", unit="part", mininterval=2):
        done[unit] = tally


_bench: Bench | None = None


def begin(course: Path, assignment: str, recording: Path) -> None:
    """Make the bench of this process."""
    global _bench
    found = Course(course)
    _bench = Bench(found, found.assignment(assignment), recording)


def do(unit: Unit, kept: Path | None = None) -> Tally:
    """Do one unit, or take what was kept of it."""
    assert _bench is not None
    file = kept / hashlib.sha256(repr(unit).encode()).hexdigest()[:24] if kept else None
    if file is not None and file.is_file():
        with contextlib.suppress(Exception):  # of a kit that kept it otherwise, or cut short: it is made again
            tally = pickle.loads(file.read_bytes())
            assert isinstance(tally, Tally)
            return tally
    tally = _done(_bench, unit)
    if file is not None:
        write_whole(file, pickle.dumps(tally))
    return tally


def _done(bench: Bench, unit: Unit) -> Tally:
    tally = Tally(named_on=int(unit.right and not unit.killed), draws=int(unit.right))
    kind, number = unit.pretender
    if kind:
        pretender = load_pretenders(bench.assignment)[kind][number]
        tally.pretending[kind] = [measure(bench, kind, pretender, [*range(PRETENDED_ON), RECORDED])]
    if unit.right:
        bench.try_right(unit.draw, tally)
    if unit.killed:
        bench.try_killed(unit.draw, tally)
    bench.try_named(unit.draw, unit.named, tally)
    for one, other in unit.pairs:
        bench.try_pair(one, other, unit.draw, tally)
    return tally


def tally(
    course: Course,
    assignment: str,
    draws: int,
    *,
    named_on: int,
    pairs: int = 0,
    pretending: bool = False,
    jobs: int = 1,
    resume: bool = False,
) -> tuple[Tally, Tally, Bench]:
    """Everything, on so many draws and on the recording.

    Args:
        course: has the assignment.
        assignment: its name.
        draws: of the inputs.
        named_on: the first so many of them are those on which mistakes are named, too; at least one.
        pairs: of mistakes, as far as there are so many.
        pretending: whether pretenders are tried.
        jobs: processes.
        resume: whether what is done is kept, and taken up where it was.

    Returns:
        what came of the draws, what came of the recording, and a bench.
    """
    loaded = course.assignment(assignment)
    print(f"Recording {assignment} ...", file=sys.stderr, flush=True)
    with temporary_folder() as folder:
        recording = folder / FILE
        recording.write_bytes(record(course, loaded)[f"{assignment}/{FILE}"])
        bench = Bench(course, loaded, recording)
        work = units(bench, draws, max(1, min(named_on, draws)), bench.random_pairs(pairs))
        work += pretended(bench) if pretending else []
        live, recorded = run(course, assignment, work, recording, jobs, _kept(course, assignment) if resume else None)
    return live, recorded, bench


def _kept(course: Course, assignment: str) -> Path:
    """The folder of what is kept: another one where anything differs that decides a verdict."""
    digest = cache.digest_of([course.package, course.checks, KIT / "checks", KIT / "grader"], "mutation", assignment)
    folder = cache.place(course.root).parent / "mutation" / digest[:24]
    folder.mkdir(parents=True, exist_ok=True)
    return folder
