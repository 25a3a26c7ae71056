"""Assignments of nbgrader's own kind: the same points as nbgrader gives, out of the sandbox, and every result says how.

The notebooks are nbgrader's own, of its tests and its documentation, read from where it is installed.
"""

from __future__ import annotations

import csv
import html
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import nbformat
import nbgrader
import pytest
from conftest import ROOT
from forms import only
from nbgrader.api import Gradebook

from grader import cli
from grader.classroom.export import export_csv
from grader.classroom.gradebook import write_feedback
from grader.classroom.results import record_path
from grader.classroom.whole_class import grade_class
from grader.course import Course
from grader.errors import GraderError
from grader.publish.release import release

pytestmark = pytest.mark.filterwarnings("ignore")

NBGRADER = Path(nbgrader.__file__).parent
APPS, STEPS = NBGRADER / "tests" / "apps" / "files", NBGRADER / "tests" / "preprocessors" / "files"
GUIDE = NBGRADER / "docs" / "source" / "user_guide"
NAME = "ps1"

PLAIN = APPS / "submitted-unchanged.ipynb"
"""Two answers and two cells with asserts."""
CHEAT = APPS / "submitted-cheat-attempt.ipynb"
GUIDE_PS1 = sorted((GUIDE / "source" / "ps1").glob("*.ipynb"))

Notebooks = Mapping[str, Path]
"""By the name that they get."""


def as_named(paths: Iterable[Path]) -> Notebooks:
    return {path.stem: path for path in paths}


def alone(path: Path) -> Notebooks:
    return {"problem1": path}


def of_guide(student: str) -> Notebooks:
    return as_named((GUIDE / "submitted" / student / "ps1").glob("*.ipynb"))


OF_MANY_KINDS = as_named(
    [
        APPS / "test.ipynb",
        APPS / "test-hidden-tests.ipynb",
        APPS / "test-with-output.ipynb",
        APPS / "validation-zero-points.ipynb",
        STEPS / "test_taskcell.ipynb",
        STEPS / "manually-graded-code-cell.ipynb",
    ]
)
CLASSES: dict[str, tuple[Notebooks, Mapping[str, Notebooks]]] = {
    "a cheat": (alone(PLAIN), {"cheat": alone(CHEAT)}),
    "a hand-in of the guide": (as_named(GUIDE_PS1), {"bitdiddle": of_guide("bitdiddle")}),
    "hand-ins of one notebook": (
        alone(PLAIN),
        {
            "unchanged": alone(PLAIN),
            "changed": alone(APPS / "submitted-changed.ipynb"),
            "locked_cell_changed": alone(APPS / "submitted-locked-cell-changed.ipynb"),
            "graded_cell_changed": alone(APPS / "submitted-grade-cell-changed.ipynb"),
            "cheat": alone(CHEAT),
            "another_cheat": alone(APPS / "submitted-cheat-attempt-alternative.ipynb"),
        },
    ),
    "notebooks of many kinds, handed in as they are": (OF_MANY_KINDS, {"ana": OF_MANY_KINDS}),
    "hand-ins of the guide": (as_named(GUIDE_PS1), {name: of_guide(name) for name in ("bitdiddle", "hacker")}),
}
"""What is handed out, and what is handed in, by student."""
SHORT = ("a cheat", "a hand-in of the guide")


def lay_out(root: Path, source: Notebooks, submitted: Mapping[str, Notebooks]) -> None:
    """A course with one assignment, and what was handed in."""
    folders = {root / "source" / NAME: source}
    folders |= {root / "submitted" / student / NAME: notebooks for student, notebooks in submitted.items()}
    for folder, notebooks in folders.items():
        folder.mkdir(parents=True)
        for name, path in notebooks.items():
            shutil.copyfile(path, folder / f"{name}.ipynb")


def of_kit(root: Path) -> Course:
    """The course with this kit's configuration."""
    shutil.copyfile(ROOT / "nbgrader_config.py", root / "nbgrader_config.py")
    (root / "course.toml").write_text(f'classic = ["{NAME}"]\n')
    return Course(root)


Points = Mapping[tuple[str, str, str], tuple[float | None, bool]]
"""By student, notebook and graded cell: its automatic points, and whether a person must grade it."""


def points_in(url: str) -> Points:
    with Gradebook(url) as gradebook:
        return {
            (submission.student_id, notebook.name, grade.name): (grade.auto_score, bool(grade.needs_manual_grade))
            for submission in gradebook.assignment_submissions(NAME)
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def by_nbgrader(root: Path) -> Points:
    """The points that nbgrader's own commands give, in a kernel."""
    (root / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.CourseDirectory.root = {str(root)!r}\nc.ClearSolutions.enforce_metadata = False\n"
    )
    for words in (["generate_assignment", NAME], ["autograde", NAME, "--create"]):
        command = [sys.executable, "-m", "nbgrader", *words]
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # nbgrader calls alembic
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, env=os.environ | {"PATH": path})
        assert done.returncode == 0, done.stderr[-3000:]
    return points_in(f"sqlite:///{root / 'gradebook.db'}")


