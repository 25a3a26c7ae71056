"""What a process of its own is asked, and what it answers: JSON, one object a line."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..result import CheckResult
from .printed import NOTHING, Printed

CALL = 10.0
"""Seconds that one call of the student's may take; as many as the grader allows."""


@dataclass(frozen=True)
class Request:
    """What is to be done.

    Args:
        folder: the hand-in's, which holds the package.
        functions: those to check.
        language: of the messages.
        path: where modules are looked for besides, as in the kernel that asks.
        loads: a module that is to be imported instead, without checks.
    """

    folder: str
    functions: tuple[str, ...] = ()
    language: str = "cnr"
    path: tuple[str, ...] = ()
    loads: str = ""


@dataclass
class Answer:
    """What came of it."""

    checks: list[CheckResult] = field(default_factory=list)
    printed: Printed = NOTHING
    problem: str = ""
    """Why a module cannot be imported."""
    seconds: float = 0.0
