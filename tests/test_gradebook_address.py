"""The address of a gradebook: what is said of it holds no password, and who gets it."""

import os
import re
import tomllib
from pathlib import Path

import pytest
from a_course import small_course, write
from classroom import NO_KERNEL, ON_SERVER
from nbgrader.apps.api import NbGraderAPI
from surviving import one_line

from grader import cli
from grader.classroom.gradebook import course_config, course_directory
from grader.classroom.pages import bounded
from grader.classroom.server import cannot_be_used, shown_address
from grader.course import CONFIG, Course, copy_configuration
from grader.grading.secret import VARIABLE
from grader.sandbox.launch import clean_environment
from grader.surroundings import SECRETS, without_secrets

ROOT = Path(__file__).parent.parent
PASSWORD = "correct-horse"
NOBODY = f"postgresql+psycopg://grader:{PASSWORD}@127.0.0.1:1/course"
"""Where nobody answers; where the driver is not installed, that is what is said."""


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    monkeypatch.setenv("GRADEBOOK_URL", NOBODY)
    course = small_course(tmp_path)
    with (course.root / CONFIG).open("a", encoding="utf-8") as settings:
        settings.write(NO_KERNEL + ON_SERVER)
    write(course.submitted / "ana" / "scale" / "funkcije" / "layers.py", "")
    return course


@pytest.mark.parametrize("command", ["grade", "status", "release"])
def test_a_server_that_does_not_answer_is_one_line_without_the_password(
    command: str, course: Course, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    assert cli.main([command, "scale", "--course", str(course.root)]) == 2
    out, err = capfd.readouterr()
    said = one_line(err)
    assert out == "" and said.startswith(f"grader {command}: postgresql://127.0.0.1:1/course: ") and "Next: " in said
    assert "connection refused" in said.lower() or "No module named 'psycopg'" in said
    assert PASSWORD not in said + caplog.text
    assert written_with(PASSWORD, course.root) == []


def test_what_formgrader_is_told_has_no_password(course: Course, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    told = NbGraderAPI(config=course_config(course)).autograde("scale", "ana")
    assert told["success"] is False
    assert "127.0.0.1" in told["log"]
    assert PASSWORD not in repr(told) + caplog.text


def written_with(word: str, folder: Path) -> list[Path]:
    """The files below a folder that hold a word."""
    return [path for path in folder.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://grader:a@{PASSWORD}@127.0.0.1:1/course",
        f"postgresql+psycopg://grader:{PASSWORD}@127.0.0.1:{PASSWORD}/course",
        f"postgresql+psycopg://127.0.0.1/{PASSWORD}@course",
        f"postgresql+psycopg:grader:{PASSWORD}@127.0.0.1:1/course",
        f"{PASSWORD}",
    ],
)
def test_an_address_that_cannot_be_read_in_one_way_is_not_shown(
    url: str, course: Course, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRADEBOOK_URL", url)
    assert cli.main(["status", "scale", "--course", str(course.root)]) == 2
    said = one_line(capfd.readouterr().err)
    assert "the address of the gradebook (CourseDirectory.db_url) cannot be read" in said
    assert "%40" in said
    assert PASSWORD not in said


def test_a_missing_driver_is_one_line_that_says_what_to_install(
    course: Course, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRADEBOOK_URL", NOBODY.replace("psycopg", "pg8000"))
    assert cli.main(["grade", "scale", "--course", str(course.root)]) == 2
    said = one_line(capfd.readouterr().err)
    assert "its driver is not installed (No module named 'pg8000')" in said
    assert "`make postgresql`" in said and "'funkcije-grader[postgresql]'" in said
    assert PASSWORD not in said


def test_a_missing_variable_is_one_line(
    course: Course, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GRADEBOOK_URL")
    assert cli.main(["grade", "scale", "--course", str(course.root)]) == 2
    said = one_line(capfd.readouterr().err)
    assert "nbgrader_config.py: cannot be loaded (KeyError: 'GRADEBOOK_URL')" in said


def test_a_reason_that_quotes_the_password_is_shown_without_it() -> None:
    for url, quoted in (
        (f"postgresql+psycopg://grader:{PASSWORD}@db/course", f"option {PASSWORD!r}"),
        ("postgresql+psycopg://grader:a%2Fb%25@db/course", "a/b% or a%2Fb%25"),
        (f"postgresql+psycopg://grader@db/course?password={PASSWORD}", PASSWORD),
    ):
        said = str(cannot_be_used(url, ValueError(f"{quoted}\nand more")))
        assert said.startswith("postgresql://db/course: the gradebook cannot be used (") and "***" in said
        assert not any(part in said for part in (PASSWORD, "a/b", "a%2F", "and more"))


def test_a_gradebook_in_a_file_is_named_by_the_file() -> None:
    assert shown_address("sqlite:////a course/grades.db?timeout=60") == "/a course/grades.db"


def test_a_copy_of_a_course_has_a_gradebook_of_its_own(course: Course, tmp_path: Path) -> None:
    """The demo's class, and the hostile one of `grader doctor`, never come to the server."""
    (tmp_path / "copy").mkdir()
    copy_configuration(course, tmp_path / "copy")
    directory = course_directory(course_config(Course(tmp_path / "copy")), "scale")
    assert directory.db_url == f"sqlite:///{tmp_path / 'copy' / 'grades.db'}?timeout=60"


def test_who_neither_draws_inputs_nor_writes_grades_gets_neither_secret_nor_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert {VARIABLE, "GRADEBOOK_URL", "PGPASSWORD"} == {*SECRETS}
    for name in SECRETS:
        monkeypatch.setenv(name, PASSWORD)
    for environment in (clean_environment(), without_secrets()):
        assert PASSWORD not in environment.values()
    assert {*os.environ} - {*without_secrets()} == {*SECRETS}


def test_the_guide_has_the_lines_that_are_tested_here() -> None:
    [lines] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "postgresql.md").read_text("utf-8"), re.DOTALL)
    assert lines.split() == ON_SERVER.split()


def test_the_driver_is_an_extra_with_a_lock_of_its_own_that_names_no_index_and_setup_leaves_it_out() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["optional-dependencies"]["postgresql"] == project["dependency-groups"]["postgresql"]
    lock = (ROOT / "locks" / "postgresql.txt").read_text(encoding="utf-8")
    assert re.search(r"^psycopg==[\d.]+ \\\n    --hash=sha256:", lock, re.MULTILINE)
    assert "psycopg-binary==" in lock and "://" not in lock and "--index" not in lock and "--find-links" not in lock
    assert "psycopg" not in (ROOT / "locks" / "kit.txt").read_text(encoding="utf-8")


def test_the_processes_that_render_pages_get_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADEBOOK_URL", NOBODY)
    process = bounded._take()
    try:
        assert PASSWORD.encode() not in Path(f"/proc/{process.pid}/environ").read_bytes()
    finally:
        bounded._end(process)
