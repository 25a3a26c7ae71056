"""`course.toml`: what a course says of itself, and the one line that says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from a_course import small_course

from checks.language import LANGUAGES
from grader.course import Course
from grader.errors import GraderError
from grader.settings import Settings

ROOT = Path(__file__).resolve().parent.parent

WRONG = {
    # What stands in the file: what the line says of it.
    "title = 3": r"title: expected text, or a text for each language, found 3\.",
    'title = { de = "Rechnen" }': r"title: expected text, or a text for each language, found ",
    'original = "de"': r"original: expected one of \['cnr', 'en'\], found 'de'\.",
    'package = "Layers"': r"package: expected a name such as 'numerika'.*, found 'Layers'\.",
    'package = "numpy"': r"package: expected a name .*, found 'numpy'\.",
    'package = "json"': r"package: expected a name .*, found 'json'\.",
    'package = "checks"': r"package: expected a name .*, found 'checks'\.",
    'package = "a/b"': r"package: expected a name .*, found 'a/b'\.",
    'package = "class"': r"package: expected a name .*, found 'class'\.",
    'languages = "en"': r"languages: expected some of \['cnr', 'en'\], each once, found 'en'\.",
    "languages = []": r"languages: expected some of .*, found \[\]\.",
    'languages = ["de"]': r"languages: expected some of .*, found \['de'\]\.",
    'languages = ["en", "en"]': r"languages: expected some of .*each once, found",
    "python = 3.12": r"python: expected a version such as '3.11', not older than that, found 3\.12\.",
    'python = "3.9"': r"python: expected a version .*, found '3\.9'\.",
    'environment = "/etc/passwd"': r"environment: expected the name of a requirements file in the course",
    'environment = "../requirements.txt"': r"environment: expected the name of a requirements file in the course",
    'assignments = ["a b"]': r"assignments: expected a list of assignments' names, each once, found \['a b'\]\.",
    "assignments = [1]": r"assignments: expected a list",
    'course_id = "x"': r"course_id: expected one of title, package, languages, .*, assignments, classic\.",
    "title = ": r"expected TOML, found an error \(",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_ends_in_one_line_with_file_key_expected_and_found(tmp_path: Path, text: str) -> None:
    (tmp_path / "course.toml").write_text(text)
    with pytest.raises(GraderError, match=WRONG[text]) as raised:
        _ = Course(tmp_path).package
    line = str(raised.value)
    assert line.startswith(str(tmp_path / "course.toml")) and " Next: " in line and "\n" not in line


def test_a_course_without_the_file_goes_on_as_it_was(tmp_path: Path) -> None:
    course = small_course(tmp_path)
    assert not (tmp_path / "course.toml").exists()
    assert course.settings == Settings()
    assert (course.package, course.settings.languages) == (tmp_path / "funkcije", ("cnr", "en"))
    assert course.assignment("scale").package == "funkcije"


def test_the_kits_own_course_says_what_it_is() -> None:
    settings = Course(ROOT).settings
    assert (settings.package, settings.languages) == ("funkcije", LANGUAGES)
    assert tuple(Course(ROOT).assignments()) == settings.assignments == ("fully_connected_nets", "batch_normalization")


def test_assignments_come_in_the_order_that_the_course_says_and_the_others_after_them(tmp_path: Path) -> None:
    course = Course(tmp_path)
    for name in ("a", "b", "c", "d"):
        for path in (course.notebook(name), course.checks / name / "__init__.py"):
            path.parent.mkdir(parents=True)
            path.touch()
    (tmp_path / "course.toml").write_text('assignments = ["c", "later", "b"]')
    assert course.assignments() == ["c", "b", "a", "d"]


def test_a_file_that_changes_is_read_again_and_an_assignment_is_one_and_the_same_while_it_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = small_course(tmp_path)
    before = course.assignment("scale")
    assert course.assignment("scale") is before
    (tmp_path / "course.toml").write_text('package = "numerika"\nlanguages = ["en"]')
    (tmp_path / "funkcije").rename(tmp_path / "numerika")
    after = course.assignment("scale")
    assert (after.package, after.languages) == ("numerika", ("en",))
    assert course.assignment("scale") is after
    assert course.language == "en"
    monkeypatch.setenv("FUNKCIJE_LANG", "cnr")
    assert course.language == "en", "a language that the course does not speak"


def test_the_variable_still_names_the_language_where_the_course_speaks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FUNKCIJE_LANG", raising=False)
    assert Course(tmp_path).language == "cnr"
    monkeypatch.setenv("FUNKCIJE_LANG", "en")
    assert Course(tmp_path).language == "en"


def test_an_environment_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_text('environment = "requirements.txt"')
    with pytest.raises(GraderError, match=r"requirements\.txt: cannot be read .* course\.toml names it"):
        Course(tmp_path).environment()
    (tmp_path / "requirements.txt").write_text("scipy\r\n")
    assert Course(tmp_path).environment() == b"scipy\n"
