"""A gradebook that remembers what a conversion says, for the one who enters the whole class at once.

nbgrader's steps ask the gradebook for each cell of each submission what was handed out, and write each grade in a query
of its own. While `in_place_of_the_gradebook` lasts, what they open (`kept_open.open_shared`) is a gradebook that knows
what was handed out, which is the same for all, and keeps what it is told; nbgrader's own code decides what that is. A
step that asks for anything else is told `NeedsGradebook`, and the submission is converted with the gradebook itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Protocol, TypeVar

from nbgrader import utils
from nbgrader.api import Gradebook, MissingEntry


class _Named(Protocol):
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=_Named)


class NeedsGradebook(Exception):
    """A step asks for what only the gradebook itself can say."""


@dataclass(frozen=True)
class Cell:
    """A cell as it was handed out, as far as nbgrader's steps look at one."""

    id: str
    name: str
    cell_type: str = ""
    locked: bool = False
    source: str = ""
    checksum: str = ""
    max_score: float = 0.0


@dataclass(frozen=True)
class HandedOutNotebook:
    """A notebook as it was handed out."""

    id: str
    name: str
    kernelspec: str | None
    source_cells: list[Cell]
    grade_cells: list[Cell]
    solution_cells: list[Cell]
    task_cells: list[Cell]


@dataclass(frozen=True)
class HandedOut:
    """What a gradebook holds of an assignment whoever hands in."""

    id: str
    name: str
    duedate: datetime | None
    notebooks: list[HandedOutNotebook]


def handed_out(gradebook: Gradebook, name: str) -> HandedOut:
    """Read it.

    Args:
        gradebook: which knows the assignment.
        name: the assignment.
    """
    assignment = gradebook.find_assignment(name)
    notebooks = []
    for notebook in assignment.notebooks:
        sources = [
            Cell(one.id, one.name, one.cell_type, bool(one.locked), one.source, one.checksum)
            for one in notebook.source_cells
        ]
        graded = [
            [Cell(one.id, one.name, one.cell_type, max_score=float(one.max_score)) for one in cells]
            for cells in (notebook.grade_cells, notebook.task_cells)
        ]
        answers = [Cell(one.id, one.name) for one in notebook.solution_cells]
        notebooks.append(
            HandedOutNotebook(notebook.id, notebook.name, notebook.kernelspec, sources, graded[0], answers, graded[1])
        )
    return HandedOut(assignment.id, assignment.name, assignment.duedate, notebooks)


class Unsaid(Enum):
    """The value of what nobody said."""

    UNSAID = "unsaid"


UNSAID = Unsaid.UNSAID


@dataclass
class Grade:
    """What nbgrader's steps say of the points of one cell."""

    name: str
    auto_score: float | Unsaid | None = UNSAID
    needs_manual_grade: bool | Unsaid = UNSAID
    manual_score: None = None
    """What a person gave is known where it is entered."""


@dataclass
class Comment:
    """What nbgrader's steps say of the answer in one cell."""

    name: str
    auto_comment: str | Unsaid | None = UNSAID


@dataclass
class Notebook:
    """One notebook of a submission."""

    name: str
    grades: list[Grade]
    comments: list[Comment]
    score: float = 0.0
    late_submission_penalty: float | Unsaid | None = UNSAID
    """None where a step is to find it out: that takes the points that a person gave."""


@dataclass
class Remembered:
    """A submission, as far as it was spoken of."""

    student: str
    first_name: str | None = None
    last_name: str | None = None
    timestamp: datetime | Unsaid = UNSAID
    """When it was handed in."""
    notebooks: list[Notebook] = field(default_factory=list)
    total_seconds_late: int = 0
    asked_for_more: bool = False
    """Whether a step needs the gradebook itself."""


_in_place: tuple[HandedOut, Remembered] | None = None


@contextmanager
def in_place_of_the_gradebook(handed: HandedOut, student: str) -> Iterator[Remembered]:
    """While this lasts, the gradebook that is opened is one that remembers what is said of a student's submission."""
    global _in_place
    outer, remembered = _in_place, Remembered(student)
    _in_place = handed, remembered
    try:
        yield remembered
    finally:
        _in_place = outer


