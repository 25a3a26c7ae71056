"""The seam between a class and what judges it: this machine's cores or a cluster's workers, and what passes it.

Here a worker is a function call. `test_cluster_failures` has real processes, and ends them.
"""

import json
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from classroom import SOLVED, gradebook_rows, hand_in, released_course, scores, whole_class
from clusters import require_dask

from checks.core import Assignment
from grader import cli
from grader.classroom.cluster import asking, worker
from grader.classroom.cluster.answers import Failed, Unfit, judged_from, ran_from
from grader.classroom.cluster.asking import Asking
from grader.classroom.cluster.connection import is_loopback, require_safe
from grader.classroom.cluster.crew import Expected
from grader.classroom.cluster.engine import Cluster
from grader.classroom.cluster.questions import course_digest, unpacked
from grader.classroom.engine import Engines
from grader.classroom.pages.notebook import NotebookBounds
from grader.classroom.results import read_record
from grader.classroom.whole_class import grade_class
from grader.course import Course
from grader.errors import GraderError
from grader.grading.secret import ensure_secret, secret_path

ROOT = Path(__file__).resolve().parent.parent
# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


@dataclass(eq=False)
class Future:
    """What Dask's is, of a call that was made at once."""

    value: Any
    status: str = "finished"

    def add_done_callback(self, tell: Callable[[Any], None]) -> None:
        tell(self)

    def result(self, timeout: float) -> Any:
        return self.value

    def release(self) -> None:
        self.value = None


@dataclass
class Client:
    """What Dask's is, with workers that are this process."""

    workers: dict[str, int] = field(default_factory=lambda: {"tls://127.0.0.1:1": 1})
    """Threads by address."""
    sent: list[tuple[Any, ...]] = field(default_factory=list)
    status: str = "running"

    def scheduler_info(self) -> dict[str, Any]:
        return {"workers": {address: {"nthreads": threads} for address, threads in self.workers.items()}}

    def submit(self, work: Callable[..., str], *given: Any, key: str, workers: list[str], **_: Any) -> Future:
        assert {*workers} <= {*self.workers}
        self.sent.append((key, *given))
        return Future(work(*given))

    @property
    def questions(self) -> list[bytes]:
        return [given[-1] for given in self.sent if isinstance(given[-1], bytes)]


