"""From a verdict to Gradescope's `results.json`.

The form is that of Gradescope's documentation of autograder output: each check is a test, its function a tag. What a
student reads is text, never Markdown or HTML, since it may quote the student.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from ..text import sentences

Visibility = Literal["visible", "hidden", "after_due_date", "after_published"]
VISIBILITIES: tuple[Visibility, ...] = get_args(Visibility)


def results(verdict: Mapping[str, Any], visibility: Visibility = "visible") -> dict[str, Any]:
    """What Gradescope is told of a submission.

    Args:
        verdict: as `grader check --json` writes it.
        visibility: when students see the tests.

    Returns:
        The object of `results.json`. The score is left to Gradescope, which sums the tests up, and shows students no
        sum where a test is hidden from them.
    """
    say = sentences(verdict["language"])
    tests = [_test(check, visibility, verdict["language"]) for check in verdict["checks"]]
    notes = [*verdict["warnings"], *(reason["text"] for reason in verdict["look_at"])]
    if notes:
        text = "\n".join(dict.fromkeys(notes))
        tests.append({"name": say("remarks"), "status": "passed", "visibility": visibility, **_text(text)})
    return {
        "tests": tests,
        "execution_time": round(verdict["seconds"], 3),
        "visibility": visibility,
        "stdout_visibility": "hidden",
        "extra_data": {
            "assignment": verdict["assignment"],
            "sandbox": verdict["sandbox"],
            "look_at": [reason["key"] for reason in verdict["look_at"]],
        },
    }


def failed(reason: str, language: str) -> dict[str, Any]:
    """What Gradescope is told where nothing was graded: a sentence that everybody sees, and no score at all."""
    say = sentences(language)
    test = {"name": say("autograder_failed"), "status": "failed", "visibility": "visible", **_text(reason)}
    return {"tests": [test], "stdout_visibility": "hidden", "extra_data": {"failed": reason}}


def _test(check: Mapping[str, Any], visibility: Visibility, language: str) -> dict[str, Any]:
    said = check["message"]
    if check["same_as"]:
        said = sentences(language)("same_mistake_as", check=check["same_as"])
    text = "\n".join([*([said] if said else []), *check["warnings"]])
    return {
        "name": check["id"],
        "name_format": "text",
        "score": check["points"],
        "max_score": check["max_points"],
        "status": "passed" if check["status"] == "passed" else "failed",
        "tags": [check["function"]],
        "visibility": visibility,
        "extra_data": {"mistake": check["diagnosis"]["mistake"] if check["diagnosis"] else None},
        **_text(text),
    }


def _text(output: str) -> dict[str, str]:
    return {"output": output, "output_format": "text"}
