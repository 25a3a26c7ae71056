"""What is said of a wrong default, of a result that is wrong already, of an import that fails, and of old arguments."""

from collections.abc import Callable

import pytest
from bench import Judge, failed
from conftest import Submit

import grader.grading.grade as grading
from checks.core import Assignment
from checks.report import summary
from checks.result import CheckResult, Result
from funkcije.fc_net import FullyConnectedNet
from grader.course import Course
from grader.grading.grade import grade
from grader.mutation.bench import Bench
from grader.reference.edits import Edit, edits_of

EPS_DEFAULT = '"eps", 1e-5'
BACKWARDS = ["batchnorm_backward", "batchnorm_backward_alt", "layernorm_backward"]


def of(result: Result, id: str) -> CheckResult:
    [found] = [check for check in result.checks if check.id == id]
    return found


@pytest.mark.parametrize("recorded", [False, True], ids=["live", "recorded"])
@pytest.mark.parametrize("eps", [1e-9, 3e-5, 0.25])
@pytest.mark.parametrize(
    ("function", "checks"),
    [("batchnorm_forward", ["train", "sizes", "test_mode"]), ("layernorm_forward", ["rows", "sizes"])],
)
def test_a_default_eps_of_any_value_is_said_to_be_wrong(
    judged: Judge, function: str, checks: list[str], eps: float, recorded: bool
) -> None:
    result = judged(Edit("layers", function, EPS_DEFAULT, f'"eps", {eps}'), functions=[function], recorded=recorded)
    for name in checks:
        assert "the default eps is not 1e-5" in of(result, f"{function}.{name}").message
    assert "right except for" not in " ".join(check.message for check in result.checks)
    assert f"{function}.eps" not in failed(result)


@pytest.mark.parametrize("recorded", [False, True], ids=["live", "recorded"])
def test_a_default_momentum_of_any_value_is_said_to_be_wrong(judged: Judge, recorded: bool) -> None:
    edit = Edit("layers", "batchnorm_forward", '"momentum", 0.9', '"momentum", 0.83')
    result = judged(edit, functions=["batchnorm_forward"], recorded=recorded)
    assert failed(result) == {f"batchnorm_forward.{name}" for name in ("running_mean", "running_var", "continued")}
    assert all("the default momentum is not 0.9" in check.message for check in result.checks if not check.points)


def test_an_eps_that_is_wrong_whether_it_is_given_or_not_is_no_matter_of_the_default(judged: Judge) -> None:
    edit = Edit("layers", "batchnorm_forward", "np.sqrt(var + eps)", "np.sqrt(var + 3e-9)")
    result = judged(edit, functions=["batchnorm_forward"])
    assert failed(result)
    assert all("default" not in check.message.replace("default eps =", "") for check in result.checks)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "dx is wrong in the check dx already; look there first."),
        ("cnr", "dx: netačno je već u provjeri dx; prvo pogledajte tamo."),
    ],
)
@pytest.mark.parametrize("recorded", [False, True], ids=["live", "recorded"])
@pytest.mark.parametrize("function", BACKWARDS)
def test_where_dx_is_wrong_the_checks_on_eps_types_sizes_and_caches_say_that_first(
    judged: Judge, function: str, recorded: bool, language: str, words: str
) -> None:
    edit = Edit("layers", function, "return dx, dgamma, dbeta", "return np.cos(dx), dgamma, dbeta")
    result = judged(edit, functions=[function], recorded=recorded, language=language)
    for name in ("sizes", "eps", "float32", "own_cache"):
        assert of(result, f"{function}.{name}").message.startswith(words)
    assert words not in of(result, f"{function}.dx").message


@pytest.mark.parametrize("function", BACKWARDS)
def test_where_dx_is_right_by_itself_nothing_is_said_of_it(judged: Judge, function: str) -> None:
    edit = Edit("layers", function, "return dx, dgamma, dbeta", "return dx.astype(np.float32), dgamma, dbeta")
    result = judged(edit, functions=[function])
    eps = Edit("layers", function, "return dx, dgamma, dbeta", "return dx * (len(dx) != 5), dgamma, dbeta")
    assert "already" not in of(judged(eps, functions=[function]), f"{function}.sizes").message
    assert failed(result)


@pytest.mark.parametrize(
    "line", ["from numpy import float_", "from numpy.core.nothing import inner1d", "from numpy.nothing import x as y"]
)
def test_of_an_import_that_fails_it_is_said_that_it_can_be_deleted_and_a_person_is_told(
    submit: Submit, course: Course, assignment: Assignment, line: str
) -> None:
    folder = submit()
    layers = folder / "funkcije" / "layers.py"
    layers.write_text(f"{line}\n{layers.read_text(encoding='utf-8')}", encoding="utf-8")
    result = grade(folder, course, assignment, language="en")
    lost = [check for check in result.checks if check.function != "FullyConnectedNet"]
    assert sum(check.points for check in lost) == 0
    assert all(check.message.endswith("If what it imports is not used, delete that line.") for check in lost)
    reasons = {reason.key: reason.names for reason in result.look_at}
    assert reasons["look_at_import"]["place"] == "layers.py:1"
    assert "Error: " in reasons["look_at_import"]["error"]


