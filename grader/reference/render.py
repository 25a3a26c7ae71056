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
release solves the next assignment. Everything here is text in, text out, and the same bytes every time.
"""

import ast
import re
import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from checks.core import Assignment
from checks.language import catalogue

from ..course import Course
from ..errors import GraderError
from ..text import sentences
from .syntax import parse

RENDERER = "2"
"""Raise it when the same source gives other bytes: releases made before are then older than their source."""

_BEGIN = re.compile(r"(?P<indent>[ \t]*)### BEGIN SOLUTION(?:[ \t]+(?P<name>\w+))?[ \t]*")
_END = re.compile(r"[ \t]*### END SOLUTION[ \t]*")
_CLAUSE = re.compile(r"\s*(elif|else|except|finally)\b")
_MARKER = re.compile(r"(BEGIN|END)[ _-]*SOLUTION", re.IGNORECASE)
_WIDTH = 110
"""Columns that a task's comment takes at most."""


@dataclass(frozen=True)
class Region:
    """What one assignment's students write in one place of one module."""

    assignment: str
    function: str
    """Qualified name of the function around it, such as `Model.loss`."""
    indent: str
    begin: int
    """Line of the BEGIN marker, counted from 1."""
    end: int
    """Line of the END marker."""
    code: str
    """The lines between the markers."""


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
    for path in sorted(course.package.rglob("*.py")):
        module = path.relative_to(course.package).as_posix()
        where = f"{course.package.name}/{module}"
        text = _read(path, where)
        regions = find_regions(text, where)
        if any(region.assignment == assignment.name for region in regions):
            own.add(module)
            if module not in assignment.modules:
                first = next(region for region in regions if region.assignment == assignment.name)
                _fail(
                    where,
                    first.begin,
                    f"a region of {assignment.name!r} in a module that the assignment does not list "
                    f"(modules: {', '.join(assignment.modules) or 'none'})",
                    f"add {module!r} to `modules` in checks/{assignment.name}/__init__.py, or move the region",
                )
        stub[module] = render_module(text, where, assignment, stub=True).encode()
        solution[module] = render_module(text, where, assignment, stub=False).encode()
        hidden = tuple(region for region in regions if region.assignment not in assignment.gives)
        if hidden:
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
    places: Counter[tuple[str, str]] = Counter()
    for region in find_regions(text, where):
        places[region.assignment, region.function] += 1
        place = places[region.assignment, region.function]
        rendered += lines[done : region.begin - 1]
        if region.assignment in keep:
            rendered += lines[region.begin : region.end - 1]
        else:
            rendered += [region.indent + line for line in _blank(region, place, assignment)]
        done = region.end
    face = "\n".join(rendered + lines[done:])
    _parse(face, where, f"; this is its {'stub' if stub else 'solution'}, so a region holds half a statement")
    return face


def find_regions(text: str, where: str) -> tuple[Region, ...]:
    """The solution regions of a module, in order.

    Args:
        text: the module, with its markers.
        where: its name in messages.

    Raises:
        GraderError: a region is unclosed, nested, nameless, empty, or not whole statements inside one function.
    """
    found = tuple(_pairs(text.split("\n"), where))
    if not found:
        return ()
    tree = _parse(text, where)
    statements = list(_statements(tree))
    return tuple(_region(name, indent, begin, end, text, statements, where) for name, indent, begin, end in found)


