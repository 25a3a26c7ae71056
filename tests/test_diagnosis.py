"""What is said of a wrong result: nothing that the numbers do not prove, and as much as the instructor allows."""

import inspect
import json
import re
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from bench import Judge

from checks.engine import findings
from checks.engine.findings import FAINT, TELLING, Finding, find, where_wrong
from checks.language import LANGUAGES, catalogue
from checks.report import html, line, text
from checks.result import Result
from grader.reference.edits import Edit

JudgeOne = Callable[..., Result]


@pytest.fixture
def judged(judged: Judge) -> JudgeOne:
    """Judges one function of a changed reference, on the recording unless it is said otherwise."""
    return lambda *edits, function, recorded=True, **options: judged(
        *edits, functions=[function], recorded=recorded, **options
    )


def forward(old: str, new: str) -> Edit:
    return Edit("layers", "batchnorm_forward", old, new)


def backward(old: str, new: str) -> Edit:
    return Edit("layers", "batchnorm_backward", old, new)


OUT = "out = gamma * x_hat + beta"


def message(result: Result, check: str) -> str:
    return next(item.message for item in result.checks if item.id.partition(".")[2] == check)


# What the numbers prove.

RNG = np.random.default_rng(0)
TRUTH = RNG.normal(size=(7, 4))
GIVEN = {
    "x": RNG.normal(size=(7, 4)),
    "gamma": np.array([2.0, -3.0, 0.5, 4.0]),
    "beta": np.array([1.0, 2.0, 3.0, -4.0]),
}


def found(got: np.ndarray, truth: np.ndarray = TRUTH, others: Mapping[str, np.ndarray] | None = None) -> Finding | None:
    truths = {"out": truth, **(others or {})}
    for finders in (TELLING, FAINT):
        finding = find("out", [{"out": got}], [truths], [GIVEN], [{"N": 7, "D": 4}], "d", finders)
        if finding is not None:
            return finding
    return None


PROVED: list[tuple[np.ndarray, str, dict[str, str]]] = [
    (0 * TRUTH, "all_zero", {}),
    (np.trunc(TRUTH).astype(int), "integers", {}),
    (GIVEN["x"], "is_an_input", {"input": "x"}),
    (-TRUTH, "sign", {}),
    (7 * TRUTH, "factor", {"factor": "N"}),
    (TRUTH / 4, "factor", {"factor": "1/D"}),
    (TRUTH * 7 / 6, "factor", {"factor": "N/(N − 1)"}),
    (-2 * TRUTH, "factor", {"factor": "−2"}),
    (0.3 * TRUTH, "factor", {"factor": "0.3"}),
    (TRUTH / GIVEN["gamma"], "factor_of_input", {"factor": "1/gamma"}),
    (TRUTH - GIVEN["beta"], "lacks_input", {"input": "beta"}),
    (TRUTH + GIVEN["beta"], "added_input", {"input": "beta"}),
    (TRUTH + 3, "offset", {}),
    (np.full((7, 4), 3.0), "all_equal", {}),
    (np.tile(TRUTH[0], (7, 1)), "rows_equal", {}),
    (np.tile(TRUTH[:, :1], (1, 4)), "columns_equal", {}),
    (TRUTH[::-1], "order", {}),
    (TRUTH.T, "transposed", {}),
    (TRUTH.astype(np.float32), "rounded", {"type": "float32"}),
    (TRUTH * [1.5, 2.5, 3.5, 4.5], "columns_factor", {}),
    (TRUTH + np.array([1.5, 2.5, 3.5, 4.5]), "columns_offset", {}),
    (TRUTH * [1.5, 2.5, 3.5, 4.5] + [4, 5, 6, 8], "columns_both", {}),
    (TRUTH * np.arange(1.5, 8)[:, None], "rows_factor", {}),
    (TRUTH + np.arange(1.5, 8)[:, None], "rows_offset", {}),
    (TRUTH * np.arange(1.5, 8)[:, None] + np.arange(7)[:, None] ** 2, "rows_both", {}),
    (np.where(np.arange(7)[:, None] == 2, np.cos(TRUTH), TRUTH), "some_rows", {"lines": "2"}),
    (np.where(np.arange(4) == 3, np.nan, TRUTH), "some_columns", {"lines": "3"}),
    (TRUTH + 1e-6 * np.cos(TRUTH), "digits", {"digits": "6"}),
]


@pytest.mark.parametrize(("got", "key", "names"), PROVED)
def test_what_the_numbers_prove_is_found(got: np.ndarray, key: str, names: dict[str, str]) -> None:
    finding = found(got)
    assert finding is not None
    assert (finding.key, dict(finding.names)) == (key, names)


