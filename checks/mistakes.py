"""What a known mistake is: a small change to the reference, and what it is called.

Stays with the instructor: a release carries only the numbers that mistakes give, never the changes.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """A wrong version of one function."""

    id: str
    """Also the key of its hint in `checks/NAME/messages.toml`."""
    module: str
    function: str
    """The graded function that it is a mistake in."""
    breaks: str
    """The check made for it, by id."""
    replace: tuple[tuple[str, str], ...]
    """(old, new): each `old` stands exactly once in the function's source."""
    edited: str = ""
    """Where the change is made, if not in `function` itself: `FullyConnectedNet.loss`."""
    carries_gradient: bool = True
    """Whether a backward pass may be judged on this forward pass; not where it is constant or affine in `x`."""
