"""The checks are tested against known mistakes, correct variants and layers that pretend."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from a_course import CHECKS, small_course, write
from bench import HELD, Judge, failed
from conftest import ASSIGNMENT, ROOT
from forms import each, only

from checks.batch_normalization.variants import VARIANTS
from checks.core import FORWARD, Assignment, Check
from checks.engine.case import Case
from checks.language import LANGUAGES, catalogue
from checks.mistakes import Mistake, Variant
from checks.report import html, line, summary, text
from grader.course import Course
from grader.grading.grade import given_modules
from grader.reference.edits import Edit, edits_of
from grader.reference.mistakes import load_mistakes
from grader.reference.oracle import LiveOracle

MISTAKES = load_mistakes(Course(ROOT).assignment(ASSIGNMENT))
ALL = [Course(ROOT).assignment(name) for name in Course(ROOT).assignments()]


@pytest.mark.parametrize("draws", [range(5), pytest.param(range(5, HELD), marks=pytest.mark.full)])
def test_the_reference_scores_full_on_every_draw(judged: Judge, draws: range) -> None:
    for number in draws:
        result = judged(draw=number)
        assert not failed(result), number
        assert result.score == result.max_score == 40


def test_the_reference_scores_full_on_the_recording(judged: Judge) -> None:
    assert not failed(judged(recorded=True))


def id_of(one: Mistake | Variant) -> str:
    return one.id


@pytest.mark.parametrize("mistake", each(12, MISTAKES, id_of))
def test_a_known_mistake_costs_nothing_in_other_functions(judged: Judge, mistake: Mistake) -> None:
    result = judged(*edits_of(mistake), explain="none")
    functions = {check.partition(".")[0] for check in failed(result)}
    # A cache that the forward pass spoils is read by every backward pass of it.
    readers = {name for name, forward in judged.assignment.forward_of.items() if forward == mistake.edited}
    if not mistake.carries_gradient:
        readers |= {name for name, forward in judged.assignment.forward_of.items() if forward == mistake.function}
    assert mistake.function in functions
    assert functions <= {mistake.function, *readers}


@pytest.mark.full
@pytest.mark.parametrize("variant", VARIANTS, ids=id_of)
def test_a_correct_variant_scores_full_on_every_draw(judged: Judge, variant: Variant) -> None:
    edits = edits_of(variant)
    for number in range(5):  # on a thousand in `make mutation`
        replaced, functions = judged.bench.replaced(variant), judged.bench.functions_of(variant)
        assert not failed(judged(*edits, replaced=replaced, draw=number, functions=functions)), number


@pytest.mark.parametrize("variant", VARIANTS, ids=id_of)
def test_a_correct_variant_costs_nothing_in_any_function(judged: Judge, variant: Variant) -> None:
    edits = edits_of(variant)
    assert judged(*edits, replaced=judged.bench.replaced(variant)).score == 40


@pytest.mark.parametrize("variant", each(4, VARIANTS, id_of))
def test_a_correct_variant_scores_full_on_the_recording(judged: Judge, variant: Variant) -> None:
    edits = edits_of(variant)
    assert not failed(judged(*edits, replaced=judged.bench.replaced(variant), recorded=True))


def pretending(kind: str, axis: int) -> dict[str, Any]:
    """Layers that do not normalize, with the right gradient of what they do."""

    def forward(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, param: dict[str, Any]) -> tuple[np.ndarray, Any]:
        param.update(running_mean=np.zeros(x.shape[1]), running_var=np.ones(x.shape[1]))
        out = {"identity": x, "constant": np.ones_like(x), "affine": gamma * x + beta}[kind]
        return out.copy(), (x, gamma)

    def backward(dout: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x, gamma = cache
        zeros = np.zeros(x.shape[1])
        return {
            "identity": (dout, zeros, zeros),
            "constant": (0 * dout, zeros, zeros),
            "affine": (dout * gamma, (dout * x).sum(axis=0), dout.sum(axis=0)),
        }[kind]

    return {
        "batchnorm_forward": forward,
        "batchnorm_backward": backward,
        "batchnorm_backward_alt": backward,
        "layernorm_forward": forward,
        "layernorm_backward": backward,
    }


@pytest.mark.parametrize("recorded", [False, True], ids=["live", "recorded"])
@pytest.mark.parametrize("kind", only(["affine"], ["identity", "constant", "affine"]))
def test_a_forward_that_does_not_normalize_earns_dbeta_at_most_and_its_network_everything(
    judged: Judge, kind: str, recorded: bool
) -> None:
    """The affine layer's dbeta is the very gradient that was asked for."""
    result = judged(layers=pretending(kind, 0), recorded=recorded)
    earned = {check.id for check in result.checks if check.points and check.function != "FullyConnectedNet"}
    assert {check.partition(".")[2] for check in earned} <= ({"dbeta"} if kind == "affine" else set())
    assert result.function_score("FullyConnectedNet") == (8, 8)


