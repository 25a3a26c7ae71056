"""The known mistakes of an assignment, as its author wrote them down."""

from __future__ import annotations

from checks.core import Assignment
from checks.mistakes import Family, Mistake

from ..errors import GraderError
from .instructor_only import load_beside


def load_mistakes(assignment: Assignment) -> tuple[Mistake, ...]:
    """The known mistakes of an assignment: a module `checks/NAME/mistakes.py` or a package of that name.

    Returns:
        None at all if there is neither.

    Raises:
        GraderError: the file has no `MISTAKES`.
    """
    module = load_beside(assignment, "mistakes")
    if module is None:
        return ()
    mistakes: tuple[Mistake, ...] | None = getattr(module, "MISTAKES", None)
    if mistakes is None:
        raise GraderError(
            f"{module.__file__}: no MISTAKES in it. Next: list the assignment's known mistakes under that name."
        )
    return mistakes


def load_families(assignment: Assignment) -> tuple[Family, ...]:
    """The families of forward passes with a number to fit, beside the known mistakes; none at all if there are none."""
    families: tuple[Family, ...] = getattr(load_beside(assignment, "mistakes"), "FAMILIES", ())
    return families
