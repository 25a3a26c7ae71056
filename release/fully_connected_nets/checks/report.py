"""How a result looks to a person: plain text for a terminal, a block of HTML for a notebook, one line for Validate."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .apart.printed import Printed
from .language import Catalogue, catalogue
from .result import CheckResult, Result, Status
from .told import Line, hint_of, name_of, tell_once

MARKS: dict[Status, str] = {"passed": "✓", "failed": "✗", "error": "✗", "timeout": "✗", "not_implemented": "·"}
# Mixed with the colour of the text around, they are dark on a light page and light on a dark one.
COLOURS: dict[Status, str] = {
    "passed": "color-mix(in srgb, currentColor 40%, #00684b)",
    "failed": "color-mix(in srgb, currentColor 40%, #a33a00)",
    "error": "color-mix(in srgb, currentColor 40%, #a33a00)",
    "timeout": "color-mix(in srgb, currentColor 40%, #a33a00)",
    "not_implemented": "color-mix(in srgb, currentColor 60%, #808080)",
}
MUTED = COLOURS["not_implemented"]


def text(result: Result, function: str, notes: Sequence[str] = ()) -> str:
    """The verdict on one function as plain text.

    Args:
        result: holds it.
        function: the function.
        notes: lines about what was checked, below the headline.
    """
    say = catalogue(result.language)
    lines = [_headline(result, function, say), *(f"  {note}" for note in notes)]
    checks = result.of(function)
    if common := _common(checks):
        return "\n".join([*lines, f"  {common}"])
    told = tell_once(checks, say)
    for line, names in told.common:
        lines += [f"  {line.text}", f"    {_holds_for(names, checks, say)}"]
    width = max(len(name_of(check)) for check in checks)
    for check in checks:
        points = f"{check.points:g}/{check.max_points:g}"
        first, *more = [line.text for line in told.own[check.id]] or [""]
        lines.append(f"  {MARKS[check.status]} {name_of(check):<{width}}  {points:>8}  {first}".rstrip())
        lines += [f"      {line}" for line in more]
    return "\n".join(lines)


def html(result: Result, function: str, notes: Sequence[str] = (), printed: Printed | None = None) -> str:
    """The verdict on one function as a block of HTML that needs no style sheet and no script.

    Args:
        result: holds it.
        function: the function.
        notes: lines about what was checked, below the headline.
        printed: what the student's code printed, folded away at the end.
    """
    say = catalogue(result.language)
    checks = result.of(function)
    head = f'<p style="margin:0 0 .4em"><strong>{escape(_headline(result, function, say))}</strong></p>'
    if common := _common(checks):
        body = f'<p style="margin:0">{escape(common)}</p>'
    else:
        told = tell_once(checks, say)
        body = "".join(
            f'<p style="margin:0 0 .4em">{_marked(line)}<br>'
            f'<span style="color:{MUTED};font-size:.9em">{escape(_holds_for(names, checks, say))}</span></p>'
            for line, names in told.common
        )
        rows = "".join(_row(check, told.own[check.id], say) for check in checks)
        body += f'<table style="border-collapse:collapse;margin:0">{rows}</table>'
    head += "".join(f'<p style="margin:0 0 .4em;color:{MUTED};font-size:.9em">{escape(note)}</p>' for note in notes)
    return framed(head + body + (_folded(printed, say) if printed else ""))


def framed(body: str) -> str:
    """A block of HTML that is legible on any background."""
    # JupyterLab's own colours, so that the box is dark where the page is; elsewhere dark on white.
    theme = "background:var(--jp-layout-color1,#fff);color:var(--jp-content-font-color0,#111)"
    frame = f"border:1px solid #767676;border-radius:4px;padding:.6em .8em;{theme};max-width:60em"
    return f'<div style="{frame}">{body}</div>'


def printed_text(printed: Printed, say: Catalogue) -> str:
    """The beginning of what the student's code printed, as plain text; empty if it printed nothing."""
    if not printed.count:
        return ""
    more = ["..."] if printed.count > len(printed.first) else []
    return "\n".join([say("printed", count=printed.count), *(f"  | {line}" for line in [*printed.first, *more])])


def _folded(printed: Printed, say: Catalogue) -> str:
    if not printed.count:
        return ""
    more = ["..."] if printed.count > len(printed.first) else []
    lines = "\n".join(map(escape, [*printed.first, *more]))
    summary = escape(say("printed", count=printed.count))
    inside = '<pre style="margin:.2em 0 0;max-height:20em;overflow:auto;background:inherit;color:inherit">'
    return f'<details style="margin:.4em 0 0"><summary>{summary}</summary>{inside}{lines}</pre></details>'


def line(result: Result, function: str) -> str:
    """The verdict on one function in one line: the points and the first thing that is wrong."""
    say = catalogue(result.language)
    wrong = next((check for check in result.of(function) if check.status != "passed"), None)
    if wrong is None:
        return _headline(result, function, say)
    said = [*wrong.message.split("\n"), *hint_of(wrong, say)]
    return f"{_headline(result, function, say)}. {name_of(wrong)}: {' '.join(said).strip() or say(wrong.status)}"


def summary(result: Result) -> str:
    """Every function's verdict and the total, as plain text."""
    say = catalogue(result.language)
    blocks = [text(result, function) for function in result.functions]
    blocks += [say("warning", text=warning) for warning in result.warnings]
    blocks += [say("look_at", text=reason.text) for reason in result.look_at]
    blocks.append(say("total", points=f"{result.score:g}", max_points=f"{result.max_score:g}"))
    return "\n".join(blocks)


def _headline(result: Result, function: str, say: Catalogue) -> str:
    points, most = result.function_score(function)
    return say("points", function=function, points=f"{points:g}", max_points=f"{most:g}")


def _common(checks: Sequence[CheckResult]) -> str:
    """The one line that says it for every check: a function not begun, a module that cannot be read."""
    messages = {check.message for check in checks if not check.diagnosis}
    if len(checks) == 1 or len(messages) != 1 or any(check.points for check in checks):
        return ""
    return messages.pop().replace("\n", " ")


def _holds_for(names: Sequence[str], checks: Sequence[CheckResult], say: Catalogue) -> str:
    """Which checks a message is about."""
    if len(names) == len(checks):
        return say("holds_for_all")
    return say("holds_for", checks=", ".join(names))


def _marked(line: Line) -> str:
    return f"<em>{escape(line.text)}</em>" if line.remark else escape(line.text)


def _row(check: CheckResult, lines: Sequence[Line], say: Catalogue) -> str:
    cell = '<td style="text-align:left;vertical-align:top;padding:.15em .6em .15em 0;border:0'
    mark = f"{MARKS[check.status]} {say(check.status)}"
    return (
        f'<tr style="background:none">{cell};color:{COLOURS[check.status]};white-space:nowrap">{escape(mark)}</td>'
        f'{cell}"><code>{escape(name_of(check))}</code></td>'
        f'{cell};white-space:nowrap">{check.points:g}/{check.max_points:g}</td>'
        f'{cell}">{"<br>".join(map(_marked, lines))}</td></tr>'
    )
