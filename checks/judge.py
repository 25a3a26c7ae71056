"""From a student's functions to verdicts.

The judge runs each check on the student, compares what was observed with the truth, and looks for a known mistake that
explains the difference. Where inputs, truth and mistakes come from is an `Oracle`'s affair: a recording in a student's
notebook, the live reference in the grader. Both take the same path from here.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from .compare import Difference, difference_in_dtype, difference_in_shape, difference_in_values, mend
from .core import FORWARD, Assignment, Check, Inputs, Observed
from .executor import Other, StudentError
from .fingerprint import Fingerprints, all_match, fingerprints
from .language import Catalogue, catalogue
from .result import CheckResult, Diagnosis, Result, Status
from .student import Student


class Blocked(Exception):
    """The check cannot be judged before another function of the student is mended."""

    def __init__(self, key: str, function: str) -> None:
        super().__init__(key, function)
        self.key = key
        self.function = function


def _no() -> Blocked | None:
    return None


@dataclass(frozen=True)
class Known:
    """What a known mistake gives on the inputs of one check, size by size."""

    mistake: str
    prints: Sequence[Fingerprints]
    """Of what is judged; empty where the mistake changes nothing that this check judges."""
    forward: Sequence[Fingerprints] = ()
    """Of the forward pass, if the mistake is one of the forward pass."""
    gradients: Sequence[Sequence[Fingerprints]] = ()
    """Of the backward passes right for that forward pass: its true gradient, and the right formula on its cache."""


@dataclass(frozen=True)
class Case:
    """What one check needs: inputs and truth for every size, and on demand what the known mistakes give."""

    inputs: Sequence[Inputs]
    truth: Sequence[Observed]
    known: Callable[[], Iterable[Known]]
    precision: str = "d"
    """`dtype.char` of the least precise input."""
    also: Callable[[], Sequence[Sequence[Observed]]] = tuple
    """Other truths that are as good, each for every size."""
    blocked: Callable[[], Blocked | None] = _no
    """Asked when the check fails: what has to be mended first, if anything."""


class Oracle(Protocol):
    """Knows inputs, truth and mistakes."""

    def case(self, check: Check, student: Student) -> Case:
        """The case of a check.

        Raises:
            Blocked: the student's own layers, on which the check is built, cannot carry it.
        """
        ...


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check before the mistakes of its function are weighed against each other."""

    check: Check
    status: Status
    message: str = ""
    warnings: tuple[str, ...] = ()
    candidates: tuple[str, ...] = field(default=())
    """Known mistakes that give exactly what was observed."""


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
        assignment: the checks.
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
    for function in functions if functions is not None else assignment.functions:
        verdicts = [_judge_check(assignment, check, student, oracle, say) for check in assignment.of(function)]
        results += _weigh(verdicts, say)
    return Result(assignment.name, name, tuple(results), sandbox, time.perf_counter() - began, language=language)


def _judge_check(assignment: Assignment, check: Check, student: Student, oracle: Oracle, say: Catalogue) -> Verdict:
    student.reset()
    try:
        case = oracle.case(check, student)
        student.reset()
        observed = [check.run(student, **inputs) for inputs in case.inputs]
    except Blocked as first:
        return Verdict(check, "failed", say(first.key, function=first.function))
    except StudentError as error:
        return _raised(assignment, check, error, say)
    warnings = tuple(
        [say("changed", function=function, parameter=name) for function, name in sorted(student.changed)]
        + [say("widened", function=function) for function in sorted(student.widened)]
    )
    found = _differences(check, observed, case.truth, case.precision)
    if not found or any(not _differences(check, observed, truth, case.precision) for truth in case.also()):
        return Verdict(check, "passed", warnings=warnings)
    if (blocked := case.blocked()) is not None:
        return Verdict(check, "failed", say(blocked.key, function=blocked.function), warnings=warnings)
    judged = prints_of(check, observed, case.truth)
    known = list(case.known())
    gradients = [gradient for own in _own_forwards(observed, known, case) for gradient in own.gradients]
    if any(match(judged, gradient, case.precision) for gradient in gradients):
        note = say("own_forward", function=assignment.forward_of.get(check.function, ""))
        return Verdict(check, "passed", warnings=(*warnings, note))
    candidates = tuple(item.mistake for item in known if item.prints and match(judged, item.prints, case.precision))
    return Verdict(check, "failed", describe(*found[0], say), warnings, candidates)


def _own_forwards(observed: Sequence[Observed], known: Sequence[Known], case: Case) -> list[Known]:
    """The known mistakes that explain the student's forward pass, if that pass is wrong."""
    if not all(FORWARD in item for item in observed):
        return []
    pairs = zip(observed, case.truth, strict=True)
    if not any(difference_in_values(FORWARD, one[FORWARD], true[FORWARD], case.precision) for one, true in pairs):
        return []
    seen = forward_prints(observed)
    return [item for item in known if item.gradients and match(seen, item.forward, case.precision)]


