"""`grader setup`: the environments in which a course's student code and notebooks run."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..course import course_to_work_on
from ..making.environments import set_up


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `setup` to the command line."""
    parser = subparsers.add_parser(
        "setup", description="Make the environments in which student code and notebooks run, in the course's folder."
    )
    parser.add_argument(
        "--wheels", metavar="FOLDER", type=Path, help="install from the wheels in a folder, and from no index"
    )
    parser.add_argument("--course", metavar="FOLDER", type=Path, help="the course (default: the one around you)")
    parser.set_defaults(run=run, here=None)


def run(options: argparse.Namespace) -> int:
    """Run the command; 0 when both environments are there."""
    course = course_to_work_on(options.course, options.here)
    set_up(course, options.wheels, tell=lambda line: print(line, flush=True))
    return 0
