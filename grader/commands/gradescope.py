"""`grader gradescope NAME`: the zip from which Gradescope builds an assignment's autograder."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..course import course_to_work_on
from ..gradescope.pack import pack
from ..gradescope.results import VISIBILITIES


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `gradescope` to the command line."""
    parser = subparsers.add_parser("gradescope", description="Write the zip of an autograder for Gradescope.")
    parser.add_argument("name", metavar="NAME", help="the assignment")
    parser.add_argument(
        "--visibility",
        choices=VISIBILITIES,
        default="visible",
        help="when students see what each check says (default: at once)",
    )
    parser.add_argument("--course", metavar="FOLDER", type=Path, help="the course (default: the one around you)")
    parser.set_defaults(run=run, here=None)


def run(options: argparse.Namespace) -> int:
    """Run the command; 0 when the zip is written."""
    course = course_to_work_on(options.course, options.here)
    path = pack(course, options.name, options.visibility)
    print(f"{path} is written. Next: upload it under Configure Autograder. It holds a secret of its own: keep it.")
    return 0
