"""How a result looks to a person: plain text for a terminal, a block of HTML for a notebook, one line for Validate."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .language import Catalogue, catalogue
from .result import CheckResult, Result, Status

MARKS: dict[Status, str] = {"passed": "✓", "failed": "✗", "error": "✗", "timeout": "✗", "not_implemented": "·"}
_COLOURS: dict[Status, str] = {
    "passed": "#00684b",
    "failed": "#a33a00",
    "error": "#a33a00",
    "timeout": "#a33a00",
    "not_implemented": "#595959",
}


def text(result: Result, function: str) -> str:
    """The verdict on one function as plain text."""
    say = catalogue(result.language)
    lines = [_headline(result, function, say)]
    checks = result.of(function)
    if common := _common(checks):
        return f"{lines[0]}\n  {common}"
    width = max(len(_name(check)) for check in checks)
    for check in checks:
        points = f"{check.points:g}/{check.max_points:g}"
        first, *more = check.message.split("\n")
        lines.append(f"  {MARKS[check.status]} {_name(check):<{width}}  {points:>8}  {first}".rstrip())
        lines += [f"      {line}" for line in (*more, *_remarks(check, say))]
    return "\n".join(lines)


def html(result: Result, function: str) -> str:
    """The verdict on one function as a block of HTML that needs no style sheet and no script."""
    say = catalogue(result.language)
    checks = result.of(function)
    head = f'<p style="margin:0 0 .4em"><strong>{escape(_headline(result, function, say))}</strong></p>'
    if common := _common(checks):
        body = f'<p style="margin:0">{escape(common)}</p>'
    else:
        body = '<table style="border-collapse:collapse;margin:0">' + "".join(_row(c, say) for c in checks) + "</table>"
    frame = "border:1px solid #767676;border-radius:4px;padding:.6em .8em;background:#fff;color:#111;max-width:60em"
    return f'<div style="{frame}">{head}{body}</div>'


def line(result: Result, function: str) -> str:
    """The verdict on one function in one line: the points and the first thing that is wrong."""
    say = catalogue(result.language)
    wrong = next((check for check in result.of(function) if check.status != "passed"), None)
    if wrong is None:
        return _headline(result, function, say)
    said = [*wrong.message.split("\n"), *_hint(wrong, say)]
    return f"{_headline(result, function, say)}. {_name(wrong)}: {' '.join(said).strip() or say(wrong.status)}"


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


def _remarks(check: CheckResult, say: Catalogue) -> list[str]:
    return [*_hint(check, say), *(say("warning", text=warning) for warning in check.warnings)]


def _hint(check: CheckResult, say: Catalogue) -> list[str]:
    return [say("hint", hint=check.diagnosis.hint)] if check.diagnosis else []


def _name(check: CheckResult) -> str:
    return check.id.partition(".")[2]


def _row(check: CheckResult, say: Catalogue) -> str:
    cell = '<td style="text-align:left;vertical-align:top;padding:.15em .6em .15em 0;border:0'
    mark = f"{MARKS[check.status]} {say(check.status)}"
    detail = [escape(line) for line in check.message.split("\n") if line]
    detail += [f"<em>{escape(remark)}</em>" for remark in _remarks(check, say)]
    return (
        f'<tr style="background:none">{cell};color:{_COLOURS[check.status]};white-space:nowrap">{escape(mark)}</td>'
        f'{cell}"><code>{escape(_name(check))}</code></td>'
        f'{cell};white-space:nowrap">{check.points:g}/{check.max_points:g}</td>'
        f'{cell}">{"<br>".join(detail)}</td></tr>'
    )
