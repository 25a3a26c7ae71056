"""Asks a failed check again on plainer inputs (`core.Probe`): where they give the right results, that says a lot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..core import Check, Default, Inputs, Observed, is_judged
from ..executor.errors import StudentError
from ..language import Catalogue
from ..student import Params, Student
from .asking import observe
from .case import Case, Probed
from .compare import FLOOR, is_finite, scale
from .outcome import Outcome, differences


def probe(outcome: Outcome, case: Case, student: Student, say: Catalogue) -> list[str]:
    """A sentence on the first of the plainer inputs that proves something; nothing if none does."""
    check = outcome.check
    for probed in case.probes:
        if not _proves_something(probed, outcome):
            continue
        observed = _ask(check, student, probed.inputs)
        if observed is None:
            continue
        if not differences(check, [observed], [probed.truth], case.precision):
            return [say(probed.probe.id)]
        if _is_without_effect(probed, observed, outcome, case):
            [name] = probed.probe.fill
            return [say("without_effect", input=name)]
    return []


def wrong_default(
    outcome: Outcome, case: Case, defaults: Sequence[Default], student: Student, say: Catalogue
) -> list[str]:
    """A sentence on the setting whose default is wrong; nothing if that is not what is wrong."""
    for default in defaults:
        saying = Saying(student, default.says)
        observed = [_ask(outcome.check, saying, inputs) for inputs in case.inputs]
        # Not in one whose every dictionary had it: there nothing was left out.
        if saying.said and None not in observed:
            wrong = differences(outcome.check, [item or {} for item in observed], case.truth, case.precision)
            if not wrong:
                return [say(default.id)]
    return []


class Saying(Student):
    """The same student, whose dictionaries say a setting that they leave out.

    Args:
        student: who is asked.
        settings: by name, what is said.
    """

    def __init__(self, student: Student, settings: Mapping[str, float]) -> None:
        super().__init__(student.runs, student.contract, student.over_stand_ins)
        self.settings = settings
        self.said = False

    def mapping(self, **values: Any) -> Params:
        """See `Student.mapping`."""
        self.said |= not values.keys() >= self.settings.keys()
        return super().mapping(**{**self.settings, **values})


def _proves_something(probed: Probed, outcome: Outcome) -> bool:
    """New inputs do only if every other size failed; filled ones, if what they were made from did."""
    if vanishes(probed.truth):
        return False
    if outcome.error is not None:
        return probed.size < 0
    wrong = {item.size for item in outcome.wrong}
    return len(wrong) == len(outcome.check.sizes) if probed.size < 0 else probed.size in wrong


def _ask(check: Check, student: Student, inputs: Inputs) -> Observed | None:
    student.reset()
    try:
        return observe(check, student, inputs)
    except StudentError:
        return None


def _is_without_effect(probed: Probed, observed: Observed, outcome: Outcome, case: Case) -> bool:
    """Whether one input has another value, for which the truth is another, and the result is still the same.

    Only of numbers, and of all of them: None, NaN or a missing result stays what it is whatever the inputs are.
    """
    if len(probed.probe.fill) != 1:
        return False
    check, before = outcome.check, outcome.observed[probed.size]
    should = differences(check, [case.truth[probed.size]], [probed.truth], case.precision)
    names = {item.difference.name for item in should}
    if not names or not all(is_finite(seen.get(name)) for seen in (before, observed) for name in names):
        return False
    return not differences(check, [observed], [{name: before[name] for name in names}], case.precision)


def vanishes(truth: Observed) -> bool:
    """Whether everything that is judged is zero, as dx is at N = 1: there, nearly any formula is right."""
    return all(
        isinstance(value, np.ndarray) and scale(value) <= FLOOR for name, value in truth.items() if is_judged(name)
    )
