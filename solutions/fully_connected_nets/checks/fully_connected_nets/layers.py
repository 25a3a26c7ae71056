"""Checks of the affine layer, of the ReLU and of the softmax loss.

The sentences that they enforce: `docs/contracts/affine_forward.md` and its neighbours.
"""

from typing import Any

import numpy as np

from checks.core import FORWARD, CheckList, Observed
from checks.student import Student

from . import moves
from .inputs import (
    affine,
    affine_of_images,
    relu,
    relu_at_zero,
    relu_of_images,
    scores,
    scores_far_from_each_other,
    scores_far_from_zero,
    scores_of_sure_networks,
    single,
)

checks = CheckList()

ONE_SIZE = ({"N": 5, "D": 7, "M": 4},)
SMALL_SIZES = tuple(
    {"N": N, "D": D, "M": M} for N, D, M in ((1, 3, 2), (4, 1, 3), (3, 5, 1), (1, 1, 1), (4, 4, 4), (9, 2, 6))
)
IMAGES = ({"N": 3, "C": 2, "H": 3, "W": 4, "M": 5}, {"N": 2, "C": 1, "H": 5, "W": 1, "M": 3})
ONE_MATRIX = ({"N": 6, "D": 5},)
SMALL_MATRICES = tuple({"N": N, "D": D} for N, D in ((1, 6), (7, 1), (1, 1), (4, 4)))
CUBES = ({"N": 3, "C": 2, "H": 4, "W": 5}, {"N": 1, "C": 3, "H": 1, "W": 2})
ONE_SCORING = ({"N": 8, "C": 5},)
SMALL_SCORINGS = tuple({"N": N, "C": C} for N, C in ((1, 4), (5, 2), (3, 3), (2, 7), (3, 1)))
INTEGERS = ("int8", "uint8", "int16", "int32", "int64")

Array = np.ndarray


@checks.add("affine_forward.out", points=1.5, contract="AF-1", draw=affine, sizes=ONE_SIZE)
def affine_out(student: Student, x: Array, w: Array, b: Array, **_: Any) -> Observed:
    """The product of x and w, and b."""
    out, _cache = student.affine_forward(x, w, b)
    return {"out": out}


@checks.add("affine_forward.images", points=1, contract="AF-2", draw=affine_of_images, sizes=IMAGES)
def affine_images(student: Student, x: Array, w: Array, b: Array, **_: Any) -> Observed:
    """Examples of more than one axis, in the order in which they lie in memory."""
    out, _cache = student.affine_forward(x, w, b)
    return {"out": out}


@checks.add(
    "affine_forward.shape",
    points=0.5,
    contract="AF-3",
    draw=affine,
    sizes=(*ONE_SIZE, *SMALL_SIZES),
    aspect="shapes",
    moves=moves.FORWARD,
)
def affine_shape(student: Student, x: Array, w: Array, b: Array, **_: Any) -> Observed:
    """The output is (N, M)."""
    out, _cache = student.affine_forward(x, w, b)
    return {"out": out}


@checks.add("affine_forward.sizes", points=0.75, contract="AF-4", draw=affine, sizes=SMALL_SIZES, after="out")
def affine_sizes(student: Student, x: Array, w: Array, b: Array, **_: Any) -> Observed:
    """One example, one feature, one output, and as many of each."""
    out, _cache = student.affine_forward(x, w, b)
    return {"out": out}


@checks.add("affine_forward.float32", points=0.25, contract="AF-5", draw=single(affine), sizes=ONE_SIZE, after="out")
def affine_float32(student: Student, x: Array, w: Array, b: Array, **_: Any) -> Observed:
    """Single precision."""
    out, _cache = student.affine_forward(x, w, b)
    return {"out": out}


def affine_gradients(student: Student, x: Array, w: Array, b: Array, dout: Array) -> dict[str, Any]:
    """The gradients of an affine layer on its own cache."""
    out, cache = student.affine_forward(x, w, b)
    dx, dw, db = student.affine_backward(dout, cache)
    return {FORWARD: out, "dx": dx, "dw": dw, "db": db}


def _affine_gradient(name: str) -> Any:
    def run(student: Student, **inputs: Array) -> Observed:
        observed = affine_gradients(student, **inputs)
        return {FORWARD: observed[FORWARD], name: observed[name]}

    return run


for name, points, sentence in (("dx", 1.25, 1), ("dw", 1.25, 2), ("db", 1, 3)):
    checks.add(f"affine_backward.{name}", points=points, contract=f"AB-{sentence}", draw=affine, sizes=ONE_SIZE)(
        _affine_gradient(name)
    )


