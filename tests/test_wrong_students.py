"""Whatever a student's function returns, raises or does: a verdict with a sentence, no traceback and no point."""

from __future__ import annotations

from pathlib import Path

import pytest
from a_course import small_course, write
from battery import EVERY, wrong_modules
from conftest import ASSIGNMENT, ROOT

from checks.core import Assignment
from checks.result import Result
from grader.course import Course
from grader.errors import GraderError
from grader.grading.grade import grade
from grader.publish.proof import write_files
from grader.publish.recordings import make
from grader.reference.render import render_package
from grader.sandbox.launch import PlainLauncher
from grader.sandbox.process import TimeLimits

QUICK = ("a string", "an object")
LIMITS = TimeLimits(call=0.5, total=12.0)


def verdict_on(course: Course, assignment: Assignment, kind: str, folder: Path) -> Result:
    names: dict[str, list[str]] = {}
    for function in assignment.contract.functions:
        names.setdefault(assignment.module_of(function), []).append(function)
    modules = wrong_modules(render_package(course, assignment).solution, names, kind)
    write_files(folder, {f"funkcije/{path}": content for path, content in modules.items()})
    return grade(folder, course, assignment, language="en", launcher=PlainLauncher(), limits=LIMITS)


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind in QUICK else pytest.mark.full) for kind in EVERY]
)
def test_a_wrong_student_gets_a_verdict_with_a_sentence_and_no_point(kind: str, tmp_path: Path) -> None:
    course = Course(ROOT)
    assignment = course.assignment(ASSIGNMENT)
    result = verdict_on(course, assignment, kind, tmp_path)
    judged = [check for check in result.checks if check.function in assignment.contract.functions]
    assert [check.id for check in judged if check.points] == []
    assert [check.id for check in judged if not check.message] == []


HARSH = '''

@checks.add("scale_forward.difference", points=1, contract="S-3", draw=draw, sizes=((5, 3), (2, 2)))
def difference(student, x, gamma):
    """What twice the factor adds, and whether anything is positive."""
    once, twice = student.scale_forward(x, gamma), student.scale_forward(x, 2 * gamma)
    return {"added": twice - once, "first row": once[0, :].astype(float) * 2, "positive": once > 0}


ASSIGNMENT ='''


def harsh_course(folder: Path, text: str = HARSH) -> tuple[Course, Assignment]:
    """A course with a check whose own code takes results for what they should be."""
    course = small_course(folder)
    init = folder / "checks" / "scale" / "__init__.py"
    write(init, init.read_text(encoding="utf-8").replace("\nASSIGNMENT =", text))
    return course, course.assignment("scale")


@pytest.mark.parametrize("kind", EVERY)
def test_a_result_that_a_check_cannot_go_on_with_is_named(kind: str, tmp_path: Path) -> None:
    course, assignment = harsh_course(tmp_path)
    result = verdict_on(course, assignment, kind, tmp_path / "submission")
    (own,) = [check for check in result.checks if check.id == "scale_forward.difference"]
    assert own.message and own.points == 0
    said = {"None": "got NoneType", "a list": "got list", "a dictionary": "got dict", "an object": "got object"}
    if kind in said:
        assert (own.status, said[kind] in own.message) == ("error", True), own.message


def test_a_check_that_raises_on_the_reference_is_the_authors_fault_with_its_place(tmp_path: Path) -> None:
    faulty = HARSH.replace("twice - once", "twice - once.no_such_thing")
    course, assignment = harsh_course(tmp_path, faulty)
    with pytest.raises(GraderError) as raised:
        make(course, assignment)
    said = str(raised.value)
    line = (
        (tmp_path / "checks" / "scale" / "__init__.py")
        .read_text()
        .splitlines()
        .index(
            '    return {"added": twice - once.no_such_thing, "first row": once[0, :].astype(float) * 2, '
            '"positive": once > 0}'
        )
    )
    assert f"checks/scale/__init__.py:{line + 1}" in said
    assert "scale_forward.difference" in said and "no_such_thing" in said and "Next:" in said
