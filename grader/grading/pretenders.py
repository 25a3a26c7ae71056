"""What pretenders earn: submissions that try to earn points for nothing (`checks/NAME/pretenders`).

Each is written out as a package of its own and judged in this process, where it remembers nothing of the last run;
`graded` does the same through the sandbox, which is slower and the only place for those that search the judge's memory.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from textwrap import indent

from checks.core import Assignment
from checks.executor.executor import Executor
from checks.executor.substituted import Substituted
from checks.pretenders import Pretender
from checks.result import Result
from checks.student import Student

from ..course import Course
from ..reference.instructor_only import load_beside
from ..reference.package import load_package
from ..reference.regions import find_regions
from ..reference.render import render_package
from ..reference.syntax import parse
from ..sandbox.launch import Launcher
from ..sandbox.process import TimeLimits
from ..sandbox.temporary import temporary_folder
from .grade import grade

KINDS = ("EMPTY", "COUPLED", "SOMETIMES", "KEPT", "BENT")


def load_pretenders(assignment: Assignment) -> dict[str, tuple[Pretender, ...]]:
    """The pretenders of an assignment by kind; none where it has none."""
    module = load_beside(assignment, "pretenders")
    return {kind: getattr(module, kind, ()) for kind in KINDS}


def load_form(assignment: Assignment) -> frozenset[str]:
    """Checks, by id, that a result may pass without being the right one."""
    found: frozenset[str] = getattr(load_beside(assignment, "pretenders"), "FORM", frozenset())
    return found


def write(course: Course, assignment: Assignment, pretender: Pretender, folder: Path, only: str = "") -> Path:
    """Write a pretender's package into a folder: the modules that a student edits and what they import.

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
            text = _in_regions(text, file, assignment.name, pretender.regions.get(module, ()))
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
        for node in ast.walk(parse((folder / file).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 1:
                waiting += [node.module] if node.module else [alias.name for alias in node.names]
    return found


def _in_regions(text: str, where: str, assignment: str, regions: Sequence[str]) -> str:
    """A module with other text in place of each of an assignment's solution regions, if there is any."""
    if not regions:
        return text
    lines = text.splitlines(keepends=True)
    own = [region for region in find_regions(text, where) if region.assignment == assignment]
    for region, code in reversed(list(zip(own, regions, strict=True))):
        lines[region.begin - 1 : region.end] = [indent(code, region.indent)]
    return "".join(lines)


def _beside(assignment: Assignment, module: str, only: str, added: str) -> str:
    """What is added to a module, with its other functions put back as they were if one alone pretends."""
    contract = assignment.contract
    written = (*contract.functions, *contract.models)
    if not added or only not in written:
        return added
    others = [name for name in written if contract.module_of(name) == module and name != only]
    kept = f"_honest = {{_name: globals()[_name] for _name in {others}}}"
    return f"\n\n{kept}\n{added}\n\nglobals().update(_honest)\ndel _honest\n"


@contextmanager
def loaded(course: Course, assignment: Assignment, pretender: Pretender, only: str = "") -> Iterator[Student]:
    """A pretender as a package of its own in this process; see `write`."""
    with temporary_folder() as folder:
        package = load_package(write(course, assignment, pretender, folder, only))
        try:
            over = None
            if assignment.over_stand_ins:
                handed_out = {}
                for module in assignment.substituted:
                    handed_out[module] = folder / f"{module}.py"
                    handed_out[module].write_bytes(_stub(course, assignment.name)[f"{module}.py"])
                substituted = Substituted(package.name, handed_out, assignment.stand_ins)
                over = Student(substituted, assignment.contract)
            yield Student(Executor(package.name), assignment.contract, over)
        finally:
            package.unload()


@cache
def _stub(course: Course, assignment: str) -> dict[str, bytes]:
    return render_package(course, course.assignment(assignment)).stub


def graded(
    course: Course,
    assignment: Assignment,
    pretender: Pretender,
    *,
    only: str = "",
    launcher: Launcher | None = None,
    limits: TimeLimits | None = None,
) -> Result:
    """The verdict on a pretender through the sandbox, as any submission gets it."""
    with temporary_folder() as folder:
        write(course, assignment, pretender, folder, only)
        return grade(folder, course, assignment, student="pretender", launcher=launcher, limits=limits)


def pretenders_of(assignment: Assignment) -> dict[str, Pretender]:
    """Those of an assignment whose points are known beforehand: empty ones, and functions that bend under a network."""
    kinds = load_pretenders(assignment)
    return {pretender.id: pretender for kind in ("EMPTY", "BENT") for pretender in kinds[kind]}


def undue(course: Course, assignment: Assignment, pretender: Pretender, launcher: Launcher) -> list[str]:
    """What such a pretender earned through the sandbox and should not have, in words; empty if nothing."""
    earned = points(graded(course, assignment, pretender, launcher=launcher))
    due = pretender.earns or dict.fromkeys(earned, 0.0)
    return [
        f"{name} earned {earned[name]:g} points, {due[name]:g} are due" for name in due if earned[name] != due[name]
    ]


def points(result: Result) -> dict[str, float]:
    """By function."""
    found: dict[str, float] = {}
    for check in result.checks:
        found[check.function] = found.get(check.function, 0.0) + check.points
    return found
