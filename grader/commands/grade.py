"""`grader grade NAME`: everything under `submitted/`, into nbgrader's gradebook."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from ..classroom.rows import known_mistakes, table
from ..classroom.whole_class import grade_class, said_of_hidden
from ..course import course_to_work_on
from ..errors import GraderError
from ..sandbox.choose import add_sandbox_options, choose
from ..text import sentences


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `grade` to the command line."""
    parser = subparsers.add_parser("grade", description="Grade everything under submitted/ into nbgrader's gradebook.")
    parser.add_argument("name", metavar="NAME", help="the assignment")
    parser.add_argument("--student", metavar="ID", action="append", help="only this student (may be repeated)")
    parser.add_argument(
        "--jobs", metavar="N", type=int, help="how many to grade at a time (default: one for each core)"
    )
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="judge, and run notebooks, on the workers of a Dask scheduler (tls://HOST:PORT), or of one that is "
        "started here (local); see docs/cluster.md",
    )
    parser.add_argument(
        "--skip-notebooks", action="store_true", help="do not run the notebooks for their readers; same points, sooner"
    )
    parser.add_argument("--course", metavar="FOLDER", type=Path, help="the course (default: the one around you)")
    parser.add_argument(
        "--new-secret", action="store_true", help="make a new course secret in place of one that is lost for good"
    )
    add_sandbox_options(parser)
    parser.set_defaults(run=run, here=None)


def run(args: argparse.Namespace) -> int:
    """Run `grader grade`: 0 if every submission has a score, 2 if one has not."""
    course = course_to_work_on(args.course, args.here)
    if args.cluster and args.unsafe:
        raise GraderError(
            "--cluster, --unsafe: expected one of them: a worker takes submissions behind a sandbox alone. Next: leave "
            "one out."
        )
    engines = None
    if args.cluster:
        from ..classroom.cluster.engine import cluster  # which reads the whole kit, to know its digest

        engines = cluster(args.cluster, args.sandbox)
    rows = grade_class(
        course,
        args.name,
        args.student,
        args.jobs,
        launcher=partial(choose, args.sandbox, unsafe=args.unsafe, course=course),
        engines=engines,
        run_notebooks=not args.skip_notebooks,
        new_secret=args.new_secret,
    )
    assignment = course.assignment(args.name)
    print(table(assignment, rows))
    if args.name in course.classic:
        print(f"\n{sentences('en')('graded_inside')}")
    if known := known_mistakes(assignment, rows):
        print("\nKnown mistakes in this class (each student reads theirs in the feedback):")
        print("\n".join(known))
    if said := said_of_hidden(course, args.name):
        print(f"{said}Next: rename them if they are students' work, then grade again.")
    print(f"\nThe class in one page: grader report {args.name}")
    return 2 if any(row.problem for row in rows) else 0