def test_another_results_values_are_recognized() -> None:
    other = RNG.normal(size=(7, 4))
    assert found(other, others={"dx": other}) == Finding("is_another", {"other": "dx"})


def test_of_two_unrelated_arrays_nothing_is_said() -> None:
    for seed in range(500):
        assert found(np.random.default_rng(seed).normal(size=(7, 4))) is None, seed


@pytest.mark.parametrize("size", [1, 2])
def test_a_factor_of_one_or_two_numbers_proves_nothing(size: int) -> None:
    truth = np.arange(1.0, 1 + size)
    assert find("out", [{"out": 7 * truth}], [{"out": truth}], [{}], [{"N": 7, "D": 4}], "d", TELLING) is None


def test_a_factor_that_changes_with_the_size_is_said_only_if_it_has_a_name() -> None:
    sizes = [{"N": 7, "D": 4}, {"N": 3, "D": 8}]
    truths = [{"out": RNG.normal(size=(size["N"], size["D"]))} for size in sizes]
    by_n = [{"out": size["N"] * truth["out"]} for size, truth in zip(sizes, truths, strict=True)]
    assert find("out", by_n, truths, [{}, {}], sizes, "d", TELLING) == Finding("factor", {"factor": "N"})
    odd = [{"out": 1.3 * truths[0]["out"]}, {"out": 1.4 * truths[1]["out"]}]
    assert find("out", odd, truths, [{}, {}], sizes, "d", TELLING) == Finding("columns_factor")


def test_only_where_is_said_if_a_condition_parts_wrong_from_right() -> None:
    sizes = [{"N": N, "D": D} for N, D in ((1, 3), (2, 5), (6, 1), (50, 6))]
    assert where_wrong(sizes, [True, False, False, False]) == Finding("only_where", {"condition": "N = 1"})
    assert where_wrong(sizes, [True, True, False, False]) == Finding("only_where", {"condition": "N < D"})
    assert where_wrong(sizes, [True, True, True, True]) is None
    assert where_wrong(sizes, [False, True, False, False]) is None


def test_only_where_and_factors_speak_of_the_names_that_sizes_have() -> None:
    sizes = [{"C": C, "H": H, "W": W} for C, H, W in ((3, 5, 4), (2, 6, 6), (4, 3, 7), (1, 7, 5))]
    assert where_wrong(sizes, [False, True, False, False]) == Finding("only_where", {"condition": "H = W"})
    assert where_wrong(sizes, [False, False, False, True]) == Finding("only_where", {"condition": "C = 1"})
    # C < H, too, in the second to the fourth: where two conditions do as well, neither is said.
    alike = [{"C": 5, "H": 4, "W": 4}, {"C": 2, "H": 4, "W": 4}]
    assert where_wrong(alike, [False, True]) is None
    truths = [{"out": RNG.normal(size=(size["H"], size["W"]))} for size in sizes]
    by_area = [{"out": size["H"] * size["W"] * truth["out"]} for size, truth in zip(sizes, truths, strict=True)]
    given: list[dict[str, object]] = [{} for _ in sizes]
    assert find("out", by_area, truths, given, sizes, "d", TELLING) == Finding("factor", {"factor": "H·W"})


@pytest.mark.parametrize("wrong", [np.array([True, False, True]), np.array([1, 0, 5]), np.array([0.5, np.nan, 1.0])])
def test_a_wrong_answer_to_a_question_of_yes_or_no_is_no_error_of_ours(wrong: np.ndarray) -> None:
    truth = np.array([True, True, False])
    given = [{"mask": np.array([False, True, True])}]
    for finders in (TELLING, FAINT):
        find("out", [{"out": wrong}], [{"out": truth}], given, [{"n": 3}], "d", finders)


def test_every_finding_has_its_sentence_in_both_languages() -> None:
    names = {key: filled for _, key, filled in PROVED}
    names |= {"is_another": {"other": "dgamma"}, "only_where": {"condition": "N = 1"}}
    names["factor_hidden"] = names["factor"]
    for language in LANGUAGES:
        said = {key: catalogue(language)(key, name="dx", **filled) for key, filled in names.items()}
        assert len(set(said.values())) == len(names), "two findings in the same words"
        for key, sentence in said.items():
            assert key not in said.values() and not re.search(r"[{}]", sentence), (language, key)
            shows = key != "factor_hidden"
            assert all((word in sentence) is shows for word in names[key].values()), (language, key, sentence)


