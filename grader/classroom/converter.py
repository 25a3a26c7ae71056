"""nbgrader's converter as this kit needs it: from `submitted/` to `autograded/` and into the gradebook.

`grader grade` builds it with a verdict in hand; nbgrader's own command and formgrader get to it through `exchanged`.
nbgrader has no setting for what happens around a notebook, and there its own converter

- passes over a folder that holds no `*.ipynb`, and over one that an interrupted run left half done;
- enters the submission into the gradebook before anything was graded;
- copies whatever a submission holds, links and special files too;
- has no step after the notebook is written, from which on a verdict counts.
"""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde, BaseConverter
from nbgrader.converters.base import NbGraderException
from nbgrader.utils import parse_utc, rmtree
from traitlets import Instance

from ..course import Course, course_of
from ..errors import GraderError
from ..grading.people import People
from ..surroundings import unchanged
from ..text import shown
from .carrying import carry_over
from .exporter import verdict_of
from .kept_open import commit_all
from .late import TIMESTAMP
from .pages.bounded import at_hand
from .prepared import Prepared
from .results import UNFINISHED, mark_stale, read_record, staleness, write_record
from .runs import only_one
from .server import only_one_on_server
from .verdicts import GradedSubmission, grade_submission

_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})\. ?(?P<month>\d{1,2})\. ?(?P<year>\d{4})\.?")
_ZONE = re.compile(r"(?<=\d) ?([+-])(\d\d):?(\d\d)$")
_YEARS = (1970, 9000)
"""In which a time can be shown in any zone, and subtracted from any other."""


class _PlainFiles(BaseConverter):  # type: ignore[misc]
    """Carries the files of a submission over: plain ones, the package to where it belongs, and not without bound.

    In the order of `SubmissionConverter`'s bases this comes after `Autograde`, whose `init_assignment` begins with that
    of `BaseConverter`, which copies everything.
    """

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        verdict = verdict_of(self)
        destination = Path(self._format_dest(assignment_id, student_id))
        destination.mkdir(parents=True, exist_ok=True)  # also where nothing but the notebook was handed in
        carry_over(verdict, destination, [*self.coursedir.ignore, "*.ipynb", TIMESTAMP])
        source = Path(self._format_source(assignment_id, student_id))
        if existing_timestamp(str(source)) is not None:
            (destination / TIMESTAMP).write_bytes((source / TIMESTAMP).read_bytes())


