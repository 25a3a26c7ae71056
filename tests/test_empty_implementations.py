"""Nothing is earned by what computes nothing, and no more than its due by what is right sometimes."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ASSIGNMENT, ROOT
from forms import each, only

import checks.engine.judge
import checks.engine.own_forward
from checks.core import Assignment, Check, Observed
from checks.engine.fingerprint import fingerprint
from checks.pretenders import Pretender
from grader.course import Course
from grader.grading.grade import grade
from grader.grading.pretenders import graded, load_form, load_pretenders, points, write
from grader.mutation.bench import RECORDED, Bench
from grader.mutation.pretenders import due, measure, tried
from grader.mutation.pretenders_page import pretender_faults, section
from grader.mutation.tally import Row
from grader.reference.render import Rendered
from grader.sandbox.process import StudentProcess

PRETENDERS = load_pretenders(Course(ROOT).assignment(ASSIGNMENT))
IN_PROCESS = [pretender for pretender in PRETENDERS["EMPTY"] if not pretender.own_process]
OWN_PROCESS = [pretender for pretender in PRETENDERS["EMPTY"] if pretender.own_process]
BESIDE = [
    "zeros",
    "squared",
    "reversed",
    "noise_by_input",
    "tremor",
    "null_space",
    "layers_called_and_ignored",
]
DRAWS = [1, RECORDED]  # five of them in `make mutation`; draw 0 is every other test's


def one_of(number: int, pretenders: Sequence[Pretender]) -> pytest.MarkDecorator:
    """Pretenders, of whom `make test` has one of so many: a submission that nothing explains takes seconds."""
    return pytest.mark.parametrize("pretender", each(number, pretenders, lambda pretender: pretender.id))


@pytest.fixture(scope="module")
def bench(course: Course, assignment: Assignment) -> Bench:
    return Bench(course, assignment)


@pytest.fixture(scope="module")
def recorded_bench(
    course: Course, assignment: Assignment, recordings: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> Bench:
    path = tmp_path_factory.mktemp("recordings") / "recordings.npz"
    path.write_bytes(recordings[f"{ASSIGNMENT}/recordings.npz"])
    return Bench(course, assignment, path)


@pytest.fixture(scope="module")
def unexplained(assignment: Assignment) -> Assignment:
    """Without a word on what is wrong, which takes most of the time; in this process each is explained, too."""
    return replace(assignment, explain="none")


def of(kind: str, id: str) -> Pretender:
    [found] = [pretender for pretender in PRETENDERS[kind] if pretender.id == id]
    return found


def test_there_are_thirty_empty_ones_and_twenty_that_are_right_sometimes() -> None:
    assert len(PRETENDERS["EMPTY"]) >= 30
    assert len(PRETENDERS["SOMETIMES"]) >= 20
    ids = [pretender.id for kind in PRETENDERS.values() for pretender in kind]
    assert len(ids) == len(set(ids))


@one_of(12, IN_PROCESS)
def test_an_empty_implementation_earns_nothing(bench: Bench, pretender: Pretender) -> None:
    assert {check.id: check.points for check in tried(bench, pretender, 0).checks if check.points} == {}


@pytest.mark.parametrize("id", ["nan", "infinite"])
def test_what_has_no_numbers_is_right_on_no_mistaken_forward_pass_of_the_recording(
    recorded_bench: Bench, id: str
) -> None:
    result = tried(recorded_bench, of("EMPTY", id), RECORDED)
    assert {check.id for check in result.checks if check.points} == set()


@pytest.mark.parametrize("id", only(["truths", "no_arrays"], ["truths", "types", "nan", "no_arrays"]))
def test_whatever_comes_back_what_is_wrong_with_it_is_explained(bench: Bench, id: str) -> None:
    result = tried(bench, of("EMPTY", id), 0, explained=True)
    assert all(check.message for check in result.checks if check.status != "passed")


@pytest.mark.parametrize("id", only(["zeros", "layers_called_and_ignored"], BESIDE))
def test_an_empty_function_earns_nothing_beside_an_honest_rest_and_costs_it_nothing(bench: Bench, id: str) -> None:
    row = measure(bench, "EMPTY", of("EMPTY", id), [0], explained=False)
    assert {function: earned for function, earned in row.beside.items() if earned} == {}
    assert row.takes == set()


@one_of(4, PRETENDERS["COUPLED"])
def test_what_hangs_together_and_is_no_normalization_earns_form_at_most(bench: Bench, pretender: Pretender) -> None:
    assert measure(bench, "COUPLED", pretender, [0], explained=False).checks <= load_form(bench.assignment)


@one_of(7, PRETENDERS["SOMETIMES"])
@pytest.mark.parametrize("explained", [False, pytest.param(True, marks=pytest.mark.full)])
def test_what_is_right_sometimes_earns_the_values_that_it_got_right_and_nothing_else(
    bench: Bench, pretender: Pretender, explained: bool
) -> None:
    row = measure(bench, "SOMETIMES", pretender, [0], explained=explained)
    assert (row.broke, row.undue, row.denied) == ("", set(), set())


@one_of(3, [*PRETENDERS["KEPT"], *PRETENDERS["BENT"]])
def test_a_network_earns_what_its_wiring_is_due_whatever_its_layers_do(bench: Bench, pretender: Pretender) -> None:
    earned = points(tried(bench, pretender, 0))
    assert {function: earned[function] for function in pretender.earns} == pretender.earns


@pytest.mark.full
@pytest.mark.parametrize("kind", PRETENDERS)
def test_on_many_draws_and_on_the_recording_pretenders_earn_what_they_are_due(recorded_bench: Bench, kind: str) -> None:
    pretenders = [pretender for pretender in PRETENDERS[kind] if not pretender.own_process]
    rows = [measure(recorded_bench, kind, pretender, DRAWS) for pretender in pretenders]
    assert pretender_faults({kind: rows}, recorded_bench.assignment) == []


@pytest.mark.full
@one_of(1, [*OWN_PROCESS, *IN_PROCESS])
def test_in_a_process_of_its_own_an_empty_implementation_earns_nothing(
    course: Course, assignment: Assignment, unexplained: Assignment, pretender: Pretender
) -> None:
    result = graded(course, assignment if pretender.own_process else unexplained, pretender)
    assert {check.id: check.points for check in result.checks if check.points} == {}


@pytest.mark.full
@one_of(1, PRETENDERS["BENT"])
def test_in_a_process_of_its_own_bent_layers_earn_nothing_for_a_network(
    course: Course, unexplained: Assignment, pretender: Pretender
) -> None:
    earned = points(graded(course, unexplained, pretender))
    assert {function: earned[function] for function in pretender.earns} == pretender.earns


# Of the instrument itself: it would see what must not be.


def always(pretender: Pretender, condition: str) -> Pretender:
    """One that is right sometimes, with another condition."""
    text = pretender.added["layers"].rpartition("    return ")[0] + f"    return {condition}\n"
    return Pretender("always", "always", {"layers": text})


def test_one_who_is_right_at_every_call_is_due_everything_and_gets_it(bench: Bench) -> None:
    right = always(of("SOMETIMES", "at_one_shape"), "True")
    result, owed = due(bench, right, 0)
    everything = {check.id for check in bench.assignment.checks}
    assert {check.id for check in result.checks if check.points} == everything
    assert owed.must == everything


def test_one_who_is_never_right_is_due_nothing_of_layers(bench: Bench) -> None:
    wrong = always(of("SOMETIMES", "at_one_shape"), "False")
    _, owed = due(bench, wrong, 0)
    assert {check.partition(".")[0] for check in owed.may} == {"FullyConnectedNet"}


def test_one_function_alone_pretends_and_the_others_are_those_of_the_reference(bench: Bench) -> None:
    earned = points(tried(bench, of("EMPTY", "zeros"), 0, only="layernorm_backward"))
    for function in bench.assignment.functions:
        if function not in {"layernorm_backward", "FullyConnectedNet"}:
            assert earned[function] == bench.assignment.points(function)


def test_what_a_pretender_remembers_is_forgotten_before_the_next_run(bench: Bench) -> None:
    remembering = of("SOMETIMES", "on_the_first_calls")
    first, second = (tried(bench, remembering, 0) for _ in range(2))
    assert points(first) == points(second)


def test_what_must_not_be_stands_in_the_page(bench: Bench) -> None:
    zeros, bent, shape = of("EMPTY", "zeros"), of("BENT", "replays_the_last"), of("SOMETIMES", "at_one_shape")
    rows = {
        "EMPTY": [Row(zeros, alone={"batchnorm_forward": 0.5}, takes={"FullyConnectedNet"})],
        "SOMETIMES": [Row(shape, undue={"batchnorm_forward.shape"}, denied={"batchnorm_forward.train"})],
        "BENT": [Row(bent, alone={**bent.earns, "FullyConnectedNet": 8.0}, broke="TypeError: no")],
    }
    assert pretender_faults(rows, bench.assignment) == [
        "replays_the_last: the judge raised TypeError: no",
        "zeros: earned batchnorm_forward 0.5",
        "zeros: took points from FullyConnectedNet",
        "at_one_shape: earned batchnorm_forward.shape, and was wrong",
        "at_one_shape: was right, and lost batchnorm_forward.train",
        "replays_the_last: earned 8 of FullyConnectedNet, is due 1",
    ]
    page = "\n".join(section(rows, bench.assignment))
    assert f"| zeros | {zeros.sentence} | 0.5 (0.5) | 0 |" in page
    assert "batchnorm_forward: shape | batchnorm_forward: train |" in page
    assert pretender_faults({"EMPTY": [Row(zeros)]}, bench.assignment) == []


# Without what keeps the points.


def test_if_form_were_paid_for_by_itself_zeros_would_earn_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks.engine.judge, "not_computed", lambda *_: None)
    earned = {check.id for check in tried(bench, of("EMPTY", "zeros"), 0).checks if check.points}
    assert {"batchnorm_forward.shape", "layernorm_forward.modes", "batchnorm_backward.shapes"} <= earned


def test_if_fingerprints_paid_their_null_space_would_earn_backward_passes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = checks.engine.judge.differences

    def apart(check: Check, one: Sequence[Observed], other: Sequence[Observed], precision: str) -> Sequence[Any]:
        prints = [{name: fingerprint(item.get(name)) for name in true} for item, true in zip(one, other, strict=True)]
        right = [{name: fingerprint(value) for name, value in true.items()} for true in other]
        alike = all(
            a[name].projections.shape == b[name].projections.shape
            and np.all(np.abs(a[name].projections - b[name].projections) <= 1e-8 * max(a[name].scale, b[name].scale))
            for a, b in zip(prints, right, strict=True)
            for name in b
        )
        return [] if alike else really(check, one, other, precision)

    monkeypatch.setattr(checks.engine.judge, "differences", apart)
    earned = points(tried(bench, of("EMPTY", "null_space"), 0))
    assert earned["batchnorm_backward"] > 1


BRINGS_A_NETWORK = f"""

