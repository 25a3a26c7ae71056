"""One mistake, one message: in text and HTML it is said once, with its checks; JSON says all of it for each check."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from bench import Judge

from checks.report import html, text
from checks.result import Result
from grader.reference.edits import Edit

FORWARD = "batchnorm_forward"


def mended(function: str, old: str, new: str) -> Edit:
    return Edit("layers", function, old, new)


RAISES = mended("layernorm_forward", "x_centered = x - mu", "x_centered = X - mu")
FLAT = (
    mended("layernorm_forward", "mu = x.mean(axis=1, keepdims=True)", "mu = x.mean()"),
    mended("layernorm_forward", "np.mean(x_centered**2, axis=1, keepdims=True)", "np.mean(x_centered**2)"),
)
NO_KEEPDIMS = mended("layernorm_forward", "mu = x.mean(axis=1, keepdims=True)", "mu = x.mean(axis=1)")
IN_PLACE = mended("layernorm_forward", "x_centered = x - mu", "x -= mu; x_centered = x")


def test_an_error_of_every_check_is_said_once(judged: Judge) -> None:
    result = judged(RAISES, functions=["layernorm_forward"])
    for shown in (text(result, "layernorm_forward"), html(result, "layernorm_forward")):
        assert shown.count("NameError") == 1
    assert all("NameError" in check.message for check in result.checks)


def test_a_hint_is_said_once_with_the_checks_that_it_explains(judged: Judge) -> None:
    result = judged(*FLAT, functions=["layernorm_forward"])
    explained = [check for check in result.checks if check.diagnosis]
    assert len(explained) > 3
    hint = explained[0].diagnosis
    assert hint is not None
    names = [check.id.partition(".")[2] for check in explained if check.diagnosis == hint]
    shown = text(result, "layernorm_forward")
    assert shown.count(hint.hint) == 1
    assert f"Applies to: {', '.join(names)}." in shown or "Applies to all checks." in shown
    assert len(shown.splitlines()) <= len(result.checks) + 8
    # The first of them shows what the mistake does, the others only that it costs them, too.
    assert shown.count("expected") <= 2
    assert html(result, "layernorm_forward").count("Hint") == 1


def test_a_remark_on_checks_that_pass_is_said_once(judged: Judge) -> None:
    result = judged(IN_PLACE, functions=["layernorm_forward"])
    assert sum(bool(check.warnings) for check in result.checks) > 3
    assert text(result, "layernorm_forward").count("in place") == 1
    assert html(result, "layernorm_forward").count("in place") == 1


def test_two_mistakes_are_two_messages(judged: Judge) -> None:
    edits = [
        mended("batchnorm_backward", "dbeta = dout.sum(axis=0)", "dbeta = dout.mean(axis=0)"),
        mended("batchnorm_backward", "dgamma = np.sum(dout", "dgamma = np.mean(dout"),
    ]
    result = judged(*edits, functions=["batchnorm_backward"])
    hints = {check.diagnosis.hint for check in result.checks if check.diagnosis}
    assert len(hints) == 2
    for hint in hints:
        assert text(result, "batchnorm_backward").count(hint) == 1


@pytest.mark.parametrize("edits", [[RAISES], FLAT, [NO_KEEPDIMS]], ids=["raises", "flat", "no keepdims"])
def test_json_is_complete_for_each_check_and_says_where_the_same_is_said_first(
    judged: Judge, edits: Sequence[Edit]
) -> None:
    result = judged(*edits, functions=["layernorm_forward"])
    listed = result.to_json()["checks"]
    assert Result.from_json(result.to_json()).checks == result.checks
    ids = [item["id"] for item in listed]
    pointing = [item for item in listed if item["same_as"]]
    assert len(pointing) >= 3
    for item in pointing:
        first = listed[ids.index(item["same_as"])]
        assert ids.index(item["same_as"]) < ids.index(item["id"]) and first["same_as"] is None
        assert item["message"] and (item["diagnosis"] == first["diagnosis"])
    assert all(item["same_as"] is None for item in listed if item["status"] == "passed")
