"""Changes to source text: one kind of edit, one way to apply it, one way to find where a definition is."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

from checks.mistakes import FITTED, Edit, Family, Mistake, Variant

from ..errors import GraderError
from .regions import without_markers
from .syntax import parsed

__all__ = ["Edit", "apply", "edits_of", "span_of", "with_number"]


def edits_of(change: Mistake | Variant) -> tuple[Edit, ...]:
    """A known mistake, or a variant that is written as text, as edits of the reference without its markers."""
    function = (change.edited if isinstance(change, Mistake) else "") or change.function
    return tuple(
        Edit(change.module, function, without_markers(old), without_markers(new)) for old, new in change.replace
    )


def with_number(family: Family, number: float | None) -> tuple[Edit, ...]:
    """A family as edits of the reference, with a number, or with the name that stands for it."""
    text = FITTED if number is None else f"({number!r})"
    return tuple(
        Edit(family.module, family.function, without_markers(old), without_markers(new).replace(FITTED, text))
        for old, new in family.replace
    )


def apply(edit: Edit, text: str, file: Path) -> str:
    """The text of a module, or of one definition of it, with an edit applied.

    Args:
        edit: what is changed.
        text: begins at the left margin.
        file: where the text is from, for messages.

    Raises:
        GraderError: the function is not there, or `old` is not there exactly once.
        SyntaxError: the text is not Python.
    """
    first, last = span_of(edit.function, text, file)
    lines = text.splitlines(keepends=True)
    source = "".join(lines[first:last])
    if (count := source.count(edit.old)) != 1:
        raise GraderError(
            f"{file}: {edit.old!r} was expected once in {edit.function}, found {count} times. "
            "Next: bring the known mistake in line with the reference."
        )
    return "".join(lines[:first]) + source.replace(edit.old, edit.new) + "".join(lines[last:])


def span_of(name: str, text: str, file: Path) -> tuple[int, int]:
    """The lines of a function, a class, or a `Class.method`, as a slice; decorators are left out.

    Raises:
        GraderError: there is none of that name.
        SyntaxError: the text is not Python.
    """
    scope: Sequence[ast.stmt] = parsed(text).body
    for part in name.split("."):
        found = next((n for n in scope if isinstance(n, ast.FunctionDef | ast.ClassDef) and n.name == part), None)
        if found is None:
            raise GraderError(f"{file}: no {name}. Next: bring the known mistake in line with the reference.")
        scope, node = found.body, found
    assert node.end_lineno is not None
    return node.lineno - 1, node.end_lineno
