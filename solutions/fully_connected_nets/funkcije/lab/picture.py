"""A picture that is drawn many times a second, and the same in words: what the explorers' pictures have in common.

Axes, ticks and legends are drawn once; a frame restores them and draws only its lines on top (blitting), which takes
milliseconds where a new figure takes tenths of a second. For that the axes never change: what leaves the frame stays at
its edge, with its value in words.
"""

import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

Style = dict[str, Any]

WIDTH, HEIGHT, DPI = 11.5, 3.3, 88
"""Inches of a row of plots, and pixels of an inch."""
NARROW_WIDTH, NARROW_HEIGHT, NARROW_WORDS, TITLE = 5.8, 2.5, 1.1, 34
"""Inches of a row of two plots, where there is room for no more, and of words above it; letters of a title's line."""


class Shown(Protocol):
    """What a picture shows."""

    settings: str
    """The values that were set, in words."""

    def remarks(self) -> list[str]:
        """What the lines alone do not say."""

    def in_words(self) -> str:
        """What the lines say."""


S = TypeVar("S", bound=Shown)


class Picture(Generic[S]):
    """Rows of plots, with a legend, the settings and a status.

    Args:
        rows: rows of plots.
        columns: plots in a row.
        legend: names of lines, and how they are drawn.
        narrow: two plots in a row; legend, settings and status stand where the first row leaves a place, or above it.
    """

    def __init__(self, rows: int, columns: int, legend: Mapping[str, Style], *, narrow: bool = False) -> None:
        self.narrow = narrow
        with matplotlib.rc_context():
            # The student's own settings are for the student's figures.
            matplotlib.rcdefaults()
            matplotlib.rcParams.update({"axes.grid": True, "grid.alpha": 0.3, "font.size": 9, "axes.titlesize": 10})
            matplotlib.rcParams["axes.titley"] = 1.0  # to look for a place for each title takes a third of the time
            figure, self.plots, words = (_narrow_plots if narrow else _wide_plots)(rows, columns)
            self._canvas = cast(Any, FigureCanvasAgg(figure))
            self._lines = self._prepare(self.plots)
            if narrow or columns > 3:
                for ax in self.plots:
                    ax.set_title(textwrap.fill(ax.get_title(), TITLE), fontsize=9)
                    ax.set_xlabel(textwrap.fill(ax.get_xlabel(), TITLE))
            self._settings = figure.text(*words.settings, "", va="top", weight="bold", animated=True)
            self._status = figure.text(
                *words.status, "", va="top", ha="left" if narrow else "right", linespacing=1.25, animated=True
            )
            handles = [Line2D([], [], label=name, **style) for name, style in legend.items()]
            figure.legend(handles=handles, loc="upper left", bbox_to_anchor=words.legend,
                          ncols=1 if narrow else len(handles), frameon=False, borderaxespad=0)  # fmt: skip
            self._canvas.draw()
        self._background = self._with_words = self._canvas.copy_from_bbox(figure.bbox)
        self._said = ("", "")
        self._figure = figure
        self._colours = _palette(["black", *(style["color"] for style in legend.values())])

    def _prepare(self, plots: Sequence[Axes]) -> Sequence[Line2D]:
        """Label the plots, and make in them, animated, the lines that each frame draws, the first at the bottom."""
        raise NotImplementedError

    def _fill(self, shown: S) -> None:
        """Give the lines their values."""
        raise NotImplementedError

    def draw(self, shown: S, status: str = "", *, small: bool = False) -> tuple[bytes, str]:
        """The picture as PNG, and in words.

        Args:
            shown: what it shows.
            status: a line at its top.
            small: take longer, for a file that is kept.
        """
        remarks = [status, *shown.remarks()]
        words = self._lines_of([shown.settings], TITLE - 7), self._lines_of(remarks, TITLE - 2)
        if words != self._said:  # letters take as long as all lines, and are the same in most frames
            self._said = words
            self._canvas.restore_region(self._background)
            for text, said in zip((self._settings, self._status), words, strict=True):
                text.set_text(said)
                self._figure.draw_artist(text)
            self._with_words = self._canvas.copy_from_bbox(self._figure.bbox)
        self._canvas.restore_region(self._with_words)
        self._fill(shown)
        for line in self._lines:
            if line.axes is not None:
                line.axes.draw_artist(line)
        image = Image.fromarray(np.asarray(self._canvas.buffer_rgba())).convert("RGB")
        # With a table of the few colours that there are, a picture takes a third of the time to pack.
        image = image.quantize(palette=self._colours, dither=Image.Dither.NONE)
        file = io.BytesIO()
        image.save(file, "PNG", **({"optimize": True} if small else {"compress_level": 1}))
        return file.getvalue(), " ".join([shown.in_words(), *filter(None, remarks)])

    def at(self, across: float, down: float) -> tuple[Axes, float, float] | None:
        """The plot at a place of the picture, in shares of its width and height, and the point there; None outside."""
        pixel = (across * self._figure.bbox.width, (1 - down) * self._figure.bbox.height)
        for ax in self.plots:
            if ax.bbox.contains(*pixel):
                x, y = ax.transData.inverted().transform(pixel)
                return ax, float(x), float(y)
        return None

    def _lines_of(self, sentences: Sequence[str], letters: int) -> str:
        """One sentence to a line, or where there is room for so many letters only, to several."""
        return "\n".join(textwrap.fill(one, letters) if self.narrow else one for one in sentences if one)


