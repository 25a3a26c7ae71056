"""A run: nets that see the same batches take their steps together, and each step becomes a record.

Side by side where that gives the same as each on its own, otherwise one after another; see `fused` and `plain`.
"""

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Any

import numpy as np

from .. import fc_net, layers, optim
from .fused import SideBySide, agrees
from .plain import Group, Separate
from .source import digest
from .training import Data, Progress, State, Training

KINDS = ("batchnorm", "layernorm")

MEASURED = 1000
"""Training images on which accuracy is measured, drawn again each time if there are more; as in `Solver`."""


def iterations(training: Training, data: Data) -> int:
    """Steps in all, counted as `Solver` does."""
    return training.epochs * max(min(training.num_train, len(data["X_train"])) // training.batch_size, 1)


class Run:
    """Trainings that differ in their initial weights alone, and so can share each batch.

    Args:
        trainings: by their numbers.
        data: as for `train`.
        spread, plain: as for `train`.
    """

    def __init__(self, trainings: dict[int, Training], data: Data, spread: bool, plain: bool) -> None:
        first = self.form = next(iter(trainings.values()))
        self.models = list(trainings)
        self.training = set(self.models)
        self.spread = spread
        self.iteration, self.iterations = 0, iterations(first, data)
        self.per_epoch = self.iterations // first.epochs

        self.X, self.y = _rows(data["X_train"][: first.num_train], first.dtype), data["y_train"][: first.num_train]
        self.X_val, self.y_val = _rows(data["X_val"], first.dtype), data["y_val"]
        features, classes = self.X.shape[1], 1 + int(max(data["y_train"].max(), data["y_val"].max()))
        self.nets = []
        for training in trainings.values():
            with _seeded(training.seed), np.errstate(all="ignore"):
                self.nets.append(_net(training, features, classes))
                self.generator = np.random.RandomState()
                self.generator.set_state(np.random.get_state())

        self.fused = not plain and _side_by_side(first.normalization, first.depth, first.update_rule)
        self.group: Group = (SideBySide if self.fused else Separate)(self.nets, first.update_rule, first.learning_rate)

    def advance(self) -> list[Progress]:
        """One step; a record for each net that still trains."""
        batch = self.generator.choice(len(self.X), self.form.batch_size)
        with np.errstate(all="ignore"):
            try:
                losses, measured, spreads = self._step(batch)
            except NotImplementedError:
                raise
            except Exception:
                # Perhaps a layer does not like so many columns; nothing has been told of this training yet.
                if self.iteration > 0 or not self.fused:
                    raise
                self.fused = False
                self.group = Separate(self.nets, self.form.update_rule, self.form.learning_rate)
                losses, measured, spreads = self._step(batch)
        self.nets = []
        self.iteration += 1
        return [
            self._record(k, model, float(losses[k]), measured, spreads)
            for k, model in enumerate(self.models)
            if model in self.training
        ]

    def _step(self, batch: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray] | None, np.ndarray | None]:
        """The losses, the accuracies if it is time for them, and the spreads if they are asked for and known."""
        losses = self.group.step(self.X[batch], self.y[batch])
        spreads = self.group.spreads() if self.spread else None
        measured = None
        if self.iteration == 0 or (self.iteration + 1) % self.per_epoch == 0:
            rows = self.generator.choice(len(self.X), MEASURED) if len(self.X) > MEASURED else slice(None)
            measured = (
                self.group.accuracies(self.X[rows], self.y[rows]),
                self.group.accuracies(self.X_val, self.y_val),
            )
        return losses, measured, spreads

    def _record(
        self,
        k: int,
        model: int,
        loss: float,
        measured: tuple[np.ndarray, np.ndarray] | None,
        spreads: np.ndarray | None,
    ) -> Progress:
        """What net k of the group did; one that has diverged is stopped."""
        state: State = "finished" if self.iteration == self.iterations else "training"
        if not math.isfinite(loss):
            state = "diverged"
            self.training.remove(model)
            self.group.stop(k)
        return Progress(
            model=model,
            iteration=self.iteration,
            iterations=self.iterations,
            epoch=self.iteration // self.per_epoch,
            loss=loss,
            train_accuracy=float(measured[0][k]) if measured else None,
            val_accuracy=float(measured[1][k]) if measured else None,
            spread=tuple(spreads[k].tolist()) if spreads is not None else None,
            state=state,
            done=0.0,
        )


def code(rules: Iterable[str]) -> str:
    """A digest of what trains: the package's files; nets, normalizations and update rules as they are in memory."""
    normalizations = (getattr(layers, f"{kind}_{way}") for kind in KINDS for way in ("forward", "backward"))
    return digest([fc_net.FullyConnectedNet, *normalizations, *(getattr(optim, rule) for rule in rules)])


def _side_by_side(normalization: str | None, depth: int, rule: str) -> bool:
    """Whether nets of this form learn side by side what they learn on their own."""
    small = Training(normalization, weight_scale=0.5, depth=depth, width=4, update_rule=rule, dtype="float64")
    return _agree(small, code([rule]))


@lru_cache(maxsize=100)
def _agree(small: Training, code: str) -> bool:
    """The same, found out once for each code: an explorer asks at every move of a slider."""
    with _seeded(0), np.errstate(all="ignore"):
        return agrees(partial(_net, small), small.update_rule)


def _net(training: Training, features: int, classes: int) -> Any:
    """The net of a training, made by whatever `fc_net` is imported now."""
    return fc_net.FullyConnectedNet(
        [training.width] * (training.depth - 1),
        input_dim=features,
        num_classes=classes,
        normalization=training.normalization,
        weight_scale=training.weight_scale,
        dtype=np.dtype(training.dtype),
    )


def _rows(X: np.ndarray, dtype: str) -> np.ndarray:
    """Images (N, d_1, ..., d_k) as rows (N, D)."""
    return X.reshape(len(X), -1).astype(dtype, copy=False)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Numpy's global generator begins from `seed`, and is afterwards as it was before."""
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)
