"""The judgement on a backward pass over the student's own wrong forward pass.

A wrong forward pass makes every backward pass on its cache differ from the truth, also a right one. Where trusted code
(a known mistake) reproduces that forward pass in whole arrays, the gradient of that code is the truth in its place.
Where nothing does, the backward pass is not judged. A student's own function is never differentiated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..core import FORWARD, Assignment
from ..language import Catalogue
from .case import Case, OnOwnForward, OwnForward, agree, changed, judged, prints_of, same_forward
from .diagnosis import Place, Seen
from .fingerprint import Fingerprints
from .outcome import Outcome


@dataclass
class OwnForwards:
    """Judges the backward passes of one submission, and remembers what explained its forward passes.

    Args:
        assignment: says which forward pass a backward pass belongs to.
        say: sentences.
    """

    assignment: Assignment
    say: Catalogue
    _explaining: dict[str, Sequence[str]] = field(default_factory=dict)
    """By forward function, the known mistakes that have explained the student's in every check so far."""

    def judge(self, failed: Outcome) -> Outcome:
        """The outcome of a check that failed, changed only where the forward pass is the cause."""
        check, case = failed.check, failed.case
        forward = self.assignment.forward_of.get(check.function)
        if check.aspect != "values" or forward is None or case is None:
            return failed
        is_wrong = _is_wrong(failed, case)
        owns = self._reproducing(failed, case, forward, is_wrong)
        if any(_is_right_on(own, failed, case) for own in owns):
            return Outcome(check, "passed", warnings=(*failed.warnings, self.say("own_forward", function=forward)))
        if not is_wrong:
            return failed
        message = self.say("forward_first", function=forward)
        return replace(failed, message=message, forward_wrong=True, own=owns[0] if owns else None)

    def _reproducing(self, failed: Outcome, case: Case, forward: str, is_wrong: bool) -> list[OwnForward]:
        """The mistaken forward passes that are the student's, number by number."""
        # What explained the forward pass before may be too small to be seen in this one, and large on the way back.
        suspected = self._explaining.get(forward, case.forwards if is_wrong else ())
        # Mistakes that differ by less than the tolerance forward may differ by more on the way back, so each is tried.
        known = [case.forward(mistake) for mistake in suspected]
        owns = [own for own in known if own is not None and same_forward(failed.observed, own.forward, case.precision)]
        if owns or (suspected and forward not in self._explaining):
            self._explaining[forward] = [own.mistake for own in owns]
        return owns


def _is_wrong(failed: Outcome, case: Case) -> bool:
    """Whether the forward pass that was judged on differs from the true one."""
    seen = all(FORWARD in item for item in failed.observed)
    return seen and not same_forward(failed.observed, case.truth, case.precision)


def _is_right_on(own: OwnForward, failed: Outcome, case: Case) -> bool:
    """Whether the backward pass is the gradient of a mistaken forward pass."""
    return any(agree(failed.observed, judged(gradient), case.precision) for gradient in own.gradients())


def seen_on(own: OwnForward, outcome: Outcome, case: Case) -> Seen:
    """What a check saw over a mistaken forward pass: right would be the nearest gradient of that pass."""
    prints = prints_of(outcome.check, outcome.observed, case.truth)
    gradients = [prints_of(outcome.check, gradient, case.truth) for gradient in own.gradients()]
    apart = [_apart(prints, gradient, case.precision) for gradient in gradients]
    gradient, wrong = min(zip(gradients, apart, strict=True), key=lambda item: len(item[1]))
    return Seen(outcome.check, OnOwnForward(case, own), prints, gradient, wrong)


def _apart(prints: Sequence[Fingerprints], right: Sequence[Fingerprints], precision: str) -> frozenset[Place]:
    """The results that are not the right ones."""
    return frozenset(
        (size, name) for size, different in enumerate(changed(prints, right, precision)) for name in different
    )
