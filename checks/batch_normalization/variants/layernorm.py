"""Layer normalization written otherwise: by transposing, by batch normalization, and in forms of its own.

A variant is a pair. `@backward` adds a backward pass over a forward pass that keeps everything, `@forward` a forward
pass with the backward pass that reads its cache. Ids are the functions' names behind `ln_`.
"""

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from checks.mistakes import Variant

from . import batchnorm

Array = np.ndarray
Param = dict[str, Any]
Gradients = tuple[Array, Array, Array]
Forward = Callable[[Array, Array, Array, Param], tuple[Array, Any]]
Backward = Callable[[Array, Any], Gradients]

VARIANTS: list[Variant] = []


def forward(backward: Backward) -> Callable[[Forward], Forward]:
    """Add the variant of a forward pass."""

    def add(function: Forward) -> Forward:
        _add(function.__name__, function, backward)
        return function

    return add


def backward(function: Backward) -> Backward:
    """Add the variant of a backward pass, over a forward pass that keeps everything."""
    _add(function.__name__, keeping_everything, function)
    return function


def _add(name: str, forward: Forward, backward: Backward) -> None:
    layers: dict[str, Callable[..., Any]] = {"layernorm_forward": forward, "layernorm_backward": backward}
    VARIANTS.append(Variant(f"ln_{name}", layers))


def keeping_everything(x: Array, gamma: Array, beta: Array, ln_param: Param) -> tuple[Array, Any]:
    """The forward pass under the backward passes of this file."""
    eps = ln_param.get("eps", 1e-5)
    mean, var = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
    std = np.sqrt(var + eps)
    x_hat = (x - mean) / std
    kept = {"x": x, "mean": mean, "var": var, "eps": eps, "std": std, "x_hat": x_hat, "gamma": gamma}
    return gamma * x_hat + beta, kept


# By batch normalization.


def back_through_the_transposed(dout: Array, cache: Any) -> Gradients:
    """Batch normalization's closed form on (D, N), with gamma before it."""
    x_hat, std, gamma = cache
    D = dout.shape[1]
    dx_hat = (dout * gamma).T
    dx = (D * dx_hat - dx_hat.sum(0) - x_hat * (dx_hat * x_hat).sum(0)) / (D * std)
    return dx.T, (dout.T * x_hat).sum(axis=1), dout.sum(axis=0)


@forward(back_through_the_transposed)
def by_transposing(x: Array, gamma: Array, beta: Array, ln_param: Param) -> tuple[Array, Any]:
    """The text of batch normalization on x.T."""
    columns = x.T
    std = np.sqrt(columns.var(axis=0) + ln_param.get("eps", 1e-5))
    x_hat = (columns - columns.mean(axis=0)) / std
    return (gamma[:, None] * x_hat + beta[:, None]).T, (x_hat, std, gamma)


def back_through_batch_normalization(dout: Array, cache: Any) -> Gradients:
    """The own batch normalization goes back through what it normalized; gamma and beta are done here."""
    inner, x_hat, gamma = cache
    dx, _, _ = batchnorm.equations_of_the_paper((dout * gamma).T, inner)
    return dx.T, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@forward(back_through_batch_normalization)
def by_calling_batch_normalization(x: Array, gamma: Array, beta: Array, ln_param: Param) -> tuple[Array, Any]:
    """The own batchnorm_forward in training mode, with ones and zeros, on x.T."""
    ones, zeros = np.ones(len(x), x.dtype), np.zeros(len(x), x.dtype)
    x_hat, inner = batchnorm.keeping_everything(x.T, ones, zeros, {**ln_param, "mode": "train"})
    return gamma * x_hat.T + beta, (inner, x_hat.T, gamma)


def back_with_columns_of_gamma(dout: Array, cache: Any) -> Gradients:
    """Batch normalization's closed form with gamma as (D, 1); its sums for gamma and beta run over the wrong axis."""
    dx, _, _ = batchnorm.from_a_tuple(dout.T, cache)
    return dx.T, np.sum(dout.T * cache[0], axis=1), np.sum(dout.T, axis=1)


@forward(back_with_columns_of_gamma)
def by_calling_batch_normalization_with_columns(
    x: Array, gamma: Array, beta: Array, ln_param: Param
) -> tuple[Array, Any]:
    """The own batchnorm_forward with gamma and beta as (D, 1)."""
    ln_param["mode"] = "train"
    inner = dict(ln_param)
    out, cache = batchnorm.statistics_kept_in_place(x.T, gamma.reshape(-1, 1), beta.reshape(-1, 1), inner)
    return out.T, cache


