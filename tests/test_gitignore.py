"""What tools write stays out of the repository, students' work above all; what is generated and committed stays in."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

WRITTEN_BY_TOOLS = (
    "submitted/ana/batch_normalization/funkcije/layers.py",
    "autograded/ana/batch_normalization/batch_normalization.ipynb",
    "feedback/ana/batch_normalization/batch_normalization.html",
    "downloaded/batch_normalization/archive/moodle.zip",
    "reports/batch_normalization.html",
    "exchange/funkcije/inbound/x",
    "grades.db",
    "grades.db-journal",
    "gradebook.db",
    "grades.csv",
    ".grader/secret",
    ".grader/results/batch_normalization/ana.json",
    ".nbgrader.log",
    "build/demo/grades.db",
    ".venv/bin/python",
    ".venv-worker/bin/python",
    "funkcije/__pycache__/layers.cpython-311.pyc",
    "source/batch_normalization/.ipynb_checkpoints/batch_normalization-checkpoint.ipynb",
    "release/batch_normalization/__pycache__/x.pyc",
    "funkcije_grader.egg-info/PKG-INFO",
    ".pytest_cache/README.md",
    ".mypy_cache/x",
    ".ruff_cache/x",
    ".hypothesis/x",
)
COMMITTED = (
    "release/batch_normalization/batch_normalization.ipynb",
    "release/batch_normalization/funkcije/layers.py",
    "release/batch_normalization/checks/batch_normalization/recordings.npz",
    "release/batch_normalization/checks/manifest.json",
    "solutions/batch_normalization/funkcije/layers.py",
    "source/batch_normalization/batch_normalization.ipynb",
    "locks/kit.txt",
    "submitted/.gitkeep",
    "autograded/.gitkeep",
    "feedback/.gitkeep",
    "downloaded/.gitkeep",
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty repository with this one's rules, and with nobody's own."""
    folder = tmp_path_factory.mktemp("rules")
    shutil.copy(ROOT / ".gitignore", folder)
    subprocess.run(["git", "-C", str(folder), "init", "-q"], check=True)
    return folder


def ignored(repository: Path, path: str) -> bool:
    command = ["git", "-C", str(repository), "-c", "core.excludesFile=", "check-ignore", "-q", path]
    status = subprocess.run(command, check=False).returncode
    assert status in (0, 1)
    return status == 0


@pytest.mark.parametrize("path", WRITTEN_BY_TOOLS)
def test_what_a_tool_writes_is_ignored(repository: Path, path: str) -> None:
    assert ignored(repository, path)


@pytest.mark.parametrize("path", COMMITTED)
def test_what_is_generated_and_committed_is_not_ignored(repository: Path, path: str) -> None:
    assert not ignored(repository, path)


@pytest.mark.parametrize("folder", ["submitted", "autograded", "feedback", "downloaded"])
def test_a_fresh_clone_has_a_folder_for_what_comes_with_a_line_that_says_what(folder: str) -> None:
    tracked = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", folder], capture_output=True, text=True, check=True
    ).stdout.split()
    assert tracked == [f"{folder}/.gitkeep"]
    text = (ROOT / folder / ".gitkeep").read_text(encoding="utf-8")
    assert f"{folder}/" in text and text.count("\n") == 1
