"""`python -m checks --hand-in`: what a hand-in lacks is named, and its zip lies beside the folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from conftest import ASSIGNMENT, ROOT
from forms import only
from nbgrader.utils import compute_checksum

from checks.handin import MANIFEST
from grader.course import Course
from grader.reference.edits import Edit

Release = Callable[..., Path]
NOTEBOOK = f"{ASSIGNMENT}.ipynb"


@pytest.fixture
def finished(release_like: Release) -> Release:
    """A hand-in with everything in it: the worked modules, and the released notebook with answers."""

    def make(*edits: Edit, answers: int = 5) -> Path:
        folder = release_like(*edits, name="ana")
        notebook = nbformat.read(ROOT / "release" / ASSIGNMENT / NOTEBOOK, as_version=4)
        blank = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution")]
        assert len(blank) == 5
        assert all(cell.metadata.nbgrader.checksum == compute_checksum(cell) for cell in blank)
        for cell in blank[:answers]:
            cell.source = "Srednja vrijednost nestaje."
        nbformat.write(notebook, folder / NOTEBOOK)
        return folder

    return make


def hand_in(folder: Path, *more: str) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, "-m", "checks", "--hand-in", "--language", "en", *more],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, [line.strip() for line in (done.stdout or done.stderr).splitlines()]


def members(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as bundle:
        assert bundle.testzip() is None
        return set(bundle.namelist())


def test_a_complete_hand_in_is_zipped_beside_its_folder(finished: Release) -> None:
    folder = finished()
    for junk in (
        ".venv/bin/python",
        "env/pyvenv.cfg",
        "env/x.py",
        "funkcije/__pycache__/x.pyc",
        ".DS_Store",
        "old.zip",
    ):
        (folder / junk).parent.mkdir(parents=True, exist_ok=True)
        (folder / junk).write_text("x")
    (folder / "my_helper.py").write_text("")
    status, said = hand_in(folder)
    assert (status, said[0]) == (0, "The hand-in is complete.")
    assert said[-1] == f"Made ana.zip (folder {folder.parent}). Hand in that file."
    held = members(folder.parent / "ana.zip")
    assert {f"ana/{NOTEBOOK}", "ana/funkcije/layers.py", "ana/funkcije/fc_net.py", "ana/my_helper.py"} <= held
    assert not [name for name in held if "env/" in name or "pycache" in name or ".DS" in name or "old.zip" in name]


def test_what_is_missing_is_named_and_the_zip_is_made_all_the_same(finished: Release) -> None:
    folder = finished(Edit("layers", "layernorm_forward", "x_centered = x - mu", "x_centered = (x - mu"), answers=3)
    status, said = hand_in(folder)
    assert status == 1
    assert said[0].startswith("The hand-in is not complete (missing: 4)")
    # fc_net imports layers, so neither loads.
    modules = [line.partition(" cannot")[0] for line in said if line.startswith("✗ funkcije")]
    assert modules == ["✗ funkcije/layers.py", "✗ funkcije/fc_net.py"]
    assert "SyntaxError" in said[1] and "layers.py, line " in said[1]
    unanswered = [line for line in said if "the answer is not written" in line]
    assert [line.partition(":")[0] for line in unanswered] == ["✗ Pitanje 4 (2 boda)", "✗ Pitanje 5 (2 boda)"]
    assert "✓ answers written: 3" in said
    assert (folder.parent / "ana.zip").is_file()


def test_the_cell_of_an_answer_that_was_deleted_is_named(finished: Release) -> None:
    folder = finished()
    shutil.copyfile(ROOT / "release" / ASSIGNMENT / MANIFEST, folder / MANIFEST)
    notebook = nbformat.read(folder / NOTEBOOK, as_version=4)
    last = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution")][-1]
    notebook.cells.remove(last)
    nbformat.write(notebook, folder / NOTEBOOK)
    status, said = hand_in(folder)
    assert status == 1
    assert f"✗ Pitanje 5 (2 boda): its answer cell is no longer in the notebook. Open {NOTEBOOK}" in "\n".join(said)
    assert "✓ answers written: 4" in said


def test_a_python_that_reads_more_than_the_one_that_grades_is_named(finished: Release) -> None:
    folder = finished()
    said = json.loads((ROOT / "release" / ASSIGNMENT / MANIFEST).read_text(encoding="utf-8"))
    assert said["python"] == Course(ROOT).settings.python
    (folder / MANIFEST).write_text(json.dumps(said | {"python": "3.10"}), encoding="utf-8")
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    sentence = f"Python {here} runs here, and Python 3.10 grades, which does not read newer syntax."
    assert sentence in hand_in(folder)[1]
    command = [sys.executable, "-m", "checks", "--language", "en", "layernorm_forward"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert f"Note: {sentence}" in done.stdout
    (folder / MANIFEST).write_text(json.dumps(said | {"python": here}), encoding="utf-8")
    assert "grades" not in "".join(hand_in(folder)[1])


def test_an_archive_that_is_there_is_never_overwritten(finished: Release) -> None:
    folder = finished()
    (folder.parent / "ana.zip").write_bytes(b"somebody's own")
    assert "Made ana-2.zip" in hand_in(folder)[1][-1]
    assert "ana-2.zip" in (same := hand_in(folder)[1][-1]) and "already holds all of this" in same
    with (folder / "funkcije" / "layers.py").open("a") as file:
        file.write("# a change\n")
    assert "Made ana-3.zip" in hand_in(folder)[1][-1]
    assert (folder.parent / "ana.zip").read_bytes() == b"somebody's own"


def without_two_files(folder: Path) -> None:
    (folder / NOTEBOOK).unlink()
    (folder / "funkcije" / "fc_net.py").unlink()


SPOILT: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "missing": (without_two_files, (f"✗ {NOTEBOOK}: missing.", "✗ funkcije/fc_net.py: missing.")),
    "renamed": (
        lambda folder: (folder / NOTEBOOK).rename(folder / "ana (1).ipynb"),
        ("this is here: ana (1).ipynb.",),
    ),
    "no JSON": (lambda folder: (folder / NOTEBOOK).write_text("{"), ("cannot be read as a notebook",)),
    "no notebook": (
        lambda folder: (folder / NOTEBOOK).write_text(json.dumps({"cells": [1]})),
        ("cannot be read as a notebook",),
    ),
}


@pytest.mark.parametrize("name", only(["missing", "renamed", "no notebook"], SPOILT))
def test_a_file_that_is_missing_or_unreadable_is_a_line(finished: Release, name: str) -> None:
    folder = finished()
    spoil, said = SPOILT[name]
    spoil(folder)
    status, lines = hand_in(folder)
    assert status == 1
    assert all(any(one in line for line in lines) for one in said)


def test_what_is_asked_besides_is_refused_and_without_a_package_nothing_is_made(finished: Release) -> None:
    folder = finished()
    assert hand_in(folder, "batchnorm_forward")[0] == 2
    shutil.rmtree(folder / "funkcije")
    assert hand_in(folder)[0] == 2
    assert not list(folder.parent.glob("*.zip"))


CELL = "from checks import hand_in\nprint(repr(hand_in()))"


@pytest.mark.parametrize(
    ("variable", "said"),
    [({}, "The zip to hand in is made when you run this cell yourself."), ({"NBGRADER_VALIDATING": "1"}, "None")],
)
def test_a_notebook_that_is_executed_for_somebody_makes_no_archive(
    finished: Release, variable: dict[str, str], said: str
) -> None:
    folder = finished()
    environment = {**os.environ, "FUNKCIJE_LANG": "en", **variable}
    done = subprocess.run(
        [sys.executable, "-c", CELL], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == said
    assert not list(folder.parent.glob("*.zip"))
