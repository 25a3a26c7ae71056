"""The pictures of a report as numbers: where each bar lies, in units of the picture."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median, quantiles

_WIDTHS = (0.25, 0.5, 1.0, 2.0, 2.5, 5.0)
_MOST_BARS = 10
"""Besides those of no points and of all points."""
WIDTH, HEIGHT = 480, 190
"""Of the picture of points."""
_LEFT, _TOP, _BOTTOM = 6, 22, 24
"""What numbers take, in the same units."""
_GAP = 4


@dataclass(frozen=True)
class Bar:
    """How many have so many points."""

    low: float
    high: float
    """As `low` where the bar is of exactly these points; else it is left out."""
    count: int
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0

    @property
    def exact(self) -> bool:
        """Whether it is of no points, or of all."""
        return self.low == self.high


@dataclass(frozen=True)
class Tick:
    """A number below the bars."""

    x: float
    value: float


@dataclass(frozen=True)
class Histogram:
    """How points are spread."""

    most: float
    """Points that there are."""
    count: int
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    mean: float
    median: float
    middle: tuple[float, float]
    """Between which the middle half lies."""

    @property
    def whole(self) -> int:
        """How many have all points."""
        return self.bars[-1].count

    @property
    def none(self) -> int:
        """How many have none."""
        return self.bars[0].count


def histogram(points: Sequence[float], most: float) -> Histogram | None:
    """The points of a class, none and all of them apart from the rest; None of nobody, and where there are no points.

    Args:
        points: one number for each submission.
        most: points that there are.
    """
    if not points or most <= 0:
        return None
    step = _step(most)
    edges = [*(step * number for number in range(math.ceil(most / step))), most]
    inner = [0] * (len(edges) - 1)
    for value in points:
        if 0 < value < most:
            inner[min(int(value // step), len(inner) - 1)] += 1
    counts = [sum(value <= 0 for value in points), *inner, sum(value >= most for value in points)]
    ranges = [(0.0, 0.0), *itertools.pairwise(edges), (most, most)]
    wide = (WIDTH - 2 * _LEFT) / len(counts)
    room, tallest = HEIGHT - _TOP - _BOTTOM, max(counts)
    bars = []
    for number, ((low, high), count) in enumerate(zip(ranges, counts, strict=True)):
        height = room * count / tallest
        x = _LEFT + number * wide + _GAP / 2
        bars.append(Bar(low, high, count, round(x, 2), round(_TOP + room - height, 2), wide - _GAP, round(height, 2)))
    ticks = [Tick(_LEFT + wide / 2, 0.0), Tick(WIDTH - _LEFT - wide / 2, most)]
    ticks += [Tick(_LEFT + (number + 1) * wide, edge) for number, edge in enumerate(edges[:-1]) if number]
    low, _, high = quantiles(points, n=4, method="inclusive") if len(points) > 1 else [points[0]] * 3
    return Histogram(most, len(points), tuple(bars), tuple(ticks), mean(points), median(points), (low, high))


def _step(most: float) -> float:
    """Points in a bar: a round number, so that there are not too many bars."""
    scale = 1.0
    while True:
        for width in _WIDTHS:
            if math.ceil(most / (width * scale)) <= _MOST_BARS:
                return width * scale
        scale *= 10


@dataclass(frozen=True)
class Part:
    """A part of a bar that is filled from left to right, in hundredths of it."""

    kind: str
    x: float
    width: float


def parts(**amounts: float) -> tuple[Part, ...]:
    """A bar as wide as all amounts together; those that are 0 are left out."""
    total = sum(amounts.values())
    found, x = [], 0.0
    for kind, amount in amounts.items():
        if amount > 0:
            width = 100 * amount / total
            found.append(Part(kind, round(x, 3), round(width, 3)))
            x += width
    return tuple(found)
