"""Training: `Solver` takes a model, data and settings, and runs stochastic gradient descent.

solver = Solver(model, data, update_rule="adam", optim_config={"learning_rate": 1e-3}, num_epochs=10, batch_size=50)
solver.train()
solver.loss_history, solver.train_acc_history, solver.val_acc_history, solver.best_val_acc, model.params
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from . import optim
from .data import DATA, UNUSED_DATA
from .page import Bar, progress_bar


class Model(Protocol):
    """What the solver asks of a model; the nets of `fc_net` have it."""

    params: dict[str, np.ndarray]
    """Parameters by name."""

    def loss(self, X: np.ndarray, y: np.ndarray | None = None) -> Any:
        """Scores (N, C) of the batch if y is None, otherwise the loss and the gradients by parameter's name."""


class Solver:
    """Stochastic gradient descent with an update rule of `optim`, and a record of how it went.

    Args:
        model: see `Model`. If it has running statistics (`bn_params`), they are kept with the parameters.
        data: a dict of arrays: X_train (N, d_1, ..., d_k), y_train (N,), X_val (M, d_1, ..., d_k), y_val (M,).
            They are read batch by batch and never copied or converted as a whole.
        update_rule: "sgd", "sgd_momentum", "rmsprop" or "adam".
        optim_config: settings of the rule, such as learning_rate; see `optim`.
        lr_decay: the learning rate is multiplied by it after each epoch.
        batch_size: examples in a step, drawn with repetition from numpy's global generator.
        num_epochs: passes; in each, as many examples are drawn as there are for training.
        num_train_samples: training examples, drawn again each time, whose accuracy is measured after each epoch; None
            for all.
        num_val_samples: the same of the validation examples.
        checkpoint_name: if given, `NAME_epoch_1.npz` and so on are written; `load_checkpoint` reads them.
        print_every: number of iterations from one printed loss to the next.
        verbose: print the loss and the accuracies, and show a progress bar while somebody looks.

    Raises:
        ValueError: an unknown update rule, or a key of `data` or `optim_config` that is missing or unknown.

    Attributes:
        loss_history: the loss of each iteration's batch.
        train_acc_history, val_acc_history: accuracies, from 0 to 1: before the second iteration, then after each epoch.
        best_val_acc, best_params: the best validation accuracy so far, and a copy of the parameters that reached it.
            `train` leaves the model with these.
    """

    def __init__(
        self,
        model: Model,
        data: Mapping[str, np.ndarray],
        *,
        update_rule: str = "sgd",
        optim_config: Mapping[str, Any] | None = None,
        lr_decay: float = 1.0,
        batch_size: int = 100,
        num_epochs: int = 10,
        num_train_samples: int | None = 1000,
        num_val_samples: int | None = None,
        checkpoint_name: str | None = None,
        print_every: int = 10,
        verbose: bool = True,
    ) -> None:
        if update_rule not in optim.KEYS:
            raise ValueError(f"Solver: unknown update_rule {update_rule!r}; it knows {_names(optim.KEYS)}")
        allowed = optim.KEYS[update_rule]
        if unknown := set(optim_config or {}) - set(allowed):
            raise ValueError(
                f"Solver: unknown key {_names(unknown)} in optim_config; {update_rule} takes {_names(allowed)}"
            )
        if batch_size < 1:
            raise ValueError(f"Solver: batch_size is {batch_size}; expected 1 or more")
        self.model = model
        self.X_train, self.y_train, self.X_val, self.y_val = _arrays(data)
        self.update_rule = update_rule
        self.optim_config = dict(optim_config or {})
        self.lr_decay = lr_decay
        self.batch_size = batch_size
        self.num_epochs = num_epochs
        self.num_train_samples = num_train_samples
        self.num_val_samples = num_val_samples
        self.checkpoint_name = checkpoint_name
        self.print_every = print_every
        self.verbose = verbose

        self._update = getattr(optim, update_rule)
        # A rule keeps its memory in its config, so every parameter has one of its own.
        self.optim_configs = {name: dict(self.optim_config) for name in model.params}

        self.epoch = 0
        self.loss_history: list[float] = []
        self.train_acc_history: list[float] = []
        self.val_acc_history: list[float] = []
        self.best_val_acc = 0.0
        self.best_params: dict[str, np.ndarray] = {}
        self._best_statistics: list[dict[str, Any]] = []

    def train(self) -> None:
        """Run all epochs, and leave the model with the parameters that did best on the validation set."""
        iterations_per_epoch = max(len(self.X_train) // self.batch_size, 1)
        num_iterations = self.num_epochs * iterations_per_epoch
        bar = progress_bar(num_iterations) if self.verbose else None
        try:
            for t in range(num_iterations):
                self._step()
                if self.verbose and t % self.print_every == 0:
                    _print(bar, f"(Iteracija {t + 1} / {num_iterations}) gubitak: {self.loss_history[-1]:f}")

                epoch_ends = (t + 1) % iterations_per_epoch == 0
                if epoch_ends:
                    self.epoch += 1
                    for config in self.optim_configs.values():
                        config["learning_rate"] *= self.lr_decay
                if t == 0 or epoch_ends:
                    self._measure(bar)
                if epoch_ends and self.checkpoint_name is not None:
                    self._save_checkpoint()
                if bar is not None:
                    bar.update()
        finally:
            if bar is not None:
                bar.close()

        if self.best_params:
            self.model.params = {name: w.copy() for name, w in self.best_params.items()}
            _set_statistics(self.model, self._best_statistics)

    def check_accuracy(
        self, X: np.ndarray, y: np.ndarray, num_samples: int | None = None, batch_size: int = 100
    ) -> float:
        """Share of the examples whose highest score is that of their label.

        Args:
            X: inputs (N, d_1, ..., d_k).
            y: labels (N,).
            num_samples: if N is larger, measure on this many examples drawn from numpy's global generator.
            batch_size: examples that go through the model at a time.

        Returns:
            A number from 0 to 1.
        """
        if num_samples is not None and len(X) > num_samples:
            chosen = np.random.choice(len(X), num_samples)
            batches: list[Any] = [chosen[start : start + batch_size] for start in range(0, num_samples, batch_size)]
        else:
            batches = [slice(start, start + batch_size) for start in range(0, len(X), batch_size)]
        correct = sum(np.count_nonzero(self.model.loss(X[batch]).argmax(axis=1) == y[batch]) for batch in batches)
        return float(correct / (len(X) if num_samples is None else min(num_samples, len(X))))

    def _step(self) -> None:
        """One iteration: draw a batch, find the gradients, update every parameter."""
        batch = np.random.choice(len(self.X_train), self.batch_size)
        loss, grads = self.model.loss(self.X_train[batch], self.y_train[batch])
        self.loss_history.append(float(loss))

        params = self.model.params
        for name, w in params.items():
            if name not in grads:
                raise ValueError(f"model.loss returned no gradient of {name!r}; it returned {_names(grads)}")
            dw = grads[name]
            if dw.shape != w.shape:
                raise ValueError(f"the gradient of {name!r} has shape {dw.shape}; the parameter has {w.shape}")
            params[name], self.optim_configs[name] = self._update(w, dw, self.optim_configs[name])

    def _measure(self, bar: Bar | None) -> None:
        """Append the accuracies, and remember the parameters if they are the best so far."""
        train_acc = self.check_accuracy(self.X_train, self.y_train, self.num_train_samples)
        val_acc = self.check_accuracy(self.X_val, self.y_val, self.num_val_samples)
        self.train_acc_history.append(train_acc)
        self.val_acc_history.append(val_acc)
        if val_acc > self.best_val_acc or not self.best_params:
            self.best_val_acc = val_acc
            self.best_params = {name: w.copy() for name, w in self.model.params.items()}
            self._best_statistics = _statistics(self.model)
        if self.verbose:
            accuracies = f"tačnost na treningu: {train_acc:f}; na validaciji: {val_acc:f}"
            _print(bar, f"(Epoha {self.epoch} / {self.num_epochs}) {accuracies}")

    def _save_checkpoint(self) -> None:
        """Write the model and the histories as plain arrays."""
        arrays = {
            "epoch": np.array(self.epoch),
            "loss_history": np.array(self.loss_history),
            "train_acc_history": np.array(self.train_acc_history),
            "val_acc_history": np.array(self.val_acc_history),
        }
        arrays |= {f"params/{name}": w for name, w in self.model.params.items()}
        for layer, statistics in enumerate(_statistics(self.model)):
            arrays |= {f"bn_params/{layer}/{key}": value for key, value in statistics.items()}
        file = Path(f"{self.checkpoint_name}_epoch_{self.epoch}.npz")
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(file, **arrays)  # type: ignore[arg-type]
        if self.verbose:
            print(f"Sačuvano: {file}")


def load_checkpoint(file: str | Path, model: Model) -> dict[str, np.ndarray]:
    """Put the parameters and running statistics of a checkpoint into a model of the same form.

    Args:
        file: written by a `Solver` with a `checkpoint_name`.
        model: built as the one that was saved; its parameters are replaced.

    Returns:
        epoch, loss_history, train_acc_history and val_acc_history, by these names.

    Raises:
        ValueError: the file holds other parameters, or other shapes, than the model.
    """
    with np.load(file, allow_pickle=False) as saved:
        arrays: dict[str, np.ndarray] = dict(saved)
    history = {key: value for key, value in arrays.items() if "/" not in key}
    params = {key.removeprefix("params/"): value for key, value in arrays.items() if key.startswith("params/")}
    found, expected = ({name: w.shape for name, w in some.items()} for some in (params, model.params))
    if found != expected:
        raise ValueError(f"{file}: holds parameters {found}; the model has {expected}")

    statistics: list[dict[str, Any]] = [{} for _ in getattr(model, "bn_params", [])]
    for key, value in arrays.items():
        if key.startswith("bn_params/"):
            _, layer, name = key.split("/")
            statistics[int(layer)][name] = value
    model.params = params
    _set_statistics(model, statistics)
    return history


def _statistics(model: Model) -> list[dict[str, Any]]:
    """Copies of the running statistics, one dict for each normalized layer."""
    return [
        {name: np.copy(value) for name, value in bn_param.items() if name.startswith("running_")}
        for bn_param in getattr(model, "bn_params", [])
    ]


def _set_statistics(model: Model, statistics: list[dict[str, Any]]) -> None:
    for bn_param, values in zip(getattr(model, "bn_params", []), statistics, strict=True):
        bn_param.update(values)


def _arrays(data: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The arrays that training needs, in the order of `DATA`."""
    missing, unknown = set(DATA) - data.keys(), data.keys() - {*DATA, *UNUSED_DATA}
    if missing or unknown:
        what = f"no {_names(missing)}" if missing else f"unknown key {_names(unknown)}"
        raise ValueError(f"Solver: {what} in data, which holds {_names(data)}; it takes {_names(DATA)}")
    for part in ("train", "val"):
        images, labels = len(data[f"X_{part}"]), len(data[f"y_{part}"])
        if images != labels or images == 0:
            raise ValueError(f"Solver: X_{part} holds {images} examples and y_{part} {labels} labels; expected as many")
    return [data[name] for name in DATA]


def _names(names: Any) -> str:
    return ", ".join(repr(name) for name in (sorted(names) if isinstance(names, set) else names))


def _print(bar: Bar | None, line: str) -> None:
    """Print above the bar, if there is one."""
    print(line) if bar is None else bar.write(line)
