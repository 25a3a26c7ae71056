"""Experiments: train small nets with your own layers, and watch them while they learn.

    normalized = Training("batchnorm", weight_scale=1e-3)
    plain = Training(None, weight_scale=1e-3)
    for step in train([normalized, plain], data):
        print(step.model, step.iteration, step.loss, step.val_accuracy)

`train` is a generator: it stops where you stop asking. `collect` gathers its records into curves, and
`weight_scale_experiment` and `batch_size_experiment` are the two experiments of the course.
"""

import math
import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import optim
from .data.cifar10 import cache_folder
from .lab import kept
from .lab.messages import say
from .lab.run import KINDS, code, iterations
from .lab.together import together
from .lab.training import Data, Progress, State, Training
from .solver import DATA, _progress_bar

__all__ = [
    "BATCH_SIZES",
    "KINDS",
    "WEIGHT_SCALES",
    "Curves",
    "Data",
    "NotWrittenYet",
    "Progress",
    "State",
    "Training",
    "batch_size_experiment",
    "batch_size_trainings",
    "collect",
    "train",
    "weight_scale_experiment",
    "weight_scale_trainings",
]

WEIGHT_SCALES = tuple(float(scale) for scale in np.logspace(-4, 0, num=20))
BATCH_SIZES = (5, 10, 50)


@dataclass
class Curves:
    """What is known of one training, so far."""

    training: Training
    state: State = "training"
    losses: list[float] = field(default_factory=list)
    """After each iteration."""
    train_accuracies: list[float] = field(default_factory=list)
    """After the first iteration and after each epoch."""
    val_accuracies: list[float] = field(default_factory=list)
    spreads: list[tuple[float, ...]] = field(default_factory=list)

    def add(self, step: Progress) -> None:
        """Append what one step brought."""
        self.state = step.state
        self.losses.append(step.loss)
        if step.train_accuracy is not None and step.val_accuracy is not None:
            self.train_accuracies.append(step.train_accuracy)
            self.val_accuracies.append(step.val_accuracy)
        if step.spread is not None:
            self.spreads.append(step.spread)

    @property
    def best_train_accuracy(self) -> float:
        """The highest so far; NaN before the first."""
        return max(self.train_accuracies, default=math.nan)

    @property
    def best_val_accuracy(self) -> float:
        """The highest so far; NaN before the first."""
        return max(self.val_accuracies, default=math.nan)

    @property
    def final_loss(self) -> float:
        """Mean over the last 100 iterations; not finite if the training diverged."""
        last = self.losses[-100:]
        return sum(last) / len(last) if last else math.nan


