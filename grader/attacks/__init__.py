"""Hostile submissions, and what they are held against: `grader doctor` and the kit's own tests run the same battery.

Each attack is the assignment's own solution with a few lines of hostile code around one function, or with files beside
it. `world` builds what it would like to reach, `battery` grades it and says what did not hold. What touches notebooks,
archives and pages is not here: those attacks need nbgrader around them.
"""

from __future__ import annotations

from .attack import Attack
from .bringing_down import BRINGING_DOWN
from .forging import FORGING
from .leaving import LEAVING
from .reading import READING
from .shadowing import SHADOWING
from .writing import WRITING

ATTACKS: tuple[Attack, ...] = (*FORGING, *READING, *WRITING, *LEAVING, *BRINGING_DOWN, *SHADOWING)
