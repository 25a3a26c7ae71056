"""The layers: values against plain definitions, gradients against complex-step differentiation.

A complex step has no difference of nearby numbers in it, so it gives the derivative to the last digits (Squire & Trapp
1998); it runs through the forward functions and knows nothing of the backward ones. Where a maximum stands in the way,
centered differences take its place.
"""

# ruff: noqa: NPY002 (dropout draws from numpy's global generator, so that np.random.seed repeats it)

import inspect
import math
import re
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from funkcije import layer_utils, layers
from funkcije.gradient_check import eval_numerical_gradient, eval_numerical_gradient_array

Array = np.ndarray

# Batch and layer normalization, each with its backward functions.
NORMALIZATIONS = [
    pytest.param(layers.batchnorm_forward, layers.batchnorm_backward, id="batchnorm"),
    pytest.param(layers.batchnorm_forward, layers.batchnorm_backward_alt, id="batchnorm_alt"),
    pytest.param(layers.layernorm_forward, layers.layernorm_backward, id="layernorm"),
]
SIZES = [(1, 1), (1, 4), (5, 1), (2, 7), (7, 3), (64, 5)]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(231)


def complex_step(f: Callable[[Array], Array], x: Array, df: Array) -> Array:
    """Gradient at x of the sum of f(x) * df."""
    grad = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[index] += 1e-30j
        grad[index] = np.sum(f(moved).imag * df) / 1e-30
    return grad


def batch(rng: np.random.Generator, N: int, D: int) -> tuple[Array, Array, Array, Array]:
    """Inputs far from standardized, gamma, beta and an upstream gradient, none of them uniform."""
    x = rng.normal(size=(N, D)) * rng.uniform(0.5, 3, D) + rng.uniform(-5, 5, D)
    return x, rng.normal(size=D) + 2, rng.normal(size=D), rng.normal(size=(N, D))


def normalized(rows: list[list[float]], eps: float) -> list[list[float]]:
    """Each row normalized, from the definition, in Python's own exact sums."""
    return [
        [(value - statistics.fmean(row)) / math.sqrt(statistics.pvariance(row) + eps) for value in row] for row in rows
    ]


# Affine, ReLU


def test_affine_reads_an_image_as_one_row_of_features(rng: np.random.Generator) -> None:
    x, w, b = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(60, 7)), rng.normal(size=7)
    out, _ = layers.affine_forward(x, w, b)
    features = x.reshape(2, 60).tolist()
    expected = [
        [math.fsum(f * v for f, v in zip(row, w[:, m], strict=True)) + b[m] for m in range(7)] for row in features
    ]
    np.testing.assert_allclose(out, expected, rtol=1e-12)


def test_affine_gradients_are_exact_and_have_the_shapes_of_the_inputs(rng: np.random.Generator) -> None:
    x, w, b, dout = rng.normal(size=(3, 2, 2)), rng.normal(size=(4, 5)), rng.normal(size=5), rng.normal(size=(3, 5))
    dx, dw, db = layers.affine_backward(dout, layers.affine_forward(x, w, b)[1])
    np.testing.assert_allclose(dx, complex_step(lambda v: layers.affine_forward(v, w, b)[0], x, dout), rtol=1e-12)
    np.testing.assert_allclose(dw, complex_step(lambda v: layers.affine_forward(x, v, b)[0], w, dout), rtol=1e-12)
    np.testing.assert_allclose(db, complex_step(lambda v: x.reshape(3, 4) @ w + v, b, dout), rtol=1e-12)


def test_relu_keeps_what_is_positive_and_passes_gradients_only_there() -> None:
    x = np.array([[-2.0, 0.0, 3.0]])
    out, cache = layers.relu_forward(x)
    assert out.tolist() == [[0, 0, 3]]
    assert layers.relu_backward(np.array([[5.0, 6.0, 7.0]]), cache).tolist() == [[0, 0, 7]]


