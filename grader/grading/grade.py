"""From a submission's folder to a result: the one way in which anything is graded.

    result = grade(Path("submitted/ana/scale"), course, course.assignment("scale"))

`check`, `grade`, `nbgrader autograde` and formgrader all end here. The student's code runs in a process of its own; the
reference, the draw and the verdict stay on this side. The submission is read once: what `grade_with_digests` says was
judged is what was judged.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import checks
from checks.core import Assignment, Check
from checks.engine.asked import Asked
from checks.engine.judge import judge
from checks.language import catalogue
from checks.result import Result, look
from checks.student import Student

from ..course import Course, framework_files
from ..files import digest_of
from ..reference.asked import Straight
from ..reference.handed_out import handed_out
from ..reference.oracle import LiveOracle
from ..reference.versions import Versions
from ..sandbox.choose import choose
from ..sandbox.launch import Launcher
from ..sandbox.process import StudentProcess, TimeLimits
from ..sandbox.ready import Ready, get_ready
from ..sandbox.staging import stage, stage_stand_ins
from ..sandbox.temporary import no_room
from ..sandbox.warm import WarmLauncher
from ..text import Note, listed, sentences
from .files import stamp_of
from .forms import Graded, Judged, ToJudge
from .secret import draw_seed, read_secret, secret_digest
from .spoken import as_handed_out
from .submission import NotASubmission, Submission, Unreadable, read_submission
from .work import not_reached

__all__ = [
    "Graded",
    "Judged",
    "NotASubmission",
    "ToJudge",
    "Unreadable",
    "check_set_digest",
    "conclude",
    "given_modules",
    "grade",
    "grade_with_digests",
    "judge_modules",
    "read_to_judge",
    "submission_digest",
]

NAMED = 5
"""Missing modules that get a remark of their own; the others are counted."""


def grade(
    folder: Path,
    course: Course,
    assignment: Assignment,
    *,
    student: str = "",
    language: str = "",
    launcher: Launcher | None = None,
    limits: TimeLimits | None = None,
    ready: Ready | None = None,
) -> Result:
    """Grade one submission.

    Args:
        folder: holds the student's package; nothing in it is changed.
        course: has the reference, the checks and, if it was made, the secret.
        assignment: the checks.
        student: whose submission it is; part of the draw.
        language: of the messages; the course's usual one if empty.
        launcher: the sandbox of the student's process; the best one of this machine if None.
        limits: time bounds on the student's process.
        ready: a worker that was started before, in place of `launcher`; it grades no other submission.

    Raises:
        NotASubmission: no such folder, or no package in it.
        Unreadable: something in it cannot be read.
        GraderError: the kit cannot grade here; no score depends on it.
    """
    graded = grade_with_digests(
        folder, course, assignment, student=student, language=language, launcher=launcher, limits=limits, ready=ready
    )
    return graded.with_notes()


def grade_with_digests(
    folder: Path,
    course: Course,
    assignment: Assignment,
    *,
    student: str = "",
    language: str = "",
    launcher: Launcher | None = None,
    limits: TimeLimits | None = None,
    ready: Ready | None = None,
) -> Graded:
    """As `grade`, with what the result was reached on."""
    course = as_handed_out(course, assignment, folder)
    with ExitStack() as stack:
        workers = _workers(course, assignment, launcher, ready)
        # What starts afresh starts meanwhile; what is forked takes no time, but may not be there yet.
        begun = None if isinstance(launcher, WarmLauncher) else stack.enter_context(workers)
        kit = _kit_for(course, assignment)
        read = _read(folder, course, assignment, kit, student, language)
        begun = begun or stack.enter_context(workers)
        judged = _judge(assignment, kit, read.submission.modules, read.seed, read.language, begun, limits)
    return conclude(read, judged)


def read_to_judge(folder: Path, course: Course, assignment: Assignment, *, student: str, language: str) -> ToJudge:
    """Read a submission, and draw the seed of its inputs.

    Args:
        folder: holds the student's package.
        course: in the language that it was handed out in (`as_handed_out`).
        assignment: the checks.
        student: whose it is.
        language: of the messages.

    Raises:
        NotASubmission: as in `grade`.
        Unreadable: as in `grade`.
        GraderError: as in `grade`.
    """
    return _read(folder, course, assignment, _kit_for(course, assignment), student, language)


def _read(folder: Path, course: Course, assignment: Assignment, kit: _Kit, student: str, language: str) -> ToJudge:
    submission = read_submission(folder, assignment, kit.given)
    secret = read_secret(course)
    seed = draw_seed(secret, assignment.name, student, submission.digest)
    said = language or course.language
    return ToJudge(course, assignment, student, said, submission, seed, secret_digest(secret), kit.digest, kit.given)


def judge_modules(
    course: Course,
    assignment: Assignment,
    modules: Mapping[str, bytes],
    seed: bytes,
    *,
    language: str,
    launcher: Launcher,
) -> Judged:
    """Run the checks on what counts of a submission, which may have been read on another machine.

    Args:
        course: has the reference and the checks; in the language that the submission was handed out in.
        assignment: the checks.
        modules: the student's, by path inside the package.
        seed: of the inputs.
        language: of the messages.
        launcher: the sandbox.

    Raises:
        GraderError: the kit cannot grade here.
    """
    with _workers(course, assignment, launcher) as workers:
        return _judge(assignment, _kit_for(course, assignment), modules, seed, language, workers)


_Workers = tuple[Ready, Ready | None]
"""That of the student's package, and that of what is judged over stand-ins, if anything is."""


