"""A small course, whole: package, checks, notebook and nbgrader's settings, for tests that change one thing in it."""

import shutil
from pathlib import Path
from textwrap import dedent

import nbformat
from nbformat import NotebookNode

from grader.course import CONFIG, Course, framework_files

KIT = Path(__file__).parent.parent

LAYERS = '''
"""Layers."""

import numpy as np


def shift_forward(x, beta):
    """Given: x + beta."""
    return x + beta


def scale_forward(x, gamma):
    """Scale every column of x, of shape (N, D), by gamma, of shape (D,)."""
    ### BEGIN SOLUTION scale
    factors = gamma[np.newaxis, :]
    out = x * factors
    ### END SOLUTION
    return out


def later_forward(x):
    """Belongs to a later assignment."""
    ### BEGIN SOLUTION later
    out = np.tanh(x) ** 2
    ### END SOLUTION
    return out
'''

CHECKS = '''
"""Scaling: what the student writes, and the checks on it."""

from pathlib import Path

from checks.core import Assignment, CheckList
from checks.student import Contract, Function

checks = CheckList()


def draw(rng, N, D):
    """A matrix and its factors."""
    return {"x": rng.normal(size=(N, D)), "gamma": rng.uniform(1.5, 2.5, D)}


@checks.add("scale_forward.value", points=3, contract="S-1", draw=draw, sizes=((5, 3),))
def value(student, x, gamma):
    """Scaled values."""
    return {"out": student.scale_forward(x, gamma)}


@checks.add("scale_forward.shape", points=1, contract="S-2", draw=draw, sizes=((1, 3), (4, 1)), aspect="shapes")
def shape(student, x, gamma):
    """The shape of x."""
    return {"out": student.scale_forward(x, gamma)}


ASSIGNMENT = Assignment(
    name="scale",
    modules=("layers.py",),
    gives=(),
    checks=tuple(checks.checks),
    contract=Contract({"scale_forward": Function("layers", ("x", "gamma"), ("array",))}),
    folder=Path(__file__).parent,
)
'''

MISTAKES = '''
"""Known mistakes of scaling."""

from checks.mistakes import Mistake

MISTAKES = (
    Mistake("added", "layers", "scale_forward", "scale_forward.value", (("x * factors", "x + factors"),)),
)
'''

MESSAGES = """
["scale_forward.value"]
cnr = "Svaka kolona se množi svojim brojem."
en = "Each column is multiplied by its own number."

["scale_forward.shape"]
cnr = "Izlaz ima oblik ulaza."
en = "The output has the shape of the input."

[added]
cnr = "Kolone se množe, a ne sabiraju."
en = "Columns are multiplied, not added to."
"""


def small_course(folder: Path) -> Course:
    """Write a course with one assignment, `scale`, of 4 automatic points and a written answer."""
    shutil.copy(KIT / CONFIG, folder / CONFIG)
    write(folder / "funkcije" / "__init__.py", '"""Layers of the course."""\n')
    write(folder / "funkcije" / "layers.py", LAYERS)
    for path in framework_files(KIT / "checks"):
        copy = folder / path.relative_to(KIT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    write(folder / "checks" / "scale" / "__init__.py", CHECKS)
    write(folder / "checks" / "scale" / "mistakes.py", MISTAKES)
    write(folder / "checks" / "scale" / "messages.toml", MESSAGES)
    course = Course(folder)
    save(course, notebook())
    return course


def notebook() -> NotebookNode:
    """The source notebook of `scale`."""
    return nbformat.v4.new_notebook(
        metadata={"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}},
        cells=[
            nbformat.v4.new_code_cell(
                "import sys\nfrom pathlib import Path\nsys.path.insert(0, str(Path.cwd().parents[1]))",
                id="source-only",
                metadata={"tags": ["source-only"]},
            ),
            nbformat.v4.new_markdown_cell("# Skaliranje", id="title"),
            nbformat.v4.new_code_cell("from checks import check", id="imports"),
            graded("scale_forward", 4),
            nbformat.v4.new_code_cell(
                "import numpy as np\nfrom funkcije.layers import shift_forward\nprint(shift_forward(np.ones(2), 1))",
                id="try",
            ),
            answer(),
        ],
    )


def answer() -> NotebookNode:
    """A written answer, graded by hand."""
    return nbformat.v4.new_markdown_cell(
        "Faktor od nule gasi kolonu.",
        id="answer",
        metadata={
            "nbgrader": {
                "grade": True,
                "grade_id": "answer",
                "locked": False,
                "points": 2,
                "schema_version": 3,
                "solution": True,
                "task": False,
            }
        },
    )


def graded(function: str, points: float, source: str | None = None, id: str | None = None) -> NotebookNode:
    """A locked check cell."""
    return nbformat.v4.new_code_cell(
        f'check("{function}")' if source is None else source,
        id=id or function.replace("_", "-"),
        metadata={
            "nbgrader": {
                "grade": True,
                "grade_id": function,
                "locked": True,
                "points": points,
                "schema_version": 3,
                "solution": False,
                "task": False,
            }
        },
    )


def save(course: Course, notebook: NotebookNode, assignment: str = "scale") -> None:
    """Write a source notebook."""
    path = course.notebook(assignment)
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def write(path: Path, text: str) -> None:
    """Write a text file, with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text).lstrip("\n"), encoding="utf-8", newline="\n")