class NotWrittenYet(NotImplementedError):
    """A function that a training needs is still to be written; in a notebook, one line instead of a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def train(
    trainings: Training | Sequence[Training],
    data: Data,
    *,
    spread: bool = False,
    plain: bool = False,
    cache: bool = False,
) -> Iterator[Progress]:
    """Train one net or several at once, with the layers and nets that are imported now.

    Args:
        trainings: what to train.
        data: X_train (N, d_1, ..., d_k), y_train (N,), X_val, y_val; as for `Solver`.
        spread: measure the spread of the activations in every step.
        plain: train each net by its own `loss`, also where nets side by side would be faster.
        cache: keep the records on disk when the run is through, and take them from there if this run was there before,
            with the same data and the same code.

    Yields:
        One record for each step of each net. Close the generator to stop.

    Raises:
        NotWrittenYet: a function that the training needs is still to be written.
        ValueError: something in the trainings or the data cannot be.
    """
    chosen = [trainings] if isinstance(trainings, Training) else list(trainings)
    if missing := [name for name in DATA if name not in data]:
        raise ValueError(say("no_data", missing=", ".join(missing)))
    for training in chosen:
        if training.update_rule not in optim.KEYS:
            raise ValueError(say("no_rule", rule=training.update_rule, known=", ".join(optim.KEYS)))
    return _cached(chosen, data, spread, plain) if cache else _train(chosen, data, spread, plain)


def collect(trainings: Sequence[Training], run: Iterable[Progress]) -> list[Curves]:
    """Run to the end, and return the curves of each training, in their order."""
    curves = [Curves(training) for training in trainings]
    for step in run:
        curves[step.model].add(step)
    return curves


def weight_scale_trainings(
    scales: Sequence[float] = WEIGHT_SCALES, kinds: Sequence[str | None] = ("batchnorm", None), **changes: Any
) -> dict[tuple[str | None, float], Training]:
    """An eight-layer net for every kind of normalization and scale of the initial weights.

    Args:
        scales: the weight scales.
        kinds: the normalizations.
        changes: what else is to be different; see `Training`.
    """
    settings = {"depth": 8, "width": 50} | changes
    return {(kind, scale): Training(kind, scale, **settings) for scale in scales for kind in kinds}


def batch_size_trainings(
    sizes: Sequence[int] = BATCH_SIZES, kinds: Sequence[str | None] = ("batchnorm", None), **changes: Any
) -> dict[tuple[str | None, int], Training]:
    """A six-layer net for every kind of normalization and batch size; the arguments as in `weight_scale_trainings`."""
    settings = {"learning_rate": 10**-3.5} | changes
    return {(kind, size): Training(kind, batch_size=size, **settings) for size in sizes for kind in kinds}


def weight_scale_experiment(
    data: Data,
    scales: Sequence[float] = WEIGHT_SCALES,
    kinds: Sequence[str | None] = ("batchnorm", None),
    *,
    bar: bool = True,
    cache: bool = True,
    **changes: Any,
) -> dict[tuple[str | None, float], Curves]:
    """How well nets learn from initial weights of different scales.

    Args:
        data: as for `train`.
        scales: the weight scales.
        kinds: the normalizations.
        bar: show a progress bar (where tqdm is installed).
        cache: as for `train`.
        changes: what else is to be different; see `Training`.

    Returns:
        The curves by normalization and scale.
    """
    return _experiment(weight_scale_trainings(scales, kinds, **changes), data, bar, cache)


def batch_size_experiment(
    data: Data,
    sizes: Sequence[int] = BATCH_SIZES,
    kinds: Sequence[str | None] = ("batchnorm", None),
    *,
    bar: bool = True,
    cache: bool = True,
    **changes: Any,
) -> dict[tuple[str | None, int], Curves]:
    """How well nets learn from batches of different sizes; arguments and result as in `weight_scale_experiment`."""
    return _experiment(batch_size_trainings(sizes, kinds, **changes), data, bar, cache)


def _experiment(trainings: dict[Any, Training], data: Data, bar: bool, cache: bool) -> dict[Any, Curves]:
    chosen = list(trainings.values())
    run = train(chosen, data, cache=cache)
    return dict(zip(trainings, collect(chosen, _shown(run) if bar else run), strict=True))


def _shown(run: Iterator[Progress]) -> Iterator[Progress]:
    """The same records, under a progress bar."""
    progress = _progress_bar(100)
    try:
        for step in run:
            if progress is not None:
                progress.update(int(100 * step.done) - progress.n)
            yield step
    finally:
        if progress is not None:
            progress.close()


def _cached(trainings: list[Training], data: Data, spread: bool, plain: bool) -> Iterator[Progress]:
    rows = max((training.num_train for training in trainings), default=0)
    used = {name: data[name] for name in ("y_train", "X_val", "y_val")} | {"X_train": data["X_train"][:rows]}
    rules = dict.fromkeys(training.update_rule for training in trainings)
    name = kept.name_of(repr((trainings, spread, plain)), used, code(rules))

    cache = cache_folder()
    steps = kept.load(cache, name)
    if steps is not None:
        yield from steps
        return
    steps = []
    for step in _train(trainings, data, spread, plain):
        steps.append(step)
        yield step
    kept.save(cache, name, steps)


def _train(trainings: list[Training], data: Data, spread: bool, plain: bool) -> Iterator[Progress]:
    total, made = sum(iterations(training, data) for training in trainings), 0
    try:
        for steps in together(trainings, data, spread, plain):
            for step in steps:
                made += 1 if step.state != "diverged" else 1 + step.iterations - step.iteration
                yield step._replace(done=made / total)
    except NotImplementedError as missing:
        *_, (innermost, _) = traceback.walk_tb(missing.__traceback__)
        raise NotWrittenYet(say("not_written", function=innermost.f_code.co_qualname)) from None
