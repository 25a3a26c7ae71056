"""What README and guides tell a reader to type or to open is there."""

import ast
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from nbgrader.apps.nbgraderapp import NbGraderApp

from checks.__main__ import main as checks_main
from checks.core import Assignment
from checks.result import CheckResult, Diagnosis, Result
from grader.cli import main

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "docs/authoring.md", "docs/ci.md")
STUDENTS_OWN = ("-m venv .venv", "-m pip install -r requirements.txt", "-m jupyter lab batch_normalization.ipynb")
"""What a student types in a release, whose own tests look after it."""


def blocks(page: str, language: str) -> Iterator[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    yield from re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


LINES = [(page, line) for page in PAGES for line in dict.fromkeys("".join(blocks(page, "sh")).splitlines())]
"""Each line that a page tells the reader to type."""


def help_of(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The help of a command of the kit."""
    run = main if words[0] != "checks" else checks_main
    with pytest.raises(SystemExit) as end:
        run([*([] if words[0] == "checks" else words[:1]), "--help"])
    assert end.value.code == 0
    return capsys.readouterr().out


def test_the_pages_do_tell_what_to_type() -> None:
    assert {page for page, _ in LINES} == set(PAGES)


@pytest.mark.parametrize(("page", "line"), LINES)
def test_each_line_to_type_is_a_command_with_these_options(
    page: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    program, *words = shlex.split(line)
    if program == "make":
        targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        assert words[0] in targets
        for setting in words[1:]:
            assert f"$({setting.partition('=')[0]})" in (ROOT / "Makefile").read_text(encoding="utf-8")
        return
    if program == ".ci/run":
        assert (ROOT / program).stat().st_mode & 0o111
        return
    if program == ".venv/bin/nbgrader":
        assert words[0] in NbGraderApp.subcommands
        return
    if words[:2] == ["-m", "checks"]:
        words = words[1:]
    elif program != ".venv/bin/grader":
        assert any(line.endswith(known) for known in STUDENTS_OWN), f"nothing tests {line!r}"
        return
    said = help_of(words, capsys)
    for option in words:
        if option.startswith("--"):
            assert option in said


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("https://")]
    assert links or page != "README.md"
    for link in links:
        assert (ROOT / page).parent.joinpath(link).exists(), link


@pytest.mark.parametrize("page", PAGES)
def test_examples_can_be_read_by_what_they_are_for(page: str) -> None:
    for text in blocks(page, "python"):
        ast.parse(text)
    for text in blocks(page, "yaml"):
        assert isinstance(yaml.safe_load(text), dict)


def test_the_commands_in_the_jobs_are_those_of_the_kit() -> None:
    jobs = "\n".join(blocks("docs/ci.md", "yaml"))
    assert len(re.findall(r"python -m checks --junit result\.xml", jobs)) == 2
    grading = '.venv/bin/grader check submission --student "$STUDENT" --json result.json --junit result.xml'
    assert jobs.count(f"{grading} || test $? -eq 1") == 2
    assert jobs.count("make setup") == 2


def test_the_json_shown_has_the_keys_of_a_result(assignment: Assignment) -> None:
    (text,) = blocks("docs/ci.md", "json")
    shown = json.loads(text)
    check = shown["checks"][0]
    (known,) = [item for item in assignment.checks if item.id == check["id"]]
    assert check["max_points"] == known.points
    verdict = CheckResult(known.id, known.function, 0.0, known.points, "failed", "...", Diagnosis("x", "..."))
    real = Result(assignment.name, "ana", (verdict,), "none").to_json()
    assert list(shown) == list(real)
    assert list(check) == list(real["checks"][0])
    assert list(check["diagnosis"]) == list(real["checks"][0]["diagnosis"])


def test_each_dependency_is_given_a_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = [item for group in project["dependency-groups"].values() for item in group]
    asked = [*project["project"]["dependencies"], *groups, *project["build-system"]["requires"]]
    names = {re.match(r"[\w-]+", requirement)[0] for requirement in asked}
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Why each dependency")[2]
    rows = [cells.split("|")[1] for cells in section.splitlines() if cells.startswith("| ") and "---" not in cells]
    assert {name.strip() for row in rows for name in row.split(",") if name.strip()} == names


def test_the_folders_named_are_there_or_made_by_nbgrader() -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Where things lie")[2].partition("\n## ")[0]
    named = [
        name
        for row in section.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`([^`]+)`", row.split("|")[1])
    ]
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert len(named) > 10
    for name in named:
        assert (ROOT / name).exists() or f"/{name}" in ignored, name


@pytest.mark.parametrize("page", sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.md")))
def test_the_files_that_a_page_names_are_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:grader|checks|funkcije|tests|benchmarks|docs|bin|locks)/[\w./-]+)`", text)
    missing = [name for name in named if not (ROOT / name).exists() and not re.search(r"NAME|FUNCTION", name)]
    assert missing == []
