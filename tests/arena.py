"""A small course for the attacks: two modules, a function alone that gives three arrays, one check of it in float32.

What keeps an attack off knows no assignment, so `make test` runs them all here, where a verdict takes a tenth of the
time; `make test-full` and `grader doctor` run them on the real one.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
from a_course import answer, graded, save, small_course, write

from grader.course import Course

NAME = "arena"

LAYERS = '''
"""Layers."""

import numpy as np


def scale_forward(x, gamma):
    """Scale every column of x, of shape (N, D), by gamma, of shape (D,)."""
    ### BEGIN SOLUTION arena
    out = x * gamma
    ### END SOLUTION
    return out


def scale_backward(dout, x, gamma):
    """The gradients of scaling and shifting every column."""
    ### BEGIN SOLUTION arena
    dx = dout * gamma
    dgamma = np.einsum("nd,nd->d", dout, x)
    dbeta = dout.sum(axis=0)
    ### END SOLUTION
    return dx, dgamma, dbeta
'''

SUMS = '''
"""Sums."""

import numpy as np


def running_sum(x):
    """The sums of the first rows of x, of shape (N, D)."""
    ### BEGIN SOLUTION arena
    out = np.cumsum(x, axis=0)
    ### END SOLUTION
    return out
'''

CHECKS = '''
"""What the attacks stand around."""

from pathlib import Path

import numpy as np

from checks.core import Assignment, CheckList
from checks.student import Contract, Function

checks = CheckList()


def draw(rng, N, D):
    """A gradient, a matrix and its factors."""
    return {"dout": rng.normal(size=(N, D)), "x": rng.normal(size=(N, D)), "gamma": rng.uniform(1.5, 2.5, D)}


def single(rng, N, D):
    """The same in float32."""
    return {name: values.astype(np.float32) for name, values in draw(rng, N, D).items()}


@checks.add("running_sum.value", points=2, contract="A-1", draw=draw, sizes=((5, 3), (1, 4)))
def sums(student, dout, x, gamma):
    """The sums."""
    return {"out": student.running_sum(x)}


@checks.add("scale_forward.value", points=2, contract="A-2", draw=draw, sizes=((5, 3), (4, 1)))
def value(student, dout, x, gamma):
    """Scaled values."""
    return {"out": student.scale_forward(x, gamma)}


@checks.add("scale_backward.single", points=1, contract="A-3", draw=single, sizes=((5, 3),))
def in_single_precision(student, dout, x, gamma):
    """All gradients in float32."""
    dx, dgamma, dbeta = student.scale_backward(dout, x, gamma)
    return {"dx": dx, "dgamma": dgamma, "dbeta": dbeta}


@checks.add("scale_backward.dx", points=2, contract="A-4", draw=draw, sizes=((5, 3), (1, 3)))
def dx(student, dout, x, gamma):
    """The gradient of the input."""
    dx, _, _ = student.scale_backward(dout, x, gamma)
    return {"dx": dx}


@checks.add("scale_backward.parameters", points=2, contract="A-5", draw=draw, sizes=((5, 3), (4, 1)))
def parameters(student, dout, x, gamma):
    """The gradients of the parameters."""
    _, dgamma, dbeta = student.scale_backward(dout, x, gamma)
    return {"dgamma": dgamma, "dbeta": dbeta}


ASSIGNMENT = Assignment(
    name="arena",
    modules=("layers.py", "sums.py"),
    gives=(),
    checks=tuple(checks.checks),
    contract=Contract(
        {
            "running_sum": Function("sums", ("x",), ("array",)),
            "scale_forward": Function("layers", ("x", "gamma"), ("array",)),
            "scale_backward": Function("layers", ("dout", "x", "gamma"), ("array", "array", "array")),
        }
    ),
    folder=Path(__file__).parent,
)
'''

EXPECTED = "".join(
    f'["{check}"]\ncnr = "Vrijednosti."\nen = "The values."\n'
    for check in (
        "running_sum.value",
        "scale_forward.value",
        "scale_backward.single",
        "scale_backward.dx",
        "scale_backward.parameters",
    )
)

POINTS = {"running_sum": 2, "scale_forward": 2, "scale_backward": 5}


def arena(folder: Path) -> Course:
    """Write the course, with the one assignment `arena` of 9 points."""
    course = small_course(folder)
    write(course.package / "layers.py", LAYERS)
    write(course.package / "sums.py", SUMS)
    write(course.checks / NAME / "__init__.py", CHECKS)
    write(course.checks / NAME / "expected.toml", EXPECTED)
    cells = [
        nbformat.v4.new_markdown_cell("# Arena", id="title"),
        nbformat.v4.new_code_cell("from checks import check", id="imports"),
        *(graded(function, points) for function, points in POINTS.items()),
        nbformat.v4.new_code_cell("print('the last cell')", id="try"),
        answer(),
    ]
    metadata = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}}
    save(course, nbformat.v4.new_notebook(metadata=metadata, cells=cells), NAME)
    return course


def arena_last(folder: Path) -> Course:
    """The same as the course's last assignment, which is the one that `grader doctor` attacks."""
    course = arena(folder)
    write(course.root / "course.toml", f'assignments = ["scale", "{NAME}"]\n')
    return course