class SubmissionConverter(Autograde, _PlainFiles):  # type: ignore[misc]
    """Converts submissions: one that was prepared, or all that `coursedir` names, each judged on the way."""

    prepared = Instance(Prepared, allow_none=True, help="What a class run knows of its one submission beforehand.")
    verdict = Instance(GradedSubmission, allow_none=True, help="The verdict on the submission that is converted now.")

    def init_notebooks(self) -> None:
        """List every folder of the assignment under `submitted/`, each with the notebook that it should hold."""
        coursedir = self.coursedir
        self.notebooks: list[str] = []
        self.assignments: dict[str, list[str]] = {}
        expected = f"{coursedir.assignment_id}.ipynb"
        # Any other notebook is unknown to nbgrader, and there may be thousands.
        handed_out = {path.name for path in (course_of(self).release / coursedir.assignment_id).glob("*.ipynb")}
        for folder in folders_of(self, coursedir.assignment_id, coursedir.student_id):
            path = Path(folder)
            if path.is_dir():
                found = {str(path / name) for name in handed_out if (path / name).exists()} | {str(path / expected)}
                wanted = [name for name in found if fnmatch.fnmatch(Path(name).stem, coursedir.notebook_id)]
                if wanted:
                    self.assignments[folder] = wanted
            else:
                self.log.error("Not graded: %s: expected a folder.", shown(folder))
        if not self.assignments:
            super().init_notebooks()  # which says what it looked for, and stops

    def convert_notebooks(self) -> None:
        """One grader at a time: two would write to the same folders and the same scores."""
        try:
            with self._alone(), unchanged("NBGRADER_EXECUTION"):
                super().convert_notebooks()
        except GraderError as error:
            self.log.error("Not graded: %s", error)
            raise NbGraderException(str(error)) from None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if self.prepared:  # by a class run, which keeps others away itself
            yield
            return
        name = self.coursedir.assignment_id
        with only_one(course_of(self), name), only_one_on_server(self.coursedir.db_url, name), at_hand():
            yield

    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        """Grade again what has no verdict that counts, as an interrupted run leaves it; else as nbgrader does."""
        destination = Path(self._format_dest(assignment_id, student_id))
        if destination.is_dir() and not _counts(course_of(self), assignment_id, student_id):
            rmtree(str(destination))
        return bool(super().init_destination(assignment_id, student_id))

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """Reach the verdict first: where the kit itself fails, the gradebook is not touched."""
        course = course_of(self)
        self.verdict = None
        try:
            mark_stale(course, assignment_id, student_id, UNFINISHED)
            if self.prepared:
                assert self.prepared.verdict.result.student == student_id
                self.verdict = self.prepared.verdict
            else:
                self.verdict = grade_submission(course, course.assignment(assignment_id), student_id)
        except GraderError as error:
            self.log.error("%s: not graded, no score was written. %s", student_id, error)
            with suppress(GraderError):  # a full disk may be what stopped the grader
                mark_stale(course, assignment_id, student_id, str(error))
            raise
        source = Path(self._format_source(assignment_id, student_id))
        if os.path.lexists(source / TIMESTAMP) and existing_timestamp(str(source)) is None:
            self.verdict.note("timestamp")
        before = self._automatic_scores(assignment_id, student_id)
        super().init_assignment(assignment_id, student_id)
        self._automatic_scores(assignment_id, student_id, restore=before)
        self._enter_name(course, student_id)

    def _enter_name(self, course: Course, student_id: str) -> None:
        """Give a student who has no name in the gradebook one, so that formgrader does not show "None, None"."""
        person = People(course).by_id.get(student_id)
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            student = gradebook.find_student(student_id)
            if student.first_name is None and student.last_name is None:
                student.first_name = person.first_name if person else ""
                student.last_name = (person.last_name if person else "") or student_id
                gradebook.db.commit()

    def set_permissions(self, assignment_id: str, student_id: str) -> None:
        """Store the verdict once everything else is done: from here on it counts."""
        super().set_permissions(assignment_id, student_id)
        commit_all()
        write_record(course_of(self), verdict_of(self).to_record())

    def _automatic_scores(
        self, assignment_id: str, student_id: str, restore: dict[str, float | None] | None = None
    ) -> dict[str, float | None]:
        """The automatic scores that the gradebook holds; with `restore`, first set back to those.

        nbgrader enters 0 for a notebook that was not handed in, before it converts: here the notebook is graded all the
        same, and if it cannot be, no score may have been written.
        """
        scores = {}
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            with suppress(MissingEntry):
                for notebook in gradebook.find_submission(assignment_id, student_id).notebooks:
                    for grade in notebook.grades:
                        if restore is not None:
                            grade.auto_score = restore.get(grade.name)
                        scores[grade.name] = grade.auto_score
            gradebook.db.commit()
        return scores


def folders_of(converter: BaseConverter, assignment: str, student: str) -> list[str]:
    """The folders that a converter is to convert: a student's own, by whatever name, or all that match a pattern."""
    named = converter._format_source(assignment, student)
    return [named] if Path(named).is_dir() else glob.glob(named)  # noqa: PTH207


def existing_timestamp(folder: str) -> datetime | None:
    """When the work in a folder was submitted; None where its `timestamp.txt` does not say."""
    path = Path(folder, TIMESTAMP)
    with suppress(Exception):  # what dates can be made to mean, and overflow to, is not known to anybody
        if not path.is_symlink() and path.is_file() and path.stat().st_size < 1000:
            found = parse_utc(_as_nbgrader_reads(path.read_text(encoding="utf-8").strip()))
            if isinstance(found, datetime) and _YEARS[0] <= found.year <= _YEARS[1]:
                return found
    return None


def _as_nbgrader_reads(text: str) -> str:
    """A time in the form that nbgrader reads right: it takes +0100 for seconds, and 10.01. for October."""
    if day := _DAY_FIRST.match(text):
        text = f"{day['year']}-{int(day['month']):02}-{int(day['day']):02} {text[day.end() :].strip(' ,.')}".strip()
    return _ZONE.sub(r"\1\2:\3", text)


def _counts(course: Course, assignment: str, student: str) -> bool:
    with suppress(GraderError):
        record = read_record(course, assignment, student)
        return record is not None and not staleness(course, record)
    return False
