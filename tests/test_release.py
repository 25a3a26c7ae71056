"""Generating: what a release holds, that every path gives the same, and that a failed proof changes nothing."""

import argparse
import ast
import copy
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from a_course import CHECKS, KIT, LAYERS, graded, notebook, save, small_course, write
from forms import each, only
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from traitlets.config.loader import PyFileConfigLoader

from checks.engine.recording import FILE
from grader.classroom.programs import find_own_programs
from grader.cli import main
from grader.commands.release import add_parser, run
from grader.course import CONFIG, Course, copy_configuration
from grader.errors import GraderError
from grader.grading.grade import grade
from grader.publish.proof import read_files
from grader.publish.release import release, stale
from grader.publish.worked import execute

ANSWER = "Faktor od nule gasi kolonu."


@pytest.fixture(scope="module")
def empty_gradebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty gradebook: nbgrader takes seconds to make one."""
    path = tmp_path_factory.mktemp("gradebook") / "grades.db"
    find_own_programs()
    Gradebook(f"sqlite:///{path}", "funkcije").close()
    return path


def book() -> nbformat.NotebookNode:
    """The small course's notebook, and cells that tell how they were executed."""
    made = notebook()
    made.cells += [
        nbformat.v4.new_code_cell(
            "import os\nprint(*{'NBGRADER_EXECUTION', 'FUNKCIJE_LANG'} & os.environ.keys())", id="full"
        ),
        nbformat.v4.new_code_cell("import time\nprint(time.time())", id="time", metadata={"tags": ["timing"]}),
    ]
    return made


def a_course(folder: Path) -> Course:
    """The small course with this notebook, and a file of the instructor's beside it."""
    course = small_course(folder)
    save(course, book())
    write(course.source / "scale" / "data" / "points.csv", "1,2\n")
    return course


@pytest.fixture
def course(tmp_path: Path, empty_gradebook: Path) -> Course:
    shutil.copy(empty_gradebook, tmp_path)
    return a_course(tmp_path)


@dataclass(frozen=True)
class Once:
    """A course whose assignment was released, and what was told meanwhile."""

    root: Path
    told: list[str]


@pytest.fixture(scope="module")
def released_once(tmp_path_factory: pytest.TempPathFactory, empty_gradebook: Path) -> Once:
    """Released by somebody who has set what would shorten the experiments and change the language."""
    folder = tmp_path_factory.mktemp("released")
    shutil.copy(empty_gradebook, folder)
    told: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NBGRADER_EXECUTION", "autograde")
        patch.setenv("FUNKCIJE_LANG", "en")
        release(a_course(folder), "scale", tell=told.append)
    return Once(folder, told)


@pytest.fixture
def released(tmp_path: Path, released_once: Once) -> Course:
    """A course whose assignment is released, its worked notebook executed, which takes seconds."""
    shutil.copytree(released_once.root, tmp_path, dirs_exist_ok=True)
    return Course(tmp_path)


def by_command(course: Course) -> None:
    release(course, "scale", execute=False)


