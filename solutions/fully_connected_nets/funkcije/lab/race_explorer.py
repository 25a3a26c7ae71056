"""The explorer of update rules: they race again whenever a slider moves, or the point from which they start."""

from typing import Any, ClassVar, cast

from .explorer import Explorer
from .panel import Control, Words
from .race import Race
from .race_figures import RacePicture, RaceShown
from .surfaces import X, Y

DECAYS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999)
CONTROLS = (
    Control("learning_rate", 10**-1.0, exponents=(-4.0, 1.0, 0.25)),
    Control("memory", 0.9, choices=DECAYS),
    Control("decay", 0.99, choices=DECAYS),
    Control("start_x", -1.6, steps=(*X, 0.05)),
    Control("start_y", 1.25, steps=(*Y, 0.05)),
)
"""The point lies near the ridge of the saddle, where it is hard to leave."""


class RaceExplorer(Explorer[Race, RaceShown]):
    """See `Explorer`.

    Args:
        live: as for `Explorer`.
    """

    words: ClassVar[Words] = Words(
        "race", "race_move", "race_running", "race_progress", "race_finished", "race_first", "race_stopped"
    )
    place: ClassVar[tuple[str, str] | None] = ("start_x", "start_y")

    def __init__(self, *, live: bool | None = None) -> None:
        super().__init__(CONTROLS, lambda narrow: RacePicture(narrow=narrow), live=live)

    def _new_run(self) -> Race:
        return self._race(watched=True)

    def _new_first_run(self) -> Race:
        return self._race(watched=False)

    def _race(self, *, watched: bool) -> Race:
        rate, memory, decay, x, y = (float(self._values[control.name]) for control in CONTROLS)
        settings: dict[str, dict[str, float]] = {
            "sgd": {},
            "sgd_momentum": {"momentum": memory},
            "rmsprop": {"decay_rate": decay},
            "adam": {"beta1": memory, "beta2": decay},
        }
        configs = {rule: {"learning_rate": rate} | others for rule, others in settings.items()}
        return Race(configs, (x, y), watched=watched)

    def _shown(self, run: Any) -> RaceShown:
        return RaceShown(self.settings, run)

    def _point_at(self, form: str, across: float, down: float) -> tuple[float, float] | None:
        picture = cast(RacePicture, self._picture if form == "wide" else self._narrow)
        found = picture.at(across, down)
        return found[1:] if found and picture.is_map(found[0]) else None
