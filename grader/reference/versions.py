"""The reference and its mistaken versions, each as a student who wrote it so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from types import ModuleType
from typing import Any

from checks.core import Assignment, Check
from checks.executor.executor import Executor
from checks.executor.substituted import functions_of, load_stand_ins
from checks.mistakes import Mistake
from checks.student import Student

from ..course import Course
from .changed import Changed, change
from .edits import Edit, edits_of
from .mistakes import load_mistakes
from .package import Package, load_package


class Versions:
    """The reference and its mistaken versions, each made when it is first needed and kept for the next submission."""

    def __init__(self, course: Course, assignment: Assignment) -> None:
        self.course = course
        self.assignment = assignment
        self._students: dict[tuple[str, ...], Student] = {}

    @cached_property
    def mistakes(self) -> dict[str, Mistake]:
        """The known mistakes by id, likelier ones first."""
        return {mistake.id: mistake for mistake in load_mistakes(self.assignment)}

    @cached_property
    def package(self) -> Package:
        """The reference."""
        return load_package(self.course.package)

    @cached_property
    def over_stand_ins(self) -> tuple[Package, ModuleType]:
        """The reference with stand-ins in it, and these."""
        stand_ins = load_stand_ins(self.assignment.stand_ins)
        replaced = dict.fromkeys(self.assignment.substituted, functions_of(stand_ins))
        return load_package(self.course.package, replaced=replaced), stand_ins

    def changes(self, package: Package, mistakes: Sequence[str]) -> dict[str, Any]:
        """The functions that some known mistakes change.

        Raises:
            Overlap: two of them change the same text.
        """
        known = [self.mistakes[mistake] for mistake in mistakes]
        called = dict.fromkeys((mistake.module, mistake.function) for mistake in known)
        return change(package, [edits_of(mistake) for mistake in known], tuple(called))

    def student(self, *mistakes: str) -> Student:
        """The reference, with these known mistakes in it.

        Raises:
            Overlap: two of them change the same text.
        """
        if mistakes not in self._students:
            executor = Changed(self.package.name, others=self.changes(self.package, mistakes))
            over = self._student_over_stand_ins(mistakes) if self.assignment.over_stand_ins else None
            self._students[mistakes] = Student(executor, self.assignment.contract, over)
        return self._students[mistakes]

    def _student_over_stand_ins(self, mistakes: Sequence[str]) -> Student:
        """The same over stand-ins, where mistakes in the layers that these replace change nothing."""
        package, stand_ins = self.over_stand_ins
        built_on_them = [one for one in mistakes if self.mistakes[one].function in self.assignment.over_stand_ins]
        others = self.changes(package, built_on_them)
        return Student(Changed(package.name, others=others, stand_ins=stand_ins), self.assignment.contract)

    def asked_by(self, check: Check, *mistakes: str) -> Student:
        """As `student`, over stand-ins where the check's function is judged over them."""
        return self.assignment.asked(self.student(*mistakes), check.function)


@contextmanager
def whole_student(
    course: Course,
    assignment: Assignment,
    edits: Sequence[Edit] = (),
    replaced: Mapping[str, Mapping[str, Callable[..., Any]]] | None = None,
) -> Iterator[Student]:
    """The reference as a student who wrote it so: with some edits, and with some functions replaced, by module."""
    packages = [load_package(course.package, edits=edits, replaced=replaced)]
    student = Student(Executor(packages[0].name), assignment.contract)
    if assignment.over_stand_ins:
        stand_ins = load_stand_ins(assignment.stand_ins)
        over = dict(replaced or {}) | dict.fromkeys(assignment.substituted, functions_of(stand_ins))
        packages.append(load_package(course.package, edits=edits, replaced=over))
        substituted = Changed(packages[1].name, stand_ins=stand_ins)
        student.over_stand_ins = Student(substituted, assignment.contract)
    try:
        yield student
    finally:
        for package in packages:
            package.unload()
