"""Experiments: train small nets with your own layers, and watch them while they learn.

    normalized = Training("batchnorm", weight_scale=1e-3)
    plain = Training(None, weight_scale=1e-3)
    for step in train([normalized, plain], data):
        print(step.model, step.iteration, step.loss, step.val_accuracy)

`train` is a generator: it stops where you stop asking. `collect` gathers its records into curves, and
`weight_scale_experiment` and `batch_size_experiment` are the two experiments of the course.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from . import fc_net
from ._messages import say
from ._plain import Group, Separate

Data = Mapping[str, np.ndarray]
State = Literal["training", "finished", "diverged"]

WEIGHT_SCALES = tuple(float(scale) for scale in np.logspace(-4, 0, num=20))
BATCH_SIZES = (5, 10, 50)
MEASURED = 1000
"""Training images on which accuracy is measured, drawn anew each time if there are more; as in `Solver`."""


@dataclass(frozen=True)
class Training:
    """One net and how it is trained. Equal trainings give equal curves."""

    normalization: str | None = None
    """"batchnorm", "layernorm" or None."""
    weight_scale: float = 2e-2
    """Standard deviation of the initial weights."""
    batch_size: int = 50
    depth: int = 6
    """Layers with weights: depth - 1 hidden ones and the last."""
    width: int = 100
    """Size of each hidden layer."""
    learning_rate: float = 1e-3
    epochs: int = 10
    update_rule: str = "adam"
    """A rule of `optim`."""
    num_train: int = 1000
    """The first so many training images are trained on."""
    seed: int = 231
    """Of the initial weights and the batches: those that the net's constructor and `Solver` draw after
    `np.random.seed(seed)`."""
    dtype: str = "float32"

    def __post_init__(self) -> None:
        for name in ("batch_size", "depth", "width", "epochs", "num_train"):
            number = getattr(self, name)
            if number != int(number) or number < 1:
                raise ValueError(say("no_count", name=name, number=number, least=1))


class Progress(NamedTuple):
    """One net made one step."""

    model: int
    """Which one: its place among the trainings."""
    iteration: int
    """Steps that it has made, from 1."""
    iterations: int
    """Steps that it makes in all."""
    epoch: int
    """Epochs that it has finished."""
    loss: float
    """Of the step's batch, before the step."""
    train_accuracy: float | None
    """From 0 to 1; measured after the first step and after each epoch, otherwise None."""
    val_accuracy: float | None
    spread: tuple[float, ...] | None
    """Standard deviation of each hidden layer's activations, if it was asked for and is known."""
    state: State
    """"diverged": the loss is not finite, and the net trains no further."""
    done: float
    """Share of the whole run, all nets together, that is done; from 0 to 1."""


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


def train(
    trainings: Training | Sequence[Training], data: Data, *, spread: bool = False, plain: bool = False
) -> Iterator[Progress]:
    """Train one net or several at once, with the layers and nets that are imported now.

    Args:
        trainings: what to train.
        data: X_train (N, d_1, ..., d_k), y_train (N,), X_val, y_val; as for `Solver`.
        spread: measure the spread of the activations in every step.
        plain: train each net by its own `loss`, also where nets side by side would be faster.

    Yields:
        One record for each step of each net. Close the generator to stop.

    Raises:
        NotWrittenYet: a function that the training needs is still to be written.
        ValueError: something in the trainings or the data cannot be.
    """
    chosen = [trainings] if isinstance(trainings, Training) else list(trainings)
    return _train(chosen, data, spread)


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
    **changes: Any,
) -> dict[tuple[str | None, float], Curves]:
    """How well nets learn from initial weights of different scales.

    Args:
        data: as for `train`.
        scales: the weight scales.
        kinds: the normalizations.
        bar: show a progress bar (where tqdm is installed).
        changes: what else is to be different; see `Training`.

    Returns:
        The curves by normalization and scale.
    """
    return _experiment(weight_scale_trainings(scales, kinds, **changes), data, bar)


