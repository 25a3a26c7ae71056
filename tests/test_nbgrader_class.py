"""A class run, the feedback pages and the exported grades."""

import csv
import json
import os
import subprocess
import sys
import threading
import tomllib
from argparse import ArgumentParser
from html import unescape
from pathlib import Path
from string import Formatter
from typing import Any

import nbgrader.api
import pytest
from a_course import small_course, write
from classroom import (
    WRONG,
    autograde,
    cell_of,
    edit_notebook,
    fingerprint,
    give_by_hand,
    graded_notebook,
    hand_in,
    released_course,
    save_notebook,
    scores,
    solve,
    whole_class,
)
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.apps.api import NbGraderAPI
from nbgrader.apps.exportapp import ExportApp
from nbgrader.nbgraderformat import MetadataValidator, ValidationError

from checks.language import LANGUAGES
from checks.result import Result
from grader.classroom import gradebook
from grader.classroom.export import COLUMNS, export_csv
from grader.classroom.gradebook import course_config, open_gradebook, write_feedback
from grader.classroom.handin.lms import zip_collect
from grader.classroom.pages import notebook as pages_notebook
from grader.classroom.results import record_path
from grader.classroom.rows import table
from grader.classroom.steps import for_reading
from grader.classroom.whole_class import grade_class, hidden
from grader.commands.grade import add_parser
from grader.course import KIT, Course
from grader.errors import GraderError
from grader.grading import grade as grading

# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return released_course(tmp_path)


