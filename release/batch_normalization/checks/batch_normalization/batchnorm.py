"""Checks of `batchnorm_forward`, `batchnorm_backward` and `batchnorm_backward_alt`.

The sentences that they enforce: `docs/contracts/batchnorm_forward.md` and its neighbours.
"""

from typing import Any

import numpy as np

from checks.core import CheckList, Observed
from checks.executor.errors import StudentError
from checks.student import Params, Student

from . import moves
from .gradients import add_backward_checks, backward_of
from .inputs import batch, far_from_zero, more_examples, one_far, single, with_gradient, with_statistics
from .observed import difference

checks = CheckList()

ONE_SIZE = ((7, 4),)
MANY_SIZES = ((1, 3), (2, 5), (6, 1), (5, 5), (5, 8), (12, 6))

Array = np.ndarray


@checks.add("batchnorm_forward.train", points=2, contract="BF-1", draw=batch, sizes=ONE_SIZE)
def train(student: Student, x: Array, gamma: Array, beta: Array) -> Observed:
    """Training output with the default eps."""
    out, _ = student.batchnorm_forward(x, gamma, beta, student.mapping(mode="train"))
    return {"out": out}


@checks.add(
    "batchnorm_forward.shape",
    points=0.5,
    contract="BF-2",
    draw=batch,
    sizes=MANY_SIZES,
    aspect="shapes",
    moves=moves.forward("out"),
)
def shape(student: Student, x: Array, gamma: Array, beta: Array) -> Observed:
    """The output has the input's shape."""
    out, _ = student.batchnorm_forward(x, gamma, beta, student.mapping(mode="train"))
    return {"out": out}


@checks.add(
    "batchnorm_forward.sizes", points=1, contract="BF-9", draw=one_far(batch, 0), sizes=MANY_SIZES, after="train"
)
def sizes(student: Student, x: Array, gamma: Array, beta: Array) -> Observed:
    """One example, one feature, more features than examples and as many, and an example far from the others."""
    out, _ = student.batchnorm_forward(x, gamma, beta, student.mapping(mode="train"))
    return {"out": out}


@checks.add("batchnorm_forward.running_mean", points=0.75, contract="BF-3", draw=with_statistics, sizes=ONE_SIZE)
def running_mean(student: Student, x: Array, gamma: Array, beta: Array, eps: float, **_: Any) -> Observed:
    """The running mean from nothing, after one step and after three."""
    bn_param = student.mapping(mode="train", eps=eps)
    return _three_steps(student, x, gamma, beta, bn_param, "running_mean")


@checks.add("batchnorm_forward.running_var", points=1, contract="BF-3", draw=with_statistics, sizes=ONE_SIZE)
def running_var(
    student: Student, x: Array, gamma: Array, beta: Array, running_mean: Array, running_var: Array, eps: float, **_: Any
) -> Observed:
    """The running variance from nothing and continued: all that a mistake in it costs. No eps belongs into it."""
    begun = _three_steps(student, x, gamma, beta, student.mapping(mode="train", eps=eps), "running_var")
    bn_param = student.mapping(mode="train", eps=eps, running_mean=running_mean, running_var=running_var)
    student.batchnorm_forward(x, gamma, beta, bn_param)
    return begun | {"running_var (continued)": bn_param["running_var"]}


@checks.add(
    "batchnorm_forward.continued",
    points=0.5,
    contract="BF-14",
    draw=with_statistics,
    sizes=ONE_SIZE,
    after="running_mean",
)
def continued(
    student: Student, x: Array, gamma: Array, beta: Array, running_mean: Array, running_var: Array, **_: Any
) -> Observed:
    """A running mean that is already there is continued from, and another number of examples may come in between.

    What raises there is left out where the running mean is none of the columns' anyway, which says more.
    """
    bn_param = student.mapping(mode="train", running_mean=running_mean, running_var=running_var)
    out, _cache = student.batchnorm_forward(x, gamma, beta, bn_param)
    observed = {"running_mean": bn_param["running_mean"]}
    try:
        student.batchnorm_forward(more_examples(x), gamma, beta, bn_param)
        bn_param["running_mean"], bn_param["running_var"] = running_mean, running_var
        again, _cache = student.batchnorm_forward(x, gamma, beta, bn_param)
    except StudentError as error:
        if error.kind not in {"error", "result"} or np.shape(observed["running_mean"]) == gamma.shape:
            raise
        return observed
    return {**observed, "out (after another N) - out": difference(again, out)}