def test_a_right_network_over_wrong_layers_keeps_its_points(judged: Judge) -> None:
    wrong = Edit("layers", "batchnorm_forward", "out = gamma * x_hat + beta", "out = 3 * gamma * np.tanh(x_hat) + beta")
    for recorded in (False, True):
        result = judged(wrong, recorded=recorded)
        assert result.function_score("FullyConnectedNet") == (8, 8)
        assert result.function_score("batchnorm_forward")[0] < 10


NOT_WRITTEN = Edit("layers", "batchnorm_backward", "return dx, dgamma, dbeta", "raise NotImplementedError")
WITH_ALT = Edit("fc_net", "FullyConnectedNet", "= batchnorm_backward(", "= batchnorm_backward_alt(")


def test_a_network_may_use_either_backward_pass_of_batch_normalization(judged: Judge) -> None:
    result = judged(NOT_WRITTEN, WITH_ALT)
    assert result.function_score("FullyConnectedNet") == (8, 8)
    assert result.function_score("batchnorm_backward_alt") == (5, 5)
    assert result.function_score("batchnorm_backward") == (0, 7)


def test_a_wrong_shape_costs_the_shape_and_no_more(judged: Judge) -> None:
    row = Edit("layers", "batchnorm_backward", "dbeta = dout.sum(axis=0)", "dbeta = dout.sum(axis=0, keepdims=True)")
    assert failed(judged(row)) == {"batchnorm_backward.shapes"}
    stored = Edit(
        "layers",
        "batchnorm_forward",
        'bn_param["running_mean"] = running_mean',
        'bn_param["running_mean"] = running_mean.reshape(1, -1)',
    )
    assert failed(judged(stored)) == {"batchnorm_forward.running_shape"}


def test_an_input_changed_in_place_is_a_remark_and_costs_nothing(judged: Judge) -> None:
    in_place = Edit("layers", "batchnorm_backward", "dx_hat = dout * gamma", "dx_hat = dout; dx_hat *= gamma")
    result = judged(in_place, functions=["batchnorm_backward"])
    assert not failed(result)
    assert result.checks[0].warnings == ("batchnorm_backward changes its input dout in place; work on a copy.",)


def test_float64_out_of_float32_is_a_remark_and_costs_nothing(judged: Judge) -> None:
    wide = Edit("layers", "layernorm_forward", "x_centered = x -", "x_centered = x.astype(np.float64) -")
    result = judged(wide, functions=["layernorm_forward"])
    assert not failed(result)
    assert result.checks[-1].warnings == ("layernorm_forward is given float32 and returns float64.",)


def test_a_numpy_warning_on_a_right_result_costs_nothing(judged: Judge) -> None:
    warns = Edit("layers", "layernorm_forward", "x_centered = x -", "np.log(np.zeros(1)); x_centered = x -")
    assert judged(warns, functions=["layernorm_forward"]).checks[0].warnings == ()
    assert not failed(judged(warns, functions=["layernorm_forward"]))


@pytest.mark.parametrize(
    "spoil", ["out = 3 * gamma * np.tanh(x_hat) + beta", "out = gamma * x_hat + np.nan", "out = x_hat[:1]"]
)
def test_nothing_of_a_graded_draws_truth_is_said(judged: Judge, monkeypatch: pytest.MonkeyPatch, spoil: str) -> None:
    """Feedback reaches students, so it shows what they gave and never what was expected."""
    truths: list[np.ndarray] = []
    observe = LiveOracle.case

    def watch(oracle: LiveOracle, check: Check) -> Case:
        case = observe(oracle, check)
        truths.extend(value for item in case.truth for value in item.values() if check.aspect == "values")
        return case

    monkeypatch.setattr(LiveOracle, "case", watch)
    edits = [
        Edit("layers", "batchnorm_forward", "out = gamma * x_hat + beta", spoil),
        Edit("layers", "batchnorm_forward", "momentum * running_var + (1", "momentum + running_var + (1"),
        Edit("layers", "layernorm_backward", "dbeta = dout.sum(axis=0)", "dbeta = 0.5 * dout.sum(axis=0)"),
        Edit("fc_net", "FullyConnectedNet", "loss += 0.5 * self.reg", "loss += 0.4 * self.reg"),
    ]
    result = judged(*edits, draw=HELD)  # one that nobody keeps, so that its cases are made now
    assert len(failed(result)) > 8
    result = replace(result, seconds=1e6)  # no number of a draw
    said = [json.dumps(result.to_json(), ensure_ascii=False), result.to_junit(), summary(result), repr(result)]
    said += [face(result, function) for function in result.functions for face in (html, text)]
    said += [line(result, function) for function in result.functions]
    numbers = {float(found) for text in said for found in re.findall(r"-?\d+\.\d{3,}(?:e[-+]\d+)?", text)}
    true = np.concatenate([np.ravel(value) for value in truths])
    given = {number for number in numbers if np.any(np.isclose(true, number, rtol=1e-5, atol=0))}
    wrong = set().union(*(_found(check.message) for check in result.checks))
    assert given <= wrong
    assert "expected" not in " ".join(check.message for check in result.checks if "shape" not in check.message)


