"""An assignment on Gradescope: what lies in its zip, and what becomes of submissions in a folder laid out as there."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import machine
import pytest
from classroom import SOLVED, WRONG, hand_in, released_course, solve
from conftest import ASSIGNMENT, ROOT

import grader.gradescope.run as running
from grader import cli
from grader.course import Course
from grader.errors import GraderError
from grader.gradescope.pack import pack
from grader.gradescope.results import failed, results
from grader.gradescope.run import submitters

REFUSED = (sys.executable, str(ROOT / "tests" / "refused.py"))
NOBODY = 65534
HOSTILE = """    import os, sys
    for place in ("AUTOGRADER/results/results.json", "results/results.json", sys.argv[0]):
        try:
            open(place, "w").write('{"score": 1000}')
        except OSError:
            pass
    os._exit(0)
"""
ENDLESS = "    while True: pass\n"


@dataclass
class Autograder:
    """A folder laid out as Gradescope's /autograder."""

    base: Path
    handed_out: Path

    def grade(
        self,
        body: str | None,
        *emails: str,
        refused: str = "",
        user: int | None = None,
        metadata: Any = None,
    ) -> dict[str, Any]:
        """What is written of a submission, here of the small course, by running what Gradescope runs."""
        submission = self.base / "submission"
        shutil.rmtree(submission, ignore_errors=True)
        shutil.copytree(self.handed_out, submission)
        if body is not None:
            solve(submission / "funkcije" / "layers.py", body.replace("AUTOGRADER", str(self.base)))
        return self.run(*emails, refused=refused, user=user, metadata=metadata)

    def run(self, *emails: str, refused: str = "", user: int | None = None, metadata: Any = None) -> dict[str, Any]:
        users = [{"email": email, "id": number, "name": "N N"} for number, email in enumerate(emails or ("a@b.me",))]
        written = {"id": 1, "users": users, "assignment": {"title": "scale"}} if metadata is None else metadata
        (self.base / "submission_metadata.json").write_text(json.dumps(written))
        results = self.base / "results"
        shutil.rmtree(results, ignore_errors=True)
        results.mkdir()
        if user is not None:
            for path in (self.base, *self.base.rglob("*")):
                if not path.is_symlink():
                    os.chown(path, user, user)
        given = os.geteuid() if user is None else user
        subprocess.run(
            [*((*REFUSED, refused, str(given)) if refused else ()), str(self.base / "source" / "run_autograder")],
            env=os.environ | {"AUTOGRADER": str(self.base)},
            **({} if refused or user is None else {"user": user, "group": user, "extra_groups": []}),
            check=True,
            stdin=subprocess.DEVNULL,
        )
        found: dict[str, Any] = json.loads((results / "results.json").read_text(encoding="utf-8"))
        return found


