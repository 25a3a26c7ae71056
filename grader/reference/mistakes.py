"""The known mistakes of an assignment, as its author wrote them down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from checks.core import Assignment
from checks.language import Catalogue, catalogue
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


def hints_of(mistakes: Iterable[Mistake]) -> dict[str, Mapping[str, str]]:
    """Hints that are written beside the mistakes, by mistake and language; others stand in `.toml` files."""
    return {mistake.id: mistake.hint for mistake in mistakes if mistake.hint}


def words_of(assignment: Assignment, language: str) -> Catalogue:
    """All that is said about an assignment, in its checks, its mistakes and its `.toml` files."""
    hints = hints_of(load_mistakes(assignment))
    return catalogue(language, assignment.folder, {**assignment.sentences, **hints})


def load_families(assignment: Assignment) -> tuple[Family, ...]:
    """The families of forward passes with a number to fit, beside the known mistakes; none at all if there are none."""
    families: tuple[Family, ...] = getattr(load_beside(assignment, "mistakes"), "FAMILIES", ())
    return families
