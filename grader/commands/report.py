"""`grader report NAME`: the class in one page, from what is stored; nothing is graded."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from ..classroom.report.make import read_report, write_data, write_report
from ..course import REPORTS, course_to_work_on


def add_parser(commands: Any) -> None:
    """Add the command to `grader`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "report",
        description="Show a class in one page: points, what to explain in the next lecture, each task and check, and "
        "who needs a look, is stale, missing, or waits for a person. Nothing is graded. Exit status: 0 written, 2 not.",
    )
    parser.add_argument("name", metavar="NAME", help="the assignment")
    parser.add_argument("--student", metavar="ID", default="", help="begin with a section on this student")
    parser.add_argument(
        "--anonymous", action="store_true", help="no names: marks stand for them, made with the course secret"
    )
    parser.add_argument("--json", metavar="FILE", help=f"write data, and no page in {REPORTS}/ (- for standard output)")
    parser.add_argument("--course", metavar="FOLDER", type=Path, help="the course (default: the one around you)")
    parser.set_defaults(run=run, here=None)


def run(options: argparse.Namespace) -> int:
    """Run the command; 0 when the report is written.

    Raises:
        GraderError: no such assignment or student, the gradebook cannot be used, or the file cannot be written.
    """
    course = course_to_work_on(options.course, options.here)
    if options.json is None:
        path = write_report(course, options.name, options.student, anonymous=options.anonymous)
        print(f"The class in one page: {_shown(path, options.here)}")
        return 0
    report = read_report(course, options.name, options.student, anonymous=options.anonymous)
    if options.json == "-":
        print(json.dumps(report.data(), indent=2))
    else:
        write_data(report, Path(options.json))
    return 0


def _shown(path: Path, here: Path | None) -> str:
    here = here or Path.cwd()
    return os.path.relpath(path, here) if path.is_relative_to(here) else str(path)
