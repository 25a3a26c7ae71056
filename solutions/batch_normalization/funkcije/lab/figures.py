"""The picture of nets in training, and the same in words.

    picture = NetPicture([None, "batchnorm"], over=None, most_layers=5)
    png, alt = picture.draw(shown)

Time runs in epochs, so that the axes need not change.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ..messages import tell
from .curves import Curves
from .picture import Picture, Style

Kind = str | None

STYLES: dict[Kind, Style] = {
    None: {"color": "#D55E00", "linestyle": "--", "marker": "s"},
    "batchnorm": {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    "layernorm": {"color": "#009E73", "linestyle": "-.", "marker": "^"},
}
"""How each kind of net is drawn: contrast on white is 3:1 or more, and lines and markers tell it, too."""

MOST_LOSS = 3.5
LOSSES = 50
"""Points of the whole curve of a training's loss."""
SPREADS, GRADIENTS = (1e-8, 1e8), (1e-14, 1e4)
"""Between these the plots show the spread of activations, and that of gradients."""


@dataclass(frozen=True)
class Axis:
    """What an explorer's summary is drawn over."""

    name: str
    """Field of `Training`."""
    low: float
    high: float
    ticks: tuple[float, ...] = ()
    """Where it has ticks, if not at powers of ten."""


@dataclass
class Shown:
    """What a picture shows."""

    settings: str
    """The values that were set, in words."""
    epochs: int
    iterations: int
    """Steps that each net makes in all."""
    curves: Mapping[Kind, Curves]
    tried: Mapping[float, Mapping[Kind, Curves]] = field(default_factory=dict)
    """Finished trainings, by the value that the summary is drawn over."""
    over: Axis | None = None
    """What it is drawn over."""

    def remarks(self) -> list[str]:
        """What the lines alone do not say: nets that diverged, or whose values the plots cannot show."""
        found = []
        for kind, curves in self.curves.items():
            net = tell(str(kind))
            if curves.state == "diverged":
                found.append(tell("diverged", net=net, step=len(curves.losses)))
            elif curves.losses and curves.losses[-1] > MOST_LOSS:
                found.append(tell("above", net=net, loss=curves.losses[-1]))
            if curves.losses and not curves.spreads:
                found.append(tell("unknown_spread", net=net))
        return found

    def in_words(self) -> str:
        """The numbers at the ends of the lines."""
        if not any(curves.losses for curves in self.curves.values()):
            return tell("alt_blank")
        step = max(len(curves.losses) for curves in self.curves.values())
        sentences = [tell("alt", settings=self.settings, step=step, steps=self.iterations)]
        for kind, curves in self.curves.items():
            if curves.losses:
                sentence = tell("alt_net", net=tell(str(kind)), loss=curves.losses[-1],
                                train=_last(curves.train_accuracies), val=_last(curves.val_accuracies))  # fmt: skip
                for key, steps in (("alt_spread", curves.spreads), ("alt_gradient", curves.gradients)):
                    if steps and steps[-1]:
                        sentence += tell(key, first=steps[-1][0], last=steps[-1][-1])
                sentences.append(f"{sentence}.")
        if self.over and self.tried:
            values = "; ".join(
                f"{value:.3g}: "
                + ", ".join(f"{tell(str(kind))} {curves.best_train_accuracy:.2f}" for kind, curves in nets.items())
                for value, nets in sorted(self.tried.items())
            )
            sentences.append(tell("alt_tried", setting=tell(self.over.name), values=values))
        return " ".join(sentences)


class NetPicture(Picture[Shown]):
    """Plots of loss, accuracy and activations; below them, if `over` is given, those of all values tried so far.

    Args:
        kinds: the nets that are compared, by their normalization.
        over: what the summary is drawn over.
        most_layers: hidden layers of the deepest net.
        gradients: beside the activations, their gradients; without a summary.
        narrow: as for `Picture`.
    """

    def __init__(
        self, kinds: Sequence[Kind], over: Axis | None, most_layers: int, *, gradients: bool = False, narrow: bool
    ) -> None:
        self.kinds, self.over, self.most_layers, self.gradients = tuple(kinds), over, most_layers, gradients
        legend = {tell(str(kind)): STYLES[kind] for kind in self.kinds}
        super().__init__(2 if over else 1, 4 if gradients else 3, legend, narrow=narrow)

    def _prepare(self, plots: Sequence[Axes]) -> list[Line2D]:
        count = 4 if self.gradients else 3
        training, summary = plots[:count], plots[count:]
        self._of_training = {kind: _training_lines(training, STYLES[kind]) for kind in self.kinds}
        _label_training(training, self.most_layers)
        self._of_summary: dict[Kind, list[Line2D]] = {}
        if self.over:
            self._of_summary = {kind: _points(summary, STYLES[kind]) for kind in self.kinds}
            _label_summary(summary, self.over)
        return [line for lines in (*self._of_training.values(), *self._of_summary.values()) for line in lines]

    def _fill(self, shown: Shown) -> None:
        for kind, lines in self._of_training.items():
            if kind in shown.curves:
                _fill(lines, shown, shown.curves[kind])
        for kind, points in self._of_summary.items():
            values = sorted(value for value, curves in shown.tried.items() if kind in curves)
            tried = [shown.tried[value][kind] for value in values]
            points[0].set_data(values, [curves.best_train_accuracy for curves in tried])
            points[1].set_data(values, [curves.best_val_accuracy for curves in tried])
            points[2].set_data(values, _cut([curves.final_loss for curves in tried]))


