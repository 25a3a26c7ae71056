"""One mistake, said once: what is wrong with a submission, with all the checks that each mistake explains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from checks.result import CheckResult, Result


@dataclass(frozen=True)
class Explained:
    """A mistake, or a remark."""

    text: str
    """Lines that say what it is."""
    checks: tuple[CheckResult, ...]
    """What shows it, in the order of the checks; never empty."""
    more: bool = False
    """Whether the checks say other things, too, so that this is the first of several."""
    known: str = ""
    """The id of the known mistake; empty if it is none."""

    @property
    def by_function(self) -> dict[str, list[str]]:
        """The names of its checks, by function."""
        found: dict[str, list[str]] = {}
        for check in self.checks:
            found.setdefault(check.function, []).append(check.id.partition(".")[2])
        return found


def mistakes(result: Result) -> list[Explained]:
    """Each mistake once, in the order of its first check.

    A known mistake and an error are one wherever they show; wrong values that nothing explains are one for each
    function.
    """
    return _explained(check for check in result.checks if check.status != "passed")


def _explained(checks: Iterable[CheckResult]) -> list[Explained]:
    groups: dict[tuple[str, ...], list[CheckResult]] = {}
    for check in checks:
        if check.diagnosis:
            key = ("known", check.diagnosis.mistake)
        elif check.status == "failed":
            key = ("wrong", check.function)
        else:
            key = (check.status, check.message)
        groups.setdefault(key, []).append(check)
    found = []
    for (kind, name), group in ((key, tuple(group)) for key, group in groups.items()):
        first = group[0]
        if kind == "known" and first.diagnosis:
            found.append(Explained(first.diagnosis.hint, group, known=name))
        else:
            found.append(Explained(first.message, group, more=len({check.message for check in group}) > 1))
    return found


def remarks(result: Result) -> list[Explained]:
    """Each warning of a check once, which costs no points."""
    groups: dict[str, list[CheckResult]] = {}
    for check in result.checks:
        for warning in check.warnings:
            groups.setdefault(warning, []).append(check)
    return [Explained(text, tuple(group)) for text, group in groups.items()]
