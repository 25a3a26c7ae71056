"""Nothing lost: a grader that is killed, a machine that gives out, a submission that cannot be read."""

import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from classroom import (
    NO_KERNEL,
    SOLVED,
    WRONG,
    autograde,
    cell_of,
    edit_notebook,
    fingerprint,
    give_by_hand,
    gradebook_rows,
    graded_notebook,
    hand_in,
    released_course,
    save_notebook,
    scores,
    whole_class,
)
from forms import each, only
from nbgrader.converters import BaseConverter
from surviving import (
    Killed,
    copy_of,
    fill,
    graded_class,
    one_line,
    run_grader,
    small_disk,
    stale_everywhere,
    state,
)

from grader.classroom import batches, carrying, conversions, engine, runs
from grader.classroom.feedback import feedback_page
from grader.classroom.gradebook import open_gradebook, write_feedback
from grader.classroom.results import read_record, staleness, write_record
from grader.classroom.rows import table
from grader.classroom.whole_class import grade_class
from grader.course import Course
from grader.errors import GraderError
from grader.files import write_whole
from grader.grading import grade as grading
from grader.sandbox.choose import choose
from grader.sandbox.temporary import PREFIX, remove_orphans, temporary_folder

# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

IMPATIENT = NO_KERNEL + 'c.CourseDirectory.db_url = c.CourseDirectory.db_url.replace("timeout=60", "timeout=0.2")\n'
SEED = 20240229
MOMENTS = 12


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return released_course(tmp_path, IMPATIENT)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killed]:
    killed = Killed(tmp_path_factory.mktemp("killed"))
    yield killed
    killed.process.communicate(timeout=60)


