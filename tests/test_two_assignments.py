"""A course with two assignments: each tool takes the one that is meant, or says that it cannot tell."""

import subprocess
import sys
from pathlib import Path

import pytest
from arena import arena

from grader.cli import main
from grader.commands.check import assignment_in
from grader.course import Course
from grader.errors import GraderError


@pytest.fixture
def course(tmp_path: Path) -> Course:
    made = arena(tmp_path)
    assert made.assignments() == ["arena", "scale"]
    return made


def submission(folder: Path) -> Path:
    (folder / "funkcije").mkdir(parents=True)
    return folder


def test_in_a_source_notebook_the_assignment_is_that_of_the_notebook(course: Course) -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); from checks.practice import only_assignment; "
    command = [sys.executable, "-c", f"{code}print(only_assignment().name)", str(course.root)]
    for name in course.assignments():
        done = subprocess.run(command, cwd=course.source / name, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == name


def test_a_submission_is_told_by_its_notebook_and_else_by_its_folders_name(course: Course, tmp_path: Path) -> None:
    folder = submission(tmp_path / "submitted" / "ana" / "scale")
    assert assignment_in(folder, course) == "scale"
    (folder / "arena.ipynb").touch()
    assert assignment_in(folder, course) == "arena"


def test_of_another_folder_it_cannot_be_told(course: Course, tmp_path: Path) -> None:
    with pytest.raises(
        GraderError, match=r"cannot be told .*\(this course has: arena, scale\)\. Next: pass --assignment"
    ):
        assignment_in(submission(tmp_path / "ana"), course)


def test_what_is_no_submission_is_said_first(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    for name, said in (("nowhere", "no such folder"), ("empty", "no funkcije/ in it")):
        assert main(["check", str(tmp_path / name), "--course", str(course.root)]) == 2
        assert said in capsys.readouterr().err
