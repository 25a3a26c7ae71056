"""A right backward pass pays for no forward mistake that trusted code can reproduce; for the others a person looks."""

import random
from collections.abc import Mapping, Sequence
from itertools import combinations, cycle, islice
from typing import Any

import numpy as np
import pytest
from bench import HELD, Judge, failed
from conftest import ASSIGNMENT, ROOT
from forms import each, only

from checks.core import Assignment, Observed
from checks.engine.asking import observe
from checks.engine.case import same_forward
from checks.mistakes import Mistake
from checks.result import Result
from grader.course import Course
from grader.mutation.bench import Bench
from grader.reference import versions
from grader.reference.changed import Overlap
from grader.reference.edits import Edit, edits_of
from grader.reference.mistakes import load_mistakes
from grader.reference.oracle import LiveCase

FORWARDS = ("batchnorm_forward", "layernorm_forward")
ROOT_OF = "np.sqrt(var + eps)"
DEFAULT = '"eps", 1e-5'
MISTAKES = load_mistakes(Course(ROOT).assignment(ASSIGNMENT))

VALUES = (1e-9, 1e-10, 3e-5, 2e-4, 0.0371, 1e-11, 0.01, 1e-16, 5e-6, 1.3, 7e-8, 4e-3, 2.5e-7, 0.4, 6e-13)
PLACES = {
    "default": {DEFAULT: '"eps", {eps}'},
    "hard-coded": {ROOT_OF: "np.sqrt(var + {eps})"},
    "hard-coded, outside the root": {ROOT_OF: "np.sqrt(var) + {eps}"},
    "given, and another outside": {ROOT_OF: "np.sqrt(var + eps) + {eps}"},
    "default, outside the root": {DEFAULT: '"eps", {eps}', ROOT_OF: "np.sqrt(var) + eps"},
    "default, twice under the root": {DEFAULT: '"eps", {eps}', ROOT_OF: "np.sqrt(var + eps + eps)"},
    "default, under the root and outside": {DEFAULT: '"eps", {eps}', ROOT_OF: "np.sqrt(var + eps) + eps"},
}


def right_backward_passes(judged: Judge, forward: str, edits: Sequence[Edit], draw: int) -> Result:
    """The verdict on the reference's backward passes over a forward pass with some edits."""
    backward = [name for name, of in judged.assignment.forward_of.items() if of == forward]
    return judged(*edits, functions=backward, draw=draw, explain="none")


def thirty_eps() -> list[tuple[str, float, str]]:
    """Values and places for both forward passes; every place and every value more than once."""
    return list(islice(zip(cycle(FORWARDS), cycle(VALUES), cycle(PLACES), strict=False), 30))


@pytest.mark.parametrize(("forward", "eps", "place"), each(3, thirty_eps()))
def test_a_right_backward_pass_loses_nothing_for_an_eps_of_any_value_at_any_place(
    judged: Judge, forward: str, eps: float, place: str
) -> None:
    edits = [Edit("layers", forward, old, new.replace("{eps}", repr(eps))) for old, new in PLACES[place].items()]
    for draw in range(2):
        assert not failed(right_backward_passes(judged, forward, edits, draw)), draw


def test_none_of_these_values_is_in_a_list() -> None:
    assert len({(forward, place) for forward, _, place in thirty_eps()}) == 2 * len(PLACES)
    listed = " ".join(new for mistake in MISTAKES for _, new in mistake.replace)
    assert not [value for value in VALUES if f"{value!r}" in listed]


def felt_pairs(bench: Bench, forward: str, count: int) -> list[tuple[Mistake, Mistake]]:
    """Pairs of mistakes in one forward pass that change different lines, each of which the backward passes feel."""
    [check, *_] = [
        check
        for name, of in bench.assignment.forward_of.items()
        if of == forward
        for check in bench.assignment.of(name)
    ]
    case = bench.draw(0).case(check)

    def is_felt(mistake: Mistake) -> bool:
        student = bench.versions.student(mistake.id)
        return not same_forward([check.run(student, **item) for item in case.inputs], case.truth)

    known = [one for one in bench.mistakes if one.function == forward and one.carries_gradient and is_felt(one)]
    pairs = list(combinations(known, 2))
    random.Random(11).shuffle(pairs)
    found = []
    for one, other in pairs:
        try:
            bench.versions.student(one.id, other.id)
        except Overlap:
            continue
        found.append((one, other))
    return found[:count]


@pytest.mark.parametrize("count", only([5], [5, 15]))
@pytest.mark.parametrize("forward", FORWARDS)
def test_a_right_backward_pass_loses_nothing_for_two_known_mistakes_at_once(
    judged: Judge, bench: Bench, forward: str, count: int
) -> None:
    pairs = felt_pairs(bench, forward, count)
    assert len(pairs) == count
    for draw, (one, other) in enumerate(pairs):
        lost = failed(right_backward_passes(judged, forward, [*edits_of(one), *edits_of(other)], draw % 5))
        assert not lost, (one.id, other.id)


