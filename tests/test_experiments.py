"""Experiments: both ways of training agree, runs stop, repeat and are kept, and the course's effects are there."""

# ruff: noqa: NPY002 (experiments draw what np.random.seed would give, and leave numpy's global generator alone)

import itertools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from funkcije import data_utils, experiments, fc_net, layers, optim, widgets
from funkcije.data import generated
from funkcije.data_utils import get_CIFAR10_data
from funkcije.experiments import (
    Progress,
    Training,
    batch_size_experiment,
    batch_size_trainings,
    collect,
    train,
    weight_scale_experiment,
    weight_scale_trainings,
)
from funkcije.fc_net import FullyConnectedNet
from funkcije.lab import kept, run, together, trainer
from funkcije.solver import Solver
from grader.reference.edits import Edit
from grader.reference.package import load_package
from grader.reference.render import Rendered

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "data"
KINDS = (None, "batchnorm", "layernorm")
RULES = ("sgd", "sgd_momentum", "rmsprop", "adam")
SMALL = Training(depth=4, width=6, batch_size=10, epochs=4, num_train=60, learning_rate=0.01, dtype="float64")
SCALES = (1e-3, 0.1, 1.0)

Data = dict[str, np.ndarray]
Load = Callable[..., ModuleType]


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Neither the user's cache nor the network: an empty cache of the test's own."""
    for module in (data_utils, trainer):
        monkeypatch.setattr(module, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setenv("FUNKCIJE_OFFLINE", "1")
    monkeypatch.delenv("FUNKCIJE_DATA", raising=False)
    return tmp_path / "cache" / "experiments"


@pytest.fixture(scope="session")
def data() -> Data:
    """Four classes of small noisy pictures: 60 for training, 40 for validation."""
    rng = np.random.default_rng(231)
    y = np.arange(100) % 4
    X = (rng.normal(size=(4, 3, 4, 4))[y] + rng.normal(size=(100, 3, 4, 4))).astype(np.float32)
    return {"X_train": X[:60], "y_train": y[:60], "X_val": X[60:], "y_val": y[60:]}


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, cache: Path) -> Iterator[Load]:
    """Imports `experiments` beside layers of another's making: some lines edited, or functions put in their place."""
    packages = []

    def make(*edits: Edit, folder: Path = ROOT / "funkcije", **replaced: Callable[..., Any]) -> ModuleType:
        packages.append(load_package(folder, edits=edits, replaced={"layers": replaced}))
        monkeypatch.setattr(packages[-1].module("lab.trainer"), "cache_folder", lambda: cache.parent)
        return packages[-1].module("experiments")

    yield make
    for package in packages:
        package.unload()


def small(kind: str | None = "batchnorm", scale: float = 0.1, **changes: Any) -> Training:
    return replace(SMALL, normalization=kind, weight_scale=scale, **changes)


def side_by_side(steps: Sequence[Any]) -> bool:
    """Whether the nets were trained side by side: only then is anything known of their activations."""
    return all(step.spread is not None for step in steps)


def distances(one: Sequence[Any], other: Sequence[Any]) -> tuple[float, float]:
    """How far two runs' losses (relative to losses above 1) and accuracies are from each other, at most."""
    curves = [{(step.model, step.iteration): step for step in steps} for steps in (one, other)]
    assert curves[0].keys() == curves[1].keys()
    pairs = [(step, curves[1][key]) for key, step in curves[0].items()]
    losses = max(abs(a.loss - b.loss) / max(1.0, abs(a.loss)) for a, b in pairs)
    measured = [(a, b) for a, b in pairs if a.train_accuracy is not None]
    accuracies = (
        abs(getattr(a, name) - getattr(b, name)) for a, b in measured for name in ("train_accuracy", "val_accuracy")
    )
    return losses, max(accuracies)


