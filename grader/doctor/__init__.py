"""Hostile submissions, and what they are held against: `grader doctor` and the kit's own tests run the same batteries.

`ATTACKS` go through the door of `grader check`: the assignment's own solution with a few lines of hostile code around
one function, or with files beside it. `world` builds what they would like to reach, `battery` grades them and says what
did not hold. `HANDED_IN` go through nbgrader, as one class: what touches notebooks, archives and pages, and of the
others those that meet another path there; `classroom` hands them in, collects and grades them.
"""

from __future__ import annotations

from .attack import Attack, HandedIn
from .bringing_down import BRINGING_DOWN
from .classroom import from_battery
from .flooding import FLOODING
from .forging import FORGING
from .leaving import LEAVING
from .notebook import CELLS, TAMPERING
from .packaging import PACKAGING
from .pages import PAGES
from .reading import READING
from .shadowing import SHADOWING
from .writing import WRITING

__all__ = ["ATTACKS", "HANDED_IN", "Attack", "HandedIn"]

ATTACKS: tuple[Attack, ...] = (*FORGING, *READING, *WRITING, *LEAVING, *BRINGING_DOWN, *FLOODING, *SHADOWING)

_BY_A_MODULE = {
    "reply_of_its_own": None,
    "patched_worker": None,
    "reference": None,
    "other_submission": None,
    "grade_of_its_own": None,
    "own_module": None,
    "loopback": None,
    "fork": None,
    "memory": None,
    "killing_the_grader": None,
    "numpy_beside": "Removed, as it would hide",
    "checks_of_its_own": "Removed, as it would hide",
    "link_to_the_secret": None,
}
"""Attacks by code in a module, each with what is said of it where nbgrader says more."""

HANDED_IN: tuple[HandedIn, ...] = (
    *TAMPERING,
    *CELLS,
    *PACKAGING,
    *PAGES,
    *(from_battery(attack, _BY_A_MODULE[attack.name]) for attack in ATTACKS if attack.name in _BY_A_MODULE),
)
