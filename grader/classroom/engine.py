"""Where a class is judged and its notebooks are run: many submissions in, what came of each out, in any order.

`Pool` does it on this machine; `cluster` on the workers of a Dask scheduler. Both do the same with one submission, and
nothing but their caller writes to the course.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, suppress
from typing import Protocol

from checks.core import Assignment

from ..course import Course
from ..sandbox.choose import warmed
from ..sandbox.launch import Launcher
from ..sandbox.process import StudentProcess
from ..sandbox.staging import SUBMISSION, stage_kit
from ..sandbox.temporary import temporary_folder
from ..sandbox.warm import Orphaned, WarmLauncher
from .compact import Compact
from .pages.notebook import notebooks_warmed
from .pool import each
from .prepared import Prepared
from .preparing import prepare
from .steps.for_reading import ExecuteForReading
from .verdicts import GradedSubmission, grade_submission, submission_folder
from .workshop import Judged, ToJudge, Work

Outcomes = Generator[tuple[str, GradedSubmission | Compact | Exception], None, None]
Notebooks = Generator[tuple[str, Prepared], None, None]


class Engine(Protocol):
    """Does what takes long about the submissions to one assignment."""

    @property
    def kind(self) -> str:
        """What verdicts depend on here besides submission and checks, such as the sandbox."""
        ...

    def judge(self, students: Sequence[str]) -> Outcomes:
        """Each student with the verdict, or with why there is none, as soon as it is known.

        Raises:
            GraderError: nothing more can be judged here.
        """
        ...

    def prepare(
        self, verdicts: Mapping[str, GradedSubmission], step: ExecuteForReading, ignored: Sequence[str]
    ) -> Notebooks:
        """Each student's submission, its notebook run, as soon as it is ready to be converted.

        Args:
            verdicts: by student.
            step: says how notebooks are run.
            ignored: patterns of names of files that are not copied.

        Raises:
            GraderError: nothing more can be prepared here.
        """
        ...

    def require_working(self) -> None:
        """Make sure that a fault was one submission's own.

        Raises:
            GraderError: it will be every submission's.
        """
        ...


Engines = Callable[[Course, Assignment, int], AbstractContextManager[Engine]]
"""Makes one for the submissions to an assignment, so many at a time."""


class Pool:
    """The cores of this machine.

    Args:
        course: the course.
        assignment: whose submissions are judged.
        launcher: the sandbox.
        jobs: how many submissions are judged, and how many notebooks run, at a time.
        work: processes that judge, where there are any; else threads do.
    """

    def __init__(
        self, course: Course, assignment: Assignment, launcher: Launcher, jobs: int, work: Work | None = None
    ) -> None:
        self.launcher, self._work = launcher, work
        self._course, self._assignment, self._jobs = course, assignment, jobs
        self._warm = launcher
        self._stack = ExitStack()

    def close(self) -> None:
        """End the processes from which workers are forked."""
        self._stack.close()

    @property
    def kind(self) -> str:
        """See `Engine`."""
        return self.launcher.name

    def judge(self, students: Sequence[str]) -> Outcomes:
        """See `Engine`."""
        if len(students) > 1 and self._warm is self.launcher:
            self._warm = self._stack.enter_context(warmed(self.launcher))
        if self._work and self._work.forked:
            return self._judged_apart(self._work, students)
        return each(self._judged, students, self._jobs)

    def _judged_apart(self, work: Work, students: Sequence[str]) -> Outcomes:
        warm = isinstance(self._warm, WarmLauncher)
        for one in work.each(ToJudge(student, self.launcher, warm) for student in students):
            assert isinstance(one, Judged)
            yield one.student, one.outcome

    def _judged(self, student: str) -> GradedSubmission | Exception:
        try:
            submission_folder(self._course, self._assignment.name, student)
            with suppress(Orphaned):
                return grade_submission(self._course, self._assignment, student, self._warm)
            return grade_submission(self._course, self._assignment, student, self.launcher)
        except Exception as error:  # of any kind: this submission gets no new score, the others do
            return error

    def prepare(
        self, verdicts: Mapping[str, GradedSubmission], step: ExecuteForReading, ignored: Sequence[str]
    ) -> Notebooks:
        """See `Engine`."""
        if verdicts:
            step.fill_cache(self._course)
        bounds = step.bounds

        def ready(student: str) -> Prepared:
            return prepare(verdicts[student], warm, bounds, ignored)

        with (
            notebooks_warmed(self._warm, bounds, self._course) as warm,
            closing(each(ready, list(verdicts), self._jobs)) as all_ready,
        ):
            yield from all_ready

    def require_working(self) -> None:
        """See `Engine`."""
        with temporary_folder() as stage:
            package = stage / SUBMISSION / self._course.settings.package
            package.mkdir(parents=True)
            (package / "__init__.py").touch()
            stage_kit(stage)
            with StudentProcess(stage, self.launcher) as process:
                process.begin()
