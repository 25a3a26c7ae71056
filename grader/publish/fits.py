"""Whether an assignment fits together: what does not is one line with file, check and reason, before anything is made.

What is asked of the reference, the known mistakes and the regions here is asked again of nobody: a check that crashes,
a mistake that no check sees or a task that no check needs shows to the author, and not on the first wrong student.
"""

from __future__ import annotations

import inspect
import re
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np

from checks.core import Assignment, Check, is_judged
from checks.engine.judge import judge
from checks.engine.recording import SEED
from checks.executor.errors import StudentError
from checks.mistakes import Mistake
from checks.pretenders import Pretender

from ..course import Course, framework_files
from ..errors import GraderError
from ..grading.pretenders import loaded
from ..reference.mistakes import load_mistakes, words_of
from ..reference.oracle import LiveOracle
from ..reference.regions import Region, find_regions
from ..reference.render import render_package
from ..reference.versions import Versions


def fit(course: Course, assignment: Assignment) -> None:
    """See that an assignment fits together.

    Raises:
        GraderError: it does not; the first thing that does not, and how many more there are.
    """
    found = misfits(course, assignment)
    if found:
        line, _, step = found[0].partition(" Next: ")
        more = f" ({len(found) - 1} more like it)" if found[1:] else ""
        raise GraderError(f"{line}{more} Next: {step}")


def misfits(course: Course, assignment: Assignment) -> list[str]:
    """What does not fit, one line each; what cannot be asked before something else fits is left for the next time."""
    try:
        render_package(course, assignment)
    except GraderError as error:
        return [str(error)]
    made = Versions(course, assignment)
    mistakes = load_mistakes(assignment)
    written = [*_names(course, assignment, mistakes), *_sentences(course, assignment, mistakes)]
    if written:
        return written
    asked = [line for check in assignment.checks for line in _asked(course, made, check)]
    if asked:
        return asked
    oracle = LiveOracle(made, SEED)
    unseen = [line for mistake in mistakes for line in _unseen(course, oracle, mistake)]
    return [*unseen, *_unneeded(course, oracle)]


def place_of(course: Course, check: Check) -> str:
    """File and line of a check."""
    code = getattr(inspect.unwrap(check.run), "__code__", None)
    return _place(course, code.co_filename, code.co_firstlineno) if code else f"checks/{check.id}"


def _place(course: Course, file: str, line: int) -> str:
    path = Path(file)
    return f"{path.relative_to(course.root).as_posix() if path.is_relative_to(course.root) else path}, line {line}"


def _names(course: Course, assignment: Assignment, mistakes: tuple[Mistake, ...]) -> Iterator[str]:
    """Names of checks, functions and mistakes that stand for nothing, or for two things."""
    contract = assignment.contract
    known = {*contract.functions, *contract.models, *contract.classes}
    for check in assignment.checks:
        where = f"{place_of(course, check)}: {check.id}"
        if check.function not in known:
            yield f"{where}: the contract knows no {check.function!r}. Next: declare it, or name the check otherwise."
        elif (module := f"{assignment.module_of(check.function)}.py") not in assignment.modules:
            yield f"{where}: judges {module}, which the student does not edit. Next: list it in `modules`."
    for id, times in Counter(check.id for check in assignment.checks).items():
        if times > 1:
            yield f"checks/{assignment.name}: {times} checks are called {id}. Next: give each a name of its own."
    checks = {check.id: check for check in assignment.checks}
    own = f"checks/{assignment.name}/mistakes"
    for id, times in Counter(mistake.id for mistake in mistakes).items():
        if times > 1:
            yield f"{own}: {times} mistakes are called {id}. Next: give each a name of its own."
    for mistake in mistakes:
        if mistake.breaks not in checks:
            yield f"{own}: {mistake.id} is to fail {mistake.breaks!r}, and no check is called so. Next: name one."
        elif checks[mistake.breaks].function != mistake.function:
            yield (
                f"{own}: {mistake.id} is a mistake in {mistake.function!r} and is to fail {mistake.breaks!r}, which "
                "judges another. Next: make them agree."
            )


def _sentences(course: Course, assignment: Assignment, mistakes: tuple[Mistake, ...]) -> Iterator[str]:
    """Sentences that are missing, in one language or in all."""
    asked = {check.id: f"the check {check.id}" for check in assignment.checks}
    asked |= {mistake.id: f"the hint of the mistake {mistake.id}" for mistake in mistakes}
    asked |= {probe.id: f"the probe {probe.id}" for probe in assignment.probes}
    asked |= {default.id: f"the default {default.id}" for default in assignment.defaults}
    asked |= {move.says: f"what {check.id} says" for check in assignment.checks for move in check.moves}
    said = {language: words_of(assignment, language) for language in assignment.languages}
    for key, what in asked.items():
        sentences = {language: say.get(key).strip() for language, say in said.items()}
        missing = [language for language, sentence in sentences.items() if not sentence]
        if missing:
            yield (
                f'checks/{assignment.name}/*.toml: {what} has no sentence in {" and ".join(missing)}, under ["{key}"]. '
                "Next: write it."
            )
        elif len({tuple(sorted(re.findall(r"{\w+}", sentence))) for sentence in sentences.values()}) > 1:
            yield (
                f'checks/{assignment.name}/*.toml: the sentences of ["{key}"] name other things in each language. '
                "Next: put the same names in braces."
            )


