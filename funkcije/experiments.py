"""Experiments: train small nets with your own layers, and watch them while they learn.

    normalized = Training("batchnorm", weight_scale=1e-3)
    plain = Training(None, weight_scale=1e-3)
    for step in train([normalized, plain], data):
        print(step.model, step.iteration, step.loss, step.val_accuracy)

`train` is a generator: it stops where you stop asking. `collect` gathers its records into curves, and
`weight_scale_experiment` and `batch_size_experiment` are the two experiments of the course.
"""

import itertools
import math
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np

from . import _kept, fc_net, layers, optim
from ._cores import at_once
from ._fused import SideBySide, agrees
from ._messages import say
from ._plain import Group, Separate
from .solver import _progress_bar

Data = Mapping[str, np.ndarray]
State = Literal["training", "finished", "diverged"]

KINDS = ("batchnorm", "layernorm")
WEIGHT_SCALES = tuple(float(scale) for scale in np.logspace(-4, 0, num=20))
BATCH_SIZES = (5, 10, 50)
MEASURED = 1000
"""Training images on which accuracy is measured, drawn anew each time if there are more; as in `Solver`."""

AT_ONCE, SIDE_BY_SIDE = 20, 10
"""Nets that train at the same time while the others wait, and how many of these can be one wide net."""


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
    normalizations = (getattr(layers, f"{kind}_{way}") for kind in KINDS for way in ("forward", "backward"))
    rules = (getattr(optim, training.update_rule) for training in trainings)
    name = _kept.name_of(repr((trainings, spread, plain)), used, [fc_net.FullyConnectedNet, *normalizations, *rules])

    saved = _kept.load(name)
    steps = _unpacked(saved) if saved else None
    if steps is not None:
        yield from steps
        return
    steps = []
    for step in _train(trainings, data, spread, plain):
        steps.append(step)
        yield step
    _kept.save(name, _packed(steps))


def _packed(steps: list[Progress]) -> dict[str, np.ndarray]:
    """The records' fields as arrays; NaN where there is no number."""
    arrays = {
        name: np.array([math.nan if value is None else value for value in values])
        for name, values in zip(Progress._fields, zip(*steps, strict=True), strict=True)
        if name != "spread"
    }
    spreads = [step.spread or () for step in steps]
    arrays["layers"] = np.array([len(spread) for spread in spreads])
    arrays["spreads"] = np.array([number for spread in spreads for number in spread])
    return arrays


def _unpacked(arrays: Mapping[str, np.ndarray]) -> list[Progress] | None:
    """The records; None if the arrays are not those of `_packed`."""
    try:
        columns: dict[str, list[Any]] = {name: values.tolist() for name, values in arrays.items()}
        for name in ("train_accuracy", "val_accuracy"):
            columns[name] = [None if math.isnan(value) else value for value in columns[name]]
        numbers = iter(columns.pop("spreads"))
        columns["spread"] = [tuple(itertools.islice(numbers, n)) or None for n in columns.pop("layers")]
        return [Progress(*values) for values in zip(*(columns[name] for name in Progress._fields), strict=True)]
    except (KeyError, TypeError, ValueError):
        return None


def _train(trainings: list[Training], data: Data, spread: bool, plain: bool) -> Iterator[Progress]:
    total, made = sum(_iterations(training, data) for training in trainings), 0
    try:
        for groups in _rounds(trainings):
            runs = [_Run({k: trainings[k] for k in group}, data, spread, plain) for group in groups]
            # A tick is a step of those that make the most; the others keep pace.
            ticks = max(run.iterations for run in runs)
            for tick in range(1, ticks + 1):
                due = [run for run in runs if run.training and run.iteration < tick * run.iterations // ticks]
                fused = at_once([run.advance for run in due if run.fused])
                # One after another: what may have kept a net from running side by side, threads would not agree with.
                separate = [run.advance() for run in due if not run.fused]
                for step in itertools.chain(*fused, *separate):
                    made += 1 if step.state != "diverged" else 1 + step.iterations - step.iteration
                    yield step._replace(done=made / total)
    except NotImplementedError as missing:
        *_, (innermost, _) = traceback.walk_tb(missing.__traceback__)
        raise NotWrittenYet(say("not_written", function=innermost.f_code.co_qualname)) from None


def _rounds(trainings: list[Training]) -> list[list[list[int]]]:
    """Which trainings run at the same time, and which of these side by side: their numbers, round by round."""
    forms: dict[Training, list[int]] = {}
    for k, training in enumerate(trainings):
        forms.setdefault(replace(training, weight_scale=0.0), []).append(k)
    rounds: list[list[list[int]]] = []
    room = 0
    for first in range(0, len(trainings), AT_ONCE):
        for models in forms.values():
            chosen = models[first : first + AT_ONCE]
            if len(chosen) > room:
                rounds.append([])
                room = AT_ONCE
            rounds[-1] += [chosen[start : start + SIDE_BY_SIDE] for start in range(0, len(chosen), SIDE_BY_SIDE)]
            room -= len(chosen)
    return rounds


def _iterations(training: Training, data: Data) -> int:
    """Steps in all, counted as `Solver` does."""
    return training.epochs * max(min(training.num_train, len(data["X_train"])) // training.batch_size, 1)


class _Run:
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
        self.iteration, self.iterations = 0, _iterations(first, data)
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

        small = replace(first, width=4, weight_scale=0.5, dtype="float64")
        with _seeded(0), np.errstate(all="ignore"):
            self.fused = not plain and agrees(partial(_net, small), first.update_rule)
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
