"""Experiments: train small nets with your own layers, and watch them while they learn.

    normalized = Training("batchnorm", weight_scale=1e-3)
    plain = Training(None, weight_scale=1e-3)
    for step in train([normalized, plain], data):
        print(step.model, step.iteration, step.loss, step.val_accuracy)

`train` is a generator: it stops where you stop asking. `collect` gathers its records into curves, and
`weight_scale_experiment` and `batch_size_experiment` are the two experiments of the course.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from .lab.curves import Curves
from .lab.run import KINDS
from .lab.trainer import NotWrittenYet, train
from .lab.training import Data, Progress, State, Training
from .page import progress_bar

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
        bar: show a progress bar while somebody looks.
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
    progress = progress_bar(100)
    try:
        for step in run:
            if progress is not None:
                progress.update(int(100 * step.done) - progress.n)
            yield step
    finally:
        if progress is not None:
            progress.close()