# --- both ways --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_plain_way_is_bit_by_bit_what_the_solver_does_after_the_same_seed(
    data: Data, kind: str | None, dtype: str
) -> None:
    training = small(kind, dtype=dtype)
    [curves] = collect([training], train(training, data, plain=True))

    np.random.seed(training.seed)
    net = FullyConnectedNet([6, 6, 6], 48, 4, normalization=kind, weight_scale=0.1, dtype=np.dtype(dtype))
    solver = Solver(
        net,
        data,
        update_rule="adam",
        optim_config={"learning_rate": 0.01},
        batch_size=10,
        num_epochs=4,
        verbose=False,
    )
    solver.train()
    assert curves.losses == solver.loss_history
    assert curves.train_accuracies == solver.train_acc_history
    assert curves.val_accuracies == solver.val_acc_history


def test_accuracy_is_measured_on_as_many_training_images_as_by_the_solver_and_on_the_same(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "MEASURED", 25)
    for plain in (False, True):
        [curves] = collect([small()], train(small(), data, plain=plain))
        np.random.seed(SMALL.seed)
        net = FullyConnectedNet([6, 6, 6], 48, 4, normalization="batchnorm", weight_scale=0.1, dtype=np.float64)
        settings: dict[str, Any] = {"optim_config": {"learning_rate": 0.01}, "num_train_samples": 25}
        solver = Solver(net, data, update_rule="adam", batch_size=10, num_epochs=4, verbose=False, **settings)
        solver.train()
        np.testing.assert_allclose(curves.train_accuracies, solver.train_acc_history, atol=1e-12)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_in_float64_nets_side_by_side_learn_what_they_learn_on_their_own(
    data: Data, kind: str | None, rule: str
) -> None:
    trainings = [small(kind, scale, update_rule=rule, learning_rate=0.003) for scale in SCALES]
    wide = list(train(trainings, data, spread=True))
    assert side_by_side(wide)
    assert max(distances(list(train(trainings, data, plain=True)), wide)) <= 1e-9


@pytest.mark.parametrize(("depth", "width"), [(1, 5), (2, 1), (3, 9)])
@pytest.mark.parametrize("kind", KINDS)
def test_the_ways_agree_for_nets_of_any_form(data: Data, kind: str | None, depth: int, width: int) -> None:
    trainings = [small(kind, scale, depth=depth, width=width) for scale in SCALES]
    wide = list(train(trainings, data, spread=True))
    assert {len(step.spread) for step in wide} == {depth - 1}
    assert max(distances(list(train(trainings, data, plain=True)), wide)) <= 1e-9


@pytest.mark.parametrize("kind", KINDS)
def test_in_float32_the_first_steps_agree_to_1e_5_and_the_summaries_to_a_tenth(data: Data, kind: str | None) -> None:
    trainings = [small(kind, scale, dtype="float32", epochs=20, num_train=60) for scale in SCALES]
    wide, own = (list(train(trainings, data, plain=plain)) for plain in (False, True))
    assert distances(*([step for step in steps if step.iteration <= 10] for steps in (own, wide)))[0] <= 1e-5
    for a, b in zip(collect(trainings, own), collect(trainings, wide), strict=True):
        assert abs(a.best_train_accuracy - b.best_train_accuracy) <= 0.1
        assert abs(a.best_val_accuracy - b.best_val_accuracy) <= 0.1
        assert abs(a.final_loss - b.final_loss) <= 0.1 * max(1.0, a.final_loss)