def prints_of(check: Check, observed: Sequence[Observed], truth: Sequence[Observed]) -> list[Fingerprints]:
    """Fingerprints of what a check judges: of values in the expected shape, or of shapes or types alone."""
    return [
        fingerprints({name: _facet(check, value, true.get(name)) for name, value in _without_forward(item).items()})
        for item, true in zip(observed, truth, strict=True)
    ]


def forward_prints(observed: Sequence[Observed]) -> list[Fingerprints]:
    """Fingerprints of the forward passes."""
    return [fingerprints({FORWARD: item[FORWARD]}) for item in observed]


def match(one: Sequence[Fingerprints], other: Sequence[Fingerprints], precision: str = "d") -> bool:
    """True if the same arrays stand behind both, for every size."""
    return all(all_match(prints, others, precision) for prints, others in zip(one, other, strict=True))


def _facet(check: Check, value: Any, truth: np.ndarray | None) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    if check.aspect == "values":
        mended = None if truth is None else mend(value, truth.shape)
        return value if mended is None else mended
    return np.full(value.shape, value.dtype.itemsize if check.aspect == "dtypes" else 0.0)


def _without_forward(observed: Observed) -> dict[str, Any]:
    return {name: value for name, value in observed.items() if name != FORWARD}


def _differences(
    check: Check, observed: Sequence[Observed], truth: Sequence[Observed], precision: str
) -> list[tuple[Difference, str]]:
    """What differs, with the size that it differs at."""
    found = []
    for (N, D), item, true in zip(check.sizes, observed, truth, strict=True):
        at = f" (N = {N}, D = {D})" if len(check.sizes) > 1 else ""
        for name, expected in _without_forward(true).items():
            got = item.get(name, Other("missing"))
            if check.aspect == "values":
                difference = difference_in_values(name, got, expected, precision)
            elif check.aspect == "dtypes":
                difference = difference_in_dtype(name, got, expected)
            else:
                difference = difference_in_shape(name, got, expected)
            if difference:
                found.append((difference, at))
        if check.aspect == "names":
            found += [(Difference(name, "unexpected", "", ""), at) for name in item.keys() - true.keys()]
    return found


def describe(difference: Difference, at: str, say: Catalogue) -> str:
    """A difference as a sentence."""
    key = difference.kind
    if key == "values" and not difference.where:
        return say("values_scalar", name=difference.name + at, expected=difference.expected, found=difference.found)
    return say(
        key,
        name=difference.name + at,
        expected=difference.expected,
        found=difference.found,
        where=list(difference.where),
        size=f"{difference.size:.1e}",
        share=f"{difference.share:.0%}",
    )


def _raised(assignment: Assignment, check: Check, error: StudentError, say: Catalogue) -> Verdict:
    if error.kind == "not_implemented":
        # The innermost graded function: a network fails where one of its layers is not written yet.
        called = [line.function for line in error.lines if line.function in assignment.functions]
        function = called[-1] if called else check.function
        message = say("not_begun", function=function, module=assignment.module_of(function))
        return Verdict(check, "not_implemented", message)
    if error.kind == "timeout":
        return Verdict(check, "timeout", say("no_time", detail=error.message))
    if error.kind == "error":
        place = ""
        if error.lines:
            last = error.lines[-1]
            place = say("place", file=last.file, line=last.number, code=last.code)
        return Verdict(check, "error", say("raised", error=_brief(str(error)), place=place))
    key = {"missing": "no_function", "result": "result", "lost": "lost", "protocol": "protocol"}[error.kind]
    return Verdict(check, "error", say(key, detail=_brief(error.message)))


def _brief(text: str, limit: int = 300) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _weigh(verdicts: Sequence[Verdict], say: Catalogue) -> list[CheckResult]:
    """Results, with the mistake that explains the most failed checks of the function named in each that it explains."""
    votes = Counter(mistake for verdict in verdicts for mistake in verdict.candidates)
    results = []
    for verdict in verdicts:
        check = verdict.check
        diagnosis = None
        if verdict.candidates:
            # `max` keeps the first of equals, so the order of the list of mistakes decides.
            mistake = max(verdict.candidates, key=lambda candidate: votes[candidate])
            diagnosis = Diagnosis(mistake, say(mistake))
        results.append(
            CheckResult(
                check.id,
                check.function,
                check.points if verdict.status == "passed" else 0.0,
                check.points,
                verdict.status,
                verdict.message,
                diagnosis,
                verdict.warnings,
            )
        )
    return results


def precision_of(inputs: Sequence[Inputs]) -> str:
    """`f` if any input array is float32, else `d`."""
    arrays = (value for item in inputs for value in item.values() if isinstance(value, np.ndarray))
    return "f" if any(array.dtype.char == "f" for array in arrays) else "d"


def as_float64(inputs: Inputs) -> dict[str, Any]:
    """The same inputs in double precision, for the truth."""
    return {
        name: value.astype(np.float64) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value
        for name, value in inputs.items()
    }
