"""What known mistakes and correct variants are: small edits of the reference, and what they are called.

Instructor-only: a release carries the numbers that mistakes give, never the edits.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Edit:
    """Replace `old`, which stands exactly once in the function's source, by `new`."""

    module: str
    function: str
    """A function, a class, or `Class.method`."""
    old: str
    new: str


@dataclass(frozen=True)
class Mistake:
    """A wrong version of one function."""

    id: str
    """Also the key of its hint in `checks/NAME/*.toml`."""
    module: str
    function: str
    """The graded function that it is a mistake in."""
    breaks: str
    """The check made for it, by id."""
    replace: tuple[tuple[str, str], ...]
    """(old, new): each `old` stands exactly once in the function's source."""
    edited: str = ""
    """Where the change is made, if not in `function` itself: `Model.loss`."""
    carries_gradient: bool = True
    """Whether a backward pass may be judged on this forward pass; not where it is constant or affine in `x`."""
    hint: Mapping[str, str] = field(default_factory=dict)
    """Its hint by language, if that is not in a `.toml` file."""
    parts: tuple[str, ...] = ()
    """Known mistakes that this one is made of: beside another mistake, what is said of them is true of it, too."""


FITTED = "FITTED"
"""Stands in the new text of a `Family` for the number that is fitted."""


@dataclass(frozen=True)
class Family:
    """Wrong versions of a forward pass that differ in one number, which may have any value.

    Nothing is named by them. They reproduce what a student's forward pass gives, so that a right backward pass on it
    keeps its points.
    """

    id: str
    module: str
    function: str
    replace: tuple[tuple[str, str], ...]
    """As in `Mistake`."""


@dataclass(frozen=True)
class Variant:
    """A right way to write the tasks that is not the reference's; must score full."""

    id: str
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """Functions, and models, that take the place of the reference's of the same name."""
    module: str = ""
    function: str = ""
    replace: tuple[tuple[str, str], ...] = ()
    """As in `Mistake`."""


def in_function(module: str, function: str) -> Callable[..., Mistake]:
    """What writes down mistakes in one function: `wrong(id, check, {old: new})`, the check by its name there."""

    def wrong(id: str, check: str, replace: Mapping[str, str], **more: Any) -> Mistake:
        return Mistake(id, module, function, f"{function}.{check}", tuple(replace.items()), **more)

    return wrong