@dataclass(frozen=True)
class _Words:
    """Where the words of a picture begin, in shares of its width and height."""

    settings: tuple[float, float]
    status: tuple[float, float]
    legend: tuple[float, float]


_Plots = tuple[Figure, Sequence[Axes], _Words]
"""A figure, its plots row by row, and where its words stand."""


def _wide_plots(rows: int, columns: int) -> _Plots:
    """The plots as they are, the words above them."""
    figure = Figure(figsize=(WIDTH, HEIGHT * rows + 0.45), dpi=DPI, facecolor="white")
    grid = figure.subplots(rows, columns, squeeze=False)
    top = 0.88 if rows > 1 else 0.79 if columns < 4 else 0.75
    figure.subplots_adjust(0.055, 0.07 if rows > 1 else 0.14, 0.99, top, 0.22 if columns < 4 else 0.35, 0.36)
    legend = (0.004, 1 - 0.24 / figure.get_figheight())
    return figure, list(grid.flat), _Words((0.01, 0.985), (0.99, 0.985), legend)


def _narrow_plots(rows: int, columns: int) -> _Plots:
    """Two plots in a row; the words stand where those of the first row leave a place, or else above all of them."""
    odd = columns % 2
    lines = rows * (columns + odd) // 2
    above = 0.0 if odd else NARROW_WORDS
    height = NARROW_HEIGHT * lines + above
    figure = Figure(figsize=(NARROW_WIDTH, height), dpi=DPI, facecolor="white")
    places = list(figure.subplots(lines, 2, squeeze=False).flat)
    figure.subplots_adjust(0.12, 0.6 / height, 0.965, 1 - (0.45 + above) / height, 0.33, 0.7)
    starts = range(0, len(places), columns + odd)
    plots = [place for start in starts for place in places[start : start + columns]]
    for unused in places:
        if unused not in plots:
            unused.set_axis_off()
    line = 0.19 / height
    if odd:
        box = places[columns].get_position()
        words = _Words((box.x0, box.y1), (box.x0, box.y1 - 8 * line), (box.x0 - 0.01, box.y1 - 4 * line))
    else:
        left, right, edge = plots[0].get_position().x0, plots[1].get_position().x0, 1 - 0.1 / height
        words = _Words((left, edge), (left, edge - 3.4 * line), (right - 0.01, edge))
    return figure, plots, words


def _palette(colours: Sequence[str]) -> Image.Image:
    """A table of these colours, each in shades up to white; no closer to it than Pillow tells numbers apart."""
    shades = np.linspace(0, 1, 32)[:, None]
    table = np.vstack([255 * (rgb + (1 - rgb) * shades) for rgb in map(np.array, map(to_rgb, colours))])
    image = Image.new("P", (1, 1))
    image.putpalette(table.round().astype(np.uint8).tobytes())
    return image
