"""The second assignment: its reference against oracles that share nothing with it, its checks, its mistakes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import exact
import numpy as np
import pytest
from bench import Judge, failed
from conftest import ROOT
from forms import each

from checks.engine.recording import FILE
from checks.executor.executor import Executor
from checks.mistakes import Mistake, Variant
from checks.student import Contract, Function, Params, Student
from funkcije import layers, optim
from funkcije.fc_net import FullyConnectedNet, TwoLayerNet
from grader.course import Course
from grader.mutation.bench import RECORDED, Bench
from grader.publish.recordings import record
from grader.publish.release import release
from grader.reference.edits import Edit, edits_of
from grader.reference.instructor_only import load_beside
from grader.reference.mistakes import load_mistakes
from grader.reference.package import load_package
from grader.reference.render import render_package

NAME = "fully_connected_nets"
FC = Course(ROOT).assignment(NAME)
MISTAKES = load_mistakes(FC)
VARIANTS: tuple[Variant, ...] = load_beside(FC, "variants").VARIANTS
Array = np.ndarray


@pytest.fixture(scope="module")
def bench(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    path = tmp_path_factory.mktemp("recordings") / FILE
    path.write_bytes(record(course, FC)[f"{NAME}/{FILE}"])
    return Bench(course, FC, path)


@pytest.fixture(scope="module")
def judged(bench: Bench) -> Judge:
    return Judge(bench)


# The reference. A complex step has no differences in it, so it is right to the last digits: f'(x) = Im f(x + ih) / h.

STEP = 1e-200


def complex_gradient(f: Callable[[Array], complex], x: Array) -> Array:
    """The gradient of a real function that is written for complex numbers."""
    gradient = np.zeros(x.shape)
    for index in np.ndindex(*x.shape):
        moved = x.astype(complex)
        moved[index] += 1j * STEP
        gradient[index] = f(moved).imag / STEP
    return gradient


def network(params: dict[str, Array], X: Array, y: Array, reg: float) -> complex:
    """The loss of a network, number by number, for complex parameters."""
    L = len(params) // 2
    total: complex = 0.0
    for example, label in zip(X, y, strict=True):
        h = list(example.ravel())
        for l in range(1, L + 1):
            W, b = params[f"W{l}"], params[f"b{l}"]
            h = [b[m] + sum(h[d] * W[d, m] for d in range(len(h))) for m in range(len(b))]
            h = [value if l == L or value.real > 0 else 0.0 for value in h]
        total += np.log(sum(np.exp(value) for value in h)) - h[label]
    penalty = sum(value**2 for l in range(1, L + 1) for value in params[f"W{l}"].ravel())
    return complex(total / len(X) + reg / 2 * penalty)


def assert_same(got: Any, expected: Any, what: str = "") -> None:
    expected = np.asarray(expected, dtype=np.float64)
    assert np.shape(got) == expected.shape, what
    assert np.max(np.abs(got - expected), initial=0) <= 1e-12 * max(np.max(np.abs(expected), initial=0), 0.1), what


@pytest.mark.parametrize("shape", [(1, 3), (5, 1), (4, 7), (3, 2, 3, 2), (2, 5, 1)], ids=str)
@pytest.mark.parametrize("M", [1, 4])
def test_the_affine_layer_is_the_sum_in_fifty_digits_and_its_gradients_the_complex_step_s(
    shape: tuple[int, ...], M: int
) -> None:
    rng = np.random.default_rng(M)
    D = int(np.prod(shape[1:]))
    x, w, b, dout = rng.normal(size=shape), rng.normal(size=(D, M)), rng.normal(size=M), rng.normal(size=(shape[0], M))
    out, cache = layers.affine_forward(x, w, b)
    with localcontext(prec=exact.DIGITS):
        assert_same(out, exact.floats(exact.affine(exact.exact(x.reshape(len(x), D)), exact.exact(w), exact.exact(b))))

    def loss(x: Array, w: Array, b: Array) -> complex:
        rows = [list(example.ravel()) for example in x]
        return complex(
            sum(
                dout[n, m] * (b[m] + sum(row[d] * w[d, m] for d in range(D)))
                for n, row in enumerate(rows)
                for m in range(M)
            )
        )

    dx, dw, db = layers.affine_backward(dout, cache)
    assert_same(dx, complex_gradient(lambda moved: loss(moved, w, b), x), "dx")
    assert_same(dw, complex_gradient(lambda moved: loss(x, moved, b), w), "dw")
    assert_same(db, complex_gradient(lambda moved: loss(x, w, moved), b), "db")


def test_the_relu_keeps_what_is_positive_and_its_gradient_is_zero_at_zero() -> None:
    x = np.array([[-2.0, 0.0, 3.0], [-0.0, 1e-300, -1e-300]])
    out, cache = layers.relu_forward(x)
    assert out.tolist() == [[0.0, 0.0, 3.0], [0.0, 1e-300, 0.0]]
    assert layers.relu_backward(np.full(x.shape, 7.0), cache).tolist() == [[0.0, 0.0, 7.0], [0.0, 7.0, 0.0]]


@pytest.mark.parametrize("size", [(1, 4), (6, 1), (5, 3), (4, 4)], ids=str)
@pytest.mark.parametrize("offset", [0.0, 1000.0, -1000.0])
def test_the_loss_is_the_logarithm_in_fifty_digits_and_its_gradient_the_complex_step_s(
    size: tuple[int, int], offset: float
) -> None:
    N, C = size
    rng = np.random.default_rng(C)
    x, y = rng.normal(size=size) * 3, rng.integers(C, size=N)
    loss, dx = layers.softmax_loss(x + offset, y)
    with localcontext(prec=exact.DIGITS):
        rows = [[Decimal(value).exp() for value in row] for row in (x + offset).tolist()]
        losses = [-(row[label] / sum(row, Decimal(0))).ln() for row, label in zip(rows, y, strict=True)]
        assert_same(loss, float(sum(losses, Decimal(0)) / N))

    def complex_loss(moved: Array) -> complex:
        each = [np.log(sum(np.exp(v) for v in row)) - row[label] for row, label in zip(moved, y, strict=True)]
        return complex(sum(each) / N)

    expected = complex_gradient(complex_loss, x)
    assert np.max(np.abs(dx - expected)) <= (1e-12 if not offset else 1e-11)


@pytest.mark.parametrize("hidden_dims", [[], [4], [3, 5], [4, 2, 3]], ids=str)
@pytest.mark.parametrize("reg", [0.0, 0.7])
def test_every_gradient_of_a_network_is_the_complex_step_s(hidden_dims: list[int], reg: float) -> None:
    rng = np.random.default_rng(len(hidden_dims))
    X, y = rng.normal(size=(4, 3, 2)), rng.integers(3, size=4)
    nets: list[Any] = [FullyConnectedNet(hidden_dims, 6, 3, reg=reg, weight_scale=0.8, dtype=np.float64)]
    if len(hidden_dims) == 1:
        nets.append(TwoLayerNet(6, hidden_dims[0], 3, weight_scale=0.8, reg=reg))
    for net in nets:
        for value in net.params.values():
            value[...] = rng.normal(size=value.shape) * 0.8
        loss, grads = net.loss(X, y)
        assert_same(loss, network(net.params, X, y, reg).real)
        assert grads.keys() == net.params.keys()
        for name, value in net.params.items():
            expected = complex_gradient(
                lambda moved, name=name, net=net: network({**net.params, name: moved}, X, y, reg), value
            )
            assert_same(grads[name], expected, name)


def test_the_update_rules_are_the_papers_formulas_in_fifty_digits() -> None:
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=6).tolist()
    settings = {"learning_rate": 0.1, "momentum": 0.7, "decay_rate": 0.6, "beta1": 0.5, "beta2": 0.8, "epsilon": 0.03}
    for rule in ("sgd_momentum", "rmsprop", "adam"):
        config = {key: settings[key] for key in optim.KEYS[rule] if key in settings}
        given = config
        w = np.array([1.5])
        for gradient in gradients:
            w, config = getattr(optim, rule)(w, np.array([gradient]), config)
        assert config is given
        with localcontext(prec=exact.DIGITS):
            eta, rho, decay, b1, b2, eps = (Decimal(value) for value in settings.values())
            x = Decimal("1.5")
            a = b = Decimal(0)
            for t, gradient in enumerate(gradients, start=1):
                g = Decimal(gradient)
                if rule == "sgd_momentum":
                    a = rho * a - eta * g
                    x += a
                elif rule == "rmsprop":
                    a = decay * a + (1 - decay) * g * g
                    x -= eta * g / (a.sqrt() + eps)
                else:
                    a, b = b1 * a + (1 - b1) * g, b2 * b + (1 - b2) * g * g
                    x -= eta * (a / (1 - b1**t)) / ((b / (1 - b2**t)).sqrt() + eps)
            assert_same(w, [float(x)], rule)
            kept = {"sgd_momentum": {"velocity": a}, "rmsprop": {"cache": a}, "adam": {"m": a, "v": b}}[rule]
            for key, value in kept.items():
                assert_same(config[key], [float(value)], key)
    assert config["t"] == len(gradients)


# The checks.


def test_the_reference_scores_all_forty_points_on_draws_and_on_the_recording(judged: Judge) -> None:
    for result in (judged(draw=0), judged(draw=1), judged(recorded=True)):
        assert not failed(result)
        assert result.score == result.max_score == 40
        assert all(check.warnings == () for check in result.checks)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.id)
def test_a_known_mistake_fails_the_check_made_for_it(bench: Bench, mistake: Mistake) -> None:
    assert all(bench.kills(mistake, draw) for draw in range(2))


@pytest.mark.full
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.id)
def test_a_known_mistake_fails_the_check_made_for_it_on_twenty_draws(bench: Bench, mistake: Mistake) -> None:
    assert [draw for draw in range(20) if not bench.kills(mistake, draw)] == []


@pytest.mark.parametrize("draw", [0, RECORDED], ids=["live", "recorded"])
@pytest.mark.parametrize("mistake", each(8, MISTAKES, lambda mistake: mistake.id))
def test_a_known_mistake_is_named_and_no_other_is(bench: Bench, mistake: Mistake, draw: int) -> None:
    result = bench.result(bench.versions.student(mistake.id), bench.oracle(draw), [mistake.function])
    named = {check.id: check.diagnosis.mistake for check in result.checks if check.diagnosis}
    assert named[mistake.breaks] == mistake.id
    assert set(named.values()) == {mistake.id}


@pytest.mark.parametrize("draw", [0, pytest.param(1, marks=pytest.mark.full), RECORDED])
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.id)
def test_a_correct_variant_loses_no_point(bench: Bench, variant: Variant, draw: int) -> None:
    result = bench.result(bench.variant(variant), bench.oracle(draw), bench.functions_of(variant))
    assert failed(result) == set()


@pytest.mark.parametrize(
    ("mistake", "costs"),
    [
        ("af_rows_in_column_order", {"images"}),
        ("af_out_squeezed", {"shape"}),
        ("ab_db_kept_as_row", {"shapes"}),
        ("ab_dw_divided_by_n", {"dw", "images"}),
        ("ab_dx_not_reshaped", {"images"}),
        ("rb_passes_at_zero", {"zero"}),
        ("sl_not_shifted", {"overflow", "rows_apart"}),
        ("sl_shifted_by_maximum_of_all", {"rows_apart"}),
        ("sl_logarithm_of_sum_with_epsilon", {"sure"}),
        ("sl_labels_overflow", {"labels"}),
        ("tn_biases_drawn", {"biases"}),
        ("tn_reg_without_half", {"regularized_loss"}),
        ("fc_reg_of_biases", {"regularized_loss", "regularized_gradients"}),
        ("fc_input_not_cast", {"float32"}),
        ("fc_weights_not_scaled", {"initial"}),
        ("fc_last_layer_not_scaled", {"initial"}),
        ("fc_last_biases_drawn", {"biases"}),
        ("fc_outputs_in_params", {"repeated"}),
        ("rf_capped", {"images"}),
        ("rp_epsilon_under_root", {"epsilon"}),
        ("ad_epsilon_before_correction", {"epsilon"}),
        ("ad_new_dictionary", {"same_config"}),
        ("ad_t_raised_after", {"step", "steps", "epsilon", "float32"}),
    ],
)
def test_a_mistake_in_one_thing_costs_the_checks_of_that_thing(judged: Judge, mistake: str, costs: set[str]) -> None:
    found = next(one for one in MISTAKES if one.id == mistake)
    result = judged(*edits_of(found), functions=(found.function,))
    assert {check.partition(".")[2] for check in failed(result)} <= costs
    assert found.breaks in failed(result)


def test_a_network_over_wrong_layers_keeps_its_points(judged: Judge) -> None:
    wrong = [one for one in MISTAKES if one.id in {"af_bias_missing", "rb_passes_everything", "sl_gradient_sign"}]
    result = judged(*[edit for one in wrong for edit in edits_of(one)])
    lost = {check.partition(".")[0] for check in failed(result)}
    assert lost == {"affine_forward", "relu_backward", "softmax_loss"}


def test_inputs_of_a_relu_keep_their_distance_from_zero_but_where_zero_is_judged() -> None:
    for check in FC.checks:
        if check.function.startswith("relu"):
            for number in range(20):
                for drawn in check.inputs(f"margin {number}".encode()):
                    near = np.abs(drawn["x"]) < 0.19
                    assert near.any() == (check.id.endswith(".zero")), check.id
                    assert not drawn["x"][near].any()


def test_what_a_two_layer_net_saves_another_of_its_sizes_loads_and_no_other(tmp_path: Path) -> None:
    net, other = TwoLayerNet(6, 4, 3), TwoLayerNet(6, 4, 3)
    net.save(tmp_path / "net")
    other.load(tmp_path / "net")
    assert all(np.array_equal(net.params[name], other.params[name]) for name in net.params)
    with pytest.raises(ValueError, match=r"TwoLayerNet\.load: .*net holds .*'W1': \(6, 4\).*expected"):
        TwoLayerNet(6, 5, 3).load(tmp_path / "net")


# The regions, and the order of assignments.


def test_batch_normalization_gives_what_is_written_here_and_shows_it_as_it_was(course: Course) -> None:
    stub = render_package(course, course.assignment("batch_normalization")).stub
    for module in FC.modules:
        text = (course.package / module).read_text(encoding="utf-8")
        assert f"### BEGIN SOLUTION {NAME}" in text
        shown = stub[module].decode()
        assert NAME not in shown and "SOLUTION" not in shown
    assert "velocity -= learning_rate * dw" in stub["optim.py"].decode()
    assert "rows = x.reshape(x.shape[0], -1)" in stub["layers.py"].decode()


def test_a_normalized_net_of_this_solution_runs_and_says_where_normalization_comes(
    course: Course, tmp_path: Path
) -> None:
    solution = render_package(course, FC).solution["fc_net.py"].decode()
    assert solution.count("This part comes later, in the assignment batch_normalization.") == 3
    compile(solution, "fc_net.py", "exec")


def test_every_task_has_checks_and_all_of_them_forty_points() -> None:
    assert {check.function for check in FC.checks} == {*FC.contract.functions, *FC.contract.models}
    assert sum(check.points for check in FC.checks) == 40


def test_a_release_that_shows_a_solution_says_after_which_deadline_to_hand_it_out(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.publish.release._generate", lambda *_: None)
    told: dict[str, list[str]] = {name: [] for name in course.assignments()}
    for name, lines in told.items():
        release(course, name, tell=lines.append)
    after = "hand it out after the deadline of fully_connected_nets, and not before."
    assert [name for name, lines in told.items() if any(after in line for line in lines)] == ["batch_normalization"]


# What a network may write itself.

INSIDE = {
    "affine": ("affine_forward", "affine_backward"),
    "relu": ("relu_forward", "relu_backward"),
    "loss": ("softmax_loss",),
}


def test_a_network_may_write_any_of_its_layers_itself_and_call_the_others(bench: Bench) -> None:
    assert set(FC.written_inside) == {*INSIDE.values(), ("relu_forward",)}
    loss = next(check for check in FC.checks if check.id == "TwoLayerNet.loss")
    truths = [bench.oracle(0).case(loss).truth, *bench.oracle(0).case(loss).also]
    assert len({float(truth[0]["loss"]) for truth in truths}) == 2**3


def test_of_the_relu_it_may_write_the_forward_pass_alone_and_no_choice_is_asked_twice(bench: Bench) -> None:
    # The affine layer and the loss: called or not. The ReLU: called, written, or half of each. Not all called, nor all
    # written, which are the first truth and the first of the others.
    assert len(bench.versions.partly_over_stand_ins) == 2 * 2 * 3 - 2
    gradients = next(check for check in FC.checks if check.id == "TwoLayerNet.gradients")
    truths = [bench.oracle(0).case(gradients).truth, *bench.oracle(0).case(gradients).also]
    assert len({float(truth[0]["dW1"][0, 0]) for truth in truths}) == 2 * 2 * 3


@pytest.mark.parametrize("cache", ["a.T", "-a", "d", "np.ones_like(a)", "a[::-1]"])
def test_a_network_that_goes_back_through_the_relu_with_another_array_loses_its_gradients(
    bench: Bench, cache: str
) -> None:
    variant = next(one for one in VARIANTS if one.id == "two_layers_relu_written_forward_input")
    [(old, new)] = variant.replace
    wrong = new.replace("relu_backward(d, a)", f"relu_backward(d, {cache})")
    assert wrong != new
    with bench.whole([Edit("fc_net", "TwoLayerNet", old, wrong)]) as student:
        result = bench.result(student, bench.oracle(0), ["TwoLayerNet"])
    assert {"TwoLayerNet.gradients", "TwoLayerNet.images"} <= failed(result)


def test_a_network_that_writes_a_layer_itself_and_wrong_loses_what_it_would_over_any_layers(bench: Bench) -> None:
    variant = next(one for one in VARIANTS if one.id == "two_layers_relu_written_inside")
    [(old, new)] = variant.replace
    wrong = new.replace("d[h <= 0] = 0", "d[h > 0] = 0")
    assert wrong != new
    with bench.whole([Edit("fc_net", "TwoLayerNet", old, wrong)]) as student:
        result = bench.result(student, bench.oracle(0), ["TwoLayerNet"])
    assert failed(result) == {"TwoLayerNet.gradients", "TwoLayerNet.images"}


# What is asked of a dictionary that is given back, and of a number.

PACKAGE = """
import numpy as np


