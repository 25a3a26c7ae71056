"""What comes back from a worker: JSON text, held against a form before any of it counts.

    {"judged": {"result": {...}, "missing": [...], "at_import": [[error, module], ...]}}
    {"ran": {"cells": [{"count": 1, "outputs": [...]}, ...], "remark": null}}
    {"problem": "...", "at": ADDRESS}            the worker could not do it
    {"stranger": true, "at": ADDRESS}            it was not greeted in this run

A form is a type, a list of one form, a dictionary of forms by key (by `str`, of any keys), a set of forms of which one
fits, or a value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, get_args

from nbformat import NotebookNode, from_dict

from checks.core import Assignment
from checks.result import Result, Status

from ...grading.grade import Judged
from ..pages.notebook import NotebookBounds
from ..prepared import RunNotebook
from ..results import Note

_OF_A_NOTE: Any = {"key": str, "names": {str: str}}
_CHECK: Any = {
    "id": str,
    "function": str,
    "points": float,
    "max_points": float,
    "status": (*get_args(Status),),
    "message": str,
    "diagnosis": (None, {"mistake": str, "hint": str}),
    "warnings": [str],
    "same_as": (None, str),
}
_RESULT: Any = {
    "assignment": str,
    "student": "",
    "score": float,
    "max_score": float,
    "sandbox": ("bwrap", "landlock"),
    "seconds": float,
    "language": str,
    "warnings": [str],
    "look_at": [{**_OF_A_NOTE, "text": str}],
    "checks": [_CHECK],
}
_JUDGED: Any = {"judged": {"result": _RESULT, "missing": [str], "at_import": [[str]]}}

_MIMES = ("text/plain", "text/html", "text/markdown", "text/latex", "image/png", "image/jpeg")
_SHOWN: Any = {"data": {_MIMES: str}, "metadata": {_MIMES: {("width", "height", "alt"): (int, str)}}}
_OUTPUT: Any = (
    {"output_type": "stream", "name": ("stdout", "stderr"), "text": str},
    {"output_type": "error", "ename": str, "evalue": str, "traceback": [str]},
    {"output_type": "display_data", **_SHOWN},
    {"output_type": "execute_result", **_SHOWN, "execution_count": int},
)
_RAN: Any = {"ran": {"cells": [{"count": (None, int), "outputs": [_OUTPUT]}], "remark": (None, _OF_A_NOTE)}}
_FAILED: Any = ({"problem": str, "at": str}, {"stranger": True, "at": str})

MOST_OF_A_VERDICT = 4_000_000
"""Characters of an answer on the checks of one submission."""


class Unfit(ValueError):
    """An answer of another form than was asked for."""


class Failed(Exception):
    """A worker says that it could not do it."""

    def __init__(self, why: str, at: str, *, stranger: bool = False) -> None:
        super().__init__(why)
        self.at = at
        """Its address."""
        self.stranger = stranger
        """That it was not greeted: it is a new process in the place of one that was."""


def judged_from(text: str, assignment: Assignment) -> Judged:
    """What the checks say of a submission.

    Raises:
        Failed: the worker could not do it.
        Unfit: it is no such answer, or none on these checks.
    """
    said = _parsed(text, _JUDGED, MOST_OF_A_VERDICT)["judged"]
    asked = [(check.id, check.function, float(check.points)) for check in assignment.checks]
    answered = [(check["id"], check["function"], check["max_points"]) for check in said["result"]["checks"]]
    if asked != answered or said["result"]["assignment"] != assignment.name:
        raise Unfit("other checks than were asked for")
    if not all(0 <= check["points"] <= check["max_points"] for check in said["result"]["checks"]):
        raise Unfit("points that there are not")
    if not all(len(pair) == 2 for pair in said["at_import"]):
        raise Unfit("an error without its module")
    for check, known in zip(said["result"]["checks"], assignment.checks, strict=True):
        check |= {"id": known.id, "function": known.function}  # one text for all of a class
    return Judged(Result.from_json(said["result"]), tuple(said["missing"]), dict(said["at_import"]))


def ran_from(text: str, cells: Sequence[NotebookNode], bounds: NotebookBounds) -> RunNotebook:
    """What the cells of a notebook put out, in these cells.

    Raises:
        Failed: the worker could not do it.
        Unfit: it is no such answer, or there is more of it than may be.
    """
    # Outputs of so many bytes take at most so many characters in a page, and each may be written as `\\u0000`.
    said = _parsed(text, _RAN, 12 * bounds.total + MOST_OF_A_VERDICT)["ran"]
    if len(said["cells"]) != len(cells):
        raise Unfit("other cells than were asked for")
    for cell, found in zip(cells, said["cells"], strict=True):
        cell.outputs = [from_dict(output) for output in found["outputs"]]  # type: ignore[no-untyped-call]
        cell.execution_count = found["count"]
    remark = said["remark"]
    return RunNotebook(list(cells), Note(remark["key"], remark["names"]) if remark else None)


def _parsed(text: Any, form: Any, most: int) -> dict[str, Any]:
    if not isinstance(text, str) or len(text) > most:
        raise Unfit(f"expected at most {most:,} characters of text")
    try:
        said: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError):
        raise Unfit("expected JSON") from None
    if fits(said, _FAILED):
        raise Failed(str(said.get("problem", "")), said["at"], stranger="stranger" in said)
    if not fits(said, form):
        raise Unfit("expected another form")
    return said


def fits(value: Any, form: Any) -> bool:
    """Whether a value that came as JSON has a form."""
    if form is float:
        return type(value) in (int, float) and isfinite(value)
    if isinstance(form, type):
        return type(value) is form
    if isinstance(form, tuple):
        return any(fits(value, one) for one in form)
    if isinstance(form, list):
        return isinstance(value, list) and all(fits(item, form[0]) for item in value)
    if isinstance(form, Mapping):
        return isinstance(value, dict) and _fit(value, form)
    return type(value) is type(form) and bool(value == form)


def _fit(values: dict[str, Any], form: Mapping[Any, Any]) -> bool:
    """Whether a dictionary has the keys of a form, or where that has one form of keys, any such."""
    if len(form) == 1 and not isinstance(next(iter(form)), str):
        [(keys, of_each)] = form.items()
        return all(fits(key, keys) and fits(value, of_each) for key, value in values.items())
    return values.keys() == form.keys() and all(fits(values[key], form[key]) for key in form)
