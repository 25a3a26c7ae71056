"""`grader status NAME`: who handed in, who is graded, whose verdict is stale, and who waits for a person."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..classroom.status import report, standings
from ..course import course_to_work_on


def add_parser(commands: Any) -> None:
    """Add the command to `grader`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "status",
        description="Say how far a class is with an assignment; nothing is graded. Exit status: 0 nothing is left to "
        "do, 1 something is, 2 it cannot be told.",
    )
    parser.add_argument("name", metavar="NAME", help="the assignment")
    parser.add_argument("--course", metavar="FOLDER", type=Path, help="the course (default: the one around you)")
    parser.set_defaults(run=run, here=None)


def run(options: argparse.Namespace) -> int:
    """Run the command; 0 if every submission is graded and every answer read, 1 if not.

    Raises:
        GraderError: no such assignment, or the gradebook cannot be used.
    """
    course = course_to_work_on(options.course, options.here)
    found = standings(course, options.name)
    print(report(options.name, found))
    return 0 if all(one.done for one in found) else 1
