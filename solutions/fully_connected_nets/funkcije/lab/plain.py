"""Nets trained one after another, each by its own `loss`: what `Solver` does, a step at a time.

`Separate` is one of the two ways in which `experiments` trains; the other, `fused.SideBySide`, is faster and must give
the same. Both have the methods of `Group`.
"""

from typing import Any, Protocol

import numpy as np

from .. import optim

CHUNK = 100
"""Images whose accuracy is measured at a time, as in `Solver`."""


class Group(Protocol):
    """Some nets that take their steps together, on the same batches; K is how many they are."""

    def step(self, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Train on a batch: X (N, D), labels y (N,). Returns the losses before the step, (K,); NaN if stopped."""
        ...

    def accuracies(self, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Share of the images X (N, D) whose highest score is that of their label y (N,); (K,), from 0 to 1."""
        ...

    def spreads(self) -> np.ndarray | None:
        """Standard deviation of each hidden layer's activations in the last step, (K, layers); None if not known."""
        ...

    def stop(self, k: int) -> None:
        """Train net k no further."""
        ...


class Separate:
    """Nets that know nothing of each other.

    Args:
        nets: models as `Solver` takes them.
        rule: name of the update rule in `optim`.
        learning_rate: its learning rate.
    """

    def __init__(self, nets: list[Any], rule: str, learning_rate: float) -> None:
        self.nets = nets
        self.update = getattr(optim, rule)
        self.configs = [{name: {"learning_rate": learning_rate} for name in net.params} for net in nets]
        self.stopped: set[int] = set()

    def step(self, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        """See `Group`."""
        losses = np.full(len(self.nets), np.nan)
        for k, (net, configs) in enumerate(zip(self.nets, self.configs, strict=True)):
            if k not in self.stopped:
                losses[k], grads = net.loss(X, y)
                for name, w in net.params.items():
                    net.params[name], configs[name] = self.update(w, grads[name], configs[name])
        return losses

    def accuracies(self, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        """See `Group`."""
        correct = np.zeros(len(self.nets))
        for k, net in enumerate(self.nets):
            if k not in self.stopped:
                for start in range(0, len(X), CHUNK):
                    rows = slice(start, start + CHUNK)
                    correct[k] += np.count_nonzero(net.loss(X[rows]).argmax(axis=1) == y[rows])
        return correct / len(X)

    def spreads(self) -> np.ndarray | None:
        """See `Group`: what happens inside these nets is their own affair."""
        return None

    def stop(self, k: int) -> None:
        """See `Group`."""
        self.stopped.add(k)