def test_a_right_backward_pass_loses_nothing_for_a_known_mistake_and_an_eps_of_another_value(judged: Judge) -> None:
    edits = [
        Edit("layers", "batchnorm_forward", DEFAULT, '"eps", 3e-9'),
        Edit("layers", "batchnorm_forward", "np.mean(x_centered**2, axis=0)", "np.sum(x_centered**2, axis=0)"),
    ]
    assert not failed(right_backward_passes(judged, "batchnorm_forward", edits, 0))


@pytest.mark.parametrize("eps", only([3e-9], [3e-9, 0.02]))
@pytest.mark.parametrize("function", ["batchnorm_backward", "batchnorm_backward_alt", "layernorm_backward"])
def test_a_wrong_backward_pass_earns_nothing_more_over_an_eps_of_another_value(
    judged: Judge, function: str, eps: float
) -> None:
    forward = judged.assignment.forward_of[function]
    half = Edit("layers", function, "return dx, dgamma, dbeta", "return 0.5 * dx, dgamma, dbeta")
    other = Edit("layers", forward, DEFAULT, f'"eps", {eps}')
    alone, over = judged(half, functions=[function]), judged(half, other, functions=[function])
    assert {f"{function}.dx", f"{function}.eps", f"{function}.float32"} <= failed(alone) == failed(over)


UNKNOWN = Edit("layers", "batchnorm_forward", "x_hat = x_centered / std", "x_hat = np.tanh(x_centered / std)")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Fix the forward pass first (batchnorm_forward)"),
        ("cnr", "Prvo popravite prolaz unaprijed (batchnorm_forward)"),
    ],
)
@pytest.mark.parametrize("recorded", [False, True], ids=["live", "recorded"])
def test_what_nothing_reproduces_is_not_judged_and_says_so(
    judged: Judge, language: str, words: str, recorded: bool
) -> None:
    result = judged(UNKNOWN, functions=["batchnorm_backward"], language=language, recorded=recorded)
    lost = [check for check in result.checks if check.status != "passed"]
    assert lost and all(words in check.message and check.points == 0 and not check.diagnosis for check in lost)


def test_what_nothing_reproduces_is_listed_for_a_person(judged: Judge) -> None:
    result = judged(UNKNOWN)
    [reason] = result.look_at
    assert (reason.key, reason.names) == ("look_at_backward", {"function": "batchnorm_forward"})
    assert Result.from_json(result.to_json()).look_at == result.look_at
    assert judged(UNKNOWN, functions=["batchnorm_forward"]).look_at == ()


def test_a_reproduced_forward_pass_needs_no_person(judged: Judge) -> None:
    eps = Edit("layers", "batchnorm_forward", DEFAULT, '"eps", 3e-9')
    assert judged(eps).look_at == ()


def test_no_function_of_a_student_is_run_to_make_a_truth(judged: Judge) -> None:
    """A forward pass that counts its calls is called as often whether it is right or wrong in an unknown way."""
    counted = "batchnorm_forward.calls = getattr(batchnorm_forward, 'calls', 0) + 1"
    raises = f"{counted}; assert batchnorm_forward.calls < 60"
    line = "mu = x.mean(axis=0)"
    right = Edit("layers", "batchnorm_forward", line, f"{raises}; {line}")
    assert not failed(judged(right, functions=["batchnorm_backward"]))
    result = judged(right, UNKNOWN, functions=["batchnorm_backward"])
    assert all("AssertionError" not in check.message for check in result.checks)


def test_what_gives_a_forward_pass_is_not_looked_for_without_end(
    judged: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, since it is most of what a wrong submission costs: 1,200 and 9,200 forward passes on such a draw."""
    made: list[int] = []
    forward_with = LiveCase.forward_with

    def counted(case: LiveCase, functions: Mapping[str, Any], size: int) -> Observed:
        made.append(size)
        return forward_with(case, functions, size)

    monkeypatch.setattr(LiveCase, "forward_with", counted)
    functions = judged.assignment.functions
    one_each = [next(mistake for mistake in MISTAKES if mistake.function == name) for name in functions]
    assert failed(judged(*(edit for mistake in one_each for edit in edits_of(mistake)), draw=HELD))
    assert 100 < len(made) < 2_000
    made.clear()
    backward = {"batchnorm_backward", "batchnorm_backward_alt", "layernorm_backward"}
    strange = [Edit("layers", name, "return dx,", "return np.tanh(dx),") for name in backward]
    strange += [Edit("layers", name, "return out,", "return np.tanh(out),") for name in FORWARDS]
    assert failed(judged(*strange, draw=HELD))
    assert 100 < len(made) < 12_000


def test_of_mistaken_versions_so_many_are_kept_and_one_that_went_gives_the_same_again(
    course: Course, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "_KEPT", 2)
    kept = versions.Versions(course, assignment)
    mistakes = [mistake.id for mistake in MISTAKES if mistake.function == "layernorm_forward"][:4]
    check = next(check for check in assignment.checks if check.function == "layernorm_forward")
    inputs = check.inputs(b"kept")[0]
    given = [observe(check, kept.student(mistake), inputs) for mistake in (*mistakes, *mistakes)]
    assert kept.student(mistakes[-1]) is kept.student(mistakes[-1])
    assert len(kept._students) == len(kept._changes) == 2
    np.testing.assert_equal(given[:4], given[4:])