def batch_size_experiment(
    data: Data,
    sizes: Sequence[int] = BATCH_SIZES,
    kinds: Sequence[str | None] = ("batchnorm", None),
    *,
    bar: bool = True,
    **changes: Any,
) -> dict[tuple[str | None, int], Curves]:
    """How well nets learn from batches of different sizes; arguments and result as in `weight_scale_experiment`."""
    return _experiment(batch_size_trainings(sizes, kinds, **changes), data, bar)


def _experiment(trainings: dict[Any, Training], data: Data, bar: bool) -> dict[Any, Curves]:
    chosen = list(trainings.values())
    return dict(zip(trainings, collect(chosen, train(chosen, data)), strict=True))


class NotWrittenYet(NotImplementedError):
    """A function that a training needs is still to be written; in a notebook, one line instead of a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def _train(trainings: list[Training], data: Data, spread: bool) -> Iterator[Progress]:
    """Advance all trainings in turn, a step each."""
    try:
        runs = [_Run([training], data) for training in trainings]
        total, made = sum(run.iterations for run in runs), 0
        for _ in range(max(run.iterations for run in runs)):
            for model, run in enumerate(runs):
                for _, step in run.advance(spread):
                    made += 1
                    yield step._replace(model=model, done=made / total)
    except NotImplementedError as missing:
        raise NotWrittenYet(say("not_written", what=missing)) from None


class _Run:
    """Trainings that differ in their initial weights alone, and so see the same batches."""

    def __init__(self, trainings: list[Training], data: Data) -> None:
        first = trainings[0]
        self.X, self.y = data["X_train"][: first.num_train], data["y_train"][: first.num_train]
        self.X_val, self.y_val = data["X_val"], data["y_val"]
        self.batch_size = first.batch_size
        self.per_epoch = max(len(self.X) // first.batch_size, 1)
        self.iterations = first.epochs * self.per_epoch
        self.iteration = 0
        classes = 1 + int(max(data["y_train"].max(), data["y_val"].max()))
        nets = []
        for training in trainings:
            with _seeded(training.seed):
                nets.append(
                    fc_net.FullyConnectedNet(
                        [training.width] * (training.depth - 1),
                        input_dim=math.prod(self.X.shape[1:]),
                        num_classes=classes,
                        normalization=training.normalization,
                        weight_scale=training.weight_scale,
                        dtype=np.dtype(training.dtype),
                    )
                )
                self.generator = np.random.RandomState()
                self.generator.set_state(np.random.get_state())
        self.group: Group = Separate(nets, first.update_rule, first.learning_rate)
        self.training = set(range(len(nets)))

    def advance(self, spread: bool) -> Iterator[tuple[int, Progress]]:
        """One step of each net that still trains."""
        if self.iteration == self.iterations or not self.training:
            return
        with np.errstate(all="ignore"):
            batch = self.generator.choice(len(self.X), self.batch_size)
            losses = self.group.step(self.X[batch], self.y[batch])
            self.iteration += 1
            epoch, rest = divmod(self.iteration, self.per_epoch)
            measured = None
            if self.iteration == 1 or rest == 0:
                rows = self.generator.choice(len(self.X), MEASURED) if len(self.X) > MEASURED else slice(None)
                measured = (
                    self.group.accuracies(self.X[rows], self.y[rows]),
                    self.group.accuracies(self.X_val, self.y_val),
                )
            spreads = self.group.spreads() if spread else None
        finite = np.isfinite(losses)
        for k in sorted(self.training):
            state: State = "finished" if self.iteration == self.iterations else "training"
            if not finite[k]:
                self.group.stop(k)
                self.training.remove(k)
                state = "diverged"
            yield (
                k,
                Progress(
                    model=k,
                    iteration=self.iteration,
                    iterations=self.iterations,
                    epoch=epoch,
                    loss=float(losses[k]),
                    train_accuracy=float(measured[0][k]) if measured else None,
                    val_accuracy=float(measured[1][k]) if measured else None,
                    spread=tuple(spreads[k].tolist()) if spreads is not None else None,
                    state=state,
                    done=0.0,
                ),
            )


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Numpy's global generator begins from `seed`, and is afterwards as it was before."""
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)
