"""Small courses of other subjects, each whole: graded, diagnosed, recorded, and wrong in every way."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from forms import only
from sample import NAMES, sample

from checks.core import Assignment
from checks.engine.judge import judge
from checks.engine.recording import FILE, SEED, NotTheSame, Recording
from checks.mistakes import Mistake, Variant
from checks.result import Result
from grader import cli
from grader.course import Course
from grader.grading.grade import grade
from grader.publish.proof import write_files
from grader.publish.recordings import make
from grader.publish.release import release
from grader.reference.edits import edits_of
from grader.reference.instructor_only import load_beside
from grader.reference.oracle import LiveOracle
from grader.reference.render import render_package
from grader.reference.versions import Versions, whole_student
from grader.sandbox.launch import PlainLauncher
from grader.sandbox.process import TimeLimits

LIMITS = TimeLimits(call=1.0, total=20.0)


@dataclass
class Known:
    """A course, and what is asked of it again and again."""

    course: Course
    assignment: Assignment
    versions: Versions
    recording: Recording

    def graded(self, modules: dict[str, bytes], folder: Path) -> Result:
        write_files(folder, {f"{self.assignment.package}/{path}": content for path, content in modules.items()})
        return grade(folder, self.course, self.assignment, language="en", launcher=PlainLauncher(), limits=LIMITS)

    def variants(self) -> tuple[Variant, ...]:
        found: tuple[Variant, ...] = getattr(load_beside(self.assignment, "variants"), "VARIANTS", ())
        return found


@pytest.fixture(scope="module", params=NAMES)
def known(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    folder = tmp_path_factory.mktemp(request.param)
    course, assignment = sample(request.param, folder)
    written = folder / "recorded"
    write_files(written, make(course, assignment))
    recording = Recording.read(assignment, written / assignment.name / FILE)
    yield Known(course, assignment, Versions(course, assignment), recording)
    for module in [name for name in sys.modules if name.startswith("_checks_")]:
        del sys.modules[module]


def test_the_solution_earns_everything_and_the_stub_nothing(known: Known, tmp_path: Path) -> None:
    rendered = render_package(known.course, known.assignment)
    full = known.graded(rendered.solution, tmp_path / "solution")
    assert [(check.id, check.message) for check in full.checks if check.status != "passed"] == []
    stub = known.graded(rendered.stub, tmp_path / "stub")
    assert {(check.status, check.points) for check in stub.checks} == {("not_implemented", 0.0)}


def judged(known: Known, mistake: Mistake, recorded: bool) -> Result:
    oracle = known.recording if recorded else LiveOracle(known.versions, SEED + b"another draw")
    return judge(known.assignment, known.versions.student(mistake.id), oracle, language="en")


@pytest.mark.parametrize("recorded", [False, True], ids=["live", "recorded"])
def test_each_mistake_fails_the_check_made_for_it_and_is_named_there_with_its_hint(
    known: Known, recorded: bool
) -> None:
    assert known.versions.mistakes
    for mistake in known.versions.mistakes.values():
        result = judged(known, mistake, recorded)
        failed = {check.id: check for check in result.checks if check.status != "passed"}
        assert mistake.breaks in failed, mistake.id
        told = failed[mistake.breaks].diagnosis
        if next(check for check in known.assignment.checks if check.id == mistake.breaks).is_of_form:
            assert told is None  # of two answers, one proves nothing
            continue
        assert told is not None, (mistake.id, failed[mistake.breaks].message)
        assert (told.mistake, told.hint) == (mistake.id, mistake.hint["en"])
        named = {check.diagnosis.mistake for check in result.checks if check.diagnosis}
        assert named == {mistake.id}


def test_each_variant_earns_everything(known: Known) -> None:
    for variant in known.variants():
        with whole_student(known.course, known.assignment, edits_of(variant)) as student:
            for oracle in (LiveOracle(known.versions, b"variant"), known.recording):
                result = judge(known.assignment, student, oracle, language="en")
                assert [(variant.id, check.id, check.message) for check in result.checks if not check.points] == []


@pytest.mark.parametrize("known", only(["rnn", "words"], NAMES), indirect=True)
def test_what_an_author_runs_finds_that_all_holds_wrong_students_included(
    known: Known, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["test", known.assignment.name, "--course", str(known.course.root)]) == 0
    table = capsys.readouterr().out
    assert "All of it holds." in table
    wrong = [line for line in table.splitlines() if line.startswith("| ") and line.count("|") == 6][1:]
    assert len(wrong) >= 9, table
    assert {row.split("|")[4].strip() for row in wrong} == {"0"}


@pytest.mark.parametrize("known", only(["conv", "words"], NAMES), indirect=True)
def test_practice_on_the_release_says_what_the_grader_says(known: Known, tmp_path: Path) -> None:
    release(known.course, known.assignment.name, execute=False)
    folder = known.course.root / "release" / known.assignment.name
    rendered = render_package(known.course, known.assignment)
    for modules, score in ((rendered.solution, 1.0), (rendered.stub, 0.0)):
        write_files(folder, {f"{known.assignment.package}/{path}": content for path, content in modules.items()})
        command = [sys.executable, "-m", "checks", "--json", "-"]
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        result = json.loads(ran.stdout)
        assert result["score"] == score * result["max_score"], ran.stdout
        assert (result["assignment"], result["max_score"] > 3) == (known.assignment.name, True)


@pytest.mark.parametrize("recorded", [False, True], ids=["live", "recorded"])
def test_a_right_backward_pass_over_a_mistaken_forward_pass_keeps_its_points(known: Known, recorded: bool) -> None:
    for backward in known.assignment.forward_of:
        forwards = known.assignment.forwards_of(backward)
        mistaken = [one for one in known.versions.mistakes.values() if one.function in forwards]
        assert mistaken, backward
        for mistake in mistaken:
            result = judged(known, mistake, recorded)
            of_backward = [check for check in result.checks if check.function == backward]
            assert [(mistake.id, check.message) for check in of_backward if check.status != "passed"] == []


def test_large_inputs_are_drawn_again_and_not_stored(tmp_path: Path) -> None:
    course, assignment = sample("conv", tmp_path)
    write_files(tmp_path / "recorded", make(course, assignment))
    recording = Recording.read(assignment, tmp_path / "recorded" / "conv" / FILE)
    (corner,) = [check for check in assignment.checks if check.id == "conv_forward.corner"]
    (drawn,), (inputs,) = corner.inputs(SEED), recording.case(corner).inputs
    assert all(np.array_equal(inputs[name], drawn[name]) for name in drawn)
    stored = [name for name, entry in recording.index["checks"].items() if "again" in entry["inputs"][0]]
    assert stored == ["conv_forward.corner"] and recording.numbers.size < drawn["x"].size
    other = replace(corner, draw=lambda rng, side: {**corner.draw(rng, side), "x": np.zeros((1, 1, side, side))})
    with pytest.raises(NotTheSame, match=r"conv_forward\.corner"):
        recording.case(other)
