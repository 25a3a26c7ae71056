"""One submission on its way into the gradebook: its verdict, and what a person should know about it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from nbformat import NotebookNode

from checks.core import Assignment
from checks.result import CheckResult, Result

from ..course import Course
from ..grading import grade as grading
from ..grading.files import NOT_UNPACKED, stamp_of
from ..grading.people import People
from ..grading.secret import ensure_secret, secret_digest
from ..grading.spoken import as_handed_out
from ..grading.submission import Unreadable
from ..sandbox.launch import Launcher
from ..text import sentences, shown
from .late import TIMESTAMP
from .results import Note, Record
from .runs import unfinished

_NAMED = 5
_LONGEST_WORD = 3_000
"""Characters of what is said of an archive."""


@dataclass
class GradedSubmission:
    """The trusted verdict on a submission, with the remarks that are added while nbgrader converts its notebook."""

    course: Course
    assignment: Assignment
    result: Result
    submission: str
    """Digest of the submission that was judged."""
    checks: str
    """Digest of the check set that judged it."""
    secret: str
    """Digest of the secret that its inputs were drawn from."""
    root: Path
    """The folder that holds the package: the submission's, or one inside it."""
    given: dict[str, bytes]
    """Every module that is handed out, by path in the package; not to be changed."""
    notes: list[Note] = field(default_factory=list)
    stamp: str = ""
    """What the submission's folder looked like before it was read."""
    answers_elsewhere: list[str] = field(default_factory=list)
    """Where in what was handed in, besides their own cells, written answers may be."""
    waiting: list[str] = field(default_factory=list)
    """Answers whose cells are as they were handed out, and that a person has to look for."""
    summary: NotebookNode | None = None
    """The cell that was put in front of the notebook, which is the kit's own."""

    def note(self, key: str, **names: str) -> None:
        """Add a remark: a key of `messages.toml`, and what fills its sentence in."""
        note = Note(key, names)
        if note not in self.notes:
            self.notes.append(note)

    def to_record(self) -> Record:
        """The verdict as it is stored."""
        run = unfinished(self.course, self.assignment.name)
        return Record(
            self.result,
            self.submission,
            self.checks,
            tuple(self.notes),
            secret=self.secret,
            run=run,
            stamp=self.stamp,
        )


def grade_submission(
    course: Course, assignment: Assignment, student: str, launcher: Launcher | None = None
) -> GradedSubmission:
    """Grade what `student` handed in, on the trusted side alone, without nbgrader and its gradebook.

    A submission without the package earns 0 on every check, with the reason.

    Raises:
        Unreadable: the submission cannot be read.
        GraderError: the kit could not grade; nothing is known about the submission.
    """
    folder, stamp, course = _opened(course, assignment, student)
    try:
        graded = grading.grade_with_digests(
            folder, course, assignment, student=student, language=course.language, launcher=launcher
        )
    except grading.NotASubmission as error:
        return _without_package(course, assignment, student, folder, stamp, error)
    return _graded(course, assignment, student, folder, stamp, graded)


def read_submission(course: Course, assignment: Assignment, student: str) -> grading.ToJudge | GradedSubmission:
    """Read what `student` handed in, to be judged elsewhere; the verdict itself where there is nothing to judge.

    Raises:
        Unreadable: the submission cannot be read.
        GraderError: as for `grade_submission`.
    """
    folder, stamp, course = _opened(course, assignment, student)
    try:
        read = grading.read_to_judge(folder, course, assignment, student=student, language=course.language)
    except grading.NotASubmission as error:
        return _without_package(course, assignment, student, folder, stamp, error)
    return replace(read, stamp=stamp)


def conclude(read: grading.ToJudge, judged: grading.Judged) -> GradedSubmission:
    """The verdict on what `read_submission` read, from what the checks said elsewhere."""
    folder = submission_folder(read.course, read.assignment.name, read.student)
    return _graded(read.course, read.assignment, read.student, folder, read.stamp, grading.conclude(read, judged))


def _opened(course: Course, assignment: Assignment, student: str) -> tuple[Path, str, Course]:
    """A submission's folder, what it looks like, and the course in the language that it was handed out in."""
    ensure_secret(course)
    folder = submission_folder(course, assignment.name, student)
    return folder, stamp_of(folder), as_handed_out(course, assignment, folder)