def by_kit(root: Path) -> Points:
    """The points that come from the sandbox."""
    course = of_kit(root)
    release(course, NAME)
    assert not [row.problem for row in grade_class(course, NAME) if row.problem]
    return points_in(f"sqlite:///{root / 'grades.db'}")


@pytest.mark.parametrize("case", only(SHORT, CLASSES))
def test_a_classic_notebook_earns_what_nbgrader_gives_it(tmp_path: Path, case: str) -> None:
    stock, ours = tmp_path / "stock", tmp_path / "ours"
    source, submitted = CLASSES[case]
    lay_out(stock, source, submitted)
    lay_out(ours, source, submitted)
    expected = by_nbgrader(stock)
    assert {student for student, _, _ in expected} == submitted.keys()
    assert {notebook for _, notebook, _ in expected} == source.keys()
    assert by_kit(ours) == expected


def test_every_result_of_a_classic_assignment_says_how_it_was_graded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = "Graded inside the student's process"
    lay_out(tmp_path, as_named(GUIDE_PS1), {"ana": of_guide("bitdiddle")})
    course = of_kit(tmp_path)
    assert cli.main(["release", NAME, "--course", str(tmp_path)]) == 0
    assert cli.main(["release", NAME, "--check", "--course", str(tmp_path)]) == 0
    assert not [path for path in (course.release / NAME).rglob("*") if "SOLUTION" in path.read_text()]
    capsys.readouterr()
    assert cli.main(["grade", NAME, "--course", str(tmp_path)]) == 0
    assert sentence in capsys.readouterr().out
    assert json.loads(record_path(course, NAME, "ana").read_text())["notes"] == [{"key": "graded_inside", "names": {}}]
    assert cli.main(["report", NAME, "--course", str(tmp_path)]) == 0
    assert sentence in html.unescape((course.root / "reports" / f"{NAME}.html").read_text(encoding="utf-8"))
    export_csv(course, tmp_path / "grades.csv")
    [row] = csv.DictReader((tmp_path / "grades.csv").open(encoding="utf-8"))
    assert sentence in row["notes"]
    assert (row["problem1/correct_squares"], row["stale"], row["waits_for"]) == ("0.0", "", "manual grading")
    write_feedback(course, NAME)
    pages = sorted((tmp_path / "feedback" / "ana" / NAME).glob("*.html"))
    assert [page.name for page in pages] == ["problem1.html", "problem2.html"]
    assert all("unutar procesa studenta" in page.read_text(encoding="utf-8") for page in pages)
    assert cli.main(["status", NAME, "--course", str(tmp_path)]) == 1  # answers wait
    assert "1 graded, 0 stale, 0 not graded; 1 wait for a person, 0 need a look" in capsys.readouterr().out
    (tmp_path / "submitted" / "ana" / NAME / "helper.py").write_text("")
    assert cli.main(["status", NAME, "--course", str(tmp_path)]) == 1
    assert "0 graded, 1 stale" in capsys.readouterr().out


def test_a_cell_that_did_not_run_to_its_end_earns_nothing_nor_does_one_after_it(tmp_path: Path) -> None:
    lay_out(tmp_path, alone(PLAIN), {"ana": alone(APPS / "submitted-changed.ipynb")})
    notebook = tmp_path / "submitted" / "ana" / NAME / "problem1.ipynb"
    edited = nbformat.read(notebook, as_version=4)
    edited.cells[0].source += "\nwhile True: print('x' * 10_000_000)"
    nbformat.write(edited, notebook)
    course = of_kit(tmp_path)
    with (tmp_path / "nbgrader_config.py").open("a") as file:
        file.write("c.ExecuteForReading.total = 5\n")
    release(course, NAME)
    [row] = grade_class(course, NAME)
    assert not row.problem
    assert set(row.points.values()) == {0.0}
    assert any("stopped" in reason or "5" in reason for reason in row.look), row.look


def test_where_the_kit_cannot_run_a_notebook_nothing_is_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise GraderError("no notebook can be run here. Next: grader doctor.")

    lay_out(tmp_path, alone(PLAIN), {"ana": alone(PLAIN)})
    course = of_kit(tmp_path)
    release(course, NAME)
    monkeypatch.setattr("grader.classroom.classic.run_notebook", broken)
    [row] = grade_class(course, NAME)
    assert "no notebook can be run here" in row.problem
    assert record_path(course, NAME, "ana").exists() is False


def test_a_classic_assignment_is_refused_in_one_line_where_only_checks_can_grade(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lay_out(tmp_path, alone(PLAIN), {"ana": alone(PLAIN)})
    of_kit(tmp_path)
    folder = tmp_path / "submitted" / "ana" / NAME
    assert cli.main(["check", str(folder), "--assignment", NAME, "--course", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "grader grade ps1" in said and len(said.splitlines()) <= 2
