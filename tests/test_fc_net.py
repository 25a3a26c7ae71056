"""The nets: what they compute, in every combination of normalization, dropout and regularization."""

# ruff: noqa: NPY002 (weights are drawn from numpy's global generator, so that np.random.seed repeats them)

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from funkcije import fc_net
from funkcije.fc_net import FullyConnectedNet, TwoLayerNet
from funkcije.gradient_check import eval_numerical_gradient
from grader.course import Course
from grader.reference.package import load_package
from grader.reference.render import render_package

ROOT = Path(__file__).parents[1]
NORMALIZATIONS = [None, "batchnorm", "layernorm"]
SMALL: dict[str, Any] = {"input_dim": 12, "num_classes": 4, "weight_scale": 0.5, "dtype": np.float64}


@pytest.fixture(autouse=True)
def _seed() -> None:
    np.random.seed(231)


@pytest.fixture
def examples() -> tuple[np.ndarray, np.ndarray]:
    """Six small images and their labels."""
    rng = np.random.default_rng(231)
    return rng.normal(size=(6, 3, 2, 2)), rng.integers(4, size=6)


def randomize(model: FullyConnectedNet) -> FullyConnectedNet:
    """Parameters that are neither zeros nor ones, so that every one of them shows."""
    rng = np.random.default_rng(7)
    for w in model.params.values():
        w += 0.3 * rng.normal(size=w.shape)
    return model


def test_the_star_of_fc_net_brings_the_layers() -> None:
    names: dict[str, Any] = {}
    exec("from funkcije.fc_net import *", names)
    layers = ["affine", "relu", "batchnorm", "layernorm", "dropout", "affine_relu", "affine_bn_relu", "affine_ln_relu"]
    functions = {f"{layer}_{way}" for layer in layers for way in ("forward", "backward")}
    functions |= {"batchnorm_backward_alt", "softmax_loss", "svm_loss", "TwoLayerNet", "FullyConnectedNet"}
    assert functions - names.keys() == set()


# Parameters


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_weights_are_drawn_in_layer_order_and_the_rest_is_ones_and_zeros(normalization: str | None) -> None:
    model = FullyConnectedNet([5, 3], normalization=normalization, **SMALL | {"weight_scale": 0.02})
    np.random.seed(231)
    expected = {f"W{l}": 0.02 * np.random.randn(*shape) for l, shape in ((1, (12, 5)), (2, (5, 3)), (3, (3, 4)))}
    expected |= {"b1": np.zeros(5), "b2": np.zeros(3), "b3": np.zeros(4)}
    if normalization:
        expected |= {"gamma1": np.ones(5), "beta1": np.zeros(5), "gamma2": np.ones(3), "beta2": np.zeros(3)}
    assert model.params.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(model.params[name], value)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_parameters_scores_and_gradients_have_the_nets_dtype(
    examples: Any, dtype: Any, normalization: str | None
) -> None:
    X, y = examples
    model = FullyConnectedNet(
        [5], normalization=normalization, dropout_keep_ratio=0.8, reg=0.1, **SMALL | {"dtype": dtype}
    )
    _, grads = model.loss(X, y)
    arrays = [*model.params.values(), *grads.values(), model.loss(X)]
    arrays += [value for bn_param in model.bn_params for key, value in bn_param.items() if key.startswith("running")]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}


# Values


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_a_net_is_affine_normalization_relu_for_each_hidden_layer_and_affine_at_last(
    examples: Any, normalization: str | None
) -> None:
    X, y = examples
    model = randomize(FullyConnectedNet([5, 3], normalization=normalization, **SMALL))
    params, h = model.params, X.reshape(6, 12)
    for l in (1, 2):
        h = h @ params[f"W{l}"] + params[f"b{l}"]
        if normalization:
            axis = {"batchnorm": 0, "layernorm": 1}[normalization]
            mean, var = h.mean(axis, keepdims=True), h.var(axis, keepdims=True)
            h = params[f"gamma{l}"] * (h - mean) / np.sqrt(var + 1e-5) + params[f"beta{l}"]
        h = np.where(h > 0, h, 0)
    scores = h @ params["W3"] + params["b3"]
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    loss, _ = model.loss(X, y)
    assert loss == pytest.approx(-np.log(probabilities[np.arange(6), y]).mean(), rel=1e-12)
    if normalization != "batchnorm":  # which needs running statistics to give scores
        np.testing.assert_allclose(model.loss(X), scores, rtol=1e-12)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("keep", [1, 0.7])