def test_the_sentences_above_are_those_of_all_findings() -> None:
    source = inspect.getsource(findings)
    keys = set(re.findall(r'Finding\("(\w+)"', source)) | set(re.findall(r'"([a-z]+_[a-z]+)", (?:-?[01])\)', source))
    keys |= {f"{lines}_{what}" for lines in ("rows", "columns") for what in ("factor", "offset", "both")}
    assert len(keys) > 20
    assert keys == {key for _, key, _ in PROVED} | {"is_another", "only_where"}


# The judge.


def test_a_factor_in_the_students_result_is_said(judged: JudgeOne) -> None:
    edit = forward(OUT, "out = 1.7 * (gamma * x_hat + beta)")
    result = judged(edit, function="batchnorm_forward")
    assert message(result, "train").splitlines()[-1] == (
        "out is right except for a factor: every value is multiplied by 1.7."
    )
    graded = judged(edit, function="batchnorm_forward", recorded=False)
    assert message(graded, "train").splitlines()[-1] == (
        "out is right except for a factor: every value is multiplied by the same number."
    )


@pytest.mark.parametrize("recorded", [False, True], ids=["live", "recorded"])
@pytest.mark.parametrize(
    ("edit", "check", "words"),
    [
        (forward(OUT, "out = gamma * x_hat + beta + (gamma - 1) * np.sin(x)"), "train", "With gamma = 1"),
        (forward(OUT, "out = gamma * x_hat + beta * np.sin(x)"), "train", "With beta = 0"),
        (forward(OUT, f"{OUT} + (eps - 1e-5) * np.sin(x)"), "eps", "default eps = 1e-5"),
        (
            backward("dbeta = dout.sum(axis=0)", "dbeta = np.sum(dout**3, axis=0)"),
            "dbeta",
            "With dout = 1 everywhere",
        ),
        (
            backward("dbeta = dout.sum(axis=0)", "dbeta = dout.sum(axis=0) + np.zeros(N)"),
            "dx",
            "When N = D the result is right",
        ),
    ],
)
def test_where_plainer_inputs_give_the_right_result_that_is_said(
    judged: JudgeOne, edit: Edit, check: str, words: str, recorded: bool
) -> None:
    result = judged(edit, function=f"batchnorm_{edit.function.partition('_')[2]}", recorded=recorded)
    assert words in message(result, check)


@pytest.mark.parametrize("recorded", [False, True], ids=["live", "recorded"])
def test_of_plainer_inputs_for_which_the_truth_is_zero_nothing_is_said(judged: JudgeOne, recorded: bool) -> None:
    """With dout = 1 the right dx is zero, whatever it is multiplied by."""
    edit = backward("dx = dx_centered + dmu / N", "dx = (dx_centered + dmu / N) * np.cosh(dout)")
    assert "dout = 1" not in message(judged(edit, function="batchnorm_backward", recorded=recorded), "dx")


@pytest.mark.parametrize("recorded", [False, True], ids=["live", "recorded"])
def test_an_input_without_effect_is_said(judged: JudgeOne, recorded: bool) -> None:
    edit = forward(OUT, "out = gamma * np.tanh(x_centered) + beta")
    assert message(judged(edit, function="batchnorm_forward", recorded=recorded), "eps").splitlines()[-1] == (
        "eps has no effect: with another value the result stays the same."
    )


@pytest.mark.parametrize("recorded", [False, True], ids=["live", "recorded"])
@pytest.mark.parametrize(
    "returned",
    ["None, None, None", "None, dgamma, dbeta", "dx * np.nan, dgamma, dbeta", "dx * np.nan, dgamma * np.nan, dbeta"],
)
@pytest.mark.parametrize("function", ["batchnorm_backward", "batchnorm_backward_alt", "layernorm_backward"])
def test_of_what_is_no_number_it_is_never_said_that_an_input_has_no_effect(
    judged: JudgeOne, function: str, returned: str, recorded: bool
) -> None:
    edit = Edit("layers", function, "return dx, dgamma, dbeta", f"return {returned}")
    result = judged(edit, function=function, recorded=recorded)
    assert result.score < result.max_score
    assert all("has no effect" not in check.message for check in result.checks)


@pytest.mark.parametrize("recorded", [False, True], ids=["live", "recorded"])
def test_a_distance_from_numbers_that_are_nearly_zero_is_not_told_in_their_size(
    judged: JudgeOne, recorded: bool
) -> None:
    """With one example dx is zero: in units of it any mistake is enormous."""
    edit = backward("dx = dx_centered + dmu / N", "dx = dx_centered + dmu / N + (1234.5 if N == 1 else 0.0)")
    said = message(judged(edit, function="batchnorm_backward", recorded=recorded), "sizes")
    assert "all lie between −0.01 and 0.01, but 1234.5 was found" in said
    assert "by 1.2e+03 at most." in said and "of the largest" not in said


