"""The source notebooks: what nbgrader, the checks and a student rely on; batch normalization's is run, too."""

import re
import unicodedata
from pathlib import Path

import machine
import nbformat
import numpy as np
import pytest
from executed import ROOT, execute, outputs, some_images
from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import CheckCellMetadata, ClearMarkScheme, ClearSolutions

from checks.core import Assignment
from grader.course import Course
from grader.publish.handout import Handout, handout
from grader.translation.notebook import spoken

NAME = "batch_normalization"
WRITTEN = {NAME: 5, "fully_connected_nets": 4}
"""Assignments, and how many answers are written in words."""
IN_ENGLISH = {
    NAME: {
        "six-layers-run": r"\(Iteration 1 / 4\) loss: ",
        "weight-scale-run": r"scale \S+: training accuracy batch normalization",
    },
    "fully_connected_nets": {
        "overfit-run": r"rate \S+: loss at the end \S+, accuracy: training \S+, validation ",
        "rates-run": r"best training accuracy, by learning rate",
        "race-explorer": r"A race of update rules on three surfaces",
    },
}
"""What the worked notebooks print in English, by cell."""
SEED = ROOT.parent / "shared" / "seed" / f"{NAME}.ipynb"
LONGEST_SHARED = 40
"""Characters that a line or a sentence may share with the seed notebook."""


@pytest.fixture(params=WRITTEN)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def notebook(name: str) -> NotebookNode:
    return nbformat.read(ROOT / "source" / name / f"{name}.ipynb", as_version=nbformat.NO_CONVERT)


def test_every_assignment_of_the_course_is_looked_at_here(course: Course) -> None:
    assert set(WRITTEN) == set(course.assignments())


def graded(notebook: NotebookNode, cell_type: str) -> list[NotebookNode]:
    return [
        cell
        for cell in notebook.cells
        if cell.cell_type == cell_type and cell.metadata.get("nbgrader", {}).get("grade", False)
    ]


def test_the_notebook_is_valid_and_its_cell_ids_are_readable(notebook: NotebookNode) -> None:
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert not [name for name in ids if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f-]+)?", name)]


def test_nbgrader_accepts_the_metadata(notebook: NotebookNode) -> None:
    CheckCellMetadata().preprocess(notebook, {})
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            assert cell.metadata.nbgrader.schema_version == 3
            assert cell.metadata.nbgrader.grade_id == cell.id


def test_each_function_of_the_assignment_has_one_locked_graded_cell_with_the_points_of_its_checks(
    notebook: NotebookNode, course: Course, name: str
) -> None:
    assignment = course.assignment(name)
    cells = graded(notebook, "code")
    assert sorted(cell.metadata.nbgrader.grade_id for cell in cells) == sorted(assignment.functions)
    for cell in cells:
        about = cell.metadata.nbgrader
        assert (about.locked, about.solution, about.task) == (True, False, False)
        assert about.points == assignment.points(about.grade_id)


def test_a_check_cell_is_one_line_that_names_its_function(notebook: NotebookNode) -> None:
    for cell in graded(notebook, "code"):
        assert cell.source == f'check("{cell.metadata.nbgrader.grade_id}")'
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    first_check = next(number for number, source in enumerate(sources) if source.startswith("check("))
    assert any("from checks import check" in source for source in sources[:first_check])