def by_nbgrader(course: Course) -> None:
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", "scale"]
    done = subprocess.run(command, cwd=course.root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise GraderError(done.stderr)


def by_formgrader(course: Course) -> None:
    config = PyFileConfigLoader(CONFIG, path=str(course.root)).load_config()
    config.CourseDirectory.root = str(course.root)
    config.Exchange.root = str(course.root / "exchange")
    said = NbGraderAPI(config=config).generate_assignment("scale")
    if not said["success"]:
        raise GraderError(said["error"])


def by_each(short: str) -> pytest.MarkDecorator:
    """Each path of generating; `make test` takes one, and all for the same release."""
    paths = (by_command, by_nbgrader, by_formgrader)
    return pytest.mark.parametrize("generate", only([short], paths, lambda path: path.__name__))


def gradebook(course: Course) -> Gradebook:
    return Gradebook(f"sqlite:///{course.root / 'grades.db'}", "funkcije")


def test_grader_nbgrader_and_formgrader_make_the_same_release_in_any_folder_and_over_an_older_one(
    course: Course, released_once: Once
) -> None:
    by_the_command = read_files(released_once.root / "release" / "scale")
    for generate in (by_nbgrader, by_formgrader):
        generate(course)
        assert read_files(course.release / "scale") == by_the_command


def test_a_release_stands_alone_and_shows_no_answer(released: Course) -> None:
    made = read_files(released.release / "scale")
    beside = {path for path in made if not path.startswith("checks/")}
    assert beside == {
        "README.md",
        "data/points.csv",
        "funkcije/__init__.py",
        "funkcije/layers.py",
        "requirements.txt",
        "scale.ipynb",
    }
    assert {"checks/__init__.py", "checks/core.py", "checks/messages.toml", "checks/scale/__init__.py"} <= made.keys()
    assert not any(re.search(r"mistakes|variants|pretenders|\.pyc$", path) for path in made)
    assert not any(secret in content for content in made.values() for secret in (ANSWER.encode(), b"x * factors"))
    assert sum(map(len, made.values())) < 2_000_000


def test_a_released_notebook_keeps_its_cells_but_the_one_for_the_source(released: Course) -> None:
    made = nbformat.read(released.release / "scale" / "scale.ipynb", as_version=4)
    assert [cell.id for cell in made.cells] == [cell.id for cell in book().cells if cell.id != "source-only"]
    checked = next(cell for cell in made.cells if cell.id == "scale-forward")
    assert checked.metadata.nbgrader.checksum
    assert checked.metadata.editable is False


def test_the_stub_earns_nothing_and_the_solution_everything(released: Course) -> None:
    assignment = released.assignment("scale")
    assert grade(released.release / "scale", released, assignment).score == 0
    assert grade(released.solutions / "scale", released, assignment).score == 4


@by_each("by_command")
def test_where_a_release_lies_but_no_gradebook_generating_fills_it(
    released: Course, generate: Callable[[Course], None]
) -> None:
    (released.root / "grades.db").unlink()
    generate(released)
    with gradebook(released) as book:
        cells = book.find_notebook("scale", "scale").grade_cells
        assert {cell.name: cell.max_score for cell in cells} == {"scale_forward": 4, "answer": 2}


@by_each("by_formgrader")
def test_a_failed_proof_leaves_the_old_release_as_it_was_and_says_why(
    released: Course, generate: Callable[[Course], None]
) -> None:
    before = read_files(released.release / "scale")
    write(released.package / "layers.py", LAYERS.replace("Layers.", "Layers: out = x * factors"))
    with pytest.raises(GraderError, match=r"funkcije/layers\.py shows the solution of scale_forward .*left as it was"):
        generate(released)
    assert read_files(released.release / "scale") == before


def test_a_leak_is_found_in_the_notebook_and_in_the_checks(course: Course) -> None:
    hinted = notebook()
    hinted.cells.append(nbformat.v4.new_markdown_cell("Ovako: `out = x * factors`"))
    save(course, hinted)
    with pytest.raises(GraderError, match=r"^scale: scale\.ipynb shows the solution"):
        by_command(course)
    save(course, notebook())
    write(course.checks / "scale" / "__init__.py", CHECKS.replace("Scaled values.", "As in out = x * factors."))
    with pytest.raises(GraderError, match=r"^scale: checks/scale/__init__\.py shows the solution"):
        by_command(course)
    assert not course.release.exists()


def test_a_stub_that_earns_points_is_refused(course: Course) -> None:
    write(
        course.package / "layers.py",
        LAYERS.replace(
            "    ### BEGIN SOLUTION scale", "    if len(x) != 5:\n        return x\n    ### BEGIN SOLUTION scale"
        ),
    )
    told = r"^scale: the stub earns 1 of 1 points on scale_forward\.shape \(checks/scale/__init__\.py, line 22\), exp"
    with pytest.raises(GraderError, match=told):
        by_command(course)


def test_a_solution_that_does_not_earn_everything_is_refused(course: Course) -> None:
    write(
        course.checks / "scale" / "__init__.py",
        "from itertools import count\n\nRUNS = count()\n"
        + CHECKS.replace("student.scale_forward(x, gamma)}", "student.scale_forward(x, gamma) + next(RUNS)}"),
    )
    with pytest.raises(GraderError, match=r"^scale: the solution earns 0 of 3 points on scale_forward\.value"):
        by_command(course)
    assert not course.release.exists()


def test_a_release_that_is_too_big_is_refused(course: Course) -> None:
    (course.source / "scale" / "picture.png").write_bytes(b"\xff" * 2_100_000)
    with pytest.raises(GraderError, match=r"at most 2,000,000\. Next: make picture\.png \(2,100,000 bytes\) smaller"):
        by_command(course)


def remove_check(book: nbformat.NotebookNode) -> None:
    book.cells = [cell for cell in book.cells if cell.id != "scale-forward"]


def add_cell(book: nbformat.NotebookNode) -> None:
    book.cells.append(graded("stretch_forward", 1))


def change_points(book: nbformat.NotebookNode) -> None:
    book.cells[3].metadata.nbgrader.points = 5


def duplicate(book: nbformat.NotebookNode) -> None:
    book.cells.append(graded("scale_forward", 4, id="again"))


def add_to_check(book: nbformat.NotebookNode) -> None:
    book.cells[3].source += "\nprint(1)"


def unlock(book: nbformat.NotebookNode) -> None:
    book.cells[3].metadata.nbgrader.locked = False


def tag_check(book: nbformat.NotebookNode) -> None:
    book.cells[3].metadata.tags = ["source-only"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (remove_check, "'scale_forward' has checks in checks/scale/ but no graded cell"),
        (add_cell, "the graded cell 'stretch_forward' has no check"),
        (change_points, "says 5 points, its checks in checks/scale/ add up to 4"),
        (duplicate, "the grade_id 'scale_forward' is on 2 cells"),
        (add_to_check, 'expected check("scale_forward") and nothing else'),
        (unlock, "is not locked"),
        (tag_check, "would be removed"),
    ],
)
def test_a_notebook_that_does_not_fit_its_checks_is_refused(
    course: Course, change: Callable[[nbformat.NotebookNode], None], said: str
) -> None:
    book = notebook()
    change(book)
    save(course, book)
    with pytest.raises(GraderError) as refused:
        by_command(course)
    assert str(refused.value).startswith("source/scale/scale.ipynb: ")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("funkcije/layers.py", "takes the place of a generated funkcije"),
        ("README.md", "takes the place of a generated README.md"),
        ("helper.py", "a module with a solution region"),
        ("more/second.ipynb", "expected one notebook, scale.ipynb"),
        ("second.ipynb", "expected one notebook, scale.ipynb"),
    ],
)
def test_what_nbgrader_would_copy_as_it_is_is_refused_under_source(course: Course, path: str, said: str) -> None:
    text = LAYERS if path.endswith(".py") else nbformat.writes(notebook())
    write(course.source / "scale" / path, text)
    with pytest.raises(GraderError, match=rf"^source/scale/{path}: .*{said}"):
        by_command(course)
    assert not course.release.exists()


