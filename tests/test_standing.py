"""No code of a submission, nor of the folder that one happens to stand in, runs with the instructor's rights."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from a_course import small_course
from conftest import ASSIGNMENT, ROOT, Submit

import grader.course
from grader import cli
from grader.course import CONFIG, Course, choose_course
from grader.errors import GraderError
from grader.surroundings import trust_only_what_is_installed

GRADER = Path(sys.executable).with_name("grader")
READ_BY = {
    "the course": (CONFIG, f"checks/{ASSIGNMENT}/__init__.py", "checks/__init__.py", "funkcije/__init__.py"),
    "Jupyter": ("jupyter_config.py", "jupyter_server_config.py", "jupyter_nbconvert_config.py", "ipython_config.py"),
    "Python": ("sitecustomize.py", "usercustomize.py", "eve.pth", ".pythonrc.py", "re.py", "enum.py", "json.py"),
    "imports": ("numpy.py", "msgpack.py", "nbgrader.py", "tqdm.py", "grader/__init__.py", "grader/cli.py"),
    "tests": ("conftest.py", "setup.py"),
}
PROGRAMS = ("env", "dirname", "readlink", "true", "python", "bwrap", "alembic", "git", "jupyter")
TEMPLATES = ("feedback", "base", "lab", "classic", "basic")
COMMANDS = {
    "check here": (["check", "."], 1),
    "check from below": (["check", "funkcije/.."], 1),
    "check with this course": (["check", ".", "--course", "."], 2),
    "release": (["release", ASSIGNMENT], 2),
    "grade": (["grade", ASSIGNMENT], 2),
    "demo": (["demo", "--assignment", "no such"], 2),
    "doctor": (["doctor", "--quick"], 0),
    "help": (["--help"], 0),
}


@pytest.fixture
def hostile(submit: Submit, tmp_path: Path) -> Path:
    """A submission that poses as a course, and brings every file that somebody might read; each leaves a mark."""
    marks = f"with open({str(tmp_path / 'ran')!r}, 'a') as mark: mark.write(__file__ + chr(10))\n"
    files = {name: marks for names in READ_BY.values() for name in names}
    files |= {f"{folder}/index.html.j2": "{{ cycler.__init__.__globals__.os }}" for folder in TEMPLATES}
    files[CONFIG] = marks + (ROOT / CONFIG).read_text(encoding="utf-8")
    own = f"checks/{ASSIGNMENT}/__init__.py"
    files[own] = marks + (ROOT / own).read_text(encoding="utf-8")
    files[f"{ASSIGNMENT}.ipynb"] = (ROOT / "release" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").read_text(encoding="utf-8")
    files["eve.pth"] = f"import os; open({str(tmp_path / 'ran')!r}, 'a').close()"
    notebook = f"source/{ASSIGNMENT}/{ASSIGNMENT}.ipynb"
    files[notebook] = (ROOT / notebook).read_text(encoding="utf-8")
    files |= {name: f"#!/bin/sh\necho {name} >> {tmp_path / 'ran'}\n" for name in PROGRAMS}
    folder = submit(stub=True, files=files)
    for name in PROGRAMS:
        (folder / name).chmod(0o755)
    return folder


def ran(hostile: Path) -> str:
    mark = hostile.parent / "ran"
    return mark.read_text() if mark.exists() else ""


def typed(folder: Path, *command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command as it is typed in a folder, where path variables have an empty entry, as they often do."""
    path = {"PATH": f":.:{os.environ['PATH']}", "PYTHONPATH": ":", "PYTHONSTARTUP": ".pythonrc.py"}
    return subprocess.run(
        command, cwd=folder, env=os.environ | path | environment, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize(
    "command", [pytest.param(name, marks=[] if "check" in name else pytest.mark.full) for name in COMMANDS]
)
def test_a_command_typed_in_a_submission_runs_nothing_of_it(hostile: Path, command: str) -> None:
    arguments, status = COMMANDS[command]
    done = typed(hostile, GRADER, *arguments)
    assert done.returncode == status, done.stderr
    assert ran(hostile) == ""
    assert "Traceback" not in done.stderr


def test_where_the_protection_is_off_the_same_files_run(hostile: Path) -> None:
    done = typed(hostile, sys.executable, "-m", "grader.cli", "check", ".")
    assert "sitecustomize.py" in ran(hostile) or "re.py" in ran(hostile)
    assert done.returncode != 2


def test_check_says_which_course_it_took_and_takes_the_kits_own_inside_a_submission(
    hostile: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(hostile)
    assert cli.main(["check", "."]) == 1
    assert f"note: the course is {ROOT}, the checkout that this kit runs from." in capsys.readouterr().err
    assert ran(hostile) == ""


def test_if_a_submission_could_be_a_course_its_checks_would_run(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grader.course, "_handed_in", lambda *_, **__: "")
    monkeypatch.chdir(hostile)
    cli.main(["check", "."])
    assert f"checks/{ASSIGNMENT}/__init__.py" in ran(hostile)


def test_a_named_course_that_was_handed_in_is_refused_in_one_line(
    hostile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "link").symlink_to(hostile)
    for named in (hostile, hostile / "funkcije", tmp_path / "link"):
        for folder in (hostile, tmp_path / "link"):
            assert cli.main(["check", str(folder), "--course", str(named)]) == 2
            (line,) = capsys.readouterr().err.splitlines()
            assert "it is, or lies in, the submission, so it is not taken for a course" in line
    assert ran(hostile) == ""


def course_at(folder: Path) -> Path:
    """A folder that passes for a course by what it holds."""
    folder.mkdir(parents=True, exist_ok=True)
    small_course(folder)
    return folder


@pytest.mark.parametrize("kept", ["submitted", "downloaded", "autograded", "feedback"])
def test_no_course_is_found_below_where_submissions_are_kept(tmp_path: Path, kept: str) -> None:
    real = course_at(tmp_path / "real")
    posing = course_at(real / kept / "ivo" / "scale")
    assert choose_course(None, posing)[0].root == real
    assert choose_course(None, posing, posing)[0].root == real
    with pytest.raises(GraderError, match=f"it lies in {kept}/, so it is not taken"):
        choose_course(posing, tmp_path)
    alone = course_at(tmp_path / kept / "ivo")
    assert choose_course(None, alone)[0].root == ROOT


def test_no_course_is_found_around_a_submission_but_where_a_course_has_submissions(tmp_path: Path) -> None:
    """As an archive with one folder too many leaves it: the settings beside the submission are the student's, too."""
    around = course_at(tmp_path / "ivo")
    inside = around / "batch_normalization"
    elsewhere = tmp_path / "ana"
    for folder in (inside, elsewhere, around / "submitted" / "ana" / "scale"):
        (folder / "funkcije").mkdir(parents=True)
    for here in (around, inside, inside / "funkcije"):
        assert choose_course(None, here, inside)[0].root == ROOT
        assert choose_course(None, here, elsewhere)[0].root == ROOT
    course, found = choose_course(None, around / "funkcije", around / "submitted" / "ana" / "scale")
    assert (course.root, found) == (around, "around the current folder")
    assert choose_course(around, tmp_path, inside)[0].root == around  # named, it is taken at one's word


def test_links_are_followed_before_a_course_is_looked_for(tmp_path: Path) -> None:
    real = course_at(tmp_path / "real")
    posing = course_at(real / "submitted" / "ivo" / "scale")
    (tmp_path / "mine").symlink_to(posing)
    assert choose_course(None, tmp_path / "mine", tmp_path / "mine")[0].root == real


def test_a_release_with_settings_beside_it_is_no_course(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    handed_out = tmp_path / "handed_out"
    shutil.copytree(ROOT / "release" / ASSIGNMENT, handed_out)
    shutil.copy(ROOT / CONFIG, handed_out)
    monkeypatch.chdir(handed_out)
    for command in ("release", "grade"):
        assert cli.main([command, ASSIGNMENT]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "looks like something that was handed in, so it is not taken for a course. Next: " in line


def test_the_course_that_one_stands_in_is_taken_by_release_and_grade(tmp_path: Path) -> None:
    root = course_at(tmp_path / "kurs")
    assert choose_course(None, root) == (Course(root), "")
    assert choose_course(None, root / "source" / "scale") == (Course(root), "around the current folder")
    assert choose_course(None, ROOT / "tests") == (Course(ROOT), "around the current folder")
    copy = course_at(root / "build" / "demo")
    assert choose_course(None, copy)[0].root == copy


def test_a_result_is_not_written_through_a_link_of_the_submission(
    submit: Submit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = submit(stub=True)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes").write_text("kept")
    (folder / "result.json").symlink_to(mine / "notes")
    (folder / "out").symlink_to(mine)
    monkeypatch.chdir(folder)
    for option, file in (("--json", "result.json"), ("--junit", "out/notes"), ("--json", str(folder / "result.json"))):
        assert cli.main(["check", ".", option, file]) == 2
        assert "a link in the submission leads out of it" in capsys.readouterr().err.splitlines()[-1]
    assert (mine / "notes").read_text() == "kept"
    assert cli.main(["check", ".", "--json", "own.json"]) == 1


def test_modules_and_programs_come_from_where_they_are_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [entry for entry in sys.path if entry and Path(entry).is_absolute() and Path(entry) != tmp_path]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", ".", str(tmp_path), *before])
    monkeypatch.setenv("PATH", f":.:bin:/usr/bin:{os.pathsep}")
    monkeypatch.setenv("PYTHONPATH", f"{os.pathsep}/opt/lib")
    trust_only_what_is_installed()
    assert sys.path == before
    assert os.environ["PATH"] == "/usr/bin"
    assert os.environ["PYTHONPATH"] == "/opt/lib"
