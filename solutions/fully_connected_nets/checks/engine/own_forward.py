"""The judgement on a backward pass over the student's own wrong forward pass.

A wrong forward pass makes every backward pass on its cache differ from the truth, also a right one. Where trusted code
(a known mistake, two of them, a number of another value) reproduces that forward pass in whole
arrays, the gradient of that code is the truth in its place. Where nothing does, the backward pass is not judged, and a
person is told so. A student's own function is never differentiated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..core import FORWARD, Assignment, Observed
from ..language import Catalogue
from .case import Case, Cause, OnOwnForward, OwnForward, agree, changed, is_empty, judged, prints_of, same_forward
from .compare import Precision, same_numbers
from .diagnosis import Place, Seen
from .fingerprint import Fingerprints
from .outcome import Outcome

SEARCHES = 2
"""Checks in which more than one known mistake is tried in vain, before that is given up: it takes long."""
MOST_UNEXPLAINED = 4
"""Checks in which nothing gives the forward pass, before it counts as one that nothing gives."""


@dataclass
class OwnForwards:
    """Judges the backward passes of one submission, and remembers what explained its forward passes.

    Args:
        assignment: says which forward pass a backward pass belongs to.
        say: sentences.
    """

    assignment: Assignment
    say: Catalogue
    unknown: dict[str, None] = field(default_factory=dict)
    """Forward functions that nothing explains, on which a backward pass was not judged; in order."""
    _explaining: dict[str, list[Cause]] = field(default_factory=dict)
    """By forward function, what has explained the student's so far."""
    _unexplained: Counter[str] = field(default_factory=Counter)
    """By forward function, the checks in which it was wrong and nothing gave it."""
    _in_vain: Counter[str] = field(default_factory=Counter)
    """By forward function, the checks in which pairs of mistakes were tried, and the backward pass is right on none."""

    def judge(self, failed: Outcome) -> Outcome:
        """The outcome of a check that failed, changed only where the forward pass is the cause."""
        check, case = failed.check, failed.case
        forward = ", ".join(self.assignment.forwards_of(check.function))
        if check.aspect != "values" or not forward or case is None:
            return failed
        is_wrong = _is_wrong(failed, case)
        owns = self._known(failed, case, forward, is_wrong)
        right = any(_is_right_on(own, failed, case) for own in owns)
        vain = self._in_vain[forward] >= SEARCHES
        sought = self._unexplained[forward] < MOST_UNEXPLAINED and (is_wrong or _is_off(failed, case))
        sought = sought and not (owns and vain)  # a known mistake gives this forward pass, and that one is no gradient
        sought = sought and not is_empty([{FORWARD: item.get(FORWARD)} for item in failed.observed])
        if not right and sought:
            pairs = is_wrong and not vain
            near = {mistake for own in owns for mistake in own.cause.mistakes}
            found = self._remembered(forward, case.reproducing(failed.observed, pairs=pairs, near=near))
            right = any(_is_right_on(own, failed, case) for own in found)
            owns = [*owns, *found]
            if pairs and not right:  # what nothing gives here, no two mistakes give elsewhere
                self._in_vain[forward] += 1 if owns else SEARCHES
            self._unexplained[forward] += is_wrong and not owns
        if right:
            return Outcome(check, "passed", warnings=(*failed.warnings, self.say("own_forward", function=forward)))
        if not is_wrong:
            return failed
        if owns:
            return replace(failed, message=self.say("forward_first", function=forward), forward_wrong=True, own=owns[0])
        if not case.open:  # from a recording only the known mistakes can be told
            self.unknown[forward] = None
        return replace(failed, message=self.say("forward_unknown", function=forward), forward_wrong=True)

    def _known(self, failed: Outcome, case: Case, forward: str, is_wrong: bool) -> list[OwnForward]:
        """The mistaken forward passes that are the student's, of those that explained it before, or of all known."""
        # What explained the forward pass before may be too small to be seen in this one, and large on the way back.
        before = self._explaining.get(forward)
        owns = _same(failed, case, before or ())
        if before is not None and owns:
            # Mistakes that differ by less than the tolerance forward may differ by more on the way back.
            given_up = {cause for cause in before if not cause.numbers} - {own.cause for own in owns}
            self._explaining[forward] = [cause for cause in before if cause not in given_up]
        if owns or not is_wrong:
            return owns
        return self._remembered(forward, _same(failed, case, [Cause((mistake,)) for mistake in case.forwards]))

    def _remembered(self, forward: str, owns: Sequence[OwnForward]) -> list[OwnForward]:
        causes = self._explaining.setdefault(forward, [])
        causes += [own.cause for own in owns if own.cause not in causes]
        return list(owns)


def _same(failed: Outcome, case: Case, causes: Iterable[Cause]) -> list[OwnForward]:
    """Those mistaken forward passes that are the student's."""
    known = [case.forward(cause) for cause in causes if case.may_give(cause, failed.observed)]
    return [own for own in known if own is not None and same_forward(failed.observed, own.forward, case.precision)]


def _is_wrong(failed: Outcome, case: Case) -> bool:
    """Whether the forward pass that was judged on differs from the true one."""
    seen = all(FORWARD in item for item in failed.observed)
    return seen and not same_forward(failed.observed, case.truth, case.precision)


ROUNDING = 1e-12
"""What differs from the truth by less, in units of its size, differs by rounding; a mistake, by more."""


def _is_off(failed: Outcome, case: Case) -> bool:
    """Whether the forward pass differs from the true one by less than is judged, and by more than rounding."""
    return case.precision != "f" and any(
        FORWARD in item and not same_numbers(item[FORWARD], true[FORWARD], tolerance=ROUNDING)
        for item, true in zip(failed.observed, case.truth, strict=True)
    )


def _is_right_on(own: OwnForward, failed: Outcome, case: Case) -> bool:
    """Whether the backward pass is the gradient of a mistaken forward pass."""
    gradients = (judged(gradient) for gradient in own.gradients())
    return any(_says_something(one) and agree(failed.observed, one, case.precision) for one in gradients)


def _says_something(gradient: Sequence[Observed]) -> bool:
    """Whether there is a number in it: where all is NaN, NaN shows nothing of how it was computed."""
    return any(np.isfinite(value).any() for item in gradient for value in item.values())


def seen_on(own: OwnForward, outcome: Outcome, case: Case) -> Seen:
    """What a check saw over a mistaken forward pass: right would be the nearest gradient of that pass."""
    prints = prints_of(outcome.check, outcome.observed, case.truth)
    gradients = [prints_of(outcome.check, gradient, case.truth) for gradient in own.gradients()]
    apart = [_apart(prints, gradient, case.precision) for gradient in gradients]
    gradient, wrong = min(zip(gradients, apart, strict=True), key=lambda item: len(item[1]))
    return Seen(outcome.check, OnOwnForward(case, own), prints, gradient, wrong)


def _apart(prints: Sequence[Fingerprints], right: Sequence[Fingerprints], precision: Precision) -> frozenset[Place]:
    """The results that are not the right ones."""
    return frozenset(
        (size, name) for size, different in enumerate(changed(prints, right, precision)) for name in different
    )
