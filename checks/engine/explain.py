"""What is said of the checks of one function that did not pass: what came, and why, as far as the numbers prove it.

Which known mistakes explain a function, `diagnosis` finds; what holds of the numbers whatever the mistake, `findings`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..core import Assignment, Check, Observed, is_judged
from ..executor.executor import StudentError
from ..language import Catalogue
from ..result import CheckResult, Diagnosis
from ..student import Student
from .case import Case, OnOwnForward, changed, prints_of
from .compare import FLOOR, Difference, scale
from .diagnosis import RAISED, MistakeSearch, Place, Seen
from .faults import signature
from .findings import FAINT, TELLING, Finder, Finding, find, where_wrong
from .fingerprint import Fingerprints
from .outcome import Outcome, differences


def explain(assignment: Assignment, outcomes: Sequence[Outcome], student: Student, say: Catalogue) -> list[CheckResult]:
    """The results of one function's checks, with as much said as the assignment allows."""
    named: Mapping[str, tuple[str, ...]] = {}
    if assignment.explain == "hint" and any(outcome.wrong or outcome.error for outcome in outcomes):
        seen = [found for outcome in outcomes if (found := _seen(outcome)) is not None]
        named = MistakeSearch(seen, complete=len(seen) == len(outcomes)).named
    results = []
    for outcome in outcomes:
        check, passed = outcome.check, outcome.status == "passed"
        mistakes = named.get(check.id, ())
        lines = [] if passed else _lines(assignment, outcome, mistakes, student, say)
        results.append(
            CheckResult(
                check.id,
                check.function,
                check.points if passed else 0.0,
                check.points,
                outcome.status,
                "\n".join(line for line in lines if line),
                Diagnosis(mistakes[0], say.get(mistakes[0])) if mistakes else None,
                outcome.warnings,
            )
        )
    return results


def _seen(outcome: Outcome) -> Seen | None:
    """What a diagnosis may rest on; None where the check came to no judgement of its own."""
    check, case = outcome.check, outcome.case
    if case is None or (outcome.forward_wrong and outcome.own is None):
        # Over a forward pass that nothing explains, a right backward pass may look like any mistake.
        return None
    if outcome.error is not None:
        return Seen(check, case, wrong=frozenset({RAISED}), error=signature(outcome.error))
    prints, right = prints_of(check, outcome.observed, case.truth), prints_of(check, case.truth, case.truth)
    if outcome.own is None:
        wrong: set[Place] = {(item.size, item.difference.name) for item in outcome.wrong}
        return Seen(check, case, prints, right, frozenset(wrong))
    # Judged on a forward pass with a known mistake: what would be right is a gradient of that pass.
    gradients = [prints_of(check, gradient, case.truth) for gradient in outcome.own.gradients()]
    by_gradient = [(gradient, _apart(prints, gradient, case.precision)) for gradient in gradients]
    gradient, apart = min(by_gradient, key=lambda item: len(item[1]))
    return Seen(check, OnOwnForward(case, outcome.own), prints, gradient, apart)


def _apart(prints: Sequence[Fingerprints], right: Sequence[Fingerprints], precision: str) -> frozenset[Place]:
    return frozenset(
        (size, name) for size, different in enumerate(changed(prints, right, precision)) for name in different
    )


def _lines(
    assignment: Assignment, outcome: Outcome, mistakes: Sequence[str], student: Student, say: Catalogue
) -> list[str]:
    """What is said of a check that did not pass."""
    check, case = outcome.check, outcome.case
    if not outcome.wrong or case is None:
        silent = assignment.explain == "none" and outcome.error is not None and signature(outcome.error)
        lines = [] if silent else [outcome.message]
        asked = check.aspect == "values" and assignment.explain == "hint" and not mistakes
        if asked and outcome.error is not None and case is not None:
            lines += _probed(outcome, case, student, say)
    elif assignment.explain == "none":
        return []
    else:
        lines = [say.get(check.id)]
        if outcome.forward_wrong and not mistakes:
            lines.append(outcome.message)
        elif outcome.own is None:
            first = outcome.wrong[0]
            lines.append(describe(first.difference, _at(check, first.size), say, open=case.open))
            if assignment.explain == "hint" and not mistakes:
                lines += _findings(outcome, case, student, say)
    return lines + [say("also_wrong", hint=say.get(mistake)) for mistake in mistakes[1:]]


