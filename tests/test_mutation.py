"""Every known mistake on twenty draws and the recording: killed by the check made for it, and named by it."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ASSIGNMENT, ROOT
from forms import only

from checks.language import catalogue
from checks.mistakes import Mistake
from grader.course import Course
from grader.mutation.bench import RECORDED, Bench
from grader.mutation.page import faults, report
from grader.mutation.tally import Tally
from grader.reference.changed import Overlap, change
from grader.reference.edits import Edit
from grader.reference.mistakes import load_mistakes
from grader.reference.package import load_package

MISTAKES = load_mistakes(Course(ROOT).assignment(ASSIGNMENT))
PLACES = {0: "live", RECORDED: "recorded"}


def id_of(mistake: Mistake) -> str:
    return mistake.id


@pytest.mark.parametrize("draws", only([range(3)], [range(3), range(3, 20)]), ids=lambda draws: f"{len(draws)} draws")
@pytest.mark.parametrize("mistake", MISTAKES, ids=id_of)
def test_a_known_mistake_fails_the_check_made_for_it_on_every_draw(
    bench: Bench, mistake: Mistake, draws: range
) -> None:
    assert [draw for draw in draws if not bench.kills(mistake, draw)] == []


def ends_of_each_function() -> list[str]:
    """The first and the last known mistake in each."""
    ends: dict[str, list[str]] = {}
    for mistake in MISTAKES:
        ends[mistake.function] = [*ends.get(mistake.function, [])[:1], mistake.id]
    return [one for both in ends.values() for one in both]


def on_a_draw_and_on_the_recording() -> list[Any]:
    """In `make test` a third of the mistakes on a draw, and the ends of each function on the recording."""
    shown = {(mistake.id, "live") for mistake in MISTAKES[::3]}
    shown |= {(one, "recorded") for one in ends_of_each_function()}
    cases = [(mistake, draw) for mistake in MISTAKES for draw in PLACES]
    return only([f"{one}-{place}" for one, place in shown], cases, lambda case: f"{case[0].id}-{PLACES[case[1]]}")


@pytest.mark.parametrize(("mistake", "draw"), on_a_draw_and_on_the_recording())
def test_a_known_mistake_is_named_and_no_other_is(bench: Bench, mistake: Mistake, draw: int) -> None:
    result = bench.result(bench.versions.student(mistake.id), bench.oracle(draw), [mistake.function])
    named = {check.id: check.diagnosis for check in result.checks if check.diagnosis}
    assert {diagnosis.mistake for diagnosis in named.values()} == {mistake.id}
    assert named[mistake.breaks].hint == catalogue("en", bench.assignment.folder)(mistake.id)


@pytest.mark.parametrize("draw", PLACES, ids=PLACES.get)
@pytest.mark.parametrize("pairs", only([12], [12, 40]))
def test_two_mistakes_at_once_are_detected_and_mostly_named_and_never_misnamed(
    bench: Bench, draw: int, pairs: int
) -> None:
    tally = Tally()
    for one, other in bench.random_pairs(pairs, seed=1):
        bench.try_pair(one, other, draw, tally)
    assert (tally.undetected, tally.pair_misnamed) == ([], [])
    assert tally.pairs >= pairs - 2
    assert tally.half_named >= 0.8 * tally.pairs


def test_what_was_let_through_and_what_was_marked_down_stands_in_the_page(bench: Bench) -> None:
    one, other = bench.mistakes[:2]
    tally = Tally(draws=2, named_on=2, killed=_all_but(bench, one), named=_all_but(bench, other), pairs=1, half_named=1)
    tally.misnamed[other.id].add(one.id)
    tally.lost["reference"].add("batchnorm_forward.train on draw 1")
    assert faults(tally, tally, bench)[:3] == [
        f"{one.id}: {one.breaks} failed on 0 of 2 draws",
        f"{other.id}: named {one.id}",
        "reference: lost batchnorm_forward.train on draw 1",
    ]
    page = report(tally, tally, bench)
    assert f"| mistakes killed on every draw | {len(MISTAKES) - 1} of {len(MISTAKES)} |" in page
    assert f"| {one.id} | {one.breaks.partition('.')[2]} |" in page


def _all_but(bench: Bench, missing: Mistake) -> Counter[str]:
    return Counter({mistake.id: 2 for mistake in bench.mistakes if mistake is not missing})


def test_two_changes_to_the_same_text_do_not_go_together(course: Course) -> None:
    package = load_package(course.package)
    edit = Edit("layers", "batchnorm_backward", "dx_hat = dout * gamma", "dx_hat = dout")
    inside = Edit("layers", "batchnorm_backward", "dout * gamma", "dout + gamma")
    with pytest.raises(Overlap):
        change(package, [[edit], [inside]], [("layers", "batchnorm_backward")])


def test_two_changes_to_one_function_are_both_made_whatever_functions_they_are_mistakes_in(course: Course) -> None:
    package = load_package(course.package)
    out = Edit("layers", "batchnorm_forward", "out = gamma * x_hat + beta", "out = x_hat")
    cache = Edit("layers", "batchnorm_forward", "cache = (x_hat, x_centered, std, gamma)", "cache = None")
    called = [("layers", "batchnorm_forward"), ("layers", "batchnorm_backward")]
    x = np.arange(6.0).reshape(3, 2)
    y, kept = change(package, [[out], [cache]], called)["batchnorm_forward"](x, 5.0, 7.0, {"mode": "train"})
    assert kept is None
    assert abs(y.mean()) < 1e-12


def test_a_changed_function_sees_the_rest_of_its_module_and_shows_its_own_lines(course: Course) -> None:
    package = load_package(course.package)
    edit = Edit("layers", "batchnorm_backward", "dx_hat = dout * gamma", "dx_hat = relu_forward(dout)[0]")
    function = change(package, [[edit]], [("layers", "batchnorm_backward")])["batchnorm_backward"]
    own = package.module("layers").batchnorm_backward
    assert function is not own
    assert (function.__code__.co_firstlineno, function.__code__.co_filename) == (
        own.__code__.co_firstlineno,
        str(Path(own.__code__.co_filename)),
    )
    assert "relu_forward" in function.__globals__
