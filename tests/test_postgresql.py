"""Everything that is promised of a gradebook in a file, on a real PostgreSQL server; and several machines at once."""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
import postgres
import pytest
from a_course import CHECKS, LAYERS, MESSAGES, MISTAKES, graded, notebook, save, small_course, write
from classroom import (
    NO_KERNEL,
    ON_SERVER,
    SOLVED,
    WRONG,
    ask,
    autograde,
    give_by_hand,
    gradebook_rows,
    hand_in,
    released_course,
    scores,
    whole_class,
)
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from surviving import Killed, copy_of, fill, graded_class, one_line, run_grader, small_disk, stale_everywhere, state

from grader.classroom import batches, conversions, server
from grader.classroom.converter import SubmissionConverter
from grader.classroom.export import export_csv
from grader.classroom.gradebook import course_config, write_feedback
from grader.classroom.results import read_record, staleness
from grader.classroom.status import standings
from grader.classroom.whole_class import grade_class
from grader.course import CONFIG, Course
from grader.errors import GraderError
from grader.publish.release import release
from grader.publish.worked import execute
from grader.reference.render import render_package
from grader.surroundings import SECRETS

# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = [pytest.mark.full, pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")]

SEED = 20240301
MOMENTS = 3


@pytest.fixture(scope="module")
def postgresql() -> Iterator[postgres.Server]:
    with postgres.server() as running:
        yield running