import builtins, sys
_build = builtins.__build_class__


def _instead(body, name, *bases, **more):
    built = _build(body, name, *bases, **more)
    if name == "FullyConnectedNet" and not hasattr(builtins, "_building"):
        builtins._building = True
        space = dict(sys._getframe(1).f_globals)
        text = {(ROOT / "funkcije" / "fc_net.py").read_text()!r}
        exec(text.replace("from .", "from funkcije."), space)
        built = space[name]
        del builtins._building
    return built


builtins.__build_class__ = _instead
"""
UNWIRED = Pretender(
    "unwired", "a network without wiring; layers that put another class in its place", {"layers": BRINGS_A_NETWORK}
)


def test_layers_that_bring_a_network_of_their_own_bring_no_points_since_they_are_not_run(
    bench: Bench, rendered: Rendered, tmp_path: Path
) -> None:
    package = write(bench.course, bench.assignment, UNWIRED, tmp_path)
    (package / "fc_net.py").write_bytes(rendered.stub["fc_net.py"])
    result = grade(tmp_path, bench.course, bench.assignment, language="en")
    assert result.function_score("FullyConnectedNet")[0] == 0
    assert result.function_score("batchnorm_forward")[0] == 10


def test_if_the_students_layers_were_run_under_the_network_they_could_bring_one(
    bench: Bench, rendered: Rendered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = write(bench.course, bench.assignment, UNWIRED, tmp_path)
    (package / "fc_net.py").write_bytes(rendered.stub["fc_net.py"])
    monkeypatch.setattr(StudentProcess, "_start", _start_without_stand_ins)
    result = grade(tmp_path, bench.course, bench.assignment, language="en")
    assert result.function_score("FullyConnectedNet")[0] > 5


def _start_without_stand_ins(process: StudentProcess, start: Any = StudentProcess._start) -> None:
    process.substituted = ()
    start(process)
