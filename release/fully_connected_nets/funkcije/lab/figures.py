"""The picture of an explorer, drawn many times a second, and the same in words.

    picture = Picture([None, "batchnorm"], over=None)
    png, alt = picture.draw(shown)

Axes, ticks and legends are drawn once; a frame restores them and draws only its lines on top (blitting), which takes
milliseconds where a new figure takes tenths of a second. For that the axes never change: time runs in epochs, and what
leaves the frame stays at its edge, with its value in words.
"""

import io
import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from ..messages import tell
from .curves import Curves

Kind = str | None
Style = dict[str, Any]

STYLES: dict[Kind, Style] = {
    None: {"color": "#D55E00", "linestyle": "--", "marker": "s"},
    "batchnorm": {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    "layernorm": {"color": "#009E73", "linestyle": "-.", "marker": "^"},
}
"""How each kind of net is drawn: contrast on white is 3:1 or more, and lines and markers tell it, too."""

MOST_LOSS = 3.5
LOSSES = 50
"""Points of the whole curve of a training's loss."""
LEAST_SPREAD, MOST_SPREAD = 1e-8, 1e8
WIDTH, HEIGHT, DPI = 11.5, 3.3, 88
"""Inches of a row of plots, and pixels of an inch."""
NARROW_WIDTH, NARROW_HEIGHT, TITLE = 5.8, 2.5, 34
"""Inches of a row of two plots, where there is room for no more, and letters of a title's line."""


@dataclass(frozen=True)
class Axis:
    """What an explorer's summary is drawn over."""

    name: str
    """Field of `Training`."""
    low: float
    high: float
    ticks: tuple[int, ...] = ()
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


class Picture:
    """Plots of loss, accuracy and activations; below them, if `over` is given, those of all values tried so far.

    Args:
        kinds: the nets that are compared, by their normalization.
        over: what the summary is drawn over.
        most_layers: hidden layers of the deepest net.
        narrow: two plots in a row, in place of three; beside the third stand the legend, the settings and the status.
    """

    def __init__(self, kinds: Sequence[Kind], over: Axis | None, most_layers: int, *, narrow: bool = False) -> None:
        self.kinds, self.over, self.narrow = tuple(kinds), over, narrow
        with matplotlib.rc_context():
            # The student's own settings are for the student's figures.
            matplotlib.rcdefaults()
            matplotlib.rcParams.update({"axes.grid": True, "grid.alpha": 0.3, "font.size": 9, "axes.titlesize": 10})
            figure, training, summary, words = _narrow_plots(over) if narrow else _wide_plots(over)
            self._canvas = cast(Any, FigureCanvasAgg(figure))
            self._lines = {kind: self._training_lines(training, STYLES[kind]) for kind in self.kinds}
            _label_training(training, most_layers)
            self._points: dict[Kind, list[Line2D]] = {}
            if over:
                self._points = {kind: _points(summary, STYLES[kind]) for kind in self.kinds}
                _label_summary(summary, over)
            if narrow:
                for ax in (*training, *summary):
                    ax.set_title(textwrap.fill(ax.get_title(), TITLE), fontsize=9)
                    ax.set_xlabel(textwrap.fill(ax.get_xlabel(), TITLE))
            self._settings = figure.text(*words.settings, "", va="top", weight="bold", animated=True)
            self._status = figure.text(
                *words.status, "", va="top", ha="left" if narrow else "right", linespacing=1.25, animated=True
            )
            handles = [Line2D([], [], label=tell(str(kind)), **STYLES[kind]) for kind in self.kinds]
            figure.legend(handles=handles, loc="upper left", bbox_to_anchor=words.legend,
                          ncols=1 if narrow else len(handles), frameon=False, borderaxespad=0)  # fmt: skip
            self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(figure.bbox)
        self._figure = figure
        self._colours = _palette(["black", *(STYLES[kind]["color"] for kind in self.kinds)])

    @staticmethod
    def _training_lines(axes: Iterable[Axes], style: Style) -> list[Line2D]:
        """Lines of one net, to be filled by `draw`: loss; two accuracies; activations at first and now."""
        loss, accuracy, spread = axes
        hollow = style | {"markerfacecolor": "white", "linewidth": 0.9}
        thin = style | {"marker": "", "linewidth": 0.8, "alpha": 0.7}
        pairs = [
            (loss, style | {"linewidth": 1.2, "markersize": 4}),
            (accuracy, style | {"markersize": 4.5}),
            (accuracy, hollow | {"markersize": 4.5}),
            (spread, thin),
            (spread, style | {"markersize": 5}),
        ]
        return [ax.plot([], [], animated=True, **look)[0] for ax, look in pairs]

    def draw(self, shown: Shown | None, status: str = "", *, small: bool = False) -> tuple[bytes, str]:
        """The picture as PNG, and in words.

        Args:
            shown: what it shows; empty axes if None.
            status: a line at its top.
            small: take longer, for a file that is kept.
        """
        remarks = [status, *(shown.remarks() if shown else [])]
        self._settings.set_text(self._lines_of([shown.settings] if shown else []))
        self._status.set_text(self._lines_of(remarks))
        self._canvas.restore_region(self._background)
        for text in (self._settings, self._status):
            self._figure.draw_artist(text)
        if shown:
            for kind, lines in self._lines.items():
                if kind in shown.curves:
                    _fill(lines, shown, shown.curves[kind])
            for kind, points in self._points.items():
                self._fill_summary(points, shown, kind)
            for line in [line for lines in (*self._lines.values(), *self._points.values()) for line in lines]:
                if line.axes is not None:
                    line.axes.draw_artist(line)
        image = Image.fromarray(np.asarray(self._canvas.buffer_rgba())).convert("RGB")
        # With a table of the few colours that there are, a picture takes a third of the time to pack.
        image = image.quantize(palette=self._colours, dither=Image.Dither.NONE)
        file = io.BytesIO()
        image.save(file, "PNG", **({"optimize": True} if small else {"compress_level": 1}))
        return file.getvalue(), " ".join([_in_words(shown, self.over), *filter(None, remarks)])

    def _lines_of(self, sentences: Sequence[str]) -> str:
        """One sentence to a line, or to as many as there is room for."""
        return "\n".join(textwrap.fill(one, TITLE - 2) if self.narrow else one for one in sentences if one)

    def _fill_summary(self, points: list[Line2D], shown: Shown, kind: Kind) -> None:
        values = sorted(value for value, curves in shown.tried.items() if kind in curves)
        tried = [shown.tried[value][kind] for value in values]
        points[0].set_data(values, [curves.best_train_accuracy for curves in tried])
        points[1].set_data(values, [curves.best_val_accuracy for curves in tried])
        points[2].set_data(values, _cut([curves.final_loss for curves in tried]))


@dataclass(frozen=True)
class _Words:
    """Where the words of a picture begin, in shares of its width and height."""

    settings: tuple[float, float]
    status: tuple[float, float]
    legend: tuple[float, float]


Plots = tuple[Figure, Sequence[Axes], Sequence[Axes], _Words]
"""A figure, the plots of a training and those of the summary, and where its words stand."""


def _wide_plots(over: Axis | None) -> Plots:
    """Three plots in a row, the words above them."""
    rows = 2 if over else 1
    figure = Figure(figsize=(WIDTH, HEIGHT * rows + 0.45), dpi=DPI, facecolor="white")
    grid = figure.subplots(rows, 3, squeeze=False)
    figure.subplots_adjust(0.055, 0.07 if over else 0.14, 0.99, 0.88 if over else 0.79, 0.22, 0.36)
    legend = (0.004, 1 - 0.24 / figure.get_figheight())
    return figure, grid[0], grid[1] if over else (), _Words((0.01, 0.985), (0.99, 0.985), legend)


def _narrow_plots(over: Axis | None) -> Plots:
    """Two plots in a row; of the second row the right half, and of the last, is for words or empty."""
    rows = 4 if over else 2
    figure = Figure(figsize=(NARROW_WIDTH, NARROW_HEIGHT * rows), dpi=DPI, facecolor="white")
    grid = figure.subplots(rows, 2, squeeze=False)
    top = 1 - 0.45 / figure.get_figheight()
    figure.subplots_adjust(0.12, 0.6 / figure.get_figheight(), 0.965, top, 0.33, 0.7)
    plots = list(grid.flat)
    box = plots[3].get_position()
    for unused in plots[3::4]:
        unused.set_axis_off()
    line = 0.19 / figure.get_figheight()
    words = _Words((box.x0, box.y1), (box.x0, box.y1 - 8 * line), (box.x0 - 0.01, box.y1 - 4 * line))
    return figure, plots[:3], plots[4:7], words


def _palette(colours: Sequence[str]) -> Image.Image:
    """A table of these colours, each in shades up to white; no closer to it than Pillow tells numbers apart."""
    shades = np.linspace(0, 1, 32)[:, None]
    table = np.vstack([255 * (rgb + (1 - rgb) * shades) for rgb in map(np.array, map(to_rgb, colours))])
    image = Image.new("P", (1, 1))
    image.putpalette(table.round().astype(np.uint8).tobytes())
    return image


def _label_training(axes: Iterable[Axes], most_layers: int) -> None:
    loss, accuracy, spread = axes
    _label_loss(loss, tell("loss_title"))
    _label_accuracy(accuracy, tell("accuracy_title"))
    for ax in (loss, accuracy):
        ax.set(xlabel=tell("epoch"), xlim=(-0.2, 10.2))
    spread.set(title=tell("spread_title"), xlabel=tell("layer"), ylabel=tell("spread"))
    spread.set(yscale="log", ylim=(LEAST_SPREAD, MOST_SPREAD), xlim=(0.7, most_layers + 0.3))
    spread.set_xticks(range(1, most_layers + 1))


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
    loss, train, val, at_first, now = lines
    # A batch's loss jumps up and down; means of some steps let the nets be told apart.
    block = max(1, shown.iterations // LOSSES)
    means = [np.mean(curves.losses[start : start + block]) for start in range(0, len(curves.losses), block)]
    epochs = shown.epochs * block * np.arange(1, len(means) + 1) / max(shown.iterations, 1)
    loss.set_data(epochs, _cut(means))
    loss.set_markevery(LOSSES // 12)
    # The first accuracy is measured after the first step, each other after an epoch.
    train.set_data(range(len(curves.train_accuracies)), curves.train_accuracies)
    val.set_data(range(len(curves.val_accuracies)), curves.val_accuracies)
    spreads = curves.spreads or [()]
    for line, spread in ((at_first, spreads[0]), (now, spreads[-1])):
        line.set_data(range(1, len(spread) + 1), np.clip(spread, LEAST_SPREAD, MOST_SPREAD))


def _cut(losses: Sequence[Any]) -> np.ndarray:
    """What is above the frame stays at its edge; what is not finite is left out."""
    values = np.array(losses, dtype=float)
    return np.where(np.isfinite(values), np.minimum(values, MOST_LOSS), np.nan)


def _in_words(shown: Shown | None, over: Axis | None) -> str:
    if shown is None or not any(curves.losses for curves in shown.curves.values()):
        return tell("alt_blank")
    step = max(len(curves.losses) for curves in shown.curves.values())
    sentences = [tell("alt", settings=shown.settings, step=step, steps=shown.iterations)]
    for kind, curves in shown.curves.items():
        if curves.losses:
            sentence = tell("alt_net", net=tell(str(kind)), loss=curves.losses[-1],
                            train=_last(curves.train_accuracies), val=_last(curves.val_accuracies))  # fmt: skip
            if curves.spreads and curves.spreads[-1]:
                sentence += tell("alt_spread", first=curves.spreads[-1][0], last=curves.spreads[-1][-1])
            sentences.append(f"{sentence}.")
    if over and shown.tried:
        values = "; ".join(
            f"{value:.3g}: "
            + ", ".join(f"{tell(str(kind))} {curves.best_train_accuracy:.2f}" for kind, curves in nets.items())
            for value, nets in sorted(shown.tried.items())
        )
        sentences.append(tell("alt_tried", setting=tell(over.name), values=values))
    return " ".join(sentences)


def _last(accuracies: Sequence[float]) -> float:
    return accuracies[-1] if accuracies else math.nan
