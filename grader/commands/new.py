"""`grader new NAME`: the skeleton of another assignment, which can be released at once."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..course import course_to_work_on
from ..errors import GraderError
from ..making.assignment import new_assignment
from ..text import shown


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `new` to the command line."""
    parser = subparsers.add_parser(
        "new",
        description="Write checks, notebook and contract for a function of the course's package: files alone, and "
        "nothing over what is there.",
    )
    parser.add_argument("name", metavar="NAME", help="the assignment, which the function's region names")
    parser.add_argument("--function", metavar="MODULE:FUNCTION", required=True, help="what students write")
    parser.add_argument("--course", metavar="FOLDER", type=Path, help="the course (default: the one around you)")
    parser.set_defaults(run=run, here=None)


def run(options: argparse.Namespace) -> int:
    """Run the command; 0 when the assignment is written."""
    module, colon, function = options.function.partition(":")
    if not (module and colon and function):
        raise GraderError(
            f"--function {shown(options.function)}: expected MODULE:FUNCTION, such as quadrature:trapezoid. Next: "
            "correct it."
        )
    course = course_to_work_on(options.course, options.here)
    written = new_assignment(course, options.name, module, function)
    print(f"Wrote in {course.root}:")
    print("\n".join(f"  {path}" for path in written))
    print(f"Next: grader release {options.name}; then make the checks your own.")
    return 0
