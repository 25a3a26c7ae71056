"""`grader test NAME`: whether the checks of an assignment tell right from wrong; for an author who has no tests."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..classroom.pool import cores
from ..course import course_to_work_on
from ..mutation.trial import judged, report
from ..publish.fits import misfits


def add_parser(commands: Any) -> None:
    """Add the command to `grader`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "test",
        description="Test the checks of an assignment: that it fits together, that each known mistake fails the check "
        "made for it, that each correct variant scores full, and that whatever a student's functions do ends in a "
        "verdict and no points. Exit status: 0 all of it holds, 1 something does not, 2 it cannot be tested.",
    )
    parser.add_argument("name", metavar="NAME", help="the assignment")
    parser.add_argument("--course", metavar="FOLDER", type=Path, help="the course (default: the one around you)")
    parser.set_defaults(run=run, here=None)


def run(options: argparse.Namespace) -> int:
    """Run the command; 0 if everything holds, 1 if not.

    Raises:
        GraderError: no such assignment, or nothing can be graded on this machine.
    """
    course = course_to_work_on(options.course, options.here)
    lines = misfits(course, course.assignment(options.name))
    if lines:
        print("\n".join(lines))
        return 1
    found = judged(course, options.name, cores())
    print(report(found))
    return 1 if found.faults else 0
