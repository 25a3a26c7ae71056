"""What pretenders earn on many draws, compared with what they are due."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from checks.core import Assignment, Check, Inputs, Observed, is_judged
from checks.engine.case import as_float64, precision_of
from checks.engine.compare import difference_in_values
from checks.engine.judge import judge
from checks.engine.recording import SEED
from checks.executor.errors import StudentError
from checks.executor.executor import Executor
from checks.executor.substituted import Substituted
from checks.pretenders import Pretender
from checks.result import Result
from checks.student import Student

from ..grading.pretenders import graded, load_form, load_pretenders, loaded, points
from .bench import Bench
from .tally import Row


def tried(bench: Bench, pretender: Pretender, draw: int, only: str = "", *, explained: bool = False) -> Result:
    """The verdict on a pretender, on one draw and in this process.

    Args:
        bench: judges.
        pretender: is judged.
        draw: the draw's number.
        only: as in `write`.
        explained: whether what is wrong is explained, too, as for a student; that takes most of the time.
    """
    with loaded(bench.course, bench.assignment, pretender, only) as student:
        return _judge(bench, bench.assignment if explained else _silent(bench.assignment), student, draw)


def _judge(bench: Bench, assignment: Assignment, student: Student, draw: int) -> Result:
    oracle = bench.oracle(draw)
    with np.errstate(all="ignore"):
        return judge(assignment, student, oracle, language=assignment.languages[-1])


def _silent(assignment: Assignment) -> Assignment:
    return replace(assignment, explain="none")


@dataclass(frozen=True)
class Due:
    """What a submission that is right on some calls is due, found without the judge: checks, by id."""

    may: frozenset[str]
    """Those in which every size was right on some run: no others may be earned."""
    must: frozenset[str]
    """Those in which every size was right on every run: all of them must be earned, but for those of form."""


def due(bench: Bench, pretender: Pretender, draw: int) -> tuple[Result, Due]:
    """The verdict on one who keeps a `_LOG` of what was right, and what was due, from the very same calls."""
    form = load_form(bench.assignment)
    seed = bench.oracle(draw).seed if draw >= 0 else SEED
    found: dict[str, list[list[bool]]] = {check.id: [[] for _ in check.sizes] for check in bench.assignment.checks}
    with loaded(bench.course, bench.assignment, pretender) as student:
        changed = {*pretender.added, *pretender.regions}
        asked = (student, student.over_stand_ins)

        def run(check: Check, other: Student, **inputs: Any) -> Observed:
            size = next((at for at, drawn in enumerate(check.inputs(seed)) if _same(drawn, inputs)), None)
            if other not in asked or size is None:
                return check.run(other, **inputs)
            module = bench.assignment.module_of(check.function)
            before = len(_log(other, module) or ())
            right = False
            try:
                observed = check.run(other, **inputs)
                if check.part or check.id in form:
                    log = _log(other, module)
                    said = [now for name, now in (log or ())[before:] if name == check.function]
                    right = all(said) if log is not None else module not in changed
                else:
                    right = _is_truth(bench, check, inputs, observed)
            finally:
                found[check.id][size].append(right)
            return observed

        checks = tuple(replace(check, run=partial(run, check)) for check in bench.assignment.checks)
        result = _judge(bench, replace(_silent(bench.assignment), checks=checks), student, draw)
    may = frozenset(id for id, sizes in found.items() if all(any(runs) for runs in sizes))
    return result, Due(may, frozenset(id for id in may if all(all(runs) for runs in found[id])))


def _log(student: Student, module: str) -> list[tuple[str, bool]] | None:
    """What a pretender's module says of its own calls: the function's name, and whether it was right."""
    executor = student.runs
    assert isinstance(executor, Executor)
    name = f"{executor.package}.{module}"
    found = executor.modules.get(name) if isinstance(executor, Substituted) else sys.modules.get(name)
    log: list[tuple[str, bool]] | None = getattr(found, "_LOG", None)
    return log


def _same(one: Inputs, other: Inputs) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(value, other[name]) for name, value in one.items())


def _is_truth(bench: Bench, check: Check, inputs: Inputs, observed: Observed) -> bool:
    try:
        truth = check.run(bench.versions.student(), **as_float64(inputs))
    except StudentError:
        return False
    return not any(
        difference_in_values(name, observed.get(name), value, precision_of(check, [inputs]))
        for name, value in truth.items()
        if is_judged(name)
    )


def larger(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    """The greater number of each."""
    return {name: max(before.get(name, 0.0), now.get(name, 0.0)) for name in {**before, **now}}


def measure(bench: Bench, kind: str, pretender: Pretender, draws: Sequence[int], *, explained: bool = True) -> Row:
    """Try one pretender on some draws.

    Args:
        bench: judges.
        kind: one of `KINDS`.
        pretender: is tried; one that needs a process of its own is tried once, and there.
        draws: their numbers.
        explained: whether on the first of them what is wrong is explained, too, as for a student.
    """
    row = Row(pretender)
    for draw in draws[:1] if pretender.own_process else draws:
        try:
            _measure(bench, kind, row, draw, explained=explained and draw == draws[0])
        except Exception as error:  # the judge must not fail, whatever is handed in
            row.broke = f"{type(error).__name__}: {error}"
    return row


def _measure(bench: Bench, kind: str, row: Row, draw: int, *, explained: bool) -> None:
    pretender, assignment = row.pretender, bench.assignment
    if kind == "SOMETIMES":
        result, owed = due(bench, pretender, draw)
        form = load_form(assignment)
        _compare(row, result, replace(owed, may=owed.may | form) if pretender.by_turns else owed, form)
    else:
        own = pretender.own_process
        result = (
            graded(bench.course, assignment, pretender) if own else tried(bench, pretender, draw, explained=explained)
        )
    row.alone = larger(row.alone, points(result))
    row.checks |= {check.id for check in result.checks if check.points}
    if kind == "EMPTY" and not pretender.own_process:
        for function in assignment.functions:
            now = points(tried(bench, pretender, draw, only=function))
            row.beside[function] = max(row.beside.get(function, 0.0), now[function])
            others = set(assignment.functions) - {function, *_built_on(assignment, function)}
            row.takes |= {other for other in others if now[other] < assignment.points(other)}
    if kind == "KEPT":
        over = replace(pretender, added={**load_pretenders(assignment)["EMPTY"][0].added, **pretender.added})
        row.beside = larger(row.beside, points(tried(bench, over, draw)))


def _built_on(assignment: Assignment, function: str) -> set[str]:
    """Backward passes that have no cache to go back from when this one pretends."""
    return {backward for backward in assignment.forward_of if function in assignment.forwards_of(backward)}


def _compare(row: Row, result: Result, owed: Due, form: frozenset[str]) -> None:
    earned = {check.id for check in result.checks if check.points}
    row.undue |= earned - owed.may
    row.denied |= owed.must - earned - form
