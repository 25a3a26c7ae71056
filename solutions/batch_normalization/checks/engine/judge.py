"""From a student's functions to results.

The judge runs each check on the student and compares what was observed with the truth. Where inputs, truth and mistakes
come from, an `Oracle` decides (`case`); a backward pass over a wrong forward pass is judged in `own_forward`; what is
said where a check fails, `explain`; what an exception reads like, `faults`.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from functools import cached_property

import numpy as np

from ..core import Assignment, Check, Observed, in_words
from ..executor.errors import StudentError
from ..language import Catalogue, catalogue
from ..result import CheckResult, Result, look
from ..student import Student
from .asking import observe
from .case import Case, Oracle
from .computed import not_computed
from .explain import explain
from .faults import describe_error, failed_import, signature
from .outcome import Outcome, differences
from .own_forward import OwnForwards
from .plain import difference

__all__ = ["MOST_LATE", "judge"]

MOST_LATE = 2
"""Checks of one function that may run out of time; its others are not run then, and fail."""


def judge(
    assignment: Assignment,
    student: Student,
    oracle: Oracle,
    *,
    language: str,
    functions: Sequence[str] | None = None,
    name: str = "",
    sandbox: str = "none",
    each: Callable[[Sequence[CheckResult]], None] = lambda checks: None,
) -> Result:
    """Run the checks of an assignment (or of some of its functions) and return the result.

    Args:
        assignment: the checks, and how much is said where one fails.
        student: the functions that are judged.
        oracle: inputs, truth and mistakes.
        language: of the messages, one of `language.LANGUAGES`.
        functions: names of `assignment.functions`; all if None.
        name: the student's, for the result.
        sandbox: the name of the sandbox of the student's process, for the result.
        each: is given the results of each function as soon as it is judged.
    """
    began = time.perf_counter()
    say = catalogue(language, assignment.folder, _Said(assignment, oracle))
    results: list[CheckResult] = []
    own_forwards = OwnForwards(assignment, say)
    imports: dict[str, str] = {}
    checks: dict[str, list[Check]] = defaultdict(list)
    for check in assignment.checks:
        checks[check.function].append(check)
    for function in functions if functions is not None else assignment.functions:
        asked = assignment.asked(student, function)
        # Infinity less infinity, and the like, shows in the result.
        with np.errstate(all="ignore"):
            outcomes: list[Outcome] = []
            for check in checks[function]:
                late = [outcome for outcome in outcomes if outcome.status == "timeout"]
                if len(late) < MOST_LATE:
                    outcomes.append(_judged(assignment, check, asked, oracle, say, own_forwards))
                else:
                    outcomes.append(_not_run(check, late[-1], say))
            imports.update(found for outcome in outcomes if outcome.error and (found := failed_import(outcome.error)))
            outcomes = _counted_with_values(outcomes, say)
            judged = explain(assignment, _said_once(outcomes, say), asked, say)
        results += judged
        each(judged)
    seconds = time.perf_counter() - began
    look_at = [look(say, "look_at_import", place=place, error=error) for place, error in imports.items()]
    look_at += [look(say, "look_at_backward", function=function) for function in own_forwards.unknown]
    return Result(assignment.name, name, tuple(results), sandbox, seconds, language=language, look_at=tuple(look_at))


class _Said(Mapping[str, Mapping[str, str]]):
    """What an assignment says of its own, in its checks and beside its mistakes, which are read when one is looked for.

    Nothing of it is said about what is right.
    """

    def __init__(self, assignment: Assignment, oracle: Oracle) -> None:
        self._assignment = assignment
        self._oracle = oracle

    @cached_property
    def _all(self) -> dict[str, Mapping[str, str]]:
        return {**self._assignment.sentences, **self._oracle.hints}

    def __getitem__(self, key: str) -> Mapping[str, str]:
        return self._all[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __bool__(self) -> bool:
        return True


def _judged(
    assignment: Assignment,
    check: Check,
    student: Student,
    oracle: Oracle,
    say: Catalogue,
    own_forwards: OwnForwards,
) -> Outcome:
    """The outcome of one check."""
    student.reset()
    case = oracle.case(check)
    try:
        observed = [observe(check, student, inputs) for inputs in case.inputs]
    except StudentError as error:
        status, message = describe_error(assignment, check, error, say)
        return Outcome(check, status, message, case=case if signature(error) else None, error=error)
    wrong = differences(check, observed, case.truth, case.precision)
    if not wrong:
        return _paid_if_computed(assignment, check, student, case, observed, say)
    if _is_as_good(check, observed, case):
        # The mistakes are known beside the first truth, so nothing is diagnosed beside another.
        return replace(_paid_if_computed(assignment, check, student, case, observed, say), case=None)
    return own_forwards.judge(Outcome(check, "failed", "", _remarks(student, say), case, observed, wrong))


def _not_run(check: Check, late: Outcome, say: Catalogue) -> Outcome:
    """The outcome of a check of a function that ran out of time too often."""
    seconds = late.error.message if late.error else ""
    return Outcome(check, "timeout", say("no_more_time", count=MOST_LATE, detail=seconds), error=late.error)


def _is_as_good(check: Check, observed: Sequence[Observed], case: Case) -> bool:
    """Whether what was observed is another truth."""
    return any(not differences(check, observed, truth, case.precision) for truth in case.also)


def _paid_if_computed(
    assignment: Assignment, check: Check, student: Student, case: Case, observed: Sequence[Observed], say: Catalogue
) -> Outcome:
    """The outcome of a check in which nothing is wrong; right form alone earns nothing."""
    remarks = _remarks(student, say)
    passed = Outcome(check, "passed", warnings=remarks, case=case, observed=observed)
    # What is right beside the first truth need not be asked of another one.
    if not check.moves or _all_right(check, _right(check, observed, case, [case.truth])):
        return passed
    right = _right(check, observed, case, [case.truth, *case.also])
    if _all_right(check, right):
        return passed
    try:
        idle = not_computed(check, student, case.inputs, observed, right)
    except StudentError as error:
        return Outcome(check, *describe_error(assignment, check, error, say), remarks, error=error)
    if idle is None:
        return passed
    at = in_words(check.sizes[idle.size])
    return Outcome(check, "failed", say(idle.move.says) if idle.asked else say("not_computed_at", at=at), remarks)


def _all_right(check: Check, right: Sequence[Set[str]]) -> bool:
    """Whether all that must be computed is right, and so no further question is asked."""
    asked = _must_be_computed(check)
    return all(names >= asked for names in right)


def _right(
    check: Check, observed: Sequence[Observed], case: Case, truths: Sequence[Sequence[Observed]]
) -> list[set[str]]:
    """For every size, what is right of that which must be computed, by one truth or another."""
    names, precision = _must_be_computed(check), case.precision
    found: list[set[str]] = [set() for _ in observed]
    for truth in truths:
        for right, item, true in zip(found, observed, truth, strict=True):
            right |= {n for n in names & true.keys() if not difference(n, item.get(n), true[n], precision)}
    return found


def _must_be_computed(check: Check) -> set[str]:
    return {name for move in check.moves for name in move.results}


def _remarks(student: Student, say: Catalogue) -> tuple[str, ...]:
    """What costs nothing and is remarked on."""
    return tuple(
        [say("changed", function=function, parameter=name) for function, name in sorted(student.changed)]
        + [say("widened", function=function) for function in sorted(student.widened)]
        + [say("not_faster", function=one, other=other, times=f"{n:g}") for one, other, n in sorted(student.slow)]
    )


def _counted_with_values(outcomes: Sequence[Outcome], say: Catalogue) -> list[Outcome]:
    """The outcomes of one function: what has one right answer counts beside something that was computed."""
    computed = [outcome for outcome in outcomes if not outcome.check.is_of_form]
    if any(outcome.status == "passed" for outcome in computed):
        return list(outcomes)
    return [
        replace(outcome, status="failed", message=say("counts_with", function=outcome.check.function), case=None)
        if outcome.check.is_of_form and outcome.status == "passed"
        else outcome
        for outcome in outcomes
    ]


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