# Normalization, forward


@pytest.mark.parametrize("eps", [1e-5, 0.3])
@pytest.mark.parametrize(("N", "D"), SIZES)
def test_batchnorm_normalizes_each_column_by_the_definition(
    rng: np.random.Generator, N: int, D: int, eps: float
) -> None:
    x, gamma, beta, _ = batch(rng, N, D)
    out, _ = layers.batchnorm_forward(x, gamma, beta, {"mode": "train", "eps": eps})
    expected = gamma * np.array(normalized(x.T.tolist(), eps)).T + beta
    assert out.shape == (N, D)
    np.testing.assert_allclose(out, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("eps", [1e-5, 0.3])
@pytest.mark.parametrize(("N", "D"), SIZES)
def test_layernorm_normalizes_each_row_by_the_definition(rng: np.random.Generator, N: int, D: int, eps: float) -> None:
    x, gamma, beta, _ = batch(rng, N, D)
    out, _ = layers.layernorm_forward(x, gamma, beta, {"eps": eps})
    expected = gamma * np.array(normalized(x.tolist(), eps)) + beta
    assert out.shape == (N, D)
    np.testing.assert_allclose(out, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("forward", [layers.batchnorm_forward, layers.layernorm_forward])
def test_eps_is_1e_5_where_it_is_not_given(forward: Any, rng: np.random.Generator) -> None:
    x, gamma, beta, _ = batch(rng, 4, 3)
    x *= 1e-2  # variances of the order of eps, so that it shows
    default, named, other = (
        forward(x, gamma, beta, {"mode": "train", **param})[0] for param in ({}, {"eps": 1e-5}, {"eps": 1e-4})
    )
    assert np.array_equal(default, named)
    assert not np.allclose(default, other)


def test_layernorm_of_a_row_does_not_depend_on_the_others(rng: np.random.Generator) -> None:
    x, gamma, beta, _ = batch(rng, 6, 4)
    together, _ = layers.layernorm_forward(x, gamma, beta, {"mode": "train"})
    alone, _ = layers.layernorm_forward(x[2:3], gamma, beta, {"mode": "test"})
    np.testing.assert_array_equal(together[2:3], alone)


@pytest.mark.parametrize("momentum", [None, 0.9, 0.4, 0.0, 1.0])
def test_running_statistics_are_the_weighted_sum_of_the_batches(
    rng: np.random.Generator, momentum: float | None
) -> None:
    bn_param = {"mode": "train"} | ({} if momentum is None else {"momentum": momentum})
    batches = [batch(rng, 6, 3)[0] for _ in range(4)]
    for x in batches:
        layers.batchnorm_forward(x, np.ones(3), np.zeros(3), bn_param)
    m = 0.9 if momentum is None else momentum
    weights = [(1 - m) * m ** (len(batches) - 1 - age) for age in range(len(batches))]
    for key, statistic in (("running_mean", statistics.fmean), ("running_var", statistics.pvariance)):
        expected = [
            sum(w * statistic(x[:, j].tolist()) for w, x in zip(weights, batches, strict=True)) for j in range(3)
        ]
        assert bn_param[key].shape == (3,)
        np.testing.assert_allclose(bn_param[key], expected, rtol=1e-12)


def test_running_statistics_that_are_there_are_continued_from_and_not_written_into(rng: np.random.Generator) -> None:
    x, gamma, beta, _ = batch(rng, 5, 2)
    mean, var = np.array([3.0, -1.0]), np.array([2.0, 5.0])
    bn_param = {"mode": "train", "running_mean": mean, "running_var": var, "momentum": 0.75}
    layers.batchnorm_forward(x, gamma, beta, bn_param)
    np.testing.assert_allclose(bn_param["running_mean"], 0.75 * np.array([3, -1]) + 0.25 * x.mean(axis=0))
    np.testing.assert_allclose(bn_param["running_var"], 0.75 * np.array([2, 5]) + 0.25 * x.var(axis=0))
    assert (mean.tolist(), var.tolist()) == ([3, -1], [2, 5])


@pytest.mark.parametrize("N", [1, 4])
def test_test_mode_uses_the_running_statistics_and_leaves_them(rng: np.random.Generator, N: int) -> None:
    x, gamma, beta, _ = batch(rng, N, 3)
    mean, var = rng.normal(size=3), rng.uniform(0.5, 2, 3)
    bn_param = {"mode": "test", "running_mean": mean.copy(), "running_var": var.copy(), "eps": 0.1}
    out, _ = layers.batchnorm_forward(x, gamma, beta, bn_param)
    expected = [[gamma[j] * (row[j] - mean[j]) / math.sqrt(var[j] + 0.1) + beta[j] for j in range(3)] for row in x]
    np.testing.assert_allclose(out, expected, rtol=1e-12)
    assert bn_param.keys() == {"mode", "running_mean", "running_var", "eps"}
    np.testing.assert_array_equal(bn_param["running_mean"], mean)
    np.testing.assert_array_equal(bn_param["running_var"], var)


@pytest.mark.parametrize("bn_param", [{"mode": "training"}, {}])
def test_an_unknown_mode_of_batchnorm_is_named(bn_param: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r'expected "train" or "test"'):
        layers.batchnorm_forward(np.ones((2, 2)), np.ones(2), np.zeros(2), bn_param)


# Normalization, backward


@pytest.mark.parametrize("eps", [1e-5, 0.3])
@pytest.mark.parametrize(("N", "D"), SIZES)
@pytest.mark.parametrize(("forward", "backward"), NORMALIZATIONS)
def test_normalization_gradients_agree_with_the_complex_step(
    forward: Any, backward: Any, rng: np.random.Generator, N: int, D: int, eps: float
) -> None:
    x, gamma, beta, dout = batch(rng, N, D)

    def out(x: Array, gamma: Array, beta: Array) -> Array:
        result: Array = forward(x, gamma, beta, {"mode": "train", "eps": eps})[0]
        return result

    _, cache = forward(x, gamma, beta, {"mode": "train", "eps": eps})
    dx, dgamma, dbeta = backward(dout, cache)
    assert (dx.shape, dgamma.shape, dbeta.shape) == ((N, D), (D,), (D,))
    # Gradients that cancel to zero (N = 1, D = 1) leave the rounding of their terms, of the size of 1 / sqrt(eps).
    close = {"rtol": 1e-8, "atol": 1e-11}
    np.testing.assert_allclose(dx, complex_step(lambda v: out(v, gamma, beta), x, dout), **close)
    np.testing.assert_allclose(dgamma, complex_step(lambda v: out(x, v, beta), gamma, dout), **close)
    np.testing.assert_allclose(dbeta, complex_step(lambda v: out(x, gamma, v), beta, dout), **close)


@pytest.mark.parametrize(("forward", "backward"), NORMALIZATIONS)
def test_normalization_changes_none_of_its_inputs(forward: Any, backward: Any, rng: np.random.Generator) -> None:
    given = batch(rng, 6, 4)
    x, gamma, beta, dout = (array.copy() for array in given)
    _, cache = forward(x, gamma, beta, {"mode": "train"})
    once = [gradient.copy() for gradient in backward(dout, cache)]
    for again, first in zip(backward(dout, cache), once, strict=True):
        np.testing.assert_array_equal(again, first)
    for after, before in zip((x, gamma, beta, dout), given, strict=True):
        np.testing.assert_array_equal(after, before)


# Types


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("forward", "backward"), NORMALIZATIONS)
def test_normalization_keeps_the_dtype_and_is_right_to_its_precision(
    forward: Any, backward: Any, rng: np.random.Generator, dtype: type[np.floating]
) -> None:
    exact = batch(rng, 8, 5)
    x, gamma, beta, dout = (array.astype(dtype) for array in exact)
    # A setting may arrive as a float64 of numpy's, which must not widen the result.
    bn_param = {"mode": "train", "eps": np.float64(1e-5), "momentum": np.float64(0.9)}
    out, cache = forward(x, gamma, beta, bn_param)
    results = [out, *backward(dout, cache), *(bn_param[key] for key in bn_param if key.startswith("running"))]
    if forward is layers.batchnorm_forward:
        results.append(forward(x, gamma, beta, bn_param | {"mode": "test"})[0])
    assert {result.dtype for result in results} == {np.dtype(dtype)}

    exact_out, exact_cache = forward(*exact[:3], {"mode": "train"})
    for got, expected in zip(results[:4], [exact_out, *backward(exact[3], exact_cache)], strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def test_the_other_layers_keep_float32(rng: np.random.Generator) -> None:
    x, w, b, dout = (rng.normal(size=shape).astype(np.float32) for shape in ((4, 3), (3, 5), (5,), (4, 5)))
    y = np.array([0, 4, 2, 2])
    out, cache = layers.affine_forward(x, w, b)
    relu, relu_cache = layers.relu_forward(out)
    kept, mask = layers.dropout_forward(out, {"mode": "train", "p": np.float64(0.5)})
    results = [
        out,
        *layers.affine_backward(dout, cache),
        relu,
        layers.relu_backward(dout, relu_cache),
        kept,
        layers.dropout_backward(dout, mask),
        layers.softmax_loss(out, y)[1],
        layers.svm_loss(out, y)[1],
    ]
    assert {result.dtype for result in results} == {np.dtype(np.float32)}


# Dropout


def test_dropout_keeps_with_probability_p_and_keeps_the_mean() -> None:
    np.random.seed(231)
    x = np.full((500, 400), 3.0)
    out, _ = layers.dropout_forward(x, {"mode": "train", "p": 0.3})
    assert set(np.unique(out)) == {0.0, 3.0 / 0.3}
    assert np.mean(out != 0) == pytest.approx(0.3, abs=0.01)
    assert out.mean() == pytest.approx(3.0, rel=0.03)


def test_dropout_in_test_mode_does_nothing() -> None:
    x, dout = np.arange(6.0), np.arange(6.0) + 1
    out, cache = layers.dropout_forward(x, {"mode": "test", "p": 0.3})
    np.testing.assert_array_equal(out, x)
    np.testing.assert_array_equal(layers.dropout_backward(dout, cache), dout)


def test_dropout_passes_gradients_where_it_kept_entries(rng: np.random.Generator) -> None:
    x, dout, dropout_param = rng.normal(size=(10, 10)) + 10, rng.normal(size=(10, 10)), {"mode": "train", "p": 0.6}
    dropout_param["seed"] = 123
    _, cache = layers.dropout_forward(x, dropout_param)
    numerical = complex_step(lambda v: layers.dropout_forward(v, dropout_param)[0], x, dout)
    np.testing.assert_allclose(layers.dropout_backward(dout, cache), numerical, rtol=1e-12)


def test_a_seed_repeats_the_mask_that_it_gave_numpys_global_generator_and_leaves_that_alone() -> None:
    x = np.ones((5, 6))
    np.random.seed(7)
    before = np.random.get_state()[1].copy()
    out, _ = layers.dropout_forward(x, {"mode": "train", "p": 0.5, "seed": 11})
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    np.random.seed(11)
    np.testing.assert_array_equal(out != 0, np.random.rand(5, 6) < 0.5)


@pytest.mark.parametrize(
    ("dropout_param", "says"),
    [
        ({"mode": "train", "p": 0}, "0 < p <= 1"),
        ({"mode": "test", "p": 1.5}, "0 < p <= 1"),
        ({"mode": "drop", "p": 0.5}, 'expected "train" or "test"'),
    ],
)
def test_dropout_names_what_is_wrong_with_its_settings(dropout_param: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        layers.dropout_forward(np.ones(3), dropout_param)


# Losses


def test_softmax_loss_is_the_mean_negative_log_probability(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(6, 4)), rng.integers(4, size=6)
    loss, _ = layers.softmax_loss(x, y)
    expected = statistics.fmean(
        math.log(math.fsum(math.exp(s) for s in row)) - row[c] for row, c in zip(x.tolist(), y.tolist(), strict=True)
    )
    assert loss == pytest.approx(expected, rel=1e-12)


def test_softmax_loss_stands_scores_of_any_size() -> None:
    x = np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4]])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        loss, dx = layers.softmax_loss(x, np.array([1, 0]))
    assert loss == pytest.approx((2e4 + math.log(3)) / 2)
    assert np.isfinite(dx).all()


