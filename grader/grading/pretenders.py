"""What pretenders earn: submissions that want points for nothing (`checks/NAME/pretenders`).

Each is written out as a package of its own and judged in this process, where its memory begins anew; `graded` does the
same through the sandbox, which is slower and the only place for those that look for the judge's own memory.
"""

from __future__ import annotations

import ast
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

import numpy as np

from checks.case import as_float64, precision_of
from checks.compare import difference_in_values
from checks.core import Assignment, Check, Inputs, Observed, is_judged
from checks.executor import Executor, StudentError
from checks.judge import judge
from checks.pretenders import Pretender
from checks.recording import SEED
from checks.result import Result
from checks.student import Student
from checks.substituted import Substituted

from .beside import load_beside
from .course import Course
from .grading import grade
from .launch import Launcher
from .reference import load_package
from .render import render_package

if TYPE_CHECKING:
    from .mutation import Bench

KINDS = ("EMPTY", "COUPLED", "SOMETIMES", "KEPT", "BENT")

_REGION = re.compile(r"^( *)### BEGIN SOLUTION[^\n]*\n.*?^ *### END SOLUTION[^\n]*\n", re.MULTILINE | re.DOTALL)


def load_pretenders(assignment: Assignment) -> dict[str, tuple[Pretender, ...]]:
    """The pretenders of an assignment by kind; none where it has none."""
    module = load_beside(assignment, "pretenders")
    return {kind: getattr(module, kind, ()) for kind in KINDS}


def load_form(assignment: Assignment) -> frozenset[str]:
    """Checks, by id, that a result may pass without being the right one."""
    found: frozenset[str] = getattr(load_beside(assignment, "pretenders"), "FORM", frozenset())
    return found


def write(course: Course, assignment: Assignment, pretender: Pretender, folder: Path, only: str = "") -> Path:
    """Write a pretender's `funkcije/` into a folder: the modules that a student edits and what they import.

    Args:
        course: whose reference is changed.
        assignment: which modules a student edits.
        pretender: what is changed.
        folder: where the package is to lie.
        only: the one function that pretends beside an honest rest; all if empty.
    """
    package = folder / course.package.name
    package.mkdir(parents=True)
    own = assignment.module_of(only) if only else ""
    for file in _needed(course.package, [Path(module).stem for module in assignment.modules]):
        text = (course.package / file).read_text(encoding="utf-8")
        module = Path(file).stem
        if not own or module == own:
            text = _in_regions(text, pretender.regions.get(module, ()))
            text += _beside(assignment, module, only, pretender.added.get(module, ""))
        (package / file).write_text(text, encoding="utf-8")
    return package


