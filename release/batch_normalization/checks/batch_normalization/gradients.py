"""The checks that every backward pass of a normalization gets: each gradient, shapes, sizes, eps, float32, its cache.

Each judges as little as it can, so that a mistake in one gradient costs that gradient: `sizes`, `eps`, `float32` and
`own_cache` look at `dx`, and what they would find in `dgamma` and `dbeta` is part of those two's own checks. That
another forward pass leaves `dgamma` alone is judged by the difference, whatever `dgamma` is.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from checks.core import FORWARD, CheckList, Draw, Observed
from checks.executor.errors import StudentError
from checks.student import Student

from .inputs import more_examples, one_gamma_zero, single
from .moves import BACKWARD
from .observed import added

Gradients = Callable[..., Observed]

FEW_SIZES = ((7, 4), (1, 3), (5, 1))


def backward_of(forward: str, backward: str, **always: Any) -> Gradients:
    """Runs a forward pass and the backward pass on its cache.

    Args:
        forward: the forward function.
        backward: the backward function.
        always: what its dictionary of parameters always holds, such as the mode.
    """

    def run(
        student: Student,
        x: np.ndarray,
        gamma: np.ndarray,
        beta: np.ndarray,
        dout: np.ndarray,
        *,
        then: np.ndarray | None = None,
        **param: float,
    ) -> Observed:
        params = student.mapping(**always, **param)
        out, cache = getattr(student, forward)(x, gamma, beta, params)
        if then is not None:
            with no_fault():  # of the backward pass
                getattr(student, forward)(then, 0.5 * gamma, beta, params)
        dx, dgamma, dbeta = getattr(student, backward)(dout, cache)
        return {FORWARD: out, "dx": dx, "dgamma": dgamma, "dbeta": dbeta}

    return run


def add_backward_checks(
    checks: CheckList,
    function: str,
    contract: str,
    gradients: Gradients,
    draw: Draw,
    sizes: tuple[tuple[int, int], ...],
    *,
    points: Mapping[str, float],
) -> None:
    """Add the checks of one backward pass.

    Args:
        checks: the list to add to.
        function: the backward function.
        contract: the letters of its sentences, such as `BB`.
        gradients: runs forward and backward, and observes `forward`, `dx`, `dgamma` and `dbeta`.
        draw: inputs, with `dout` and `eps`.
        sizes: every (N, D) for the shapes and sizes.
        points: by the check's name.
    """

    def add(name: str, sentence: int, run: Gradients, **options: Any) -> None:
        if name in points:
            options = {"draw": draw, "sizes": ((7, 4),), **options}
            checks.add(f"{function}.{name}", points=points[name], contract=f"{contract}-{sentence}", **options)(run)

    dx = _only(gradients, "dx")
    add("dx", 1, _default_eps(dx))
    # With an eps of its own, for a dgamma from an x_hat of another eps; with a gamma of 0, for one that divides by it.
    add("dgamma", 2, _only(gradients, "dgamma"), draw=one_gamma_zero(draw), sizes=FEW_SIZES)
    add("dbeta", 3, _only(gradients, "dbeta"), sizes=FEW_SIZES)
    add("shapes", 4, _default_eps(gradients), sizes=sizes, aspect="shapes", moves=BACKWARD)
    add("sizes", 5, _default_eps(dx), sizes=sizes, after="dx")
    add("eps", 6, dx, after="dx")
    add("float32", 7, _default_eps(dx), draw=single(draw), after="dx")
    add("own_cache", 8, _default_eps(_after_another(gradients)), after="dx")


def _default_eps(gradients: Gradients) -> Gradients:
    def run(student: Student, eps: float, **inputs: Any) -> Observed:
        return gradients(student, **inputs)

    return run


def _after_another(gradients: Gradients) -> Gradients:
    """`dx` after another forward pass, and what that pass changes in `dgamma`, right or wrong: nothing.

    Then after one of another number of examples, with the same dictionary; where that raises, its `dx` is missing.
    """

    def run(student: Student, x: np.ndarray, **inputs: Any) -> Observed:
        before, after = gradients(student, x, **inputs), gradients(student, x, then=-2.0 * x[::-1], **inputs)
        moved = added(after["dgamma"], before["dgamma"], inputs["gamma"].shape)
        observed = {FORWARD: after[FORWARD], "dx": after["dx"], "dgamma (after another pass) - dgamma": moved}
        with no_fault():
            observed["dx (after another N)"] = gradients(student, x, then=more_examples(x), **inputs)["dx"]
        return observed

    return run


@contextmanager
def no_fault() -> Iterator[None]:
    """An error of the student's code ends what stands in here, and not the check."""
    try:
        yield
    except StudentError as error:
        if error.kind not in {"error", "result"}:
            raise


def _only(gradients: Gradients, name: str) -> Gradients:
    def run(student: Student, **inputs: Any) -> Observed:
        observed = gradients(student, **inputs)
        return {FORWARD: observed[FORWARD], name: observed[name]}

    return run