@pytest.mark.parametrize("reg", [0.0, 3.14])
def test_gradients_of_every_parameter_agree_with_the_numerical_ones(
    examples: Any, normalization: str | None, keep: float, reg: float
) -> None:
    X, y = examples
    model = randomize(
        FullyConnectedNet([6, 5], normalization=normalization, dropout_keep_ratio=keep, reg=reg, seed=123, **SMALL)
    )
    _, grads = model.loss(X, y)
    assert grads.keys() == model.params.keys()
    for name, w in model.params.items():
        numerical = eval_numerical_gradient(lambda _: model.loss(X, y)[0], w, verbose=False)
        np.testing.assert_allclose(grads[name], numerical, rtol=1e-5, atol=1e-8, err_msg=name)


def test_regularization_adds_half_of_reg_times_the_squares_of_the_weights_alone(examples: Any) -> None:
    X, y = examples
    plain, regularized = (
        randomize(FullyConnectedNet([5, 3], normalization="batchnorm", reg=reg, **SMALL)) for reg in (0.0, 0.8)
    )
    regularized.params = {name: w.copy() for name, w in plain.params.items()}
    (loss, grads), (loss_with, grads_with) = plain.loss(X, y), regularized.loss(X, y)
    squares = sum((plain.params[f"W{l}"] ** 2).sum() for l in (1, 2, 3))
    assert loss_with - loss == pytest.approx(0.4 * squares, rel=1e-10)
    for name, w in plain.params.items():
        np.testing.assert_allclose(grads_with[name] - grads[name], 0.8 * w if name.startswith("W") else 0, atol=1e-12)


def test_the_inputs_are_neither_changed_nor_need_a_dtype(examples: Any) -> None:
    X, y = examples
    before = X.copy()
    model = FullyConnectedNet([5], normalization="batchnorm", **SMALL)
    model.loss(X, y)
    np.testing.assert_array_equal(X, before)
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 12)
    np.testing.assert_array_equal(model.loss(pixels), model.loss(pixels.astype(np.float64)))


# Train and test


def test_each_layer_keeps_its_own_running_statistics_and_test_mode_uses_them(examples: Any) -> None:
    X, y = examples
    model = randomize(FullyConnectedNet([5, 5], normalization="batchnorm", **SMALL))
    for _ in range(3):
        model.loss(X, y)
    first, second = model.bn_params
    assert not np.allclose(first["running_mean"], second["running_mean"])

    params, h = model.params, X.reshape(6, 12)
    for l, bn_param in enumerate((first, second), start=1):
        h = h @ params[f"W{l}"] + params[f"b{l}"]
        # After three equal batches, from zeros: 1 - 0.9^3 of the batch's own.
        np.testing.assert_allclose(bn_param["running_var"], (1 - 0.9**3) * train_variance(params, X, l), rtol=1e-10)
        h = (h - bn_param["running_mean"]) / np.sqrt(bn_param["running_var"] + 1e-5)
        h = np.maximum(params[f"gamma{l}"] * h + params[f"beta{l}"], 0)
    scores = h @ params["W3"] + params["b3"]
    np.testing.assert_allclose(model.loss(X), scores, rtol=1e-10)
    # A single example at test time is scored as it is among others.
    np.testing.assert_allclose(model.loss(X[:1]), scores[:1], rtol=1e-10)


