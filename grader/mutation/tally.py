"""What is counted while students are judged by the checks."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np

from checks.pretenders import Pretender


@dataclass
class Row:
    """What one pretender earned on some draws: the most of them, by function."""

    pretender: Pretender
    alone: dict[str, float] = field(default_factory=dict)
    beside: dict[str, float] = field(default_factory=dict)
    """Of empty ones, function to its points where it alone pretends; of kept ones, points over empty functions."""
    takes: set[str] = field(default_factory=set)
    """Functions that lost a point beside another that pretends, and are not built on it."""
    checks: set[str] = field(default_factory=set)
    """Every check that it earned on some draw."""
    undue: set[str] = field(default_factory=set)
    """Checks that it earned and was not due."""
    denied: set[str] = field(default_factory=set)
    """Checks of values that it was due and did not earn."""
    broke: str = ""
    """What the judge raised."""

    @property
    def score(self) -> float:
        """Points of the whole submission."""
        return sum(self.alone.values())


@dataclass
class Tally:
    """The results of some draws; `add` sums them up."""

    draws: int = 0
    named_on: int = 0
    """Draws on which mistakes were named, too."""
    killed: Counter[str] = field(default_factory=Counter)
    """Mistake to the draws on which the check made for it failed."""
    named: Counter[str] = field(default_factory=Counter)
    """Mistake to the draws on which that check named it."""
    misnamed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Mistake to those that were named in its place, by any check."""
    breaks: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Mistake to the checks that it failed."""
    lost: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Variant (or the reference) to the checks on which it lost points, with the draw."""
    loses: dict[str, float] = field(default_factory=dict)
    """Precision to the largest distance of a right result from the truth, as `compare` measures it."""
    moves: dict[str, float] = field(default_factory=dict)
    """Precision to the smallest distance of a mistake's result on the check made for it."""
    pairs: int = 0
    undetected: list[str] = field(default_factory=list)
    half_named: int = 0
    """Pairs of which at least one was named."""
    both_named: int = 0
    pair_misnamed: list[str] = field(default_factory=list)
    pretending: dict[str, list[Row]] = field(default_factory=dict)
    """What pretenders earned, by their kind."""

    def add(self, other: Tally) -> None:
        """Take another tally in."""
        self.draws += other.draws
        self.named_on += other.named_on
        self.killed += other.killed
        self.named += other.named
        for mine, theirs in ((self.misnamed, other.misnamed), (self.breaks, other.breaks), (self.lost, other.lost)):
            for key, values in theirs.items():
                mine[key] |= values
        for precision, distance in other.loses.items():
            self.loses[precision] = max(distance, self.loses.get(precision, 0.0))
        for precision, distance in other.moves.items():
            self.moves[precision] = min(distance, self.moves.get(precision, np.inf))
        self.pairs += other.pairs
        self.undetected += other.undetected
        self.half_named += other.half_named
        self.both_named += other.both_named
        self.pair_misnamed += other.pair_misnamed