def normalize(x: Array, gamma: Array, beta: Array, eps: float, sums: int) -> tuple[Array, Any]:
    """Columns normalized; `sums` is the axis that gamma and beta are summed over on the way back."""
    std = np.sqrt(x.var(axis=0) + eps)
    x_hat = (x - x.mean(axis=0)) / std
    return gamma * x_hat + beta, (x_hat, std, gamma, sums)


def denormalize(dout: Array, cache: Any) -> Gradients:
    """The way back through `normalize`, in the order of memory that it came."""
    x_hat, std, gamma, sums = cache
    dx = dout * gamma / (len(dout) * std)
    dx = len(dout) * dx - (dx * x_hat).sum(axis=0) * x_hat - dx.sum(axis=0)
    return dx, (dout * x_hat).sum(axis=sums), dout.sum(axis=sums)


@forward(lambda dout, cache: (denormalize(dout.T, cache)[0].T, *denormalize(dout.T, cache)[1:]))
def by_a_flag(x: Array, gamma: Array, beta: Array, ln_param: Param) -> tuple[Array, Any]:
    """One pair of functions for both normalizations, told the axis that gamma is summed over."""
    gamma, beta = np.atleast_2d(gamma, beta)
    out, cache = normalize(x.T, gamma.T, beta.T, ln_param.get("eps", 1e-5), sums=1)
    return out.T, cache


# The gradient.


@backward
def equations_of_the_paper_along_rows(dout: Array, cache: Any) -> Gradients:
    """Through variance and mean, staged."""
    x, mean, var, eps, x_hat = (cache[name] for name in ("x", "mean", "var", "eps", "x_hat"))
    D = x.shape[1]
    dx_hat = dout * cache["gamma"]
    dvar = np.sum(dx_hat * (x - mean) * -0.5 * (var + eps) ** (-3 / 2), axis=1, keepdims=True)
    dmean = -np.sum(dx_hat / np.sqrt(var + eps), axis=1, keepdims=True)
    dmean = dmean + dvar * np.sum(-2 * (x - mean), axis=1, keepdims=True) / D
    dx = dx_hat / np.sqrt(var + eps) + dvar * 2 * (x - mean) / D + dmean / D
    return dx, np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)


@backward
def closed_by_sums_along_rows(dout: Array, cache: Any) -> Gradients:
    """1 / (D std) (D g - sum(g) - x_hat sum(g x_hat)), with [:, None]."""
    x_hat, std, D = cache["x_hat"], cache["std"], dout.shape[1]
    g = dout * cache["gamma"]
    dx = (D * g - g.sum(axis=1)[:, None] - x_hat * (g * x_hat).sum(axis=1)[:, None]) / (D * std)
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@backward
def closed_in_the_deviations_along_rows(dout: Array, cache: Any) -> Gradients:
    """With (x - mean) / (var + eps) in place of x_hat."""
    deviation, var = cache["x"] - cache["mean"], cache["var"] + cache["eps"]
    g = cache["gamma"] * dout
    along = np.mean(g * deviation, axis=-1, keepdims=True) / var
    dx = (g - np.mean(g, axis=-1, keepdims=True) - deviation * along) * var**-0.5
    return dx, np.sum(dout * deviation * var**-0.5, axis=0), np.sum(dout, axis=0)


@backward
def closed_by_einsum_along_rows(dout: Array, cache: Any) -> Gradients:
    """No sum without a subscript."""
    x_hat, D = cache["x_hat"], dout.shape[1]
    g = np.einsum("nd,d->nd", dout, cache["gamma"])
    dx = g - np.einsum("nd->n", g)[:, None] / D - np.einsum("nd,nk,nk->nd", x_hat, g, x_hat) / D
    return dx / cache["std"], np.einsum("nd,nd->d", dout, x_hat), np.einsum("nd->d", dout)


@backward
def graph_along_rows(dout: Array, cache: Any) -> Gradients:
    """A gate to a line, on the transposed matrices, with matrices of ones."""
    centered, std, x_hat = (cache["x"] - cache["mean"]).T, cache["std"].T, cache["x_hat"].T
    D, N = centered.shape
    dx_hat = dout.T * cache["gamma"][:, np.newaxis]
    dstd = -np.sum(dx_hat * centered, axis=0, keepdims=True) / std**2
    dvar = 0.5 * dstd / std
    dcentered = dx_hat / std + 2 * centered * np.ones((D, N)) * dvar / D
    dx = dcentered - np.ones((D, N)) * np.sum(dcentered, axis=0) / D
    return dx.T, np.sum(dout.T * x_hat, axis=1), np.sum(dout.T, axis=1)


