"""One source, two faces: cut the solution regions out of the course's package, or keep them and drop their markers.

A region lies inside a function. Its markers are lines of their own, indented as the code between them:

    def relu_forward(x):
        ### BEGIN SOLUTION relu
        out = np.maximum(0, x)
        ### END SOLUTION
        return out, x

The word after `BEGIN SOLUTION` names the assignment in which a student writes the region. For one assignment,

- the **stub** blanks its regions with a TODO and a `raise NotImplementedError` that name the function,
- the **solution** keeps them,

and both keep the regions of the assignments that it gives, and blank those of any other as coming later, so that no
release solves the next assignment. With a region go those inside it. A later region inside one that is kept leaves a
comment and raises nothing, since what lies around it is to run before it is written. Everything here is text in, text
out, and the same bytes every time.
"""

import ast
import textwrap
from collections import Counter
from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from pathlib import Path

from checks.core import Assignment
from checks.language import catalogue

from ..course import Course
from ..errors import GraderError
from ..text import sentences
from .regions import Region, fail, find_regions, parse_module, without_markers
from .syntax import parse

RENDERER = "2"
"""Raise it when the same source gives other bytes: releases made before are then older than their source."""

_WIDTH = 110
"""Columns that a task's comment takes at most."""


@dataclass(frozen=True)
class Rendered:
    """The package as one assignment hands it out, and as it is solved."""

    stub: dict[str, bytes]
    """File contents by path inside the package."""
    solution: dict[str, bytes]
    blanked: dict[str, tuple[Region, ...]]
    """What the stub does not show, by path inside the package: the assignment's own regions and the later ones."""


def render_package(course: Course, assignment: Assignment) -> Rendered:
    """Render every module of the course's package for one assignment.

    Raises:
        GraderError: a module or a region is not as it should be; the line names the file and the line in it.
    """
    stub: dict[str, bytes] = {}
    solution: dict[str, bytes] = {}
    blanked: dict[str, tuple[Region, ...]] = {}
    own: set[str] = set()
    _refuse_later(course, assignment)
    assignment = replace(assignment, languages=course.settings.side_by_side)
    for path in sorted(course.package.rglob("*.py")):
        module = path.relative_to(course.package).as_posix()
        where = f"{course.package.name}/{module}"
        text = _read(path, where)
        regions = find_regions(text, where)
        if any(region.assignment == assignment.name for region in regions):
            own.add(module)
            if module not in assignment.modules:
                first = next(region for region in regions if region.assignment == assignment.name)
                fail(
                    where,
                    first.begin,
                    f"a region of {assignment.name!r} in a module that the assignment does not list "
                    f"(modules: {', '.join(assignment.modules) or 'none'})",
                    f"add {module!r} to `modules` in checks/{assignment.name}/__init__.py, or move the region",
                )
        _refuse_hidden_task(regions, where, assignment)
        stub[module] = render_module(text, where, assignment, stub=True).encode()
        solution[module] = render_module(text, where, assignment, stub=False).encode()
        if hidden := outermost(regions, set(assignment.gives)):
            blanked[module] = hidden
    if not stub:
        raise GraderError(f"{course.package}: expected the course's package, found no Python module. Next: create it.")
    for module in assignment.modules:
        if module not in own:
            found = "no such file" if module not in stub else "no region of this assignment"
            raise GraderError(
                f"{course.package.name}/{module}: listed in `modules` of {assignment.name!r}, but found {found}. Next: "
                f"put `### BEGIN SOLUTION {assignment.name}` ... `### END SOLUTION` in it, or take it off the list in "
                f"checks/{assignment.name}/__init__.py."
            )
    return Rendered(stub, solution, blanked)


def render_module(text: str, where: str, assignment: Assignment, *, stub: bool) -> str:
    """Render one module as the stub or as the solution of an assignment.

    Args:
        text: the module, with its markers.
        where: its name in messages.
        assignment: whose release it is for; the regions of what it gives are kept.
        stub: whether to blank the assignment's own regions too.

    Raises:
        GraderError: a marker is wrong, or the result is not Python.
    """
    keep = set(assignment.gives) if stub else {assignment.name, *assignment.gives}
    lines = text.split("\n")
    rendered: list[str] = []
    done = 0
    regions = find_regions(text, where)
    hidden = outermost(regions, keep)
    places: Counter[tuple[str, str]] = Counter()
    for region in regions:
        places[region.assignment, region.function] += 1
        if region in hidden:
            place = places[region.assignment, region.function]
            rendered += without_markers("\n".join([*lines[done : region.begin - 1], ""])).split("\n")[:-1]
            rendered += [region.indent + line for line in _blank(region, place, assignment)]
            if _is_passed_by(region, assignment) and _leaves_nothing(region, hidden, assignment, text):
                rendered.append(f"{region.indent}pass")
            done = region.end
    rendered += without_markers("\n".join(lines[done:])).split("\n")
    face = "\n".join(rendered)
    parse_module(face, where, f"; this is its {'stub' if stub else 'solution'}, so a region holds half a statement")
    return face


