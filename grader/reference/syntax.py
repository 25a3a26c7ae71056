"""Parsing Python from several threads at a time."""

import ast
import threading
from functools import lru_cache

_one_at_a_time = threading.Lock()


def parse(text: str | bytes, file: str = "<unknown>") -> ast.Module:
    """`ast.parse`, one call at a time.

    CPython before 3.11.8 and 3.12.2 raises "AST constructor recursion depth mismatch" where two threads parse at once
    (python/cpython issue 106905).

    Args:
        text: Python.
        file: where it is from, for errors.

    Raises:
        SyntaxError: the text is not Python.
    """
    with _one_at_a_time:
        return ast.parse(text, file)


@lru_cache(maxsize=64)
def parsed(text: str) -> ast.Module:
    """As `parse`, of a text that is read again and again; nobody may change what is returned."""
    return parse(text)
