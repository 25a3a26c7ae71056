"""What a training is, and what is known of each of its steps; `experiments` has both to offer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from ..messages import say

Data = Mapping[str, np.ndarray]
State = Literal["training", "finished", "diverged"]


@dataclass(frozen=True)
class Training:
    """One net and how it is trained. Equal trainings give equal curves.

    Raises:
        ValueError: a size or a count that is not a whole number, 1 or more.
    """

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
    """How many of the training images, from the first on, are trained on."""
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
