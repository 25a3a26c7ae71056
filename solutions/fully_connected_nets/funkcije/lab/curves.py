"""What is known of one training, gathered from the records of its steps."""

import math
from dataclasses import dataclass, field

from .training import Progress, State, Training


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
