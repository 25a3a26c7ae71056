"""What pretenders are: submissions that try to earn points for nothing, or for more than they hold.

Instructor-only, as known mistakes are. A pretender is text, so that each run begins from a fresh package (what it
remembers is forgotten) and the same text can be graded in the sandbox.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Pretender:
    """A changed submission."""

    id: str
    sentence: str
    """What it does, for the table."""
    added: Mapping[str, str] = field(default_factory=dict)
    """Module (without `.py`) to what follows its end; a function that is defined again replaces the first."""
    regions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Module to what replaces its solution regions, one after the other; None of them if it is missing."""
    own_process: bool = False
    """Whether it says something only in a process of its own, as it looks for what the judge holds in memory."""
    earns: Mapping[str, float] = field(default_factory=dict)
    """Function to the points that it must have, no more and no fewer, where that is known."""
    by_turns: bool = False
    """Whether it is right by the count of its calls: those around a wrong one may then hang together, as form does."""
