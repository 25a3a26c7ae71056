"""What is said when a student's function raised, ran out of time, or did not return what was declared.

Of a traceback only the student's own lines are shown, never the kit's or numpy's.
"""

from __future__ import annotations

import re
import sys

from ..core import Assignment, Check
from ..executor.errors import StudentError
from ..language import Catalogue
from ..result import Status
from .beginners import explained

_NO_ATTRIBUTE = re.compile(r"module 'numpy' has no attribute '(\w+)'|`np\.(\w+)` was removed")
_COUNT = re.compile(r"(\w+): (\d+) results expected, got (?:(\d+) results|(\w+))")

_SYNTAX = ("SyntaxError", "IndentationError", "TabError")

REMOVED = {
    "float": "float",
    "int": "int",
    "bool": "bool",
    "object": "object",
    "str": "str",
    "complex": "complex",
    "float_": "np.float64",
    "Inf": "np.inf",
    "Infinity": "np.inf",
    "infty": "np.inf",
    "NaN": "np.nan",
    "asfarray": "np.asarray(..., dtype=float)",
    "alltrue": "np.all",
    "sometrue": "np.any",
    "product": "np.prod",
    "cumproduct": "np.cumprod",
    "in1d": "np.isin",
    "mat": "np.asarray",
    "msort": "np.sort(..., axis=0)",
    "round_": "np.round",
    "row_stack": "np.vstack",
    "trapz": "np.trapezoid",
}
"""Names that numpy 1.24 to 2.4 removed, and their replacements (numpy's release notes)."""


def signature(error: StudentError) -> str:
    """What two implementations that fail in the same way have in common; empty where one is only not written yet."""
    return f"{error.kind}: {error}" if error.kind in {"error", "result", "unusable"} else ""


def describe_error(assignment: Assignment, check: Check, error: StudentError, say: Catalogue) -> tuple[Status, str]:
    """The status of a check that ended in an error, and the sentence that says why."""
    if error.kind == "not_implemented":
        # The innermost graded function: what is built on others fails where one of them is not written yet.
        called = [line.function for line in error.lines if line.function in assignment.functions]
        function = called[-1] if called else check.function
        return "not_implemented", say(
            "not_begun", function=function, package=assignment.package, module=assignment.module_of(function)
        )
    if error.kind == "timeout":
        return "timeout", say("no_time", detail=error.message, place=_place(error, say))
    if error.kind == "error":
        lines = [raised(error, say), _in_the_forward_pass(assignment, check, error, say)]
        return "error", "\n".join(filter(None, [*lines, explained(assignment, check, error, say)]))
    if error.kind == "result":
        return "error", _wrong_count(error, say)
    if error.kind == "unusable":
        name, _, found = error.message.partition(": ")
        return "error", say("unusable", name=name, found=_brief(found))
    return "error", say("no_function" if error.kind == "missing" else error.kind, detail=_brief(error.message))


def _in_the_forward_pass(assignment: Assignment, check: Check, error: StudentError, say: Catalogue) -> str:
    """That a backward pass was not even asked for, if it is its forward pass that raises; else nothing."""
    first = next((line.function for line in error.lines if line.function), "")
    asked = first in assignment.forwards_of(check.function)
    return say("forward_raises", function=first, backward=check.function) if asked else ""


def raised(error: StudentError, say: Catalogue) -> str:
    """What a student's code raised, and where."""
    place = _place(error, say)
    sentence = say("raised", error=_brief(str(error)), place=place)
    if error.type in _SYNTAX:
        return f"{sentence}\n{say('read_by', version='.'.join(map(str, sys.version_info[:2])))}"
    found = _NO_ATTRIBUTE.search(error.message)
    name = (found[1] or found[2]) if found else ""
    if name in REMOVED:
        # numpy's own sentence goes on for lines about versions; the name is what matters.
        sentence = say("raised", error=f"{error.type}: np.{name}", place=place)
        return f"{sentence}\n{say('removed', name=name, instead=REMOVED[name])}"
    return f"{sentence}\n{say('import_fails')}" if failed_import(error) else sentence


def failed_import(error: StudentError) -> tuple[str, str] | None:
    """Where an import fails (`scaling.py:3`), and what it raised; None of any other error."""
    if error.kind != "error" or error.type not in {"ImportError", "ModuleNotFoundError"} or not error.lines:
        return None
    last = error.lines[-1]
    if not last.code.startswith(("import ", "from ")):
        return None
    return f"{last.file}:{last.number}", _brief(str(error))


def _place(error: StudentError, say: Catalogue) -> str:
    """The student's own line, if one is known."""
    if not error.lines:
        return ""
    last = error.lines[-1]
    return say("place", file=last.file, line=last.number, code=_brief(last.code, 120))


def _wrong_count(error: StudentError, say: Catalogue) -> str:
    found = _COUNT.fullmatch(error.message)
    if found is None:
        return say("result", detail=_brief(error.message))
    function, expected, count, kind = found.groups()
    if kind == "NoneType":
        return say("returned_none", function=function, expected=expected)
    if kind:
        return say("returned_one", function=function, expected=expected, found=kind)
    return say("returned_count", function=function, expected=expected, found=count)


def _brief(text: str, limit: int = 300) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
