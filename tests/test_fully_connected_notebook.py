"""The notebook of fully_connected_nets, run beside what students get: the stub's, and the worked one."""

import re
from pathlib import Path

import pytest
from executed import execute, outputs, some_images
from nbformat import NotebookNode

from checks.core import Assignment
from grader.course import Course
from grader.publish.handout import Handout, handout

NAME = "fully_connected_nets"


@pytest.fixture(scope="module")
def assignment(course: Course) -> Assignment:
    return course.assignment(NAME)


@pytest.fixture(scope="module")
def made(course: Course, assignment: Assignment) -> Handout:
    return handout(course, assignment)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return some_images(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def with_stub(made: Handout, images: Path, tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    return execute(NAME, made.release, tmp_path_factory.mktemp("stub"), images)


@pytest.fixture(scope="module")
def whole(made: Handout, images: Path, tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    return execute(NAME, made.worked, tmp_path_factory.mktemp("solution"), images)


@pytest.fixture(scope="module", params=["demos and checks", pytest.param("whole", marks=pytest.mark.full)])
def with_solution(
    request: pytest.FixtureRequest, made: Handout, images: Path, tmp_path_factory: pytest.TempPathFactory
) -> NotebookNode:
    """The worked notebook; in `make test` without the experiments, which take most of its time."""
    if request.param == "whole":
        return request.getfixturevalue("whole")  # type: ignore[no-any-return]
    folder = tmp_path_factory.mktemp("demos")
    return execute(NAME, made.worked, folder, images, without=("graph", "-run", "-curves", "-explorer"))


def said_on_stderr(notebook: NotebookNode) -> list[str]:
    return [cell.id for cell in notebook.cells for output in cell.get("outputs", []) if output.get("name") == "stderr"]


@pytest.mark.full
def test_in_the_stub_run_all_reaches_the_end_and_each_open_task_is_one_line(with_stub: NotebookNode) -> None:
    shown = outputs(with_stub)
    needs_the_student = {name for name in shown if name.endswith(("-demo", "-run", "-explorer"))}
    assert len(needs_the_student) == 18
    for name in needs_the_student:
        said = re.findall(r"još nije napisano?\b", shown[name])
        assert len(said) == (3 if name in ("first-step-run", "race-explorer") else 1), (name, shown[name])
    assert said_on_stderr(with_stub) == []


@pytest.mark.full
def test_in_the_stub_every_check_cell_earns_nothing(with_stub: NotebookNode, assignment: Assignment) -> None:
    shown = outputs(with_stub)
    for function in assignment.functions:
        assert shown[function].startswith(f"{function}: 0 od {assignment.points(function):g} bod"), shown[function]


def test_with_the_solution_every_check_cell_earns_everything(
    with_solution: NotebookNode, assignment: Assignment
) -> None:
    shown = outputs(with_solution)
    for function in assignment.functions:
        points = f"{assignment.points(function):g}"
        assert shown[function].startswith(f"{function}: {points} od {points} bod"), shown[function]
    assert said_on_stderr(with_solution) == []


def test_the_errors_that_the_notebook_prints_stay_within_what_its_text_says(with_solution: NotebookNode) -> None:
    texts = {cell.id: cell.source for cell in with_solution.cells}
    shown = outputs(with_solution)
    said = {
        "affine-backward": (3, 1e-8),
        "relu-backward": (1, 1e-8),
        "softmax": (1, 1e-7),
        "two-layers": (8, 1e-6),
        "network": (12, 1e-5),
    }
    for name, (count, bound) in said.items():
        text = texts[f"{name}-text" if f"{name}-text" in texts else f"{name}-demo-text"]
        assert f"najviše `{bound:.0e}`".replace("e-0", "e-") in text
        errors = [float(error) for error in re.findall(r"relativna greška (\S+?),?(?:\s|$)", shown[f"{name}-demo"])]
        assert len(errors) == count and max(errors) <= bound, (name, errors)


@pytest.mark.full
def test_a_shortened_run_says_so_and_still_draws_every_figure(whole: NotebookNode) -> None:
    assert "eksperimenti su kraći" in outputs(whole)["duration"]
    figures = [cell.id for cell in whole.cells if "image/png" in str(cell.get("outputs", ""))]
    experiments = ["overfit-run", "race-explorer", "rules-curves", "rates-run", "grid-run", "depth-explorer"]
    assert figures == ["data", "graph", *experiments]


def test_numbers_that_can_be_worked_out_by_hand_come_out_so(with_solution: NotebookNode) -> None:
    shown = outputs(with_solution)
    computed, expected = re.findall(r"\[\[.*?\]\]", shown["affine-forward-demo"], flags=re.DOTALL)
    assert computed == expected
    assert "gubitak 40.000, a treba 40" in shown["softmax-demo"]
    assert "skorovi veći za 1000: gubitak 2.303" in shown["softmax-demo"]
    assert "korak   2: pomak -0.0190, w = -0.0290" in shown["momentum-demo"]
    assert "korak 100: pomak -0.1000" in shown["momentum-demo"]
    assert re.findall(r"pomaci (\S+) i (\S+)", shown["rmsprop-demo"])[0::2] == [
        ("0.1000", "0.1000"),
        ("0.0100", "0.0100"),
    ]
    corrected = [float(number) for number in re.findall(r"popravljen (\S+)", shown["adam-demo"])]
    assert corrected == pytest.approx([2] * 4, abs=0.1)


def test_the_formula_as_it_stands_overflows_where_the_notebook_says(with_solution: NotebookNode) -> None:
    rows = outputs(with_solution)["stability"].splitlines()
    assert ["nan" in row for row in rows] == [True, False, True]