def outermost(regions: tuple[Region, ...], keep: Set[str]) -> tuple[Region, ...]:
    """The regions that are blanked where those of some assignments are kept; with a region go those inside it."""
    return tuple(region for region in regions if region.assignment not in keep and keep >= set(region.inside))


def _refuse_later(course: Course, assignment: Assignment) -> None:
    """See that the assignment gives nothing that comes after it in the course's order."""
    order = course.settings.assignments
    if assignment.name not in order:
        return
    later = order[order.index(assignment.name) + 1 :]
    for name in assignment.gives:
        if name in later:
            raise GraderError(
                f"checks/{assignment.name}/__init__.py: `gives` holds {name!r}, which comes after {assignment.name!r} "
                "in course.toml, so that its release would solve what is not handed out yet. Next: take it out of "
                "`gives`, or change the order in course.toml."
            )


def _refuse_hidden_task(regions: tuple[Region, ...], where: str, assignment: Assignment) -> None:
    """See that no task lies inside what the assignment does not give."""
    for region in regions:
        around = next((name for name in region.inside if name not in assignment.gives), None)
        if region.assignment == assignment.name and around is not None:
            fail(
                where,
                region.begin,
                f"a region of {assignment.name!r} inside one of {around!r}, which the assignment does not give, so "
                "that nobody would see it",
                f"add {around!r} to `gives` in checks/{assignment.name}/__init__.py, or move the region",
            )


def _is_passed_by(region: Region, assignment: Assignment) -> bool:
    """Whether a blanked region says nothing when it is reached: what lies around it must work before it is written."""
    return bool(region.inside) and region.assignment != assignment.name


def _leaves_nothing(region: Region, hidden: tuple[Region, ...], assignment: Assignment, text: str) -> bool:
    """Whether nothing that runs is left of the body that a region begins."""
    body = next(
        body
        for node in ast.walk(parse(text))
        for body in _bodies(node)
        if any(region.begin < statement.lineno < region.end for statement in body)
    )
    gone = [other for other in hidden if _is_passed_by(other, assignment)]
    left = [node for node in body if not any(other.begin < node.lineno < other.end for other in gone)]
    return not left and region.begin < body[0].lineno < region.end


def _bodies(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        found = getattr(node, name, None)
        if isinstance(found, list) and found:
            yield found


def _blank(region: Region, place: int, assignment: Assignment) -> tuple[str, ...]:
    """The lines in place of a region, in the course's languages; `place` is its number in its function, from 1."""
    function = region.function
    first, *others = (sentences(language) for language in assignment.languages)

    def each(key: str) -> str:
        also = "".join(f" ({other(key)})" for other in others)
        return f"{first(key)}{also}"

    if region.assignment != assignment.name:
        later, *also = (say("stub_later_part", assignment=region.assignment) for say in (first, *others))
        shown = f"{each('stub_later')}: {region.assignment}"
        return (
            f"# {function}: {later}",
            *(f"# {line}" for line in also),
            *(() if _is_passed_by(region, assignment) else (f'raise NotImplementedError("{function}: {shown}")',)),
        )
    judged = next((name for name in assignment.functions if name == function.partition(".")[0]), None)
    then = " / ".join([first("stub_then").capitalize(), *(say("stub_then") for say in others)])
    then = f' {then}: check("{judged}")' if judged else ""
    key = f"todo.{function}.{place}"
    what, *also = (
        catalogue(say.language, assignment.folder).get(key) or say("stub_this_part") for say in (first, *others)
    )
    width = _WIDTH - len(region.indent)
    return (
        *_comment(f"TODO {function}: {what}", width),
        *(line for text in also for line in _comment(f"({text})", width)),
        *_comment(f"{first('stub_write')}; {first('stub_contract')}.{then}", width),
        *(line for say in others for line in _comment(f"({say('stub_write')}; {say('stub_contract')}.)", width)),
        f'raise NotImplementedError("{function}: {each("stub_not_written")}")',
    )


def _comment(text: str, width: int) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, width - 2, break_long_words=False)]


def _read(path: Path, where: str) -> str:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise GraderError(f"{where}: expected UTF-8 text, found {error.reason}. Next: save it as UTF-8.") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
