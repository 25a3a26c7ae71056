"""A written answer that is not where it belongs waits for a person, and no hand-in is too small to be graded."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import nbformat
import pytest
from classroom import (
    autograde,
    cell_of,
    edit_notebook,
    graded_notebook,
    hand_in,
    released_course,
    save_notebook,
    scores,
)
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell
from nbgrader.apps.api import NbGraderAPI

from grader.classroom.gradebook import course_config
from grader.classroom.rows import Row
from grader.classroom.whole_class import grade_class
from grader.course import Course

# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

TEXT = "Faktor od nule gasi kolonu."
Change = Callable[[Path], object]


def in_notebook(change: Callable[[NotebookNode], object]) -> Change:
    def changed(folder: Path) -> None:
        notebook = edit_notebook(folder)
        change(notebook)
        save_notebook(folder, notebook)

    return changed


def without(notebook: NotebookNode, grade_id: str = "answer") -> NotebookNode:
    cell = cell_of(notebook, grade_id)
    notebook.cells.remove(cell)
    return cell


def answered(notebook: NotebookNode) -> None:
    cell_of(notebook, "answer").source = TEXT


def typed_anew(notebook: NotebookNode) -> None:
    without(notebook)
    notebook.cells.append(new_markdown_cell(TEXT))


def as_a_comment(notebook: NotebookNode) -> None:
    notebook.cells.append(new_code_cell("# Faktor od nule gasi kolonu, pa se mreža ne uči.\nx = 1"))


def above(notebook: NotebookNode) -> None:
    notebook.cells[0].source += f"\n\n{TEXT}"


def copied(notebook: NotebookNode) -> None:
    """The answer is written into the first of two cells of one name."""
    cell = cell_of(notebook, "answer")
    first = copy.deepcopy(cell)
    first.id, first.source = "copied", TEXT
    notebook.cells.insert(notebook.cells.index(cell), first)


def stripped(folder: Path) -> None:
    data = json.loads((folder / "scale.ipynb").read_text(encoding="utf-8"))
    for cell in data["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "answer":
            cell["source"] = TEXT
        cell.pop("id", None)
        cell["metadata"] = {}
    (folder / "scale.ipynb").write_text(json.dumps({**data, "nbformat_minor": 0}), encoding="utf-8")


def in_a_copy(folder: Path) -> None:
    shutil.copy(folder / "scale.ipynb", folder / "scale-Copy1.ipynb")
    notebook = nbformat.read(folder / "scale-Copy1.ipynb", as_version=4)
    answered(notebook)
    nbformat.write(notebook, folder / "scale-Copy1.ipynb")


def renamed_twice(folder: Path) -> None:
    in_a_copy(folder)
    shutil.copy(folder / "scale-Copy1.ipynb", folder / "moje.ipynb")
    (folder / "scale.ipynb").unlink()


def written_into(name: str, folder: Path) -> None:
    (folder / name).write_bytes(TEXT.encode())


def saved_as(name: str, folder: Path) -> None:
    shutil.copy(folder / "scale.ipynb", folder / name)


WAITS: dict[str, Change] = {
    "typed anew": in_notebook(typed_anew),
    "in a raw cell": in_notebook(lambda notebook: notebook.cells.append(new_raw_cell(TEXT))),
    "as a comment": in_notebook(as_a_comment),
    "in the cell above": in_notebook(above),
    "in the first of two": in_notebook(copied),
    "metadata lost": stripped,
    "in a copy": in_a_copy,
    "renamed twice": renamed_twice,
    "renamed": lambda folder: (folder / "scale.ipynb").rename(folder / "scale (1).ipynb"),
    "unreadable": lambda folder: (folder / "scale.ipynb").write_text("{"),
    "no notebook": lambda folder: (folder / "scale.ipynb").unlink(),
    "a picture attached": in_notebook(
        lambda notebook: cell_of(notebook, "answer").update(attachments={"a.png": {"image/png": "aGVq"}})
    ),
    "a short comment": in_notebook(lambda notebook: notebook.cells.append(new_code_cell("# gasi kolonu"))),
    "a variable": in_notebook(lambda notebook: notebook.cells.append(new_code_cell('odgovor = "gasi kolonu"'))),
    **{
        f"in {name}": partial(written_into, name)
        for name in (
            "odgovori.docx",
            "README",
            "odgovori",
            "odgovori.zip",
            "odgovori.xlsx",
            "glas.m4a",
            "odgovori.gdoc",
        )
    },
    **{f"saved as {name}": partial(saved_as, name) for name in ("scale.json", "scale.ipynb~", "scale")},
    "a notebook as a script": lambda folder: (folder / "scale.py").write_text(f"# In[1]:\n\n# {TEXT}\n"),
}
QUIET: dict[str, Change] = {
    "untouched": lambda folder: None,
    "a time of submission": lambda folder: (folder / "timestamp.txt").write_text("2026-01-10 12:00:00 UTC"),
    "a cell to try things in": in_notebook(
        lambda notebook: notebook.cells.append(new_code_cell("for k in range(3):\n    print(k)  # kratko"))
    ),
    "an empty cell": in_notebook(lambda notebook: notebook.cells.append(new_markdown_cell(" \n"))),
    "a script to try things in": lambda folder: (folder / "proba.py").write_text("print(1)\n"),
    "data": lambda folder: (folder / "podaci.npz").write_bytes(b"PK"),
    "the same notebook twice": lambda folder: shutil.copy(folder / "scale.ipynb", folder / "kopija.ipynb"),
}
READ: dict[str, Change] = {
    "answered": in_notebook(answered),
    "with a mark at its beginning": lambda folder: (
        in_notebook(answered)(folder),
        (folder / "scale.ipynb").write_bytes(b"\xef\xbb\xbf" + (folder / "scale.ipynb").read_bytes()),
    ),
    "with ids of null": lambda folder: (
        in_notebook(answered)(folder),
        (folder / "scale.ipynb").write_text(
            json.dumps(
                {
                    **(data := json.loads((folder / "scale.ipynb").read_text(encoding="utf-8"))),
                    "cells": [{**cell, "id": None} for cell in data["cells"]],
                }
            )
        ),
    ),
}


Graded = tuple[Course, dict[str, Row], dict[str, bool]]
"""A course, its rows by student, and whose answer waits for a person."""


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """One submission for each change, all of them right in their code."""
    course = released_course(tmp_path_factory.mktemp("answers"))
    for name, change in {**WAITS, **QUIET, **READ}.items():
        change(hand_in(course, name))
    rows = {row.student: row for row in grade_class(course, "scale", run_notebooks=False)}
    return course, rows, waiting(course)


def waiting(course: Course) -> dict[str, bool]:
    """Whether formgrader asks a person for the answer."""
    with NbGraderAPI(config=course_config(course)).gradebook as gradebook:
        return {
            submission.student.id: grade.needs_manual_grade
            for submission in gradebook.assignment_submissions("scale")
            for notebook in submission.notebooks
            for grade in notebook.grades
            if grade.name == "answer"
        }


@pytest.mark.parametrize("name", WAITS)
def test_an_answer_that_may_be_elsewhere_waits_for_a_person_who_is_told_where(name: str, graded: Graded) -> None:
    _, rows, waits = graded
    assert (rows[name].total, rows[name].problem) == (4.0, "")
    assert waits[name]
    assert any("so they wait for a person" in line for line in rows[name].look)


@pytest.mark.parametrize("name", QUIET)
def test_an_answer_that_nobody_wrote_is_nothing_to_look_at(name: str, graded: Graded) -> None:
    _, rows, waits = graded
    assert not waits[name]
    assert rows[name].look == ()


@pytest.mark.parametrize("name", READ)
def test_an_answer_that_can_be_read_is_read(name: str, graded: Graded) -> None:
    course, rows, waits = graded
    assert waits[name]
    assert rows[name].look == ()
    assert cell_of(graded_notebook(course, name), "answer").source == TEXT


def test_points_given_by_hand_stay_and_formgraders_button_lets_the_same_answer_wait(graded: Graded) -> None:
    course, *_ = graded
    assert autograde(course, "typed anew") == {"typed anew": True}
    assert waiting(course)["typed anew"]
    assert scores(course)["typed anew"] == 4.0


def test_every_graded_copy_is_a_valid_notebook_and_feedback_is_quiet(graded: Graded) -> None:
    course, *_ = graded
    for name in (*WAITS, *READ):
        path = course.root / "autograded" / name / "scale" / "scale.ipynb"
        nbformat.validate(json.loads(path.read_text(encoding="utf-8")))
    command = [sys.executable, "-m", "nbgrader", "generate_feedback", "scale", "--student=metadata lost"]
    done = subprocess.run(command, cwd=course.root, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0
    assert [line for line in done.stderr.splitlines() if "| INFO]" not in line] == []


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Hand-ins of the notebook alone, under its name and another, and of nothing."""
    course = released_course(tmp_path_factory.mktemp("bare"))
    for name, kept in {"notebook": "scale.ipynb", "renamed": "moj rad.ipynb", "nothing": ""}.items():
        folder = course.submitted / name / "scale"
        folder.mkdir(parents=True)
        if kept:
            shutil.copy(course.release / "scale" / "scale.ipynb", folder / kept)
    return course


BARE = {"notebook": False, "renamed": True, "nothing": True}
"""Whether the answer waits."""


def test_the_notebook_alone_another_name_and_an_empty_folder_are_graded_0_and_listed(bare: Course) -> None:
    rows = grade_class(bare, "scale", run_notebooks=False)
    assert {row.student: (row.total, row.problem) for row in rows} == dict.fromkeys(BARE, (0.0, ""))
    assert all("no folder funkcije/" in row.look[0] for row in rows)
    assert waiting(bare) == BARE


def test_they_are_graded_the_same_by_nbgraders_own_command(bare: Course, tmp_path: Path) -> None:
    shutil.copytree(bare.root, tmp_path / "course")
    course = Course(tmp_path / "course")
    shutil.rmtree(course.root / "autograded", ignore_errors=True)
    assert autograde(course, *BARE) == dict.fromkeys(BARE, True)
    assert scores(course) == dict.fromkeys(BARE, 0.0)
    assert waiting(course) == BARE