def _pairs(lines: list[str], where: str) -> Iterator[tuple[str, str, int, int]]:
    """Match the markers: (assignment, indent, line of BEGIN, line of END)."""
    opened: tuple[str, str, int] | None = None
    for number, line in enumerate(lines, start=1):
        begin, end = _BEGIN.fullmatch(line), _END.fullmatch(line)
        if begin:
            if opened:
                _fail(
                    where,
                    number,
                    f"expected `### END SOLUTION` of the region opened in line {opened[2]}, found another BEGIN",
                    "close the first region; regions do not nest",
                )
            if not begin["name"]:
                _fail(
                    where,
                    number,
                    "expected the assignment's name after BEGIN SOLUTION, found none",
                    "write `### BEGIN SOLUTION NAME`",
                )
            opened = (begin["name"], begin["indent"], number)
        elif end:
            if not opened:
                _fail(
                    where,
                    number,
                    "found `### END SOLUTION`, expected a BEGIN before it",
                    "add `### BEGIN SOLUTION NAME`, or remove this line",
                )
            yield (*opened, number)
            opened = None
        elif _MARKER.search(line):
            # A marker that is nearly right would hand out the solution.
            _fail(
                where,
                number,
                f"expected a marker on a line of its own, found {line.strip()!r}",
                "write `### BEGIN SOLUTION NAME` or `### END SOLUTION` and nothing else in the line",
            )
    if opened:
        _fail(
            where,
            opened[2],
            "expected `### END SOLUTION` for the region opened here, found the end of the file",
            "close the region",
        )


_Statement = tuple[ast.stmt, str | None]


def _statements(tree: ast.Module) -> Iterator[_Statement]:
    """Every statement, with the qualified name of the innermost function around it (None outside functions)."""

    def walk(node: ast.AST, path: tuple[str, ...], function: str | None) -> Iterator[_Statement]:
        if isinstance(node, ast.stmt):
            yield node, function
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            path = (*path, node.name)
            function = None if isinstance(node, ast.ClassDef) else ".".join(path)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, path, function)

    return walk(tree, (), None)


def _region(
    name: str, indent: str, begin: int, end: int, text: str, statements: list[_Statement], where: str
) -> Region:
    """Check that two markers enclose whole statements of one function."""
    lines = text.split("\n")[begin : end - 1]
    code = [
        number for number, line in enumerate(lines, begin + 1) if line.strip() and not line.lstrip().startswith("#")
    ]
    if not code:
        _fail(where, begin, "expected statements in the region, found none", "remove the markers, or add the solution")
    inside = [(node, function) for node, function in statements if begin < node.lineno < end]
    starts = [min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) for node, _ in inside]
    top = [function for node, function in inside if node.col_offset == len(indent)]
    functions = set(top)
    whole = (
        inside
        and min(starts) == code[0]
        and all((node.end_lineno or 0) < end for node, _ in inside)
        and min(node.col_offset for node, _ in inside) == len(indent)
        and not _CLAUSE.match(lines[code[0] - begin - 1])
    )
    if not whole:
        _fail(
            where,
            begin,
            "expected whole statements, with the markers indented as they are",
            "move the markers around whole statements, to their indentation",
        )
    function = top[0]
    if len(functions) != 1 or function is None:
        _fail(
            where,
            begin,
            "expected a region inside one function",
            "put the markers inside a function's body, one pair for each function: a stub must still import",
        )
    return Region(name, function, indent, begin, end, "\n".join(lines))


def _blank(region: Region, place: int, assignment: Assignment) -> tuple[str, ...]:
    """The lines in place of a region, in the course's languages; `place` is its number in its function, from 1."""
    function = region.function
    first, *others = (sentences(language) for language in assignment.languages)

    def each(key: str) -> str:
        also = "".join(f" ({other(key)})" for other in others)
        return f"{first(key)}{also}"

    if region.assignment != assignment.name:
        later, *also = (say("stub_later_part", assignment=region.assignment) for say in (first, *others))
        return (
            f"# {function}: {later}",
            *(f"# {line}" for line in also),
            f'raise NotImplementedError("{function}: {each("stub_later")}: {region.assignment}")',
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


def _parse(text: str, where: str, note: str = "") -> ast.Module:
    try:
        return parse(text)
    except SyntaxError as error:
        _fail(where, error.lineno or 1, f"expected Python, found a syntax error ({error.msg}){note}", "correct it")


def _fail(where: str, line: int, problem: str, step: str) -> NoReturn:
    raise GraderError(f"{where}, line {line}: {problem}. Next: {step}.")