def test_svm_loss_is_the_mean_sum_of_violated_margins(rng: np.random.Generator) -> None:
    x, y = 3 * rng.normal(size=(6, 4)), rng.integers(4, size=6)
    loss, _ = layers.svm_loss(x, y)
    expected = statistics.fmean(
        sum(max(0.0, row[c] - row[right] + 1) for c in range(4) if c != right)
        for row, right in zip(x.tolist(), y.tolist(), strict=True)
    )
    assert loss == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("loss", [layers.softmax_loss, layers.svm_loss])
def test_loss_gradients_agree_with_the_numerical_ones(loss: Any, rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(6, 4)), rng.integers(4, size=6)
    before = x.copy()
    numerical = eval_numerical_gradient(lambda v: loss(v, y)[0], x, verbose=False)
    np.testing.assert_allclose(loss(x, y)[1], numerical, rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(x, before)


# Blocks


@pytest.mark.parametrize("norm", ["", "bn_", "ln_"])
def test_the_gradients_of_a_block_agree_with_the_numerical_ones(norm: str, rng: np.random.Generator) -> None:
    forward = getattr(layer_utils, f"affine_{norm}relu_forward")
    backward = getattr(layer_utils, f"affine_{norm}relu_backward")
    inputs = [rng.normal(size=shape) for shape in ((5, 2, 3), (6, 4), (4,))]
    inputs += [rng.normal(size=4) for _ in range(2)] if norm else []
    extra = [{"mode": "train"}] if norm else []
    dout = rng.normal(size=(5, 4))
    out, cache = forward(*inputs, *extra)
    assert out.min() == 0 < out.max()
    gradients = backward(dout, cache)
    for index, gradient in enumerate(gradients):

        def moved(value: Array, index: int = index) -> Array:
            result: Array = forward(*inputs[:index], value, *inputs[index + 1 :], *extra)[0]
            return result

        numerical = eval_numerical_gradient_array(moved, inputs[index], dout)
        np.testing.assert_allclose(gradient, numerical, rtol=1e-6, atol=1e-8)
    assert len(gradients) == len(inputs)


# How it reads


def test_the_way_back_goes_through_lines_of_the_forward_pass_from_the_last_to_the_first() -> None:
    forward = [line.strip() for line in inspect.getsource(layers.batchnorm_forward).splitlines()]
    named = re.findall(r"# (\w+ = .+)", inspect.getsource(layers.batchnorm_backward))
    places = [forward.index(line) for line in named]
    assert len(places) == 6
    assert places == sorted(places, reverse=True)


@pytest.mark.parametrize("way", ["forward", "backward"])
def test_layer_normalization_names_things_as_batch_normalization_does(way: str) -> None:
    batch, layer = (set(getattr(layers, f"{kind}_{way}").__code__.co_varnames) for kind in ("batchnorm", "layernorm"))
    assert layer - batch <= {"ln_param", "D", "through_mean", "through_var"}
    assert {"x_hat", "std"} <= layer & batch
