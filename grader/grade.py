"""`grader grade NAME`: everything under `submitted/`, into nbgrader's gradebook.

First every submission is judged, several at a time; then each goes through the same converter as `nbgrader autograde`
and formgrader use, with its verdict in hand. So all three give the same points, and a submission that cannot be graded
stops none of the others.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from nbgrader.converters import Autograde
from tqdm import tqdm

from checks.core import Assignment

from .course import Course, find_course
from .errors import GraderError
from .gradebook import (
    automatic_points,
    course_config,
    course_directory,
    open_gradebook,
    require_assignment,
    run_converter,
)
from .launch import Launcher
from .results import mark_stale, read_record
from .sandbox.choose import add_sandbox_options, choose
from .verdicts import Verdict, judge, sentences


@dataclass(frozen=True)
class Row:
    """One student in the table at the end."""

    student: str
    points: dict[str, float | None] = field(default_factory=dict)
    """Automatic points by function, as they stand in the gradebook; None where there is no score."""
    look: tuple[str, ...] = ()
    """Why a person should look at the submission."""
    problem: str = ""
    """Why this run gave no score; empty if it did."""

    @property
    def total(self) -> float:
        """Automatic points."""
        return sum(points or 0.0 for points in self.points.values())


def grade_class(
    course: Course,
    name: str,
    students: Iterable[str] | None = None,
    jobs: int = 1,
    *,
    launcher: Launcher | None = None,
    run_notebooks: bool = True,
) -> list[Row]:
    """Grade the submissions to one assignment and write the points into the gradebook.

    Args:
        course: the course.
        name: the assignment.
        students: whose submissions; all that there are if None.
        jobs: how many submissions are judged at a time.
        launcher: what stands around a student's process; the best sandbox of this machine if None.
        run_notebooks: whether to run each notebook for its reader; the points are the same without.

    Returns:
        A row per student, by name; a row with a `problem` has no new score.

    Raises:
        GraderError: nothing can be graded: no such assignment or student, or a fault of the course.
    """
    assignment = course.assignment(name)
    config = course_config(course)
    if not run_notebooks:
        config.ExecuteForReading.enabled = False
    with open_gradebook(course) as gradebook:
        require_assignment(gradebook, name)
    chosen = _chosen(course, name, students)
    launcher = launcher or choose()

    problems: dict[str, str] = {}
    verdicts: dict[str, Verdict] = {}
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        outcomes = pool.map(partial(_judge, course, assignment, launcher), chosen)
        for student, outcome in _progress(zip(chosen, outcomes, strict=True), chosen, "checks"):
            if isinstance(outcome, Verdict):
                verdicts[student] = outcome
            else:
                problems[student] = outcome

    for student in _progress(list(verdicts), list(verdicts), "gradebook"):
        converter = Autograde(coursedir=course_directory(config, name, student), config=config)
        converter.force = True
        converter.prepared_verdicts = verdicts
        problem = run_converter(converter)
        if problem:
            problems[student] = problem

    with open_gradebook(course) as gradebook:
        points = automatic_points(gradebook, name)
    return [_row(course, assignment, student, points.get(student, {}), problems.get(student, "")) for student in chosen]


def _chosen(course: Course, name: str, students: Iterable[str] | None) -> list[str]:
    handed_in = sorted(folder.parent.name for folder in course.submitted.glob(f"*/{name}") if folder.is_dir())
    if not handed_in:
        raise GraderError(
            f"{course.submitted}: no submission to {name!r} (expected {course.submitted.name}/STUDENT/{name}/). Next: "
            f"collect them, with `nbgrader collect {name}` or `nbgrader zip_collect {name}`."
        )
    if students is None:
        return handed_in
    chosen = list(students)
    for student in chosen:
        if student not in handed_in:
            raise GraderError(
                f"{course.submitted / student / name}: no such submission (there are: {', '.join(handed_in)}). Next: "
                "check the spelling."
            )
    return chosen


def _judge(course: Course, assignment: Assignment, launcher: Launcher, student: str) -> Verdict | str:
    try:
        return judge(course, assignment, student, launcher)
    except Exception as error:  # whatever it is, it costs this submission its new score, and the others nothing
        reason = str(error) if isinstance(error, GraderError) else f"{type(error).__name__}: {error}"
        with suppress(GraderError):  # a full disk may be what stopped the grader
            mark_stale(course, assignment.name, student, reason)
        return reason


def _row(course: Course, assignment: Assignment, student: str, points: dict[str, float | None], problem: str) -> Row:
    record = read_record(course, assignment.name, student)
    say = sentences("en")
    look = tuple(say(note.key, **note.names) for note in record.notes) if record and not problem else ()
    return Row(student, {function: points.get(function) for function in assignment.functions}, look, problem)


def table(assignment: Assignment, rows: Sequence[Row]) -> str:
    """The rows as text: student, points per function, total, and what needs a look."""
    head = ["student", *assignment.functions, "total", "needs a look"]
    most = ["", *(f"{assignment.points(f):g}" for f in assignment.functions)]
    most += [f"{sum(assignment.points(f) for f in assignment.functions):g}", ""]
    body = []
    for row in rows:
        cells = ["-" if (p := row.points.get(f)) is None else f"{p:g}" for f in assignment.functions]
        scored = any(points is not None for points in row.points.values())
        look = "not graded" if row.problem else "yes" if row.look else ""
        body.append([row.student, *cells, f"{row.total:g}" if scored else "-", look])
    lines = [head, most, *body]
    width = [max(len(line[column]) for line in lines) for column in range(len(head))]
    text = []
    for line in lines:
        cells = [line[0].ljust(width[0])]
        cells += [cell.rjust(size) for cell, size in zip(line[1:-1], width[1:-1], strict=True)]
        text.append("  ".join([*cells, line[-1]]).rstrip())
    text += [f"{row.student}: {reason}" for row in rows for reason in row.look]
    text += [f"{row.student}: not graded, no score was written. {row.problem}" for row in rows if row.problem]
    return "\n".join(text)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `grade` to the command line."""
    parser = subparsers.add_parser("grade", help="grade everything under submitted/ into nbgrader's gradebook")
    parser.add_argument("assignment", metavar="NAME", help="the assignment")
    parser.add_argument("--student", metavar="ID", action="append", help="only this student (may be repeated)")
    parser.add_argument("--jobs", metavar="N", type=int, default=1, help="submissions judged at a time (default: 1)")
    parser.add_argument(
        "--skip-notebooks", action="store_true", help="do not run the notebooks for their readers; same points, sooner"
    )
    parser.add_argument("--course", metavar="FOLDER", type=Path, help="the course (default: the current folder's)")
    add_sandbox_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run `grader grade`: 0 if every submission has a score, 2 if one has not."""
    course = find_course(args.course)
    rows = grade_class(
        course,
        args.assignment,
        args.student,
        args.jobs,
        launcher=choose(args.sandbox, unsafe=args.unsafe),
        run_notebooks=not args.skip_notebooks,
    )
    print(table(course.assignment(args.assignment), rows))
    return 2 if any(row.problem for row in rows) else 0


def _progress(items: Iterable[Any], of: Sequence[object], what: str) -> Iterable[Any]:
    return tqdm(items, total=len(of), desc=what, unit="submission", file=sys.stderr, disable=len(of) < 2)
