"""Enters the scores of many submissions into the gradebook at once: the rows that nbgrader's own API would write.

What the rows say was decided by nbgrader's steps (`remembered`). What depends on what a person did meanwhile is decided
here, where it is written: that points which a person gave are looked at again, and what late work costs. The caller
commits.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nbformat.v4 import new_notebook
from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    MissingEntry,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    new_uuid,
)
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import Boolean, bindparam, case, insert, select, update
from traitlets.config import Config, LoggingConfigurable
from traitlets.utils.importstring import import_item

from ..grading.people import People
from ..text import log_to
from .late import seconds_late
from .remembered import UNSAID, HandedOut, HandedOutNotebook, Notebook, Remembered
from .server import one_at_a_time

_STUDENT, _WORK, _PAGE = Student.__table__, SubmittedAssignment.__table__, SubmittedNotebook.__table__
_GRADE, _COMMENT = Grade.__table__, Comment.__table__
_NAME = (
    update(_STUDENT)
    .where(_STUDENT.c.id == bindparam("its"), _STUDENT.c.first_name.is_(None), _STUDENT.c.last_name.is_(None))
    .values(first_name=bindparam("first"), last_name=bindparam("last"))
)
_TIME = update(_WORK).where(_WORK.c.id == bindparam("its")).values(timestamp=bindparam("time"))
_SCORE = (
    update(_GRADE)
    .where(_GRADE.c.id == bindparam("its"))
    .values(
        auto_score=bindparam("score"),
        needs_manual_grade=case((_GRADE.c.manual_score.is_not(None), True), else_=bindparam("waits", type_=Boolean())),
    )
)
_WAIT = (
    update(_GRADE).where(_GRADE.c.id == bindparam("its")).values(needs_manual_grade=bindparam("waits", type_=Boolean()))
)
_REMARK = update(_COMMENT).where(_COMMENT.c.id == bindparam("its")).values(auto_comment=bindparam("comment"))

Rows = list[dict[str, Any]]


class Entering:
    """Enters submissions to one assignment.

    Args:
        gradebook: kept open, so that nothing is in it before the caller commits.
        handed: what it holds of the assignment.
        db_url: its address.
        config: the course's.
        people: who is who.
    """

    def __init__(self, gradebook: Gradebook, handed: HandedOut, db_url: str, config: Config, people: People) -> None:
        self._gradebook, self._db, self._db_url = gradebook, gradebook.db, db_url
        self._handed, self._people = handed, people
        parent = LoggingConfigurable(config=config)
        parent.log = log_to(lambda _: None)
        steps = [
            import_item(step) if isinstance(step, str) else step for step in config.Autograde.autograde_preprocessors
        ]
        self._penalties = [
            step(parent=parent) for step in steps if isinstance(step, type) and issubclass(step, AssignLatePenalties)
        ]

    def enter(self, batch: Iterable[Remembered]) -> None:
        """Write what was said of some submissions.

        Raises:
            MissingEntry: the gradebook has no place for some of it.
            SQLAlchemyError: the gradebook cannot be written to.
        """
        said = {one.student: one for one in sorted(batch, key=lambda one: one.student)}
        self._db.expire_all()
        self._enter_students([*said])
        works = self._enter_works(said)
        pages = self._enter_pages(said, works)
        self._enter_grades(pages)
        self._enter_comments(pages)
        self._find_penalties(said, works)

    def _enter_students(self, students: list[str]) -> None:
        known = self._known_students(students)
        if new := [student for student in students if student not in known]:
            for student in new:  # in the order of names, so that no two graders wait for one another
                one_at_a_time(self._gradebook, student)
            known |= self._known_students(new)
            self._insert(_STUDENT, [{"id": student} for student in new if student not in known])
        nameless = [student for student in students if known.get(student, (None, None)) == (None, None)]
        names: Rows = []
        for student in nameless:
            person = self._people.by_id.get(student)
            first, last = (person.first_name, person.last_name) if person else ("", "")
            names.append({"its": student, "first": first, "last": last or student})
        self._change(_NAME, names)

    def _known_students(self, students: list[str]) -> dict[str, tuple[str | None, str | None]]:
        columns = _STUDENT.c.id, _STUDENT.c.first_name, _STUDENT.c.last_name
        rows = self._db.execute(select(*columns).where(_STUDENT.c.id.in_(students)))
        return {student: (first, last) for student, first, last in rows}

    def _enter_works(self, said: dict[str, Remembered]) -> dict[str, str]:
        """The id of each submission, by student; those that are new are entered with all their notebooks and cells."""
        known = dict(
            self._db.execute(
                select(_WORK.c.student_id, _WORK.c.id).where(
                    _WORK.c.assignment_id == self._handed.id, _WORK.c.student_id.in_([*said])
                )
            ).all()
        )
        new = {student: new_uuid() for student in said if student not in known}
        works: Rows = [
            {"id": work, "student_id": student, "assignment_id": self._handed.id} for student, work in new.items()
        ]
        pages: Rows = []
        grades: Rows = []
        comments: Rows = []
        for work in new.values():
            for own in self._handed.notebooks:
                page = new_uuid()
                pages.append({"id": page, "assignment_id": work, "notebook_id": own.id, "flagged": False})
                graded, answered = (*own.grade_cells, *own.task_cells), (*own.solution_cells, *own.task_cells)
                grades += [
                    {"id": new_uuid(), "cell_id": cell.id, "notebook_id": page, "needs_manual_grade": True}
                    for cell in graded
                ]
                comments += [{"id": new_uuid(), "cell_id": cell.id, "notebook_id": page} for cell in answered]
        for table, rows in ((_WORK, works), (_PAGE, pages), (_GRADE, grades), (_COMMENT, comments)):
            self._insert(table, rows)
        found = known | new
        self._change(
            _TIME,
            [
                {"its": found[one.student], "time": one.timestamp}
                for one in said.values()
                if one.timestamp is not UNSAID
            ],
        )
        return found

    def _enter_pages(
        self, said: dict[str, Remembered], works: dict[str, str]
    ) -> list[tuple[str, HandedOutNotebook, Notebook]]:
        """Each notebook's id, with what was handed out as it and what was said of it."""
        rows = self._db.execute(
            select(_PAGE.c.assignment_id, _PAGE.c.notebook_id, _PAGE.c.id).where(
                _PAGE.c.assignment_id.in_([*works.values()])
            )
        )
        ids = {(work, own): page for work, own, page in rows}
        found = []
        for student, one in said.items():
            for own, notebook in zip(self._handed.notebooks, one.notebooks, strict=True):
                if (page := ids.get((works[student], own.id))) is None:
                    raise MissingEntry(f"No such notebook: {self._handed.name}/{own.name} for {student}")
                found.append((page, own, notebook))
        return found

    def _enter_grades(self, pages: list[tuple[str, HandedOutNotebook, Notebook]]) -> None:
        ids = self._ids(_GRADE, pages)
        scores: Rows = []
        waits: Rows = []
        for page, own, notebook in pages:
            for cell, grade in zip((*own.grade_cells, *own.task_cells), notebook.grades, strict=True):
                if grade.auto_score is UNSAID and grade.needs_manual_grade is UNSAID:
                    continue
                its = {"its": self._its(ids, page, cell.id, cell.name), "waits": grade.needs_manual_grade}
                if grade.auto_score is UNSAID:
                    waits.append(its)
                else:
                    scores.append(its | {"score": grade.auto_score})
        self._change(_SCORE, scores)
        self._change(_WAIT, waits)

    def _enter_comments(self, pages: list[tuple[str, HandedOutNotebook, Notebook]]) -> None:
        ids = self._ids(_COMMENT, pages)
        remarks: Rows = []
        for page, own, notebook in pages:
            for cell, comment in zip((*own.solution_cells, *own.task_cells), notebook.comments, strict=True):
                if comment.auto_comment is not UNSAID:
                    its = self._its(ids, page, cell.id, cell.name)
                    remarks.append({"its": its, "comment": comment.auto_comment})
        self._change(_REMARK, remarks)

    def _ids(self, table: Any, pages: list[tuple[str, HandedOutNotebook, Notebook]]) -> dict[tuple[str, str], str]:
        """The ids of what a table holds of some notebooks, by notebook and cell."""
        columns = table.c.notebook_id, table.c.cell_id, table.c.id
        rows = self._db.execute(select(*columns).where(table.c.notebook_id.in_([page for page, _, _ in pages])))
        return {(page, cell): its for page, cell, its in rows}

    def _its(self, ids: dict[tuple[str, str], str], page: str, cell: str, name: str) -> str:
        if (page, cell) not in ids:
            raise MissingEntry(f"No such grade or comment: {self._handed.name}/{name}")
        return ids[page, cell]

    def _find_penalties(self, said: dict[str, Remembered], works: dict[str, str]) -> None:
        """Let nbgrader's step find out what late work costs, where that is asked and there is any."""
        asked = {
            student: [page.name for page in one.notebooks if page.late_submission_penalty is None]
            for student, one in said.items()
        }
        if not any(asked.values()):
            return
        columns = _WORK.c.student_id, _WORK.c.timestamp, _WORK.c.extension, _PAGE.c.late_submission_penalty
        rows = self._db.execute(
            select(*columns).join(_PAGE, _PAGE.c.assignment_id == _WORK.c.id).where(_WORK.c.id.in_([*works.values()]))
        )
        late = {
            student
            for student, time, extension, penalty in rows
            if penalty is not None or seconds_late(time, self._handed.duedate, extension) > 0
        }
        for student in sorted(late):
            for name in asked[student]:
                names = {"notebook": name, "assignment": self._handed.name, "student": student, "db_url": self._db_url}
                for step in self._penalties:
                    step.preprocess(new_notebook(), {"nbgrader": names})  # type: ignore[no-untyped-call]

    def _insert(self, table: Any, rows: Rows) -> None:
        if rows:
            self._db.execute(insert(table), rows)

    def _change(self, statement: Any, rows: Rows) -> None:
        if rows:
            self._db.connection().execute(statement, rows)
