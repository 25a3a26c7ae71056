"""Runs an attack through the same door as `grader check`, and says what did not hold."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Set
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from string import Template

import numpy as np

from checks.core import Assignment, Check
from checks.engine.judge import judge
from checks.executor.text import printable
from checks.pretenders import Pretender
from checks.result import CheckResult, Result

from ..course import Course
from ..errors import GraderError
from ..grading.grade import grade
from ..grading.pretenders import loaded
from ..reference.oracle import LiveOracle
from ..reference.versions import Versions
from ..sandbox.launch import Launcher
from ..sandbox.process import TimeLimits
from ..sandbox.warm import kept_by
from .attack import Attack
from .world import World

LIMITS = TimeLimits(call=2.0, total=20.0)
LARGEST_REPORT = 150_000
"""Bytes of JSON, whatever was handed in."""

_WRAPPER = """

def _each(change, value):
    return tuple(_each(change, one) for one in value) if type(value) in (tuple, list) else change(value)


def _around(honest):
    def hostile(*args, **kwargs):
        if {guard}:
            _honest = lambda: honest(*args, **kwargs)
{body}
        return honest(*args, **kwargs)
    return hostile


if isinstance({function}, type):
    for _name, _method in list(vars({function}).items()):
        if callable(_method) and not _name.startswith("_"):
            setattr({function}, _name, _around(_method))
else:
    {function} = _around({function})