@backward
def jacobian_of_each_row(dout: Array, cache: Any) -> Gradients:
    """(I - 1/D - x_hat^T x_hat / D) / std, row by row."""
    x_hat, D = cache["x_hat"], dout.shape[1]
    rows = []
    for row, g, std in zip(x_hat, dout * cache["gamma"], cache["std"], strict=True):
        rows.append(g @ (np.eye(D) - (1 + np.outer(row, row)) / D) / std)
    return np.vstack(rows), np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)


@backward
def loops_along_rows(dout: Array, cache: Any) -> Gradients:
    """A loop over the examples, the sums of gamma and beta growing in it."""
    x_hat, gamma = cache["x_hat"], cache["gamma"]
    dx, dgamma, dbeta = np.empty_like(dout), np.zeros_like(gamma), np.zeros_like(gamma)
    for i in range(len(dout)):
        g = gamma * dout[i]
        dx[i] = (g - g.mean() - x_hat[i] * (g * x_hat[i]).mean()) / cache["std"][i]
        dgamma += dout[i] * x_hat[i]
        dbeta += dout[i]
    return dx, dgamma, dbeta


@backward
def in_place_along_rows(dout: Array, cache: Any) -> Gradients:
    """One array of the size of dout, written again and again."""
    x_hat = cache["x_hat"]
    dx = dout * cache["gamma"]
    along = np.mean(dx * x_hat, axis=1, keepdims=True)
    dx -= dx.mean(axis=1, keepdims=True)
    dx -= along * x_hat
    dx /= cache["std"]
    return dx, np.diag(x_hat.T @ dout).copy(), np.ones(len(dout)).dot(dout).astype(dout.dtype)


# Forward passes and their caches.


def from_a_tuple(dout: Array, cache: Any) -> Gradients:
    """The closed form on (x_hat, std, gamma), std of shape (N, 1)."""
    x_hat, std, gamma = cache
    g = dout * gamma
    dx = (g - g.mean(axis=1, keepdims=True) - x_hat * (g * x_hat).mean(axis=1, keepdims=True)) / std
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


def from_x(dout: Array, cache: Any) -> Gradients:
    """The cache holds what came in; all else is computed again."""
    x, gamma, eps = cache
    std = np.sqrt(np.var(x, axis=1, keepdims=True) + eps)
    return from_a_tuple(dout, ((x - np.mean(x, axis=1, keepdims=True)) / std, std, gamma))


@forward(from_x)
def cache_of_the_inputs(
    x: Array, gamma: Array, beta: Array, ln_param: Param, axis: int = 1, ddof: int = 0
) -> tuple[Array, Any]:
    """Nothing kept but the inputs; arguments with defaults of its own."""
    eps = ln_param.setdefault("eps", 1e-5)
    deviation = x - np.expand_dims(np.mean(x, axis=axis), axis)
    std = np.sqrt(np.expand_dims(np.var(x, axis=axis, ddof=ddof), axis) + eps)
    return deviation / std * gamma + beta, (x, gamma, eps)


@forward(lambda dout, cache: from_a_tuple(dout, (cache.x_hat, cache.std, cache.gamma)))
def cache_of_an_object(x: Array, gamma: Array, beta: Array, ln_param: Param) -> tuple[Array, Any]:
    """Attributes as cache; the mode read, and of no effect."""
    mode = ln_param.get("mode", "train")
    std = np.hypot(np.std(x, axis=1, keepdims=True), math.sqrt(ln_param.get("eps", 1e-5)))
    kept = SimpleNamespace(x_hat=(x - x.mean(axis=1, keepdims=True)) / std, std=std, gamma=gamma, mode=mode)
    return kept.gamma * kept.x_hat + beta, kept


@forward(lambda dout, cache: cache(dout))
def cache_of_a_closure(x: Array, gamma: Array, beta: Array, ln_param: Param) -> tuple[Array, Any]:
    """The cache is the backward pass."""
    deviation = x - x.mean(axis=-1, keepdims=True)
    std = np.sqrt(np.square(deviation).mean(axis=-1, keepdims=True) + ln_param.get("eps", 1e-5))
    x_hat = deviation / std
    return np.add(np.multiply(gamma, x_hat), beta), lambda dout: from_a_tuple(dout, (x_hat, std, gamma))


