"""Grading through nbgrader: the gradebook gets the trusted verdict and nothing else, whatever a submission holds."""

import os
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import nbformat
import pytest
from classroom import (
    NO_KERNEL,
    SOLVED,
    WRONG,
    autograde,
    cell_of,
    edit_notebook,
    fingerprint,
    gradebook_rows,
    graded_notebook,
    hand_in,
    released_course,
    save_notebook,
    scores,
    whole_class,
)

from checks.report import html
from checks.result import Result
from grader.classroom.results import Note, read_record, staleness
from grader.classroom.steps.restoring import remove_shadowing, restore_cells
from grader.classroom.steps.scoring import TrustedVerdict
from grader.classroom.whole_class import grade_class
from grader.course import CONFIG, Course
from grader.errors import GraderError
from grader.grading import grade as grading

# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

PLAIN_NBGRADER = """
for key in ("exporter_class", "sanitize_preprocessors", "autograde_preprocessors"):
    del c.Autograde[key]
"""


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return released_course(tmp_path)


def nbgrader(course: Course, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run nbgrader's command line in a course."""
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course.root,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_command_line_api_and_class_run_give_the_same_points(tmp_path: Path) -> None:
    by_command, by_api, by_class = (released_course(tmp_path / name) for name in ("command", "api", "class"))
    _, _, expected = (whole_class(course) for course in (by_command, by_api, by_class))
    for course in (by_command, by_api, by_class):
        (course.submitted / "ana" / "scale" / "timestamp.txt").write_text("2026-03-01 12:00:00 UTC")

    done = nbgrader(by_command, "autograde", "scale")
    assert done.returncode == 0, done.stderr
    assert all(autograde(by_api, *expected).values())
    rows = grade_class(by_class, "scale", jobs=2)

    assert scores(by_command) == expected
    assert scores(by_api) == expected
    assert scores(by_class) == expected
    assert {row.student: row.total for row in rows} == expected
    as_nbgrader_writes = gradebook_rows(by_command)
    assert all(as_nbgrader_writes.values())
    assert gradebook_rows(by_api) == gradebook_rows(by_class) == as_nbgrader_writes


def test_partial_credit_arrives_with_the_verdict_as_the_cells_output(course: Course) -> None:
    hand_in(course, "bo", WRONG)
    assert autograde(course, "bo") == {"bo": True}
    page, points = cell_of(graded_notebook(course, "bo"), "scale_forward").outputs
    record = read_record(course, "scale", "bo")
    assert record is not None
    assert {check.id: check.points for check in record.result.checks} == {
        "scale_forward.value": 0.0,
        "scale_forward.shape": 1.0,
    }
    assert page.data["text/html"] == html(record.result, "scale_forward")
    assert points.data == {"text/plain": "1.0"}
    assert scores(course) == {"bo": 1.0}


def test_a_submission_without_package_earns_0_beside_an_installed_reference(course: Course, tmp_path: Path) -> None:
    expected = whole_class(course)
    installed = tmp_path / "site"
    installed.mkdir()
    (installed / "funkcije").symlink_to(course.package)
    probe = subprocess.run(
        [sys.executable, "-c", "import funkcije.layers; print(funkcije.__file__)"],
        env=os.environ | {"PYTHONPATH": str(installed)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(installed) in probe.stdout  # the reference can be imported by whoever has this path

    done = nbgrader(course, "autograde", "scale", PYTHONPATH=str(installed))
    assert done.returncode == 0, done.stderr
    assert scores(course) == expected
    record = read_record(course, "scale", "no-package")
    assert record is not None
    assert record.notes[0].key == "no_package"


def test_grading_leaves_what_was_submitted_untouched(course: Course) -> None:
    whole_class(course)
    before = fingerprint(course.submitted)
    grade_class(course, "scale")
    assert fingerprint(course.submitted) == before


def test_a_deleted_check_cell_keeps_its_verdict_and_its_place(course: Course) -> None:
    folder = hand_in(course, "ana")
    notebook = edit_notebook(folder)
    notebook.cells = [cell for cell in notebook.cells if "nbgrader" not in cell.metadata]
    save_notebook(folder, notebook)

    assert autograde(course, "ana") == {"ana": True}
    assert scores(course) == {"ana": 4.0}
    assert scores(course, "answer") == {"ana": 0.0}  # the written answer was deleted too: no response
    order = [cell.id for cell in graded_notebook(course, "ana").cells]
    assert order == ["grader-summary", "title", "imports", "scale-forward", "try", "answer"]


TAMPERING = {
    "points": lambda cell: cell.metadata.nbgrader.update(points=400),
    "source": lambda cell: cell.update(source="4.0"),
    "type": lambda cell: (cell.update(cell_type="markdown"), cell.pop("outputs"), cell.pop("execution_count")),
    "id": lambda cell: cell.metadata.nbgrader.update(grade_id="other"),
    "schema": lambda cell: cell.metadata.nbgrader.update(schema_version=99),
    "old schema": lambda cell: cell.metadata.nbgrader.pop("schema_version"),
    "solution": lambda cell: cell.metadata.nbgrader.update(solution=True, locked=False),
    "no metadata": lambda cell: cell.metadata.pop("nbgrader"),
    "junk metadata": lambda cell: cell.metadata.update(nbgrader="junk"),
    "half metadata": lambda cell: cell.metadata.update(nbgrader={"grade": True}),
    "skipped": lambda cell: cell.metadata.update(tags=["skip-execution"]),
}


@pytest.mark.parametrize("kind", TAMPERING)
def test_changing_a_check_cell_changes_no_points(course: Course, kind: str) -> None:
    folder = hand_in(course, "bo", WRONG)
    notebook = edit_notebook(folder)
    TAMPERING[kind](cell_of(notebook, "scale_forward"))
    save_notebook(folder, notebook)

    assert autograde(course, "bo") == {"bo": True}
    assert scores(course) == {"bo": 1.0}
    cell = cell_of(graded_notebook(course, "bo"), "scale_forward")
    assert (cell.source, cell.metadata.nbgrader.points) == ('check("scale_forward")', 4)
    assert "tags" not in cell.metadata


def test_a_locked_cell_is_put_back_by_the_kit_whatever_nbgrader_does_after_it(course: Course) -> None:
    released = nbformat.read(course.release / "scale" / "scale.ipynb", as_version=4)
    notebook = deepcopy(released)
    cell_of(notebook, "scale_forward").source = "4.0"
    cell_of(notebook, "scale_forward").attachments = {"a.png": {"image/png": "AAAA"}}
    cell_of(notebook, "answer").source = "Moj odgovor"
    assert restore_cells(notebook, released) == [Note("cells_changed", {"cells": "scale_forward"})]
    assert cell_of(notebook, "scale_forward") == cell_of(released, "scale_forward")
    assert cell_of(notebook, "answer").source == "Moj odgovor"


def test_added_graded_cells_and_copies_of_one_count_nothing(course: Course) -> None:
    folder = hand_in(course, "bo", WRONG)
    notebook = edit_notebook(folder)
    copy = nbformat.from_dict(cell_of(notebook, "scale_forward") | {"id": "copy"})
    new = nbformat.from_dict(copy | {"id": "new"})
    new.metadata.nbgrader.grade_id = "bonus"
    notebook.cells += [copy, new]
    save_notebook(folder, notebook)

    assert autograde(course, "bo") == {"bo": True}
    assert scores(course) == {"bo": 1.0}
    cell_of(graded_notebook(course, "bo"), "scale_forward")  # just one


def test_a_notebook_under_another_name_is_read_with_its_answers(course: Course) -> None:
    folder = hand_in(course, "ana")
    notebook = edit_notebook(folder)
    cell_of(notebook, "answer").source = "Moj odgovor"
    save_notebook(folder, notebook)
    (folder / "scale.ipynb").rename(folder / "scale (1).ipynb")

    assert autograde(course, "ana") == {"ana": True}
    assert scores(course) == {"ana": 4.0}
    assert cell_of(graded_notebook(course, "ana"), "answer").source == "Moj odgovor"
    assert scores(course, "answer") == {"ana": None}  # waits for a person


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[1]", b'{"cells": [{"cell_type": "code"}], "nbformat": 4}'])
def test_a_notebook_that_cannot_be_read_is_graded_on_its_modules(course: Course, content: bytes) -> None:
    (hand_in(course, "ana") / "scale.ipynb").write_bytes(content)
    (row,) = grade_class(course, "scale")
    assert (row.total, row.problem) == (4.0, "")
    assert "cannot be read" in row.look[0]
    assert scores(course) == {"ana": 4.0}


def test_given_modules_and_checks_are_restored_and_the_students_own_kept(course: Course) -> None:
    folder = hand_in(course, "ana", "    from .helper import times\n    out = times(x, gamma)\n")
    package = folder / "funkcije"
    (package / "helper.py").write_text("def times(x, gamma):\n    return x * gamma\n")
    (package / "__init__.py").write_text("raise SystemExit\n")
    (package / "layers.abi3.so").write_bytes(b"would be imported in place of layers.py")
    (folder / "checks" / "__init__.py").write_text("def check(name): return 4.0\n")
    (folder / "checks" / "own.py").write_text("")
    (folder / "numpy.py").write_text("raise SystemExit\n")
    (folder / "data").mkdir()
    (folder / "data" / "numbers.txt").write_text("1 2 3")

    assert autograde(course, "ana") == {"ana": True}
    assert scores(course) == {"ana": 4.0}
    kept = fingerprint(course.root / "autograded" / "ana" / "scale")
    handed_out = fingerprint(course.release / "scale")
    submitted = fingerprint(folder)
    for path in handed_out:
        if path.startswith("checks/") or path == "funkcije/__init__.py":
            assert kept[path] == handed_out[path]
    for path in ("funkcije/layers.py", "funkcije/helper.py", "data/numbers.txt"):
        assert kept[path] == submitted[path]
    assert not {"numpy.py", "checks/own.py", "funkcije/layers.abi3.so"} & set(kept)
    record = read_record(course, "scale", "ana")
    assert record is not None
    notes = {note.key: note.names for note in record.notes}
    assert any(" __init__.py" in warning for warning in record.result.warnings)
    assert notes["shadowing"] == {"files": "numpy.py, funkcije/layers.abi3.so"}


def test_what_hides_a_module_in_a_folder_of_the_package_is_removed_too(tmp_path: Path) -> None:
    for name in ("lab/run.py", "lab/run.so", "lab/run/__init__.py", "lab/run/a/b.so", "lab/run/a/b.py", "own/run.so"):
        path = tmp_path / "funkcije" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert remove_shadowing(tmp_path, Course(tmp_path)) == ["funkcije/lab/run", "funkcije/lab/run.so"]
    left = {path.relative_to(tmp_path / "funkcije").as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"lab/run.py", "own/run.so"}


def test_a_fault_of_the_kit_writes_no_score_and_leaves_the_old_one_marked(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_class(course)
    assert autograde(course, "ana") == {"ana": True}

    def broken(*_: object, **__: object) -> Result:
        raise GraderError("worker: no such sandbox. Next: grader doctor.")

    monkeypatch.setattr(grading, "grade_with_digests", broken)
    assert autograde(course, "ana", "bo wrong", "no-notebook") == dict.fromkeys(
        ["ana", "bo wrong", "no-notebook"], False
    )
    assert scores(course) == {"ana": 4.0}
    record = read_record(course, "scale", "ana")
    assert record is not None
    assert staleness(course, record) == "worker: no such sandbox. Next: grader doctor."
    assert read_record(course, "scale", "bo wrong") is None


def test_a_fault_after_the_gradebook_was_opened_writes_no_score_and_leaves_no_variable_behind(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = whole_class(course)

    def broken(*_: object) -> None:
        raise GraderError("a fault")

    monkeypatch.setattr(TrustedVerdict, "preprocess", broken)
    assert not any(autograde(course, *expected).values())
    assert "NBGRADER_EXECUTION" not in os.environ
    assert all(row.problem for row in grade_class(course, "scale", jobs=1))
    assert "NBGRADER_EXECUTION" not in os.environ
    assert scores(course) == dict.fromkeys(expected)


def test_checks_that_do_not_add_up_to_the_cells_points_give_no_score(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(course, "ana")
    monkeypatch.setattr(Result, "function_score", lambda self, function: (5.0, 5.0))
    assert autograde(course, "ana") == {"ana": False}
    assert scores(course) == {"ana": None}


CHEAT = "def check(name):\n    return 4.0\n"


@pytest.mark.parametrize(
    "broken",
    [
        "this is not Python\n",
        pytest.param("import grader.no_such_module\n", marks=pytest.mark.full),
        pytest.param("c.Autograde.autograde_preprocessors = ['grader.plugins.NoSuchStep']\n", marks=pytest.mark.full),
    ],
)
def test_a_configuration_that_cannot_be_used_ends_in_no_score(course: Course, broken: str) -> None:
    folder = hand_in(course, "ana")
    (folder / "checks" / "__init__.py").write_text(CHEAT)
    with (course.root / CONFIG).open("a", encoding="utf-8") as file:
        file.write(broken)
    done = nbgrader(course, "autograde", "scale")
    assert done.returncode != 0
    assert set(scores(course).values()) <= {None}
    with pytest.raises(GraderError, match=CONFIG):
        grade_class(course, "scale")


def test_nbgrader_without_our_steps_ends_in_no_score(tmp_path: Path) -> None:
    course = released_course(tmp_path, PLAIN_NBGRADER)
    hand_in(course, "ana", SOLVED)
    done = nbgrader(course, "autograde", "scale")
    assert done.returncode != 0
    assert "partial credit cannot be greater than maximum points" in done.stderr
    assert set(scores(course).values()) <= {None}
    with pytest.raises(GraderError, match=r"expected 'grader\.plugins\.RestoreCells'"):
        grade_class(course, "scale")


def test_a_reader_sees_the_notebook_run_without_the_hosts_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = released_course(tmp_path, "\nc.ExecuteForReading.max_output = 20_000\n")
    monkeypatch.setenv("PYTHONPATH", str(course.root))
    monkeypatch.setenv("A_TOKEN", "secret")
    folder = hand_in(course, "ana")
    notebook = edit_notebook(folder)
    notebook.cells += [
        nbformat.v4.new_code_cell("import os\nprint({'A_TOKEN', 'PYTHONPATH'} & set(os.environ))", id="environment"),
        nbformat.v4.new_code_cell("import sys\nprint('careful', file=sys.stderr)\n1 / 0", id="fails"),
        nbformat.v4.new_code_cell("for i in range(5000):\n    print('x' * 100)", id="long"),
        nbformat.v4.new_code_cell("print('still here')", id="after"),
    ]
    save_notebook(folder, notebook)

    assert autograde(course, "ana") == {"ana": True}
    assert scores(course) == {"ana": 4.0}
    outputs = {cell.id: cell.outputs for cell in graded_notebook(course, "ana").cells if cell.cell_type == "code"}
    assert outputs["try"][0].text == "[2. 2.]\n"
    assert outputs["environment"][0].text == "set()\n"
    assert outputs["fails"][-1].ename == "ZeroDivisionError"
    assert "too long" in outputs["long"][0].text
    assert len(outputs["long"][0].text) < 60_000
    assert outputs["after"][0].text == "still here\n"


def test_a_dead_process_and_a_spent_bound_are_noted_and_cost_nothing(tmp_path: Path) -> None:
    course = released_course(tmp_path, "\nc.ExecuteForReading.total = 0\n")
    hand_in(course, "bound")
    (row,) = grade_class(course, "scale")
    assert (row.total, row.problem) == (4.0, "")
    assert "was stopped after 0 s" in row.look[0]

    course = released_course(tmp_path / "dead", "\n")
    folder = hand_in(course, "dead")
    notebook = edit_notebook(folder)
    notebook.cells.insert(1, nbformat.v4.new_code_cell("import os\nos._exit(1)", id="exit"))
    save_notebook(folder, notebook)
    (row,) = grade_class(course, "scale")
    assert (row.total, row.problem) == (4.0, "")
    assert "exit status 1" in row.look[0]
    assert "exit status 1" in graded_notebook(course, "dead").cells[0].source


def test_what_a_module_says_on_stderr_costs_nothing(course: Course) -> None:
    noise = "    import sys, warnings\n    warnings.warn('slow')\n    print('noise', file=sys.stderr)\n"
    hand_in(course, "ana", noise + SOLVED)
    assert autograde(course, "ana") == {"ana": True}
    assert scores(course) == {"ana": 4.0}


def test_no_kernel_setting_is_what_the_tests_say_it_is(course: Course) -> None:
    assert NO_KERNEL in (course.root / CONFIG).read_text(encoding="utf-8")
    hand_in(course, "ana")
    assert autograde(course, "ana") == {"ana": True}
    assert all(not cell.get("outputs") for cell in graded_notebook(course, "ana").cells if cell.get("id") == "try")