def test_an_update_rule_that_returns_new_arrays_serves_as_well(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    def sgd(w: np.ndarray, dw: np.ndarray, config: dict[str, Any]) -> tuple[np.ndarray, dict[str, Any]]:
        return w - config["learning_rate"] * dw, dict(config, steps=config.get("steps", 0) + 1)

    trainings = [small(scale=scale, update_rule="sgd") for scale in SCALES]
    expected = list(train(trainings, data))
    monkeypatch.setattr(optim, "sgd", sgd)
    found = list(train(trainings, data, spread=True))
    assert side_by_side(found)
    assert max(distances(expected, found)) <= 1e-9


# --- layers that are not what they should be --------------------------------------------------------------------------

FORWARD, BACKWARD, LOSS = "batchnorm_forward", "batchnorm_backward", "FullyConnectedNet.loss"
WRONG_BUT_BY_COLUMNS = {
    "running statistics that forget": Edit("layers", FORWARD, "running_mean = momentum *", "running_mean = 0 *"),
    "eps forgotten": Edit("layers", FORWARD, "np.sqrt(var + eps)", "np.sqrt(var)"),
    "a backward pass without the variance": Edit("layers", BACKWARD, "dvar = dstd", "dvar = 0 * dstd"),
}
NOT_BY_COLUMNS = {
    "the mean of the whole batch": Edit("layers", FORWARD, "x_centered = x - mu\n", "x_centered = x - mu.mean()\n"),
    "the mean of each row": Edit(
        "layers", FORWARD, "x_centered = x - mu\n", "x_centered = x - x.mean(axis=1, keepdims=True)\n"
    ),
    "running statistics of all columns": Edit("layers", FORWARD, "(1 - momentum) * var", "(1 - momentum) * var.mean()"),
    "gradients that leak": Edit("layers", BACKWARD, "dmu = -dx_centered.sum(axis=0)", "dmu = -dx_centered.sum()"),
    "a bent test mode": Edit("layers", FORWARD, "gamma * (x - running_mean)", "gamma * np.tanh(x - running_mean)"),
    "no more than 12 columns": Edit(
        "layers", FORWARD, "mode = bn_param", 'assert x.shape[1] <= 12, "wide"\n    mode = bn_param'
    ),
    "a net without its last ReLU": Edit("fc_net", LOSS, "= relu_forward(h)", "= (h, h) if l == 3 else relu_forward(h)"),
    "a net whose gradient is too large": Edit("fc_net", LOSS, "dh = relu_backward(dh,", "dh = 2 * relu_backward(dh,"),
}


@pytest.mark.parametrize("name", WRONG_BUT_BY_COLUMNS)
def test_a_wrong_layer_that_works_column_by_column_trains_side_by_side_and_as_wrong(
    data: Data, load: Load, name: str
) -> None:
    wrong = load(WRONG_BUT_BY_COLUMNS[name])
    trainings = [wrong.Training(**vars(small(scale=scale))) for scale in SCALES]
    wide = list(wrong.train(trainings, data, spread=True))
    assert side_by_side(wide)
    assert max(distances(list(wrong.train(trainings, data, plain=True)), wide)) <= 1e-9
    assert max(distances(list(train([small(scale=scale) for scale in SCALES], data)), wide)) > 1e-4


@pytest.mark.parametrize("name", NOT_BY_COLUMNS)
def test_a_layer_or_net_that_does_not_work_side_by_side_is_noticed_and_trained_the_plain_way(
    data: Data, load: Load, name: str
) -> None:
    wrong = load(NOT_BY_COLUMNS[name])
    trainings = [wrong.Training(**vars(small(scale=scale))) for scale in SCALES]
    steps = list(wrong.train(trainings, data, spread=True))
    assert not any(step.spread for step in steps)
    assert [step._replace(spread=None) for step in steps] == list(wrong.train(trainings, data, plain=True))


@pytest.mark.parametrize("rule", ["adam", "sgd"])
def test_right_layers_by_the_ordinary_formula_work_side_by_side_at_every_depth_of_the_slider(
    data: Data, load: Load, rule: str
) -> None:
    """In a net of ten layers they differ from the others by more than a fixed tolerance: rounding alone grows so."""

    def batchnorm_forward(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, bn_param: dict[str, Any]) -> Any:
        eps, running_mean, running_var = 1e-5, *(bn_param.get(f"running_{name}", 0 * x[0]) for name in ("mean", "var"))
        if bn_param["mode"] == "test":
            return gamma * ((x - running_mean) / np.sqrt(running_var + eps)) + beta, None
        mu = np.mean(x, axis=0)
        var = np.mean((x - mu) ** 2, axis=0)
        x_hat = (x - mu) * (1 / np.sqrt(var + eps))
        bn_param["running_mean"] = 0.9 * running_mean + 0.1 * mu
        bn_param["running_var"] = 0.9 * running_var + 0.1 * var
        return gamma * x_hat + beta, (x, x_hat, mu, var, eps, gamma)

    def batchnorm_backward(dout: np.ndarray, cache: Any) -> Any:
        x, x_hat, mu, var, eps, gamma = cache
        dx_hat = dout * gamma
        dvar = np.sum(dx_hat * (x - mu) * -0.5 * (var + eps) ** -1.5, axis=0)
        dmu = np.sum(-dx_hat / np.sqrt(var + eps), axis=0) + dvar * np.mean(-2 * (x - mu), axis=0)
        dx = dx_hat / np.sqrt(var + eps) + dvar * 2 * (x - mu) / len(x) + dmu / len(x)
        return dx, np.sum(dout * x_hat, axis=0), dout.sum(axis=0)

    own = load(batchnorm_forward=batchnorm_forward, batchnorm_backward=batchnorm_backward)
    for depth in widgets._DEPTHS:
        training = own.Training(**vars(small(depth=depth, update_rule=rule)))
        assert next(own.train(training, data, spread=True)).spread, depth


def test_a_layer_that_keeps_something_for_its_backward_pass_is_noticed(data: Data, load: Load) -> None:
    kept: list[Any] = []
    forward, backward = layers.batchnorm_forward, layers.batchnorm_backward

    def batchnorm_forward(*args: Any) -> Any:
        out, cache = forward(*args)
        kept.append(cache)
        return out, None

    def batchnorm_backward(dout: np.ndarray, _: None) -> Any:
        return backward(dout, kept.pop())

    odd = load(batchnorm_forward=batchnorm_forward, batchnorm_backward=batchnorm_backward)
    steps = list(odd.train([odd.Training(**vars(small(scale=scale))) for scale in SCALES], data, spread=True))
    assert not any(step.spread for step in steps)


def test_what_is_not_written_yet_ends_in_one_line_that_names_it(
    data: Data, load: Load, rendered: Rendered, tmp_path: Path
) -> None:
    for path, content in rendered.stub.items():
        (tmp_path / "funkcije" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "funkcije" / path).write_bytes(content)
    stub = load(folder=tmp_path / "funkcije")
    assert len(list(stub.train(stub.Training(**vars(small(None))), data))) == 24
    for kind in ("batchnorm", "layernorm"):
        with pytest.raises(stub.NotWrittenYet) as caught:
            list(stub.train([stub.Training(**vars(small(None))), stub.Training(**vars(small(kind)))], data))
        [line] = caught.value._render_traceback_()
        assert line == str(caught.value)
        assert "FullyConnectedNet.__init__" in line
        assert "\n" not in line


def test_a_missing_backward_pass_is_named_before_anything_is_trained(data: Data, load: Load) -> None:
    def batchnorm_backward(dout: np.ndarray, cache: Any) -> Any:
        raise NotImplementedError

    started = load(batchnorm_backward=batchnorm_backward)
    with pytest.raises(NotImplementedError, match="batchnorm_backward"):
        next(started.train(started.Training(**vars(small())), data))


def test_an_error_in_a_students_layer_is_raised_as_it_is(data: Data, load: Load) -> None:
    def batchnorm_backward(dout: np.ndarray, cache: Any) -> Any:
        raise ZeroDivisionError("of the student's own")

    faulty = load(batchnorm_backward=batchnorm_backward)
    with pytest.raises(ZeroDivisionError, match="of the student's own"):
        next(faulty.train(faulty.Training(**vars(small())), data))


# --- runs -------------------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_curves_and_another_seed_others(data: Data) -> None:
    trainings = [small(kind, scale, dtype="float32") for kind in KINDS for scale in SCALES]
    once, again = (list(train(trainings, data, spread=True)) for _ in range(2))
    assert once == again
    other = list(train([replace(training, seed=1) for training in trainings], data))
    assert all(a.loss != b.loss for a, b in zip(once, other, strict=True) if a.iteration > 1 and a.loss > 1e-3)


def test_numpys_global_generator_is_left_alone_and_does_not_matter(data: Data) -> None:
    expected = list(train(small(), data))
    np.random.seed(5)
    drawn = np.random.rand(len(expected))
    for plain in (False, True):
        np.random.seed(5)
        steps, found = [], []
        for step in train(small(), data, plain=plain):
            steps.append(step)
            found.append(np.random.rand())
        np.testing.assert_array_equal(found, drawn)
        assert max(distances(expected, steps)) <= 1e-9


def test_a_run_stops_where_it_is_closed(data: Data, load: Load) -> None:
    calls = 0
    forward = layers.batchnorm_forward

    def batchnorm_forward(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        return forward(*args)

    counting = load(batchnorm_forward=batchnorm_forward)
    run = counting.train([counting.Training(**vars(small(scale=scale))) for scale in SCALES], data)
    assert calls == 0
    for _ in range(7):
        next(run)
    after_seven = calls
    run.close()
    assert calls == after_seven
    with pytest.raises(StopIteration):
        next(run)


def test_records_count_the_steps_of_every_net_and_the_whole_run(data: Data) -> None:
    trainings = [*batch_size_trainings((5, 10, 60), KINDS, **sizes()).values()]
    steps = list(train(trainings, data))
    for model, training in enumerate(trainings):
        own = [step for step in steps if step.model == model]
        iterations = 4 * (60 // training.batch_size)
        assert [step.iteration for step in own] == list(range(1, iterations + 1))
        assert {step.iterations for step in own} == {iterations}
        assert [step.epoch for step in own] == [step.iteration * 4 // iterations for step in own]
        measured = [step.iteration for step in own if step.train_accuracy is not None]
        assert measured == sorted({1, *range(iterations // 4, iterations + 1, iterations // 4)})
        assert [step.state for step in own] == ["training"] * (iterations - 1) + ["finished"]
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert done[-1] == 1.0


def sizes() -> dict[str, Any]:
    return {"depth": 4, "width": 6, "epochs": 4, "num_train": 60, "dtype": "float64"}


def test_nets_with_more_and_fewer_steps_keep_pace(data: Data) -> None:
    shares = {0: 0.0, 1: 0.0}
    for step in train([small(batch_size=5), small(None, batch_size=20)], data):
        shares[step.model] = step.iteration / step.iterations
        assert abs(shares[0] - shares[1]) <= 1 / 12 + 1e-9


def test_more_trainings_than_run_at_once_all_come_to_their_end(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "AT_ONCE", 4)
    monkeypatch.setattr(together, "SIDE_BY_SIDE", 2)
    trainings = list(weight_scale_trainings(np.logspace(-3, 0, 7).tolist(), KINDS, **sizes()).values())
    steps = list(train(trainings, data))
    assert max(distances(list(train(trainings, data, plain=True)), steps)) <= 1e-9
    assert [step.done for step in steps][-1] == 1.0
    running: set[int] = set()
    for step in steps:
        running.add(step.model)
        assert len(running) <= 4
        if step.state == "finished":
            running.remove(step.model)


def test_a_net_that_blows_up_is_finished_as_diverged_without_a_warning_and_disturbs_no_other(data: Data) -> None:
    for kind in KINDS:
        wild, tame = small(kind, 1e308), small(kind)
        for plain in (False, True):
            steps = list(train([tame, wild], data, plain=plain))
            own = [step for step in steps if step.model == 1]
            assert [step.state for step in own] == ["training"] * (len(own) - 1) + ["diverged"]
            assert not np.isfinite(own[-1].loss)
            assert len(own) < 5
            assert steps[-1].done == 1.0
            alone = list(train(tame, data, plain=plain))
            assert max(distances(alone, [step for step in steps if step.model == 0])) <= 1e-9
        assert [curves.state for curves in collect([tame, wild], steps)] == ["finished", "diverged"]


def test_spreads_tell_signals_that_vanish_from_signals_that_stay(data: Data) -> None:
    trainings = [small(kind, 1e-3, depth=6, dtype="float32") for kind in (None, "batchnorm")]
    first, second = (step.spread for step, _ in zip(train(trainings, data, spread=True), range(2), strict=False))
    assert first is not None and second is not None
    assert len(first) == 5
    assert all(0 < after < 0.1 * before for before, after in itertools.pairwise(first))
    assert second[-1] > 1e6 * first[-1]


def test_the_products_of_a_net_that_trains_alone_keep_to_one_core(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[int] = []
    keeping_to = together.keeping_to

    def noted(most: int) -> Any:
        limits.append(most)
        return keeping_to(most)

    monkeypatch.setattr(together, "keeping_to", noted)
    monkeypatch.setattr(together, "cores", lambda: 7)
    list(train(small(None), data))
    assert set(limits) == {1}
    list(train([small(None), small("batchnorm")], data))
    assert set(limits) == {1, 7}


def test_a_net_that_has_nothing_but_parameters_and_a_loss_is_followed_as_well(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Own:
        def __init__(self, *sizes: Any, normalization: None, **settings: Any) -> None:
            net = FullyConnectedNet(*sizes, **settings)
            self.params = net.params
            self.loss = net.loss

    trainings = [small(None, scale) for scale in SCALES]
    expected = list(train(trainings, data, spread=True))
    monkeypatch.setattr(fc_net, "FullyConnectedNet", Own)
    assert side_by_side(expected)
    assert list(train(trainings, data, spread=True)) == expected


def test_gradients_are_those_of_the_loss_by_the_activations_of_each_layer(data: Data) -> None:
    training = small(None, 0.5, dtype="float64", epochs=1)
    step = next(train([training, replace(training, weight_scale=0.4)], data, spread=True))
    np.random.seed(training.seed)
    net = FullyConnectedNet([6, 6, 6], 48, 4, weight_scale=0.5, dtype=np.float64)
    rows = np.random.choice(60, 10)

    h, caches, spreads = data["X_train"][rows].astype(np.float64), [], []
    for l in (1, 2, 3):
        a, affine_cache = layers.affine_forward(h, net.params[f"W{l}"], net.params[f"b{l}"])
        h, relu_cache = layers.relu_forward(a)
        caches.append((affine_cache, relu_cache))
        spreads.append(h.std())
    scores, cache = layers.affine_forward(h, net.params["W4"], net.params["b4"])
    dh, *_ = layers.affine_backward(layers.softmax_loss(scores, data["y_train"][rows])[1], cache)
    gradients = [dh.std()]
    for affine_cache, relu_cache in reversed(caches[1:]):
        dh, *_ = layers.affine_backward(layers.relu_backward(dh, relu_cache), affine_cache)
        gradients.insert(0, dh.std())
    assert step.spread == pytest.approx(spreads, rel=1e-12)
    assert step.gradients == pytest.approx(gradients, rel=1e-12)


@pytest.mark.parametrize(
    "change", [{"epochs": 0}, {"batch_size": 0}, {"depth": 0}, {"width": -1}, {"num_train": 0}, {"epochs": 1.5}]
)
def test_numbers_that_cannot_be_are_refused_in_one_line(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        Training(**change)


def test_data_and_rules_that_are_not_there_are_named_in_one_line(data: Data) -> None:
    with pytest.raises(ValueError, match="X_val, y_val"):
        train(small(), {name: data[name] for name in ("X_train", "y_train")})
    with pytest.raises(ValueError, match=r"'adamw'.*sgd, sgd_momentum, rmsprop, adam"):
        train(small(update_rule="adamw"), data)


# --- kept runs --------------------------------------------------------------------------------------------------------


def trained(data: Data, module: ModuleType = experiments, **changes: Any) -> tuple[list[Any], bool]:
    """The records of a cached run, and whether anything was trained for it."""
    calls = 0
    trains = sys.modules[module.train.__module__]
    original = trains._train

    def counted(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        return original(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trains, "_train", counted)
        training = module.Training(**vars(small(**changes)))
        steps = [tuple(step) for step in module.train([training], data, cache=True, spread=True)]
    return steps, calls > 0


def test_a_run_that_was_there_before_is_shown_again_record_by_record(data: Data, cache: Path) -> None:
    trainings = [small(), small(None, depth=2), small(None, 1e200)]
    records = [repr(list(train(trainings, data, spread=True, cache=True))) for _ in range(2)]
    assert records[0] == records[1]
    first, again = trained(data), trained(data)
    assert first[1] and not again[1]
    assert first[0] == again[0]
    assert len(list(cache.iterdir())) == 2
    assert cache.stat().st_mode & 0o077 == 0


def test_by_itself_a_run_writes_nothing(data: Data, cache: Path) -> None:
    list(train(small(), data))
    assert not cache.exists()


def test_another_setting_or_picture_or_way_is_another_run(data: Data) -> None:
    assert trained(data)[1]
    assert trained(data, seed=1)[1]
    assert trained(data, scale=0.2)[1]
    for name in data:
        changed = {**data, name: data[name].copy()}
        changed[name].flat[-1] = 1
        assert trained(changed)[1], name
    assert not trained(data)[1]


@pytest.mark.parametrize(
    "edit",
    [
        Edit("layers", FORWARD, "/ std", "/ (std + 1e-3)"),
        Edit("layers", FORWARD, '"eps", 1e-5', '"eps", 1e-4'),
        Edit("layers", "affine_forward", "out += b", "out += 2 * b"),
        Edit("fc_net", LOSS, "dh = relu_backward(dh,", "dh = 2 * relu_backward(dh,"),
        Edit("optim", "adam", '"beta1", 0.9', '"beta1", 0.8'),
    ],
    ids=lambda edit: f"{edit.module}.{edit.function}",
)
def test_a_changed_layer_in_memory_never_shows_an_old_curve(data: Data, load: Load, edit: Edit) -> None:
    expected, was_trained = trained(data, load())
    assert was_trained
    assert trained(data, load()) == (expected, False)
    changed, was_trained = trained(data, load(edit))
    assert was_trained
    assert changed != expected


def test_a_helper_or_a_constant_that_a_layer_uses_counts_as_its_code(data: Data, load: Load) -> None:
    forward = layers.batchnorm_forward
    scope: dict[str, Any] = {"forward": forward, "EPS": 1e-5}
    exec(
        "def helper(bn_param): bn_param['eps'] = EPS\n"
        "def batchnorm_forward(x, gamma, beta, bn_param):\n"
        "    helper(bn_param)\n"
        "    return forward(x, gamma, beta, bn_param)",
        scope,
    )
    original = load(batchnorm_forward=scope["batchnorm_forward"])
    assert trained(data, original)[1]
    assert not trained(data, original)[1]
    scope["EPS"] = 1e-3
    assert trained(data, original)[1]
    exec("def helper(bn_param): bn_param['eps'] = 2 * EPS", scope)
    assert trained(data, original)[1]


@pytest.mark.parametrize("file", ["layers.py", "lab/updates.py"])
def test_a_file_that_changed_while_the_old_code_is_in_memory_is_another_run(
    data: Data, load: Load, rendered: Rendered, tmp_path: Path, file: str
) -> None:
    folder = tmp_path / "funkcije"
    for path, content in rendered.solution.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    module = load(folder=folder)
    assert trained(data, module)[1]
    (folder / file).write_text((folder / file).read_text() + "\nEPS = 1e-3\n")
    assert trained(data, module)[1]
    assert not trained(data, module)[1]


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty", "other arrays", "objects", "ragged"])
def test_a_damaged_file_is_ignored_and_made_anew(data: Data, cache: Path, damage: str) -> None:
    expected, _ = trained(data)
    [file] = cache.iterdir()
    content = file.read_bytes()
    if damage == "cut":
        file.write_bytes(content[: len(content) // 2])
    elif damage in ("garbage", "empty"):
        file.write_bytes(b"\x80\x04." if damage == "garbage" else b"")
    else:
        with np.load(file) as saved:
            arrays = dict(saved)
        if damage == "other arrays":
            arrays = {"a": np.zeros(3)}
        elif damage == "objects":
            arrays["loss"] = arrays["loss"].astype(object)
        else:
            arrays["loss"] = arrays["loss"][:-1]
        np.savez(file, **arrays)
    assert trained(data) == (expected, True)
    assert trained(data) == (expected, False)


def test_a_run_that_was_closed_early_is_not_kept(data: Data, cache: Path) -> None:
    run = train(small(), data, cache=True)
    next(run)
    run.close()
    assert not cache.exists()


def test_where_nothing_can_be_written_runs_are_just_not_kept(
    data: Data, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", None):
        monkeypatch.setattr(trainer, "cache_folder", lambda folder=folder: folder)
        assert trained(data)[1]
        assert trained(data)[1]


def test_the_oldest_files_make_room(data: Data, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 2)
    for seed in range(4):
        trained(data, seed=seed, epochs=1)
        for age, file in enumerate(sorted(cache.iterdir(), key=lambda file: file.stat().st_mtime, reverse=True)):
            os.utime(file, (1e9 - age, 1e9 - age))
    assert [trained(data, seed=seed, epochs=1)[1] for seed in (3, 2)] == [False, False]
    assert len(list(cache.iterdir())) == 2


# --- what there is to be seen -----------------------------------------------------------------------------------------


def some(data: Data) -> Data:
    return {name: array[:500] if "train" in name else array[:200] for name, array in data.items() if "test" not in name}


@pytest.fixture(scope="module", params=["real rows", pytest.param("generated pictures", marks=pytest.mark.full)])
def pictures(request: pytest.FixtureRequest) -> Data:
    if request.param == "generated pictures":
        records = generated.draw(np.random.Generator(np.random.PCG64(generated.SEED)), 700)
        X, y = records[:, 1:].astype(np.float32), records[:, 0].astype(np.int64)
        X -= X[:500].mean(axis=0)
        return {"X_train": X[:500], "y_train": y[:500], "X_val": X[500:], "y_val": y[500:]}
    if not (REAL / "cifar-10-batches-py").is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{REAL}: the real rows are missing, and CI needs them")
        pytest.skip(f"no real CIFAR-10 rows in {REAL}")
    return some(get_CIFAR10_data(num_test=0, folder=REAL))


def test_with_batch_normalization_a_net_learns_over_a_far_wider_range_of_weight_scales(pictures: Data) -> None:
    scales = np.logspace(-4, 0, 9).tolist()
    found = weight_scale_experiment(pictures, scales, num_train=500, epochs=8, bar=False)
    guessing = max(np.bincount(pictures["y_train"])) / len(pictures["y_train"])
    learns = {
        kind: [scale for scale in scales if found[kind, scale].best_train_accuracy > 1.8 * guessing]
        for kind in ("batchnorm", None)
    }
    assert len(learns["batchnorm"]) >= len(learns[None]) + 3
    assert min(learns["batchnorm"]) <= min(learns[None]) / 10
    assert len(learns[None]) >= 2
    assert found[None, 1.0].final_loss > 100 * found["batchnorm", 1.0].final_loss


def test_layer_normalization_depends_less_on_the_batch_size_than_batch_normalization(pictures: Data) -> None:
    found = batch_size_experiment(pictures, (5, 50), ("batchnorm", "layernorm"), num_train=500, epochs=4, bar=False)
    lost = {
        kind: found[kind, 50].best_train_accuracy - found[kind, 5].best_train_accuracy
        for kind in ("batchnorm", "layernorm")
    }
    assert lost["batchnorm"] > 0.1
    assert abs(lost["layernorm"]) < 0.75 * lost["batchnorm"]


def test_the_experiments_are_the_courses_own() -> None:
    assert len(weight_scale_trainings()) == 40
    training = weight_scale_trainings()["batchnorm", 1e-4]
    assert (training.depth, training.width, training.batch_size, training.epochs) == (8, 50, 50, 10)
    assert (training.update_rule, training.learning_rate, training.num_train) == ("adam", 1e-3, 1000)
    assert [scale for _, scale in weight_scale_trainings()][::2] == np.logspace(-4, 0, num=20).tolist()
    training = batch_size_trainings()["batchnorm", 5]
    assert (training.depth, training.width, training.weight_scale) == (6, 100, 2e-2)
    assert training.learning_rate == 10**-3.5


def test_an_experiment_answers_by_normalization_and_value_and_is_kept(data: Data, cache: Path) -> None:
    for _ in range(2):
        found = batch_size_experiment(data, (10, 20), KINDS, bar=False, **sizes())
        assert list(found) == [(kind, size) for size in (10, 20) for kind in KINDS]
        assert all(curves.training.batch_size == size for (_, size), curves in found.items())
        assert all(len(curves.losses) == 4 * (60 // size) for (_, size), curves in found.items())
    assert len(list(cache.iterdir())) == 1


def test_a_record_is_small_and_plain(data: Data) -> None:
    step = next(train(small(), data, spread=True))
    assert isinstance(step, Progress)
    assert {type(value) for value in step} <= {int, float, str, tuple}
