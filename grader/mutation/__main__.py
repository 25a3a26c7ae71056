"""The tests of the checks: every known mistake, correct variant and pair of mistakes on many draws of the inputs.

    python -m grader.mutation --draws 1000        (make mutation NAME=quadrature)

For each draw, each known mistake must fail the check made for it; each correct variant, and the reference, must score
full. On some of the draws (`--named-on`, for what takes longest) each mistake must also be named by that check, and no
other by any check; pairs of mistakes must be detected, and whatever is named must be one of the two; pretenders
must earn what they are due. Runs on all cores and goes on where it was interrupted; writes `docs/mutation/NAME.md`;
exit status 1 if anything was let through, marked down or named wrong. `grader test NAME` is a short form for authors.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ..classroom.pool import cores
from ..course import KIT, find_course
from .page import faults, report
from .workers import tally


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
    parser.add_argument("name", metavar="NAME", help="the assignment")
    parser.add_argument("--course", type=Path, metavar="FOLDER", help="the course (default: the kit's own)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: docs/mutation/NAME.md of the course")
    options = parser.parse_args(arguments)
    course = find_course(options.course or KIT)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    live, recorded, bench = tally(
        course,
        options.name,
        options.draws,
        named_on=options.named_on,
        pairs=options.pairs,
        pretending=True,
        jobs=options.jobs,
        resume=True,
    )
    page = report(live, recorded, bench)
    output = options.output or course.root / "docs" / "mutation" / f"{options.name}.md"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page, encoding="utf-8")
    wrong = faults(live, recorded, bench)
    print(page.partition("\n## ")[0])
    print(f"Written to {output}.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
