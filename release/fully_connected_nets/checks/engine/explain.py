"""What is said of the checks of one function that did not pass: what came, and why, as far as the numbers prove it.

Which known mistakes explain a function, `diagnosis` finds; what holds of the numbers whatever the mistake, `findings`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..core import Assignment, Check, in_words
from ..language import Catalogue
from ..result import CheckResult, Diagnosis
from ..student import Student
from .case import Case, is_empty, judged, prints_of
from .compare import FLOOR, Difference
from .diagnosis import RAISED, MistakeSearch, Place, Seen, result_of
from .faults import signature
from .findings import FAINT, TELLING, Finder, Finding, find, where_wrong
from .outcome import Outcome
from .own_forward import seen_on
from .probing import probe, vanishes, wrong_default


def explain(assignment: Assignment, outcomes: Sequence[Outcome], student: Student, say: Catalogue) -> list[CheckResult]:
    """The results of one function's checks, with as much said as the assignment allows."""
    named = _named(outcomes) if assignment.explain == "hint" else {}
    results = []
    for outcome in outcomes:
        mistakes = named.get(outcome.check.id, ())
        before = _wrong_already(outcome, outcomes, say) if assignment.explain == "hint" and not mistakes else ""
        results.append(_result(assignment, outcome, mistakes, student, say, before))
    return results


def _wrong_already(outcome: Outcome, outcomes: Sequence[Outcome], say: Catalogue) -> str:
    """That a result is wrong in the plainer check already, and so no matter of what this one is about."""
    if outcome.forward_wrong:
        return ""
    plainer = [other for other in outcomes if other.check.id == f"{outcome.check.function}.{outcome.check.after}"]
    wrong = {result_of(item.difference.name) for other in plainer for item in other.wrong if not other.forward_wrong}
    both = [name for name in dict.fromkeys(result_of(item.difference.name) for item in outcome.wrong) if name in wrong]
    return say("wrong_already", name=", ".join(both), check=outcome.check.after) if both else ""


def _named(outcomes: Sequence[Outcome]) -> Mapping[str, tuple[str, ...]]:
    """The known mistakes that explain the checks of one function, by the check's id."""
    if not any(outcome.wrong or outcome.error for outcome in outcomes):
        return {}
    seen = [found for outcome in outcomes if (found := _seen(outcome)) is not None]
    asked = [outcome for outcome in outcomes if not outcome.check.is_of_form]
    return MistakeSearch(seen, complete=len(seen) == len(asked)).named


def _seen(outcome: Outcome) -> Seen | None:
    """What a diagnosis may rest on; None where the check was not judged by itself."""
    check, case = outcome.check, outcome.case
    if case is None or check.is_of_form or (outcome.forward_wrong and outcome.own is None):
        # Over a forward pass that nothing explains, a right backward pass may look like any mistake.
        return None
    if outcome.error is not None:
        return Seen(check, case, wrong=frozenset({RAISED}), error=signature(outcome.error))
    if outcome.own is not None:
        return seen_on(outcome.own, outcome, case)
    prints, right = prints_of(check, outcome.observed, case.truth), prints_of(check, case.truth, case.truth)
    wrong: set[Place] = {(item.size, item.difference.name) for item in outcome.wrong}
    weak = {
        (size, name) for size, true in enumerate(case.truth) for name, value in true.items() if _is_yes_or_no(value)
    }
    empty = is_empty(judged(outcome.observed))
    return Seen(check, case, prints, right, frozenset(wrong), weak=frozenset(weak), empty=empty)


def _is_yes_or_no(value: Any) -> bool:
    return isinstance(value, bool | np.bool_) or (
        isinstance(value, np.ndarray) and value.dtype.kind == "b" and value.size == 1
    )


def _result(
    assignment: Assignment, outcome: Outcome, mistakes: Sequence[str], student: Student, say: Catalogue, before: str
) -> CheckResult:
    check, passed = outcome.check, outcome.status == "passed"
    lines = [] if passed else [before, *_lines(assignment, outcome, mistakes, student, say)]
    return CheckResult(
        check.id,
        check.function,
        check.points if passed else 0.0,
        check.points,
        outcome.status,
        "\n".join(line for line in lines if line),
        Diagnosis(mistakes[0], say.get(mistakes[0])) if mistakes else None,
        outcome.warnings,
    )