def _findings(outcome: Outcome, case: Case, student: Student, say: Catalogue) -> list[str]:
    """What the numbers prove where no known mistake explains them."""
    check = outcome.check
    lines: list[str] = []
    if check.aspect == "values":
        lines = _found(outcome, case, TELLING, say) or _probed(outcome, case, student, say)
        lines = lines or _found(outcome, case, FAINT, say)
    wrong = {item.size for item in outcome.wrong}
    telling = [
        index
        for index, true in enumerate(case.truth)
        if index in wrong or check.aspect != "values" or not _vanishes(true)
    ]
    where = where_wrong([check.sizes[index] for index in telling], [index in wrong for index in telling])
    return [*lines, _sentence(where, "", case, say)] if where else lines


def _found(outcome: Outcome, case: Case, finders: Sequence[Finder], say: Catalogue) -> list[str]:
    """The first result of which something holds."""
    sizes = outcome.check.sizes
    for name in dict.fromkeys(item.difference.name for item in outcome.wrong):
        finding = find(name, outcome.observed, case.truth, case.inputs, sizes, case.precision, finders)
        if finding is not None:
            return [_sentence(finding, name, case, say)]
    return []


def _sentence(finding: Finding, name: str, case: Case, say: Catalogue) -> str:
    key = f"{finding.key}_hidden" if finding.telling and not case.open else finding.key
    return say(key, name=name, **finding.names)


def _probed(outcome: Outcome, case: Case, student: Student, say: Catalogue) -> list[str]:
    """The first of the plainer inputs for which the student's function is right after all."""
    check = outcome.check
    wrong = {item.size for item in outcome.wrong} if outcome.error is None else set(range(len(check.sizes)))
    for probed in case.probes:
        if _vanishes(probed.truth):
            continue
        # New inputs prove something only if every other size failed; filled ones, if what they were made from did.
        if len(wrong) < len(check.sizes) if probed.size < 0 else outcome.error is not None or probed.size not in wrong:
            continue
        student.reset()
        try:
            observed = [check.run(student, **probed.inputs)]
        except StudentError:
            continue
        if not differences(check, observed, [probed.truth], case.precision):
            return [say(probed.probe.id)]
        # Other inputs, for which the truth is another, and still the same result.
        if len(probed.probe.fill) == 1 and differences(
            check, [case.truth[probed.size]], [probed.truth], case.precision
        ):
            before = {
                name: value
                for name, value in outcome.observed[probed.size].items()
                if is_judged(name) and _is_finite(value)
            }
            if before and not differences(check, observed, [before], case.precision):
                [name] = probed.probe.fill
                return [say("without_effect", input=name)]
    return []


def _vanishes(truth: Observed) -> bool:
    """Whether everything that is judged is zero, as dx is at N = 1: there, nearly any formula is right."""
    return all(scale(value) <= FLOOR for name, value in truth.items() if is_judged(name))


def _is_finite(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "fiu" and bool(np.all(np.isfinite(value)))


def _at(check: Check, size: int) -> str:
    N, D = check.sizes[size]
    return f" (N = {N}, D = {D})" if len(check.sizes) > 1 else ""


def describe(difference: Difference, at: str, say: Catalogue, *, open: bool) -> str:
    """A difference as a sentence; without what was expected unless the case is `open`."""
    key: str = difference.kind
    if key == "values" and not difference.where:
        key = "values_scalar"
    if key in {"values", "values_scalar", "nan"} and not open:
        key += "_hidden"
    if key == "type" and difference.found == "NoneType":
        key = "none"
    return say(
        key,
        name=difference.name + at,
        expected=difference.expected,
        found=difference.found,
        where=list(difference.where),
        size=f"{difference.size:.1e}",
        share=f"{difference.share:.0%}",
    )