def step(w, config):
    config["m"] = config.get("m", np.zeros(2)) + 1
    config["m"] *= 2
    return w, config


def half(x):
    return float(x.sum()) / 2
"""


def test_a_dictionary_that_is_given_back_may_be_written_into_again(tmp_path: Path) -> None:
    with own_student(tmp_path) as student:
        config = student.mapping(rate=0.5)
        w, kept = student.step(np.ones(2), config)
        w, kept = student.step(w, Params(student, kept, {}))
        assert config["m"].tolist() == [6.0, 6.0]
        assert student.changed == set()


def test_a_number_is_pythons_whatever_the_type_of_the_arrays_that_it_is_made_of(tmp_path: Path) -> None:
    with own_student(tmp_path) as student:
        assert student.half(np.ones(3, np.float32)) == 1.5
        assert student.widened == set()


@contextmanager
def own_student(folder: Path) -> Iterator[Student]:
    (folder / "__init__.py").write_text("")
    (folder / "own.py").write_text(PACKAGE)
    contract = Contract(
        {
            "step": Function("own", ("w", "config"), ("array", "handle")),
            "half": Function("own", ("x",), ("array",)),
        }
    )
    package = load_package(folder)
    try:
        yield Student(Executor(package.name), contract)
    finally:
        package.unload()