def rows_of(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


def test_the_table_shows_points_total_and_who_needs_a_look(course: Course) -> None:
    whole_class(course)
    lines = table(course.assignment("scale"), grade_class(course, "scale", jobs=2)).splitlines()
    assert [line.split() for line in lines[:7]] == [
        ["student", "scale_forward", "total", "needs", "a", "look"],
        ["4", "4"],
        ["ana", "4", "4"],
        ["bo", "wrong", "1", "1"],
        ["ceca", "0", "0"],
        ["no-notebook", "4", "4", "yes"],
        ["no-package", "0", "0", "yes"],
    ]
    assert [line.split(":")[0] for line in lines[7:]] == ["no-notebook", "no-notebook", "no-package"]


def test_a_submission_that_cannot_be_graded_stops_none_of_the_others(
    course: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_in(course, "ana")
    hand_in(course, "bo", WRONG)
    grade = grading.grade_with_digests

    def fails_for_ana(*arguments: object, student: str, **more: object) -> Result:
        if student == "ana":
            raise GraderError("no space left. Next: make room.")
        return grade(*arguments, student=student, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(grading, "grade_with_digests", fails_for_ana)
    parser = ArgumentParser()
    add_parser(parser.add_subparsers())
    args = parser.parse_args(["grade", "scale", "--jobs", "2", "--course", str(course.root)])
    assert args.run(args) == 2
    assert "ana: not graded, no score was written. no space left. Next: make room." in capsys.readouterr().out
    assert scores(course) == {"bo": 1.0}

    monkeypatch.undo()
    args = parser.parse_args(["grade", "scale", "--student", "ana", "--course", str(course.root)])
    assert args.run(args) == 0
    assert scores(course) == {"ana": 4.0, "bo": 1.0}


def test_a_class_run_again_gives_the_same_points_and_the_same_draw(course: Course) -> None:
    whole_class(course)
    grade_class(course, "scale")
    first = record_path(course, "scale", "bo wrong").read_text(encoding="utf-8")
    grade_class(course, "scale", jobs=2)
    second = record_path(course, "scale", "bo wrong").read_text(encoding="utf-8")
    assert _without_time(first) == _without_time(second)


def _without_time(record: str) -> dict[str, object]:
    data: dict[str, object] = json.loads(record)
    assert isinstance(data["result"], dict)
    del data["result"]["seconds"], data["run"], data["stamp"]
    return data


@pytest.mark.parametrize(
    ("name", "students", "message"),
    [
        ("scale", ["nobody"], r"nobody.*no such submission \(there are: ana\)"),
        ("scales", None, "no assignment named 'scales'"),
    ],
)
def test_what_cannot_be_graded_is_said_in_one_line(
    course: Course, name: str, students: list[str] | None, message: str
) -> None:
    hand_in(course, "ana")
    with pytest.raises(GraderError, match=message) as caught:
        grade_class(course, name, students)
    assert "\n" not in str(caught.value)


def test_a_class_that_handed_nothing_in_is_said_in_one_line(course: Course) -> None:
    with pytest.raises(GraderError, match=r"no submission to 'scale' .* zip_collect scale"):
        grade_class(course, "scale")


def test_the_file_that_keeps_a_folder_in_git_is_nobodys_work(course: Course) -> None:
    for folder in ("submitted", "autograded", "feedback", "downloaded"):
        (course.root / folder).mkdir(exist_ok=True)
        (course.root / folder / ".gitkeep").write_text("What comes here.\n")
    with pytest.raises(GraderError, match="no submission to 'scale'"):
        grade_class(course, "scale")
    hand_in(course, "ana")
    assert [row.student for row in grade_class(course, "scale")] == ["ana"]
    assert list(write_feedback(course, "scale")) == ["ana"]
    assert hidden(course, "scale") == []
    api = NbGraderAPI(config=course_config(course))
    assert (api.get_submitted_students("scale"), api.get_autograded_students("scale")) == ({"ana"}, {"ana"})
    assert not any(".gitkeep" in line for line in zip_collect(course, "scale"))


def test_a_class_run_leaves_what_formgrader_leaves_and_runs_each_notebook_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = released_course(tmp_path, "")
    folder = hand_in(course, "ana")
    (folder / "data.txt").write_text("from beside the notebook\n")
    notebook = edit_notebook(folder)
    notebook.cells += [
        new_code_cell("print(open('data.txt').read())\nimport funkcije.layers"),
        new_markdown_cell("<script>alert(1)</script> *mine*"),
        new_code_cell("1 / 0"),
    ]
    save_notebook(folder, notebook)
    ran: list[bool] = []

    def run_notebook(*args: Any) -> Any:
        ran.append(threading.current_thread() is threading.main_thread())
        return pages_notebook.run_notebook(*args)

    monkeypatch.setattr(for_reading, "run_notebook", run_notebook)
    left = []
    for grade in (lambda: grade_class(course, "scale"), lambda: autograde(course, "ana")):
        grade()
        record = json.loads(record_path(course, "scale", "ana").read_text(encoding="utf-8"))
        del record["run"], record["stamp"], record["result"]["seconds"]
        left.append((record, fingerprint(course.root / "autograded"), scores(course)))
    assert ran == [False, True]  # by the pool, and by the converter itself
    assert left[0] == left[1]
    outputs = [cell.outputs for cell in graded_notebook(course, "ana").cells if cell.cell_type == "code"]
    assert outputs[-2][0].text == "from beside the notebook\n\n"
    assert outputs[-1][0].ename == "ZeroDivisionError"


def test_an_assignment_that_the_gradebook_lacks_is_said_in_one_line(course: Course) -> None:
    hand_in(course, "ana")
    (course.root / "grades.db").unlink()
    with pytest.raises(GraderError, match=r"no assignment 'scale'. Next: run `grader release scale`"):
        grade_class(course, "scale")


def test_a_gradebook_that_is_no_database_costs_nobody_anything(course: Course) -> None:
    hand_in(course, "ana")
    grade_class(course, "scale")
    whole = (course.root / "grades.db").read_bytes()
    (course.root / "grades.db").write_bytes(b"not a database at all, whatever it is called")
    with pytest.raises(GraderError, match=r"grades.db: the gradebook cannot be used"):
        grade_class(course, "scale")
    (course.root / "grades.db").write_bytes(whole)
    assert scores(course) == {"ana": 4.0}


def test_a_class_run_has_one_engine_and_each_session_its_own(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    for student in ("ana", "bo"):
        hand_in(course, student)
    made: list[str] = []
    create = nbgrader.api.create_engine
    monkeypatch.setattr(nbgrader.api, "create_engine", lambda url, **kw: made.append(url) or create(url, **kw))
    grade_class(course, "scale")
    assert len(made) == 1
    with open_gradebook(course) as one, open_gradebook(course) as other:
        assert (len(made), one.db is not other.db) == (3, True)


def test_metadata_that_no_cell_may_have_are_refused_each_time() -> None:
    metadata = {"schema_version": 3, "grade": True, "grade_id": "x", "solution": False, "locked": True, "task": False}
    for _ in range(2):
        with pytest.raises(ValidationError, match="points"):
            MetadataValidator().validate_cell(new_code_cell("1", metadata={"nbgrader": metadata}))
        MetadataValidator().validate_cell(new_code_cell("1", metadata={"nbgrader": metadata | {"points": 1.0}}))


def test_feedback_holds_pages_and_nothing_else(course: Course) -> None:
    folder = hand_in(course, "bo", WRONG)
    (folder / "notes.html").write_text("<p>the student's own page</p>")
    (folder / "data").mkdir()
    (folder / "data" / "numbers.csv").write_text("1,2")
    grade_class(course, "scale")
    pages = write_feedback(course, "scale")

    files = [path for path in (course.root / "feedback").rglob("*") if path.is_file()]
    assert files == [pages["bo"]]
    assert pages["bo"].relative_to(course.root).as_posix() == "feedback/bo/scale/scale.html"
    page = pages["bo"].read_text(encoding="utf-8")
    record = json.loads(record_path(course, "scale", "bo").read_text(encoding="utf-8"))
    (wrong,) = [check for check in record["result"]["checks"] if check["status"] == "failed"]
    assert all(line in unescape(page) for line in wrong["message"].splitlines())
    assert "Automatski bodovi: 1 od 4" in page

    pages["bo"].unlink()
    assert NbGraderAPI(config=course_config(course)).generate_feedback("scale")["success"]
    assert pages["bo"].read_text(encoding="utf-8") == page


def test_the_export_joins_each_checks_points_and_manual_points(course: Course, tmp_path: Path) -> None:
    whole_class(course)
    notebook = edit_notebook(course.submitted / "ana" / "scale")
    cell_of(notebook, "answer").source = "Zato."
    save_notebook(course.submitted / "ana" / "scale", notebook)
    grade_class(course, "scale")
    export_csv(course, tmp_path / "before.csv")
    assert rows_of(tmp_path / "before.csv")["ana"]["waits_for"] == "manual grading"
    give_by_hand(course, "ana", "answer", 1.5)

    assert export_csv(course, tmp_path / "grades.csv", assignments=["scale"]) == 5
    rows = rows_of(tmp_path / "grades.csv")
    assert list(rows["ana"]) == [*COLUMNS, "scale_forward", "answer", "scale_forward.value", "scale_forward.shape"]
    wanted = ("score", "max_score", "auto_score", "manual_score", "answer", "scale_forward.value", "waits_for", "stale")
    assert [rows["ana"][name] for name in wanted] == ["5.5", "6.0", "4.0", "1.5", "1.5", "3.0", "", ""]
    assert [rows["bo wrong"][name] for name in wanted] == ["1.0", "6.0", "1.0", "0.0", "0.0", "0.0", "", ""]
    assert [rows[name]["scale_forward"] for name in ("ana", "bo wrong", "ceca")] == ["4.0", "1.0", "0.0"]
    for row in rows.values():  # a task is worth what its checks are
        assert float(row["scale_forward"]) == sum(float(row[f"scale_forward.{id}"]) for id in ("value", "shape"))
    assert "no folder funkcije/" in rows["no-package"]["notes"]


def test_the_export_flags_what_no_longer_holds(course: Course, tmp_path: Path) -> None:
    for student in ("changed", "edited", "lost", "same"):
        hand_in(course, student, WRONG)
    grade_class(course, "scale")
    hand_in(course, "new")
    solve_again = course.submitted / "changed" / "scale" / "funkcije" / "layers.py"
    solve_again.write_bytes((course.release / "scale" / "funkcije" / "layers.py").read_bytes())
    solve(solve_again)
    with gradebook.open_gradebook(course) as book:
        book.find_grade("scale_forward", "scale", "scale", "edited").auto_score = 4.0
        book.update_or_create_student("absent")
        book.db.commit()
    record_path(course, "scale", "lost").unlink()

    export_csv(course, tmp_path / "grades.csv")
    rows = rows_of(tmp_path / "grades.csv")
    assert {student: row["stale"] for student, row in rows.items()} == {
        "absent": "",
        "changed": "the submission has changed since it was graded",
        "edited": "the gradebook holds 4.0 automatic points for scale_forward",
        "lost": "no verdict is stored for this score",
        "same": "",
    }
    assert rows["absent"]["waits_for"] == "a submission"

    checks = course.checks / "scale" / "__init__.py"
    checks.write_text(checks.read_text(encoding="utf-8") + "\n# mended\n", encoding="utf-8")
    export_csv(course, tmp_path / "grades.csv", students=["same"])
    assert rows_of(tmp_path / "grades.csv")["same"]["stale"] == "the checks have changed since it was graded"


def test_a_score_that_was_never_reached_is_empty_in_the_export(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(course, "ana")

    def broken(*_: object) -> None:
        raise GraderError("a fault")

    monkeypatch.setattr("grader.classroom.steps.scoring.TrustedVerdict.preprocess", broken)
    assert autograde(course, "ana") == {"ana": False}
    export_csv(course, tmp_path / "grades.csv")
    row = rows_of(tmp_path / "grades.csv")["ana"]
    wanted = ("score", "auto_score", "scale_forward", "waits_for")
    assert [row[name] for name in wanted] == ["", "", "", "grading"]


def test_nbgrader_export_writes_the_same_file(course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_in(course, "=1+1", WRONG)
    grade_class(course, "scale")
    export_csv(course, tmp_path / "ours.csv")
    monkeypatch.chdir(course.root)
    app = ExportApp()
    app.initialize(["--to", str(tmp_path / "theirs.csv"), "--log-level=CRITICAL"])
    app.start()
    assert (tmp_path / "theirs.csv").read_bytes() == (tmp_path / "ours.csv").read_bytes()
    assert list(rows_of(tmp_path / "ours.csv")) == ["'=1+1"]  # a spreadsheet takes it for text


def test_a_csv_that_cannot_be_written_is_said_in_one_line(course: Course, tmp_path: Path) -> None:
    with pytest.raises(GraderError, match="cannot be written"):
        export_csv(course, tmp_path / "no such folder" / "grades.csv")


def test_every_sentence_is_there_in_both_languages_with_the_same_names() -> None:
    path = KIT / "grader" / "messages.toml"
    for key, sentence in tomllib.loads(path.read_text(encoding="utf-8")).items():
        assert set(sentence) == set(LANGUAGES), key
        names = {frozenset(name for _, name, _, _ in Formatter().parse(text) if name) for text in sentence.values()}
        assert len(names) == 1, key


def test_skipping_the_notebooks_gives_the_same_points(tmp_path: Path) -> None:
    course = released_course(tmp_path, settings="")
    hand_in(course, "bo", WRONG)
    (row,) = grade_class(course, "scale", run_notebooks=False)
    assert row.total == 1.0
    assert not any(cell.get("execution_count") for cell in graded_notebook(course, "bo").cells)


def test_a_course_without_a_gradebook_is_told_to_release_first_from_any_shell(tmp_path: Path) -> None:
    course = small_course(tmp_path)
    write(course.submitted / "ana" / "scale" / "funkcije" / "layers.py", "")
    # As in a shell where the environment was not activated.
    done = subprocess.run(
        [sys.executable, "-m", "grader.cli", "grade", "scale", "--course", str(course.root)],
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "grader grade: The gradebook has no assignment 'scale'. Next: run `grader release scale`, which enters it."
    ]