@forward(from_a_tuple)
def variance_in_one_pass(x: Array, gamma: Array, beta: Array, ln_param: Param) -> tuple[Array, Any]:
    """E[x²] - E[x]², summed in float64, whatever the type of x."""
    D = x.shape[1]
    mean = np.sum(x, axis=1, dtype=np.float64).reshape(-1, 1) / D
    var = np.maximum(np.sum(x.astype(np.float64) ** 2, axis=1).reshape(-1, 1) / D - mean**2, 0)
    inverse = 1 / np.sqrt(var + ln_param.get("eps", 1e-5))
    x_hat = ((x - mean) * inverse).astype(x.dtype)
    return gamma * x_hat + beta, (x_hat, 1 / inverse, gamma)


@forward(from_a_tuple)
def rows_by_a_loop(x: Array, gamma: Array, beta: Array, ln_param: Param) -> tuple[Array, Any]:
    """Row by row, into arrays made before."""
    out, x_hat, std = np.zeros_like(x), np.zeros_like(x), np.zeros((len(x), 1), dtype=x.dtype)
    for i, row in enumerate(x):
        mean = sum(row) / len(row)
        std[i] = math.sqrt(sum((row - mean) ** 2) / len(row) + ln_param.get("eps", 1e-5))
        x_hat[i] = (row - mean) / std[i]
        out[i] = gamma * x_hat[i] + beta
    return out, [x_hat, std, gamma]


@forward(from_a_tuple)
def rows_by_a_helper(x: Array, gamma: Array, beta: Array, ln_param: Param) -> tuple[Array, Any]:
    """A helper for one example, applied along the axis."""
    eps = ln_param.get("eps", 1e-5)
    x_hat = np.apply_along_axis(lambda row: (row - row.mean()) * (row.var() + eps) ** -0.5, 1, x)
    return np.array([gamma * row + beta for row in x_hat]), (x_hat, np.sqrt([[row.var() + eps] for row in x]), gamma)


@forward(from_a_tuple)
def rows_by_matrix_products(x: Array, gamma: Array, beta: Array, ln_param: Param) -> tuple[Array, Any]:
    """Means as products with a column of 1/D."""
    D = x.shape[1]
    weights = np.full((D, 1), 1 / D, dtype=x.dtype)
    deviation = x @ (np.eye(D, dtype=x.dtype) - weights)
    std = np.sqrt(deviation**2 @ weights + ln_param.get("eps", 1e-5))
    x_hat = deviation / std
    return x_hat @ np.diag(gamma) + beta, (x_hat, std, gamma)


@forward(from_a_tuple)
def rows_in_place(x: Array, gamma: Array, beta: Array, ln_param: Param) -> tuple[Array, Any]:
    """One copy of x, turned step by step into out."""
    out = x.copy()
    out -= np.einsum("nd->n", out)[:, None] / out.shape[1]
    std = np.power(np.einsum("nd,nd->n", out, out) / out.shape[1] + ln_param.get("eps", 1e-5), 0.5)[:, None]
    np.divide(out, std, out=out)
    x_hat = out.copy()
    out *= gamma
    out += beta
    return out, (x_hat, std, gamma)


@forward(from_x)
def scale_and_shift_folded(x: Array, gamma: Array, beta: Array, ln_param: Param) -> tuple[Array, Any]:
    """As a x + b with an a and a b for each number."""
    eps = ln_param.get("eps", 1e-5)
    inverse = np.reciprocal(np.sqrt(x.var(axis=1, keepdims=True) + eps))
    a = inverse * gamma
    return a * x + (beta - a * x.mean(axis=1, keepdims=True)), (x, gamma, eps)


@forward(from_a_tuple)
def in_the_type_of_x(x: Array, gamma: Array, beta: Array, ln_param: Param) -> tuple[Array, Any]:
    """Everything cast to the type of x first."""
    gamma, beta, eps = gamma.astype(x.dtype), beta.astype(x.dtype), x.dtype.type(ln_param.get("eps", 1e-5))
    std = np.sqrt(x.var(axis=1, keepdims=True, dtype=x.dtype) + eps)
    x_hat = (x - x.mean(axis=1, keepdims=True, dtype=x.dtype)) / std
    return gamma * x_hat + beta, (x_hat, std, gamma)


@forward(from_a_tuple)
def in_double_precision_and_back(x: Array, gamma: Array, beta: Array, ln_param: Param) -> tuple[Array, Any]:
    """Computed in float64 whatever comes, returned in the type of x."""
    wide = x.astype(np.float64)
    std = np.sqrt(wide.var(axis=1, keepdims=True) + ln_param.get("eps", 1e-5))
    x_hat = (wide - wide.mean(axis=1, keepdims=True)) / std
    return (gamma * x_hat + beta).astype(x.dtype), (x_hat, std, gamma)
