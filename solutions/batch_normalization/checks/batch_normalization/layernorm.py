"""Checks of `layernorm_forward` and `layernorm_backward`.

The sentences that they enforce: `docs/contracts/layernorm_forward.md` and `layernorm_backward.md`.
"""

from typing import Any

import numpy as np

from checks.core import CheckList, Observed
from checks.executor.errors import StudentError
from checks.student import Student

from . import moves
from .gradients import add_backward_checks, backward_of
from .inputs import far_from_zero, more_examples, one_far, rows, rows_with_gradient, scale_and_shift, single
from .observed import difference, rows_of

checks = CheckList()

ONE_SIZE = ((4, 7),)
MANY_SIZES = ((1, 5), (5, 1), (5, 2), (5, 5), (8, 5), (5, 20))

Array = np.ndarray


def rows_far_from_zero(rng: np.random.Generator, N: int, D: int) -> dict[str, Any]:
    """Rows whose mean is far greater than their standard deviation."""
    return {"x": far_from_zero(rng, D, N)["x"].T.copy(), **scale_and_shift(rng, D)}


@checks.add("layernorm_forward.rows", points=1.75, contract="LF-1", draw=rows, sizes=ONE_SIZE)
def each_row(student: Student, x: Array, gamma: Array, beta: Array) -> Observed:
    """Every row by its own mean and variance, with the default eps."""
    out, _ = student.layernorm_forward(x, gamma, beta, student.mapping())
    return {"out": out}


@checks.add(
    "layernorm_forward.shape",
    points=0.5,
    contract="LF-2",
    draw=rows,
    sizes=MANY_SIZES,
    aspect="shapes",
    moves=moves.forward("out"),
)
def shape(student: Student, x: Array, gamma: Array, beta: Array) -> Observed:
    """The output has the input's shape."""
    out, _ = student.layernorm_forward(x, gamma, beta, student.mapping())
    return {"out": out}


@checks.add(
    "layernorm_forward.eps", points=0.75, contract="LF-3", draw=rows_with_gradient, sizes=ONE_SIZE, after="rows"
)
def eps(student: Student, x: Array, gamma: Array, beta: Array, eps: float, **_: Array) -> Observed:
    """The eps that is given is used, inside the root."""
    out, _cache = student.layernorm_forward(x, gamma, beta, student.mapping(eps=eps))
    return {"out": out}


@checks.add("layernorm_forward.eps_zero", points=0.25, contract="LF-3", draw=rows, sizes=ONE_SIZE, after="rows")
def eps_zero(student: Student, x: Array, gamma: Array, beta: Array) -> Observed:
    """An eps of 0 is used, too, and not taken for one that is missing."""
    out, _cache = student.layernorm_forward(x, gamma, beta, student.mapping(eps=0.0))
    return {"out": out}


@checks.add(
    "layernorm_forward.modes",
    points=1,
    contract="LF-4",
    draw=rows_with_gradient,
    sizes=((5, 7),),
    moves=moves.forward("computed out"),
)
def modes(student: Student, x: Array, gamma: Array, beta: Array, eps: float, **_: Any) -> Observed:
    """The same in training and test, with the eps that is given, whatever the other rows are, and what came before.

    What it should be is for the other checks. What raises in a batch of another size is left out where the modes differ
    anyway, which says more.
    """
    ln_param = student.mapping(mode="train", eps=eps)
    train, _cache = student.layernorm_forward(x, gamma, beta, ln_param)
    ln_param["mode"] = "test"
    test, _cache = student.layernorm_forward(x, gamma, beta, ln_param)
    apart, _cache = student.layernorm_forward(x[:2], gamma, beta, student.mapping(eps=eps))
    between_modes = difference(test, train)
    observed = {
        "out (test) - out (train)": between_modes,
        "out (x[:2]) - out[:2]": difference(apart, rows_of(train, 2)),
        "computed out": train,
    }
    ln_param["mode"] = "train"
    try:
        student.layernorm_forward(more_examples(x), gamma, beta, ln_param)
        again, _cache = student.layernorm_forward(x, gamma, beta, ln_param)
    except StudentError as error:
        if error.kind not in {"error", "result"} or not (isinstance(between_modes, np.ndarray) and between_modes.any()):
            raise
        return observed
    return {**observed, "out (after another N) - out (train)": difference(again, train)}


@checks.add("layernorm_forward.sizes", points=1, contract="LF-5", draw=one_far(rows, 1), sizes=MANY_SIZES, after="rows")
def sizes(student: Student, x: Array, gamma: Array, beta: Array) -> Observed:
    """One example, one feature, more examples than features and as many, and a feature far from the others."""
    out, _ = student.layernorm_forward(x, gamma, beta, student.mapping())
    return {"out": out}


@checks.add(
    "layernorm_forward.float32",
    points=0.5,
    contract="LF-6",
    draw=single(rows_with_gradient),
    sizes=ONE_SIZE,
    after="rows",
)
def float32(student: Student, x: Array, gamma: Array, beta: Array, **_: Array) -> Observed:
    """Single precision."""
    out, _cache = student.layernorm_forward(x, gamma, beta, student.mapping())
    return {"out": out}


@checks.add(
    "layernorm_forward.offset",
    points=0.25,
    contract="LF-10",
    draw=single(rows_far_from_zero),
    sizes=((8, 5),),
    after="rows",
)
def offset(student: Student, x: Array, gamma: Array, beta: Array) -> Observed:
    """Single precision where the mean is far greater than the standard deviation."""
    out, _cache = student.layernorm_forward(x, gamma, beta, student.mapping())
    return {"out": out}


add_backward_checks(
    checks,
    "layernorm_backward",
    "LB",
    backward_of("layernorm_forward", "layernorm_backward"),
    rows_with_gradient,
    MANY_SIZES,
    points={
        "dx": 1.25,
        "dgamma": 0.5,
        "dbeta": 0.5,
        "shapes": 0.5,
        "sizes": 0.5,
        "eps": 0.25,
        "float32": 0.25,
        "own_cache": 0.25,
    },
)
