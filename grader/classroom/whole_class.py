"""`grader grade NAME`: everything under `submitted/`, into nbgrader's gradebook.

1. Every submission is judged, several at a time (`verdicts`): on this machine or on a cluster (`engine`).
2. Each notebook is run in the sandbox, several at a time (`preparing`), there too.
3. What is ready is converted (`conversions`), several at a time on this machine (`processes`), by the converter that
   `nbgrader autograde` and formgrader use. So all three give the same points.
4. What the conversions say is entered into the gradebook (`entering`), many submissions in one transaction; then their
   verdicts are stored.

A submission that cannot be graded stops none of the others. What stops the kit itself ends the run: a gradebook or a
disk that cannot be written to, a sandbox that no longer starts, a secret that is missing. From then on every earlier
verdict is treated as stale, as after a run that was killed; the next run continues from there: it keeps what was graded
and does the rest.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import ExitStack, closing, nullcontext, suppress
from functools import partial
from pathlib import Path

from tqdm import tqdm
from traitlets.config import Config

from checks.core import Assignment

from ..classic import ClassicAssignment
from ..course import Course
from ..errors import GraderError
from ..grading.secret import ensure_secret
from ..grading.submission import Unreadable
from ..sandbox.choose import choose
from ..sandbox.launch import Launcher
from ..sandbox.temporary import no_room
from ..text import shown
from . import runs
from .batches import convert_all
from .classic import ClassicConverter
from .compact import Verdicts
from .engine import Engine, Engines, Pool
from .gradebook import (
    automatic_points,
    course_config,
    course_directory,
    open_gradebook,
    require_assignment,
    require_writable,
    run_converter,
    without_remarks,
)
from .kept_open import forget_all, gradebooks_kept_open
from .late import IN_TIME, late_work
from .pages.bounded import at_hand
from .pool import cores, counted
from .results import Staleness, mark_stale, read_record, remove_drafts, stale_if_it_fails
from .rows import Row, row_of
from .server import only_one_on_server
from .verdicts import submission_folder
from .workshop import work_on

MOST_JOBS = 1000
"""Each is a process of its own, with its memory."""
_ROOM = 256 * 1024
"""Bytes that must find room for a run to go on."""


def grade_class(
    course: Course,
    name: str,
    students: Iterable[str] | None = None,
    jobs: int | None = None,
    *,
    launcher: Launcher | Callable[[], Launcher] | None = None,
    engines: Engines | None = None,
    run_notebooks: bool = True,
    new_secret: bool = False,
) -> list[Row]:
    """Grade the submissions to one assignment and write the points into the gradebook.

    Args:
        course: the course.
        name: the assignment.
        students: whose submissions; all that there are if None.
        jobs: how many submissions are judged, and how many notebooks run, at a time; one for each core if None.
        launcher: the sandbox of a student's process, or what finds it; the best one of this machine if None.
        engines: what makes the engine that judges; the cores of this machine, in that sandbox, if None.
        run_notebooks: whether to run each notebook for its reader; the points are the same without.
        new_secret: make a new course secret if the one is lost that earlier results were drawn from.

    Returns:
        A row per student, by name; a row with a `problem` has no new score.

    Raises:
        GraderError: the run ends: no such assignment or student, or a fault of the course or of the machine. Earlier
            verdicts that were not reached again are stale then.
    """
    assignment = course.assignment(name)
    jobs = cores() if jobs is None else jobs
    if not 1 <= jobs <= MOST_JOBS:
        raise GraderError(
            f"{jobs} at a time: expected a number from 1 to {MOST_JOBS}. Next: pass --jobs with one, or leave it out."
        )
    chosen = _chosen(course, name, students)
    done: set[str] = set()
    many = 0 if isinstance(assignment, ClassicAssignment) else len(chosen)  # which is run in its notebook, by this one
    with (
        closing(work_on(course, name, many, jobs, run_notebooks=run_notebooks)) as work,
        engines(course, assignment, jobs) if engines else nullcontext() as elsewhere,
        runs.only_one(course, name),
        stale_if_it_fails(course, name, chosen, done),
        only_one_on_server(course_directory(course_config(course), name).db_url, name),
        gradebooks_kept_open(),
        ExitStack() as stack,
    ):
        config = course_config(course)
        if not run_notebooks:
            config.ExecuteForReading.enabled = False
        with open_gradebook(course) as gradebook:
            require_assignment(gradebook, name)
            require_writable(gradebook)
        forget_all()  # a server would see a transaction that does nothing while the class is judged
        remove_drafts(course, name)
        ensure_secret(course, replace=new_secret)
        engine: Engine
        if elsewhere is not None:
            engine = elsewhere
        else:
            used = launcher() if callable(launcher) else launcher or choose(course=course)
            engine = stack.enter_context(closing(Pool(course, assignment, used, jobs, work)))
        kept: set[str] = set()
        if students is None:
            run, resumed = runs.begin(course, name, f"{engine.kind}.{'run' if run_notebooks else 'skip'}")
            counts = Staleness(course, name)
            kept = {student for student in chosen if resumed and _graded_by(counts, course, name, student, run)}
        done |= kept

        left = [student for student in chosen if student not in kept]
        problems: dict[str, str] = {}
        if isinstance(assignment, ClassicAssignment) and isinstance(engine, Pool):
            conversion = _convert_classic(course, name, config, left, engine.launcher)
        else:
            verdicts, problems = _judge_all(course, assignment, engine, left)
            require = partial(_require_working, course, engine)
            conversion = convert_all(course, name, config, verdicts, engine, work, require)
        with closing(conversion) as converted:
            for student, problem in converted:
                if problem:
                    forget_all()
                    problems[student] = problem
                    _require_working(course, engine)
                done.add(student)
        with open_gradebook(course) as gradebook:
            points, by = automatic_points(gradebook, name), late_work(gradebook, name)
        if students is None:
            runs.end(course, name)
    return [
        row_of(
            course,
            assignment,
            student,
            points.get(student, {}),
            problems.get(student, ""),
            student in kept,
            by.get(student, IN_TIME),
        )
        for student in chosen
    ]


def _graded_by(counts: Staleness, course: Course, name: str, student: str, run: str) -> bool:
    """Whether a class run that did not end had finished with a submission."""
    with suppress(GraderError):
        record = read_record(course, name, student)
        graded = course.root / "autograded" / student / name
        whole = any(graded.glob("*.ipynb"))
        return record is not None and record.run == run and not counts.why(record) and whole
    return False


def handed_in(course: Course, name: str) -> list[str]:
    """The students whose work on an assignment lies under `submitted/`, in whatever state, by name.

    Raises:
        GraderError: the folder cannot be read.
    """
    try:
        return sorted(entry.name for entry in course.submitted.iterdir() if _handed_in(entry, name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise GraderError(
            f"{course.submitted}: cannot be read ({error.strerror}). Next: give yourself access to it."
        ) from None


def _chosen(course: Course, name: str, students: Iterable[str] | None) -> list[str]:
    """The students whose work is there, in whatever state.

    Raises:
        GraderError: there are none, or one that was asked for is not among them.
    """
    there = handed_in(course, name)
    if not there:
        raise GraderError(
            f"{course.submitted}: no submission to {name!r} (expected {course.submitted.name}/STUDENT/{name}/). "
            f"{said_of_hidden(course, name)}Next: collect them, with `nbgrader collect {name}` or "
            f"`nbgrader zip_collect {name}`."
        )
    if students is None:
        return there
    chosen = list(dict.fromkeys(students))
    for student in chosen:
        if student not in there:
            raise GraderError(
                f"{course.submitted / shown(student) / name}: no such submission (there are: "
                f"{', '.join(map(shown, there))}). {said_of_hidden(course, name)}Next: check the spelling."
            )
    return chosen


def _handed_in(entry: Path, name: str) -> bool:
    """Whether an entry of `submitted/` is a student's work on the assignment, or may be, as far as can be read."""
    if entry.name.startswith("."):
        return False
    try:
        return name in os.listdir(entry)  # noqa: PTH208 - a link that leads nowhere counts
    except OSError:
        return True  # a file, or a folder that cannot be read: `submission_folder` says what


