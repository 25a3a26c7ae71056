"""Honest and hostile submissions in one class: the honest do not notice, and the grader stays small.

The hostile ones are those of `benchmarks/class_of_60.py`, which also says what they cost in time.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from classroom import SOLVED, WRONG, hand_in, released_course, scores
from nbgrader.utils import parse_utc

from grader.classroom import carrying, converter
from grader.classroom.results import Record, read_record
from grader.classroom.whole_class import grade_class
from grader.course import Course
from grader.doctor.crowd import CROWD, Hostile
from grader.grading import submission as submissions
from grader.text import sentences

# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

GIGABYTE = 1_000_000_000
NAMED = {hostile.student: hostile for hostile in CROWD}
FEW = ("eve-wide", "eve-maps", "eve-objects", "eve-pictures", "eve-modules", "eve\nnew line")
"""One of each kind but those that run into time limits."""
SHORT = "\nc.ExecuteForReading.total = 5\n"

# `ru_maxrss` of a new process would begin with what its parent had; the kernel's own mark does not.
CHILD = """
import json, sys
from pathlib import Path
from grader.course import Course
from grader.classroom.whole_class import grade_class
from grader.classroom.handin.lms import zip_collect

course = Course(Path(sys.argv[1]))
said = zip_collect(course, "scale") if (course.root / "downloaded").is_dir() else []
rows = grade_class(course, "scale", jobs=2, run_notebooks=sys.argv[2] == "run")
(peak,) = (line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"said": said, "problems": {row.student: row.problem for row in rows}, "peak": 1024 * int(peak)}))
"""


@dataclass(frozen=True)
class Graded:
    """What came of a class."""

    honest: dict[str, tuple[float | None, Any, Any]]
    """Points in the gradebook, verdict and remarks."""
    hostile: dict[str, Record | None]
    said: list[str]
    """When it was collected."""
    problems: dict[str, str]
    """Why somebody has no score."""
    peak: int
    """Bytes of memory of the process that collected and graded, at most."""


def honest_ones(course: Course, count: int) -> list[str]:
    """Hand in right ones, wrong ones, the stub, a syntax error, no package, no notebook, in turn."""
    students = [f"ana-{number}" for number in range(count)]
    for number, student in enumerate(students):
        bodies = (SOLVED, WRONG, None, "    out = (x\n", SOLVED, SOLVED)
        folder = hand_in(course, student, bodies[number % 6])
        if number % 6 == 4:
            shutil.rmtree(folder / "funkcije")
        elif number % 6 == 5:
            (folder / "scale.ipynb").unlink()
    return students


def hostile_one(course: Course, hostile: Hostile, number: int) -> None:
    """Hand in one of the crowd, as a folder or where an LMS's download lies."""
    folder = hand_in(course, hostile.student)
    if hostile.edit:
        hostile.edit(folder, course.assignment("scale"))
    if hostile.pack:
        files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
        shutil.rmtree(folder.parent)
        name = f"{hostile.student.replace('-', ' ')}_{100_001 + number}_assignsubmission_file_"
        place = course.root / "downloaded" / "scale" / "archive" / name
        place.mkdir(parents=True)
        for file, content in hostile.pack(files).items():
            (place / file).write_bytes(content)


def graded(root: Path, honest: int, hostile: Collection[Hostile] = (), notebooks: str = "skip") -> Graded:
    """Hand a class in, and grade it in a process of its own."""
    root.mkdir()
    course = released_course(root, SHORT)
    (course.root / ".grader").mkdir(exist_ok=True)
    (course.root / ".grader" / "secret").write_text("5" * 64)
    students = honest_ones(course, honest)
    for number, one in enumerate(hostile):
        hostile_one(course, one, number)
    command = [sys.executable, "-c", CHILD, str(course.root), notebooks]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1_200, check=False)
    assert done.returncode == 0, done.stderr[-3_000:]
    told = json.loads(done.stdout)
    points = scores(course)
    found = {}
    for student in students:
        record = read_record(course, "scale", student)
        assert record is not None
        found[student] = (points[student], replace(record.result, seconds=0.0), record.notes)
    records = {one.student: read_record(course, "scale", one.student) for one in hostile}
    return Graded(found, records, **told)


