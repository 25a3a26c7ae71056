"""`grader demo`: a small class from release to grades, in a disposable copy of the course."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from time import monotonic
from typing import Any

from ..classroom.results import read_record
from ..classroom.rows import known_mistakes, table
from ..course import Course, course_to_try
from ..demo.run import FOLDER, Demo, demo
from ..errors import GraderError
from ..sandbox.choose import SANDBOX_VARIABLE, UNSAFE_VARIABLE, choose


def add_parser(commands: Any) -> None:
    """Add the command to `grader`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "demo",
        description="Take an assignment from source to grades, with a class made by the kit, in a copy of the course.",
    )
    parser.add_argument(
        "--course", type=Path, metavar="FOLDER", help="the course (default: the kit's own, else the one around you)"
    )
    parser.add_argument("--folder", type=Path, metavar="FOLDER", help=f"where the copy goes (default: {FOLDER})")
    parser.add_argument(
        "name",
        metavar="NAME",
        nargs="?",
        help="the assignment (default: the last with a demo.py, and a few hand-ins of those before it)",
    )
    parser.add_argument("--assignment", metavar="NAME", help=argparse.SUPPRESS)  # as it was spelt in version 0.1
    parser.set_defaults(run=run, here=None)


def run(options: argparse.Namespace) -> int:
    """Run the command; 0 when everything is graded."""
    course = course_to_try(options.course, options.here)
    began = monotonic()
    _without_sandbox_if_there_is_none(course)
    made = demo(course, options.folder, options.name or options.assignment, tell=lambda line: print(line, flush=True))
    print(f"     done in {monotonic() - began:.0f} s\n")
    print(report(made, course.root))
    return 0


def _without_sandbox_if_there_is_none(course: Course) -> None:
    """The kit wrote what the demo's class hands in, so a machine without a sandbox may show it too, and says so."""
    try:
        choose(course=course)
    except GraderError as error:
        if os.environ.get(SANDBOX_VARIABLE):
            raise
        print(f"note: {error}\nnote: the demo's class is the kit's own, so it is graded without one.", file=sys.stderr)
        os.environ[UNSAFE_VARIABLE] = "1"


def report(made: Demo, root: Path) -> str:
    """The table, where things lie (relative to `root` where they are in it), and what to type next."""
    *beside, last = made.graded
    name = last.assignment.name
    shown = max(last.rows, key=lambda row: len(row.known))
    record = read_record(made.course, name, shown.student)
    course = _shown(made.course.root, root)
    return "\n".join(
        [
            *(f"{table(one.assignment, one.rows)}\n" for one in beside),
            table(last.assignment, last.rows),
            "",
            "Known mistakes that explain what was handed in (the student reads this in the notebook and the feedback):",
            *known_mistakes(last.assignment, last.rows),
            "",
            f"Class     {_shown(last.report, root)}",
            f"Feedback  {course}/feedback/STUDENT/{name}/{name}.html",
            f"Grades    {_shown(made.grades, root)}",
            f"Sandbox   {record.result.sandbox if record else ''}",
            "",
            "Next:",
            f"  open {_shown(last.report, root)} in a browser (the class in one page; names lead to feedback)",
            f"  .venv/bin/grader check {course}/submitted/{shown.student}/{name} --course {course}",
            f"  make lab COURSE={course}        (JupyterLab with formgrader; without COURSE, on the course itself)",
            f"  README.md, the instructor's page. {course} may be deleted at any time.",
        ]
    )


def _shown(path: Path, root: Path) -> str:
    return os.path.relpath(path, root) if path.is_relative_to(root) else str(path)