def test_a_configuration_without_the_renderer_is_refused(course: Course) -> None:
    text = (
        (course.root / CONFIG).read_text().replace("grader.plugins.RenderRelease", "nbgrader.preprocessors.ClearOutput")
    )
    (course.root / CONFIG).write_text(text)
    with pytest.raises(GraderError, match=r"expected 'grader\.plugins\.RenderRelease' in GenerateAssignment"):
        by_command(course)


@by_each("by_command")
def test_a_configuration_that_lets_answers_through_is_refused(
    course: Course, generate: Callable[[Course], None]
) -> None:
    with (course.root / CONFIG).open("a") as config:
        config.write('c.GenerateAssignment.preprocessors = ["grader.plugins.RenderRelease"]\n')
    with pytest.raises(GraderError, match="the answer 'answer' is released as it is in the source"):
        generate(course)
    assert not (course.release / "scale").exists()


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own, in Gradebook.add_submission
def test_new_cells_are_refused_once_there_are_submissions_and_the_release_stays(released: Course) -> None:
    before = read_files(released.release / "scale")
    with gradebook(released) as book:
        book.add_student("ana")
        book.add_submission("scale", "ana")
    grown = notebook()
    grown.cells.append(copy.deepcopy(grown.cells[-1]))
    grown.cells[-1].id = grown.cells[-1].metadata.nbgrader.grade_id = "more"
    save(released, grown)
    with pytest.raises(GraderError, match="Cannot add or remove cells"):
        by_command(released)
    assert read_files(released.release / "scale") == before