def _needed(folder: Path, modules: Sequence[str]) -> list[str]:
    """Files of a package that some of its modules import, and these."""
    found: list[str] = ["__init__.py"]
    waiting = list(modules)
    while waiting:
        file = f"{waiting.pop()}.py"
        if file in found or not (folder / file).is_file():
            continue
        found.append(file)
        for node in ast.walk(ast.parse((folder / file).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 1:
                waiting += [node.module] if node.module else [alias.name for alias in node.names]
    return found


def _in_regions(text: str, regions: Sequence[str]) -> str:
    if not regions:
        return text
    waiting = iter(regions)
    changed = _REGION.sub(lambda match: indent(next(waiting), match[1]), text)
    assert next(waiting, None) is None, "fewer solution regions than texts for them"
    return changed


def _beside(assignment: Assignment, module: str, only: str, added: str) -> str:
    """What is added to a module, with its other functions put back as they were if one alone pretends."""
    if not added or only not in assignment.contract.functions:
        return added
    others = [name for name, known in assignment.contract.functions.items() if known.module == module and name != only]
    kept = f"_honest = {{_name: globals()[_name] for _name in {others}}}"
    return f"\n\n{kept}\n{added}\n\nglobals().update(_honest)\ndel _honest\n"


@contextmanager
def loaded(course: Course, assignment: Assignment, pretender: Pretender, only: str = "") -> Iterator[Student]:
    """A pretender as a package of its own in this process; see `write`."""
    with tempfile.TemporaryDirectory(prefix="grader-pretender-") as name:
        package = load_package(write(course, assignment, pretender, Path(name), only))
        handed_out = {}
        for module in assignment.substituted:
            handed_out[module] = Path(name, f"{module}.py")
            handed_out[module].write_bytes(_stub(course, assignment.name)[f"{module}.py"])
        try:
            substituted = Substituted(package.name, handed_out, assignment.stand_ins)
            over = Student(substituted, assignment.contract)
            yield Student(Executor(package.name), assignment.contract, over)
        finally:
            package.unload()


@cache
def _stub(course: Course, assignment: str) -> dict[str, bytes]:
    return render_package(course, course.assignment(assignment)).stub


def tried(bench: Bench, pretender: Pretender, draw: int, only: str = "", *, explained: bool = False) -> Result:
    """The verdict on a pretender, on one draw and in this process.

    Args:
        bench: judges.
        pretender: who is judged.
        draw: the draw's number.
        only: as in `write`.
        explained: whether what is wrong is explained, too, as for a student; that takes most of the time.
    """
    with loaded(bench.course, bench.assignment, pretender, only) as student:
        return _judge(bench, bench.assignment if explained else _silent(bench.assignment), student, draw)


def _judge(bench: Bench, assignment: Assignment, student: Student, draw: int) -> Result:
    oracle = bench.oracle(draw)
    with np.errstate(all="ignore"):
        return judge(assignment, student, oracle, language="en")


def _silent(assignment: Assignment) -> Assignment:
    return replace(assignment, explain="none")


def graded(
    course: Course,
    assignment: Assignment,
    pretender: Pretender,
    *,
    only: str = "",
    launcher: Launcher | None = None,
) -> Result:
    """The verdict on a pretender through the sandbox, as any submission gets it."""
    with tempfile.TemporaryDirectory(prefix="grader-pretender-") as name:
        write(course, assignment, pretender, Path(name), only)
        return grade(Path(name), course, assignment, student="pretender", language="en", launcher=launcher)


def pretenders_of(assignment: Assignment) -> dict[str, Pretender]:
    """Those of an assignment whose points are known beforehand: empty ones, and layers that bend under a network."""
    kinds = load_pretenders(assignment)
    return {pretender.id: pretender for kind in ("EMPTY", "BENT") for pretender in kinds[kind]}


def undue(course: Course, assignment: Assignment, pretender: Pretender, launcher: Launcher) -> list[str]:
    """What such a pretender earned through the sandbox and should not have, in words; empty if nothing."""
    earned = points(graded(course, assignment, pretender, launcher=launcher))
    due = pretender.earns or dict.fromkeys(earned, 0.0)
    return [
        f"{name} earned {earned[name]:g} points, {due[name]:g} are due" for name in due if earned[name] != due[name]
    ]


@dataclass(frozen=True)
class Due:
    """What somebody who is right on some calls is due, found without the judge: checks, by id."""

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
        truth = check.run(bench.kept.student(), **as_float64(inputs))
    except StudentError:
        return False
    return not any(
        difference_in_values(name, observed.get(name), value, precision_of([inputs]))
        for name, value in truth.items()
        if is_judged(name)
    )


@dataclass
class Row:
    """What one pretender earned on some draws: the most of them, by function."""

    pretender: Pretender
    alone: dict[str, float] = field(default_factory=dict)
    beside: dict[str, float] = field(default_factory=dict)
    """Of empty ones, function to its points where it alone pretends; of kept ones, points over empty layers."""
    takes: set[str] = field(default_factory=set)
    """Functions that lost a point beside another that pretends, and are not built on it."""
    checks: set[str] = field(default_factory=set)
    """Every check that it earned on some draw."""
    undue: set[str] = field(default_factory=set)
    """Checks that it earned and was not due."""
    denied: set[str] = field(default_factory=set)
    """Checks of values that it was due and did not earn."""
    broke: str = ""
    """What the judge raised."""

    @property
    def score(self) -> float:
        """Points of the whole submission."""
        return sum(self.alone.values())


def points(result: Result) -> dict[str, float]:
    """By function."""
    found: dict[str, float] = {}
    for check in result.checks:
        found[check.function] = found.get(check.function, 0.0) + check.points
    return found


def most(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    """The greater number of each."""
    return {name: max(before.get(name, 0.0), now.get(name, 0.0)) for name in {**before, **now}}


def measure(bench: Bench, kind: str, pretender: Pretender, draws: Sequence[int], *, explained: bool = True) -> Row:
    """Try one pretender on some draws.

    Args:
        bench: judges.
        kind: one of `KINDS`.
        pretender: who is tried; one that needs a process of its own is tried once, and there.
        draws: their numbers.
        explained: whether on the first of them what is wrong is explained, too, as for a student.
    """
    row = Row(pretender)
    for draw in draws[:1] if pretender.own_process else draws:
        try:
            _measure(bench, kind, row, draw, explained=explained and draw == draws[0])
        except Exception as error:  # whatever is handed in, the judge does not fail
            row.broke = f"{type(error).__name__}: {error}"
    return row


def _measure(bench: Bench, kind: str, row: Row, draw: int, *, explained: bool) -> None:
    pretender, assignment = row.pretender, bench.assignment
    if kind == "SOMETIMES":
        result, owed = due(bench, pretender, draw)
        _compare(row, result, owed, load_form(assignment))
    else:
        own = pretender.own_process
        result = (
            graded(bench.course, assignment, pretender) if own else tried(bench, pretender, draw, explained=explained)
        )
    row.alone = most(row.alone, points(result))
    row.checks |= {check.id for check in result.checks if check.points}
    if kind == "EMPTY" and not pretender.own_process:
        for function in assignment.functions:
            now = points(tried(bench, pretender, draw, only=function))
            row.beside[function] = max(row.beside.get(function, 0.0), now[function])
            others = set(assignment.functions) - {function, *_built_on(assignment, function)}
            row.takes |= {other for other in others if now[other] < assignment.points(other)}
    if kind == "KEPT":
        over = replace(pretender, added={**load_pretenders(assignment)["EMPTY"][0].added, **pretender.added})
        row.beside = most(row.beside, points(tried(bench, over, draw)))


def _built_on(assignment: Assignment, function: str) -> set[str]:
    """Backward passes that have no cache to go back from when this one pretends."""
    return {backward for backward, forward in assignment.forward_of.items() if forward == function}


def _compare(row: Row, result: Result, owed: Due, form: frozenset[str]) -> None:
    earned = {check.id for check in result.checks if check.points}
    row.undue |= earned - owed.may
    row.denied |= owed.must - earned - form
