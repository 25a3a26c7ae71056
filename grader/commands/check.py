"""`grader check FOLDER`: grade one folder that holds a student's package, with no database."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from checks.language import LANGUAGES

from ..course import Course, choose_course
from ..errors import GraderError
from ..grading.secret import VARIABLE, read_secret
from ..sandbox.choose import add_sandbox_options, choose, warmed_at_once
from ..sandbox.ready import get_ready
from ..sandbox.warm import WarmLauncher
from ..text import shown

_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""What numpy computes with takes longer to start threads than to compute all that is asked here."""


def add_parser(commands: Any) -> None:
    """Add the command to `grader`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "check",
        description="Grade one folder that holds a student's package. Exit status: 0 full points, 1 less, 2 not "
        "graded.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the folder that holds the package")
    parser.add_argument("--assignment", metavar="NAME", help="read from the folder, or the only one, if not given")
    parser.add_argument("--student", metavar="ID", default="", help="whose submission it is; part of the draw")
    parser.add_argument(
        "--course", type=Path, metavar="FOLDER", help="the course (default: the one around you, else the kit's own)"
    )
    parser.add_argument("--json", metavar="FILE", help="write the result as JSON (- for standard output)")
    parser.add_argument("--junit", metavar="FILE", help="write the result as JUnit XML (- for standard output)")
    parser.add_argument("--language", choices=LANGUAGES, help="language of the messages (default: the release's)")
    add_sandbox_options(parser)
    parser.set_defaults(run=run, here=None)


def run(options: argparse.Namespace) -> int:
    """Run the command; 0 full points, 1 less.

    Raises:
        GraderError: the folder was not graded.
    """
    course, found = choose_course(options.course, options.here, options.folder)
    if options.course is None:
        print(f"note: the course is {shown(str(course.root))}{f', {found}' if found else ''}.", file=sys.stderr)
    if options.language not in {None, *course.settings.languages}:
        raise GraderError(
            f"--language {options.language}: this course has {', '.join(course.settings.languages)}. Next: take one of "
            "these, or leave it out."
        )
    name = options.assignment or assignment_in(options.folder, course)
    for file in (options.json, options.junit):
        _require_own(file, options.folder)
    student = as_text(options.student)
    if read_secret(course) is None:
        print(
            f"note: no course secret (neither {VARIABLE} nor {course.store / 'secret'}), so the inputs are drawn from "
            "a fixed seed.",
            file=sys.stderr,
        )
    for variable in _THREADS:
        os.environ.setdefault(variable, "1")
    with ExitStack() as stack:
        sandbox = choose(options.sandbox, unsafe=options.unsafe, course=course)
        launcher = stack.enter_context(warmed_at_once(sandbox))
        ready = None if isinstance(launcher, WarmLauncher) else stack.enter_context(get_ready(launcher))
        # These bring numpy; the worker, or what it is forked from, starts meanwhile.
        from checks.output import write_outputs
        from checks.report import summary

        from ..grading.grade import grade_with_digests

        assignment = course.assignment(name)
        if name in course.classic:
            raise GraderError(
                f"{name}: a classic assignment, which is graded in its notebooks and has no checks of its own. Next: "
                f"put the submission under {course.submitted.name}/STUDENT/{name}/ and run `grader grade {name}`."
            )
        graded = grade_with_digests(
            options.folder,
            course,
            assignment,
            student=student,
            language=options.language or "",
            launcher=launcher,
            ready=ready,
        )
    result, package = graded.with_notes(), graded.package
    to_standard_output = write_outputs(replace(result, student=shown(student)), options.json, options.junit)
    if package != options.folder / assignment.package and package.is_dir():
        print(f"note: graded {shown(str(package))}, as there is no {assignment.package}/ beside it.", file=sys.stderr)
    if not to_standard_output:
        print(summary(result))
    return 0 if result.score == result.max_score else 1


def as_text(argument: str) -> str:
    """An argument as it was meant: what the locale could not read is UTF-8."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return os.fsencode(argument).decode("utf-8", "surrogateescape")
    return argument


def _require_own(file: str | None, submission: Path) -> None:
    """Make sure that a result is not written through a link that the submission holds.

    Raises:
        GraderError: the file lies in the submission by its name, and elsewhere in truth.
    """
    if file is None or file == "-":
        return
    inside = submission.resolve()
    named = Path(os.path.normpath(Path.cwd() / file))
    lies = named.is_relative_to(inside) or named.is_relative_to(os.path.normpath(Path.cwd() / submission))
    if lies and not Path(file).resolve().is_relative_to(inside):
        raise GraderError(
            f"{file}: a link in the submission leads out of it, and would be written through. Next: name another file."
        )


def assignment_in(folder: Path, course: Course) -> str:
    """The assignment of a submission: whose notebook or checks it holds, or whose name it has, or the only one.

    Raises:
        GraderError: it cannot be told.
    """
    known = course.assignments()
    held = [name for name in known if (folder / f"{name}.ipynb").is_file() or (folder / "checks" / name).is_dir()]
    candidates = held or [name for name in known if name == folder.resolve().name] or known
    if candidates and not (folder / course.package.name).is_dir():
        return candidates[0]  # of any, grading says what is missing
    if len(candidates) != 1:
        raise GraderError(
            f"{folder}: the assignment cannot be told from the folder (this course has: {', '.join(known) or 'none'}). "
            "Next: pass --assignment NAME."
        )
    return candidates[0]