def test_an_unknown_assignment_is_one_line(course: Course) -> None:
    with pytest.raises(GraderError, match="no assignment named 'scael'"):
        release(course, "scael")


def test_the_worked_notebook_is_executed_in_full_and_the_same_again_by_nbgraders_own_command(
    released: Course, released_once: Once
) -> None:
    first = read_files(released.solutions / "scale")
    shutil.rmtree(released.solutions)
    command = [sys.executable, "-m", "nbgrader", "generate_solution", "scale"]
    subprocess.run(command, cwd=released.root, capture_output=True, check=True)
    assert read_files(released.solutions / "scale") == first
    worked = {cell.id: cell for cell in nbformat.reads(first["scale.ipynb"].decode(), as_version=4).cells}
    assert "source-only" not in worked
    assert worked["try"].outputs[0].text == "[2. 2.]\n"
    assert worked["full"].outputs[0].text == "\n"
    assert worked["time"].outputs == []
    assert worked["answer"].source == ANSWER
    assert not any("execution" in cell.metadata for cell in worked.values())
    assert any("cell 3 of" in line for line in released_once.told)
    assert stale(released, "scale") == []


FAILING = (
    ("raise ValueError('no\\nway')", "raises ValueError: no way"),
    ("from pathlib import Path\nprint(Path.cwd())", "prints a path of this machine"),
    ("import os\nos._exit(1)", "the kernel of the worked notebook died"),
)
"""Cells of a worked notebook that is refused, and what is said."""


@pytest.mark.parametrize(("source", "said"), FAILING[1:])
def test_a_worked_notebook_that_fails_is_refused_in_one_line(source: str, said: str) -> None:
    with pytest.raises(GraderError, match=said) as refused:
        execute(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)]), {}, "scale")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("source", "said"), each(len(FAILING), FAILING))
def test_a_worked_notebook_that_fails_leaves_the_old_one(released: Course, source: str, said: str) -> None:
    before = read_files(released.solutions / "scale")
    book = notebook()
    book.cells.append(nbformat.v4.new_code_cell(source))
    save(released, book)
    with pytest.raises(GraderError, match=said) as refused:
        release(released, "scale")
    assert "\n" not in str(refused.value)
    assert read_files(released.solutions / "scale") == before


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("funkcije/layers.py", "package"),
        ("checks/scale/mistakes.py", "checks"),
        ("source/scale/scale.ipynb", "source"),
    ],
)
def test_a_release_is_stale_when_its_source_changed(released: Course, path: str, part: str) -> None:
    assert stale(released, "scale") == []
    with (released.root / path).open("a") as file:
        file.write("\n")
    lines = stale(released, "scale")
    assert [line.partition(":")[0] for line in lines] == ["release/scale", "solutions/scale"]
    assert all(f"({part} changed)" in line for line in lines)


def test_a_worked_notebook_that_was_not_executed_is_stale(course: Course) -> None:
    by_command(course)
    (line,) = stale(course, "scale")
    assert line.startswith("solutions/scale: ")
    assert "executed" in line


