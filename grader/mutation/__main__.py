"""The tests of the checks: every known mistake, correct variant and pair of mistakes on many draws of the inputs.

    python -m grader.mutation --draws 1000        (make mutation)

For each draw, each known mistake must fail the check made for it; each correct variant, and the reference, must score
full. On some of the draws (`--named-on`, for what takes longest) each mistake must also be named by that check, and no
other by any check; pairs of mistakes must be detected, and whatever is named must be one of the two; pretenders
must earn what they are due. Runs on all cores and writes `docs/mutation.md`; exit status 1 if anything was let
through, marked down or named wrong.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tqdm import tqdm

from checks.engine.recording import FILE

from ..classroom.whole_class import cores
from ..course import KIT, Course, find_course
from ..grading.pretenders import load_pretenders
from ..publish.recordings import record
from ..sandbox.temporary import temporary_folder
from .bench import RECORDED, Bench
from .page import faults, report
from .tally import Tally
from .workers import begin, pretend, work


def run(
    course: Course, assignment: str, draws: int, pairs: int, jobs: int, named_on: int | None = None
) -> tuple[Tally, Tally, Bench]:
    """Everything, on so many draws (mistakes named on the first `named_on` of them, if given) and on the recording.

    Returns:
        what came of the draws, what came of the recording, and a bench.
    """
    with temporary_folder() as folder:
        recording = folder / FILE
        recording.write_bytes(record(course, course.assignment(assignment))[f"{assignment}/{FILE}"])
        bench = Bench(course, course.assignment(assignment), recording)
        chosen = bench.random_pairs(pairs)
        named_on = draws if named_on is None else min(named_on, draws)
        shares = {draw: chosen[draw::named_on] if draw < named_on else [] for draw in range(draws)}
        total = Tally()
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(
            jobs, context, initializer=begin, initargs=(course.root, assignment, recording)
        ) as pool:
            for tally in tqdm(
                pool.map(work, shares, shares.values(), (draw < named_on for draw in shares)),
                total=draws,
                desc="draws",
                unit="draw",
                disable=None,
            ):
                total.add(tally)
            for kind, pretenders in load_pretenders(bench.assignment).items():
                total.pretending[kind] = list(pool.map(pretend, [kind] * len(pretenders), pretenders))
        from_recording = bench.on_draw(RECORDED, chosen)
    return total, from_recording, bench


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
    parser.add_argument("--jobs", type=int, default=cores(), metavar="NUMBER", help="processes")
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