@checks.add(
    "batchnorm_forward.running_shape",
    points=0.25,
    contract="BF-4",
    draw=batch,
    sizes=MANY_SIZES,
    aspect="shapes",
    moves=moves.forward("computed out"),
)
def running_shape(student: Student, x: Array, gamma: Array, beta: Array) -> Observed:
    """Running statistics have one number for each feature."""
    bn_param = student.mapping(mode="train")
    out, _cache = student.batchnorm_forward(x, gamma, beta, bn_param)
    return {**_statistics(bn_param), "computed out": out}


@checks.add(
    "batchnorm_forward.momentum",
    points=0.5,
    contract="BF-8",
    draw=with_statistics,
    sizes=ONE_SIZE,
    after="running_mean",
)
def momentum(
    student: Student,
    x: Array,
    gamma: Array,
    beta: Array,
    momentum: float,
    running_mean: Array,
    running_var: Array,
    **_: Any,
) -> Observed:
    """The momentum that is given is used, also 0, and 1, which keeps what is there, however wrong the variance is."""
    bn_param = student.mapping(mode="train", momentum=momentum, running_mean=running_mean, running_var=running_var)
    student.batchnorm_forward(x, gamma, beta, bn_param)
    student.batchnorm_forward(2.0 * x + 1.0, gamma, beta, bn_param)
    forgets = student.mapping(mode="train", momentum=0.0, running_mean=running_mean, running_var=running_var)
    student.batchnorm_forward(x, gamma, beta, forgets)
    keeps = student.mapping(mode="train", momentum=1.0, running_mean=running_mean, running_var=running_var)
    student.batchnorm_forward(x, gamma, beta, keeps)
    return {
        "running_mean": bn_param["running_mean"],
        "running_mean (momentum 0)": forgets["running_mean"],
        **_statistics(keeps, " (momentum 1)"),
    }


@checks.add("batchnorm_forward.test_mode", points=1.25, contract="BF-5", draw=with_statistics, sizes=((7, 4), (1, 3)))
def test_mode(
    student: Student, x: Array, gamma: Array, beta: Array, running_mean: Array, running_var: Array, **_: Any
) -> Observed:
    """Test output from the running statistics, with the default eps, after a test of another number of examples.

    Training comes before it, as it does in use: of that nothing but the running statistics may count. Where training
    raises, that is for the other checks.
    """
    bn_param = student.mapping(mode="train")
    try:
        student.batchnorm_forward(more_examples(x), gamma, beta, bn_param)
        bn_param["mode"] = "test"
    except StudentError:
        bn_param = student.mapping(mode="test")
    bn_param["running_mean"], bn_param["running_var"] = running_mean, running_var
    student.batchnorm_forward(more_examples(x), gamma, beta, bn_param)
    bn_param["running_mean"], bn_param["running_var"] = running_mean, running_var  # whatever that made of them
    out, _cache = student.batchnorm_forward(x, gamma, beta, bn_param)
    return {"out": out}


@checks.add(
    "batchnorm_forward.test_eps", points=0.25, contract="BF-7", draw=with_statistics, sizes=ONE_SIZE, after="test_mode"
)
def test_eps(
    student: Student, x: Array, gamma: Array, beta: Array, running_mean: Array, running_var: Array, eps: float, **_: Any
) -> Observed:
    """Test output with the eps that is given."""
    bn_param = student.mapping(mode="test", eps=eps, running_mean=running_mean, running_var=running_var)
    out, _cache = student.batchnorm_forward(x, gamma, beta, bn_param)
    return {"out": out}


@checks.add(
    "batchnorm_forward.test_keeps",
    points=0.5,
    contract="BF-6",
    draw=with_statistics,
    sizes=((7, 5),),
    moves=moves.in_test("computed out"),
)
def test_keeps(
    student: Student, x: Array, gamma: Array, beta: Array, running_mean: Array, running_var: Array, eps: float, **_: Any
) -> Observed:
    """Test mode leaves the running statistics alone."""
    bn_param = student.mapping(mode="test", eps=eps, running_mean=running_mean, running_var=running_var)
    out, _cache = student.batchnorm_forward(x, gamma, beta, bn_param)
    return {**_statistics(bn_param), "computed out": out}


