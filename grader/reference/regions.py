"""Solution regions: what a student writes in one place of a module, between two markers, and for which assignment."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from ..errors import GraderError
from .syntax import parse

_BEGIN = re.compile(r"(?P<indent>[ \t]*)### BEGIN SOLUTION(?:[ \t]+(?P<name>\w+))?[ \t]*")
_END = re.compile(r"[ \t]*### END SOLUTION[ \t]*")
_CLAUSE = re.compile(r"\s*(elif|else|except|finally)\b")
_MARKER = re.compile(r"(BEGIN|END)[ _-]*SOLUTION", re.IGNORECASE)


@dataclass(frozen=True)
class Region:
    """What one assignment's students write in one place of one module."""

    assignment: str
    function: str
    """Qualified name of the function around it, such as `FullyConnectedNet.loss`."""
    indent: str
    begin: int
    """Line of the BEGIN marker, counted from 1."""
    end: int
    """Line of the END marker."""
    code: str
    """The lines between the markers."""


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
    tree = parse_module(text, where)
    statements = list(_statements(tree))
    return tuple(_region(name, indent, begin, end, text, statements, where) for name, indent, begin, end in found)


def _pairs(lines: list[str], where: str) -> Iterator[tuple[str, str, int, int]]:
    """Match the markers: (assignment, indent, line of BEGIN, line of END)."""
    opened: tuple[str, str, int] | None = None
    for number, line in enumerate(lines, start=1):
        begin, end = _BEGIN.fullmatch(line), _END.fullmatch(line)
        if begin:
            if opened:
                fail(
                    where,
                    number,
                    f"expected `### END SOLUTION` of the region opened in line {opened[2]}, found another BEGIN",
                    "close the first region; regions do not nest",
                )
            if not begin["name"]:
                fail(
                    where,
                    number,
                    "expected the assignment's name after BEGIN SOLUTION, found none",
                    "write `### BEGIN SOLUTION NAME`",
                )
            opened = (begin["name"], begin["indent"], number)
        elif end:
            if not opened:
                fail(
                    where,
                    number,
                    "found `### END SOLUTION`, expected a BEGIN before it",
                    "add `### BEGIN SOLUTION NAME`, or remove this line",
                )
            yield (*opened, number)
            opened = None
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
    return Region(name, function, indent, begin, end, "\n".join(lines))


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