def on(client: Client) -> Engines:
    """A cluster that is this client's."""

    @contextmanager
    def engines(course: Course, assignment: Assignment, jobs: int) -> Iterator[Cluster]:
        expected = Expected(str(course.root), assignment.name, course_digest(course, assignment), None)
        yield Cluster(course, assignment, Asking(client, expected, "here"), jobs)

    return engines


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return released_course(tmp_path)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the self-test of the sandbox, where it is not what is tested; and nobody is waited for."""
    monkeypatch.setattr(worker, "escapes", lambda launcher: [])
    monkeypatch.setattr(worker, "warmed", nullcontext)
    monkeypatch.setattr(asking, "PATIENCE", 0.0)
    monkeypatch.setattr(asking, "_TICK", 0.01)


def test_a_pool_and_a_worker_of_a_cluster_give_the_same_grades_row_by_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "warmed", nullcontext)  # whose self-test is the second
    first = released_course(tmp_path)
    due = whole_class(first)
    ensure_secret(first)
    shutil.copytree(first.root, tmp_path / "other" / "a course")
    second = Course(tmp_path / "other" / "a course")
    grade_class(first, "scale")
    client = Client()
    rows = grade_class(second, "scale", engines=on(client))
    assert not [row.problem for row in rows if row.problem]
    assert scores(second) == due
    assert gradebook_rows(first) == gradebook_rows(second)
    for student in due:
        one, other = (read_record(course, "scale", student) for course in (first, second))
        assert one and other and (one.notes, one.secret) == (other.notes, other.secret)
        assert replace(one.result, seconds=0.0) == replace(other.result, seconds=0.0)
    assert len(client.questions) == 4, "all but the one without a package"


def test_a_worker_learns_neither_the_secret_nor_the_gradebook_nor_whose_submission_it_has(
    course: Course, quick: None
) -> None:
    hand_in(course, "ana-anonymous")
    ensure_secret(course)
    client = Client()
    grade_class(course, "scale", engines=on(client))
    sent = repr(client.sent)
    (question,) = client.questions
    assert secret_path(course).read_text().strip() not in sent
    assert "ana-anonymous" not in sent and "grades.db" not in sent and "sqlite" not in sent
    assert set(vars(unpacked(question))) == {"checks", "modules", "seed", "language", "spoken"}


def test_a_notebook_runs_on_a_worker_that_gets_only_what_was_not_handed_out(tmp_path: Path, quick: None) -> None:
    course = released_course(tmp_path, settings="")
    hand_in(course, "ana")
    client = Client()
    (row,) = grade_class(course, "scale", engines=on(client))
    assert row.problem == ""
    _, run = client.questions
    asked = unpacked(run)
    assert list(asked.files) == ["funkcije/layers.py"]  # type: ignore[union-attr]
    assert "checks/__init__.py" in asked.handed_out  # type: ignore[union-attr]
    page = (course.root / "autograded" / "ana" / "scale" / "scale.ipynb").read_text(encoding="utf-8")
    ran = [cell for cell in json.loads(page)["cells"] if cell.get("execution_count")]
    assert ran


@pytest.mark.parametrize("evil", ["ana", "eve"])
def test_what_a_worker_cannot_do_is_asked_again_and_then_listed_and_it_is_greeted_anew(
    evil: str, course: Course, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for student in ("ana", "eve"):
        hand_in(course, student, "    out = x  # evil\n" if student == evil else SOLVED)
    monkeypatch.setattr(worker, "_address", lambda: "tls://127.0.0.1:1")
    checked = worker._checked
    monkeypatch.setattr(
        worker,
        "_checked",
        lambda bench, asked: checked(bench, asked) if b"evil" not in asked.modules["layers.py"] else 1 / 0,
    )
    client = Client()
    problems = {row.student: row.problem for row in grade_class(course, "scale", engines=on(client))}
    assert problems.pop(evil).count("tls://127.0.0.1:1: ZeroDivisionError: division by zero") == 2
    assert [*problems.values()] == [""] and [*scores(course).values()] == [4.0]
    assert len([key for key, *_ in client.sent if key.startswith("greet-")]) >= 3


def test_a_new_process_at_the_address_of_another_is_greeted_before_it_gets_a_submission(
    course: Course, quick: None
) -> None:
    hand_in(course, "ana")

    class Restarted(Client):
        def submit(self, work: Callable[..., str], *given: Any, **how: Any) -> Future:
            if work is worker.answer and not self.questions:
                worker._benches.clear()
            return super().submit(work, *given, **how)

    client = Restarted()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "_address", lambda: "tls://127.0.0.1:1")
        (row,) = grade_class(course, "scale", engines=on(client))
    assert row.problem == "" and scores(course) == {"ana": 4.0}
    assert len(client.questions) == 2 and len(client.sent) == 4


LEFT_OUT: dict[str, tuple[Client, str, Any, str]] = {
    "no sandbox holds": (
        Client(),
        "escapes",
        lambda launcher: ["read a file"],
        "student code can read a file",
    ),
    "another kit": (Client(), "LOADED", "0" * 64, "another version of the kit (000000000000 and not "),
    "another course": (Client(), "course_digest", lambda *_: "1" * 64, "the course is another there (111111111111"),
    "several threads": (Client({"tls://127.0.0.1:1": 4}), "LOADED", worker.LOADED, "it has 4 threads"),
    "no TLS": (Client({"tcp://10.0.0.5:1": 1}), "LOADED", worker.LOADED, "it listens to other machines without TLS"),
}


@pytest.mark.parametrize("why", LEFT_OUT)
def test_a_worker_is_left_out_in_a_line_and_without_another_the_run_ends(
    why: str, course: Course, quick: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client, name, value, line = LEFT_OUT[why]
    client.sent.clear()
    hand_in(course, "ana")
    monkeypatch.setattr(worker, name, value)
    with pytest.raises(GraderError, match=r"here: no worker that takes submissions .* Next: start workers"):
        grade_class(course, "scale", engines=on(client))
    (said,) = [text for text in capsys.readouterr().err.splitlines() if "left out" in text]
    assert said.startswith("left out: worker t") and line in said
    assert client.questions == []


def test_a_scheduler_that_is_gone_ends_the_run_and_what_was_judged_is_not_asked_again(
    course: Course, quick: None
) -> None:
    for student in ("ana", "bo", "ceca"):
        hand_in(course, student)

    class Lost(Client):
        def submit(self, work: Callable[..., str], *given: Any, **how: Any) -> Future:
            if len(self.questions) == 2:
                self.status = "closed"
                raise RuntimeError("whatever Dask says")
            return super().submit(work, *given, **how)

    lost, found = Lost(), Client()
    with pytest.raises(GraderError, match=r"here: the scheduler is gone\. What was judged is kept\. Next: "):
        grade_class(course, "scale", engines=on(lost), jobs=1)
    assert scores(course) == {}
    grade_class(course, "scale", engines=on(found), jobs=1)
    assert scores(course) == {"ana": 4.0, "bo": 4.0, "ceca": 4.0}
    assert len(found.questions) == 2 and lost.questions[0] not in found.questions


# What comes back.


@pytest.fixture(scope="module")
def scale(tmp_path_factory: pytest.TempPathFactory) -> tuple[Assignment, dict[str, Any]]:
    """The assignment, and a right answer."""
    course = released_course(tmp_path_factory.mktemp("scale"))
    hand_in(course, "ana")
    client = Client()
    answers: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "escapes", lambda launcher: [])
        patch.setattr(worker, "warmed", nullcontext)
        answer = worker.answer
        patch.setattr(asking, "answer", lambda *given: answers.append(answer(*given)) or answers[-1])
        grade_class(course, "scale", engines=on(client))
    return course.assignment("scale"), json.loads(answers[0])


def changed(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(said: dict[str, Any]) -> None:
        *places, last = path.split(".")
        where: Any = said["judged"]
        for place in places:
            where = where[int(place) if place.isdigit() else place]
        where[last] = value

    return change


WRONG_ANSWERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "more points than there are": changed("result.checks.0.points", 3.5),
    "fewer than none": changed("result.checks.0.points", -1.0),
    "no number": changed("result.checks.0.points", float("nan")),
    "a text for a number": changed("result.checks.0.points", "3"),
    "another worth": changed("result.checks.0.max_points", 30.0),
    "another check": changed("result.checks.0.id", "scale_forward.other"),
    "no sandbox": changed("result.sandbox", "none"),
    "another assignment": changed("result.assignment", "other"),
    "somebody's name": changed("result.student", "ana"),
    "a status that there is not": changed("result.checks.0.status", "excused"),
    "something more": changed("result.bonus", 1),
    "a check too few": lambda said: said["judged"]["result"]["checks"].pop(),
    "an error without its module": changed("at_import", [["error"]]),
    "something beside it": lambda said: said.update(more=1),
}


@pytest.mark.parametrize("how", WRONG_ANSWERS)
def test_an_answer_that_was_not_asked_for_is_none(how: str, scale: tuple[Assignment, dict[str, Any]]) -> None:
    assignment, right = scale
    said = json.loads(json.dumps(right))
    assert judged_from(json.dumps(said), assignment).result.score == 4.0
    WRONG_ANSWERS[how](said)
    with pytest.raises(Unfit):
        judged_from(json.dumps(said), assignment)


@pytest.mark.parametrize("text", [b"{}", "", "[" * 100_000, '{"judged": ' + " " * 5_000_000 + "{}}", None])
def test_what_is_no_answer_at_all_is_none(text: Any, scale: tuple[Assignment, dict[str, Any]]) -> None:
    with pytest.raises(Unfit):
        judged_from(text, scale[0])


def test_a_fault_is_an_answer_too(scale: tuple[Assignment, dict[str, Any]]) -> None:
    with pytest.raises(Failed, match="a full disk"):
        judged_from(json.dumps({"problem": "a full disk", "at": "tls://x:1"}), scale[0])


SHOWN = {"output_type": "display_data", "data": {"text/plain": "1"}, "metadata": {}}
OUTPUTS: dict[str, tuple[Any, bool]] = {
    "text": (SHOWN, True),
    "a picture with its size": (
        SHOWN | {"data": {"image/png": "AA=="}, "metadata": {"image/png": {"width": 3, "alt": "a"}}},
        True,
    ),
    "a stream": ({"output_type": "stream", "name": "stdout", "text": "1"}, True),
    "an error": ({"output_type": "error", "ename": "E", "evalue": "", "traceback": []}, True),
    "a script": (SHOWN | {"data": {"application/javascript": "1"}}, False),
    "a drawing with scripts": (SHOWN | {"data": {"image/svg+xml": "<svg>"}}, False),
    "a stream to elsewhere": ({"output_type": "stream", "name": "file", "text": "1"}, False),
    "something more": (SHOWN | {"transient": {}}, False),
    "other metadata": (SHOWN | {"metadata": {"image/png": {"style": "x"}}}, False),
    "no output": ("x", False),
}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_of_outputs_those_are_taken_that_a_page_can_show(kind: str) -> None:
    from nbformat.v4 import new_code_cell

    output, taken = OUTPUTS[kind]
    cell = new_code_cell("1")
    said = json.dumps({"ran": {"cells": [{"count": 1, "outputs": [output]}], "remark": None}})
    with nullcontext() if taken else pytest.raises(Unfit):
        ran_from(said, [cell], NotebookBounds())
    assert cell.outputs == ([output] if taken else [])


# What is typed.


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("local", True),
        ("tls://scheduler.example:8786", True),
        ("tcp://127.0.0.1:8786", True),
        ("127.0.0.1:8786", True),
        ("tcp://[::1]:8786", True),
        ("localhost:8786", True),
        ("tcp://10.0.0.5:8786", False),
        ("10.0.0.5:8786", False),
        ("tcp://127.0.0.1.example:8786", False),
        ("tcp://127.0.0.1@10.0.0.5:8786", False),
        ("ws://127.0.0.1:8786", False),
        ("inproc://127.0.0.1:1", False),
        ("tls://", False),
        ("tls://scheduler.example", False),
        ("tcp://0.0.0.0:8786", False),
        ("scheduler.json", False),
    ],
)
def test_without_tls_only_an_address_of_this_machine_is_ever_connected_to(address: str, safe: bool) -> None:
    with nullcontext() if safe else pytest.raises(GraderError, match=r"expected tls://HOST:PORT.*Next: "):
        require_safe(address)
    assert is_loopback(address) == (safe and address != "local" and not address.startswith("tls"))


def said_of(course: Course, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line in which `grader grade` ends."""
    assert cli.main(["grade", "scale", "--course", str(course.root), *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.strip().splitlines()
    return line


def test_without_dask_a_line_says_what_to_install_and_nothing_is_touched(
    course: Course, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(course, "ana")
    grade_class(course, "scale")
    monkeypatch.setitem(sys.modules, "distributed", None)
    line = said_of(course, capsys, "--cluster", "local")
    assert "--cluster needs Dask, which is not installed" in line and "Next: make cluster" in line
    record = read_record(course, "scale", "ana")
    assert record and record.stale == ""


def test_no_worker_judges_without_a_sandbox(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    line = said_of(course, capsys, "--cluster", "local", "--unsafe")
    assert "--cluster, --unsafe: expected one of them" in line


def test_tls_without_certificates_ends_in_a_line(
    course: Course, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    require_dask()
    hand_in(course, "ana")
    line = said_of(course, capsys, "--cluster", "tls://127.0.0.1:1")
    assert "no certificates. Next: name them in Dask's settings" in line


def test_the_extra_is_what_the_lock_is_made_from() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = project["dependency-groups"]["cluster"]
    assert project["project"]["optional-dependencies"]["cluster"] == wanted
    lock = (ROOT / "locks" / "cluster.txt").read_text(encoding="utf-8")
    assert all(f"\n{name.partition('>=')[0]}==" in f"\n{lock}" for name in wanted)
    assert "--index-url" not in lock and "://" not in lock