@contextmanager
def _workers(
    course: Course, assignment: Assignment, launcher: Launcher | None, ready: Ready | None = None
) -> Iterator[_Workers]:
    with ExitStack() as stack:
        worker = ready or stack.enter_context(get_ready(launcher or choose(course=course)))
        # A second process for what is judged over stand-ins: what student code does to one does not reach the other.
        yield worker, stack.enter_context(get_ready(worker.launcher)) if assignment.over_stand_ins else None


def _judge(
    assignment: Assignment,
    kit: _Kit,
    modules: Mapping[str, bytes],
    seed: bytes,
    language: str,
    workers: _Workers,
    limits: TimeLimits | None = None,
) -> Judged:
    worker, other = workers
    with ExitStack() as stack:
        try:
            stage(modules, assignment, kit.given, worker.stage)
            if other is not None:
                stage(modules, assignment, kit.given, other.stage)
                stage_stand_ins(assignment, kit.given, other.stage)
        except OSError as error:
            raise no_room(worker.stage.parent, error) from None
        limits = limits or TimeLimits()
        if other is not None:
            limits = replace(limits, total=limits.total / 2)  # what one uses up is not taken from the other
        process = stack.enter_context(StudentProcess(worker.stage, worker.launcher, limits, worker.booting))
        processes = [process]
        over = None
        if other is not None:
            substituted = StudentProcess(other.stage, other.launcher, limits, other.booting, assignment.substituted)
            processes.append(stack.enter_context(substituted))
            over = Student(substituted, assignment.contract)

        def foretell(check: Check, asked: Sequence[Asked]) -> None:
            processes[check.function in assignment.over_stand_ins].foretell(asked)

        result = judge(
            assignment,
            Student(process, assignment.contract, over),
            replace(kit.oracle, seed=seed, foretell=foretell),
            language=language,
            name="",
            sandbox=worker.launcher.name,
        )
    kit.straight.keep()
    missing = set().union(*(process.missing for process in processes))
    at_import = {k: v for process in processes for k, v in process.at_import.items()}
    return Judged(result, tuple(sorted(missing)), at_import)


def conclude(read: ToJudge, judged: Judged) -> Graded:
    """The verdict on a submission, with what a person should know of it."""
    assignment, submission = read.assignment, read.submission
    result = replace(judged.result, student=read.student)
    result = _with_remarks(result, submission, judged.missing, assignment, read.language)
    if not read.secret:
        result = replace(result, look_at=(look(sentences(read.language), "no_secret"), *result.look_at))
    at_import = judged.at_import
    unreached = [] if at_import else not_reached(result, assignment, submission.modules, read.given)
    notes = (*submission.notes, *_failed_whole(result, at_import, submission, assignment), *unreached)
    return Graded(result, submission.digest, read.checks, read.secret, submission.package, read.given, notes)


def submission_digest(
    folder: Path, course: Course, assignment: Assignment, known: dict[str, dict[str, bytes]] | None = None
) -> str:
    """SHA-256 of what counts in a submission: the modules that the student wrote.

    Args:
        folder: the submission.
        course: has what is handed out.
        assignment: names the modules.
        known: of several submissions, while nothing of the course changes: what is handed out by language, which is
            filled in as it is asked for.

    Raises:
        NotASubmission: as in `grade`.
        Unreadable: as in `grade`.
    """
    course = as_handed_out(course, assignment, folder)
    known = {} if known is None else known
    if course.spoken not in known:
        known[course.spoken] = given_modules(course, assignment)
    return read_submission(folder, assignment, known[course.spoken]).digest


def given_modules(course: Course, assignment: Assignment) -> dict[str, bytes]:
    """Every module that is handed out, by path in the package; not to be changed."""
    return _kit_for(course, assignment).given