def _found(message: str) -> set[float]:
    """What a message says that the student gave."""
    return {float(number) for number in re.findall(r"got (-?\d+\.\d+)", message)}


def test_nan_and_wrong_numbers_of_results_are_said(judged: Judge) -> None:
    nan = Edit("layers", "batchnorm_forward", "out = gamma * x_hat + beta", "out = gamma * x_hat + np.nan")
    assert "the value at [0, 0] is NaN" in judged(nan, functions=["batchnorm_forward"]).checks[0].message
    few = Edit("layers", "batchnorm_backward", "return dx, dgamma, dbeta", "return dx")
    message = judged(few, functions=["batchnorm_backward"]).checks[0].message
    assert message == "batchnorm_backward returned only one result (ndarray), but 3 were expected."


def test_every_check_has_points_in_quarters_and_a_function_that_the_contract_knows(assignment: Assignment) -> None:
    for check in assignment.checks:
        assert check.points > 0
        assert (4 * check.points).is_integer()
        assert assignment.module_of(check.function) + ".py" in assignment.modules
    assert len({check.id for check in assignment.checks}) == len(assignment.checks)


@pytest.mark.parametrize("assignment", ALL, ids=lambda assignment: assignment.name)
def test_inputs_depend_on_the_seed_and_on_nothing_else(assignment: Assignment) -> None:
    for check in assignment.checks:
        once, again, other = (check.inputs(seed) for seed in (b"one", b"one", b"other"))
        for first, second, third in zip(once, again, other, strict=True):
            assert first.keys() == second.keys()
            assert all(np.array_equal(first[name], second[name]) for name in first)
            assert any(not np.array_equal(first[name], third[name]) for name in first)


SENTENCE = re.compile(r"\*\*([A-Z]{2}-\d+)\*\* \((costs points|warns|free)\)")


def test_checks_that_were_changed_are_loaded_again_in_the_same_process(tmp_path: Path) -> None:
    course = small_course(tmp_path)
    before = course.assignment("scale")
    assert course.assignment("scale") is before
    write(course.checks / "scale" / "__init__.py", CHECKS.replace("points=3", "points=5"))
    assert (before.points("scale_forward"), course.assignment("scale").points("scale_forward")) == (4, 6)


def test_a_package_that_was_changed_is_rendered_again_in_the_same_process(tmp_path: Path) -> None:
    course = small_course(tmp_path)
    assignment = course.assignment("scale")
    before = given_modules(course, assignment)
    assert given_modules(course, assignment) is before
    write(course.package / "__init__.py", "VERSION = 2\n")
    assert before["__init__.py"] != given_modules(course, assignment)["__init__.py"] == b"VERSION = 2\n"


def test_every_check_cites_a_sentence_of_the_contract_that_costs_points() -> None:
    for check in (check for assignment in ALL for check in assignment.checks):
        page = (ROOT / "docs" / "contracts" / f"{check.function}.md").read_text(encoding="utf-8")
        assert (check.contract, "costs points") in SENTENCE.findall(page), check.id


def test_every_sentence_that_costs_points_is_enforced_by_a_check() -> None:
    cited = {check.contract for assignment in ALL for check in assignment.checks}
    for function in (function for assignment in ALL for function in assignment.functions):
        page = (ROOT / "docs" / "contracts" / f"{function}.md").read_text(encoding="utf-8")
        for sentence, kind in SENTENCE.findall(page):
            assert kind != "costs points" or sentence in cited, sentence