@pytest.fixture(scope="module")
def class_before(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A class that was graded, with points and comments given by hand, and that handed in again since."""
    course = released_course(tmp_path_factory.mktemp("before"))
    whole_class(course)
    grade_class(course, "scale")
    give_by_hand(course, "ana", "answer", 1.5)
    with open_gradebook(course) as gradebook:
        gradebook.find_comment("answer", "scale", "scale", "ana").manual_comment = "Dobro, ali kratko."
        gradebook.db.commit()
    for student, body in (("bo wrong", SOLVED), ("ceca", WRONG)):
        shutil.rmtree(course.submitted / student)
        hand_in(course, student, body)
    hand_in(course, "Žana Đurić")
    return course


@pytest.fixture(scope="module")
def undisturbed(killed: Killed, class_before: Course, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run comes to that nobody kills: everything that must be the same, and how long it takes."""
    course = copy_of(class_before, tmp_path_factory.mktemp("undisturbed"))
    began = time.monotonic()
    answer = killed.grade(course)
    seconds = time.monotonic() - began
    assert (answer["status"], answer["orphans"]) == (0, [])
    assert scores(course) == {"ana": 4, "bo wrong": 4, "ceca": 1, "no-package": 0, "no-notebook": 4, "Žana Đurić": 4}
    return {"state": state(course), "events": answer["events"], "seconds": seconds}


def finish_and_compare(
    course: Course, killed: Killed, undisturbed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.unfinished(course, "scale")
    fresh = {
        student
        for student in scores(course)
        if (record := read_record(course, "scale", student)) and record.run == run and not staleness(course, record)
    }
    fresh = fresh if run else set()
    judged: list[str] = []
    grade_submission = engine.grade_submission

    def counted(course: Course, assignment: Any, student: str, launcher: Any) -> Any:
        judged.append(student)
        return grade_submission(course, assignment, student, launcher)

    with monkeypatch.context() as patch:
        patch.setattr(engine, "grade_submission", counted)
        patch.setattr(tempfile, "tempdir", str(killed.temporary))
        remove_orphans(killed.temporary)  # once a process is enough in life; here one process grades many times
        rows = grade_class(course, "scale", run_notebooks=False)
    assert not [row.problem for row in rows if row.problem]
    assert {row.student for row in rows if row.kept} == fresh
    assert sorted([*judged, *fresh]) == sorted(row.student for row in rows)
    assert state(course) == undisturbed["state"]
    assert list(killed.temporary.iterdir()) == []


@pytest.mark.parametrize("moment", each(6, range(MOMENTS)))
def test_a_grader_killed_at_any_event_is_finished_by_the_next_run(
    moment: int,
    killed: Killed,
    class_before: Course,
    undisturbed: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    course = copy_of(class_before, tmp_path)
    event = random.Random(f"{SEED} {moment}").randint(1, int(undisturbed["events"] * 0.95))
    answer = killed.grade(course, event)
    assert (answer["status"], answer["orphans"]) == (-signal.SIGKILL, [])
    finish_and_compare(course, killed, undisturbed, monkeypatch)


@pytest.mark.full
def test_a_grader_killed_again_and_again_by_the_clock_is_finished_by_the_next_run(
    killed: Killed,
    class_before: Course,
    undisturbed: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    course = copy_of(class_before, tmp_path)
    draw = random.Random(SEED)
    ends = [killed.grade(course, after=draw.uniform(0.05, 0.6) * undisturbed["seconds"]) for _ in range(5)]
    assert {end["status"] for end in ends} <= {-signal.SIGKILL, 0}  # a machine may have got faster since
    assert not any(end["orphans"] for end in ends)
    finish_and_compare(course, killed, undisturbed, monkeypatch)


def test_a_locked_gradebook_is_said_in_one_line_and_leaves_every_old_score_stale(
    course: Course, tmp_path: Path
) -> None:
    graded_class(course)
    with closing(sqlite3.connect(course.root / "grades.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        status, out, said = run_grader(course)
    assert (status, out) == (2, "")
    assert "grades.db: the gradebook cannot be used" in one_line(said)
    assert "database is locked" in said
    assert scores(course) == {"ana": 4.0, "bo": 1.0}
    assert stale_everywhere(course, tmp_path) == {"ana": True, "bo": True}

    assert run_grader(course)[0] == 0
    write_feedback(course, "scale")
    assert scores(course) == {"ana": 4.0, "bo": 4.0}
    assert stale_everywhere(course, tmp_path) == {"ana": False, "bo": False}


def test_a_gradebook_that_may_only_be_read_is_said_in_one_line(course: Course, tmp_path: Path) -> None:
    graded_class(course)
    (course.root / "grades.db").chmod(0o444)
    status, out, said = run_grader(course, poor=True)
    (course.root / "grades.db").chmod(0o644)
    assert (status, out) == (2, "")
    assert "readonly database" in one_line(said)
    assert scores(course) == {"ana": 4.0, "bo": 1.0}
    assert stale_everywhere(course, tmp_path) == {"ana": True, "bo": True}


def test_a_gradebook_that_is_locked_half_way_ends_the_run_and_keeps_what_was_graded(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graded_class(course)
    hand_in(course, "ceca")
    other = sqlite3.connect(course.root / "grades.db", check_same_thread=False)
    done: list[str] = []
    run_converter = conversions.run_converter

    def locked_after_the_first(converter: Any) -> str:
        if done:
            other.execute("BEGIN IMMEDIATE") if not other.in_transaction else None
        done.append(converter.coursedir.student_id)
        problem: str = run_converter(converter)
        return problem

    with monkeypatch.context() as patch, closing(other):
        patch.setattr(conversions, "run_converter", locked_after_the_first)
        patch.setattr(batches, "MOST", 1)
        with pytest.raises(GraderError, match="database is locked") as caught:
            grade_class(course, "scale", jobs=1)
        other.rollback()
    assert "\n" not in str(caught.value)
    assert done == ["ana", "bo"]  # and ceca was not even tried
    assert scores(course) == {"ana": 4.0, "bo": 1.0}
    assert "grader-stale" in feedback_page(course, "scale", "ana").read_text(encoding="utf-8")  # older than the verdict
    assert list(write_feedback(course, "scale")) == ["ana"]
    assert stale_everywhere(course, tmp_path) == {"ana": False, "bo": True}

    rows = grade_class(course, "scale")
    assert [(row.student, row.kept, row.total) for row in rows] == [
        ("ana", True, 4.0),
        ("bo", False, 4.0),
        ("ceca", False, 4.0),
    ]
    assert "the 1 submissions that it had graded are kept" in table(course.assignment("scale"), rows)


def test_a_full_disk_is_said_in_one_line_and_leaves_every_old_score_stale(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        course = released_course(disk, IMPATIENT)
        graded_class(course)
        shutil.rmtree(course.root / "feedback")  # a page that is removed would make room
        fill(disk)
        status, out, said = run_grader(course)
        assert (status, out) == (2, "")
        one_line(said)
        assert "No space left on device" in said or "disk is full" in said
        (disk / "filling").unlink()
        assert scores(course) == {"ana": 4.0, "bo": 1.0}
        assert stale_everywhere(course, tmp_path) == {"ana": True, "bo": True}

        assert run_grader(course)[0] == 0
        write_feedback(course, "scale")
        assert stale_everywhere(course, tmp_path) == {"ana": False, "bo": False}


def test_a_temporary_folder_that_fills_up_ends_the_run_and_leaves_every_old_score_stale(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graded_class(course)
    with small_disk(tmp_path / "disk") as disk, monkeypatch.context() as patch:
        fill(disk)
        patch.setattr(tempfile, "tempdir", str(disk))
        with pytest.raises(GraderError, match="No space left on device") as caught:
            grade_class(course, "scale")
    assert "\n" not in str(caught.value)
    assert scores(course) == {"ana": 4.0, "bo": 1.0}
    assert stale_everywhere(course, tmp_path) == {"ana": True, "bo": True}
    assert [row.total for row in grade_class(course, "scale")] == [4.0, 4.0]


def test_a_file_that_may_not_grow_writes_no_score_and_leaves_every_old_one_stale(
    course: Course, tmp_path: Path
) -> None:
    """As on a full disk, and without root: no file may grow beyond 4 kB."""
    graded_class(course)

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    done = subprocess.run(
        [sys.executable, "-m", "grader.cli", "grade", "scale", "--course", str(course.root)],
        preexec_fn=no_room,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    one_line(done.stderr)
    assert scores(course) == {"ana": 4.0, "bo": 1.0}
    assert stale_everywhere(course, tmp_path) == {"ana": True, "bo": True}


class Failing:
    """A sandbox that stops working after a few processes."""

    name = "failing"

    def __init__(self, after: int) -> None:
        self.left = after
        self.real = choose()

    def start(self, stage: Path, end: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise GraderError("bwrap: cannot be started (Permission denied). Next: grader doctor.")
        return self.real.start(stage, end)


def test_a_sandbox_that_stops_working_half_way_writes_no_score_and_leaves_the_old_ones_stale(
    course: Course, tmp_path: Path
) -> None:
    graded_class(course)
    hand_in(course, "ceca")
    with pytest.raises(GraderError, match=r"bwrap: cannot be started .* Next: grader doctor"):
        grade_class(course, "scale", launcher=Failing(after=1))
    assert scores(course) == {"ana": 4.0, "bo": 1.0}
    assert stale_everywhere(course, tmp_path) == {"ana": True, "bo": True}
    assert [row.total for row in grade_class(course, "scale")] == [4.0, 4.0, 4.0]


def test_a_machine_without_a_sandbox_leaves_the_old_scores_stale(course: Course, tmp_path: Path) -> None:
    graded_class(course)
    status, out, said = run_grader(course, GRADER_WORKER_PYTHON=str(tmp_path / "no such python"))
    assert (status, out) == (2, "")
    assert "the environment for student code is missing" in one_line(said)
    assert stale_everywhere(course, tmp_path) == {"ana": True, "bo": True}


def test_a_lost_secret_is_explained_and_made_anew_only_where_that_is_asked_for(course: Course, tmp_path: Path) -> None:
    graded_class(course)
    secret = course.store / "secret"
    whole = secret.read_bytes()
    secret.unlink()
    status, out, said = run_grader(course)
    assert (status, out) == (2, "")
    assert "the course secret is missing, and results were drawn from one" in one_line(said)
    assert "GRADER_SECRET" in said and "--new-secret" in said
    assert not secret.exists()
    assert scores(course) == {"ana": 4.0, "bo": 1.0}
    assert stale_everywhere(course, tmp_path) == {"ana": True, "bo": True}
    assert autograde(course, "ana") == {"ana": False}  # formgrader makes none either

    assert run_grader(course, GRADER_SECRET=whole.decode().strip())[0] == 0  # from a copy, by the environment
    assert not secret.exists()
    assert run_grader(course, "--new-secret")[0] == 0
    assert secret.read_bytes() != whole
    record = read_record(course, "scale", "ana")
    assert record is not None and not staleness(course, record)
    secret.write_bytes(whole)
    assert staleness(course, record) == "the course secret has changed since it was graded"


def test_an_empty_secret_is_explained_and_not_drawn_from(course: Course) -> None:
    hand_in(course, "ana")
    course.store.mkdir(exist_ok=True)
    (course.store / "secret").touch()
    with pytest.raises(GraderError, match="expected the course secret, found an empty file"):
        grade_class(course, "scale")


def test_graders_that_start_at_once_make_one_secret(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from grader.course import Course; from grader.grading.secret import ensure_secret\n"
        "print('ready', flush=True); sys.stdin.read(1); print(ensure_secret(Course(Path(sys.argv[1]))).decode())"
    )
    racing = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(8)
    ]
    for one in racing:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in racing:
        assert one.stdin is not None
        one.stdin.write("x")
        one.stdin.flush()
    found = {one.communicate(timeout=60)[0] for one in racing}
    assert found == {(tmp_path / ".grader" / "secret").read_text()}
    assert [path.name for path in (tmp_path / ".grader").iterdir()] == ["secret"]
    assert (tmp_path / ".grader" / "secret").stat().st_mode & 0o077 == 0


def test_the_secret_cannot_be_read_from_where_student_code_runs(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADER_SECRET", "from the environment")
    (course.store / "secret").parent.mkdir(exist_ok=True)
    (course.store / "secret").write_text("from the file\n")
    look = (
        "    import os\n"
        "    found = [value for value in os.environ.values() if 'from the environment' in value]\n"
        f"    for path in ({str(course.store / 'secret')!r}, '/proc/%d/environ' % os.getppid(), '/proc/1/environ'):\n"
        "        try:\n            found.append(open(path).read())\n        except OSError:\n            pass\n"
        "    if any('from the' in text for text in found):\n        return None\n"
    )
    hand_in(course, "curious", look + SOLVED)
    (row,) = grade_class(course, "scale")
    assert row.total == 4.0


def test_who_reads_a_file_while_it_is_written_anew_reads_the_old_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"as it was")
    with path.open("rb") as reader:
        write_whole(path, b"another")
        assert (reader.read(), path.read_bytes()) == (b"as it was", b"another")
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_half_way_leaves_nothing_of_itself_in_the_gradebook(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    for student in ("ana", "bo"):
        hand_in(course, student)
    last_step = BaseConverter.set_permissions

    def fail_for_bo(converter: BaseConverter, assignment: str, student: str) -> None:
        if student == "bo":
            raise PermissionError("not allowed")
        last_step(converter, assignment, student)

    monkeypatch.setattr(BaseConverter, "set_permissions", fail_for_bo)
    rows = grade_class(course, "scale", run_notebooks=False)
    assert [bool(row.problem) for row in rows] == [False, True]
    found = gradebook_rows(course)
    assert {row[0] for rows in found.values() for row in rows} == {"ana"}
    assert {row[2] for row in found["grades"] if row[1] == "scale_forward"} == {4.0}


def test_a_second_grader_waits_for_the_first(course: Course) -> None:
    hand_in(course, "ana")
    with runs.only_one(course, "scale"):
        status, out, said = run_grader(course, apart=True)
        assert (status, out) == (2, "")
        assert "another grader is at work on 'scale'" in one_line(said)
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", "autograde", "scale"],
            cwd=course.root, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode != 0
        assert "another grader is at work on 'scale'" in done.stderr
    assert scores(course) == {}
    assert run_grader(course)[0] == 0


def test_a_regrade_that_fails_shows_stale_in_table_export_and_feedback(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graded_class(course)

    def broken(*_: object, **__: object) -> None:
        raise GraderError("a fault of the kit. Next: tell its makers.")

    with monkeypatch.context() as patch:
        patch.setattr(grading, "grade_with_digests", broken)
        rows = grade_class(course, "scale", ["bo"])
    text = table(course.assignment("scale"), rows).splitlines()
    assert text[2].split() == ["bo", "1", "1", "stale"]
    assert text[3].startswith("bo: not graded, no score was written. a fault of the kit.")
    assert text[3].endswith("The points shown are older and stale.")
    assert stale_everywhere(course, tmp_path) == {"ana": False, "bo": True}


def test_feedback_that_is_written_on_a_stale_verdict_says_so(course: Course) -> None:
    graded_class(course)
    pages = write_feedback(course, "scale")  # bo has handed in anew since
    assert "grader-stale" not in pages["ana"].read_text(encoding="utf-8")
    assert "Ova stranica više ne važi" in pages["bo"].read_text(encoding="utf-8")


def test_nbgrader_autograde_takes_up_what_was_left_half_done_and_skips_what_is_done(course: Course) -> None:
    graded_class(course)
    for student, stale in (("ana", ""), ("bo", "a later run of the grader did not finish")):
        folder = course.root / "autograded" / student / "scale"
        notebook = folder / "scale.ipynb"
        notebook.chmod(0o644)
        notebook.write_text(notebook.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        record = read_record(course, "scale", student)
        assert record is not None
        write_record(course, replace(record, stale=stale))
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "autograde", "scale"],
        cwd=course.root, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    ends = {s: (course.root / "autograded" / s / "scale" / "scale.ipynb").read_text()[-2:] for s in ("ana", "bo")}
    assert ends["ana"] == "\n\n"  # as it was left
    assert ends["bo"] != "\n\n"
    assert scores(course) == {"ana": 4.0, "bo": 4.0}


def test_a_temporary_folder_goes_with_its_grader_or_with_the_next(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / f"{PREFIX}orphan" / "stage").mkdir(parents=True)
    (tmp_path / "somebody-elses").mkdir()
    with temporary_folder() as mine:
        remove_orphans(tmp_path)
        assert {path.name for path in tmp_path.iterdir()} == {mine.name, "somebody-elses"}
    assert [path.name for path in tmp_path.iterdir()] == ["somebody-elses"]


def row_of(course: Course, student: str) -> Any:
    rows = {row.student: row for row in grade_class(course, "scale")}
    assert (rows["zoe"].total, rows["zoe"].problem) == (4.0, "")  # the others go on
    return rows[student]


def test_what_stands_where_a_submission_should_is_listed_and_stops_nobody(course: Course) -> None:
    hand_in(course, "zoe")
    (course.submitted / "ana").mkdir()
    (course.submitted / "ana" / "scale").write_text("a file")
    (course.submitted / "bo").mkdir()
    (course.submitted / "bo" / "scale").symlink_to("scale")
    (course.submitted / "ceca.zip").write_bytes(b"PK")
    status, out, _ = run_grader(course)
    assert status == 2
    problems = [line for line in out.splitlines() if "no score was written" in line]
    assert [line.split(":")[0] for line in problems] == ["ana", "bo", "ceca.zip"]
    assert "ana/scale: expected the folder submitted/STUDENT/scale/, found a file" in problems[0]
    assert "bo/scale: " in problems[1]
    assert scores(course) == {"zoe": 4.0}


@pytest.mark.parametrize(
    "closed", only(["scale/funkcije/layers.py"], ["", "scale", "scale/funkcije", "scale/funkcije/layers.py"])
)
def test_a_submission_that_may_not_be_read_is_listed_and_stops_nobody(course: Course, closed: str) -> None:
    hand_in(course, "ana")
    hand_in(course, "zoe")
    grade_class(course, "scale")
    path = course.submitted / "ana" / closed
    path.chmod(0)
    status, out, _ = run_grader(course, poor=True)
    path.chmod(0o755)
    assert status == 2
    (problem,) = [line for line in out.splitlines() if "no score was written" in line]
    assert problem.startswith("ana: not graded")
    assert "cannot be read (Permission denied). Next: give yourself access" in problem
    assert "older and stale" in problem
    assert scores(course) == {"ana": 4.0, "zoe": 4.0}


def nested(folder: Path) -> None:
    inner = folder / "scale"
    inner.mkdir()
    for entry in list(folder.iterdir()):
        if entry != inner:
            entry.rename(inner / entry.name)


@pytest.mark.parametrize(
    ("name", "change", "found"),
    only(["both"], [
        ("nested", nested, "scale/funkcije"),
        ("case", lambda folder: (folder / "funkcije").rename(folder / "Funkcije"), "Funkcije"),
        ("both", lambda folder: (nested(folder), (folder / "scale/funkcije").rename(folder / "scale/FUNKCIJE")),
         "scale/FUNKCIJE"),
    ], itemgetter(0)),
)  # fmt: skip
def test_a_package_whose_place_is_certain_is_graded_there_and_noted(
    course: Course, name: str, change: Any, found: str
) -> None:
    hand_in(course, "zoe")
    folder = hand_in(course, "ana")
    notebook = edit_notebook(folder)
    cell_of(notebook, "answer").source = "Moj odgovor"
    save_notebook(folder, notebook)
    change(folder)
    row = row_of(course, "ana")
    assert (row.total, row.problem) == (4.0, "")
    assert row.look == (f"The folder funkcije/ is not where it belongs: {found} was graded.",)
    assert cell_of(graded_notebook(course, "ana"), "answer").source == "Moj odgovor"
    assert (course.root / "autograded" / "ana" / "scale" / "funkcije" / "layers.py").is_file()
    assert not (course.root / "autograded" / "ana" / "scale" / "scale").exists()


def test_of_two_packages_that_may_be_meant_none_is_guessed(course: Course) -> None:
    hand_in(course, "zoe")
    folder = hand_in(course, "ana")
    (folder / "old").mkdir()
    shutil.copytree(folder / "funkcije", folder / "old" / "funkcije")
    (folder / "funkcije").rename(folder / "Funkcije")
    with (folder / "old" / "funkcije" / "layers.py").open("a") as file:
        file.write("\n\nx = 1\n")
    row = row_of(course, "ana")
    assert (row.total, row.problem) == (0.0, "")
    assert "no folder funkcije/" in row.look[0]
    assert "several files could be it" in row.look[1]


@pytest.mark.parametrize(
    "student",
    only(["a[1]*", "ana\u0301"], ["Žana Đurić", "š đ č ć ž", "a[1]*", "ana\u0301", "'; DROP TABLE grade; --"]),
)
def test_a_name_is_only_a_name(course: Course, student: str) -> None:
    hand_in(course, "zoe")
    hand_in(course, student)
    row = row_of(course, student)
    assert (row.total, row.problem, row.look) == (4.0, "", ())
    assert scores(course)[student] == 4.0
    if "[" not in student:  # nbgrader's own feedback takes it for a pattern, and says that it found nothing
        assert write_feedback(course, "scale")[student].is_file()


def test_a_name_that_cannot_be_written_down_is_listed_and_stops_nobody(course: Course) -> None:
    hand_in(course, "zoe")
    hand_in(course, os.fsdecode(b"\xe6ani\xe6"))
    hand_in(course, "red\x1b[31m")
    status, out, _ = run_grader(course)
    assert status == 2
    assert "?ani?: not graded" in out and "found a name that is not UTF-8" in out
    assert "\x1b" not in out
    assert scores(course)["zoe"] == 4.0


@pytest.mark.parametrize(
    ("kind", "content"),
    only(["CRLF and BOM", "Latin-2 that says so"], [
        ("CRLF", lambda text: text.replace("\n", "\r\n").encode()),
        ("BOM", lambda text: b"\xef\xbb\xbf" + text.encode()),
        ("CRLF and BOM", lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()),
        ("Latin-2 in a comment", lambda text: text.encode() + "# čćžšđ\n".encode("iso-8859-2")),
        ("Latin-2 that says so", lambda text: ("# -*- coding: iso-8859-2 -*-\n# čćžšđ\n" + text).encode("iso-8859-2")),
    ], itemgetter(0)),
)  # fmt: skip
def test_a_module_that_python_can_read_is_graded(course: Course, kind: str, content: Any) -> None:
    hand_in(course, "zoe")
    module = hand_in(course, "ana") / "funkcije" / "layers.py"
    module.write_bytes(content(module.read_text(encoding="utf-8")))
    row = row_of(course, "ana")
    assert (row.total, row.problem) == (4.0, "")


def test_a_module_in_latin_2_fails_its_checks_with_the_reason(course: Course) -> None:
    hand_in(course, "zoe")
    module = hand_in(course, "ana") / "funkcije" / "layers.py"
    module.write_bytes(module.read_bytes() + "letters = 'čćžšđ'\n".encode("iso-8859-2"))
    row = row_of(course, "ana")
    assert (row.total, row.problem) == (0.0, "")
    record = read_record(course, "scale", "ana")
    assert record is not None
    assert all("utf-8" in check.message for check in record.result.checks), record.result.checks


def test_a_notebook_of_200_mb_is_not_read(course: Course) -> None:
    hand_in(course, "zoe")
    with (hand_in(course, "ana") / "scale.ipynb").open("r+b") as file:
        file.truncate(200_000_000)
    row = row_of(course, "ana")
    assert (row.total, row.problem) == (4.0, "")
    assert "larger than 50 MB" in row.look[0]


def test_links_and_special_files_are_left_behind_and_noted(course: Course) -> None:
    hand_in(course, "zoe")
    folder = hand_in(course, "ana")
    (course.store).mkdir(exist_ok=True)
    (course.store / "secret").write_text("the secret\n")
    (folder / "notes.txt").symlink_to(course.store / "secret")
    (folder / "loop").symlink_to("loop")
    (folder / "everything").symlink_to(course.root)
    os.mkfifo(folder / "pipe")
    os.mkfifo(folder / "timestamp.txt")
    (folder / "kept.txt").write_text("kept")
    row = row_of(course, "ana")
    assert (row.total, row.problem) == (4.0, "")
    assert row.look[0] == "The time of submission in timestamp.txt cannot be read and was not taken into account."
    assert "everything, loop, notes.txt, pipe." in row.look[1]
    copied = fingerprint(course.root / "autograded" / "ana" / "scale")
    assert "kept.txt" in copied
    assert not {"notes.txt", "loop", "pipe", "timestamp.txt"} & set(copied)


@pytest.mark.parametrize("link", ["notebook", "folder"])
def test_a_link_in_place_of_notebook_or_timestamp_is_not_followed(course: Course, link: str) -> None:
    hand_in(course, "zoe")
    folder = hand_in(course, "ana")
    (folder / "scale.ipynb").unlink()
    if link == "notebook":
        (folder / "scale.ipynb").symlink_to(course.submitted / "zoe" / "scale" / "scale.ipynb")
    else:
        (folder / "scale.ipynb").mkdir()
    row = row_of(course, "ana")
    assert (row.total, row.problem) == (4.0, "")
    assert "scale.ipynb cannot be read (not a file)" in row.look[0]


@pytest.mark.parametrize("content", only([b"\xff\xfe"], [b"yesterday", b"\xff\xfe", b""]))
def test_a_broken_timestamp_is_noted_and_ends_nothing(course: Course, content: bytes) -> None:
    hand_in(course, "zoe")
    (hand_in(course, "ana") / "timestamp.txt").write_bytes(content)
    row = row_of(course, "ana")
    assert (row.total, row.problem) == (4.0, "")
    assert "timestamp.txt" in row.look[0]


def test_more_files_than_anybody_needs_are_left_behind(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "MAX_BYTES", 100_000)
    hand_in(course, "zoe")
    (hand_in(course, "ana") / "video.mp4").write_bytes(bytes(200_000))
    row = row_of(course, "ana")
    assert (row.total, row.problem) == (4.0, "")
    assert "video.mp4" in row.look[0]