def test_a_backward_pass_on_a_wrong_forward_pass_sends_to_that_first(judged: JudgeOne) -> None:
    edits = (
        forward("x_hat = x_centered / std", "x_hat = np.tanh(x_centered / std)"),
        backward("dbeta = dout.sum(axis=0)", "dbeta = np.cos(dout).sum(axis=0)"),
    )
    result = judged(*edits, function="batchnorm_backward")
    assert "Fix the forward pass first (batchnorm_forward)" in message(result, "dbeta")
    assert all("forward pass" not in check.message for check in result.checks if check.id.endswith("shapes"))


def test_two_mistakes_made_in_the_same_lines_are_judged_like_any_others(judged: JudgeOne) -> None:
    """The known forward mistake and those of its cache that change the same text cannot be tried together."""
    edits = (
        forward("std = np.sqrt(var + eps)", "std = var + eps"),
        forward("cache = (x_hat, x_centered, std, gamma)", "cache = (x_centered, x_hat, std + 1, gamma)"),
    )
    result = judged(*edits, function="batchnorm_backward", recorded=False)
    assert any(check.status == "failed" for check in result.checks)


def test_over_a_forward_pass_that_nothing_explains_no_mistake_of_the_backward_pass_is_named(judged: JudgeOne) -> None:
    only_centered = forward("x_hat = x_centered / std", "x_hat = x_centered / np.cosh(std)")
    for recorded in (False, True):
        result = judged(only_centered, function="batchnorm_backward", recorded=recorded)
        assert any(check.status == "failed" for check in result.checks)
        assert all(check.diagnosis is None for check in result.checks)


def test_the_level_says_how_much_is_said(judged: JudgeOne) -> None:
    edit = forward(OUT, "out = x_hat")
    said = {
        level: judged(edit, function="batchnorm_forward", explain=level, recorded=False)
        for level in ("none", "place", "hint")
    }
    scores = {result.score for result in said.values()}
    assert len(scores) == 1
    none, place, hint = ([c for c in result.checks if c.status == "failed"] for result in said.values())
    assert {(check.message, check.diagnosis) for check in none} == {("", None)}
    assert all(check.message.count("\n") == 1 and check.diagnosis is None for check in place)
    assert {check.diagnosis.mistake for check in hint if check.diagnosis} == {"bn_no_scale_and_shift"}
    say = catalogue("en", None)
    for face in (text, html):
        assert "train" in face(said["none"], "batchnorm_forward")
        assert "got" not in face(said["none"], "batchnorm_forward")
    assert line(said["none"], "batchnorm_forward").endswith(f"train: {say('failed')}")
    hints = [check.diagnosis.hint for check in hint if check.diagnosis]
    for name, result in said.items():
        shown = [result.to_junit(), json.dumps(result.to_json(), ensure_ascii=False), text(result, "batchnorm_forward")]
        assert all((hints[0][:40] in face) == (name == "hint") for face in shown)


def test_without_explanations_an_exception_is_not_explained_and_an_unwritten_function_is_still_said(
    judged: JudgeOne,
) -> None:
    raises = judged(backward("N = dout.shape[0]", "N = dout.shapes[0]"), function="batchnorm_backward", explain="none")
    assert {(check.status, check.message) for check in raises.checks} == {("error", "")}
    missing = backward("N = dout.shape[0]", "raise NotImplementedError")
    begun = judged(missing, function="batchnorm_backward", explain="none")
    assert all("not written yet" in check.message for check in begun.checks)


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (
            backward("dbeta = dout.sum(axis=0)", "dbeta = dout.sum(axis=0).astype(np.float)"),
            "np.float was removed from numpy; use float instead.",
        ),
        (
            backward("return dx, dgamma, dbeta", "return None"),
            "batchnorm_backward returned nothing (None), but 3 results were expected; perhaps the return is missing.",
        ),
        (
            backward("return dx, dgamma, dbeta", "return dx, dgamma"),
            "batchnorm_backward should return 3 results, but it returned 2.",
        ),
    ],
)
def test_what_often_goes_wrong_is_said_in_a_friendly_line(judged: JudgeOne, edit: Edit, sentence: str) -> None:
    result = judged(edit, function="batchnorm_backward")
    assert message(result, "dx").splitlines()[-1] == sentence
    assert "expected, got" not in text(result, "batchnorm_backward")