def _lines(
    assignment: Assignment, outcome: Outcome, mistakes: Sequence[str], student: Student, say: Catalogue
) -> list[str]:
    """What is said of a check that did not pass."""
    if outcome.wrong and outcome.case is not None:
        lines = _about_numbers(assignment, outcome, outcome.case, mistakes, student, say)
    else:
        lines = _about_error(assignment, outcome, mistakes, student, say)
    return lines + [say("also_wrong", hint=say.get(mistake)) for mistake in mistakes[1:]]


def _about_error(
    assignment: Assignment, outcome: Outcome, mistakes: Sequence[str], student: Student, say: Catalogue
) -> list[str]:
    """Where something raised, or nothing is computed: the message, and plainer inputs for which it does not raise."""
    error = outcome.error
    if assignment.explain == "none" and error is not None and signature(error):
        return []
    asked = assignment.explain == "hint" and outcome.check.aspect == "values" and not mistakes
    if asked and error is not None and outcome.case is not None:
        return [outcome.message, *probe(outcome, outcome.case, student, say)]
    return [outcome.message]


def _about_numbers(
    assignment: Assignment, outcome: Outcome, case: Case, mistakes: Sequence[str], student: Student, say: Catalogue
) -> list[str]:
    """Where numbers are wrong: what was expected in words, what came, and what the numbers prove."""
    if assignment.explain == "none":
        return []
    lines = [say.get(outcome.check.id)]
    if outcome.forward_wrong and not mistakes:
        return [*lines, outcome.message]
    if outcome.own is not None:
        return lines
    first = outcome.wrong[0]
    lines.append(describe(first.difference, _at(outcome.check, first.size), say, open=case.open))
    if assignment.explain == "hint" and not mistakes and not outcome.check.is_of_form:
        lines += _findings(assignment, outcome, case, student, say)
    return lines


def _findings(assignment: Assignment, outcome: Outcome, case: Case, student: Student, say: Catalogue) -> list[str]:
    """What the numbers prove where no known mistake explains them."""
    check = outcome.check
    lines: list[str] = []
    if check.aspect == "values":
        if default := wrong_default(outcome, case, assignment.defaults, student, say):
            return default
        lines = _found(outcome, case, TELLING, say) or probe(outcome, case, student, say)
        lines = lines or _found(outcome, case, FAINT, say)
        if any(item.difference.kind == "nan" for item in outcome.wrong):
            lines = [*lines, say.get("nan_comes_from")]  # of this assignment's formulas, if it says so
    wrong = {item.size for item in outcome.wrong}
    telling = [
        index
        for index, true in enumerate(case.truth)
        if index in wrong or check.aspect != "values" or not vanishes(true)
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


def _at(check: Check, size: int) -> str:
    return f" ({in_words(check.sizes[size])})" if len(check.sizes) > 1 else ""


def describe(difference: Difference, at: str, say: Catalogue, *, open: bool) -> str:
    """A difference as a sentence; without what was expected unless the case is `open`."""
    key: str = difference.kind
    if key == "values" and not difference.where:
        key = "values_scalar"
    elif key == "values" and difference.near_zero:
        key = "values_near_zero"
    elif key == "nan" and not difference.where:
        key = "nan_scalar"
    if key in {"values", "values_scalar", "nan", "text", "length", "lacks"} and not open:
        key += "_hidden"
    if key == "type" and difference.found == "NoneType":
        key = "none"
    return say(
        key,
        name=difference.name + difference.inside + at,
        expected=difference.expected,
        found=difference.found,
        where=list(difference.where),
        size=f"{difference.size:.0%}" if 0.01 <= difference.size < 100 else f"{100 * difference.size:.0e}%",
        apart=f"{difference.apart:.2g}",
        floor=FLOOR,
        share=f"{difference.share:.0%}",
    )