def faults_of(hostile: Hostile, found: Graded) -> list[str]:
    """What is wrong with the grade of a hostile submission: it has one, and something is said."""
    record = found.hostile[hostile.student]
    if record is None:
        return [f"no verdict: {found.problems.get(hostile.student, found.said)}"]
    say = sentences("en")
    name = hostile.student.replace("-", " ")
    texts = [say(note.key, **note.names) for note in record.notes]
    texts += [*record.result.warnings, *(check.message for check in record.result.checks)]
    texts += [line for line in found.said if hostile.student in line or name in line or hostile.pack]
    faults = [f"no score: {problem}"] if (problem := found.problems[hostile.student]) else []
    if hostile.says and not any(re.search(hostile.says, text) for text in texts):
        faults.append(f"expected {hostile.says!r}, found {texts}"[:2_000])
    if sum(map(len, texts)) > 50_000:
        faults.append(f"{sum(map(len, texts))} characters are said of it")
    return faults


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    return graded(tmp_path_factory.mktemp("class") / "alone", 6)


@pytest.fixture(scope="module")
def among(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    return graded(tmp_path_factory.mktemp("class") / "among", 6, [NAMED[student] for student in FEW])


def test_honest_submissions_get_the_points_and_remarks_that_they_get_alone(alone: Graded, among: Graded) -> None:
    assert among.honest == alone.honest
    assert [points for points, *_ in alone.honest.values()] == [4.0, 1.0, 0.0, 0.0, 0.0, 4.0]


@pytest.mark.parametrize("student", FEW)
def test_a_hostile_submission_is_graded_and_something_is_said_of_it(among: Graded, student: str) -> None:
    assert faults_of(NAMED[student], among) == []


def test_the_grader_of_a_hostile_class_takes_less_than_a_gigabyte(among: Graded) -> None:
    assert 0 < among.peak < GIGABYTE


@pytest.mark.full
@pytest.mark.parametrize("notebooks", ["skip", "run"])
def test_forty_honest_submissions_do_not_notice_twenty_hostile_ones(tmp_path: Path, notebooks: str) -> None:
    alone = graded(tmp_path / "alone", 40, notebooks=notebooks)
    among = graded(tmp_path / "among", 40, CROWD, notebooks)
    assert among.honest == alone.honest
    assert among.peak < GIGABYTE
    ran = [one for one in CROWD if notebooks == "run" or one.student != "eve-notebook-forever"]
    assert {one.student: faults for one in ran if (faults := faults_of(one, among))} == {}


def test_without_the_bound_on_modules_those_of_a_hostile_submission_are_all_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = released_course(tmp_path)
    hostile_one(course, NAMED["eve-modules"], 0)
    folder = course.submitted / "eve-modules" / "scale"
    assignment = course.assignment("scale")
    assert len(submissions.read_submission(folder, assignment, {}).modules) == submissions.MOST_MODULES
    monkeypatch.setattr(submissions, "MOST_MODULES", 10**9)
    assert len(submissions.read_submission(folder, assignment, {}).modules) > 6_000


@pytest.mark.parametrize("protected", [True, False])
def test_a_time_beyond_all_clocks_costs_its_author_the_grade_where_it_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protected: bool
) -> None:
    course = released_course(tmp_path)
    (hand_in(course, "eve") / "timestamp.txt").write_text("9999-12-31 23:59:59 -2300")
    if not protected:

        def as_it_is(folder: str) -> Any:
            path = Path(folder, "timestamp.txt")
            return parse_utc(path.read_text().strip()) if path.is_file() else None

        monkeypatch.setattr(converter, "existing_timestamp", as_it_is)
    (row,) = grade_class(course, "scale", run_notebooks=False)
    assert (row.problem == "") == protected
    assert any("timestamp.txt" in line for line in row.look) == protected


def test_what_was_handed_out_with_the_checks_is_no_copy_of_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = released_course(tmp_path)
    for folder in (course.release / "scale", hand_in(course, "ana")):
        place = folder / "checks" / "scale" / "handed_out"
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(course.release / "scale" / "funkcije" / "layers.py", place)
    (row,) = grade_class(course, "scale", run_notebooks=False)
    assert row.look == ()
    kept = course.root / "autograded" / "ana" / "scale" / "checks" / "scale" / "handed_out" / "layers.py"
    assert kept.is_file()
    monkeypatch.setattr(carrying, "_PUT_BACK", "none of them/")
    (row,) = grade_class(course, "scale", run_notebooks=False)
    assert any("could be mistaken for the modules" in line for line in row.look)
