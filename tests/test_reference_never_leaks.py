"""With the reference installed and on PYTHONPATH, a submission without `funkcije/` earns 0 by every path."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from classroom import hand_in, released_course, scores
from nbgrader.apps.api import NbGraderAPI

from grader import cli
from grader.classroom.gradebook import course_config
from grader.classroom.programs import find_own_programs
from grader.course import Course

# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A course whose reference anybody can import, and in it one submission without a package."""
    course = released_course(tmp_path)
    installed = tmp_path / "site"
    shutil.copytree(course.package, installed / "funkcije")
    monkeypatch.setenv("PYTHONPATH", str(installed))
    monkeypatch.syspath_prepend(str(installed))
    found = subprocess.run(
        [sys.executable, "-c", "import funkcije.layers; print(funkcije.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(installed) in found.stdout
    shutil.rmtree(hand_in(course, "no-package") / "funkcije")
    hand_in(course, "solved")
    return course


def by_grade(course: Course) -> dict[str, float | None]:
    assert cli.main(["grade", "scale", "--course", str(course.root)]) == 0
    return scores(course)


def by_nbgrader_autograde(course: Course) -> dict[str, float | None]:
    find_own_programs()
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "autograde", "scale"],
        cwd=course.root,
        env=os.environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return scores(course)


def by_formgraders_api(course: Course) -> dict[str, float | None]:
    api = NbGraderAPI(config=course_config(course))
    for student in ("no-package", "solved"):
        assert api.autograde("scale", student)["success"]
    return scores(course)


@pytest.mark.parametrize("path", [by_grade, by_nbgrader_autograde, by_formgraders_api])
def test_a_submission_without_a_package_earns_nothing(
    course: Course, path: Callable[[Course], dict[str, float | None]]
) -> None:
    assert path(course) == {"no-package": 0.0, "solved": 4.0}


def test_grader_check_refuses_what_holds_no_package_and_gives_nothing_to_an_empty_one(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = course.submitted / "no-package" / "scale"
    result = tmp_path / "result.json"
    command = ["check", str(folder), "--course", str(course.root), "--json", str(result)]
    assert cli.main(command) == 2
    assert not result.exists()
    assert "no funkcije/ in it" in capsys.readouterr().err
    (folder / "funkcije").mkdir()
    assert cli.main(command) == 1
    assert json.loads(result.read_text())["score"] == 0
