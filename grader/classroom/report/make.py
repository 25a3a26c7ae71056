"""Makes the report of one class: reads what is stored, grades nothing.

path = write_report(course, "quadrature")
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.core import Assignment

from ...course import Course
from ...errors import GraderError
from ...text import shown
from ..status import standings
from .anonymous import marks, without_names
from .data import data_of
from .numbers import Numbers, numbers_of
from .page import page
from .places import feedback_links, report_path, write, write_page


@dataclass(frozen=True)
class Report:
    """A class, as it is shown."""

    course: Course
    assignment: Assignment
    numbers: Numbers
    student: str
    """Whose section it begins with, by the name that is shown; nobody's if empty."""
    anonymous: bool

    def data(self) -> dict[str, Any]:
        """As an object of JSON."""
        return data_of(self.course, self.assignment, self.numbers, student=self.student, anonymous=self.anonymous)

    def html(self, path: Path) -> str:
        """As a page that will lie at `path`; one without names has no links."""
        students = [one.student for one in self.numbers.standings]
        links = {} if self.anonymous else feedback_links(self.course, self.assignment.name, students, path)
        return page(self.course, self.assignment, self.numbers, links, student=self.student, anonymous=self.anonymous)


def read_report(course: Course, name: str, student: str = "", *, anonymous: bool = False) -> Report:
    """What is known of a class.

    Args:
        course: the course.
        name: the assignment.
        student: whose own section is wanted; nobody's if empty.
        anonymous: whether marks stand for names.

    Raises:
        GraderError: no such assignment or student, or the gradebook cannot be used.
    """
    assignment = course.assignment(name)
    found = standings(course, name)
    if student and student not in {one.student for one in found}:
        raise GraderError(
            f"{shown(student)}: expected a student of the gradebook or under submitted/, found none of that name among "
            f"{len(found)}. Next: check the spelling; `grader status {name}` lists them."
        )
    if anonymous:
        mark = marks(course, [one.student for one in found])
        found, student = without_names(assignment, found, mark), mark.get(student, "")
    return Report(course, assignment, numbers_of(course, assignment, found), student, anonymous)


def write_report(course: Course, name: str, student: str = "", *, anonymous: bool = False) -> Path:
    """Write the page of a class, and return where it lies.

    Raises:
        GraderError: as `read_report`, or the page cannot be written.
    """
    report = read_report(course, name, student, anonymous=anonymous)
    path = report_path(course, name, report.student, anonymous=anonymous)
    write_page(course, path, report.html(path))
    return path


def write_data(report: Report, file: Path) -> None:
    """Write a report as JSON.

    Raises:
        GraderError: something else has the file's name, or it cannot be written.
    """
    write(file, f"{json.dumps(report.data(), ensure_ascii=False, indent=2)}\n")
