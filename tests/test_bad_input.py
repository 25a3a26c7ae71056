"""Whatever is typed wrongly ends in one line that says what to do next, and in status 2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from classroom import NO_KERNEL, hand_in, released_course
from conftest import ASSIGNMENT, ROOT
from nbgrader.apps import ExportApp, ZipCollectApp

from grader import cli
from grader.course import CONFIG, Course

NOTHING = "/no/such/folder"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course with one submission; the folder beside it holds what else is pointed at."""
    course = released_course(tmp_path_factory.mktemp("bad input"), NO_KERNEL)
    hand_in(course, "ana")
    beside = course.root.parent
    (beside / "file.txt").write_text("x")
    (beside / "empty").mkdir()
    (beside / "broken").symlink_to(NOTHING)
    return course


LINES = {
    # What was typed: what the line must say.
    "": "arguments are required: COMMAND",
    "chek": "invalid choice: 'chek'",
    "--version": "arguments are required: COMMAND",
    "grade": "arguments are required: NAME",
    "grade scale --studnt X": "--studnt: no such option; --student is one",
    "grade scale --stud X": "--stud: no such option; --student is one",
    "grade scale --student": "--student: expected one argument",
    "grade scale --jobs many": "--jobs: invalid int value: 'many'",
    "grade scale --jobs 0": "0 at a time: expected a number from 1 to",
    "grade scale --jobs -3": "-3 at a time: expected a number from 1 to",
    "grade scale --jobs 2.5": "--jobs: invalid int value: '2.5'",
    "grade scale ana": "'ana': one argument too many",
    "grade scale --student bo": "no such submission (there are: ana)",
    "grade scale --sandbox docker": "--sandbox: invalid choice: 'docker'",
    "grade scale --course {beside}/file.txt": "file.txt: a file, so no course",
    "grade scale --course {beside}/empty": "not inside a course",
    "grade scale --course /no/such/folder": "no such folder, so no course",
    "grade scales": "no assignment named 'scales'",
    "grade ../../release/scale": "expected the name of an assignment, found a path",
    "grade release/scale/": "expected the name of an assignment, found a path",
    "grade ..": "expected the name of an assignment, found a path",
    "status scales": "no assignment named 'scales'",
    "status scale --json": "--json: no such option",
    "status": "arguments are required: NAME",
    "release scale.ipynb": "no assignment named 'scale.ipynb'",
    "release ./scale": "expected the name of an assignment, found a path",
    "release scale --chek": "--chek: no such option; --check is one",
    "release scale scale": "'scale': one argument too many",
    "check": "arguments are required: FOLDER",
    "check {beside}/file.txt": "file.txt: a file, and a folder was expected",
    "check /no/such/folder": "no such folder",
    "check {beside}/broken": "no such folder",
    "check {beside}/empty": "no funkcije/ in it",
    "check {submission} --jso x": "--jso: no such option; --json is one",
    "check {submission} --json": "--json: expected one argument",
    "check {submission} --language de": "--language: invalid choice: 'de'",
    "check {submission} --assignment nema": "no assignment named 'nema'",
    "check {submission} --assignment release/scale": "found a path",
    "check {submission} --json {beside}/empty": "cannot be written",
    "check {submission} --json /no/such/folder/x.json": "cannot be written",
    "check {submission} {submission}": "one argument too many",
    "demo nema": "no assignment named 'nema'",
    "demo scale --folder {beside}/file.txt": "expected a folder for the demo, found something else",
    "demo scale --foldr x": "--foldr: no such option; --folder is one",
    "doctor --attack nema": "nema",
    "doctor --quik": "--quik: no such option; --quick is one",
}


@pytest.mark.parametrize("typed", LINES)
def test_what_is_typed_wrongly_ends_in_one_line_and_status_2(
    course: Course, typed: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(course.root)
    places = {"beside": course.root.parent, "submission": course.submitted / "ana" / "scale"}
    arguments = [word.format(**places) for word in typed.split()]
    assert cli.main(arguments) == 2
    said = capsys.readouterr()
    (line,) = (line for line in said.err.splitlines() if not line.startswith("note: "))
    assert LINES[typed] in line
    assert "Next: " in line and "Traceback" not in line
    command = typed.split()[0] if typed and typed.split()[0] in cli.COMMANDS else ""
    assert line.startswith(f"grader {command}".strip() + ": ")
    assert said.out == ""


def test_an_option_that_was_misspelt_writes_no_file(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(course.root.parent / "empty")
    assert cli.main(["check", str(course.submitted / "ana" / "scale"), "--jso", "x"]) == 2
    assert not list(Path.cwd().iterdir())


def nbgrader(course: Course, app: type, *arguments: str) -> None:
    made = app()
    made.initialize([*arguments, "--log-level=ERROR", f"--CourseDirectory.root={course.root}"])
    made.start()


def test_an_export_that_cannot_be_written_is_one_line(
    course: Course, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(course.root)
    with pytest.raises(SystemExit, match="2"):
        nbgrader(course, ExportApp, "--to", f"{NOTHING}/g.csv")
    lines = capfd.readouterr().err.splitlines()
    assert [line for line in lines if "cannot be written" in line and "Next: " in line] == lines and len(lines) == 1


def test_collecting_an_assignment_that_the_course_does_not_have_is_one_line(
    course: Course, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(course.root)
    with pytest.raises(SystemExit, match="2"):
        nbgrader(course, ZipCollectApp, "nema")
    (line,) = capfd.readouterr().err.splitlines()
    assert "no assignment 'nema' (it has: scale). Next: check the spelling." in line
    assert not (course.root / "downloaded" / "nema").exists()


@pytest.mark.parametrize("folder", [NOTHING, "tests"])
def test_make_lab_for_what_is_no_course_is_one_line(folder: str) -> None:
    # Only its own recipe: `setup` is there already, and a lab must not start.
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").split("\nlab: ")[1].split("\n\n")[0].split("\n\t@")[1]
    line = recipe.replace("$(or $(COURSE),.)", folder).replace("$(COURSE)", folder)
    done = subprocess.run(["sh", "-c", line], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.splitlines() == [done.stdout.strip()] and CONFIG in done.stdout and "Next: " in done.stdout


@pytest.mark.parametrize("words", [["-m", "grader.cli", "check"], ["-m", "grader.cli", "status", ASSIGNMENT]])
def test_a_pipe_that_is_closed_ends_in_no_traceback(words: list[str]) -> None:
    words = [*words, "release/batch_normalization"] if words[-1] == "check" else words
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run([sys.executable, *words], cwd=ROOT, stdout=closed, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if not line.startswith("note: ")]) == 1