def check_set_digest(course: Course, assignment: Assignment) -> str:
    """SHA-256 of what decides a verdict: the kit's checks and the assignment's, the known mistakes, the reference."""
    kit, own = Path(checks.__file__).parent, course.checks / assignment.name
    files = {path.relative_to(kit.parent).as_posix(): path for path in framework_files(kit)}
    for path in (*course.package.rglob("*"), *own.glob("*"), *(own / "mistakes").glob("*")):
        files[path.relative_to(course.root).as_posix()] = path
    others = {"variants", "pretenders", "demo"}
    return digest_of(
        {
            name: path.read_bytes()
            for name, path in files.items()
            if path.suffix in {".py", ".toml"} and path.stem not in others
        }
    )


@dataclass(frozen=True)
class _Kit:
    """What one submission after another is graded with."""

    digest: str
    given: dict[str, bytes]
    oracle: LiveOracle
    others: dict[str, dict[str, bytes]]
    """What is handed out in other languages than the course's first, by language; as it is asked for."""
    straight: Straight
    stamps: tuple[str, ...]
    """What the system said of the files that the digest is of; none where that proves nothing."""


_kits = threading.local()


def _kit_for(course: Course, assignment: Assignment) -> _Kit:
    """The kit of this thread, made again when the checks or the reference change, as in a server that runs for days."""
    spoken, course = course, Course(course.root)
    kit: _Kit | None = getattr(_kits, "kit", None)
    if kit is not None and (kit.oracle.course != course or kit.oracle.assignment is not assignment):
        kit = None
    stamps = _stamps(course, assignment) if kit is not None else ()
    if kit is None or not stamps or kit.stamps != stamps:
        digest = check_set_digest(course, assignment)
        if kit is None or kit.digest != digest:
            straight = Straight(course, digest)
            oracle = LiveOracle(Versions(course, assignment, straight.known), b"")
            kit = _Kit(digest, handed_out(course, assignment), oracle, {}, straight, stamps)
        kit = _kits.kit = replace(kit, stamps=stamps)
    if not spoken.spoken:
        return kit
    if spoken.spoken not in kit.others:
        kit.others[spoken.spoken] = handed_out(spoken, assignment)
    return replace(kit, given=kit.others[spoken.spoken])


_COMPILED = frozenset({"__pycache__"})


def _stamps(course: Course, assignment: Assignment) -> tuple[str, ...]:
    """What the system says of all that `check_set_digest` reads: the same while it is; none where it proves nothing."""
    folders = (Path(checks.__file__).parent, course.package, course.checks / assignment.name)
    stamps = tuple(stamp_of(folder, but=_COMPILED) for folder in dict.fromkeys(folders))
    return stamps if all(stamps) else ()


def _failed_whole(
    result: Result, at_import: dict[str, str], submission: Submission, assignment: Assignment
) -> list[Note]:
    """What costs more than a check, whatever the work is worth: a module without import, a function out of time."""
    python = ".".join(map(str, sys.version_info[:2]))  # the environment of the worker is made from this one
    # Python names no file that holds bytes of zero.
    unnamed = listed([name for name, content in submission.modules.items() if b"\0" in content])
    unnamed = unnamed or f"{assignment.package}/"
    notes = [
        Note(
            "fails_at_import",
            {"module": file.strip("?") or unnamed, "error": error, "python": python},
        )
        for error, file in list(at_import.items())[:NAMED]
    ]
    left_out = [name for name in assignment.modules if name in submission.left_out and name not in submission.modules]
    if left_out:
        notes.append(Note("module_left_out", {"modules": listed(left_out)}))
    late = [name for name in result.functions if all(check.status == "timeout" for check in result.of(name))]
    if late:
        notes.append(Note("out_of_time", {"functions": ", ".join(late)}))
    return notes


def _with_remarks(
    result: Result, submission: Submission, missing: Sequence[str], assignment: Assignment, language: str
) -> Result:
    say = catalogue(language)
    named, more = missing[:NAMED], len(missing) - NAMED
    remarks = [say("not_installed", module=name) for name in named]
    if more > 0:
        remarks.append(say("more_not_installed", count=str(more)))
    if submission.left_out:
        remarks.append(say("left_out", package=assignment.package, module=listed(submission.left_out)))
    if submission.not_as_given:
        mine, given = ", ".join(assignment.modules), listed(submission.not_as_given)
        remarks.append(say("not_as_given", given=given, mine=mine))
    if result.sandbox == "none":
        remarks.append(sentences(language)("unsafe"))
    return replace(result, warnings=tuple(remarks))
