"""A race: a student's update rules from one point, step by step, on each of the surfaces.

What a rule does is its own affair: a rule that raises, or whose point is no longer a finite number, stops there, and
the others go on. Each works on copies, with a `config` of its own on each surface.
"""

import math
from collections.abc import Mapping
from time import perf_counter
from typing import Any

import numpy as np

from .. import optim
from ..messages import tell
from .faults import explained
from .surfaces import SURFACES

STEPS = 200
"""That each rule makes."""
SECONDS, LEAST = 2.0, 2
"""How long a race takes where somebody watches, and its steps between two pictures, at least; as fast as it can be, it
would be over in a few hundredths of a second."""
SEED = 231
"""Of the noise, which is the same for all rules, and in every race."""


class Race:
    """Rules under way, in slices of time; see `explorer.Run`.

    Args:
        configs: the rules of `optim`, by name, and the settings of each.
        start: where they start, (x, y).
        watched: take `SECONDS` for all steps.
    """

    def __init__(
        self, configs: Mapping[str, Mapping[str, float]], start: tuple[float, float], *, watched: bool
    ) -> None:
        self.start, self.step = start, 0
        self.points = {rule: np.full((len(SURFACES), STEPS + 1, 2), np.nan) for rule in configs}
        """Where each rule was on each surface, before its first step and after each; NaN from where it stopped."""
        self.stopped: dict[tuple[str, int], int] = {}
        """Rules whose point is not finite, on a surface by its number: in which step."""
        self.faults: dict[str, str] = {}
        """Rules that race no further, on no surface, and why."""
        self._configs = {(rule, k): dict(config) for rule, config in configs.items() for k in range(len(SURFACES))}
        noise = np.random.default_rng(SEED).standard_normal((len(SURFACES), STEPS, 2))
        self._noise = noise * np.array([surface.noise for surface in SURFACES])[:, None, None]
        for points in self.points.values():
            points[:, 0] = start
        self._watched, self._begun, self._seconds = watched, 0.0, 0.0

    def advance(self, seconds: float) -> bool:
        """Race for some time; False if nothing is left to do."""
        begun = perf_counter()
        self._begun = self._begun or begun
        due = int(STEPS * (begun - self._begun) / SECONDS) if self._watched else STEPS
        last = min(max(due, self.step + LEAST), STEPS)
        with np.errstate(all="ignore"):
            while self.step < last and perf_counter() < begun + seconds:
                for rule, k in self._racing():
                    self._move(rule, k)
                self.step += 1
        self._seconds = perf_counter() - self._begun
        return self.step < STEPS and bool(self._racing())

    @property
    def done(self) -> float:
        """See `explorer.Run`."""
        return self.step / STEPS

    @property
    def seconds_left(self) -> float:
        """See `explorer.Run`."""
        return self._seconds * (STEPS - self.step) / self.step if self.step else 0.0

    def close(self) -> None:
        """See `explorer.Run`; there is nothing to end."""

    def heights(self, rule: str) -> np.ndarray:
        """How high a rule was on each surface, (surfaces, STEPS + 1); NaN from where it stopped."""
        with np.errstate(all="ignore"):
            return np.stack([surface.height(self.points[rule][k]) for k, surface in enumerate(SURFACES)])

    def _racing(self) -> list[tuple[str, int]]:
        return [one for one in self._configs if one[0] not in self.faults and one not in self.stopped]

    def _move(self, rule: str, k: int) -> None:
        """One step of a rule on a surface."""
        if rule in self.faults:
            return
        w = self.points[rule][k, self.step].copy()
        dw = SURFACES[k].gradient(w) + self._noise[k, self.step]
        try:
            point, self._configs[rule, k] = _stepped(rule, w, dw, self._configs[rule, k])
        except NotImplementedError:
            self.faults[rule] = tell("race_not_written", rule=tell(rule))
        except _Odd as odd:
            self.faults[rule] = tell("race_fault", rule=tell(rule), error=odd)
        except Exception as error:
            self.faults[rule] = tell("race_fault", rule=tell(rule), error=explained(error))
        else:
            self.points[rule][k, self.step + 1] = point
            if not all(map(math.isfinite, point)):
                self.stopped[rule, k] = self.step + 1


class _Odd(Exception):
    """What a rule returned cannot be a step."""


def _stepped(rule: str, w: np.ndarray, dw: np.ndarray, config: Any) -> tuple[np.ndarray, Any]:
    """What a rule makes of a point.

    Raises:
        Exception: whatever the rule raises.
        _Odd: it returns something else than a point and a config.
    """
    result = getattr(optim, rule)(w, dw, config)
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise _Odd(tell("race_result", found=type(result).__name__))
    point = np.asarray(result[0])
    if point.shape != w.shape or point.dtype.kind not in "fiu":
        raise _Odd(tell("race_point", found=f"{point.dtype} {point.shape}"))
    return point.astype(float), result[1]