def _without_package(
    course: Course, assignment: Assignment, student: str, folder: Path, stamp: str, error: grading.NotASubmission
) -> GradedSubmission:
    result = nothing_to_check(assignment, student, course.language)
    checks, given = grading.check_set_digest(course, assignment), grading.given_modules(course, assignment)
    notes = [
        Note("no_package", {"package": assignment.package}),
        *error.notes,
        *_of_the_hand_in(course, assignment, student, folder),
    ]
    secret = secret_digest(ensure_secret(course))
    return GradedSubmission(course, assignment, result, "", checks, secret, folder, given, notes, stamp)


def _graded(
    course: Course, assignment: Assignment, student: str, folder: Path, stamp: str, graded: grading.Graded
) -> GradedSubmission:
    notes = [*graded.notes, *_of_the_verdict(graded), *_of_the_hand_in(course, assignment, student, folder)]
    if graded.package != folder / assignment.package and graded.package.is_dir():
        found = shown(graded.package.relative_to(folder).as_posix())
        notes.append(Note("package_elsewhere", {"package": assignment.package, "found": found}))
    root = graded.package.parent
    return GradedSubmission(
        course,
        assignment,
        graded.result,
        graded.submission,
        graded.checks,
        graded.secret,
        root,
        graded.given,
        notes,
        stamp,
    )


def _of_the_verdict(graded: grading.Graded) -> list[Note]:
    """What a person should look at by what the checks found; a module that fails at import is named once."""
    named = {note.key for note in graded.notes}
    return [
        Note(reason.key, reason.names)
        for reason in graded.result.look_at
        if reason.key != "look_at_import" or "fails_at_import" not in named
    ]


def _of_the_hand_in(course: Course, assignment: Assignment, student: str, folder: Path) -> list[Note]:
    """What a person should know of how the work came here."""
    notes = []
    handin = _people(course).handin(student, assignment.name)
    if handin and handin.late:
        notes.append(Note("late", {"folder": handin.folder}))
        if not (folder / TIMESTAMP).exists():
            notes.append(Note("late_without_time"))
    with suppress(OSError):
        with (folder / NOT_UNPACKED).open(encoding="utf-8", errors="replace") as file:
            problems = file.read(_LONGEST_WORD).splitlines()
        notes.append(Note("not_unpacked", {"problems": "; ".join(map(shown, problems[:_NAMED]))}))
    return notes


def _people(course: Course) -> People:
    """Who is who; of a class, the file is read once, and again when it has changed."""
    try:
        status = (course.store / "people.json").stat()
    except OSError:
        return People(course)  # which says what is wrong, if anything is
    return _read_people(course, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=2)
def _read_people(course: Course, _changed: int, _size: int) -> People:
    return People(course)


def submission_folder(course: Course, assignment: str, student: str) -> Path:
    """The folder that a student handed in.

    Raises:
        Unreadable: there is none to be read, and why.
    """
    folder = course.submitted / student / assignment
    expected = f"expected the folder {course.submitted.name}/STUDENT/{assignment}/"
    try:
        student.encode()
        if folder.is_dir():
            next(folder.iterdir(), None)
            return folder
    except UnicodeEncodeError:
        raise Unreadable(
            f"{shown(str(folder))}: {expected}, found a name that is not UTF-8. Next: rename the folder."
        ) from None
    except OSError as error:
        raise Unreadable(
            f"{shown(str(folder))}: cannot be read ({error.strerror or error}). Next: give yourself access to it; then "
            "grade again."
        ) from None
    what = "a link that leads nowhere" if folder.is_symlink() else "a file" if folder.exists() else "none"
    raise Unreadable(
        f"{shown(str(folder))}: {expected}, found {what}. Next: put there what was handed in, or ask for it again."
    )


def nothing_to_check(assignment: Assignment, student: str, language: str) -> Result:
    """The result of a submission that holds no package: 0 everywhere, and why."""
    reason = sentences(language)("no_package", package=assignment.package)
    checks = tuple(
        CheckResult(check.id, check.function, 0.0, float(check.points), "error", reason) for check in assignment.checks
    )
    return Result(assignment.name, student, checks, sandbox="none", language=language)