def test_the_command_says_whether_both_are_as_new_as_their_source(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["release", "scale", "--check", "--course", str(course.root)])
    assert run(arguments) == 1
    assert "not generated yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "    ### END SOLUTION\n    return out\n\n\ndef later",
            "    return out\n\n\ndef later",
            "found the end of the file",
        ),
        (
            "    out = x * factors\n",
            "    ### BEGIN SOLUTION scale\n    out = x * factors\n",
            "only a region of another assignment may lie inside it",
        ),
        ('"""Layers."""', '"""Layers.', "syntax error"),
    ],
)
def test_the_command_ends_a_bad_source_in_one_line_and_status_2(
    course: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], old: str, new: str, said: str
) -> None:
    assert old in LAYERS
    write(course.package / "layers.py", LAYERS.replace(old, new))
    monkeypatch.chdir(course.root)
    assert main(["release", "scale"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("grader release: funkcije/layers.py, line ")
    assert said in line


# The real assignment.


def test_what_is_committed_is_as_new_as_its_source() -> None:
    kit = Course(KIT)
    assert kit.assignments()
    assert [line for name in kit.assignments() for line in stale(kit, name)] == []


@pytest.mark.parametrize("name", only(["batch_normalization"], Course(KIT).assignments()))
def test_generating_the_committed_release_again_gives_the_same_files(tmp_path: Path, name: str) -> None:
    kit = Course(KIT)
    for folder in ("funkcije", "checks", "source"):
        shutil.copytree(KIT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    copy_configuration(kit, tmp_path)
    course = Course(tmp_path)
    release(course, name, execute=False)
    assert_same_files(read_files(course.release / name), read_files(kit.release / name))
    modules = {path: text for path, text in read_files(kit.solutions / name).items() if not path.endswith(".ipynb")}
    again = {path: text for path, text in read_files(course.solutions / name).items() if path in modules}
    assert_same_files(again, modules, apart_from="checks/manifest.json")


def assert_same_files(one: dict[str, bytes], other: dict[str, bytes], apart_from: str = "") -> None:
    """The same bytes; of a recording, which another processor rounds differently in its last bits, the same numbers."""
    assert one.keys() == other.keys()
    for path in one.keys() - {apart_from}:
        if path.endswith(FILE):
            first, second = (np.load(io.BytesIO(files[path]), allow_pickle=False) for files in (one, other))
            with first, second:
                np.testing.assert_allclose(first["numbers"], second["numbers"], rtol=1e-9, atol=1e-9)
                indices = (without_scales(json.loads(file["index"].tobytes())) for file in (first, second))
                assert next(indices) == next(indices)
        else:
            assert one[path] == other[path], path


def without_scales(index: Any) -> Any:
    """A recording's index without the sizes of arrays, which are rounded as the arrays are."""
    if isinstance(index, dict):
        return {key: without_scales(value) for key, value in index.items() if key != "scale"}
    return [without_scales(value) for value in index] if isinstance(index, list) else index


def test_the_committed_worked_notebook_holds_figures_and_no_times() -> None:
    kit = Course(KIT)
    for name in kit.assignments():
        text = (kit.solutions / name / f"{name}.ipynb").read_text(encoding="utf-8")
        book = nbformat.reads(text, as_version=4)
        assert any("image/png" in output.get("data", {}) for cell in book.cells for output in cell.get("outputs", []))
        assert not any("execution" in cell.metadata for cell in book.cells)
        assert not any(output.output_type == "error" for cell in book.cells for output in cell.get("outputs", []))


def test_a_released_requirements_file_covers_what_the_release_imports() -> None:
    declared = (KIT / "pyproject.toml").read_text(encoding="utf-8")
    kit = Course(KIT)
    for name in kit.assignments():
        folder = kit.release / name
        wanted = (folder / "requirements.txt").read_text(encoding="utf-8").split()
        assert all(f'"{line}"' in declared for line in wanted)
        imported = set().union(*(imports(path.read_text(encoding="utf-8")) for path in folder.rglob("*.py")))
        for cell in nbformat.read(folder / f"{name}.ipynb", as_version=4).cells:
            if cell.cell_type == "code":
                imported |= imports("\n".join(line for line in cell.source.split("\n") if line[:1] != "%"))
        own = {"checks", "funkcije", *sys.stdlib_module_names}
        named = {"ipython": "IPython", "pillow": "PIL"}
        installed = {line.partition(">=")[0] for line in wanted} - {"jupyterlab"}
        assert imported - own == {named.get(package, package) for package in installed}


def imports(code: str) -> set[str]:
    """The top-level names that Python code imports."""
    nodes = list(ast.walk(ast.parse(code)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.partition(".")[0] for name in names}
