"""What Python's and numpy's own words leave unsaid in the errors that everybody meets first.

Each sentence says what the error proves and no more: a shape that numpy read as a row, a cache that is None, a name
that has no value at that line.
"""

from __future__ import annotations

import re

from ..core import Assignment, Check
from ..executor.errors import StudentError
from ..language import Catalogue

_BROADCAST = re.compile(r"operands could not be broadcast together with shapes \((\d+),(\d+)\) \((\d+),\)")
_BROADCAST_REVERSED = re.compile(r"operands could not be broadcast together with shapes \((\d+),\) \((\d+),(\d+)\)")
_UNBOUND = re.compile(r"(?:local|free) variable '(\w+)'")
_NO_NAME = re.compile(r"name '(\w+)' is not defined")
_OF_CACHE = re.compile(r"=\s*\*?cache\s*(?:#.*)?$|\bcache\s*[\[.]|\(\s*\*cache\b")


def explained(assignment: Assignment, check: Check, error: StudentError, say: Catalogue) -> str:
    """A sentence about an error that needs one; empty about any other."""
    if error.type == "ValueError":
        return _shapes(error.message, say)
    if error.type == "UnboundLocalError" and (found := _UNBOUND.search(error.message)):
        return say("no_value_yet", name=found[1])
    if error.type == "NameError" and (found := _NO_NAME.search(error.message)):
        return _unknown(assignment, check, found[1], say)
    if error.type in {"TypeError", "AttributeError"} and "NoneType" in error.message:
        return _no_cache(assignment, check, error, say)
    return ""


def _shapes(message: str, say: Catalogue) -> str:
    """A vector as long as a matrix has rows, where numpy wants one as long as it has columns."""
    if found := _BROADCAST.search(message):
        rows, columns, length = map(int, found.groups())
    elif found := _BROADCAST_REVERSED.search(message):
        length, rows, columns = map(int, found.groups())
    else:
        return ""
    if length != rows or rows == columns:
        return ""
    return say(
        "read_as_a_row", matrix=f"({rows}, {columns})", vector=f"({rows},)", column=f"({rows}, 1)", row=f"({columns},)"
    )


def _unknown(assignment: Assignment, check: Check, name: str, say: Catalogue) -> str:
    """A name that nothing defines; Python tells `X` from `x`."""
    known = assignment.contract.functions.get(check.function)
    alike = [other for other in (known.parameters if known else ()) if other.lower() == name.lower()]
    return say("other_case", name=name, other=alike[0]) if alike else say("no_such_name", name=name)


def _no_cache(assignment: Assignment, check: Check, error: StudentError, say: Catalogue) -> str:
    """A backward pass that takes its cache apart, where the forward pass gave it None."""
    forwards = assignment.forwards_of(check.function)
    last = error.lines[-1] if error.lines else None
    if not forwards or last is None or last.function != check.function or not _OF_CACHE.search(last.code):
        return ""
    return say("no_cache", forward=forwards[-1])