def test_every_sentence_for_students_stands_in_both_languages_with_the_same_names() -> None:
    for folder in (None, *(assignment.folder for assignment in ALL)):
        for key, sentences in catalogue("en", folder).sentences.items():
            assert set(sentences) == set(LANGUAGES), key
            assert len({tuple(sorted(re.findall(r"{\w+}", text))) for text in sentences.values()}) == 1, key


@pytest.mark.parametrize("assignment", ALL, ids=lambda assignment: assignment.name)
def test_every_check_and_every_probe_has_its_sentence(assignment: Assignment) -> None:
    sentences = catalogue("en", assignment.folder).sentences
    assert [check.id for check in assignment.checks if check.id not in sentences] == []
    assert [probe.id for probe in assignment.probes if probe.id not in sentences] == []


@pytest.mark.parametrize("assignment", ALL, ids=lambda assignment: assignment.name)
def test_every_known_mistake_has_a_hint(assignment: Assignment) -> None:
    sentences = catalogue("en", assignment.folder).sentences
    mistakes = load_mistakes(assignment)
    assert {mistake.id for mistake in mistakes} <= set(sentences)
    assert len(mistakes) == len({mistake.id for mistake in mistakes})


def test_a_known_forward_mistake_is_judged_on_its_own_gradient(judged: Judge) -> None:
    """A student whose forward divides by the variance, and whose backward is right for that."""

    def forward(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, param: dict[str, Any]) -> tuple[np.ndarray, Any]:
        centered = x - x.mean(axis=0)
        divisor = np.mean(centered**2, axis=0) + param.get("eps", 1e-5)
        return gamma * centered / divisor + beta, (centered, divisor, gamma)

    def backward(dout: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        centered, divisor, gamma = cache
        dscaled = dout * gamma
        ddivisor = -np.sum(dscaled * centered, axis=0) / divisor**2
        dcentered = dscaled / divisor + 2 * centered * ddivisor / len(dout)
        dgamma = np.sum(dout * centered / divisor, axis=0)
        return dcentered - dcentered.mean(axis=0), dgamma, dout.sum(axis=0)

    layers = {"batchnorm_forward": forward, "batchnorm_backward": backward}
    for recorded in (False, True):
        result = judged(layers=layers, functions=["batchnorm_backward"], recorded=recorded)
        assert not failed(result)
        assert any("which has a mistake in it" in text for text in result.checks[0].warnings)


def test_what_a_backward_is_judged_on_is_not_itself_judged(assignment: Assignment) -> None:
    assert FORWARD not in {check.id.partition(".")[2] for check in assignment.checks}


VARIANCE = "np.mean(x_centered**2, axis=0)"
UNBIASED = "np.var(x, axis=0, ddof=1)"


@pytest.mark.parametrize("recorded", [False, True], ids=["live", "recorded"])
@pytest.mark.parametrize("function", ["batchnorm_backward", "batchnorm_backward_alt"])
def test_a_right_backward_pass_loses_only_where_its_forward_pass_is_not_the_known_mistake(
    judged: Judge, function: str, recorded: bool
) -> None:
    """With one example it is another mistake; the checks without that size are judged on the known one all the same."""
    known = Edit("layers", "batchnorm_forward", VARIANCE, UNBIASED)
    assert not failed(judged(known, functions=["batchnorm_backward", function], recorded=recorded))
    out = "out = gamma * x_hat + beta"
    partly = Edit("layers", "batchnorm_forward", out, f"{out} if len(x) > 1 else 3 * x")
    result = judged(known, partly, functions=["batchnorm_backward", function], recorded=recorded)
    lost = {check for check in failed(result) if check.startswith(f"{function}.")}
    assert lost == {f"{function}.dgamma", f"{function}.sizes"}


EPS_FORGOTTEN = Edit("layers", "batchnorm_forward", "np.sqrt(var + eps)", "np.sqrt(var)")


@pytest.mark.parametrize("draws", [range(HELD), pytest.param(range(HELD, 120), marks=pytest.mark.full)])
def test_in_float32_a_right_backward_pass_is_judged_on_the_forward_mistake_that_double_precision_showed(
    judged: Judge, draws: range
) -> None:
    """The forgotten eps is too small to be seen in float32 forward, and on some draws large enough on the way back."""
    for number in draws:
        result = judged(EPS_FORGOTTEN, draw=number, functions=["batchnorm_backward_alt"])
        assert not failed(result), number


INSIDE = (
    Edit(
        "fc_net",
        "FullyConnectedNet.loss",
        'h, caches["norm", l] = batchnorm_forward(h, gamma, beta, norm_param)',
        """kept = norm_param.setdefault("kept", [0.0, 0.0])
                    if mode == "train":
                        kept[:] = [0.9 * old + 0.1 * new for old, new in zip(kept, (h.mean(0), h.var(0)))]
                    mean, var = (h.mean(0), h.var(0)) if mode == "train" else kept
                    std = np.sqrt(var + 1e-5)
                    x_hat = (h - mean) / std
                    h, caches["norm", l] = gamma * x_hat + beta, (x_hat, std, gamma)""",
    ),
    Edit(
        "fc_net",
        "FullyConnectedNet.loss",
        'dh, grads[f"gamma{l}"], grads[f"beta{l}"] = batchnorm_backward(dh, caches["norm", l])',
        """x_hat, std, gamma = caches["norm", l]
                    grads[f"gamma{l}"], grads[f"beta{l}"] = np.sum(dh * x_hat, axis=0), dh.sum(axis=0)
                    dh = gamma / std * (dh - dh.mean(0) - x_hat * np.mean(dh * x_hat, axis=0))""",
    ),
)


@pytest.mark.parametrize("recorded", [False, True], ids=["live", "recorded"])
def test_a_network_that_normalizes_by_itself_keeps_its_points_and_needs_no_layers(
    judged: Judge, recorded: bool
) -> None:
    layers = {name: None for name in judged.assignment.functions if name != "FullyConnectedNet"}
    result = judged(*INSIDE, layers=layers, functions=["FullyConnectedNet"], recorded=recorded)
    assert not failed(result)


@pytest.mark.parametrize("recorded", [False, True], ids=["live", "recorded"])
@pytest.mark.parametrize("function", ["batchnorm_backward", "batchnorm_backward_alt", "layernorm_backward"])
def test_a_dgamma_from_the_last_forward_pass_in_place_of_its_own_costs_the_check_of_the_cache_and_no_other(
    judged: Judge, function: str, recorded: bool
) -> None:
    forward = judged.assignment.forward_of[function]
    edits = (
        Edit("layers", forward, "    return out, cache", f"    {forward}.last = cache[0]\n    return out, cache"),
        Edit(
            "layers",
            function,
            "return dx, dgamma, dbeta",
            f"return dx, np.sum(dout * {forward}.last, axis=0), dbeta",
        ),
    )
    result = judged(*edits, functions=[function], recorded=recorded)
    assert failed(result) == {f"{function}.own_cache"}


KEPT = {
    "the number of rows": ("N = {param}.setdefault('N', len(x))", "assert N == len(x)"),
    "an array of the rows": ("kept = {param}.setdefault('rows', x[:, 0])", "kept + x[:, 0]"),
    "an array of the whole": ("kept = {param}.get('old', x); {param}['old'] = x", "kept - x"),
}


@pytest.mark.parametrize("recorded", [False, True], ids=["live", "recorded"])
@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize(
    ("function", "param", "line", "costs"),
    [
        ("batchnorm_forward", "bn_param", "mu = x.mean(axis=0)", "batchnorm_forward.continued"),
        ("batchnorm_forward", "bn_param", "out = gamma * (x - running_mean)", "batchnorm_forward.test_mode"),
        ("layernorm_forward", "ln_param", "mu = x.mean(axis=1, keepdims=True)", "layernorm_forward.modes"),
    ],
    ids=["batchnorm, training", "batchnorm, test", "layernorm"],
)
def test_what_a_call_leaves_in_its_dictionary_and_another_number_of_examples_does_not_fit_costs_one_check(
    judged: Judge, function: str, param: str, line: str, costs: str, kept: str, recorded: bool
) -> None:
    """And nothing in the backward passes."""
    before = "; ".join(KEPT[kept]).format(param=param)
    result = judged(Edit("layers", function, line, f"{before}; {line}"), recorded=recorded)
    assert failed(result) == {costs}


@pytest.mark.parametrize("function", ["batchnorm_backward", "batchnorm_backward_alt", "layernorm_backward"])
def test_a_cache_that_goes_by_the_last_number_of_examples_costs_the_check_of_the_cache(
    judged: Judge, function: str
) -> None:
    forward = judged.assignment.forward_of[function]
    indent, count = (
        ("        ", "N = dout.shape[0]") if forward == "batchnorm_forward" else ("    ", "D = dout.shape[1]")
    )
    keeps = Edit("layers", forward, f"{indent}cache = (", f"{indent}{forward}.rows = len(x)\n{indent}cache = (")
    scales = f"{count}; dout = dout * {forward}.rows / len(dout)"
    result = judged(keeps, Edit("layers", function, count, scales))
    assert failed(result) == {f"{function}.own_cache"}
