"""`grader check` and `python -m checks` as a CI job and a student meet them: exit status, formats, one clear line."""

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import ASSIGNMENT, ROOT, Submit

from grader import cli
from grader.course import Course
from grader.reference.edits import Edit

Release = Callable[..., Path]
WITHOUT_GAMMA = Edit("layers", "batchnorm_forward", "out = gamma * (x - running_mean)", "out = (x - running_mean)")
KEYS = {"assignment", "student", "score", "max_score", "sandbox", "seconds", "checks"}
CHECK_KEYS = {"id", "function", "points", "max_points", "status", "message", "diagnosis", "warnings", "same_as"}


def check(*arguments: object) -> int:
    return cli.main(["check", *map(str, arguments), "--course", str(ROOT)])


def python_m_checks(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "FUNKCIJE_LANG": "en"}
    return subprocess.run(
        [sys.executable, "-m", "checks", *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_full_points_exit_0_and_less_exit_1(submit: Submit, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(submit(name=f"full/{ASSIGNMENT}"), "--language", "en") == 0
    assert capsys.readouterr().out.endswith("Total: 40 of 40 points\n")
    assert check(submit(stub=True, name=f"stub/{ASSIGNMENT}"), "--language", "en") == 1
    assert capsys.readouterr().out.endswith("Total: 0 of 40 points\n")


def test_json_on_standard_output_is_the_fixed_interface(submit: Submit, capsys: pytest.CaptureFixture[str]) -> None:
    mistake = Edit("layers", "batchnorm_backward", "dbeta = dout.sum(axis=0)", "dbeta = dout.mean(axis=0)")
    assert check(submit(mistake), "--student", "ana", "--json", "-") == 1
    data = json.loads(capsys.readouterr().out)
    assert data.keys() >= KEYS
    assert (data["assignment"], data["student"], data["max_score"]) == ("batch_normalization", "ana", 40.0)
    assert data["score"] == sum(item["points"] for item in data["checks"]) < 40
    assert all(item.keys() == CHECK_KEYS for item in data["checks"])
    dbeta = next(item for item in data["checks"] if item["id"] == "batchnorm_backward.dbeta")
    assert dbeta["status"] == "failed"
    assert dbeta["diagnosis"] == {
        "mistake": "bn_dbeta_mean",
        "hint": "dbeta je srednja vrijednost po batch-u; treba zbir.",
    }


def test_junit_counts_what_json_lists(submit: Submit, tmp_path: Path) -> None:
    junit, as_json = tmp_path / "junit.xml", tmp_path / "result.json"
    assert check(submit(stub=True), "--junit", junit, "--json", as_json) == 1
    suites = ElementTree.parse(junit).getroot()
    cases = suites.findall("testsuite/testcase")
    listed = json.loads(as_json.read_text())["checks"]
    assert [f"{case.get('classname', '').split('.')[1]}.{case.get('name')}" for case in cases] == [
        item["id"] for item in listed
    ]
    assert suites.get("failures") == str(len(listed)) == str(len(suites.findall("testsuite/testcase/failure")))


def test_without_a_secret_it_says_so(
    submit: Submit, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = submit(name=f"full/{ASSIGNMENT}")
    monkeypatch.setattr(Course, "store", property(lambda self: folder / "no store"))
    check(folder)
    assert "note: no course secret" in capsys.readouterr().err
    monkeypatch.setenv("GRADER_SECRET", "one")
    check(folder)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nowhere"], "nowhere: no such folder."),
        (["empty"], "empty: no funkcije/ in it, so there is nothing to grade."),
        (
            ["full", "--assignment", "dropot"],
            "no assignment named 'dropot' (this course has: fully_connected_nets, batch_normalization",
        ),
        (
            ["full/batch_normalization", "--json", "no/such/folder/result.json"],
            "cannot be written (No such file or directory).",
        ),
    ],
)
def test_bad_input_ends_in_one_line_and_exit_2(
    submit: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], line: str
) -> None:
    submit(name=f"full/{ASSIGNMENT}")
    (tmp_path / "empty").mkdir()
    assert check(tmp_path / arguments[0], *arguments[1:]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("grader check: ")
    assert line in said
    assert "Next: " in said


def test_outside_a_course_a_named_course_that_is_none_ends_in_one_line(
    submit: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check", str(submit()), "--course", str(tmp_path)]) == 2
    assert "not inside a course" in capsys.readouterr().err


def test_the_command_line_itself_starts_and_ends_like_the_function(submit: Submit) -> None:
    grader = Path(sys.executable).with_name("grader")
    run = subprocess.run([grader, "check", submit(stub=True)], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 1
    assert "Traceback" not in run.stderr


def test_in_a_release_the_recordings_give_the_verdict_without_the_reference(release_like: Release) -> None:
    full = python_m_checks(release_like(name=f"full/{ASSIGNMENT}"))
    assert (full.returncode, full.stdout.splitlines()[-1]) == (0, "Total: 40 of 40 points")
    stub = python_m_checks(release_like(stub=True, name=f"stub/{ASSIGNMENT}"))
    assert (stub.returncode, stub.stdout.splitlines()[-1]) == (1, "Total: 0 of 40 points")


def test_in_a_release_a_known_mistake_is_named(release_like: Release) -> None:
    run = python_m_checks(release_like(WITHOUT_GAMMA), "batchnorm_forward", "--json", "-")
    data = json.loads(run.stdout)
    test_mode = next(item for item in data["checks"] if item["id"] == "batchnorm_forward.test_mode")
    assert run.returncode == 1
    assert test_mode["status"] == "failed"
    assert data.keys() >= KEYS


def test_in_a_folder_without_a_package_python_m_checks_says_so(release_like: Release) -> None:
    folder = release_like()
    (folder / "funkcije").rename(folder / "moved")
    run = python_m_checks(folder)
    assert run.returncode == 2
    assert run.stderr == "There is no funkcije/ folder beside the notebook, so there is nothing to check.\n"


NOTEBOOK = """
from checks import check
shown = check("layernorm_forward")
print(repr(shown))
print(shown._repr_html_() if hasattr(shown, "_repr_html_") else "")
"""


def in_a_kernel(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {**os.environ, "FUNKCIJE_LANG": "en", **environment}
    return subprocess.run([sys.executable, "-c", NOTEBOOK], cwd=folder, env=clean, capture_output=True, text=True)


def test_a_check_cell_shows_a_block_and_lets_run_all_go_on(release_like: Release) -> None:
    shown = in_a_kernel(release_like(stub=True))
    assert shown.returncode == 0
    assert shown.stdout.startswith("layernorm_forward: 0 of 6 points\n  layernorm_forward is not written yet")
    assert "<div" in shown.stdout


def test_a_check_cell_raises_its_one_line_under_validate(release_like: Release) -> None:
    failing = in_a_kernel(release_like(stub=True, name=f"stub/{ASSIGNMENT}"), NBGRADER_VALIDATING="1")
    assert failing.returncode == 1
    assert failing.stderr.splitlines()[-1].startswith("checks.CheckFailed: layernorm_forward: 0 of 6 points")
    passing = in_a_kernel(release_like(name=f"full/{ASSIGNMENT}"), NBGRADER_VALIDATING="1")
    assert (passing.returncode, passing.stdout.strip()) == (0, "None")


def test_a_check_cell_gives_no_score_while_nbgrader_autogrades(release_like: Release) -> None:
    """Should a broken configuration let nbgrader read this cell's output, it finds more than the maximum and stops."""
    run = in_a_kernel(release_like(name=f"full/{ASSIGNMENT}"), NBGRADER_EXECUTION="autograde")
    assert (run.returncode, run.stdout.strip()) == (0, "inf")


def test_what_a_student_wrote_is_escaped_in_html(release_like: Release) -> None:
    raises = Edit(
        "layers",
        "layernorm_forward",
        "x_centered = x -",
        'raise ValueError("<script>alert(1)</script>"); x_centered = x -',
    )
    shown = in_a_kernel(release_like(raises)).stdout
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "<script>" not in shown.partition("<div")[2]


def test_the_list_of_commands_comes_at_once_and_names_them_all() -> None:
    code = "import sys; from grader import cli\ntry: cli.main(['--help'])\nfinally: print('nbgrader' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "False"
    for name in cli.COMMANDS:
        assert importlib.import_module(f"grader.commands.{name}").run
        assert re.search(rf"^    {name}\s", done.stdout, re.MULTILINE)


def test_a_command_that_is_missing_or_unknown_ends_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for arguments in ([], ["chek"], ["--", "check"], ["--course", "x", "check"]):
        assert cli.main(arguments) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("grader") and line.endswith("--help.")