@pytest.mark.parametrize("secret", ["", "a secret of the course"])
def test_that_the_course_has_no_secret_stands_in_the_result(
    submit: Submit, course: Course, assignment: Assignment, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setattr(grading, "read_secret", lambda course: secret.encode() or None)
    result = grade(submit(), course, assignment, language="en")
    assert [reason["key"] for reason in result.to_json()["look_at"]] == ([] if secret else ["no_secret"])
    assert ("To look at: The course has no secret" in summary(result)) != bool(secret)


def test_an_error_that_is_no_import_has_no_such_advice(judged: Judge) -> None:
    edit = Edit("layers", "batchnorm_forward", "mu = x.mean(axis=0)", "raise ImportError('by hand')")
    result = judged(edit, functions=["batchnorm_forward"])
    assert "delete" not in " ".join(check.message for check in result.checks)
    assert result.look_at == ()


@pytest.mark.parametrize("recorded", [False, True], ids=["live", "recorded"])
def test_a_mean_in_the_place_of_the_variance_is_named_and_costs_the_forward_pass_alone(
    judged: Judge, bench: Bench, recorded: bool
) -> None:
    result = judged(*edits_of(bench.versions.mistakes["bn_variance_is_mean"]), recorded=recorded)
    diagnosis = of(result, "batchnorm_forward.train").diagnosis
    assert diagnosis is not None and diagnosis.mistake == "bn_variance_is_mean"
    # On the recording every column of one check has a mean below zero, and NaN alone shows nothing.
    lost = failed(result) - ({"batchnorm_backward.dx"} if recorded else set())
    assert {check.partition(".")[0] for check in lost} == {"batchnorm_forward"}


def test_where_a_result_is_not_a_number_it_is_said_what_that_comes_from(judged: Judge) -> None:
    edit = Edit("layers", "batchnorm_forward", "np.sqrt(var + eps)", "np.sqrt(eps - 3 * var)")
    result = judged(edit, functions=["batchnorm_forward"])
    assert "NaN comes from the root of a negative number" in of(result, "batchnorm_forward.train").message


@pytest.mark.parametrize(
    ("argument", "today"),
    [({"dropout": 0.5}, "dropout_keep_ratio today"), ({"use_batchnorm": True}, 'normalization="batchnorm" today')],
)
def test_an_argument_of_an_older_course_is_answered_with_todays_name_in_one_line(
    argument: dict[str, object], today: str
) -> None:
    make: Callable[..., object] = FullyConnectedNet
    with pytest.raises(TypeError) as raised:
        make([5], input_dim=3, num_classes=2, **argument)
    assert today in str(raised.value) and "\n" not in str(raised.value)
    if "dropout" in argument:
        assert "dropped until 2017" in str(raised.value) and "kept from 2018" in str(raised.value)


def test_an_argument_that_nobody_knows_is_still_refused() -> None:
    make: Callable[..., object] = FullyConnectedNet
    with pytest.raises(TypeError, match="no argument 'hidden'"):
        make([5], hidden=3)


@pytest.mark.parametrize(
    "edit",
    [
        Edit("fc_net", "FullyConnectedNet", "np.ones(hidden_dim)", "np.full(hidden_dim, np.nan)"),
        Edit("fc_net", "FullyConnectedNet", "np.ones(hidden_dim)", "np.ones(dims[l - 1])"),
        Edit(
            "fc_net",
            "FullyConnectedNet",
            "        return loss, grads",
            "        del grads['beta2']; return loss, grads",
        ),
        Edit("fc_net", "FullyConnectedNet", "        return loss, grads", "        return loss, {}"),
        Edit(
            "fc_net",
            "FullyConnectedNet",
            "        return loss, grads",
            "        self.N = getattr(self, 'N', len(X)); assert self.N == len(X); return loss, grads",
        ),
    ],
    ids=[
        "gamma is NaN",
        "gamma of the inputs' size",
        "a gradient is missing",
        "no gradients",
        "one number of examples",
    ],
)
@pytest.mark.parametrize("recorded", [False, True], ids=["live", "recorded"])
def test_a_network_that_cannot_be_trained_as_it_is_made_loses_the_two_points_of_running(
    judged: Judge, edit: Edit, recorded: bool
) -> None:
    result = judged(edit, functions=["FullyConnectedNet"], recorded=recorded)
    assert result.max_score == 8
    runs = of(result, "FullyConnectedNet.runs")
    assert (runs.points, runs.max_points) == (0, 2)


def test_a_network_that_runs_and_is_wrong_keeps_the_points_of_running(judged: Judge) -> None:
    edit = Edit("fc_net", "FullyConnectedNet", "        return loss, grads", "        return 3 * loss, grads")
    assert of(judged(edit, functions=["FullyConnectedNet"]), "FullyConnectedNet.runs").points == 2


def test_gradients_of_zeros_and_a_made_up_loss_do_not_run(judged: Judge) -> None:
    zeros = "return 1.0, {name: np.zeros_like(value) for name, value in self.params.items()}"
    edit = Edit("fc_net", "FullyConnectedNet", "        return loss, grads", f"        {zeros}")
    assert of(judged(edit, functions=["FullyConnectedNet"]), "FullyConnectedNet.runs").points == 0
