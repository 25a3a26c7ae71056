"""Whatever a student's function returns, raises or does: a verdict with a sentence, no traceback and no point."""

from __future__ import annotations

from pathlib import Path

import pytest
from a_course import small_course, write
from conftest import ROOT
from forms import only

from checks.core import Assignment
from grader.course import Course
from grader.errors import GraderError
from grader.grading.pretenders import graded
from grader.mutation.bench import Bench
from grader.mutation.wrong_students import WRONG, Wrong, meet, submission_of
from grader.publish.recordings import make
from grader.sandbox.launch import PlainLauncher
from grader.sandbox.process import TimeLimits

LIMITS = TimeLimits(call=0.5, total=12.0)


def id_of(wrong: Wrong) -> str:
    return wrong.id


@pytest.mark.parametrize("wrong", only(["object"], WRONG, id_of))
@pytest.mark.parametrize("name", Course(ROOT).assignments())
def test_a_wrong_student_gets_a_verdict_with_a_sentence_and_no_point_but_for_form(name: str, wrong: Wrong) -> None:
    course = Course(ROOT)
    met = meet(Bench(course, course.assignment(name)), wrong, PlainLauncher())
    assert (met.points, met.faults) == (0, [])
    assert met.checks == len(course.assignment(name).checks)


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


@pytest.mark.parametrize("wrong", WRONG, ids=id_of)
def test_a_result_that_a_check_cannot_go_on_with_is_named(wrong: Wrong, tmp_path: Path) -> None:
    course, assignment = harsh_course(tmp_path)
    pretender = submission_of(assignment, wrong)
    result = graded(course, assignment, pretender, launcher=PlainLauncher(), limits=LIMITS)
    (own,) = [check for check in result.checks if check.id == "scale_forward.difference"]
    assert own.message and own.points == 0
    said = {"nothing": " NoneType,", "list": " list,", "dictionary": " dict,", "object": " object,"}
    if wrong.id in said:
        assert (own.status, said[wrong.id] in own.message) == ("error", True), own.message


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
