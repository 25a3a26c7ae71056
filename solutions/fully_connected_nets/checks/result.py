"""The results of a check and of a whole submission: data, and the two formats that other tools read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal
from xml.etree import ElementTree

from .language import Catalogue

Status = Literal["passed", "failed", "error", "timeout", "not_implemented"]


@dataclass(frozen=True)
class Diagnosis:
    """A known mistake that gives exactly what the student's function gave.

    Where two do so together, the likelier; the other's hint is the last line of the message. Where no known mistake
    explains the numbers, what they prove is part of the message, and there is no diagnosis.
    """

    mistake: str
    hint: str


@dataclass(frozen=True)
class CheckResult:
    """The verdict on one check."""

    id: str
    function: str
    points: float
    max_points: float
    status: Status
    message: str = ""
    """Lines: what was expected in words, what came, and what the numbers prove."""
    diagnosis: Diagnosis | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class LookAt:
    """Why a person should look at a submission: what the kit could not judge, or what one line cost."""

    key: str
    """Of the sentence in the catalogue."""
    names: dict[str, str]
    """What fills it in."""
    text: str
    """The sentence, in the result's language."""


def look(say: Catalogue, key: str, **names: str) -> LookAt:
    """A reason to look, in the words of a catalogue."""
    return LookAt(key, names, say(key, **names))


@dataclass(frozen=True)
class Result:
    """The verdict on a submission."""

    assignment: str
    student: str
    checks: tuple[CheckResult, ...]
    sandbox: str
    """The sandbox of the student's process; `none` in the student's own notebook."""
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    """Remarks on the submission as a whole, such as a module that is not installed."""
    language: str = "cnr"
    """Of the messages, one of `language.LANGUAGES`."""
    look_at: tuple[LookAt, ...] = ()
    """Why a person should look at this submission; nothing if the kit is sure of it."""

    @property
    def score(self) -> float:
        """Points earned."""
        return _points(self.checks)

    @property
    def max_score(self) -> float:
        """Points there are."""
        return sum(check.max_points for check in self.checks)

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions judged, in the order of their checks."""
        return tuple(dict.fromkeys(check.function for check in self.checks))

    def of(self, function: str) -> tuple[CheckResult, ...]:
        """The verdicts on one function."""
        return tuple(check for check in self.checks if check.function == function)

    def function_score(self, function: str) -> tuple[float, float]:
        """Points earned and points there are for one function."""
        checks = self.of(function)
        return _points(checks), sum(check.max_points for check in checks)

    def to_json(self) -> dict[str, Any]:
        """The object that `grader check --json` and `python -m checks --json` print; its keys are a fixed interface."""
        same = first_said(self.checks)
        return {
            "assignment": self.assignment,
            "student": self.student,
            "score": self.score,
            "max_score": self.max_score,
            "sandbox": self.sandbox,
            "seconds": round(self.seconds, 3),
            "language": self.language,
            "warnings": list(self.warnings),
            "look_at": [asdict(reason) for reason in self.look_at],
            "checks": [
                {
                    "id": check.id,
                    "function": check.function,
                    "points": check.points,
                    "max_points": check.max_points,
                    "status": check.status,
                    "message": check.message,
                    "diagnosis": (
                        {"mistake": check.diagnosis.mistake, "hint": check.diagnosis.hint} if check.diagnosis else None
                    ),
                    "warnings": list(check.warnings),
                    "same_as": same.get(check.id),
                }
                for check in self.checks
            ],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Result:
        """The inverse of `to_json`, for results that the kit itself stored."""
        checks = tuple(
            CheckResult(
                **{key: value for key, value in check.items() if key not in {"diagnosis", "warnings", "same_as"}},
                diagnosis=Diagnosis(**check["diagnosis"]) if check["diagnosis"] else None,
                warnings=tuple(check["warnings"]),
            )
            for check in data["checks"]
        )
        return cls(
            data["assignment"],
            data["student"],
            checks,
            data["sandbox"],
            data["seconds"],
            tuple(data["warnings"]),
            data["language"],
            tuple(LookAt(**reason) for reason in data.get("look_at", ())),
        )

    def to_junit(self) -> str:
        """JUnit XML: a test suite per function, a test case per check."""
        suites = ElementTree.Element("testsuites", name=self.assignment, time=f"{self.seconds:.3f}")
        totals = {"tests": 0, "failures": 0, "errors": 0}
        for function in self.functions:
            checks = self.of(function)
            counts = {
                "tests": len(checks),
                "failures": sum(check.status in {"failed", "not_implemented"} for check in checks),
                "errors": sum(check.status in {"error", "timeout"} for check in checks),
            }
            attributes = {"name": function} | {key: str(value) for key, value in counts.items()}
            suite = ElementTree.SubElement(suites, "testsuite", attributes)
            for check in checks:
                case = ElementTree.SubElement(
                    suite, "testcase", classname=f"{self.assignment}.{function}", name=check.id.partition(".")[2]
                )
                if check.status != "passed":
                    tag = "error" if check.status in {"error", "timeout"} else "failure"
                    message = check.message.replace("\n", " ")
                    detail = ElementTree.SubElement(case, tag, type=check.status, message=_xml_text(message))
                    hint = [check.diagnosis.hint] if check.diagnosis else []
                    detail.text = _xml_text("\n".join([*check.message.splitlines(), *hint]))
                if check.warnings:
                    ElementTree.SubElement(case, "system-out").text = _xml_text("\n".join(check.warnings))
            for key, value in counts.items():
                totals[key] += value
        for key, value in totals.items():
            suites.set(key, str(value))
        ElementTree.indent(suites)
        # ElementTree would declare the encoding of the locale, in which nothing is written.
        declaration = '<?xml version="1.0" encoding="utf-8"?>'
        return f"{declaration}\n{ElementTree.tostring(suites, encoding='unicode')}\n"


_SHAPE = re.compile(r"\((?:\d+, ?)*\d*\)")


def first_said(checks: Sequence[CheckResult]) -> dict[str, str]:
    """By a check's id, that of the first check of its function that tells of the same mistake, if it is another."""
    first: dict[tuple[str, str], str] = {}
    same = {}
    for check in checks:
        told = check.diagnosis.mistake if check.diagnosis else check.message
        if check.status == "error" and not check.diagnosis:
            told = without_shapes(told)
        if check.status != "passed" and told:
            earliest = first.setdefault((check.function, told), check.id)
            if earliest != check.id:
                same[check.id] = earliest
    return same


def without_shapes(text: str) -> str:
    """The text of an error without the shapes in it, which change from one check's inputs to another's."""
    return _SHAPE.sub("()", text)


def _points(checks: Sequence[CheckResult]) -> float:
    # Points are multiples of a quarter, which binary floats hold exactly.
    return sum(check.points for check in checks)


def _xml_text(text: str) -> str:
    """The text without the control characters that XML cannot carry."""
    return "".join(character for character in text if character in "\t\n" or character.isprintable())
