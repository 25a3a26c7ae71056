"""Solution regions: what a student writes in one place of a module, between two markers, and for which assignment.

A region of a later assignment may lie inside one of an earlier: first the loops of a network, then what comes between.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from ..errors import GraderError
from .syntax import parse

_BEGIN = re.compile(r"(?P<indent>[ \t]*)### BEGIN SOLUTION(?:[ \t]+(?P<name>\w+))?[ \t]*")
_END = re.compile(r"[ \t]*### END SOLUTION[ \t]*")
_MARKER_LINE = re.compile(r"^[ \t]*### (BEGIN SOLUTION([ \t]+\w+)?|END SOLUTION)[ \t]*(\n|\Z)", re.MULTILINE)
_CLAUSE = re.compile(r"\s*(elif|else|except|finally)\b")
_MARKER = re.compile(r"(BEGIN|END)[ _-]*SOLUTION", re.IGNORECASE)


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
    """The lines between the markers, without the markers of regions inside."""
    inside: tuple[str, ...] = ()
    """The assignments of the regions around it, the outermost first."""


def find_regions(text: str, where: str) -> tuple[Region, ...]:
    """The solution regions of a module, in order.

    Args:
        text: the module, with its markers.
        where: its name in messages.

    Raises:
        GraderError: a region is unclosed, nameless, empty, inside one of its own assignment, or not whole statements
            inside one function.
    """
    pairs = sorted(_pairs(text.split("\n"), where), key=lambda pair: pair.begin)
    if not pairs:
        return ()
    statements = list(_statements(parse_module(text, where)))
    return tuple(_region(pair, text, statements, where) for pair in pairs)


def without_markers(text: str) -> str:
    """The text without lines that are markers."""
    return _MARKER_LINE.sub("", text)


def lines_without_markers(text: str) -> list[int]:
    """The number in the file, counted from 1, of each line that `without_markers` leaves."""
    return [number for number, line in enumerate(text.splitlines(), start=1) if not _MARKER_LINE.match(f"{line}\n")]


@dataclass(frozen=True)
class _Pair:
    """Two markers that belong together."""

    assignment: str
    indent: str
    begin: int
    end: int
    inside: tuple[str, ...]


def _pairs(lines: list[str], where: str) -> Iterator[_Pair]:
    """Match the markers: an END belongs to the last BEGIN before it that has none yet, so regions cannot cross."""
    opened: list[tuple[str, str, int]] = []
    for number, line in enumerate(lines, start=1):
        begin, end = _BEGIN.fullmatch(line), _END.fullmatch(line)
        if begin:
            name = begin["name"]
            if not name:
                fail(
                    where,
                    number,
                    "expected the assignment's name after BEGIN SOLUTION, found none",
                    "write `### BEGIN SOLUTION NAME`",
                )
            around = next((line for other, _, line in opened if other == name), None)
            if around is not None:
                fail(
                    where,
                    number,
                    f"expected `### END SOLUTION` of the region of {name!r} opened in line {around}, found another "
                    f"BEGIN of {name!r}",
                    "close the first region; only a region of another assignment may lie inside it",
                )
            opened.append((name, begin["indent"], number))
        elif end:
            if not opened:
                fail(
                    where,
                    number,
                    "found `### END SOLUTION`, expected a BEGIN before it",
                    "add `### BEGIN SOLUTION NAME`, or remove this line",
                )
            yield _Pair(*opened.pop(), number, tuple(name for name, _, _ in opened))
        elif _MARKER.search(line):
            # A marker that is nearly right would hand out the solution.
            fail(
                where,
                number,
                f"expected a marker on a line of its own, found {line.strip()!r}",
                "write `### BEGIN SOLUTION NAME` or `### END SOLUTION` and nothing else in the line",
            )
    if opened:
        fail(
            where,
            opened[-1][2],
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


def _region(pair: _Pair, text: str, statements: list[_Statement], where: str) -> Region:
    """Check that two markers enclose whole statements of one function."""
    begin, end, indent = pair.begin, pair.end, pair.indent
    lines = text.split("\n")[begin : end - 1]
    code = [
        number for number, line in enumerate(lines, begin + 1) if line.strip() and not line.lstrip().startswith("#")
    ]
    if not code:
        fail(where, begin, "expected statements in the region, found none", "remove the markers, or add the solution")
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
        fail(
            where,
            begin,
            "expected whole statements, with the markers indented as they are",
            "move the markers around whole statements, to their indentation",
        )
    function = top[0]
    if len(functions) != 1 or function is None:
        fail(
            where,
            begin,
            "expected a region inside one function",
            "put the markers inside a function's body, one pair for each function: a stub must still import",
        )
    code_alone = without_markers("\n".join(lines))
    return Region(pair.assignment, function, indent, begin, end, code_alone, pair.inside)


def parse_module(text: str, where: str, note: str = "") -> ast.Module:
    """The parsed text; a syntax error is refused with its line, and the note after it."""
    try:
        return parse(text)
    except SyntaxError as error:
        fail(where, error.lineno or 1, f"expected Python, found a syntax error ({error.msg}){note}", "correct it")


def fail(where: str, line: int, problem: str, step: str) -> NoReturn:
    """Refuse something in a line of a module.

    Raises:
        GraderError: always.
    """
    raise GraderError(f"{where}, line {line}: {problem}. Next: {step}.")