@checks.add(
    "batchnorm_forward.test_shape",
    points=0.25,
    contract="BF-16",
    draw=with_statistics,
    sizes=MANY_SIZES,
    aspect="shapes",
    moves=moves.in_test("out"),
)
def test_shape(
    student: Student, x: Array, gamma: Array, beta: Array, running_mean: Array, running_var: Array, **_: Any
) -> Observed:
    """Shapes in test mode: of the output, and of the statistics that stay behind."""
    bn_param = student.mapping(mode="test", running_mean=running_mean, running_var=running_var)
    out, _cache = student.batchnorm_forward(x, gamma, beta, bn_param)
    return {"out": out} | _statistics(bn_param)


@checks.add("batchnorm_forward.eps", points=0.5, contract="BF-7", draw=with_statistics, sizes=ONE_SIZE, after="train")
def eps(student: Student, x: Array, gamma: Array, beta: Array, eps: float, **_: Any) -> Observed:
    """The eps that is given is used, inside the root, at every call; the test mode's is part of the check of that."""
    bn_param = student.mapping(mode="train", eps=eps)
    out, _cache = student.batchnorm_forward(x, gamma, beta, bn_param)
    again, _cache = student.batchnorm_forward(x, gamma, beta, bn_param)
    return {"out": out, "out (again) - out": difference(again, out)}


@checks.add("batchnorm_forward.eps_zero", points=0.25, contract="BF-7", draw=batch, sizes=ONE_SIZE, after="train")
def eps_zero(student: Student, x: Array, gamma: Array, beta: Array) -> Observed:
    """An eps of 0 is used, too, and not taken for one that is missing."""
    out, _cache = student.batchnorm_forward(x, gamma, beta, student.mapping(mode="train", eps=0.0))
    return {"out": out}


@checks.add(
    "batchnorm_forward.float32",
    points=0.25,
    contract="BF-10",
    draw=single(with_gradient),
    sizes=ONE_SIZE,
    after="train",
)
def float32(student: Student, x: Array, gamma: Array, beta: Array, **_: Any) -> Observed:
    """Single precision."""
    out, _cache = student.batchnorm_forward(x, gamma, beta, student.mapping(mode="train"))
    return {"out": out}


@checks.add(
    "batchnorm_forward.offset",
    points=0.25,
    contract="BF-15",
    draw=single(far_from_zero),
    sizes=((5, 8),),
    after="train",
)
def offset(student: Student, x: Array, gamma: Array, beta: Array) -> Observed:
    """Single precision where the mean is far greater than the standard deviation."""
    out, _cache = student.batchnorm_forward(x, gamma, beta, student.mapping(mode="train"))
    return {"out": out}


def _three_steps(student: Student, x: Array, gamma: Array, beta: Array, bn_param: Params, name: str) -> dict[str, Any]:
    student.batchnorm_forward(x, gamma, beta, bn_param)
    first = bn_param[name]
    student.batchnorm_forward(2.0 * x + 1.0, gamma, beta, bn_param)
    student.batchnorm_forward(0.5 * x - 2.0, gamma, beta, bn_param)
    return {f"{name} (1)": first, f"{name} (3)": bn_param[name]}


def _statistics(bn_param: Params, suffix: str = "") -> dict[str, Any]:
    return {name + suffix: bn_param[name] for name in ("running_mean", "running_var")}


for backward, letters, points in (
    (
        "batchnorm_backward",
        "BB",
        {
            "dx": 2.5,
            "dgamma": 1,
            "dbeta": 1,
            "shapes": 0.5,
            "sizes": 0.75,
            "eps": 0.5,
            "float32": 0.25,
            "own_cache": 0.5,
        },
    ),
    (
        "batchnorm_backward_alt",
        "BA",
        {
            "dx": 2,
            "dgamma": 0.5,
            "dbeta": 0.5,
            "shapes": 0.5,
            "sizes": 0.5,
            "eps": 0.5,
            "float32": 0.25,
            "own_cache": 0.25,
        },
    ),
):
    gradients = backward_of("batchnorm_forward", backward, mode="train")
    add_backward_checks(checks, backward, letters, gradients, with_gradient, MANY_SIZES, points=points)
