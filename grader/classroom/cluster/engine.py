"""The workers of a cluster, in the place of this machine's cores."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from checks.core import Assignment

from ...classic import ClassicAssignment
from ...course import Course
from ...errors import GraderError
from ...grading.files import files_in
from ...grading.grade import Judged, ToJudge
from ...grading.secret import ensure_secret
from ..engine import Engines, Notebooks, Outcomes
from ..pages.notebook import NotebookBounds
from ..pool import each
from ..prepared import Prepared, RunNotebook
from ..preparing import laid_out, read_notebook
from ..results import Note
from ..steps.for_reading import ExecuteForReading, cells_to_run
from ..verdicts import GradedSubmission, conclude, read_submission
from .answers import Failed, Unfit, judged_from, ran_from
from .asking import Asking, Item, NotAnswered
from .connection import connected, require_dask, require_safe
from .crew import Expected
from .kept import Kept
from .questions import ToCheck, ToRun, course_digest, digest_of_bytes, digests_below, key_of, packed


def cluster(address: str, sandbox: str | None = None) -> Engines:
    """What judges on the workers of a scheduler.

    Args:
        address: `tls://HOST:PORT`, or one of this machine; `local` starts workers here.
        sandbox: the one that workers may use; the best that each has if None.

    Raises:
        GraderError: nothing is ever sent to such an address, or Dask is not installed.
    """
    require_safe(address)
    require_dask()
    return partial(_joined, address, sandbox)


@contextmanager
def _joined(address: str, sandbox: str | None, course: Course, assignment: Assignment, jobs: int) -> Iterator[Cluster]:
    if isinstance(assignment, ClassicAssignment):
        raise GraderError(
            f"{assignment.name}: a classic assignment is graded inside its notebook, on this machine alone. Next: "
            "leave --cluster out."
        )
    digest = course_digest(course, assignment)
    expected = Expected(str(course.root), assignment.name, digest, sandbox)
    with connected(address, jobs) as client:
        yield Cluster(course, assignment, Asking(client, expected, address), jobs)
    # Where the run did not end, they are there for the next one.
    Kept(course, assignment.name).forget()


class Cluster:
    """Judges submissions and runs notebooks elsewhere; all that is read and written is read and written here.

    Args:
        course: the course.
        assignment: whose submissions are judged.
        asking: asks the workers.
        jobs: how many submissions are read at a time.
    """

    kind = "cluster"

    def __init__(self, course: Course, assignment: Assignment, asking: Asking, jobs: int) -> None:
        self._course, self._assignment, self._asking, self._jobs = course, assignment, asking, jobs
        self._kept = Kept(course, assignment.name)

    def judge(self, students: Sequence[str]) -> Outcomes:
        """See `Engine`."""
        ensure_secret(self._course)
        self._kept.remove_drafts()
        known: deque[tuple[str, GradedSubmission | Exception]] = deque()
        items = self._to_check(students, known)
        answers = self._asking.answers(items)
        with closing(answers):
            for student, outcome in answers:
                yield from _emptied(known)
                yield student, self._not_judged(outcome) if isinstance(outcome, NotAnswered) else outcome
        yield from _emptied(known)

    def require_working(self) -> None:
        """See `Engine`; workers that are not are left out."""

    def _to_check(
        self, students: Sequence[str], known: deque[tuple[str, GradedSubmission | Exception]]
    ) -> Iterator[Item[GradedSubmission | Exception]]:
        """What has to be asked; what has not goes to `known`."""
        with closing(each(self._read, students, self._jobs)) as all_read:
            for student, read in all_read:
                if not isinstance(read, ToJudge):
                    known.append((student, read))
                    continue
                question = packed(_to_check(read))
                key = key_of(question, self._assignment.name)
                judged = partial(self._judged, read, key)
                if (before := self._kept.get(key)) is not None and (verdict := _read_again(judged, before)) is not None:
                    known.append((student, verdict))
                else:
                    yield Item(student, question, judged)

    def _read(self, student: str) -> ToJudge | GradedSubmission | Exception:
        try:
            return read_submission(self._course, self._assignment, student)
        except Exception as error:  # of any kind: this submission gets no new score, the others do
            return error

    def _judged(self, read: ToJudge, key: str, answer: str) -> GradedSubmission | Exception:
        judged: Judged = judged_from(answer, self._assignment)
        self._kept.put(key, answer)
        try:
            return conclude(read, judged)
        except Exception as error:  # as when it is read
            return error

    def _not_judged(self, outcome: NotAnswered) -> GraderError:
        return GraderError(f"not graded on the cluster: {outcome.why}. Next: look at it, then grade it again.")

    def prepare(
        self, verdicts: Mapping[str, GradedSubmission], step: ExecuteForReading, ignored: Sequence[str]
    ) -> Notebooks:
        """See `Engine`."""
        known: deque[tuple[str, Prepared]] = deque()
        asked: dict[str, tuple[Prepared, list[NotebookNode]]] = {}
        items = self._to_run(verdicts, step, ignored, known, asked)
        answers = self._asking.answers(items)
        with closing(answers):
            for student, run in answers:
                yield from _emptied(known)
                ready, cells = asked.pop(student)
                if isinstance(run, NotAnswered):
                    run = RunNotebook(cells, Note("kernel_failed", {"problem": run.why[:300]}))
                yield student, ready.with_run(run)
        yield from _emptied(known)

    def _to_run(
        self,
        verdicts: Mapping[str, GradedSubmission],
        step: ExecuteForReading,
        ignored: Sequence[str],
        known: deque[tuple[str, Prepared]],
        asked: dict[str, tuple[Prepared, list[NotebookNode]]],
    ) -> Iterator[Item[RunNotebook]]:
        """What has to be asked; what has not goes to `known`, and what waits for its answer to `asked`."""
        bounds = step.bounds

        def read(student: str) -> tuple[Prepared, list[NotebookNode] | None, bytes]:
            ready, notebook = read_notebook(verdicts[student], None)
            if notebook is None:
                return ready, None, b""
            cells = cells_to_run(notebook)
            with suppress(Exception), laid_out(verdicts[student], ignored) as folder:
                return ready, cells, packed(_to_run(verdicts[student], cells, folder, bounds, step.prepare))
            return ready, None, b""  # the conversion says what is wrong

        with closing(each(read, [*verdicts], self._jobs)) as all_read:
            for student, (ready, cells, question) in all_read:
                if cells is None:
                    known.append((student, ready))
                    continue
                for cell in cells:
                    cell.outputs, cell.execution_count = [], None
                asked[student] = ready, cells
                yield Item(student, question, partial(ran_from, cells=cells, bounds=bounds))


def _read_again(
    judged: Callable[[str], GradedSubmission | Exception], answer: str
) -> GradedSubmission | Exception | None:
    try:
        return judged(answer)
    except (Unfit, Failed):
        return None


def _to_check(read: ToJudge) -> ToCheck:
    return ToCheck(read.checks, read.submission.modules, read.seed, read.language, read.course.spoken)


def _to_run(
    verdict: GradedSubmission, cells: Sequence[NotebookNode], folder: Path, bounds: NotebookBounds, prepare: str
) -> ToRun:
    """What has to be sent of what lies beside a notebook: the worker has what was handed out."""
    known = digests_below(verdict.course.release / verdict.assignment.name)
    files, handed_out, left = {}, [], bounds.files
    for path in files_in(folder):
        name = path.relative_to(folder).as_posix()
        content = path.read_bytes()
        left -= len(content)
        if left < 0:
            break
        if known.get(name) == digest_of_bytes(content):
            handed_out.append(name)
        else:
            files[name] = content
    sources = [cell.source for cell in cells]
    return ToRun(sources, files, handed_out, verdict.course.spoken, asdict(bounds), prepare)


def _emptied(known: deque[Any]) -> Iterator[Any]:
    while known:
        yield known.popleft()
