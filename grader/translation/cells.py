"""What a translator gets of a notebook's cells, and whether what comes back is the same cell in other words."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from typing import Any

from nbformat import NotebookNode

SOURCE_ONLY = "source-only"
"""Tag of a cell that only the source notebook needs (it finds the package there); rendering removes it."""
_MAGIC = re.compile(r"^(\s*)[%!?].*$", re.MULTILINE)
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)]) ", re.MULTILINE)
_MARK = re.compile(r"(?:BEGIN|END) (?:SOLUTION|MARK SCHEME|HIDDEN TESTS)")


def is_source_only(cell: Any) -> bool:
    """Whether rendering removes this cell."""
    return SOURCE_ONLY in cell.metadata.get("tags", [])


def is_answer(cell: NotebookNode) -> bool:
    """Whether a cell holds a model answer."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def with_words(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """The cells that have something to read, by id: text, and code with a comment or a text in it.

    A check cell holds nothing but its function's name, which is the same in every language.
    """
    return {cell.id: cell for cell in notebook.cells if not is_source_only(cell) and _has_words(cell)}


def _has_words(cell: NotebookNode) -> bool:
    own = cell.metadata.get("nbgrader", {})
    if cell.cell_type == "code":
        is_check = own.get("grade") and own.get("locked")
        return not is_check and any(any(map(str.isalpha, text)) for text in _texts(cell.source))
    return any(map(str.isalpha, cell.source))


def _texts(code: str) -> Iterator[str]:
    """The comments and texts in Python code; all of what is none."""
    plain = _without_magics(code)
    try:
        tokens = [*tokenize.generate_tokens(io.StringIO(plain).readline)]
        tree = ast.parse(plain)
    except (SyntaxError, ValueError, tokenize.TokenError):
        yield code
        return
    yield from (token.string for token in tokens if token.type == tokenize.COMMENT)
    yield from (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))


def difference(original: NotebookNode, text: str) -> str:
    """Why a text is not the same cell in another language, in words; empty if it is."""
    if original.cell_type == "code":
        return _other_code(original.source, text)
    if (marks := _MARK.findall(original.source)) != (found := _MARK.findall(text)):
        return f"its original has the marks {marks or 'none'}, and it has {found or 'none'}"
    if is_answer(original):
        for what, count in (("paragraphs", _paragraphs), ("items in lists", _items)):
            if count(text) != count(original.source):
                return (
                    f"its original has {count(original.source)} {what}, and it has {count(text)}: a part of the answer "
                    "or of its rubric is left out, or there are two in one"
                )
    return ""


def _paragraphs(text: str) -> int:
    return len([block for block in re.split(r"\n\s*\n", text) if block.strip()])


def _items(text: str) -> int:
    return len(_ITEM.findall(text))


def _other_code(original: str, text: str) -> str:
    if (magics := _magics(original)) != (found := _magics(text)):
        return f"its original has the lines {magics or 'none'} for IPython, and it has {found or 'none'}"
    try:
        before = _bones(original)
    except (SyntaxError, ValueError):
        return ""  # no Python, such as another language's cell
    try:
        after = _bones(text)
    except (SyntaxError, ValueError) as error:
        return f"it is no Python ({error})"
    for (kind, line, one), (_, _, other) in zip(before, after, strict=False):
        if one != other:
            return f"its code is another than its original's, in the {kind} that there begins in line {line}"
    return "" if len(before) == len(after) else "its code has more or fewer statements than its original"


def _bones(code: str) -> list[tuple[str, int, str]]:
    """The statements at the top of some code, with nothing in their texts: (kind, line, what it does).

    Raises:
        SyntaxError, ValueError: it is no Python.
    """
    tree = ast.parse(_without_magics(code))
    return [(type(node).__name__, node.lineno, ast.dump(_Emptied().visit(node))) for node in tree.body]


class _Emptied(ast.NodeTransformer):
    """Takes the words out of all texts; what is filled into them stays, in whatever order."""

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        filled = [self.visit(value) for value in node.values if isinstance(value, ast.FormattedValue)]
        return ast.JoinedStr(sorted(filled, key=ast.dump))

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        return ast.FormattedValue(self.visit(node.value), node.conversion, node.format_spec)


def _magics(code: str) -> list[str]:
    return [found[0].strip() for found in _MAGIC.finditer(code)]


def _without_magics(code: str) -> str:
    return _MAGIC.sub(r"\1pass", code)