def test_nothing_that_a_run_leaves_behind_is_in_the_source(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        assert "execution" not in cell.metadata
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


def test_only_the_first_cell_is_for_the_source_alone(notebook: NotebookNode) -> None:
    tagged = [number for number, cell in enumerate(notebook.cells) if "source-only" in cell.metadata.get("tags", [])]
    assert tagged == [0]
    assert "sys.path" in notebook.cells[0].source
    assert not [cell.id for cell in notebook.cells[1:] if "sys.path" in cell.source]


def test_written_answers_of_two_points_each_follow_their_locked_questions(notebook: NotebookNode, name: str) -> None:
    answers = graded(notebook, "markdown")
    assert [cell.metadata.nbgrader.points for cell in answers] == [2] * WRITTEN[name]
    for number, answer in enumerate(answers, start=1):
        assert (answer.metadata.nbgrader.solution, answer.metadata.nbgrader.locked) == (True, False)
        question = notebook.cells[notebook.cells.index(answer) - 1]
        assert question.source.startswith(f"**Pitanje {number} (2 boda).**")
        assert question.metadata.nbgrader.locked
        assert not question.metadata.nbgrader.grade


def test_the_parts_of_each_rubric_add_up_to_the_points_of_its_answer(notebook: NotebookNode) -> None:
    for answer in graded(notebook, "markdown"):
        _, rubric = answer.source.split("**Bodovanje (2 boda)**")
        parts = [float(points) for points in re.findall(r"^- (\S+) bod\w*:", rubric, flags=re.MULTILINE)]
        assert sum(parts) == answer.metadata.nbgrader.points, answer.id


def test_the_table_at_the_top_has_the_points_of_every_task_and_answer(
    notebook: NotebookNode, course: Course, name: str
) -> None:
    [intro] = [cell.source for cell in notebook.cells if cell.id == "intro"]
    rows = dict(re.findall(r"^\| `(\w+)` \| `funkcije/\w+\.py` \| (\S+) \|$", intro, flags=re.MULTILINE))
    assignment = course.assignment(name)
    points = {task: float(number) for task, number in rows.items()}
    assert points == {function: assignment.points(function) for function in assignment.functions}
    assert sum(points.values()) == 40
    assert f"| {WRITTEN[name]} × 2 |" in intro


def test_each_check_cell_is_announced_with_its_points_right_above_it(
    notebook: NotebookNode, course: Course, name: str
) -> None:
    assignment = course.assignment(name)
    for cell in graded(notebook, "code"):
        function = cell.metadata.nbgrader.grade_id
        above = notebook.cells[notebook.cells.index(cell) - 1]
        points = f"{assignment.points(function):g}"
        assert re.match(rf"\*\*Provjera: `{function}` \({points} bod\w*\)\.\*\*", above.source), function


def test_whatever_is_cited_is_in_the_literature_and_whatever_is_there_is_cited(notebook: NotebookNode) -> None:
    *text, literature = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    listed = set(re.findall(r"^(\d+)\. ", literature, flags=re.MULTILINE))
    assert set(re.findall(r"\[\[(\d+)\]\]\(#Literatura\)", "\n".join(text))) == listed


def test_clearing_the_solutions_leaves_the_questions_and_no_rubric(notebook: NotebookNode) -> None:
    full = {cell.id: cell.source for cell in notebook.cells}
    answers = {cell.id for cell in graded(notebook, "markdown")}
    assert all("**Bodovanje (2 boda)**" in full[name] for name in answers)
    order = GenerateAssignment.preprocessors.default_args[0]
    assert order.index(ClearSolutions) < order.index(ClearMarkScheme)

    for preprocessor in (ClearSolutions(), ClearMarkScheme(), CheckCellMetadata()):
        notebook, _ = preprocessor.preprocess(notebook, {})

    for cell in notebook.cells:
        assert "Bodovanje" not in cell.source
        assert cell.source == (ClearSolutions().text_stub if cell.id in answers else full[cell.id])


def pieces(notebook: NotebookNode) -> set[str]:
    """Code lines and sentences, without spaces, marks and diacritics; imports only name what both notebooks use."""
    found: set[str] = set()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            parts = [line.split("#")[0] for line in cell.source.splitlines() if not re.match(r"(import|from) ", line)]
            parts += [line.partition("#")[2] for line in cell.source.splitlines()]
        else:
            text = " ".join(line for line in cell.source.splitlines() if "arxiv.org" not in line.lower())
            parts = re.split(r"(?<=[.!?:])\s+", text)
        for part in parts:
            plain = unicodedata.normalize("NFKD", part.lower()).encode("ascii", "ignore").decode()
            found.add(re.sub(r"[\s'\"*`\\]", "", plain))
    return found


def longest_shared(line: str, text: str) -> int:
    """Length of the longest piece of `line` that `text` contains."""
    longest = 0
    for start in range(len(line)):
        while line[start : start + longest + 1] in text and start + longest < len(line):
            longest += 1
    return longest


@pytest.mark.parametrize("language", ["cnr", "en"])
def test_no_sentence_and_no_code_line_is_copied_from_the_seed_notebook(course: Course, language: str) -> None:
    notebook = spoken(course.spoken_in(language), NAME)
    if not SEED.is_file():
        machine.lacks(f"the seed notebook is not beside this repository ({SEED})")
    seed = "\n".join(pieces(nbformat.read(SEED, as_version=4)))
    assert longest_shared("xx" + max(seed.split("\n"), key=len), seed) > LONGEST_SHARED
    copied = {line: shared for line in pieces(notebook) if (shared := longest_shared(line, seed)) > LONGEST_SHARED}
    assert copied == {}


# What follows runs the notebook in a real kernel beside what students get, with the experiments shortened.


@pytest.fixture(scope="module")
def made(course: Course, assignment: Assignment) -> Handout:
    return handout(course, assignment)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return some_images(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def with_stub(made: Handout, images: Path, tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    return execute(NAME, made.release, tmp_path_factory.mktemp("stub"), images)


@pytest.fixture(scope="module", params=["without explorers", pytest.param("whole", marks=pytest.mark.full)])
def with_solution(
    request: pytest.FixtureRequest, made: Handout, images: Path, tmp_path_factory: pytest.TempPathFactory
) -> NotebookNode:
    """The worked notebook; in `make test` without explorers, which test_widgets has in a kernel of its own."""
    without = () if request.param == "whole" else ("-explorer",)
    return execute(NAME, made.worked, tmp_path_factory.mktemp("solution"), images, without=without)


def test_in_the_stub_run_all_reaches_the_end_and_each_open_task_is_one_line(with_stub: NotebookNode) -> None:
    shown = outputs(with_stub)
    needs_the_student = {name for name in shown if name.endswith(("-demo", "-run", "-speed", "-explorer"))} - {
        "why-demo"
    }
    assert len(needs_the_student) == 19
    for name in needs_the_student:
        lines = [line for line in shown[name].splitlines() if re.search(r"još nije napisano?\b", line)]
        assert len(lines) == (2 if name == "layernorm-batch-demo" else 1), name
    for cell in with_stub.cells:
        assert not [output for output in cell.get("outputs", []) if output.get("name") == "stderr"]


def test_in_the_stub_every_check_cell_earns_nothing(with_stub: NotebookNode, assignment: Assignment) -> None:
    shown = outputs(with_stub)
    for function in assignment.functions:
        assert shown[function].startswith(f"{function}: 0 od {assignment.points(function):g} bodova")


def test_with_the_solution_every_check_cell_earns_everything(
    with_solution: NotebookNode, assignment: Assignment
) -> None:
    shown = outputs(with_solution)
    for function in assignment.functions:
        points = f"{assignment.points(function):g}"
        assert shown[function].startswith(f"{function}: {points} od {points} bodova")


def test_the_errors_that_the_notebook_prints_stay_within_what_its_text_says(with_solution: NotebookNode) -> None:
    shown = outputs(with_solution)
    for name in ("backward-demo", "alt-demo", "layernorm-backward-demo"):
        errors = dict(re.findall(r"^(dx|dgamma|dbeta) .*?(\S+)$", shown[name], flags=re.MULTILINE))
        assert set(errors) == {"dx", "dgamma", "dbeta"}
        assert all(float(error) <= 1e-8 for error in errors.values()), errors

    bounds = {"W": 1e-3, "gamma": 1e-6, "beta": 1e-6}
    for name in ("network-demo", "layernorm-network-demo"):
        found = re.findall(r"(W|gamma|beta)\d +relativna greška (\S+)", shown[name])
        assert len(found) == 2 * (3 + 2 + 2)
        assert all(float(error) <= bounds[kind] for kind, error in found), found
    noise = re.findall(r"b\d +gradijent je nula", shown["network-demo"])
    assert len(noise) == 4
    assert "gradijent je nula" not in shown["layernorm-network-demo"]


def test_a_shortened_run_says_so_and_still_draws_every_figure(with_solution: NotebookNode) -> None:
    assert "eksperimenti su kraći" in outputs(with_solution)["duration"]
    figures = [cell.id for cell in with_solution.cells if "image/png" in str(cell.get("outputs", ""))]
    six_layers = ["six-layers-curves", "six-layers-explorer"]
    both = [f"{name}-{part}" for name in ("weight-scale", "batch-size") for part in ("run", "explorer")]
    expected = ["data", "graph", *six_layers, *both, "layernorm-size-run", "layernorm-explorer"]
    there = {cell.id for cell in with_solution.cells}
    assert figures == [name for name in expected if name in there]
    assert {*expected} - there <= {name for name in expected if name.endswith("-explorer")}


def test_the_six_layer_training_shows_the_solver_and_its_log_for_both_nets(with_solution: NotebookNode) -> None:
    code = next(cell.source for cell in with_solution.cells if cell.id == "six-layers-run")
    for shown in ("FullyConnectedNet(", "Solver(", 'update_rule="adam"', "optim_config=", ".train()"):
        assert shown in code
    log = outputs(with_solution)["six-layers-run"]
    assert re.findall(r"^(batch normalizacija|bez normalizacije)$", log, flags=re.MULTILINE) == [
        "batch normalizacija",
        "bez normalizacije",
    ]
    assert len(re.findall(r"\(Iteracija 1 / 4\) gubitak: \d", log)) == 2
    assert len(re.findall(r"\(Epoha 1 / 1\) tačnost na treningu: \d", log)) == 2
    table = outputs(with_solution)["six-layers-curves"]
    assert len(re.findall(r" [01]\.\d\d +[01]\.\d\d  (?:trening|validacija)$", table, flags=re.MULTILINE)) == 4


@pytest.mark.full
@pytest.mark.parametrize("face", ["release", "worked"])
def test_in_english_the_notebook_runs_to_its_end_and_says_everything_in_english(
    course: Course, name: str, images: Path, tmp_path: Path, face: str
) -> None:
    spoken_in_english = course.spoken_in("en")
    assignment = spoken_in_english.assignment(name)
    files = getattr(handout(spoken_in_english, assignment), face)
    executed = execute(name, files, tmp_path, images, spoken(spoken_in_english, name))
    shown = outputs(executed)
    for function in assignment.functions:
        points = f"{assignment.points(function):g}"
        assert shown[function].startswith(f"{function}: {points if face == 'worked' else 0} of {points} points")
    said = [(cell, found[0]) for cell, text in shown.items() if (found := re.search(r"[^\n]*[čćžšđ][^\n]*", text))]
    assert said == []
    if face == "worked":
        for cell, pattern in IN_ENGLISH[name].items():
            assert re.search(pattern, shown[cell]), shown[cell]
    else:
        assert "not written yet" in shown["network-demo"]


def test_the_sigmoid_has_the_same_derivative_along_its_graph_and_on_paper(with_stub: NotebookNode) -> None:
    shown = outputs(with_stub)["sigmoid"]
    rows = [[float(number) for number in line.split()] for line in shown.splitlines()[1:-1]]
    assert len(rows) == 7
    for x, graph, short in rows:
        assert graph == short == pytest.approx(np.exp(-x) / (1 + np.exp(-x)) ** 2, abs=1e-6)
    assert float(shown.split()[-1]) < 1e-12
