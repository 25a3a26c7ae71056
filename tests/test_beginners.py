"""The errors that beginners meet first get a sentence of their own, and it is true."""

from __future__ import annotations

import pytest
from bench import Judge

from checks.report import text
from grader.reference.edits import Edit

MEAN = "mu = x.mean(axis=1, keepdims=True)"

FIRST_ERRORS = {
    "keepdims forgotten": (
        Edit("layers", "layernorm_forward", MEAN, "mu = x.mean(axis=1)"),
        "numpy aligns shapes from the right: beside (",
    ),
    "another axis": (
        Edit("layers", "batchnorm_forward", "mu = x.mean(axis=0)", "mu = x.mean(axis=1)"),
        "that of each column (axis=0) has the shape (",
    ),
    "a cache that is None": (
        Edit("layers", "layernorm_forward", "cache = (x_hat, std, gamma)", "pass"),
        "cache is None: that is what layernorm_forward returned.",
    ),
    "a name not assigned yet": (
        Edit("layers", "layernorm_forward", "x_hat = x_centered / std", "x_hat = x_centered / later; later = std"),
        "later has no value at that line yet: it is assigned later",
    ),
    "a name from nowhere": (
        Edit("layers", "layernorm_forward", "x_hat = x_centered / std", "x_hat = x_centered / sigma"),
        "The name sigma is not defined here: compute it before that line",
    ),
    "a capital letter": (
        Edit("layers", "layernorm_forward", "x_centered = x - mu", "x_centered = X - mu"),
        "The name X is not defined here, but x is",
    ),
    "no return": (
        Edit("layers", "layernorm_backward", "return dx, dgamma, dbeta", "pass"),
        "layernorm_backward returned nothing (None), but 3 results were expected; perhaps the return is missing.",
    ),
}


@pytest.mark.parametrize("name", FIRST_ERRORS)
def test_a_beginners_error_is_explained_once(judged: Judge, name: str) -> None:
    edit, sentence = FIRST_ERRORS[name]
    function = "layernorm_backward" if name == "a cache that is None" else edit.function
    result = judged(edit, functions=[function])
    shown = text(result, function)
    assert shown.count(sentence) == 1, shown
    # Said once, whatever the arrays of each check.
    assert shown.count("Your code raised") <= 1, shown


@pytest.mark.parametrize(
    "line",
    [
        "raise ValueError('operands could not be broadcast together with shapes (4,7) (5,)')",
        "raise ValueError('operands could not be broadcast together with shapes (4,4) (4,)')",
        "raise TypeError(\"'NoneType' object is not iterable\")",
        "raise NameError('something')",
        "raise UnboundLocalError('')",
    ],
)
def test_what_an_error_does_not_prove_is_not_said(judged: Judge, line: str) -> None:
    edit = Edit("layers", "layernorm_backward", "dbeta = dout.sum(axis=0)", line)
    result = judged(edit, functions=["layernorm_backward"])
    assert all(len(check.message.split("\n")) == 1 for check in result.checks if check.status == "error")


def test_a_backward_pass_that_was_not_even_called_says_which_function_raises(judged: Judge) -> None:
    edit, _sentence = FIRST_ERRORS["keepdims forgotten"]
    said = text(judged(edit, functions=["layernorm_backward"]), "layernorm_backward")
    assert said.count("That happens in layernorm_forward, before layernorm_backward is even called") == 1
    own = Edit("layers", "layernorm_backward", "x_hat, std, gamma = cache", "x_hat, std, gamma = later")
    assert "is even called" not in text(judged(own, functions=["layernorm_backward"]), "layernorm_backward")