def train_variance(params: dict[str, np.ndarray], X: np.ndarray, layer: int) -> np.ndarray:
    """Variance over the batch of the affine outputs of a layer, in training."""
    h = X.reshape(len(X), -1)
    for l in range(1, layer + 1):
        a = h @ params[f"W{l}"] + params[f"b{l}"]
        normalized = (a - a.mean(axis=0)) / np.sqrt(a.var(axis=0) + 1e-5)
        h = np.maximum(params[f"gamma{l}"] * normalized + params[f"beta{l}"], 0)
    result: np.ndarray = a.var(axis=0)
    return result


def test_dropout_acts_in_training_and_not_in_test(examples: Any) -> None:
    X, y = examples
    model = FullyConnectedNet([50], dropout_keep_ratio=0.5, **SMALL)
    assert model.loss(X, y)[0] != model.loss(X, y)[0]
    np.testing.assert_array_equal(model.loss(X), model.loss(X))
    plain = FullyConnectedNet([50], **SMALL)
    plain.params = model.params
    np.testing.assert_array_equal(model.loss(X), plain.loss(X))
    repeated = FullyConnectedNet([50], dropout_keep_ratio=0.5, seed=3, **SMALL)
    assert repeated.loss(X, y)[0] == repeated.loss(X, y)[0]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"normalization": "batch"}, '\'batch\'; expected "batchnorm", "layernorm" or None'),
        ({"dropout_keep_ratio": 0}, "dropout_keep_ratio is 0; expected 0 < p <= 1"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        FullyConnectedNet([5], **settings)


def test_the_two_layer_net_has_right_scores_loss_and_gradients(examples: Any) -> None:
    X, y = examples
    model = TwoLayerNet(input_dim=12, hidden_dim=7, num_classes=4, weight_scale=0.5, reg=0.6)
    deep = FullyConnectedNet([7], reg=0.6, **SMALL)
    deep.params = model.params
    np.testing.assert_allclose(model.loss(X), deep.loss(X), rtol=1e-12)
    loss, grads = model.loss(X, y)
    assert loss == pytest.approx(deep.loss(X, y)[0], rel=1e-12)
    for name, w in model.params.items():
        numerical = eval_numerical_gradient(lambda _: model.loss(X, y)[0], w, verbose=False)
        np.testing.assert_allclose(grads[name], numerical, rtol=1e-6, atol=1e-9, err_msg=name)


# The stub


@pytest.fixture(scope="module")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """`fc_net` of the package as students get it."""
    course, folder = Course(ROOT), tmp_path_factory.mktemp("stub")
    for path, content in render_package(course, course.assignment("batch_normalization")).stub.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    package = load_package(folder)
    yield package
    package.unload()


def test_the_stub_works_without_normalization(stub: Any, examples: Any) -> None:
    X, y = examples
    blank = stub.module("fc_net").FullyConnectedNet([5], dropout_keep_ratio=0.7, reg=0.1, seed=5, **SMALL)
    assert not isinstance(blank, fc_net.FullyConnectedNet)
    whole = FullyConnectedNet([5], dropout_keep_ratio=0.7, reg=0.1, seed=5, **SMALL)
    whole.params = {name: w.copy() for name, w in blank.params.items()}
    np.testing.assert_array_equal(blank.loss(X), whole.loss(X))
    assert blank.loss(X, y)[0] == whole.loss(X, y)[0]

    data = {"X_train": X, "y_train": y, "X_val": X, "y_val": y}
    settings = {"optim_config": {"learning_rate": 0.5}, "num_epochs": 60, "batch_size": 6, "verbose": False}
    solver = stub.module("solver").Solver(blank, data, **settings)
    solver.train()
    assert solver.train_acc_history[-1] == 1


@pytest.mark.parametrize("normalization", ["batchnorm", "layernorm"])
def test_the_stub_says_what_is_to_be_written(stub: Any, normalization: str) -> None:
    with pytest.raises(NotImplementedError, match="FullyConnectedNet"):
        stub.module("fc_net").FullyConnectedNet([5], normalization=normalization)
    with pytest.raises(NotImplementedError, match=f"{normalization}_forward"):
        getattr(stub.module("layers"), f"{normalization}_forward")(
            np.ones((2, 3)), np.ones(3), np.ones(3), {"mode": "train"}
        )
