"""Grades as CSV, with the points of each check beside nbgrader's own figures.

    nbgrader export --to grades.csv

writes a row per assignment and student. The first columns are those of nbgrader's exporter; then come automatic and
manual points, whether something waits for a person, whether the verdict is stale, how the learning management system
names person and hand-in, by how much it is late, a column per task (a function or an answer), named by its graded cell,
and a column per check, named by its id. A cell is empty where there is no such figure.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry, SubmittedAssignment
from nbgrader.plugins import ExportPlugin

from ..course import Course
from ..errors import GraderError
from ..grading.people import People
from ..text import sentences
from .gradebook import by_hand, grades, name_of_cell, open_gradebook
from .late import late
from .results import Record, Staleness, read_record

COLUMNS = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
    "late_submission_penalty", "score", "max_score", "auto_score", "manual_score", "waits_for", "stale", "notes",
    "lms", "lms_number", "lms_name", "lms_folder", "late", "seconds_late",
)  # fmt: skip
"""The columns before those of cells and checks."""


class CheckCsvExportPlugin(ExportPlugin):  # type: ignore[misc]
    """What `nbgrader export` runs in this course."""

    def export(self, gradebook: Gradebook) -> None:
        """Write `--to` (`grades.csv` if it is not given) for the assignments and students that were asked for."""
        course = Course(Path(self.parent.coursedir.root))
        path = Path(self.to or "grades.csv")
        try:
            count = write_csv(course, gradebook, path, self.assignment, self.student)
        except GraderError as error:  # nbgrader would print the way to it, too
            self.log.error("Not exported: %s", error)
            raise SystemExit(2) from None
        self.log.info("Exported %d rows to %s", count, path)


def export_csv(course: Course, path: Path, assignments: Iterable[str] = (), students: Iterable[str] = ()) -> int:
    """Write the course's grades to a file, as `nbgrader export` does; return the number of rows.

    Raises:
        GraderError: the gradebook cannot be read or the file cannot be written.
    """
    with open_gradebook(course) as gradebook:
        return write_csv(course, gradebook, path, assignments, students)


def write_csv(
    course: Course, gradebook: Gradebook, path: Path, assignments: Iterable[str] = (), students: Iterable[str] = ()
) -> int:
    """Write the grades of an open gradebook to a file; return the number of rows.

    Args:
        course: whose store holds the verdicts check by check.
        gradebook: nbgrader's.
        path: the file; its folder must exist.
        assignments: which; all if empty.
        students: which; all if empty.
    """
    wanted, chosen = {str(name) for name in assignments}, {str(name) for name in students}
    people = People(course)
    rows = [
        _row(course, gradebook, assignment, student, counts) | _in_the_lms(people, assignment.name, student.id)
        for assignment in gradebook.assignments
        if not wanted or assignment.name in wanted
        for counts in [Staleness(course, assignment.name)]
        for student in gradebook.students
        if not chosen or student.id in chosen
    ]
    further = dict.fromkeys(key for row in rows for key in row if key not in COLUMNS)
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [*COLUMNS, *further], restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows({key: _plain(value) for key, value in row.items()} for row in rows)
    except OSError as error:
        raise GraderError(f"{path}: cannot be written ({error.strerror}). Next: name another file with --to.") from None
    return len(rows)


def _row(course: Course, gradebook: Gradebook, assignment: Any, student: Any, counts: Staleness) -> dict[str, object]:
    row: dict[str, object] = {
        "assignment": assignment.name,
        "duedate": assignment.duedate,
        "student_id": student.id,
        "last_name": student.last_name,
        "first_name": student.first_name,
        "email": student.email,
        "raw_score": 0.0,
        "late_submission_penalty": 0.0,
        "score": 0.0,
        "max_score": assignment.max_score,
    }
    try:
        submission = gradebook.find_submission(assignment.name, student.id)
    except MissingEntry:
        return row | {"waits_for": "a submission"}
    lateness = late(submission)
    penalty = lateness.penalty
    row |= {
        "seconds_late": lateness.seconds,
        "timestamp": submission.timestamp,
        "raw_score": submission.score,
        "late_submission_penalty": penalty,
        "score": max(0.0, submission.score - penalty),
    }
    automatic: dict[str, float | None] = {}
    manual: dict[str, float | None] = {}
    waiting = False
    for grade in grades(submission):
        waiting |= bool(grade.needs_manual_grade)
        if by_hand(grade):
            manual[name_of_cell(grade)] = None if grade.needs_manual_grade else grade.score
        else:
            automatic[name_of_cell(grade)] = grade.auto_score
    if any(points is None for points in automatic.values()):
        row |= {"raw_score": "", "score": "", "waits_for": "grading"}
    else:
        row |= {
            "auto_score": sum(points or 0.0 for points in automatic.values()),
            "manual_score": sum(points or 0.0 for points in manual.values()),
            "waits_for": "manual grading" if waiting else "",
        }
    row |= automatic | manual
    try:
        record = read_record(course, assignment.name, student.id)
    except GraderError as error:
        return row | {"stale": str(error)}
    if record is None:
        return row | {"stale": "no verdict is stored for this score"}
    say = sentences("en")
    return (
        row
        | {check.id: float(check.points) for check in record.result.checks}
        | {"notes": " ".join(say(note.key, **note.names) for note in record.notes)}
        | {"stale": counts.why(record) or _other_points(record, submission)}
    )


def _in_the_lms(people: People, assignment: str, student: str) -> dict[str, object]:
    """How the system that a hand-in came from names it."""
    person, handin = people.by_id.get(student), people.handin(student, assignment)
    row: dict[str, object] = {"lms": person.system, "lms_name": person.name} if person else {}
    if handin:
        row |= {"lms_number": handin.number, "lms_folder": handin.folder, "late": "yes" if handin.late else ""}
    return row


def _other_points(record: Record, submission: SubmittedAssignment) -> str:
    """Whether the gradebook holds other automatic points than the verdict gave."""
    held = {name_of_cell(grade): grade.auto_score for grade in grades(submission)}
    for function in record.result.functions:
        if held.get(function) != record.result.function_score(function)[0]:
            return f"the gradebook holds {held.get(function)} automatic points for {function}"
    return ""


def _plain(value: object) -> object:
    """Text that a spreadsheet does not take for a formula: names come from students."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return "" if value is None else value