def _training_lines(axes: Sequence[Axes], style: Style) -> list[Line2D]:
    """Lines of one net, to be filled: loss; two accuracies; activations at first and now; their gradients, too."""
    loss, accuracy, *by_layer = axes
    hollow = style | {"markerfacecolor": "white", "linewidth": 0.9}
    thin = style | {"marker": "", "linewidth": 0.8, "alpha": 0.7}
    pairs = [
        (loss, style | {"linewidth": 1.2, "markersize": 4}),
        (accuracy, style | {"markersize": 4.5}),
        (accuracy, hollow | {"markersize": 4.5}),
        *((ax, look) for ax in by_layer for look in (thin, style | {"markersize": 5})),
    ]
    return [ax.plot([], [], animated=True, **look)[0] for ax, look in pairs]


def _label_training(axes: Sequence[Axes], most_layers: int) -> None:
    loss, accuracy, *by_layer = axes
    _label_loss(loss, tell("loss_title"))
    _label_accuracy(accuracy, tell("accuracy_title"))
    for ax in (loss, accuracy):
        ax.set(xlabel=tell("epoch"), xlim=(-0.2, 10.2))
    for ax, what, limits in zip(by_layer, ("spread", "gradient"), (SPREADS, GRADIENTS), strict=False):
        ax.set(title=tell(f"{what}_title"), xlabel=tell("layer"), ylabel=tell("spread"))
        ax.set(yscale="log", ylim=limits, xlim=(0.7, most_layers + 0.3))
        ax.set_xticks(range(1, most_layers + 1))


def _label_summary(axes: Iterable[Axes], over: Axis) -> None:
    train, val, loss = axes
    _label_accuracy(train, tell("best_train"))
    _label_accuracy(val, tell("best_val"))
    _label_loss(loss, tell("final_loss"))
    for ax in (train, val, loss):
        ax.set(xlabel=tell(over.name), xscale="log", xlim=(over.low / 1.3, over.high * 1.3))
        if over.ticks:
            ax.set_xticks(over.ticks, [str(tick) for tick in over.ticks])
            ax.set_xticks([], minor=True)


def _label_loss(ax: Axes, title: str) -> None:
    ax.set(title=title, ylabel=tell("loss"), ylim=(0, MOST_LOSS + 0.05))
    ax.set_yticks([0, 1, 2, 3, MOST_LOSS], ["0", "1", "2", "3", f"≥{MOST_LOSS}"])


def _label_accuracy(ax: Axes, title: str) -> None:
    ax.set(title=title, ylabel=tell("accuracy"), ylim=(0, 1.02))


def _points(axes: Iterable[Axes], style: Style) -> list[Line2D]:
    return [ax.plot([], [], animated=True, **style | {"markersize": 5.5})[0] for ax in axes]


def _fill(lines: list[Line2D], shown: Shown, curves: Curves) -> None:
    """Give the lines of one net its values."""
    loss, train, val, *by_layer = lines
    # A batch's loss jumps up and down; means of some steps let the nets be told apart.
    block = max(1, shown.iterations // LOSSES)
    means = [np.mean(curves.losses[start : start + block]) for start in range(0, len(curves.losses), block)]
    epochs = shown.epochs * block * np.arange(1, len(means) + 1) / max(shown.iterations, 1)
    loss.set_data(epochs, _cut(means))
    loss.set_markevery(LOSSES // 12)
    # The first accuracy is measured after the first step, each other after an epoch.
    train.set_data(range(len(curves.train_accuracies)), curves.train_accuracies)
    val.set_data(range(len(curves.val_accuracies)), curves.val_accuracies)
    ends = [steps[step] if steps else () for steps in (curves.spreads, curves.gradients) for step in (0, -1)]
    for line, end, limits in zip(by_layer, ends, (SPREADS, SPREADS, GRADIENTS, GRADIENTS), strict=False):
        line.set_data(range(1, len(end) + 1), np.clip(end, *limits))


def _cut(losses: Sequence[Any]) -> np.ndarray:
    """What is above the frame stays at its edge; what is not finite is left out."""
    values = np.array(losses, dtype=float)
    return np.where(np.isfinite(values), np.minimum(values, MOST_LOSS), np.nan)


def _last(accuracies: Sequence[float]) -> float:
    return accuracies[-1] if accuracies else math.nan