def unpacked(archive: Path, base: Path) -> None:
    """Unpack a zip as Gradescope does, permissions included."""
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(base / "source")
        for entry in opened.infolist():
            (base / "source" / entry.filename).chmod(entry.external_attr >> 16 & 0o777)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return released_course(tmp_path_factory.mktemp("course"))


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder that everybody may enter, as /autograder is."""
    with tempfile.TemporaryDirectory(prefix="autograder-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def autograder(course: Course, base: Path) -> Autograder:
    """With the environment that `setup.sh` would make: numpy, msgpack and nothing else."""
    unpacked(pack(course, "scale"), base)
    (base / "source" / "course" / ".venv-worker").symlink_to(ROOT / ".venv-worker")
    return Autograder(base, course.release / "scale")


def scores(found: dict[str, Any]) -> dict[str, float]:
    return {test["name"]: test["score"] for test in found["tests"] if "score" in test}


def test_a_solution_a_mistake_a_stub_and_a_hostile_one_get_what_they_earn_and_a_sentence(
    autograder: Autograder, course: Course
) -> None:
    full = autograder.grade(SOLVED)
    assert sum(scores(full).values()) == 4
    assert full["stdout_visibility"] == "hidden" and "score" not in full
    assert {tuple(test["tags"]) for test in full["tests"] if "score" in test} == {("scale_forward",)}
    assert {test["output_format"] for test in full["tests"]} == {"text"}

    mistaken = autograder.grade(WRONG)
    assert scores(mistaken) == {"scale_forward.value": 0, "scale_forward.shape": 1}
    assert all(test["output"] for test in mistaken["tests"] if test["status"] == "failed")

    assert sum(scores(autograder.grade(None)).values()) == 0
    hostile = autograder.grade(HOSTILE)
    assert sum(scores(hostile).values()) == 0 and scores(hostile).keys() == scores(full).keys()


def test_where_no_sandbox_starts_there_is_a_sentence_and_no_score(autograder: Autograder) -> None:
    machine.sandbox("landlock")
    found = autograder.grade(SOLVED, refused="both")
    [test] = found["tests"]
    assert (test["status"], test["visibility"], "score" in test, "score" in found) == (
        "failed",
        "visible",
        False,
        False,
    )
    assert "sandbox" in test["output"]


def test_a_group_is_one_and_whoever_cannot_be_told_gets_no_score(autograder: Autograder) -> None:
    together = submitters({"users": [{"email": "b@c.me"}, {"email": "a@b.me"}]})
    assert together == submitters({"users": [{"email": "a@b.me"}, {"email": "b@c.me"}]}) == "a@b.me,b@c.me"
    assert sum(scores(autograder.grade(SOLVED, "b@c.me", "a@b.me")).values()) == 4
    for metadata in ({}, {"users": 3}, []):
        [test] = autograder.grade(SOLVED, metadata=metadata)["tests"]
        assert test["status"] == "failed" and "score" not in test


def test_a_hand_in_without_the_package_is_told_so_and_gets_no_score(autograder: Autograder) -> None:
    (autograder.base / "submission").mkdir()
    [test] = autograder.run()["tests"]
    assert "funkcije" in test["output"] and "score" not in test


@pytest.mark.full
def test_what_never_ends_is_ended_by_its_own_limits(autograder: Autograder) -> None:
    found = autograder.grade(ENDLESS)
    assert sum(scores(found).values()) == 0
    assert any("10 s" in test["output"] for test in found["tests"])


def test_whatever_takes_too_long_altogether_leaves_a_sentence(
    autograder: Autograder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "SECONDS", 0)
    status, said = running._checked([str(autograder.base)], autograder.base)
    assert (status, said) == (None, "")


def test_the_zip_holds_a_secret_of_its_own_and_nothing_that_was_handed_in(course: Course) -> None:
    hand_in(course, "ana")
    (course.root / ".git").mkdir(exist_ok=True)
    (course.root / ".git" / "HEAD").write_text("ref: x\n")
    with zipfile.ZipFile(pack(course, "scale")) as archive:
        names = archive.namelist()
        held = archive.read("course/.grader/secret")
        modes = {name: archive.getinfo(name).external_attr >> 16 for name in names}
        scripts = {name: archive.read(name) for name in ("setup.sh", "run_autograder")}
    folders = {name.split("/")[1] for name in names if name.startswith("course/")}
    assert not folders & {"submitted", "autograded", "feedback", ".git", "grades.db", "build"}
    own = (course.store / "secret").read_bytes().strip()
    assert own not in held and len(held.strip()) == 64
    assert stat.S_IMODE(modes["course/.grader/secret"]) == 0o600
    for name, text in scripts.items():
        assert stat.S_IMODE(modes[name]) == 0o755 and text.startswith(b"#!/usr/bin/env bash\n") and b"\r" not in text
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_the_same_course_gives_the_same_zip_and_only_its_own_is_replaced(course: Course) -> None:
    path = pack(course, "scale")
    first = path.read_bytes()
    assert pack(course, "scale").read_bytes() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_bytes(b"mine")
    with pytest.raises(GraderError, match="not a zip of this command's making"):
        pack(course, "scale")
    assert path.read_bytes() == b"mine"
    path.unlink()


def test_the_command_says_where_the_zip_is(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["gradescope", "scale", "--course", str(course.root), "--visibility", "after_due_date"]) == 0
    said = capsys.readouterr().out
    assert "gradescope-scale.zip is written. Next: " in said
    with zipfile.ZipFile(course.root / "build" / "gradescope-scale.zip") as archive:
        assert json.loads(archive.read("settings.json")) == {"assignment": "scale", "visibility": "after_due_date"}
    assert cli.main(["gradescope", "scalle", "--course", str(course.root)]) == 2


def test_each_mistake_is_said_once_and_remarks_bear_no_score() -> None:
    check = {"function": "f", "points": 0.0, "max_points": 2.0, "status": "failed", "warnings": []}
    verdict = {
        "language": "en",
        "assignment": "a",
        "sandbox": "bwrap",
        "seconds": 0.25,
        "warnings": ["a remark"],
        "look_at": [{"key": "k", "names": {}, "text": "a reason"}],
        "checks": [
            {**check, "id": "f.x", "message": "wrong", "diagnosis": {"mistake": "m", "hint": "h"}, "same_as": None},
            {**check, "id": "f.y", "message": "wrong", "diagnosis": None, "same_as": "f.x"},
        ],
    }
    first, second, remarks = results(verdict, "hidden")["tests"]
    assert (first["output"], first["extra_data"]) == ("wrong", {"mistake": "m"})
    assert second["output"] == "The same mistake as in the check f.x."
    assert (remarks["output"], "score" in remarks) == ("a remark\na reason", False)
    assert {test["visibility"] for test in (first, second, remarks)} == {"hidden"}
    assert failed("why", "en")["tests"][0]["visibility"] == "visible"


def test_an_image_without_a_new_enough_python_fails_while_it_is_built_with_a_sentence(
    course: Course, base: Path
) -> None:
    unpacked(pack(course, "scale"), base)
    programs = base / "bin"
    programs.mkdir()
    for name in ("bash", "dirname"):
        (programs / name).symlink_to(shutil.which(name) or "")
    old = programs / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = subprocess.run(
        [str(programs / "bash"), str(base / "source" / "setup.sh")],
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Python 3.11 or newer with venv is needed" in done.stderr and "Next: " in done.stderr


def built(base: Path) -> str:
    """Run `setup.sh`, with the system's Python if it will do; that Python, else nothing."""
    asked = ["-c", "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))"]
    systems = "/usr/bin/python3"
    if not Path(systems).exists() or subprocess.run([systems, *asked], check=False, capture_output=True).returncode:
        systems = ""
    done = subprocess.run(
        [str(base / "source" / "setup.sh")],
        env=os.environ | {"PYTHON": systems or sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    if "requirements.txt cannot be installed" in done.stderr:
        machine.lacks(f"no package index: {done.stderr}")
    assert done.returncode == 0, done.stderr
    assert "Student code runs in: " in done.stdout
    return systems


@pytest.mark.full
def test_an_image_that_setup_builds_gives_a_right_submission_all_its_points(base: Path) -> None:
    unpacked(pack(Course(ROOT), ASSIGNMENT), base)
    built(base)
    assert sum(scores(Autograder(base, ROOT / "solutions" / ASSIGNMENT).grade(None)).values()) == 40


@pytest.mark.full
def test_as_root_and_as_an_ordinary_user_in_each_sandbox_and_in_none_each_hand_in_gets_what_is_due(
    course: Course, base: Path
) -> None:
    unpacked(pack(course, "scale"), base)
    systems = built(base)  # which everybody may run
    autograder = Autograder(base, course.release / "scale")
    table = {}
    for user in (None, NOBODY) if os.geteuid() == 0 and systems else (None,):
        for refused in ("", "bwrap", "both"):
            for kind, body, emails in (
                ("solution", SOLVED, ("a@b.me",)),
                ("stub", None, ("a@b.me",)),
                ("hostile", HOSTILE, ("a@b.me",)),
                ("endless", ENDLESS, ("a@b.me",)),
                ("group", SOLVED, ("a@b.me", "b@c.me")),
            ):
                if kind == "endless" and refused == "bwrap":
                    continue  # its ten seconds are the same in either sandbox
                found = autograder.grade(body, *emails, refused=refused, user=user)
                points = scores(found)
                table[user, refused, kind] = sum(points.values()) if points else None
                assert all(test["output"] for test in found["tests"] if test["status"] == "failed")
                if refused == "bwrap":
                    assert found["extra_data"]["sandbox"] == "landlock"
    due = {"solution": 4.0, "stub": 0.0, "hostile": 0.0, "endless": 0.0, "group": 4.0}
    assert table == {key: None if key[1] == "both" else due[key[2]] for key in table}