@pytest.fixture(scope="module")
def released(postgresql: postgres.Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database that knows the assignment, for others to be made from."""
    name = postgresql.database()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADEBOOK_URL", postgresql.url(name))
        release(released_course(tmp_path_factory.mktemp("released"), NO_KERNEL + ON_SERVER), "scale", execute=False)
    return name


@pytest.fixture
def course(postgresql: postgres.Server, released: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    monkeypatch.setenv("GRADEBOOK_URL", postgresql.url(postgresql.database(released)))
    return on_server(tmp_path)


def on_server(folder: Path) -> Course:
    """A course whose folder holds no gradebook."""
    course = released_course(folder, NO_KERNEL + ON_SERVER)
    (course.root / "grades.db").unlink()
    return course


def database() -> str:
    return os.environ["GRADEBOOK_URL"].rpartition("/")[2]


# --- the same as in a file --------------------------------------------------------------------------------------------


def same_on_both(course: Course) -> dict[str, list[tuple[object, ...]]]:
    """The gradebook's rows, with what the two databases write in different ways written in one."""

    def plain(value: object) -> object:
        if isinstance(value, datetime):
            return f"{value:%Y-%m-%d %H:%M:%S.%f}"
        return int(value) if isinstance(value, bool) else value

    rows = gradebook_rows(course)
    return {name: sorted((tuple(map(plain, row)) for row in found), key=repr) for name, found in rows.items()}


def test_grades_are_the_same_row_by_row_in_a_file_and_on_a_server(course: Course, tmp_path: Path) -> None:
    in_file = released_course(tmp_path / "file")
    found = []
    for one in (in_file, course):
        points = whole_class(one)
        (one.submitted / "ana" / "scale" / "timestamp.txt").write_text("2026-01-10 10:00:00 UTC")
        grade_class(one, "scale")
        give_by_hand(one, "ana", "answer", 1.5)
        shutil.rmtree(one.submitted / "bo wrong")
        hand_in(one, "bo wrong")
        grade_class(one, "scale")
        assert scores(one) == points | {"bo wrong": 4.0}
        export_csv(one, tmp_path / "grades.csv")
        found.append((same_on_both(one), (tmp_path / "grades.csv").read_text(), standings(one, "scale")))
    assert found[0] == found[1]
    assert {name: len(rows) for name, rows in found[0][0].items()} == {
        "students": 5, "work": 5, "notebooks": 5, "grades": 10, "comments": 5
    }  # fmt: skip
    assert not (course.root / "grades.db").exists()


# --- nothing lost -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def killed(postgresql: postgres.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killed]:
    killed = Killed(tmp_path_factory.mktemp("killed"))
    yield killed
    killed.process.communicate(timeout=60)


@pytest.fixture(scope="module")
def before(postgresql: postgres.Server, released: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, str]:
    """A class that was graded, with points given by hand, and that handed in again since; and its database."""
    name = postgresql.database(released)
    course = on_server(tmp_path_factory.mktemp("before"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADEBOOK_URL", postgresql.url(name))
        whole_class(course)
        grade_class(course, "scale", run_notebooks=False)
        give_by_hand(course, "ana", "answer", 1.5)
        for student, body in (("bo wrong", SOLVED), ("ceca", WRONG)):
            shutil.rmtree(course.submitted / student)
            hand_in(course, student, body)
        hand_in(course, "Žana Đurić")
    return course, name


def test_a_grader_killed_at_any_statement_is_finished_by_the_next_run(
    postgresql: postgres.Server,
    killed: Killed,
    before: tuple[Course, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(folder: str, event: int | None = None) -> tuple[Course, dict[str, Any]]:
        course = copy_of(before[0], tmp_path / folder)
        monkeypatch.setenv("GRADEBOOK_URL", postgresql.url(postgresql.database(before[1])))
        answer = killed.grade(course, event)
        assert answer["orphans"] == []
        return course, answer

    course, answer = run("undisturbed")
    assert answer["status"] == 0
    undisturbed, events = state(course), int(answer["events"])
    assert events > 500
    draw = random.Random(SEED)
    for moment in range(MOMENTS):
        part = events * 0.95 / MOMENTS
        course, answer = run(f"killed {moment}", int(part * (moment + draw.random())))
        assert answer["status"] == -signal.SIGKILL
        wait_until_nobody_holds(postgresql, database())
        rows = grade_class(course, "scale", run_notebooks=False)
        assert not [row.problem for row in rows if row.problem]
        assert state(course) == undisturbed


def wait_until_nobody_holds(postgresql: postgres.Server, name: str) -> None:
    """The server notices a moment later that a process is gone."""
    query = (
        "SELECT 1 FROM pg_locks JOIN pg_database ON oid = database WHERE locktype = 'advisory' AND datname = %(name)s"
    )
    for _ in range(600):
        if postgresql.ask(query, values={"name": name}) == []:
            return
        time.sleep(0.05)
    raise AssertionError("a lock outlives its process")


def after_the_first(monkeypatch: pytest.MonkeyPatch, do: Any) -> list[str]:
    """Do something once the first submission is in the gradebook; who was converted, in the end."""
    done: list[str] = []
    run_converter = conversions.run_converter

    def run(converter: Any) -> str:
        if len(done) == 1:
            do()
        done.append(converter.coursedir.student_id)
        return str(run_converter(converter))

    monkeypatch.setattr(conversions, "run_converter", run)
    monkeypatch.setattr(batches, "MOST", 1)
    return done


def class_of_three(course: Course) -> None:
    graded_class(course)
    hand_in(course, "ceca")


def finishes(course: Course) -> None:
    """The next run does the rest, and what the interrupted one had done is kept."""
    rows = grade_class(course, "scale")
    assert [(row.student, row.kept, row.total) for row in rows] == [
        ("ana", True, 4.0),
        ("bo", False, 4.0),
        ("ceca", False, 4.0),
    ]


def test_a_server_that_goes_in_the_middle_ends_the_run_and_keeps_what_was_graded(
    course: Course, postgresql: postgres.Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    class_of_three(course)
    capfd.readouterr()
    with pytest.MonkeyPatch.context() as patch:
        done = after_the_first(patch, postgresql.stop)
        try:
            status, out, said = run_grader(course, "--jobs", "1")
        finally:
            postgresql.start()
    assert (status, out) == (2, "")
    assert one_line(said.strip()).startswith("grader grade: postgresql://127.0.0.1:")
    assert "the gradebook cannot be used" in said
    assert capfd.readouterr().err == ""
    assert done == ["ana", "bo"]  # and ceca was not even tried
    assert scores(course) == {"ana": 4.0, "bo": 1.0}
    write_feedback(course, "scale", ["ana"])
    assert stale_everywhere(course, tmp_path) == {"ana": False, "bo": True}
    finishes(course)


def test_a_server_that_comes_back_at_once_ends_the_run_all_the_same_since_its_lock_is_lost(
    course: Course, postgresql: postgres.Server
) -> None:
    class_of_three(course)

    def again() -> None:
        postgresql.stop()
        postgresql.start()

    with pytest.MonkeyPatch.context() as patch:
        done = after_the_first(patch, again)
        with pytest.raises(GraderError, match="kept other graders away from 'scale' is lost") as caught:
            grade_class(course, "scale", jobs=1)
    assert "\n" not in str(caught.value)
    assert done == ["ana", "bo"]
    assert scores(course) == {"ana": 4.0, "bo": 1.0}
    finishes(course)


def test_a_server_that_is_gone_at_the_start_leaves_every_old_score_stale(
    course: Course, postgresql: postgres.Server, tmp_path: Path
) -> None:
    graded_class(course)
    postgresql.stop()
    try:
        status, out, said = run_grader(course)
    finally:
        postgresql.start()
    assert (status, out) == (2, "")
    assert "the gradebook cannot be used" in one_line(said)
    assert scores(course) == {"ana": 4.0, "bo": 1.0}
    assert stale_everywhere(course, tmp_path) == {"ana": True, "bo": True}


def test_a_role_that_may_only_read_writes_nothing_and_is_told_so_and_can_ask_for_the_status(
    course: Course, postgresql: postgres.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graded_class(course)
    before = gradebook_rows(course)
    for said in (
        "CREATE ROLE reader LOGIN PASSWORD 'reads'",
        f"GRANT CONNECT ON DATABASE {database()} TO reader",
    ):
        postgresql.ask(said)
    postgresql.ask("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", database())
    monkeypatch.setenv("GRADEBOOK_URL", postgresql.url(database(), "reader", "reads"))
    assert [(one.student, one.points) for one in standings(course, "scale")] == [("ana", 4.0), ("bo", 1.0)]
    status, out, said = run_grader(course)
    assert (status, out) == (2, "")
    assert "permission denied for table grade" in one_line(said)
    assert gradebook_rows(course) == before
    assert stale_everywhere(course, tmp_path) == {"ana": True, "bo": True}


def test_a_server_that_takes_no_writes_is_said_in_one_line(course: Course, postgresql: postgres.Server) -> None:
    """As one that follows another."""
    graded_class(course)
    postgresql.ask(f"ALTER DATABASE {database()} SET default_transaction_read_only = on")
    status, out, said = run_grader(course)
    assert (status, out) == (2, "")
    assert "cannot execute UPDATE in a read-only transaction" in one_line(said)
    assert scores(course) == {"ana": 4.0, "bo": 1.0}


def test_a_server_without_room_is_said_in_one_line_and_leaves_every_old_score_stale(
    postgresql: postgres.Server, released: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(postgresql.folder / "disk") as disk:
        place = disk / "space"
        place.mkdir(mode=0o700)
        if os.geteuid() == 0:
            disk.chmod(0o755)
            shutil.chown(place, "postgres", "postgres")
        postgresql.ask(f"CREATE TABLESPACE small LOCATION '{place}'")
        name = postgresql.database(released, "TABLESPACE small")
        monkeypatch.setenv("GRADEBOOK_URL", postgresql.url(name))
        course = on_server(tmp_path)
        graded_class(course)
        fill(disk)
        try:
            status, out, said = run_grader(course)
            found = scores(course), stale_everywhere(course, tmp_path)
        finally:
            (disk / "filling").unlink()
        assert (status, out) == (2, "")
        assert "No space left on device" in one_line(said)
        assert found == ({"ana": 4.0, "bo": 1.0}, {"ana": True, "bo": True})
        assert [row.total for row in grade_class(course, "scale")] == [4.0, 4.0]
        postgresql.ask(f"DROP DATABASE {name} WITH (FORCE)")
        postgresql.ask("DROP TABLESPACE small")


def test_what_fails_half_way_leaves_nothing_of_itself_on_the_server(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    for student in ("ana", "bo"):
        hand_in(course, student)
    last_step = conversions.OneOfAClass.set_permissions

    def fail_for_bo(converter: Any, assignment: str, student: str) -> None:
        if student == "bo":
            raise PermissionError("not allowed")
        last_step(converter, assignment, student)

    monkeypatch.setattr(conversions.OneOfAClass, "set_permissions", fail_for_bo)
    rows = grade_class(course, "scale", run_notebooks=False)
    assert [bool(row.problem) for row in rows] == [False, True]
    assert {row[0] for rows in gradebook_rows(course).values() for row in rows} == {"ana"}


# --- several at once --------------------------------------------------------------------------------------------------


def test_on_one_assignment_there_is_one_grader_at_a_time_on_all_machines(
    course: Course, postgresql: postgres.Server, tmp_path: Path
) -> None:
    """Another machine has another folder, so a file's lock would not be seen."""
    graded_class(course)
    with server.only_one_on_server(os.environ["GRADEBOOK_URL"], "scale"):
        status, out, said = run_grader(course)
        assert (status, out) == (2, "")
        assert "another grader is at work on 'scale' (the server's process " in one_line(said)
        assert "from 127.0.0.1)" in said and "pg_terminate_backend" in said
        assert autograde(course, "ana") == {"ana": False}  # nor by formgrader's button
        # What the other one may have graded is not called stale.
        write_feedback(course, "scale")
        assert stale_everywhere(course, tmp_path) == {"ana": False, "bo": True}  # who handed in anew since
    assert run_grader(course)[0] == 0
    wait_until_nobody_holds(postgresql, database())


def test_a_run_whose_lock_is_lost_writes_nothing_more(
    course: Course, postgresql: postgres.Server, tmp_path: Path
) -> None:
    class_of_three(course)

    def lose() -> None:
        [held] = server._held.values()
        assert postgresql.ask("SELECT pg_terminate_backend(%(process)s, 10000)", values=vars(held)) == [(True,)]

    with pytest.MonkeyPatch.context() as patch:
        done = after_the_first(patch, lose)
        with pytest.raises(GraderError, match="kept other graders away from 'scale' is lost"):
            grade_class(course, "scale", jobs=1)
    assert done == ["ana", "bo"]
    assert scores(course) == {"ana": 4.0, "bo": 1.0}
    write_feedback(course, "scale", ["ana"])
    assert stale_everywhere(course, tmp_path) == {"ana": False, "bo": True}
    finishes(course)


def test_nbgraders_own_commands_write_nothing_more_either(course: Course, postgresql: postgres.Server) -> None:
    hand_in(course, "ana")
    graded = SubmissionConverter.init_assignment

    def lose_first(converter: Any, *names: str) -> None:
        [held] = server._held.values()
        postgresql.ask("SELECT pg_terminate_backend(%(process)s, 10000)", values=vars(held))
        graded(converter, *names)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SubmissionConverter, "init_assignment", lose_first)
        assert autograde(course, "ana") == {"ana": False}
    assert ask(course, "SELECT id FROM student") == []
    assert autograde(course, "ana") == {"ana": True}


def test_another_grader_may_begin_once_the_lock_of_the_first_is_lost_and_the_first_does_not_spoil_its_scores(
    course: Course, postgresql: postgres.Server, tmp_path: Path
) -> None:
    class_of_three(course)
    other = copy_of(course, tmp_path / "other")
    (other.submitted / "bo" / "scale" / "funkcije" / "layers.py").write_bytes(
        (other.release / "scale" / "funkcije" / "layers.py").read_bytes()
    )

    def lose_and_let_another_grade() -> None:
        [held] = server._held.values()
        postgresql.ask("SELECT pg_terminate_backend(%(process)s, 10000)", values=vars(held))
        command = [sys.executable, "-m", "grader.cli", "grade", "scale", "--student", "bo", "--course", str(other.root)]
        subprocess.run(command, check=True, capture_output=True, timeout=300)

    with pytest.MonkeyPatch.context() as patch:
        after_the_first(patch, lose_and_let_another_grade)
        with pytest.raises(GraderError, match="is lost"):
            grade_class(course, "scale", jobs=1)
    assert scores(course) == {"ana": 4.0, "bo": 0.0}


def test_two_that_open_an_empty_database_at_once_make_its_tables_once(postgresql: postgres.Server) -> None:
    url = postgresql.url(postgresql.database())
    ready = threading.Barrier(4)
    failed: list[Exception] = []

    def open_it() -> None:
        ready.wait(60)
        try:
            Gradebook(url, "course").close()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failed == []
    name = url.rpartition("/")[2]
    assert postgresql.ask("SELECT count(*) FROM alembic_version", name) == [(1,)]
    assert postgresql.ask("SELECT id FROM course", name) == [("course",)]


def test_of_two_transactions_that_enter_one_student_the_second_waits_and_finds_it(
    course: Course, postgresql: postgres.Server
) -> None:
    """As two graders on two assignments do, who come to a new student at the same moment."""
    url = os.environ["GRADEBOOK_URL"]
    with Gradebook(url, "funkcije") as first, Gradebook(url, "funkcije") as second:
        commit, first.db.commit = first.db.commit, first.db.flush
        first.update_or_create_student("ana")
        entered: list[Any] = []

        def enter() -> None:
            entered.append(second.update_or_create_student("ana").id)
            second.db.remove()  # each thread has a session of its own

        thread = threading.Thread(target=enter)
        thread.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        for _ in range(1200):
            if postgresql.ask(waiting) == [(1,)]:
                break
            time.sleep(0.05)
        assert entered == []
        commit()
        thread.join(60)
        assert entered == ["ana"]
    assert ask(course, "SELECT id FROM student") == [("ana",)]


def course_of_two(folder: Path) -> Course:
    """The small course with a second assignment, `later`, that is like the first."""
    course = small_course(folder)
    with (course.root / CONFIG).open("a", encoding="utf-8") as settings:
        settings.write(NO_KERNEL + ON_SERVER)
    module = LAYERS.replace("later_forward(x)", "later_forward(x, gamma)").replace(
        "np.tanh(x) ** 2", "np.abs(gamma) * x"
    )
    write(course.package / "layers.py", module)
    for name, text in (("__init__.py", CHECKS), ("messages.toml", MESSAGES), ("mistakes.py", MISTAKES)):
        text = text.replace("scale", "later").replace("x * factors", "gamma) * x").replace("x + factors", "gamma) + x")
        write(course.checks / "later" / name, text)
    book = notebook()
    [at] = [index for index, cell in enumerate(book.cells) if cell.id == "scale-forward"]
    book.cells[at] = graded("later_forward", 4)
    save(course, book, "later")
    return course


def test_two_graders_on_two_assignments_and_formgrader_beside_them_lose_nothing(
    postgresql: postgres.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADEBOOK_URL", postgresql.url(postgresql.database()))
    course = course_of_two(tmp_path)
    names, students = ("scale", "later"), [f"student{number}" for number in range(5)]
    for name in names:
        release(course, name, execute=False)
        solution = render_package(course, course.assignment(name)).solution
        for student in students:
            folder = course.submitted / student / name
            shutil.copytree(course.release / name, folder)
            for path, content in solution.items():
                (folder / "funkcije" / path).write_bytes(content)
    grade_class(course, "scale", students[:1])
    graders = [
        subprocess.Popen(
            [sys.executable, "-m", "grader.cli", "grade", name, "--jobs", "1", "--course", str(course.root)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for name in names
    ]  # fmt: skip
    api = NbGraderAPI(config=course_config(course))
    seen = 0
    while any(one.poll() is None for one in graders):
        for name in names:
            # Without one that is in `autograded/` and not yet committed; in a file it is the same.
            assert {one["student"] for one in api.get_submissions(name)} <= {*students}
        api.get_students()
        with api.gradebook as book:
            seen += 1
            book.find_comment("answer", "scale", "scale", students[0]).manual_comment = f"seen {seen} times"
            book.db.commit()
    ends = [(*one.communicate(), one.returncode) for one in graders]
    assert [status for _, _, status in ends] == [0, 0], ends
    assert all(postgres.PASSWORD not in out + err for out, err, _ in ends)
    most = {name: sum(check.points for check in course.assignment(name).checks) for name in names}
    points = ask(
        course,
        "SELECT student_id, assignment.name, sum(auto_score) FROM grade "
        "JOIN submitted_notebook ON submitted_notebook.id = grade.notebook_id "
        "JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id "
        "JOIN assignment ON assignment.id = submitted_assignment.assignment_id GROUP BY 1, 2 ORDER BY 1, 2",
    )
    assert points == [(student, name, most[name]) for student in students for name in sorted(names)]
    assert seen > 0 and ask(course, "SELECT manual_comment FROM comment WHERE manual_comment IS NOT NULL") == [
        (f"seen {seen} times",)
    ]
    for name in names:
        for student in students:
            record = read_record(course, name, student)
            assert record is not None and not staleness(course, record)


# --- the password -----------------------------------------------------------------------------------------------------


def test_the_password_is_in_nothing_that_is_printed_logged_or_written(
    course: Course,
    postgresql: postgres.Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """At the level of debugging; the submission looks for it, too."""
    caplog.set_level("DEBUG")
    for name in ("sqlalchemy", "alembic", "tornado"):
        caplog.set_level("DEBUG", logger=name)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    look = (
        "    import os\n"
        "    found = [text for text in os.environ.values()]\n"
        "    for path in ('/proc/%d/environ' % os.getppid(), '/proc/1/environ', '/proc/self/environ'):\n"
        "        try:\n            found.append(open(path).read())\n        except OSError:\n            pass\n"
        "    if any('postgres' in text for text in found):\n        return None\n"
    )
    hand_in(course, "curious", look + SOLVED)
    status, out, said = run_grader(course)
    assert status == 0
    assert scores(course) == {"curious": 4.0}
    printed = [out, said]
    write_feedback(course, "scale")
    export_csv(course, tmp_path / "grades.csv")
    printed.append(repr(NbGraderAPI(config=course_config(course)).autograde("scale", "curious")))
    monkeypatch.setenv("GRADEBOOK_URL", postgresql.url(database(), password="wrong%2Fpass-word"))
    status, out, said = run_grader(course)
    assert status == 2
    assert "password authentication failed" in one_line(said)
    printed += [out, said, caplog.text, *capfd.readouterr()]
    assert "sqlalchemy" in caplog.text  # so it did listen
    for word in (postgres.PASSWORD, postgres.ENCODED, "wrong/pass-word", "wrong%2Fpass-word"):
        assert not [text for text in printed if word in text]
        assert written_with(word, tmp_path) == []


def written_with(word: str, folder: Path) -> list[Path]:
    """The files below a folder that hold a word."""
    return [path for path in folder.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]


def test_where_the_address_holds_no_password_nbgrader_cannot_show_it_either(
    course: Course, postgresql: postgres.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --debug nbgrader prints its settings; libpq reads the password from a file that no setting names."""
    passwords = tmp_path / "pgpass"
    passwords.write_text(f"127.0.0.1:{postgresql.port}:*:{postgres.USER}:{postgres.PASSWORD}\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    monkeypatch.setenv(
        "GRADEBOOK_URL", f"postgresql+psycopg://{postgres.USER}@127.0.0.1:{postgresql.port}/{database()}"
    )
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    hand_in(course, "ana")
    said = ""
    for command in (["autograde", "scale", "--debug"], ["db", "upgrade", "--debug"]):
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *command],
            cwd=course.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        said += done.stdout
    assert f"{postgres.USER}@127.0.0.1" in said  # so it does show its settings
    assert postgres.PASSWORD not in said
    assert scores(course) == {"ana": 4.0}
    assert not list(course.root.glob("*.db"))
    assert written_with(postgres.PASSWORD, course.root) == []


def test_the_kernel_of_a_worked_notebook_has_neither_the_address_nor_the_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    word = "open sesame"
    for name in SECRETS:
        monkeypatch.setenv(name, word)
    cell = nbformat.v4.new_code_cell(f"import os\nprint([name for name in os.environ if os.environ[name] == {word!r}])")
    executed = execute(nbformat.v4.new_notebook(cells=[cell]), {}, "scale")
    assert executed.cells[0].outputs[0].text == "[]\n"
