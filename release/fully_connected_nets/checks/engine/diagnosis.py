"""Which known mistakes explain what a function gave, over all of its checks at once.

A mistake is named only where the numbers prove it: what it gives equals what came, and nowhere in the function does it
change what came out right. So one check is not looked at by itself: many mistakes look alike in one, few in ten.

1. One mistake that accounts for every wrong number of the function, and for no right one, is the diagnosis.
2. Else two that do so together: each accounts for some numbers by itself, and where both have a hand in a number, both
   at once are tried (live) or left open (from a recording).
3. Else, where a function has parts, such as a branch for each of its options, one for each part; and in what
   that leaves, check by check, a mistake that accounts for all of that check, and that no other check speaks against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..core import Check, smallest
from .case import Known, KnownMistakes, NotKnown
from .fingerprint import NOT_FINITE, Fingerprints

Place = tuple[int, str]
"""A result: the index of the size, and its name."""

RAISED: Place = (-1, "")
"""The place of an error, for a check that raised."""

_TRIED = 12
"""Pairs that are tried before the search is given up."""


@dataclass(frozen=True)
class Seen:
    """What a check saw."""

    check: Check
    case: KnownMistakes
    prints: Sequence[Fingerprints] = ()
    """Size by size; nothing if it raised."""
    right: Sequence[Fingerprints] = ()
    """Of the truth."""
    wrong: frozenset[Place] = frozenset()
    """What was judged wrong; `RAISED` if it raised."""
    error: str = ""
    """What it raised, as `faults.signature` writes it."""
    weak: frozenset[Place] = frozenset()
    """Answers of yes or no: there is one wrong one, which every mistake gives that is one."""
    empty: bool = False
    """Nothing of a computation came (`case.is_empty`)."""

    @property
    def cost(self) -> tuple[bool, int]:
        """Checks of values at one size are asked first: they tell most and take least."""
        return self.check.aspect != "values" or bool(self.error), len(self.case.inputs)


@dataclass(frozen=True)
class Fit:
    """How what a mistake gives agrees with what one check saw."""

    explained: frozenset[Place] = frozenset()
    """Wrong, and as the mistake has it."""
    strong: frozenset[Place] = frozenset()
    """The part of it that proves something: not NaN, which many mistakes give, and in double precision."""
    altered: frozenset[Place] = frozenset()
    """Wrong, changed by the mistake, and not as it has it."""
    left: frozenset[Place] = frozenset()
    """Wrong, and not touched by the mistake."""
    contradicted: bool = False
    """Something is right that the mistake makes wrong."""

    @property
    def whole(self) -> bool:
        """Everything is as the mistake has it."""
        return not (self.contradicted or self.altered or self.left)


def fit(seen: Seen, known: Known, sizes: Sequence[int] | None = None) -> Fit:
    """Compare what a mistake gives, at all sizes or at those that are named, with what a check saw there."""
    if seen.error:
        if not known.error:
            return Fit(left=frozenset({RAISED}))
        return Fit(explained=frozenset({RAISED})) if known.error == seen.error else Fit(altered=frozenset({RAISED}))
    if known.error:
        return Fit(contradicted=True)
    precision = seen.case.precision
    explained, strong, altered, left = set(), set(), set(), set()
    for index, given in zip(range(len(seen.prints)) if sizes is None else sizes, known.changed, strict=True):
        prints, right = seen.prints[index], seen.right[index]
        if given.keys() - prints.keys():
            return Fit(contradicted=True)
        for name, item in prints.items():
            place = index, name
            is_wrong = place in seen.wrong
            if name in given:
                if item.matches(given[name], precision):
                    if is_wrong:
                        explained.add(place)
                        if precision != "f" and item.scale < NOT_FINITE and place not in seen.weak:
                            strong.add(place)
                elif is_wrong:
                    altered.add(place)
                else:
                    return Fit(contradicted=True)
            elif is_wrong and not (name in right and item.matches(right[name], precision)):
                left.add(place)
    return Fit(frozenset(explained), frozenset(strong), frozenset(altered), frozenset(left))


def result_of(name: str) -> str:
    """`mean` of `mean (3)`."""
    return name.partition(" (")[0]


@dataclass
class MistakeSearch:
    """The known mistakes of one function, compared with what its checks saw.

    Args:
        seen: the checks that were judged, passed and failed.
        complete: whether these are all; mistakes that differ in the others alone cannot be told apart.
    """

    seen: Sequence[Seen]
    complete: bool = True
    _fits: dict[tuple[str, str], Fit] = field(default_factory=dict)

    @cached_property
    def failed(self) -> list[Seen]:
        """The checks that failed, those that tell most first."""
        return sorted((seen for seen in self.seen if seen.wrong), key=lambda seen: seen.cost)

    @cached_property
    def named(self) -> Mapping[str, tuple[str, ...]]:
        """By the check's id, the one or two mistakes that explain it, the likelier first; no entry where none does."""
        if not self.failed:
            return {}
        if all(seen.empty for seen in self.failed):
            return self._one()  # what computes nothing is not two mistakes at once, which takes long to find out
        return self._one() or self._two() or self._by_check() | self._by_part()

    def _one(self) -> dict[str, tuple[str, ...]]:
        whole = (mistake for mistake in self.failed[0].case.suspects if self._accounts_for_all(mistake))
        first = next(whole, None)
        # What two mistakes raise can be the same where their numbers would not be.
        unsure = not self.complete or all(seen.error for seen in self.failed)
        if first is None or (unsure and next(whole, None) is not None):
            return {}
        return {seen.check.id: (first,) for seen in self.failed}

    def _accounts_for_all(self, mistake: str) -> bool:
        return (
            all(self._fit(seen, mistake).whole for seen in self.failed)
            and not self._contradicted(mistake)
            and any(self._fit(seen, mistake).explained - seen.weak for seen in self.failed)
        )

    def _two(self) -> dict[str, tuple[str, ...]]:
        pairs = []
        for one in self._likely:
            for other in self.failed[0].case.suspects:
                if other != one and (unsure := self._together(one, other)) is not None:
                    pairs.append((unsure, -self._explains(one), one, other))
        # Fewest numbers that neither gives by itself; then as many as possible by the likelier. A stable sort.
        pairs.sort(key=lambda pair: pair[:2])
        for unsure, _, one, other in pairs[:_TRIED]:
            if unsure and not all(seen.case.combines for seen in self.failed):
                if self._tells(one, other) and self._tells(other, one):
                    alike = {frozenset(pair[2:]) for pair in pairs if pair[0] == unsure}
                    return self._parts_of(one, other, sure=frozenset.intersection(*alike))
            elif self._proved(one, other, unsure):
                return self._parts_of(one, other, sure=frozenset({one, other}))
        return {}

    def _together(self, one: str, other: str) -> int | None:
        """How many wrong numbers need both mistakes at once, if no number speaks against the two; else None."""
        unsure = 0
        for seen in self.failed:
            a, b = self._fit(seen, one), self._fit(seen, other)
            if b.contradicted or a.left & b.left or a.left & b.altered or a.altered & b.left:
                return None
            unsure += len(a.altered & b.altered)
        return None if self._contradicted(other) else unsure

    def _proved(self, one: str, other: str, unsure: int) -> bool:
        """Whether the two together give exactly what came."""
        for seen in self.failed:
            a, b = self._fit(seen, one), self._fit(seen, other)
            if (a.altered | b.altered) and not self._give_together(seen, one, other):
                return False
        return bool(self._own(one, other)) and (unsure > 0 or bool(self._own(other, one)))

    def _give_together(self, seen: Seen, one: str, other: str) -> bool:
        try:
            return seen.case.combines and fit(seen, seen.case.both(one, other)).whole
        except NotKnown:
            return False

    def _parts_of(self, one: str, other: str, sure: frozenset[str]) -> dict[str, tuple[str, ...]]:
        """For each check those of two mistakes that it is wrong by, of which some are sure."""
        parts = {seen.check.id: self._parts(seen, one, other) for seen in self.failed}
        named = {check: tuple(name for name in names if name in sure) for check, names in parts.items()}
        return {check: names for check, names in named.items() if names}

    def _own(self, one: str, other: str) -> int:
        """Wrong numbers that one mistake gives and the other does not."""
        return sum(len(self._own_places(seen, one, other)) for seen in self.failed)

    def _own_places(self, seen: Seen, one: str, other: str) -> frozenset[Place]:
        return self._fit(seen, one).strong - self._fit(seen, other).explained

    def _tells(self, one: str, other: str) -> bool:
        """Whether some of these are values, and not where a length is 1 and many mistakes look alike."""
        return any(
            smallest(seen.check.sizes[size]) != 1
            for seen in self.failed
            if seen.check.aspect == "values"
            for size, _ in self._own_places(seen, one, other)
        )

    def _parts(self, seen: Seen, one: str, other: str) -> tuple[str, ...]:
        """Those of two mistakes that a check is wrong by."""
        a, b = self._fit(seen, one), self._fit(seen, other)
        if a.altered & b.altered and self._give_together(seen, one, other):
            return one, other
        if a.explained >= b.explained:
            return (one,) if a.explained else ()
        if b.explained >= a.explained:
            return (other,)
        return (one, other) if len(a.explained) >= len(b.explained) else (other, one)

    def _by_part(self) -> dict[str, tuple[str, ...]]:
        """One mistake for each part of the function: its branches, which are built on functions of their own."""
        parts: dict[str, list[Seen]] = {}
        for seen in self.seen:
            parts.setdefault(seen.check.part, []).append(seen)
        if len(parts) == 1:
            return {}
        named: dict[str, tuple[str, ...]] = {}
        for part in parts.values():
            # What a network is made of shows elsewhere, too, so that alone it may be explained in more than one way.
            alone = MistakeSearch(part, self.complete and bool(part[0].check.part), self._fits)
            if alone.failed:
                named |= alone._one()
        return named

    def _by_check(self) -> dict[str, tuple[str, ...]]:
        named: dict[str, tuple[str, ...]] = {}
        for seen in self.failed:
            fits = {mistake: self._fit(seen, mistake) for mistake in self._likely}
            whole = [mistake for mistake, found in fits.items() if found.whole and found.explained - seen.weak]
            # The shape or the error of a result says too little by itself.
            if not whole or seen.check.aspect != "values" or seen.error:
                continue
            whole = [mistake for mistake in whole if not self._refuted(seen, mistake)]
            most = max(map(self._explains, whole), default=0)
            best = [mistake for mistake in whole if self._explains(mistake) == most]
            if len(best) == 1:
                named[seen.check.id] = (best[0],)
        return named

    def _refuted(self, seen: Seen, mistake: str) -> bool:
        """Whether in another check one of the wrong results is not what this mistake gives."""
        results = {result_of(name) for _, name in seen.wrong}
        return any(
            result_of(name) in results
            for other in self.failed
            if other.case.precision != "f" and not other.error
            for _, name in self._fit(other, mistake).altered
        )

    @cached_property
    def _likely(self) -> list[str]:
        """The mistakes that explain something and contradict nothing, those that explain most first."""
        likely = [
            mistake
            for mistake in self.failed[0].case.suspects
            if any(self._promises(seen, mistake) for seen in self.failed)
            and self._explains(mistake)
            and not any(self._fit(seen, mistake).contradicted for seen in self.failed)
            and not self._contradicted(mistake)
        ]
        return sorted(likely, key=self._explains, reverse=True)

    def _promises(self, seen: Seen, mistake: str) -> bool:
        """Whether a mistake explains something at the first size that is wrong: a glance, before a good look."""
        if (seen.check.id, mistake) in self._fits:
            return bool(self._fit(seen, mistake).strong)
        if seen.error or seen.case.precision == "f":
            return False
        size = min(index for index, _ in seen.wrong)
        try:
            known = seen.case.known_at(mistake, size)
        except NotKnown:
            return False
        return bool((self._fit(seen, mistake) if known is None else fit(seen, known, [size])).strong)

    def _explains(self, mistake: str) -> int:
        return sum(len(self._fit(seen, mistake).strong) for seen in self.failed)

    def _contradicted(self, mistake: str) -> bool:
        """Whether a check passed that the mistake makes fail."""
        return any(self._fit(seen, mistake).contradicted for seen in self.seen if not seen.wrong)

    def _fit(self, seen: Seen, mistake: str) -> Fit:
        key = seen.check.id, mistake
        if key not in self._fits:
            try:
                self._fits[key] = fit(seen, seen.case.known(mistake))
            except NotKnown:
                self._fits[key] = Fit(left=seen.wrong)
        return self._fits[key]
