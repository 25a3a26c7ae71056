"""What a process does for a class: judges submissions, then converts them (`processes`)."""

from __future__ import annotations

from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from typing import Any

from traitlets.config import Config

from ..course import Course
from ..sandbox.launch import Launcher
from ..sandbox.warm import Orphaned, WarmLauncher, Zygotes
from .compact import Compact, Verdicts, compact
from .conversions import Converted, convert
from .gradebook import course_config
from .prepared import Prepared
from .processes import FEWEST, Processes
from .remembered import HandedOut
from .verdicts import grade_submission, submission_folder


@dataclass(frozen=True)
class ToJudge:
    """A submission that is to be judged."""

    student: str
    launcher: Launcher
    warm: bool
    """Whether the sandbox holds around workers that begin warm."""


@dataclass(frozen=True)
class Judged:
    """What came of it."""

    student: str
    outcome: Compact | Exception


@dataclass(frozen=True)
class ToConvert:
    """A submission that is to be converted."""

    verdict: Compact
    ready: Prepared | None
    """What was done about its notebook, without the verdict."""
    handed: HandedOut


Work = Processes[ToJudge | ToConvert, Judged | Converted]


def to_convert(verdict: Compact, ready: Prepared | None, handed: HandedOut) -> ToConvert:
    """A submission to be converted.

    Args:
        verdict: on it.
        ready: what was done about its notebook.
        handed: what the gradebook holds of the assignment.
    """
    if ready is not None:
        launcher = ready.launcher.fresh if isinstance(ready.launcher, WarmLauncher) else ready.launcher
        apart: Any = None
        ready = replace(ready, verdict=apart, launcher=launcher)
    return ToConvert(verdict, ready, handed)


def work_on(course: Course, name: str, students: int, jobs: int, *, run_notebooks: bool) -> Work:
    """Processes that work on a class; to be made before there is any thread, and closed.

    Args:
        course: the course.
        name: the assignment.
        students: how many there are.
        jobs: how many are judged, or converted, at a time.
        run_notebooks: as in `grade_class`.
    """
    return Processes(
        Workshop(course, name, run_notebooks=run_notebooks), min(jobs, students) if students >= FEWEST else 1
    )


class Workshop:
    """Does what is asked of a process, and raises nothing that is one submission's own.

    Args:
        course: the course.
        name: the assignment.
        run_notebooks: as in `grade_class`.
    """

    def __init__(self, course: Course, name: str, *, run_notebooks: bool) -> None:
        self._course, self._name, self._run_notebooks = course, name, run_notebooks
        self._stack = ExitStack()
        self._warm: Launcher | None = None
        self._config: Config | None = None
        self._verdicts: Verdicts | None = None

    def __call__(self, item: ToJudge | ToConvert) -> Judged | Converted:
        """Judge a submission, or convert it."""
        return Judged(item.student, self._judged(item)) if isinstance(item, ToJudge) else self._converted(item)

    def close(self) -> None:
        """End the process from which workers are forked."""
        self._stack.close()
        self._warm = None

    def _judged(self, item: ToJudge) -> Compact | Exception:
        try:
            assignment = self._course.assignment(self._name)
            submission_folder(self._course, self._name, item.student)
            with suppress(Orphaned):
                return compact(grade_submission(self._course, assignment, item.student, self._warmed(item)))
            return compact(grade_submission(self._course, assignment, item.student, item.launcher))
        except Exception as error:  # of any kind: this submission gets no new score, the others do
            return error

    def _warmed(self, item: ToJudge) -> Launcher:
        if self._warm is None:
            self._warm = item.launcher
            if item.warm:
                zygotes = self._stack.enter_context(closing(Zygotes(item.launcher)))  # type: ignore[arg-type]
                self._warm = WarmLauncher(item.launcher, zygotes)  # type: ignore[arg-type]
        return self._warm

    def _converted(self, item: ToConvert) -> Converted:
        self.close()  # nothing more is judged
        if self._config is None or self._verdicts is None:
            self._config = course_config(self._course)
            if not self._run_notebooks:
                self._config.ExecuteForReading.enabled = False
            self._verdicts = Verdicts(self._course.assignment(self._name))
        verdict = self._verdicts.whole(item.verdict)
        ready = replace(item.ready, verdict=verdict) if item.ready else Prepared(verdict, None)
        return convert(ready, self._config, item.handed)
