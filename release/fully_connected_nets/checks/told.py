"""One mistake, one message: what several checks of a function say alike is said once, with the checks that it is about.

told = tell_once(result.of("scale_backward"), say)
told.common                   # [("Hint: ...", ("dx", "sizes"))]
told.own["scale_backward.dx"]  # the lines that this check alone has to say
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .language import Catalogue
from .result import CheckResult, first_said, without_shapes


@dataclass(frozen=True)
class Line:
    """A line below a check, and whether it remarks on it, as a hint or a warning does."""

    text: str
    remark: bool = False


@dataclass(frozen=True)
class Told:
    """What is said of one function."""

    common: list[tuple[Line, tuple[str, ...]]]
    """Lines, each with the names of the checks that it holds for."""
    own: dict[str, list[Line]]
    """The other lines, by the check's id."""


def tell_once(checks: Sequence[CheckResult], say: Catalogue) -> Told:
    """Sort the lines of a function's checks into those of several and those of one."""
    said = {check.id: _lines(check, say) for check in checks}
    holders: dict[str, list[str]] = {}
    for check in checks:
        for line in said[check.id]:
            names = holders.setdefault(_key(check, line), [])
            if name_of(check) not in names:
                names.append(name_of(check))
    common: list[tuple[Line, tuple[str, ...]]] = []
    own: dict[str, list[Line]] = {}
    same, seen = first_said(checks), set()
    for check in checks:
        own[check.id] = []
        for line in said[check.id]:
            key = _key(check, line)
            if len(holders[key]) > 1:
                if key not in seen:
                    common.append((line, tuple(holders[key])))
                    seen.add(key)
            elif check.id not in same:  # else an earlier check has shown what the mistake does
                own[check.id].append(line)
    return Told(common, own)


def name_of(check: CheckResult) -> str:
    """The check's name within its function."""
    return check.id.partition(".")[2]


def hint_of(check: CheckResult, say: Catalogue) -> list[str]:
    """What the diagnosis says, if there is one."""
    return [say("hint", hint=check.diagnosis.hint)] if check.diagnosis else []


def _lines(check: CheckResult, say: Catalogue) -> list[Line]:
    lines = [Line(line) for line in check.message.split("\n") if line]
    remarks = [*hint_of(check, say), *(say("warning", text=warning) for warning in check.warnings)]
    return lines + [Line(remark, remark=True) for remark in remarks]


def _key(check: CheckResult, line: Line) -> str:
    """What makes two lines the same: an error's arrays may have other sizes in each check."""
    return without_shapes(line.text) if check.status == "error" else line.text
