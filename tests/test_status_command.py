"""`grader status NAME`: where each student stands, without grading anything."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from classroom import (
    WRONG,
    cell_of,
    edit_notebook,
    fingerprint,
    give_by_hand,
    hand_in,
    released_course,
    save_notebook,
    solve,
)

from grader import cli
from grader.classroom.gradebook import open_gradebook
from grader.classroom.results import record_path
from grader.classroom.status import Standing, standings
from grader.classroom.whole_class import grade_class
from grader.course import Course


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return released_course(tmp_path)


def states(course: Course) -> dict[str, str]:
    return {one.student: one.state for one in standings(course, "scale")}


def answered(course: Course, student: str) -> None:
    folder = hand_in(course, student)
    notebook = edit_notebook(folder)
    cell_of(notebook, "answer").source = "Zato."
    save_notebook(folder, notebook)


def status(course: Course) -> int:
    return cli.main(["status", "scale", "--course", str(course.root)])


def test_each_student_is_in_one_line_with_what_is_left_to_do(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    answered(course, "ana")
    hand_in(course, "bo", WRONG)
    hand_in(course, "changed", WRONG)
    hand_in(course, "gone")
    shutil.rmtree(hand_in(course, "no-package") / "funkcije")
    grade_class(course, "scale")
    module = course.submitted / "changed" / "scale" / "funkcije" / "layers.py"
    module.write_bytes((course.release / "scale" / "funkcije" / "layers.py").read_bytes())
    solve(module)
    shutil.rmtree(course.submitted / "gone")
    hand_in(course, "new")
    with open_gradebook(course) as gradebook:
        gradebook.update_or_create_student("absent")
    before = fingerprint(course.root)

    assert status(course) == 1
    counts, *lines, after = capsys.readouterr().out.splitlines()
    assert counts == (
        "scale: 6 handed in, 3 graded, 2 stale, 1 not graded; 1 wait for a person, 1 need a look; 1 handed nothing in."
    )
    said = {line.split()[0]: line.split(maxsplit=2)[1:] for line in lines}
    assert said["ana"] == ["4", "graded; waits for a person: 1 answer"]
    assert said["bo"] == ["1", "graded"]
    assert said["changed"] == ["1", "stale: the submission has changed since it was graded"]
    assert said["gone"] == ["4", "stale: submitted/ no longer holds the submission"]
    assert said["new"] == ["-", "not graded"]
    assert said["absent"] == ["-", "not handed in"]
    assert said["no-package"][1].startswith("graded; look: The submission has no folder funkcije/")
    assert after == "Next: grader grade scale"
    assert fingerprint(course.root) == before


def test_when_every_answer_is_read_nothing_is_left(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    answered(course, "ana")
    grade_class(course, "scale")
    assert status(course) == 1
    assert "formgrader" in capsys.readouterr().out.splitlines()[-1]
    give_by_hand(course, "ana", "answer", 1.5)
    assert status(course) == 0
    assert standings(course, "scale") == [Standing("ana", "graded", points=5.5)]
    record_path(course, "scale", "ana").write_text("no verdict")
    assert states(course) == {"ana": "stale"}


def test_a_class_that_handed_nothing_in_has_nothing_left_to_do(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(course) == 0
    assert capsys.readouterr().out.startswith("scale: 0 handed in")


@pytest.mark.parametrize("name", ["scales", "../scale", ""])
def test_what_is_no_assignment_is_said_in_one_line(
    course: Course, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["status", name, "--course", str(course.root)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "Next: " in line
