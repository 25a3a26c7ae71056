"""The box at the head of a feedback page: points for each task, each mistake once, and links to the cells.

What it says of a submission was written by the checks, and may quote the submission; every text is escaped here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from checks.language import Catalogue
from checks.result import Result

from ..explained import Explained, mistakes, remarks
from ..late import Late
from .html import tame

_BOX = "border:1px solid #767676;border-radius:4px;padding:.8em 1.2em 1em;margin:0 0 1.5em;background:#fff;color:#111"
_CELL = "text-align:left;vertical-align:top;padding:.15em 1.5em .15em 0;border:0"
_ITEM = "margin:0 0 .5em;word-break:break-word"


@dataclass(frozen=True)
class Task:
    """A line of the box: what is graded, and what it came to."""

    name: str
    """The `grade_id` of its cell."""
    title: str
    """What a student knows it by: the function's name, or the question's."""
    points: float
    max_points: float
    waits: bool = False
    """Whether a person has still to read it."""
    comment: bool = False
    """Whether a person wrote something about it."""
    remark: str = ""
    """What else there is to say of it."""


def overview(say: Catalogue, assignment: str, tasks: Sequence[Task], late: Late, result: Result | None) -> str:
    """The box as HTML.

    Args:
        say: the kit's sentences, in the page's language.
        assignment: its name.
        tasks: in the order of their cells.
        late: how late it was handed in, and what that costs.
        result: the verdict check by check; None if none is stored.
    """
    points = max(0.0, sum(task.points for task in tasks) - late.penalty)
    most = sum(task.max_points for task in tasks)
    parts = [f"<h2 style='margin:.2em 0 .5em'>{escape(assignment)}: {points:g} / {most:g}</h2>"]
    waiting = sum(task.waits for task in tasks)
    if waiting:
        parts.append(f"<p>{escape(say('page_waiting', count=str(waiting)))}</p>")
    rows = "".join(_row(say, task) for task in tasks)
    if late.by or late.penalty:
        rows += _line(escape(say("page_late")), f"-{late.penalty:g}" if late.penalty else "0", escape(late.by))
    parts.append(f'<table style="border-collapse:collapse;margin:0 0 1em;border:0">{rows}</table>')
    if result is not None:
        wrong, more = mistakes(result), remarks(result)
        if wrong:
            parts += [f"<h4>{escape(say('page_mistakes'))}</h4>", _list(say, wrong)]
        if more:
            parts += [f"<h4>{escape(say('page_remarks'))}</h4>", _list(say, more)]
    return f'<div id="grader-overview" style="{_BOX}">{"".join(parts)}</div>'


def _row(say: Catalogue, task: Task) -> str:
    beside = escape(say("page_waits") if task.waits else task.remark)
    if task.comment:
        beside += f' <a href="#comment-{quote(task.name)}">{escape(say("page_comment"))}</a>'
    points = "?" if task.waits else f"{task.points:g}"
    link = f'<a href="#{quote(task.name)}">{escape(task.title)}</a>'
    return _line(link, f"{points} / {task.max_points:g}", beside)


def _line(*cells: str) -> str:
    return '<tr style="background:none">' + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in cells) + "</tr>"


def _list(say: Catalogue, found: Sequence[Explained]) -> str:
    return f'<ul style="margin:0;padding-left:1.4em">{"".join(_item(say, one) for one in found)}</ul>'


def _item(say: Catalogue, one: Explained) -> str:
    text = "<br>".join(escape(tame(line)) for line in one.text.split("\n") if line)
    if one.more:
        text += f" {escape(say('page_first'))}"
    where = "; ".join(
        f'<a href="#{quote(function)}">{escape(function)}</a>: {escape(", ".join(names))}'
        for function, names in one.by_function.items()
    )
    return f'<li style="{_ITEM}">{text}<br><small style="color:#595959">{where}</small></li>'
