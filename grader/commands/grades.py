"""`grader grades NAME`: grades into the file that Moodle or Canvas gave, and feedback pages for Moodle."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..classroom.grades.filling import report
from ..classroom.grades.hand_on import fill, place_beside, write, write_new
from ..classroom.grades.zipped import zip_feedback
from ..course import course_to_work_on
from ..errors import GraderError
from ..text import shown


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `grades` to the command line."""
    parser = subparsers.add_parser(
        "grades",
        description="Fill in the grades of an assignment in the file that Moodle or Canvas gave, and say of each row "
        "what became of it. Exit status: 0 the grade of everybody who handed in is in the file, 1 somebody's is not, 2 "
        "nothing was written.",
    )
    parser.add_argument("name", metavar="NAME", help="the assignment")
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument(
        "--moodle", metavar="WORKSHEET.csv", type=Path, help="the assignment's offline grading worksheet"
    )
    given.add_argument("--canvas", metavar="GRADEBOOK.csv", type=Path, help="the course's gradebook, as exported")
    parser.add_argument(
        "--column", metavar="ID", help="the assignment's number in Canvas (default: the column that is called NAME)"
    )
    parser.add_argument(
        "--to", metavar="FILE", type=Path, help="where to write (default: beside the given file, which stays as it is)"
    )
    parser.add_argument(
        "--feedback", metavar="ZIP", type=Path, help="also write the feedback pages as the zip that Moodle takes back"
    )
    parser.add_argument("--course", metavar="FOLDER", type=Path, help="the course (default: the one around you)")
    parser.set_defaults(run=run, here=None)


def run(args: argparse.Namespace) -> int:
    """Run `grader grades`: 0 if the file has the grade of everybody who handed in, 1 if not.

    Raises:
        GraderError: nothing was written, and why.
    """
    if args.column and args.moodle:
        raise GraderError("--column is for Canvas; a worksheet of Moodle's is of one assignment. Next: leave it out.")
    if args.feedback and args.canvas:
        raise GraderError("--feedback is for Moodle, which takes pages back as a zip. Next: leave it out.")
    course = course_to_work_on(args.course, args.here)
    given: Path = args.moodle or args.canvas
    filled = fill(course, args.name, "moodle" if args.moodle else "canvas", given, args.column or "")
    to: Path = args.to or place_beside(given)
    if args.feedback and args.feedback.exists():
        raise GraderError(
            f"{args.feedback}: is there already, and is not overwritten. Next: remove it, or name another."
        )
    (write if args.to else write_new)(to, filled.sheet.to_bytes())
    print(report(args.name, filled))
    whole = filled.whole
    if args.feedback:
        content, left = zip_feedback(course, args.name, filled.handed_on)
        write_new(args.feedback, content)
        for student, why in left.items():
            print(f"{shown(student)}: no page in {args.feedback.name}: {why}.")
        if left:
            print(f"Next: nbgrader generate_feedback {args.name}, then again with --feedback.")
        whole = whole and not left
    print(f"Written: {to}" + (f", {args.feedback}" if args.feedback else ""))
    where = "the assignment, Submissions, Upload grading worksheet" if args.moodle else "Grades, Import"
    print(f"Next: upload it ({where}); what changes is shown before it does.")
    return 0 if whole else 1
