"""From the verdicts on a class to the gradebook: converted several at a time, entered many in one transaction.

A batch is committed, and then its verdicts are stored, from which on they count. A grader that is killed between the
two leaves scores whose verdicts do not count, and the next run grades these submissions again.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, nullcontext

from traitlets import TraitError
from traitlets.config import Config

from ..course import CONFIG, Course
from ..errors import GraderError
from ..grading.people import People
from ..plugins import names_of
from .compact import Verdicts
from .conversions import Converted
from .converter import SubmissionConverter
from .engine import Engine
from .entering import Entering
from .gradebook import course_directory, open_gradebook, run_converter, without_remarks
from .kept_open import commit_all, forget_all
from .pages.bounded import at_hand
from .pool import counted
from .prepared import Prepared
from .remembered import HandedOut, handed_out
from .results import write_record_bytes
from .steps.for_reading import ExecuteForReading
from .workshop import ToConvert, Work, to_convert

MOST = 25
"""Submissions in one transaction."""
LONGEST = 10.0
"""Seconds after which a transaction takes no more of them: a grader that is killed loses what it did since the last."""


def convert_all(
    course: Course,
    name: str,
    config: Config,
    verdicts: Verdicts,
    engine: Engine,
    work: Work,
    require_working: Callable[[], None],
) -> Generator[tuple[str, str], None, None]:
    """Each student whose submission was converted and entered, with the reason if that failed.

    Args:
        course: the course.
        name: the assignment.
        config: the course's.
        verdicts: by student.
        engine: runs their notebooks.
        work: converts them.
        require_working: raises if a fault is not one submission's own.

    Raises:
        GraderError: the kit itself no longer works, or its configuration cannot be used.
    """
    try:
        step = ExecuteForReading(config=config)
    except TraitError as error:
        raise GraderError(f"{course.root / CONFIG}: {error} Next: correct the setting; no score was written.") from None
    listed = set(map(str, config.Autograde.get("autograde_preprocessors", ())))
    run = step.enabled and bool(listed.intersection(names_of("ExecuteForReading")))
    ignored = course_directory(config, name).ignore
    with open_gradebook(course) as gradebook:
        handed = handed_out(gradebook, name)
    forget_all()
    with (
        without_remarks(),
        at_hand(),
        closing(engine.prepare(verdicts, step, ignored)) if run else nullcontext() as all_ready,
    ):
        tasks: Iterator[ToConvert] = (
            (to_convert(verdicts.in_few_bytes(student), ready, handed) for student, ready in all_ready)
            if all_ready
            else (to_convert(verdicts.in_few_bytes(student), None, handed) for student in verdicts)
        )
        done = ((one.student, one) for one in work.each(tasks) if isinstance(one, Converted))
        converted = counted(done, len(verdicts), "gradebook")
        with closing(converted):
            batches = _Batches(course, name, config, verdicts, handed, require_working)
            yield from batches.enter_all(one for _, one in converted)


class _Batches:
    """Enters what is converted.

    Args: those of `convert_all`, and what the gradebook holds of the assignment.
    """

    def __init__(
        self,
        course: Course,
        name: str,
        config: Config,
        verdicts: Verdicts,
        handed: HandedOut,
        require_working: Callable[[], None],
    ) -> None:
        self._course, self._name, self._config, self._verdicts = course, name, config, verdicts
        self._handed, self._require_working = handed, require_working
        self._people = People(course)

    def enter_all(self, all_converted: Iterable[Converted]) -> Iterator[tuple[str, str]]:
        """Each student whose scores are in the gradebook and whose verdict is stored, with the reason if not."""
        batch: list[Converted] = []
        began = 0.0
        for one in all_converted:
            if one.needs_gradebook:
                yield from self._enter(batch)
                batch = []
                yield one.student, self._convert_with_gradebook(one.student)
            elif one.problem:
                yield one.student, one.problem
            else:
                began = began if batch else time.monotonic()
                batch.append(one)
                if len(batch) >= MOST or time.monotonic() - began > LONGEST:
                    yield from self._enter(batch)
                    batch = []
        yield from self._enter(batch)

    def _enter(self, batch: list[Converted]) -> Iterator[tuple[str, str]]:
        if not batch:
            return
        problem = self._commit(batch)
        if problem and batch[1:]:
            self._require_working()
            for one in batch:  # the fault is one's own
                yield from self._enter([one])
        elif problem:
            student = batch[0].student
            shutil.rmtree(self._course.root / "autograded" / student / self._name, ignore_errors=True)
            yield student, problem
        else:
            for one in batch:
                yield one.student, self._store(one)

    def _commit(self, batch: list[Converted]) -> str:
        """Why the scores are not in the gradebook; empty if they are."""
        db_url = course_directory(self._config, self._name).db_url
        try:
            with open_gradebook(self._course) as gradebook:
                entering = Entering(gradebook, self._handed, db_url, self._config, self._people)
                entering.enter(one.said for one in batch if one.said)
                commit_all()
        except Exception as error:
            forget_all()
            known = isinstance(error, GraderError)
            return str(error) if known else f"{type(error).__name__}: {error}".splitlines()[0]
        return ""

    def _store(self, one: Converted) -> str:
        """Why a verdict is not stored; empty if it is."""
        try:
            write_record_bytes(self._course, self._name, one.student, one.record)
        except GraderError as error:
            return str(error)
        return ""

    def _convert_with_gradebook(self, student: str) -> str:
        """Convert and enter one submission as nbgrader does; why that failed, or nothing."""
        coursedir = course_directory(self._config, self._name, student)
        ready = Prepared(self._verdicts[student], None)
        return run_converter(SubmissionConverter(coursedir=coursedir, config=self._config, force=True, prepared=ready))