@checks.add("affine_backward.images", points=0.5, contract="AB-4", draw=affine_of_images, sizes=IMAGES, after="dx")
def affine_backward_images(student: Student, **inputs: Array) -> Observed:
    """A dx of the shape of x, of however many axes, and a dw that belongs to the rows of w."""
    observed = affine_gradients(student, **inputs)
    return {FORWARD: observed[FORWARD], "dx": observed["dx"], "dw": observed["dw"]}


@checks.add(
    "affine_backward.shapes",
    points=0.5,
    contract="AB-5",
    draw=affine,
    sizes=(*ONE_SIZE, *SMALL_SIZES),
    aspect="shapes",
    moves=moves.BACKWARD,
)
def affine_backward_shapes(student: Student, **inputs: Array) -> Observed:
    """(N, D), (D, M) and (M,)."""
    return affine_gradients(student, **inputs)


@checks.add("affine_backward.sizes", points=0.25, contract="AB-6", draw=affine, sizes=SMALL_SIZES, after="dx")
def affine_backward_sizes(student: Student, **inputs: Array) -> Observed:
    """One example, one feature, one output: dx."""
    observed = affine_gradients(student, **inputs)
    return {FORWARD: observed[FORWARD], "dx": observed["dx"]}


@checks.add("affine_backward.float32", points=0.25, contract="AB-7", draw=single(affine), sizes=ONE_SIZE, after="dx")
def affine_backward_float32(student: Student, **inputs: Array) -> Observed:
    """Single precision: dx."""
    observed = affine_gradients(student, **inputs)
    return {FORWARD: observed[FORWARD], "dx": observed["dx"]}


def _relu(student: Student, x: Array, dout: Array) -> Observed:
    out, _cache = student.relu_forward(x)
    return {"out": out}


def _relu_gradient(student: Student, x: Array, dout: Array) -> Observed:
    out, cache = student.relu_forward(x)
    return {FORWARD: out, "dx": student.relu_backward(dout, cache)}


for function, letters, result, run, points_of in (
    ("relu_forward", "RF", "out", _relu, (1, 0.25, 0.25, 0.25, 0.25)),
    ("relu_backward", "RB", "dx", _relu_gradient, (1, 0.25, 0.25, 0.25, 0.25)),
):
    for check, draw, sizes, after in (
        (result, relu, ONE_MATRIX, ""),
        ("images", relu_of_images, CUBES, result),
        ("zero", relu_at_zero, ({"N": 6, "D": 7},), result),
        ("sizes", relu, SMALL_MATRICES, result),
        ("float32", single(relu), ONE_MATRIX, result),
    ):
        sentence = 1 + [result, "images", "zero", "sizes", "float32"].index(check)
        checks.add(
            f"{function}.{check}",
            points=points_of[sentence - 1],
            contract=f"{letters}-{sentence}",
            draw=draw,
            sizes=sizes,
            after=after,
        )(run)


@checks.add("softmax_loss.loss", points=1.25, contract="SL-1", draw=scores, sizes=ONE_SCORING)
def softmax_value(student: Student, x: Array, y: Array) -> Observed:
    """The mean over the examples of -log p(y)."""
    loss, _dx = student.softmax_loss(x, y)
    return {"loss": loss}


@checks.add("softmax_loss.dx", points=1.5, contract="SL-2", draw=scores, sizes=ONE_SCORING)
def softmax_gradient(student: Student, x: Array, y: Array) -> Observed:
    """Its gradient."""
    _loss, dx = student.softmax_loss(x, y)
    return {"dx": dx}


def _both(student: Student, x: Array, y: Array) -> Observed:
    loss, dx = student.softmax_loss(x, y)
    return {"loss": loss, "dx": dx}


for check, points, sentence, draw, sizes in (
    ("sure", 0.25, 8, scores_of_sure_networks, ONE_SCORING),
    ("overflow", 0.75, 3, scores_far_from_zero, ONE_SCORING),
    ("rows_apart", 0.25, 4, scores_far_from_each_other, ONE_SCORING),
    ("sizes", 0.25, 6, scores, SMALL_SCORINGS),
    ("float32", 0.25, 7, single(scores), ONE_SCORING),
):
    checks.add(f"softmax_loss.{check}", points=points, contract=f"SL-{sentence}", draw=draw, sizes=sizes, after="loss")(
        _both
    )


@checks.add("softmax_loss.labels", points=0.5, contract="SL-5", draw=scores, sizes=({"N": 30, "C": 11},), after="loss")
def softmax_labels(student: Student, x: Array, y: Array) -> Observed:
    """Labels of every integer type, of which some hold no more than 127."""
    observed: dict[str, Any] = {}
    for kind in INTEGERS:
        observed[f"loss ({kind})"], observed[f"dx ({kind})"] = student.softmax_loss(x, y.astype(kind))
    return observed
