"""The reference and its mistaken versions, each as a student who wrote it so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import chain, combinations
from types import ModuleType
from typing import Any, TypeVar

from checks.core import Assignment, Check
from checks.executor.executor import Executor
from checks.executor.substituted import functions_of, load_stand_ins
from checks.mistakes import Family, Mistake
from checks.student import Student

from ..course import Course
from .changed import Changed, change
from .edits import Edit, edits_of, with_number
from .mistakes import load_families, load_mistakes
from .package import Package, load_package

K = TypeVar("K")
T = TypeVar("T")

_KEPT = 512
"""Mistaken versions: all known mistakes alone, and some together, of which there are tens of thousands."""


class Versions:
    """The reference and its mistaken versions, each made when it is first needed and kept for the next submission."""

    def __init__(self, course: Course, assignment: Assignment, straight: dict[str, bool] | None = None) -> None:
        self.course = course
        self.assignment = assignment
        self.asks_everybody_the_same = {} if straight is None else straight
        """Of the checks that were asked about, by id (`asked`)."""
        self._students: dict[tuple[str, ...], Student] = {}
        self._changes: dict[tuple[str, tuple[str, ...]], dict[str, Any]] = {}

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

    @cached_property
    def partly_over_stand_ins(self) -> tuple[Student, ...]:
        """The reference as one that writes some of what stand-ins take the place of itself, and calls the others."""
        groups = self.assignment.written_inside
        stand_ins = self.over_stand_ins[1]
        all_of_them = frozenset(chain.from_iterable(groups))
        chosen = chain.from_iterable(combinations(groups, count) for count in range(1, len(groups)))
        students = []
        for written in dict.fromkeys(frozenset(chain.from_iterable(own)) for own in chosen):
            if written == all_of_them:
                continue
            others = {name: value for name, value in functions_of(stand_ins).items() if name not in written}
            package = load_package(self.course.package, replaced=dict.fromkeys(self.assignment.substituted, others))
            students.append(Student(Changed(package.name, stand_ins=stand_ins), self.assignment.contract))
        return tuple(students)

    @cached_property
    def families(self) -> dict[str, Family]:
        """The families of forward passes with a number to fit, by id."""
        return {family.id: family for family in load_families(self.assignment)}

    def changes(self, package: Package, mistakes: Sequence[str], number: float | None = None) -> dict[str, Any]:
        """The functions that some known mistakes change, and families with a number in them.

        Raises:
            Overlap: two of them change the same text.
        """
        key = package.name, tuple(mistakes)
        if number is None and key in self._changes:
            return self._changes[key]
        known = [self.families[id] if id in self.families else self.mistakes[id] for id in mistakes]
        edits = [with_number(one, number) if isinstance(one, Family) else edits_of(one) for one in known]
        called = dict.fromkeys((one.module, one.function) for one in known)
        for one in known:
            called |= dict.fromkeys(self._built_on(one.function))
        made = change(package, edits, tuple(called))
        if number is None:  # of numbers there is no end
            _keep(self._changes, key, made)
        return made

    def _built_on(self, function: str) -> list[tuple[str, str]]:
        """Module and name of the forward functions that are built on another, which a change to it reaches."""
        groups = [self.assignment.forwards_of(backward) for backward in self.assignment.forward_of]
        names = {name: None for group in groups if function in group for name in group[group.index(function) :]}
        return [(self.assignment.module_of(name), name) for name in names]

    def student(self, *mistakes: str, number: float | None = None) -> Student:
        """The reference, with these known mistakes in it, and a number in those that are families.

        Raises:
            Overlap: two of them change the same text.
        """
        if number is None and mistakes in self._students:
            return self._students[mistakes]
        executor = Changed(self.package.name, others=self.changes(self.package, mistakes, number))
        over = self._student_over_stand_ins(mistakes) if self.assignment.over_stand_ins else None
        student = Student(executor, self.assignment.contract, over)
        if number is None:
            _keep(self._students, mistakes, student)
        return student

    def _student_over_stand_ins(self, mistakes: Sequence[str]) -> Student:
        """The same over stand-ins, where mistakes in the functions that these replace change nothing."""
        package, stand_ins = self.over_stand_ins
        known = [self.mistakes[one] for one in mistakes if one in self.mistakes]
        built_on_them = [one.id for one in known if one.function in self.assignment.over_stand_ins]
        others = self.changes(package, built_on_them)
        return Student(Changed(package.name, others=others, stand_ins=stand_ins), self.assignment.contract)

    def asked_by(self, check: Check, *mistakes: str) -> Student:
        """As `student`, over stand-ins where the check's function is judged over them."""
        return self.assignment.asked(self.student(*mistakes), check.function)


def _keep(kept: dict[K, T], key: K, value: T) -> None:
    """Keep one more; the oldest goes where there are many, as a grader works for a whole class."""
    if len(kept) >= _KEPT:
        del kept[next(iter(kept))]
    kept[key] = value


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