def take_place(gradebook: Gradebook) -> bool:
    """Make a gradebook that is being opened the one that remembers; whether there is one to be."""
    if _in_place is None:
        return False
    gradebook.__class__ = RememberingGradebook
    gradebook.handed, gradebook.remembered = _in_place
    gradebook.db = _Session(gradebook.remembered)
    return True


class RememberingGradebook(Gradebook):  # type: ignore[misc]
    """What `take_place` makes of a gradebook; its other methods are nbgrader's, and find no database."""

    handed: HandedOut
    remembered: Remembered

    def close(self) -> None:
        """Nothing is open."""

    def update_or_create_student(self, student_id: str, **names: Any) -> Remembered:
        """See `Gradebook`."""
        if names or student_id != self.remembered.student:
            self._needed()
        return self.remembered

    def find_student(self, student_id: str) -> Remembered:
        """See `Gradebook`."""
        return self.update_or_create_student(student_id)

    def find_assignment(self, name: str) -> HandedOut:
        """See `Gradebook`."""
        if name != self.handed.name:
            self._needed()
        return self.handed

    def update_or_create_submission(self, assignment: str, student: str, **values: Any) -> Remembered:
        """See `Gradebook`."""
        self.find_assignment(assignment)
        self.find_student(student)
        if values.keys() - {"timestamp"}:
            self._needed()
        if "timestamp" in values:
            self.remembered.timestamp = utils.parse_utc(values["timestamp"])
        if not self.remembered.notebooks:
            self.remembered.notebooks = [
                Notebook(
                    own.name,
                    [Grade(cell.name) for cell in (*own.grade_cells, *own.task_cells)],
                    [Comment(cell.name) for cell in (*own.solution_cells, *own.task_cells)],
                )
                for own in self.handed.notebooks
            ]
        return self.remembered

    def find_submission(self, assignment: str, student: str) -> Remembered:
        """See `Gradebook`."""
        return self.update_or_create_submission(assignment, student)

    def find_submission_notebook(self, notebook: str, assignment: str, student: str) -> Notebook:
        """See `Gradebook`."""
        return _named(notebook, self.find_submission(assignment, student).notebooks)

    def find_notebook(self, name: str, assignment: str) -> HandedOutNotebook:
        """See `Gradebook`."""
        return _named(name, self.find_assignment(assignment).notebooks)

    def find_source_cell(self, name: str, notebook: str, assignment: str) -> Cell:
        """See `Gradebook`."""
        return _named(name, self.find_notebook(notebook, assignment).source_cells)

    def find_graded_cell(self, name: str, notebook: str, assignment: str) -> Cell:
        """See `Gradebook`."""
        own = self.find_notebook(notebook, assignment)
        return _named(name, [*own.grade_cells, *own.task_cells])

    def find_grade(self, grade_cell: str, notebook: str, assignment: str, student: str) -> Grade:
        """See `Gradebook`."""
        return _named(grade_cell, self.find_submission_notebook(notebook, assignment, student).grades)

    def find_comment(self, solution_cell: str, notebook: str, assignment: str, student: str) -> Comment:
        """See `Gradebook`."""
        return _named(solution_cell, self.find_submission_notebook(notebook, assignment, student).comments)

    def _needed(self) -> None:
        self.remembered.asked_for_more = True
        raise NeedsGradebook("what a step asks only the gradebook itself can say")


class _Session:
    """What stands for the session with a database: there is nothing to write yet, and nothing to ask."""

    def __init__(self, remembered: Remembered) -> None:
        self._remembered = remembered

    def commit(self) -> None:
        """Nothing is written before the whole batch is."""

    flush = commit

    def __getattr__(self, name: str) -> Any:
        self._remembered.asked_for_more = True
        raise NeedsGradebook(f"a step asks the database itself ({name})")


def _named(name: str, all_of_them: Iterable[N]) -> N:
    for one in all_of_them:
        if one.name == name:
            return one
    raise MissingEntry(f"No such entry: {name}")
