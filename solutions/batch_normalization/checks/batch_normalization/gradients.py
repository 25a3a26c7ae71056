"""The checks that every backward pass of a normalization gets: each gradient, shapes, sizes, eps, float32."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from checks.core import FORWARD, CheckList, Draw, Observed
from checks.student import Student

from .inputs import single

Gradients = Callable[..., Observed]


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
        options = {"draw": draw, "sizes": ((7, 4),), **options}
        checks.add(f"{function}.{name}", points=points[name], contract=f"{contract}-{sentence}", **options)(run)

    for sentence, name in enumerate(("dx", "dgamma", "dbeta"), start=1):
        add(name, sentence, _only(gradients, name))
    add("shapes", 4, _default_eps(gradients), sizes=sizes, aspect="shapes")
    add("sizes", 5, _default_eps(gradients), sizes=sizes)
    add("eps", 6, gradients)
    add("float32", 7, _default_eps(gradients), draw=single(draw))


def _default_eps(gradients: Gradients) -> Gradients:
    def run(student: Student, eps: float, **inputs: np.ndarray) -> Observed:
        return gradients(student, **inputs)

    return run


def _only(gradients: Gradients, name: str) -> Gradients:
    def run(student: Student, eps: float, **inputs: np.ndarray) -> Observed:
        observed = gradients(student, **inputs)
        return {FORWARD: observed[FORWARD], name: observed[name]}

    return run