def _asked(course: Course, made: Versions, check: Check) -> Iterator[str]:
    """What is wrong with a check that is asked of the reference."""
    try:
        drawn = check.inputs(SEED)
    except Exception as error:
        yield _raised(course, check, error, "its draw raises")
        return
    try:
        student = made.asked_by(check)
        student.reset()
        observed = [check.run(student, **inputs) for inputs in drawn]
    except Exception as error:
        yield _raised(course, check, error, "asked of the reference, it raises")
        return
    where = f"{place_of(course, check)}: {check.id}"
    if not all(isinstance(item, Mapping) for item in observed):
        kind = type(next(item for item in observed if not isinstance(item, Mapping))).__name__
        yield f'{where}: expected a dictionary of what it observed, found {kind}. Next: return {{"name": result}}.'
        return
    judged = [value for item in observed for name, value in item.items() if is_judged(name)]
    if not judged:
        yield f"{where}: observes nothing that is judged. Next: return what the function gives, under a name."
    elif all(_is_false(value) for value in judged):
        yield (
            f"{where}: on the reference all that it observes is False, so a function that does nothing may pass it. "
            "Next: ask for what holds of a right answer, or draw inputs for which something is True."
        )


def _is_false(value: Any) -> bool:
    return isinstance(value, bool | np.bool_ | np.ndarray) and np.asarray(value).dtype == bool and not np.any(value)


def _raised(course: Course, check: Check, error: Exception, when: str) -> str:
    """An exception of a check's own, or of the reference, with the course's own line."""
    said = " ".join((str(error) if isinstance(error, StudentError) else f"{type(error).__name__}: {error}").split())
    where = origin(course, error)
    return f"{place_of(course, check)}: {check.id}: {when} {said}{f' ({where})' if where else ''}. Next: correct it."


def origin(course: Course, error: BaseException) -> str:
    """File and line of a course's own that an exception comes from; empty if it comes from elsewhere."""
    if isinstance(error, StudentError):
        lines = error.lines[-1:]
        return f"{course.package.name}/{lines[0].file}, line {lines[0].number}" if lines else ""
    for line in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(line.filename)
        framework = path.is_relative_to(course.checks) and path in framework_files(course.checks)
        if any(path.is_relative_to(folder) for folder in (course.checks, course.package)) and not framework:
            return _place(course, line.filename, line.lineno or 1)
    return ""


def _unseen(course: Course, oracle: LiveOracle, mistake: Mistake) -> Iterator[str]:
    """A mistake that the check made for it passes."""
    assignment = oracle.assignment
    [check] = [check for check in assignment.checks if check.id == mistake.breaks]
    alone = replace(assignment, checks=(check,), explain="none")
    try:
        student = oracle.versions.student(mistake.id)
    except (GraderError, SyntaxError) as error:
        said, _, step = str(error).partition(" Next: ")
        yield f"checks/{assignment.name}/mistakes: {mistake.id}: {said.rstrip('.')}. Next: {step or 'correct it.'}"
        return
    result = judge(alone, student, oracle, language=assignment.languages[0])
    if result.checks[0].status == "passed":
        yield (
            f"checks/{assignment.name}/mistakes: {mistake.id} changes nothing that {mistake.breaks} sees "
            f"({place_of(course, check)}). Next: draw other inputs there, or make the mistake for another check."
        )


def _unneeded(course: Course, oracle: LiveOracle) -> Iterator[str]:
    """A region that may stay as it is handed out and costs nothing."""
    assignment = oracle.assignment
    for module in assignment.modules:
        where = f"{course.package.name}/{module}"
        regions = find_regions((course.package / module).read_text(encoding="utf-8"), where)
        own = [region for region in regions if region.assignment == assignment.name]
        for region in own:
            if not _is_needed(course, oracle, Path(module).stem, own, region):
                yield (
                    f"{where}, line {region.begin}: no check needs what is written here, in {region.function}. Next: "
                    f"write one in checks/{assignment.name}/, or take the markers off."
                )


def _is_needed(course: Course, oracle: LiveOracle, module: str, own: list[Region], blank: Region) -> bool:
    assignment = replace(oracle.assignment, explain="none")
    code = ["raise NotImplementedError\n" if region is blank else f"{dedent(region.code)}\n" for region in own]
    with loaded(course, oracle.assignment, Pretender("", "", regions={module: code})) as student:
        graded = blank.function.partition(".")[0]
        # Its own function first, which most often decides.
        for function in sorted(assignment.functions, key=lambda name: name != graded):
            result = judge(assignment, student, oracle, language=assignment.languages[0], functions=[function])
            if any(check.status != "passed" for check in result.checks):
                return True
    return False