def hidden(course: Course, name: str) -> list[str]:
    """Folders with work on the assignment that are left out, since their names begin with a dot."""
    found = []
    with suppress(OSError):
        for entry in sorted(course.submitted.glob(".*")):
            with suppress(OSError):
                if (entry / name).is_dir():
                    found.append(entry.name)
    return found


def said_of_hidden(course: Course, name: str) -> str:
    """A sentence on the folders of `hidden`; empty if there are none."""
    names = hidden(course, name)
    return f"Left out, since no student's name begins with a dot: {', '.join(map(shown, names))}. " if names else ""


def _judge_all(
    course: Course, assignment: Assignment, engine: Engine, students: Sequence[str]
) -> tuple[Verdicts, dict[str, str]]:
    """The verdicts, and the problems of those that have none.

    Raises:
        GraderError: the kit itself no longer works.
    """
    verdicts = Verdicts(assignment)
    problems: dict[str, str] = {}
    with closing(counted(engine.judge(students), len(students), "checks")) as judged:
        for student, outcome in judged:
            if not isinstance(outcome, Exception):
                verdicts.add(student, outcome)
                continue
            reason = str(outcome) if isinstance(outcome, GraderError) else f"{type(outcome).__name__}: {outcome}"
            if not isinstance(outcome, Unreadable):
                _require_working(course, engine)
            problems[student] = reason
            mark_stale(course, assignment.name, student, reason)
    return verdicts, problems


def _convert_classic(
    course: Course, name: str, config: Config, students: Sequence[str], launcher: Launcher
) -> Generator[tuple[str, str], None, None]:
    """Each student whose work on a classic assignment was run and scored, with the reason if that failed."""
    with without_remarks(), at_hand():
        for student in tqdm(students, desc="notebooks", unit="submission", file=sys.stderr, disable=len(students) < 2):
            try:
                submission_folder(course, name, student)
            except Unreadable as error:
                mark_stale(course, name, student, str(error))
                yield student, str(error)
                continue
            coursedir = course_directory(config, name, student)
            converter = ClassicConverter(coursedir=coursedir, config=config, force=True, launcher=launcher, alone=True)
            yield student, run_converter(converter)


def _require_working(course: Course, engine: Engine) -> None:
    """Make sure that a fault was that of one submission, before the next one is tried.

    Raises:
        GraderError: it is the kit's, and will be every submission's.
    """
    for folder in (course.store, Path(tempfile.gettempdir())):
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(bytes(_ROOM))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise no_room(folder, error) from None
    with open_gradebook(course) as gradebook:
        require_writable(gradebook)
    engine.require_working()