def test_an_exceptions_sentence_names_the_students_line_and_no_other(judged: JudgeOne) -> None:
    edit = backward("N = dout.shape[0]", "N = np.linalg.inv(np.zeros((2, 2)))")
    said = message(judged(edit, function="batchnorm_backward"), "dx")
    assert "layers.py, line" in said
    assert "linalg.py" not in said
    assert "executor" not in said


@pytest.mark.parametrize("recorded", [False, True], ids=["live", "recorded"])
def test_two_mistakes_are_named_each_where_it_shows(judged: JudgeOne, recorded: bool) -> None:
    edits = (
        backward("dgamma = np.sum(dout * x_hat, axis=0)", "dgamma = np.sum(dout * x_centered, axis=0)"),
        backward("dx_hat = dout * gamma", "dx_hat = dout"),
    )
    result = judged(*edits, function="batchnorm_backward", recorded=recorded)
    named = {check.id.partition(".")[2]: check.diagnosis.mistake for check in result.checks if check.diagnosis}
    assert named["dx"] == "bn_dx_without_gamma"
    assert named["dgamma"] == "bn_dgamma_from_x"


def test_a_mistake_on_a_mistaken_forward_pass_is_still_named(judged: JudgeOne) -> None:
    edits = (
        forward("std = np.sqrt(var + eps)", "std = np.sqrt(var + 1e-5)"),
        backward("dbeta = dout.sum(axis=0)", "dbeta = dout.mean(axis=0)"),
    )
    result = judged(*edits, function="batchnorm_backward", recorded=False)
    assert {check.diagnosis.mistake for check in result.checks if check.diagnosis} == {"bn_dbeta_mean"}


def test_messages_in_a_notebook_are_escaped(judged: JudgeOne) -> None:
    edit = backward("N = dout.shape[0]", 'raise ValueError("<script>alert(1)</script>")')
    shown = html(judged(edit, function="batchnorm_backward"), "batchnorm_backward")
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


BN_BACKWARD = 'dh, grads[f"gamma{l}"], grads[f"beta{l}"] = batchnorm_backward(dh, caches["norm", l])'


@pytest.mark.parametrize("recorded", [False, True], ids=["live", "recorded"])
def test_a_mistake_in_the_branch_of_one_normalization_is_named_in_the_checks_of_that_one(
    judged: JudgeOne, recorded: bool
) -> None:
    edit = Edit("fc_net", "FullyConnectedNet.loss", BN_BACKWARD, BN_BACKWARD.replace("dh,", "_,", 1))
    result = judged(edit, function="FullyConnectedNet", recorded=recorded)
    wrong = {check.id.partition(".")[2]: check.diagnosis for check in result.checks if check.status != "passed"}
    assert "layernorm_gradients" not in wrong
    assert {diagnosis.mistake for diagnosis in wrong.values() if diagnosis} == {"net_gradient_not_passed_on"}
    assert wrong["batchnorm_gradients"]


@pytest.mark.parametrize("recorded", [False, True], ids=["live", "recorded"])
def test_what_one_check_refutes_no_other_check_names(judged: JudgeOne, recorded: bool) -> None:
    """Cumulative averages begin as running statistics that are overwritten, and go on otherwise."""
    edits = (
        forward(
            "running_mean = momentum * running_mean + (1 - momentum) * mu",
            'bn_param["t"] = t = bn_param.get("t", 0) + 1\n'
            "        running_mean = running_mean + (mu - running_mean) / t",
        ),
        forward(
            "running_var = momentum * running_var + (1 - momentum) * var",
            "running_var = running_var + (var - running_var) / t",
        ),
    )
    result = judged(*edits, function="batchnorm_forward", recorded=recorded)
    assert "failed" in {check.status for check in result.checks}
    # The cumulative mean is known, the variance is not.
    assert {check.diagnosis.mistake for check in result.checks if check.diagnosis} <= {"bn_running_mean_cumulative"}
    assert all(check.diagnosis is None for check in result.checks if check.id == "batchnorm_forward.running_var")


def test_two_mistakes_that_cannot_be_made_together_are_not_named_together(judged: JudgeOne) -> None:
    edits = (
        backward("dx = dx_centered + dmu / N", "dx = dx_centered + dmu"),
        Edit(
            "fc_net",
            "FullyConnectedNet.loss",
            "if self.normalization is not None:\n                # From dh",
            "if self.normalization is not None and l < self.num_layers - 1:\n                # From dh",
        ),
    )
    result = judged(*edits, function="FullyConnectedNet", recorded=False)
    assert all("is not used" not in check.message for check in result.checks)
    named = {check.diagnosis.mistake for check in result.checks if check.diagnosis}
    assert "net_backward_left_out" not in named
