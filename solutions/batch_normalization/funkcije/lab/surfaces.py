"""Surfaces on which update rules race: functions of two numbers, with their gradients.

Each has height 0 where it is lowest. Where a surface is noisy, the gradient is, as that of a batch of a few images is:
its height is what all images together would give.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

X, Y = (-2.0, 2.0), (-1.5, 1.5)
"""What is shown of each."""


@dataclass(frozen=True)
class Surface:
    """A surface; points are arrays (..., 2)."""

    name: str
    """Key of `messages`."""
    height: Callable[[np.ndarray], np.ndarray]
    """From points to heights (...)."""
    gradient: Callable[[np.ndarray], np.ndarray]
    """From points to gradients (..., 2)."""
    lowest: tuple[tuple[float, float], ...]
    """Where the height is 0."""
    noise: float = 0.0
    """Standard deviation of what is added to each number of the gradient."""


STEEPNESS = np.array([0.1, 8.0])
"""Of the valley, along it and across: 80 times as steep, so that no learning rate suits both."""
ACROSS, ALONG = np.array([0.6, 0.8]), np.array([-0.8, 0.6])
"""Directions of the saddle: down from it, to where it is lowest, and down to it."""

SURFACES = (
    # ½ (0.1 x² + 8 y²)
    Surface("valley", lambda p: 0.5 * (STEEPNESS * p * p).sum(axis=-1), lambda p: STEEPNESS * p, ((0.0, 0.0),)),
    # ¼ (v² - 1)² + ½ u², with v across and u along
    Surface(
        "saddle",
        lambda p: 0.25 * ((p @ ACROSS) ** 2 - 1) ** 2 + 0.5 * (p @ ALONG) ** 2,
        lambda p: ((p @ ACROSS) ** 3 - p @ ACROSS)[..., None] * ACROSS + (p @ ALONG)[..., None] * ALONG,
        ((0.6, 0.8), (-0.6, -0.8)),
    ),
    # ½ (x² + y²)
    Surface("noisy_bowl", lambda p: 0.5 * (p * p).sum(axis=-1), lambda p: p, ((0.0, 0.0),), noise=1.0),
)
