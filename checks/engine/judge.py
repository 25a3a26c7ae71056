"""From a student's functions to verdicts.

The judge runs each check on the student and compares what was observed with the truth; where a check fails it says
what was expected in words, what came, and, as far as the numbers prove anything, why. Where inputs, truth and mistakes
come from is an `Oracle`'s affair (`case`); which mistakes explain a function, `diagnosis`; what holds of the numbers
whatever the mistake, `findings`; what an exception reads like, `faults`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..core import FORWARD, Assignment, Check, Observed, is_judged
from ..executor.executor import Other, StudentError
from ..language import Catalogue, catalogue
from ..result import CheckResult, Result, Status
from ..result import Diagnosis as Named
from ..student import Student
from .case import Case, Oracle, OwnForward, agree, changed, judged, prints_of, same_forward
from .compare import FLOOR, Difference, difference_in_dtype, difference_in_shape, difference_in_values, scale
from .computed import not_computed
from .diagnosis import RAISED, Diagnosis, Place, Seen
from .faults import describe_error, signature
from .findings import FAINT, TELLING, Finder, Finding, find, where_wrong
from .fingerprint import Fingerprints

__all__ = ["judge"]


@dataclass(frozen=True)
class Wrong:
    """One thing that differs, and where."""

    size: int
    """The index of the size."""
    difference: Difference


@dataclass(frozen=True)
class Outcome:
    """What one check came to, before the mistakes of its function are weighed against each other."""

    check: Check
    status: Status
    message: str = ""
    """What is said whatever the diagnosis: an error, what has to be mended first, what is not computed."""
    warnings: tuple[str, ...] = ()
    case: Case | None = None
    """None where there is nothing to diagnose."""
    observed: Sequence[Observed] = ()
    wrong: Sequence[Wrong] = ()
    error: StudentError | None = None
    forward_wrong: bool = False
    """Whether the forward pass that this is judged on is wrong itself."""
    own: OwnForward | None = None
    """The known mistake that explains it then, if one does."""


def judge(
    assignment: Assignment,
    student: Student,
    oracle: Oracle,
    *,
    language: str,
    functions: Sequence[str] | None = None,
    name: str = "",
    sandbox: str = "none",
) -> Result:
    """Run the checks of an assignment (or of some of its functions) and return the result.

    Args:
        assignment: the checks, and how much is said where one fails.
        student: the functions that are judged.
        oracle: inputs, truth and mistakes.
        language: of the messages, one of `language.LANGUAGES`.
        functions: names of `assignment.functions`; all if None.
        name: the student's, for the result.
        sandbox: what stands around the student's process, for the result.
    """
    began = time.perf_counter()
    say = catalogue(language, assignment.folder)
    results: list[CheckResult] = []
    explaining: dict[str, Sequence[str]] = {}
    for function in functions if functions is not None else assignment.functions:
        asked = student.over_stand_ins if function in assignment.over_stand_ins else student
        assert asked is not None, f"{function} is judged over stand-ins"
        # What a student's numbers do to ours, such as infinity less infinity, is seen in the verdict.
        with np.errstate(all="ignore"):
            outcomes = [_run(assignment, check, asked, oracle, say, explaining) for check in assignment.of(function)]
            results += _explain(assignment, _said_once(outcomes, say), asked, say)
    return Result(assignment.name, name, tuple(results), sandbox, time.perf_counter() - began, language=language)


def _run(
    assignment: Assignment,
    check: Check,
    student: Student,
    oracle: Oracle,
    say: Catalogue,
    explaining: dict[str, Sequence[str]],
) -> Outcome:
    """Run one check and reach its verdict.

    Args:
        assignment: the check's.
        check: to run.
        student: who is judged.
        oracle: inputs, truth and mistakes.
        say: sentences.
        explaining: by forward function, the known mistakes that have explained the student's so far.
    """
    student.reset()
    case = oracle.case(check)
    try:
        observed = [check.run(student, **inputs) for inputs in case.inputs]
    except StudentError as error:
        status, message = describe_error(assignment, check, error, say)
        return Outcome(check, status, message, case=case if signature(error) else None, error=error)
    wrong = _differences(check, observed, case.truth, case.precision)
    if not wrong:
        return _paid_if_computed(assignment, check, student, case, observed, say)
    if any(not _differences(check, observed, truth, case.precision) for truth in case.also()):
        return replace(_paid_if_computed(assignment, check, student, case, observed, say), case=None)
    failed = Outcome(check, "failed", "", _remarks(student, say), case, observed, wrong)
    if check.aspect != "values" or check.function not in assignment.forward_of:
        return failed
    return _judged_on_own_forward(failed, case, assignment.forward_of[check.function], explaining, say)


def _paid_if_computed(
    assignment: Assignment, check: Check, student: Student, case: Case, observed: Sequence[Observed], say: Catalogue
) -> Outcome:
    """The outcome of a check in which nothing is wrong."""
    remarks = _remarks(student, say)
    passed = Outcome(check, "passed", warnings=remarks, case=case, observed=observed)
    if not check.moves:
        return passed
    right = [_right(check, observed, truth, case.precision) for truth in (case.truth, *case.also())]
    asked = {name for move in check.moves for name in move.results}
    if any(all(names >= asked for names in sizes) for sizes in right):
        return passed
    try:
        idle = not_computed(check, student, case.inputs, observed, right[0])
    except StudentError as error:
        return Outcome(check, *describe_error(assignment, check, error, say), remarks, error=error)
    if idle is None:
        return passed
    N, D = check.sizes[idle.size]
    return Outcome(check, "failed", say(idle.move.says) if idle.asked else say("not_computed_at", N=N, D=D), remarks)


def _right(check: Check, observed: Sequence[Observed], truth: Sequence[Observed], precision: str) -> list[set[str]]:
    """For every size, what is right of that which must be computed; of that no further question is asked."""
    names = {name for move in check.moves for name in move.results}
    return [
        {n for n in names & true.keys() if not difference_in_values(n, item.get(n), true[n], precision)}
        for item, true in zip(observed, truth, strict=True)
    ]


def _judged_on_own_forward(
    failed: Outcome, case: Case, forward: str, explaining: dict[str, Sequence[str]], say: Catalogue
) -> Outcome:
    """The outcome of a backward pass that is wrong, unless the forward pass that it is judged on is wrong itself.

    Where trusted code reproduces that forward pass in whole arrays, the gradient of that code is the truth. Where
    nothing does, the backward pass is not judged. A student's own function is never differentiated.
    """
    check, observed = failed.check, failed.observed
    is_wrong = all(FORWARD in item for item in observed) and not same_forward(observed, case.truth, case.precision)
    # What explained the forward pass before may be too small to be seen in this one, and large on the way back.
    suspected = explaining.get(forward, case.forwards if is_wrong else ())
    # Mistakes that differ by less than the tolerance forward may differ by more on the way back, so each is tried.
    known = [case.forward(mistake) for mistake in suspected]
    owns = [own for own in known if own is not None and same_forward(observed, own.forward, case.precision)]
    if owns or (suspected and forward not in explaining):
        explaining[forward] = [own.mistake for own in owns]
    for own in owns:
        if any(agree(observed, judged(gradient), case.precision) for gradient in own.gradients()):
            remarks = (*failed.warnings, say("own_forward", function=forward))
            return Outcome(check, "passed", warnings=remarks)
    if not is_wrong:
        return failed
    message = say("forward_first", function=forward)
    return replace(failed, message=message, forward_wrong=True, own=owns[0] if owns else None)


def _remarks(student: Student, say: Catalogue) -> tuple[str, ...]:
    """What costs nothing and is remarked on."""
    return tuple(
        [say("changed", function=function, parameter=name) for function, name in sorted(student.changed)]
        + [say("widened", function=function) for function in sorted(student.widened)]
    )


def _said_once(outcomes: Sequence[Outcome], say: Catalogue) -> list[Outcome]:
    """The outcomes of one function; that nothing is computed is said by the first check that sees it."""
    first: dict[str, str] = {}
    said = []
    for outcome in outcomes:
        idle = outcome.status == "failed" and not outcome.wrong
        name = outcome.check.id.partition(".")[2]
        if idle and first.setdefault(outcome.message, name) != name:
            outcome = replace(outcome, message=say("as_in", check=first[outcome.message]))
        said.append(outcome)
    return said


def _differences(check: Check, observed: Sequence[Observed], truth: Sequence[Observed], precision: str) -> list[Wrong]:
    """What differs, at which size."""
    found = []
    for index, (item, true) in enumerate(zip(observed, truth, strict=True)):
        for name, expected in true.items():
            if not is_judged(name):
                continue
            got = item.get(name, Other("missing"))
            if check.aspect == "values":
                difference = difference_in_values(name, got, expected, precision)
            elif check.aspect == "dtypes":
                difference = difference_in_dtype(name, got, expected)
            else:
                difference = difference_in_shape(name, got, expected)
            if difference:
                found.append(Wrong(index, difference))
        if check.aspect == "names":
            found += [Wrong(index, Difference(name, "unexpected", "", "")) for name in item.keys() - true.keys()]
    return found


def _explain(
    assignment: Assignment, outcomes: Sequence[Outcome], student: Student, say: Catalogue
) -> list[CheckResult]:
    """The results of one function's checks, with as much said as the assignment allows."""
    named: Mapping[str, tuple[str, ...]] = {}
    if assignment.explain == "hint" and any(outcome.wrong or outcome.error for outcome in outcomes):
        seen = [found for outcome in outcomes if (found := _seen(outcome)) is not None]
        named = Diagnosis(seen, complete=len(seen) == len(outcomes)).named
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
                Named(mistakes[0], say.get(mistakes[0])) if mistakes else None,
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
    return Seen(check, replace(case, known=outcome.own.known, at=None), prints, gradient, apart)


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
    for probed in case.probes():
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
        if not _differences(check, observed, [probed.truth], case.precision):
            return [say(probed.probe.id)]
        # Other inputs, for which the truth is another, and still the same result.
        if len(probed.probe.fill) == 1 and _differences(
            check, [case.truth[probed.size]], [probed.truth], case.precision
        ):
            before = {
                name: value
                for name, value in outcome.observed[probed.size].items()
                if is_judged(name) and _is_finite(value)
            }
            if before and not _differences(check, observed, [before], case.precision):
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
