"""The whole assignment at a glance: what is right, what is wrong, what is not written, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Literal

from . import report
from .core import Assignment
from .language import catalogue
from .result import Result

State = Literal["done", "wrong", "not_begun_yet"]
_MARKS: dict[State, str] = {"done": "✓", "wrong": "✗", "not_begun_yet": "·"}
_COLOURS: dict[State, str] = {
    "done": report.COLOURS["passed"],
    "wrong": report.COLOURS["failed"],
    "not_begun_yet": report.MUTED,
}
WIDTH = 20
"""Characters of the bar in plain text."""


@dataclass(frozen=True)
class Overview:
    """The state of every task: HTML in a notebook, plain text elsewhere."""

    result: Result
    assignment: Assignment

    def __repr__(self) -> str:
        say = catalogue(self.result.language)
        width = max(map(len, self.assignment.functions))
        done = round(WIDTH * self.result.score / self.result.max_score)
        lines = [self._total(), f"  [{'#' * done}{'.' * (WIDTH - done)}]"]
        for function in self.assignment.functions:
            state = self.state(function)
            points, most = self.result.function_score(function)
            earned = f"{points:g}/{most:g}"
            lines.append(f"  {_MARKS[state]} {function:<{width}}  {earned:>8}  {say(state)}")
        return "\n".join([*lines, self.next_step()])

    def _repr_html_(self) -> str:
        say = catalogue(self.result.language)
        total = escape(self._total())
        share = 100 * self.result.score / self.result.max_score
        head = f'<p style="margin:0 0 .4em"><strong>{total}</strong></p>'
        bar = (
            f'<div role="img" aria-label="{total}" style="background:#ddd;height:.6em;max-width:24em;margin:0 0 .6em">'
            f'<div style="background:#00684b;height:100%;width:{share:.1f}%"></div></div>'
        )
        rows = []
        cell = '<td style="text-align:left;vertical-align:top;padding:.15em .8em .15em 0;border:0'
        for function in self.assignment.functions:
            state = self.state(function)
            points, most = self.result.function_score(function)
            rows.append(
                f'<tr style="background:none">{cell};color:{_COLOURS[state]};white-space:nowrap">'
                f'{escape(f"{_MARKS[state]} {say(state)}")}</td>{cell}"><code>{escape(function)}</code></td>'
                f'{cell};white-space:nowrap">{points:g}/{most:g}</td></tr>'
            )
        table = f'<table style="border-collapse:collapse;margin:0">{"".join(rows)}</table>'
        return report.framed(f'{head}{bar}{table}<p style="margin:.6em 0 0">{escape(self.next_step())}</p>')

    def failure(self) -> str:
        """An overview judges nothing, so nothing fails."""
        return ""

    def state(self, function: str) -> State:
        """Whether a task is done, wrong, or not written yet."""
        statuses = {check.status for check in self.result.of(function)}
        if statuses == {"passed"}:
            return "done"
        return "not_begun_yet" if "not_implemented" in statuses <= {"not_implemented", "passed"} else "wrong"

    def next_step(self) -> str:
        """What to do now: the first task that is not done."""
        say = catalogue(self.result.language)
        left = [function for function in self.assignment.functions if self.state(function) != "done"]
        if not left:
            return say("next_hand_in")
        key = "next_write" if self.state(left[0]) == "not_begun_yet" else "next_fix"
        module = self.assignment.module_of(left[0])
        return say(key, function=left[0], package=self.assignment.package, module=module)

    def _total(self) -> str:
        say = catalogue(self.result.language)
        return say("total", points=f"{self.result.score:g}", max_points=f"{self.result.max_score:g}")
