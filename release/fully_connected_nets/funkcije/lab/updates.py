"""One step of a wide net's parameters, fast: what the update rule does, and where that is Adam, in fewer passes.

The first layer's weights W (D, M), by far the most, have the gradient X.T @ da. A step goes through them in blocks of
rows: a block's gradient is still in the core's cache when it is used, and the whole gradient is never there.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Protocol

import numpy as np

BLOCK = 1 << 18
"""Weights in a block, about."""

Rule = Callable[[np.ndarray, np.ndarray, dict[str, Any]], tuple[np.ndarray, dict[str, Any]]]
"""An update rule as in `optim`."""


class Update(Protocol):
    """How parameters change; one of the two steps is made again and again."""

    def step(self, X: np.ndarray, da: np.ndarray) -> None:
        """One step for W (D, M), in place; X (N, D) are the layer's inputs, da (N, M) the gradient of its outputs."""
        ...

    def step_by(self, dw: np.ndarray) -> None:
        """One step for parameters whose gradient is there, in place."""
        ...


def update_of(rule: Rule) -> Callable[[np.ndarray, float], Update]:
    """What makes, of parameters and a learning rate, an update that does what the rule does, and does it fast."""
    return ByAdam if _is_adam(rule) else partial(ByRule, rule)


class ByRule:
    """Any rule; each block has a config of its own."""

    def __init__(self, rule: Rule, w: np.ndarray, learning_rate: float) -> None:
        self.rule, self.w = rule, w
        self.blocks = [(rows, {"learning_rate": learning_rate}) for rows in _blocks(w)]

    def step(self, X: np.ndarray, da: np.ndarray) -> None:
        """See `Update`."""
        for rows, config in self.blocks:
            apply(self.rule, self.w[rows], X[:, rows].T @ da, config)

    def step_by(self, dw: np.ndarray) -> None:
        """See `Update`."""
        for rows, config in self.blocks:
            apply(self.rule, self.w[rows], dw[rows], config)


class ByAdam:
    """Adam (see `optim.adam`) in place, and in nine passes over a block.

    With a gradient that is scaled by s_t = √(1 - β₂) β₂^(-t/2), the sum of all scaled squares, v, does not have to
    decay: it is β₂^(-t) times the moving average. Scaling da costs next to nothing. The sum of the scaled gradients, m,
    decays by β₁ / √β₂, and the other factors are left to the learning rate and ε.
    """

    BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
    PERIOD = 1000
    """Steps after which the scale begins again, before β₂^(-t) grows too large."""

    def __init__(self, w: np.ndarray, learning_rate: float) -> None:
        self.w, self.learning_rate = w, learning_rate
        self.m, self.v = np.zeros_like(w), np.zeros_like(w)
        self.t = 0
        self.blocks = list(_blocks(w))
        self.dw, self.scratch = (np.empty_like(w[self.blocks[0]]) for _ in range(2))

    def step(self, X: np.ndarray, da: np.ndarray) -> None:
        """See `Update`."""
        growth = self._next()
        da = da * (math.sqrt(1 - self.BETA2) * growth)
        for rows in self.blocks:
            self._move(rows, np.matmul(X[:, rows].T, da, out=self.dw[: len(self.w[rows])]), growth)

    def step_by(self, dw: np.ndarray) -> None:
        """See `Update`."""
        growth = self._next()
        scale = math.sqrt(1 - self.BETA2) * growth
        for rows in self.blocks:
            self._move(rows, np.multiply(dw[rows], scale, out=self.dw[: len(dw[rows])]), growth)

    def _next(self) -> float:
        """Count a step; returns β₂^(-t/2), with t counted from where the scale began."""
        since = self.t % self.PERIOD
        if since == 0 and self.t > 0:
            self.m *= self.BETA2 ** (self.PERIOD / 2)
            self.v *= self.BETA2**self.PERIOD
        self.t += 1
        growth: float = self.BETA2 ** (-(since + 1) / 2)
        return growth

    def _move(self, rows: slice, dw: np.ndarray, growth: float) -> None:
        """The step of one block, with its scaled gradient."""
        decay = self.BETA1 / math.sqrt(self.BETA2)
        correction = math.sqrt(1 - self.BETA2**self.t)
        epsilon = self.EPSILON * correction * growth
        rate = self.learning_rate * (1 - self.BETA1) / (1 - self.BETA1**self.t) * correction / math.sqrt(1 - self.BETA2)

        w, m, v, scratch = self.w[rows], self.m[rows], self.v[rows], self.scratch[: len(dw)]
        m *= decay
        m += dw
        np.multiply(dw, dw, out=scratch)
        v += scratch
        np.sqrt(v, out=scratch)
        scratch += epsilon
        np.divide(m, scratch, out=scratch)
        scratch *= rate
        w -= scratch


def apply(rule: Rule, w: np.ndarray, dw: np.ndarray, config: dict[str, Any]) -> None:
    """One step of a rule for `w`, in place, also if the rule returns new arrays."""
    stepped, new_config = rule(w, dw, config)
    if stepped is not w:
        w[...] = stepped
    if new_config is not config:
        config.update(new_config)


def _blocks(w: np.ndarray) -> Iterator[slice]:
    rows = max(BLOCK // math.prod(w.shape[1:]), 1)
    return (slice(start, start + rows) for start in range(0, len(w), rows))


def _is_adam(rule: Rule) -> bool:
    """Whether a rule does what `ByAdam` does; some steps in float64, with gradients of every size, tell.

    The first three, and three after a thousand: a rate that falls with the steps is another rule.
    """
    rng = np.random.default_rng(231)
    for t in (0, 1000):
        w = rng.standard_normal((8, 3))
        adam, expected, config = ByAdam(w, 0.01), w.copy(), {"learning_rate": 0.01, "t": t}
        adam.t = t
        try:
            for _ in range(3):
                X, da = rng.standard_normal((5, 8)), rng.standard_normal((5, 3)) * np.array([1, 1e-5, 1e-9])
                apply(rule, expected, X.T @ da, config)
                adam.step(X, da)
        except Exception:
            return False
        if not np.allclose(w, expected, rtol=1e-9, atol=0):
            return False
    return True