"""


@dataclass(frozen=True)
class Target:
    """The function that hostile code stands around, and the checks in which it strikes."""

    module: str
    function: str
    guard: str
    struck: frozenset[str]
    beside: frozenset[str]
    """The checks of all functions of that module."""


@lru_cache(maxsize=8)
def target_of(course: Course, assignment: Assignment) -> Target:
    """The last graded function that nothing else is built on, struck where its input is float32 (one check at most).

    Where there is none, the last graded class: its methods are struck, in the checks that call any.

    Raises:
        GraderError: every function of the assignment carries another.
    """
    carrying = {forward for backward in assignment.forward_of for forward in assignment.forwards_of(backward)}
    alone = [name for name in assignment.functions if name not in carrying]
    alone = [name for name in alone if name in assignment.contract.functions] or alone
    if not alone:
        raise GraderError(f"{assignment.name}: no function that stands alone, so the attacks have nowhere to stand.")
    function = alone[-1]
    module = assignment.module_of(function)
    single = frozenset(check.id for check in assignment.of(function) if _is_single(check))
    guard = "True"
    if function not in assignment.contract.functions:
        struck = _calling_methods(course, assignment, function)
    elif single:
        guard, struck = "any(getattr(value, 'dtype', None) == 'float32' for value in args)", single
    else:
        struck = frozenset(check.id for check in assignment.of(function))
    beside = frozenset(check.id for check in assignment.checks if assignment.module_of(check.function) == module)
    return Target(module, function, guard, struck, beside)


def _calling_methods(course: Course, assignment: Assignment, model: str) -> frozenset[str]:
    """The checks of a class that fail where all its methods raise."""
    text = _WRAPPER.format(function=model, guard="True", body="            raise ValueError")
    raising = Pretender("", "", added={assignment.module_of(model): text})
    oracle = LiveOracle(Versions(course, assignment), b"any")
    with loaded(course, assignment, raising) as student:
        result = judge(replace(assignment, explain="none"), student, oracle, language="en", functions=[model])
    return frozenset(check.id for check in result.checks if check.status != "passed")


def _is_single(check: Check) -> bool:
    values = [value for inputs in check.inputs(b"any") for value in inputs.values()]
    return any(isinstance(value, np.ndarray) and value.dtype == np.float32 for value in values)


def run(attack: Attack, world: World, launcher: Launcher, *, then_honest: bool = True) -> list[str]:
    """Grade a hostile submission, then an honest one; return what did not hold, in words, empty if all did.

    Args:
        attack: what is handed in.
        world: what it may reach for.
        launcher: the sandbox.
        then_honest: whether an honest submission is graded afterwards.
    """
    target = target_of(world.course, world.assignment)
    folder = world.folder / "submission"
    shutil.rmtree(folder, ignore_errors=True)
    hand_in(attack, world, target, folder)
    before = world.state(kept_by(launcher))
    limits = LIMITS if attack.seconds is None else replace(LIMITS, total=attack.seconds)
    faults = []
    for _ in range(attack.times):
        try:
            result = grade(
                folder, world.course, world.assignment, student="eve", language="en", launcher=launcher, limits=limits
            )
        except Exception as error:
            faults.append(f"the grader itself raised {type(error).__name__}: {error}")
            continue
        faults += _judge(attack, target, result)
    if attack.poses:
        faults += typed_in(folder, world)
    after = world.state(kept_by(launcher))
    changed = [name for name in after.keys() | before.keys() if after.get(name) != before.get(name)]
    faults += [f"changed outside: {name}" for name in sorted(changed)]
    return faults + (_next(world, launcher) if then_honest else [])


_FUTURE = "from __future__ import annotations\n"
_RAN = "ran-on-the-trusted-side"
_MARK = """with open({file!r}, "a") as mark: mark.write(__file__ + chr(10))
"""


def command_line() -> list[str]:
    """What is typed for `grader`, where it is installed and where it is not."""
    program = Path(sys.executable).with_name("grader")
    return [str(program)] if program.exists() else [sys.executable, "-P", "-m", "grader.cli"]


def typed_in(folder: Path, world: World) -> list[str]:
    """Type `grader check .` in a submission; return what of it ran, in words."""
    mark = world.folder / _RAN
    # As many shells have it: an empty entry is the current folder.
    environment = os.environ | {"PYTHONPATH": os.pathsep, "PATH": f"{os.environ.get('PATH', os.defpath)}{os.pathsep}"}
    command = [*command_line(), "check", "."]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    ran = mark.read_text(encoding="utf-8").splitlines() if mark.exists() else []
    mark.unlink(missing_ok=True)
    faults = [f"ran with the instructor's rights: {os.path.relpath(file, folder)}" for file in ran]
    return [*faults, "`grader check .` ended in a traceback"] if "Traceback" in done.stderr else faults


def hand_in(attack: Attack, world: World, target: Target, folder: Path) -> None:
    """Write the submission of an attack."""
    _write_solution(world, folder)
    module = folder / world.assignment.package / f"{target.module}.py"
    text = module.read_text(encoding="utf-8")
    if attack.body:
        body = "\n".join(f"            {line}" for line in _filled(attack.body, world).strip("\n").splitlines())
        text += _WRAPPER.format(function=target.function, guard=target.guard, body=body)
    module.write_text(f"{text}\n{_filled(attack.top, world)}", encoding="utf-8")
    for name, content in attack.files.items():
        path = folder / _filled(name, world)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    names = {"name": world.assignment.name}
    for name, like in attack.poses.items():
        path = folder / Template(name).substitute(names)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = (world.course.root / Template(like).substitute(names)).read_text(encoding="utf-8") if like else ""
        mark = _MARK.format(file=str(world.folder / _RAN)) if path.suffix == ".py" else ""
        if not like or _FUTURE not in content:
            content = mark + content
        path.write_text(content.replace(_FUTURE, f"{_FUTURE}{mark}", 1), encoding="utf-8")
    for name, to in attack.links.items():
        (folder / _filled(name, world)).symlink_to(_filled(to, world))


def _write_solution(world: World, folder: Path) -> None:
    for name, content in world.solution.items():
        path = folder / world.assignment.package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _filled(text: str, world: World) -> str:
    return Template(text).substitute(world.names)


def _judge(attack: Attack, target: Target, result: Result) -> list[str]:
    """What of the verdict is not as it must be: the score, the checks that lost, the message."""
    lost = lost_checks(attack.costs, target, result)
    open_to = target.struck if attack.costs == "perhaps" else frozenset()
    told = replace(result, checks=tuple(check for check in result.checks if check.id not in open_to))
    faults = points_lost_and_kept(lost, told)
    texts = _texts(attack, lost, result.checks) or list(result.warnings)
    if attack.says and not any(re.search(attack.says, text) for text in texts):
        faults.append(f"expected a message like {attack.says!r}, found {texts}")
    lines = [*result.warnings, *(line for check in result.checks for line in check.message.split("\n"))]
    if any(printable(line, None) != line for line in lines):
        faults.append("a message holds characters that would move a terminal's cursor")
    if (size := len(json.dumps(result.to_json()))) > LARGEST_REPORT:
        faults.append(f"the report takes {size} bytes")
    return faults


def lost_checks(costs: str, target: Target, result: Result) -> set[str]:
    """The checks that an attack must lose."""
    if costs == "everything":
        return {check.id for check in result.checks}
    if costs == "module":
        return set(target.beside)
    return set(target.struck) if costs == "check" else set()


def points_lost_and_kept(lost: Set[str], result: Result) -> list[str]:
    """Which checks earned what they must not, or lost what is honest."""
    faults = []
    for check in result.checks:
        if check.id in lost and check.points:
            faults.append(f"{check.id} earned {check.points:g} points")
        elif check.id not in lost and check.status != "passed":
            faults.append(f"{check.id}, which is honest, was lost: {check.message}")
    return faults


def _texts(attack: Attack, lost: Set[str], checks: tuple[CheckResult, ...]) -> list[str]:
    return [check.message for check in checks if check.id in lost] if attack.costs != "nothing" else []


def _next(world: World, launcher: Launcher) -> list[str]:
    """What is wrong with the verdict on the honest submission that is graded next."""
    folder = world.folder / "submission"
    shutil.rmtree(folder)
    _write_solution(world, folder)
    try:
        result = grade(folder, world.course, world.assignment, language="en", launcher=launcher, limits=LIMITS)
    except GraderError as error:
        return [f"the next submission was not graded: {error}"]
    finally:
        shutil.rmtree(folder)
    if result.score != result.max_score or result.warnings:
        return [f"the next submission got {result.score:g} of {result.max_score:g} points"]
    return []
