"""The picture of a race, and the same in words: each surface from above, with the rules' ways, and their heights."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ..messages import tell
from .picture import Picture, Style
from .race import STEPS, Race
from .surfaces import SURFACES, Surface, X, Y

STYLES: dict[str, Style] = {
    "sgd": {"color": "#D55E00", "linestyle": "--", "marker": "s"},
    "sgd_momentum": {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    "rmsprop": {"color": "#009E73", "linestyle": "-.", "marker": "^"},
    "adam": {"color": "#A6559A", "linestyle": ":", "marker": "D"},
}
"""How each rule is drawn: contrast on white is 3:1 or more, and lines and markers tell it, too."""
HEIGHTS = (1e-6, 1e2)
FAR = 1e4
"""How far from the middle a way is drawn; what is beyond is outside in any case."""
LEVELS = np.array([0.03, 0.15, 0.4, 0.8, 1.4, 2.2, 3.2, 4.5, 6, 8])
"""Heights of the contour lines."""


@dataclass
class RaceShown:
    """What a picture shows."""

    settings: str
    """The values that were set, in words."""
    race: Race

    def remarks(self) -> list[str]:
        """One line for each rule that stopped, or that is where the plots cannot show it."""
        race, found = self.race, list(self.race.faults.values())
        for rule in race.points:
            if rule in race.faults:
                continue
            stopped = {k: race.stopped[rule, k] for k in range(len(SURFACES)) if (rule, k) in race.stopped}
            x, y = race.points[rule][:, race.step].T
            away = [k for k in range(len(SURFACES)) if not (X[0] <= x[k] <= X[1] and Y[0] <= y[k] <= Y[1])]
            if stopped:
                places = ", ".join(tell("race_at", surface=tell(SURFACES[k].name), step=stopped[k]) for k in stopped)
                found.append(tell("race_not_finite", rule=tell(rule), places=places))
            elif away:
                names = ", ".join(tell(SURFACES[k].name) for k in away)
                found.append(tell("race_away", rule=tell(rule), surfaces=names))
        return found

    def in_words(self) -> str:
        """How high each rule is on each surface."""
        race = self.race
        sentences = [tell("race_alt", settings=self.settings, step=race.step, steps=STEPS)]
        heights = {rule: race.heights(rule)[:, race.step] for rule in race.points}
        for k, surface in enumerate(SURFACES):
            values = [f"{tell(rule)} {heights[rule][k]:.2g}" for rule in heights if np.isfinite(heights[rule][k])]
            if values:
                sentences.append(
                    tell("race_alt_surface", surface=tell(surface.name).capitalize(), values=", ".join(values))
                )
        return " ".join(sentences)


class RacePicture(Picture[RaceShown]):
    """See `Picture`.

    Args:
        narrow: as for `Picture`.
    """

    def __init__(self, *, narrow: bool) -> None:
        super().__init__(2, len(SURFACES), {tell(rule): style for rule, style in STYLES.items()}, narrow=narrow)

    def _prepare(self, plots: Sequence[Axes]) -> list[Line2D]:
        maps, curves = plots[: len(SURFACES)], plots[len(SURFACES) :]
        for ax, surface in zip(maps, SURFACES, strict=True):
            _draw_surface(ax, surface)
        for ax, surface in zip(curves, SURFACES, strict=True):
            ax.set(
                title=tell("race_heights", surface=tell(surface.name).capitalize()),
                xlabel=tell("step"),
                ylabel=tell("height"),
            )
            ax.set(yscale="log", ylim=HEIGHTS, xlim=(-0.02 * STEPS, 1.02 * STEPS))
            ax.minorticks_off()
        self._ways: dict[str, list[list[Line2D]]] = {}
        for rule, style in STYLES.items():
            way = style | {"linewidth": 1.1, "markersize": 7}
            height = style | {"linewidth": 1.2, "markersize": 4, "markevery": STEPS // 10}
            looks = ((maps, way), (curves, height))
            self._ways[rule] = [[ax.plot([], [], animated=True, **look)[0] for ax in axes] for axes, look in looks]
        ring: Style = {"color": "black", "marker": "o", "markersize": 9, "markerfacecolor": "none", "linestyle": ""}
        self._starts = [ax.plot([], [], animated=True, **ring)[0] for ax in maps]
        return [*self._starts, *(line for kinds in self._ways.values() for lines in kinds for line in lines)]

    def _fill(self, shown: RaceShown) -> None:
        race = shown.race
        for start in self._starts:
            start.set_data([race.start[0]], [race.start[1]])
        for rule, (ways, curves) in self._ways.items():
            points = np.clip(race.points[rule][:, : race.step + 1], -FAR, FAR)
            heights = np.clip(race.heights(rule)[:, : race.step + 1], *HEIGHTS)
            for k in range(len(SURFACES)):
                ways[k].set_data(*points[k].T)
                ways[k].set_markevery([race.step])
                curves[k].set_data(range(race.step + 1), heights[k])

    def is_map(self, ax: Axes) -> bool:
        """Whether a plot is a surface from above."""
        return ax in self.plots[: len(SURFACES)]


def _draw_surface(ax: Axes, surface: Surface) -> None:
    """Contour lines, and a cross where it is lowest."""
    x, y = np.meshgrid(np.linspace(*X, 161), np.linspace(*Y, 121))
    ax.contour(x, y, surface.height(np.stack([x, y], axis=-1)), levels=LEVELS, colors="0.72", linewidths=0.8)
    ax.plot(*zip(*surface.lowest, strict=True), color="black", marker="x", markersize=6, linestyle="")
    ax.set(title=tell("race_map", surface=tell(surface.name).capitalize()), xlabel="x", ylabel="y", xlim=X, ylim=Y)
    ax.set_xticks(range(round(X[0]), round(X[1]) + 1))
    ax.set_yticks(np.arange(Y[0], Y[1] + 0.5, 0.5))
