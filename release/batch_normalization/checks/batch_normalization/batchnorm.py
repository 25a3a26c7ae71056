"""Checks of `batchnorm_forward`, `batchnorm_backward` and `batchnorm_backward_alt`.

The sentences that they enforce: `docs/contracts/batchnorm_forward.md` and its neighbours.
"""

from typing import Any

import numpy as np

from checks.core import FORWARD, CheckList, Observed
from checks.student import Params, Student

from .gradients import add_backward_checks
from .inputs import batch, single, with_gradient, with_statistics

checks = CheckList()

ONE_SIZE = ((7, 4),)
MANY_SIZES = ((1, 3), (2, 5), (6, 1), (3, 8), (50, 6))

Array = np.ndarray


@checks.add("batchnorm_forward.train", points=2, contract="BF-1", draw=batch, sizes=ONE_SIZE)
def train(student: Student, x: Array, gamma: Array, beta: Array) -> Observed:
    """Training output with the default eps."""
    out, _ = student.batchnorm_forward(x, gamma, beta, student.mapping(mode="train"))
    return {"out": out}


@checks.add("batchnorm_forward.shape", points=0.5, contract="BF-2", draw=batch, sizes=MANY_SIZES, aspect="shapes")
def shape(student: Student, x: Array, gamma: Array, beta: Array) -> Observed:
    """The output has the input's shape."""
    out, _ = student.batchnorm_forward(x, gamma, beta, student.mapping(mode="train"))
    return {"out": out}


@checks.add("batchnorm_forward.sizes", points=1, contract="BF-9", draw=batch, sizes=MANY_SIZES)
def sizes(student: Student, x: Array, gamma: Array, beta: Array) -> Observed:
    """One example, one feature, more features than examples."""
    out, _ = student.batchnorm_forward(x, gamma, beta, student.mapping(mode="train"))
    return {"out": out}


@checks.add("batchnorm_forward.running", points=1, contract="BF-3", draw=with_statistics, sizes=ONE_SIZE)
def running(student: Student, x: Array, gamma: Array, beta: Array, **_: Any) -> Observed:
    """Running statistics from nothing, after one step and after three."""
    bn_param = student.mapping(mode="train")
    student.batchnorm_forward(x, gamma, beta, bn_param)
    first = _statistics(bn_param, " (1)")
    student.batchnorm_forward(2.0 * x + 1.0, gamma, beta, bn_param)
    student.batchnorm_forward(0.5 * x - 2.0, gamma, beta, bn_param)
    return first | _statistics(bn_param, " (3)")


@checks.add("batchnorm_forward.continued", points=0.5, contract="BF-14", draw=with_statistics, sizes=ONE_SIZE)
def continued(
    student: Student, x: Array, gamma: Array, beta: Array, running_mean: Array, running_var: Array, **_: Any
) -> Observed:
    """Running statistics that are already there are continued from."""
    bn_param = student.mapping(mode="train", running_mean=running_mean, running_var=running_var)
    student.batchnorm_forward(x, gamma, beta, bn_param)
    return _statistics(bn_param)


@checks.add(
    "batchnorm_forward.running_shape", points=0.5, contract="BF-4", draw=batch, sizes=MANY_SIZES, aspect="shapes"
)
def running_shape(student: Student, x: Array, gamma: Array, beta: Array) -> Observed:
    """Running statistics have one number for each feature."""
    bn_param = student.mapping(mode="train")
    student.batchnorm_forward(x, gamma, beta, bn_param)
    return _statistics(bn_param)


@checks.add("batchnorm_forward.momentum", points=1, contract="BF-8", draw=with_statistics, sizes=ONE_SIZE)
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
    """The momentum that is given is the momentum that is used."""
    bn_param = student.mapping(mode="train", momentum=momentum, running_mean=running_mean, running_var=running_var)
    student.batchnorm_forward(x, gamma, beta, bn_param)
    student.batchnorm_forward(2.0 * x + 1.0, gamma, beta, bn_param)
    return _statistics(bn_param)


@checks.add("batchnorm_forward.test_mode", points=1.5, contract="BF-5", draw=with_statistics, sizes=((7, 4), (1, 3)))
def test_mode(
    student: Student, x: Array, gamma: Array, beta: Array, running_mean: Array, running_var: Array, eps: float, **_: Any
) -> Observed:
    """Test output from the running statistics, with the default eps and with one that is given."""
    tested = student.mapping(mode="test", running_mean=running_mean, running_var=running_var)
    default, _cache = student.batchnorm_forward(x, gamma, beta, tested)
    tested["eps"] = eps
    given, _cache = student.batchnorm_forward(x, gamma, beta, tested)
    return {"out": default, "out (eps)": given}


@checks.add("batchnorm_forward.test_keeps", points=0.5, contract="BF-6", draw=with_statistics, sizes=ONE_SIZE)
def test_keeps(
    student: Student, x: Array, gamma: Array, beta: Array, running_mean: Array, running_var: Array, **_: Any
) -> Observed:
    """Test mode leaves the running statistics alone."""
    bn_param = student.mapping(mode="test", running_mean=running_mean, running_var=running_var)
    student.batchnorm_forward(x, gamma, beta, bn_param)
    return _statistics(bn_param)


@checks.add("batchnorm_forward.eps", points=1, contract="BF-7", draw=with_statistics, sizes=ONE_SIZE)
def eps(student: Student, x: Array, gamma: Array, beta: Array, eps: float, **_: Any) -> Observed:
    """The eps that is given is used, inside the root; the test mode's is part of the check of that mode."""
    out, _cache = student.batchnorm_forward(x, gamma, beta, student.mapping(mode="train", eps=eps))
    return {"out": out}


@checks.add("batchnorm_forward.float32", points=0.5, contract="BF-10", draw=single(with_gradient), sizes=ONE_SIZE)
def float32(student: Student, x: Array, gamma: Array, beta: Array, **_: Any) -> Observed:
    """Single precision."""
    out, _cache = student.batchnorm_forward(x, gamma, beta, student.mapping(mode="train"))
    return {"out": out}


def _statistics(bn_param: Params, suffix: str = "") -> dict[str, Any]:
    return {name + suffix: bn_param[name] for name in ("running_mean", "running_var")}


def gradients(backward: str) -> Any:
    """A forward pass in training and the backward pass `backward` on its cache."""

    def run(student: Student, x: Array, gamma: Array, beta: Array, dout: Array, **param: float) -> Observed:
        out, cache = student.batchnorm_forward(x, gamma, beta, student.mapping(mode="train", **param))
        dx, dgamma, dbeta = getattr(student, backward)(dout, cache)
        return {FORWARD: out, "dx": dx, "dgamma": dgamma, "dbeta": dbeta}

    return run


add_backward_checks(
    checks,
    "batchnorm_backward",
    "BB",
    gradients("batchnorm_backward"),
    with_gradient,
    MANY_SIZES,
    points={"dx": 2.5, "dgamma": 1, "dbeta": 1, "shapes": 0.5, "sizes": 1, "eps": 0.5, "float32": 0.5},
)
add_backward_checks(
    checks,
    "batchnorm_backward_alt",
    "BA",
    gradients("batchnorm_backward_alt"),
    with_gradient,
    MANY_SIZES,
    points={"dx": 2, "dgamma": 0.5, "dbeta": 0.5, "shapes": 0.5, "sizes": 0.5, "eps": 0.5, "float32": 0.5},
)
