"""Batch normalization written otherwise: forward passes, the forms of its gradient, and what may be a cache.

A variant is a pair. `@backward` adds one backward pass, for both tasks, over a forward pass that keeps everything;
`@training` adds the training mode of a forward pass, and `@forward` a whole one, each with the backward pass that reads
its cache. Ids are the functions' names behind `bn_`.
"""

import math
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from checks.mistakes import Variant

Array = np.ndarray
Param = dict[str, Any]
Gradients = tuple[Array, Array, Array]
Forward = Callable[[Array, Array, Array, Param], tuple[Array, Any]]
Training = Callable[[Array, Array, Array, float], tuple[Array, Any, Array, Array]]
"""From x, gamma, beta and eps to out, cache, and the batch's mean and variance."""
Backward = Callable[[Array, Any], Gradients]

VARIANTS: list[Variant] = []


def forward(backward: Backward) -> Callable[[Forward], Forward]:
    """Add the variant of a whole forward pass."""

    def add(function: Forward) -> Forward:
        _add(function.__name__, function, backward)
        return function

    return add


def training(backward: Backward) -> Callable[[Training], Forward]:
    """Add the variant of a training mode; running statistics and test mode are the usual ones."""

    def add(function: Training) -> Forward:
        return forward(backward)(_with_test_mode(function))

    return add


def backward(function: Backward) -> Backward:
    """Add the variant of a backward pass, over a forward pass that keeps everything."""
    _add(function.__name__, keeping_everything, function)
    return function


def _add(name: str, forward: Forward, backward: Backward) -> None:
    layers: dict[str, Callable[..., Any]] = {
        "batchnorm_forward": forward,
        "batchnorm_backward": backward,
        "batchnorm_backward_alt": backward,
    }
    VARIANTS.append(Variant(f"bn_{name}", layers))


def update(bn_param: Param, mean: Array, var: Array) -> None:
    """The running statistics after this step."""
    momentum = bn_param.get("momentum", 0.9)
    for name, value in (("running_mean", mean), ("running_var", var)):
        before = bn_param.get(name, np.zeros_like(value))
        bn_param[name] = momentum * before + (1 - momentum) * value


def infer(x: Array, gamma: Array, beta: Array, bn_param: Param) -> tuple[Array, Any]:
    """The test mode."""
    inverse = 1 / np.sqrt(bn_param["running_var"] + bn_param.get("eps", 1e-5))
    return gamma * ((x - bn_param["running_mean"]) * inverse) + beta, None


def _with_test_mode(train: Training) -> Forward:
    def whole(x: Array, gamma: Array, beta: Array, bn_param: Param) -> tuple[Array, Any]:
        if bn_param["mode"] == "test":
            return infer(x, gamma, beta, bn_param)
        out, cache, mean, var = train(x, gamma, beta, bn_param.get("eps", 1e-5))
        update(bn_param, mean, var)
        return out, cache

    whole.__name__ = train.__name__
    return whole


@_with_test_mode
def keeping_everything(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """The forward pass under the backward passes of this file."""
    mean, var = np.mean(x, axis=0), np.var(x, axis=0)
    centered, std = x - mean, np.sqrt(var + eps)
    x_hat = centered / std
    cache = {"x": x, "mean": mean, "var": var, "eps": eps, "centered": centered, "std": std, "x_hat": x_hat}
    return gamma * x_hat + beta, cache | {"gamma": gamma, "beta": beta}, mean, var


# The gradient, staged.


@backward
def equations_of_the_paper(dout: Array, cache: Any) -> Gradients:
    """Ioffe & Szegedy's six equations, one after the other."""
    x, mean, var, eps = cache["x"], cache["mean"], cache["var"], cache["eps"]
    N = len(x)
    dx_hat = dout * cache["gamma"]
    dvar = np.sum(dx_hat * (x - mean) * -0.5 * (var + eps) ** -1.5, axis=0)
    dmean = np.sum(-dx_hat / np.sqrt(var + eps), axis=0) + dvar * np.mean(-2 * (x - mean), axis=0)
    dx = dx_hat / np.sqrt(var + eps) + dvar * 2 * (x - mean) / N + dmean / N
    return dx, np.sum(dout * cache["x_hat"], axis=0), np.sum(dout, axis=0)


@backward
def equations_without_the_term_that_vanishes(dout: Array, cache: Any) -> Gradients:
    """Deviations from the mean add up to nothing."""
    centered, std, N = cache["centered"], cache["std"], dout.shape[0]
    dx_hat = cache["gamma"] * dout
    dvar = -(dx_hat * centered).sum(0) / (2 * std**3)
    dmean = -dx_hat.sum(0) / std
    dx = dx_hat / std + (2 * dvar * centered + dmean) / N
    return dx, (dout * cache["x_hat"]).sum(0), dout.sum(0)


@backward
def graph_of_nine_nodes(dout: Array, cache: Any) -> Gradients:
    """Kratzert's graph: a gate to a line, matrices of ones for the way back through a mean."""
    N, D = dout.shape
    centered, var, eps, root = cache["centered"], cache["var"], cache["eps"], cache["std"]
    inverse = 1.0 / root
    dbeta = np.sum(dout, axis=0)
    dscaled = dout
    dgamma = np.sum(dscaled * cache["x_hat"], axis=0)
    dx_hat = dscaled * cache["gamma"]
    dinverse = np.sum(dx_hat * centered, axis=0)
    dcentered_direct = dx_hat * inverse
    droot = -1.0 / (root**2) * dinverse
    dvar = 0.5 * 1.0 / np.sqrt(var + eps) * droot
    dsquares = 1.0 / N * np.ones((N, D)) * dvar
    dcentered_squared = 2 * centered * dsquares
    dx_direct = dcentered_direct + dcentered_squared
    dmean = -1 * np.sum(dcentered_direct + dcentered_squared, axis=0)
    return dx_direct + 1.0 / N * np.ones((N, D)) * dmean, dgamma, dbeta


@backward
def tape_of_closures(dout: Array, cache: Any) -> Gradients:
    """Each node says how to go back through it; the tape is read from its end."""
    centered, std, N = cache["centered"], cache["std"], len(dout)
    grads: dict[str, Array] = {"scaled": dout, "centered": np.zeros_like(dout)}

    def scaled() -> None:
        grads["x_hat"] = grads["scaled"] * cache["gamma"]

    def quotient() -> None:
        grads["centered"] += grads["x_hat"] / std
        grads["std"] = -np.sum(grads["x_hat"] * centered, axis=0) / std**2

    def root() -> None:
        grads["var"] = grads["std"] / (2 * std)

    def square() -> None:
        grads["centered"] += 2 * centered * grads["var"] / N

    def difference() -> None:
        grads["x"] = grads["centered"] - grads["centered"].mean(axis=0)

    for step in reversed([difference, square, root, quotient, scaled]):
        step()
    return grads["x"], np.sum(dout * cache["x_hat"], axis=0), dout.sum(axis=0)


@backward
def gradient_of_the_variance_from_x_hat(dout: Array, cache: Any) -> Gradients:
    """The two means first centred, then subtracted from what went straight through."""
    x_hat, std = cache["x_hat"], cache["std"]
    dx_hat = np.multiply(dout, cache["gamma"])
    dvar = -0.5 * np.sum(dx_hat * x_hat, axis=0) / std**2
    dcentered = dx_hat / std + (2 / dout.shape[0]) * cache["centered"] * dvar
    return dcentered - np.mean(dcentered, axis=0), np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)


@backward
def staged_with_rows_of_one(dout: Array, cache: Any) -> Gradients:
    """Everything (1, D) until it is returned."""
    centered, std, gamma = cache["centered"], cache["std"][np.newaxis, :], cache["gamma"].reshape(1, -1)
    N = dout.shape[0]
    dbeta = dout.sum(axis=0, keepdims=True)
    dgamma = (dout * cache["x_hat"]).sum(axis=0, keepdims=True)
    dx_hat = dout * gamma
    dvar = (dx_hat * centered * (-0.5) * np.power(std, -3)).sum(axis=0, keepdims=True)
    dmean = -(dx_hat / std).sum(axis=0, keepdims=True) - 2 * dvar * centered.mean(axis=0, keepdims=True)
    dx = dx_hat / std + 2 * centered * dvar / N + dmean / N
    return dx, dgamma.ravel(), np.squeeze(dbeta, axis=0)


@backward
def vanishing_term_summed_over_everything(dout: Array, cache: Any) -> Gradients:
    """The deviations of the whole matrix add up to nothing, too, so that an axis left out changes nothing."""
    centered, std, N = cache["centered"], cache["std"], dout.shape[0]
    dx_hat = dout * cache["gamma"]
    dvar = np.sum(dx_hat * centered * -0.5 * std**-3, axis=0)
    dmean = np.sum(dx_hat * -1.0 / std, axis=0) + dvar * np.sum(-2 * centered) / N
    return dx_hat / std + dvar * 2 * centered / N + dmean / N, (dout * cache["x_hat"]).sum(0), dout.sum(0)


# The gradient, closed.


@backward
def closed_by_the_other_gradients(dout: Array, cache: Any) -> Gradients:
    """By dgamma and dbeta: gamma / (N std) (N dout - dbeta - x_hat dgamma)."""
    N, x_hat = len(dout), cache["x_hat"]
    dbeta, dgamma = dout.sum(axis=0), (dout * x_hat).sum(axis=0)
    return cache["gamma"] / (N * cache["std"]) * (N * dout - dbeta - x_hat * dgamma), dgamma, dbeta


@backward
def closed_by_sums(dout: Array, cache: Any) -> Gradients:
    """1 / (N std) (N dx_hat - sum(dx_hat) - x_hat sum(dx_hat x_hat))."""
    N, x_hat = dout.shape[0], cache["x_hat"]
    dx_hat = dout * cache["gamma"]
    dx = (1.0 / N) / cache["std"] * (N * dx_hat - np.sum(dx_hat, axis=0) - x_hat * np.sum(dx_hat * x_hat, axis=0))
    return dx, np.sum(x_hat * dout, axis=0), np.sum(dout, axis=0)


@backward
def closed_by_means(dout: Array, cache: Any) -> Gradients:
    """(g - mean(g) - x_hat mean(g x_hat)) / std."""
    x_hat, g = cache["x_hat"], dout * cache["gamma"]
    dx = (g - g.mean(axis=0) - x_hat * np.mean(g * x_hat, axis=0)) / cache["std"]
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@backward
def closed_in_the_deviations(dout: Array, cache: Any) -> Gradients:
    """With (x - mean) / (var + eps) in place of x_hat."""
    N, x, mean, var = dout.shape[0], cache["x"], cache["mean"], cache["var"] + cache["eps"]
    through_var = (x - mean) * var**-1.0 * np.sum(dout * (x - mean), axis=0)
    dx = (1.0 / N) * cache["gamma"] * var ** (-1.0 / 2.0) * (N * dout - np.sum(dout, axis=0) - through_var)
    return dx, np.sum((x - mean) * var ** (-1.0 / 2.0) * dout, axis=0), np.sum(dout, axis=0)


@backward
def closed_with_dout_centred_first(dout: Array, cache: Any) -> Gradients:
    """The mean of dout first, the projection on x_hat after it."""
    x_hat = cache["x_hat"]
    centered = dout - dout.mean(0)
    along = np.mean(centered * x_hat, axis=0)
    return cache["gamma"] / cache["std"] * (centered - along * x_hat), np.sum(dout * x_hat, 0), np.sum(dout, 0)


@backward
def closed_by_einsum(dout: Array, cache: Any) -> Gradients:
    """No sum without a subscript."""
    x_hat, scale = cache["x_hat"], cache["gamma"] / cache["std"]
    dbeta, dgamma = np.einsum("nd->d", dout), np.einsum("nd,nd->d", dout, x_hat)
    dx = np.einsum("d,nd->nd", scale, dout - (dbeta + np.einsum("d,nd->nd", dgamma, x_hat)) / len(dout))
    return dx, dgamma, dbeta


@backward
def closed_in_place_on_its_own_arrays(dout: Array, cache: Any) -> Gradients:
    """One array of the size of dout, written again and again."""
    dbeta, dgamma = dout.sum(axis=0), (dout * cache["x_hat"]).sum(axis=0)
    dx = dout.copy()
    dx *= len(dout)
    dx -= dbeta
    dx -= cache["x_hat"] * dgamma
    np.multiply(dx, cache["gamma"], out=dx)
    np.divide(dx, cache["std"], out=dx)
    dx /= len(dout)
    return dx, dgamma, dbeta


@backward
def products_with_ones_and_a_diagonal(dout: Array, cache: Any) -> Gradients:
    """Sums as matrix products, gamma's gradient from the diagonal of one."""
    N, x_hat = len(dout), cache["x_hat"]
    ones = np.ones(N, dtype=dout.dtype)
    dbeta, dgamma = ones @ dout, np.diag(dout.T @ x_hat).copy()
    return (dout - (np.outer(ones, dbeta) + x_hat * dgamma) / N) @ np.diag(cache["gamma"] / cache["std"]), dgamma, dbeta


# The gradient, from Jacobians.


@backward
def jacobian_of_each_column(dout: Array, cache: Any) -> Gradients:
    """(I - 1/N - x_hat x_hat^T / N) / std, column by column."""
    x_hat, N = cache["x_hat"], len(dout)
    dx = np.zeros_like(dout)
    for j in range(dout.shape[1]):
        column = x_hat[:, j]
        jacobian = (np.eye(N) - 1 / N - np.outer(column, column) / N) / cache["std"][j]
        dx[:, j] = jacobian @ dout[:, j] * cache["gamma"][j]
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@backward
def jacobian_of_all_columns(dout: Array, cache: Any) -> Gradients:
    """The same as one array (N, N, D)."""
    x_hat, N = cache["x_hat"], len(dout)
    jacobian = (np.eye(N)[:, :, None] - (1 + x_hat[:, None] * x_hat[None, :]) / N) / cache["std"]
    dx = np.einsum("ikd,id->kd", jacobian, dout * cache["gamma"])
    return dx, np.tensordot(np.ones(N), dout * x_hat, axes=1), np.tensordot(np.ones(N), dout, axes=1)


@backward
def centring_matrix(dout: Array, cache: Any) -> Gradients:
    """Back through x - mean is the same matrix as forward."""
    N, centered, std = len(dout), cache["centered"], cache["std"]
    matrix = np.identity(N) - np.full((N, N), 1 / N)
    g = dout * cache["gamma"]
    dx = matrix @ (g / std - centered * (g * centered).sum(axis=0) / (N * std**3))
    return dx, np.add.reduce(dout * cache["x_hat"]), np.add.reduce(dout)


@backward
def loops_over_every_number(dout: Array, cache: Any) -> Gradients:
    """Two loops, and sums that grow."""
    (N, D), x_hat = dout.shape, cache["x_hat"]
    dx, dgamma, dbeta = np.zeros_like(dout), np.zeros_like(dout[0]), np.zeros_like(dout[0])
    for j in range(D):
        for i in range(N):
            dbeta[j] += dout[i, j]
            dgamma[j] += dout[i, j] * x_hat[i, j]
        for i in range(N):
            inner = N * dout[i, j] - dbeta[j] - x_hat[i, j] * dgamma[j]
            dx[i, j] = cache["gamma"][j] * inner / (N * cache["std"][j])
    return dx, dgamma, dbeta


# Caches, and the backward passes that read them.


def from_a_tuple(dout: Array, cache: Any) -> Gradients:
    """The closed form, on (x_hat, std, gamma); rows of one are welcome in the cache."""
    x_hat, std, gamma = cache
    g = dout * gamma
    dx = (g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0)) / std
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


def from_x(dout: Array, cache: Any) -> Gradients:
    """The cache holds what came in; all else is computed again."""
    x, gamma, eps = cache
    std = np.sqrt(np.var(x, axis=0) + eps)
    return from_a_tuple(dout, ((x - np.mean(x, axis=0)) / std, std, gamma))


def from_a_closure(dout: Array, cache: Callable[[Array], Gradients]) -> Gradients:
    """The cache is the backward pass."""
    return cache(dout)


Kept = namedtuple("Kept", ["x_hat", "std", "gamma"])


@dataclass
class Step:
    """A cache that goes back by itself."""

    x_hat: Array
    inverse: Array
    gamma: Array

    def back(self, dout: Array) -> Gradients:
        """The closed form."""
        return from_a_tuple(dout, (self.x_hat, 1 / self.inverse, self.gamma))


@training(from_x)
def cache_of_the_inputs(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """Nothing kept but the inputs."""
    mean, var = x.mean(0), x.var(0)
    return (x - mean) / np.sqrt(var + eps) * gamma + beta, (x, gamma, eps), mean, var


@training(from_a_closure)
def cache_of_a_closure(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """A lambda as cache."""
    mean, std = np.mean(x, axis=0), np.sqrt(np.var(x, axis=0) + eps)
    x_hat = (x - mean) / std
    return x_hat * gamma + beta, lambda dout: from_a_tuple(dout, (x_hat, std, gamma)), mean, x.var(axis=0)


@training(from_a_closure)
def cache_of_a_partial(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """A function with its last argument filled in."""
    mean, var = np.average(x, axis=0), np.var(x, axis=0, ddof=0)
    kept = ((x - mean) * (var + eps) ** -0.5, (var + eps) ** 0.5, gamma)
    return kept[0] * gamma + beta, partial(from_a_tuple, cache=kept), mean, var


@training(from_a_tuple)
def cache_of_a_namedtuple(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """A named tuple as cache, the root from np.std."""
    mean, std = x.mean(axis=0), np.std(x, axis=0, ddof=0)
    root = np.hypot(std, math.sqrt(eps))
    x_hat = (x - mean) / root
    return gamma * x_hat + beta, Kept(x_hat=x_hat, std=root, gamma=gamma), mean, std**2


@training(lambda dout, cache: cache.back(dout))
def cache_of_a_class(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """An object as cache."""
    mean, var = x.mean(axis=0), x.var(axis=0)
    inverse = np.reciprocal(np.sqrt(var + eps))
    step = Step((x - mean) * inverse, inverse, gamma)
    return step.x_hat * gamma + beta, step, mean, var


@training(lambda dout, cache: from_a_tuple(dout, [np.asarray(item) for item in cache[:3]]))
def cache_of_a_list(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """A list with more in it than is read."""
    mean = x.mean(axis=0)
    var = np.square(x - mean).mean(axis=0)
    std = np.sqrt(var + eps)
    x_hat = (x - mean) / std
    return gamma * x_hat + beta, [x_hat, std, gamma, beta, x, mean, var, eps, None, "unused"], mean, var


@training(from_a_tuple)
def cache_of_an_object_array(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """An array of arrays as cache, the variance from np.std."""
    mean, var = np.mean(x, axis=0), np.std(x, axis=0) ** 2
    cache = np.empty(3, dtype=object)
    cache[:] = [(x - mean) * np.reciprocal(np.sqrt(var + eps)), np.sqrt(var + eps), gamma]
    return cache[0] * gamma + beta, cache, mean, var


# Mean and variance.


@training(from_a_tuple)
def variance_in_one_pass(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """E[x²] - E[x]² in float64, whatever the type of x, with rows of one."""
    wide = x.astype(np.float64)
    mean = wide.sum(axis=0, keepdims=True) / x.shape[0]
    var = np.maximum((wide * wide).mean(axis=0, keepdims=True) - mean * mean, 0)
    inverse = (var + eps) ** -0.5
    x_hat = ((wide - mean) * inverse).astype(x.dtype)
    return gamma * x_hat + beta, (x_hat, 1 / inverse, gamma), mean[0].astype(x.dtype), var[0].astype(x.dtype)


@training(from_a_tuple)
def statistics_by_loops(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """A loop over the columns, with Python's own sum."""
    out, x_hat, std = np.empty_like(x), np.empty_like(x), np.empty(x.shape[1], x.dtype)
    mean, var = np.empty_like(std), np.empty_like(std)
    for j in range(x.shape[1]):
        mean[j] = sum(x[:, j]) / len(x)
        var[j] = sum((x[:, j] - mean[j]) ** 2) / len(x)
        std[j] = np.sqrt(var[j] + eps)
        x_hat[:, j] = (x[:, j] - mean[j]) / std[j]
        out[:, j] = gamma[j] * x_hat[:, j] + beta[j]
    return out, (x_hat, std, gamma), mean, var


@training(from_a_tuple)
def statistics_row_by_row(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """Welford's recurrence over the examples."""
    mean, squares = np.zeros_like(x[0]), np.zeros_like(x[0])
    for count, row in enumerate(x, start=1):
        step = row - mean
        mean = mean + step / count
        squares = squares + step * (row - mean)
    var = squares / len(x)
    std = np.sqrt(var + eps)
    x_hat = np.array([(row - mean) / std for row in x])
    return gamma * x_hat + beta, (x_hat, std, gamma), mean, var


@training(from_a_tuple)
def statistics_by_einsum(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """No sum without a subscript."""
    mean = np.einsum("nd->d", x) / len(x)
    centered = x - mean
    var = np.einsum("nd,nd->d", centered, centered) / len(x)
    std = np.sqrt(var + eps)
    return np.einsum("nd,d->nd", centered, gamma / std) + beta, (centered / std, std, gamma), mean, var


@training(from_a_tuple)
def statistics_by_matrix_products(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """Means as products with a row of 1/N."""
    weights = np.full((1, len(x)), 1 / len(x), dtype=x.dtype)
    mean = weights @ x
    var = weights @ (x - mean) ** 2
    std = np.sqrt(var + eps)
    x_hat = (x - mean) @ np.diag(1 / std[0])
    return x_hat @ np.diag(gamma) + beta, (x_hat, std, gamma), mean.reshape(-1), var.flatten()


@training(from_a_tuple)
def variance_from_the_covariance(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """The diagonal of np.cov, biased."""
    mean = np.mean(x, 0)
    var = np.diagonal(np.atleast_2d(np.cov(x, rowvar=False, bias=True))).astype(x.dtype)
    x_hat = np.divide(np.subtract(x, mean), np.sqrt(np.add(var, eps)))
    return np.add(np.multiply(gamma, x_hat), beta), (x_hat, np.sqrt(var + eps), gamma), mean, var


@training(from_a_tuple)
def variance_from_norms(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """The squared length of each centred column over N."""
    mean = np.add.reduce(x, axis=0) / np.float64(len(x)).astype(x.dtype)
    var = np.linalg.norm(x - mean, axis=0) ** 2 / len(x)
    x_hat = (x - mean) * np.power(var + eps, -0.5)
    return gamma * x_hat + beta, (x_hat, np.sqrt(var + eps), gamma), mean, var


@training(from_a_tuple)
def variance_from_pairs(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """Half the mean square of all differences."""
    var = np.mean((x[:, None] - x[None, :]) ** 2, axis=(0, 1)) / 2
    x_hat = (x - x.mean(axis=0)) * np.exp(-0.5 * np.log(var + eps))
    return gamma * x_hat + beta, (x_hat, np.sqrt(var + eps), gamma), x.mean(axis=0), var


@training(from_a_tuple)
def column_by_column(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """A helper for one feature, applied along the axis."""
    x_hat = np.apply_along_axis(lambda column: (column - column.mean()) / np.sqrt(column.var() + eps), 0, x)
    std = np.array([math.sqrt(column.var() + eps) for column in x.T], dtype=x.dtype)
    return gamma * x_hat + beta, (x_hat, std, gamma), np.mean(x, axis=0), np.var(x, axis=0)


@training(from_a_tuple)
def stack_of_columns(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """A generator of columns, stacked again."""
    columns = [column - np.mean(column) for column in x.T]
    var = np.asarray([np.dot(column, column) / column.size for column in columns])
    x_hat = np.stack([column / np.sqrt(v + eps) for column, v in zip(columns, var, strict=True)], axis=-1)
    out = np.column_stack([g * column + b for g, column, b in zip(gamma, x_hat.T, beta, strict=True)])
    return out, (x_hat, np.sqrt(var + eps), gamma), x.mean(0), var


@training(from_a_tuple)
def on_the_transposed(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """Everything (D, N), as views."""
    features = x.T
    mean, var = features.mean(axis=1, keepdims=True), features.var(axis=1, keepdims=True)
    x_hat = (features - mean) / np.sqrt(var + eps)
    out = np.swapaxes(gamma[:, None] * x_hat + beta[:, None], 0, 1)
    return out, (x_hat.T, np.sqrt(var + eps)[:, 0], gamma), mean[:, 0], var[:, 0]


@training(from_a_tuple)
def in_place_on_its_own_copy(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """One copy of x, turned step by step into out."""
    out = np.array(x)
    mean = out.mean(axis=0)
    out -= mean
    var = np.mean(out**2, axis=0)
    std = np.sqrt(var + eps)
    np.divide(out, std, out=out)
    x_hat = out.copy()
    out *= gamma
    out += beta
    return out, (x_hat, std, gamma), mean, var


@training(from_x)
def scale_and_shift_folded(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """As a x + b with one a and one b for each feature."""
    mean, var = x.mean(axis=0), x.var(axis=0)
    a = gamma / np.sqrt(var + eps)
    return x * a + (beta - mean * a), (x, gamma, eps), mean, var


@training(from_a_tuple)
def broadcast_to_the_full_shape(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """Nothing left to broadcasting; the cache holds (N, D) throughout."""
    mean, var = np.mean(x, axis=0), np.var(x, axis=0)
    wide_mean, wide_std = np.tile(mean, (len(x), 1)), np.repeat(np.sqrt(var + eps)[None], len(x), axis=0)
    x_hat = (x - wide_mean) / wide_std
    wide_gamma = np.broadcast_to(gamma, x.shape)
    return wide_gamma * x_hat + np.ones_like(x) * beta, (x_hat, wide_std, wide_gamma), mean, var


# Types.


@training(from_a_tuple)
def in_the_type_of_x(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """Everything cast to the type of x first."""
    kind = x.dtype
    gamma, beta, small = gamma.astype(kind), np.asarray(beta, dtype=kind), kind.type(eps)
    mean, var = x.mean(axis=0, dtype=kind), x.var(axis=0, dtype=kind)
    std = np.sqrt(var + small)
    x_hat = (x - mean) / std
    return gamma * x_hat + beta, (x_hat, std, gamma), mean, var


@training(from_a_tuple)
def in_double_precision_and_back(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """Computed in float64 whatever comes, returned in the type of x."""
    wide = x.astype(np.float64)
    mean, var = wide.mean(axis=0), wide.var(axis=0)
    std = np.sqrt(var + eps)
    x_hat = (wide - mean) / std
    return (gamma * x_hat + beta).astype(x.dtype), (x_hat, std, gamma), mean.astype(x.dtype), var.astype(x.dtype)


@training(from_a_tuple)
def in_extended_precision(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Any, Array, Array]:
    """Computed in long double, returned as such."""
    wide = x.astype(np.longdouble)
    mean, var = wide.mean(axis=0), wide.var(axis=0)
    std = np.sqrt(var + eps)
    x_hat = (wide - mean) / std
    return gamma * x_hat + beta, (x_hat, std, gamma), mean, var


# Running statistics, test mode, and how bn_param is read.


@forward(from_a_tuple)
def statistics_kept_in_place(x: Array, gamma: Array, beta: Array, bn_param: Param) -> tuple[Array, Any]:
    """Created once by setdefault, and from then on changed in place."""
    eps, momentum = bn_param.setdefault("eps", 1e-5), bn_param.setdefault("momentum", 0.9)
    running_mean = bn_param.setdefault("running_mean", np.zeros(x.shape[1], dtype=x.dtype))
    running_var = bn_param.setdefault("running_var", np.zeros(x.shape[1], dtype=x.dtype))
    if bn_param["mode"] == "train":
        mean, var = x.mean(axis=0), x.var(axis=0)
        running_mean *= momentum
        running_mean += (1 - momentum) * mean
        running_var *= momentum
        running_var += (1 - momentum) * var
    else:
        mean, var = running_mean, running_var
    std = np.sqrt(var + eps)
    x_hat = (x - mean) / std
    return gamma * x_hat + beta, (x_hat, std, gamma)


@forward(from_a_tuple)
def statistics_moved_towards_the_batch(x: Array, gamma: Array, beta: Array, bn_param: Param) -> tuple[Array, Any]:
    """By r += (1 - m) (s - r)."""
    rate = 1 - bn_param.get("momentum", 0.9)
    running_mean = np.array(bn_param.get("running_mean", np.zeros(x.shape[1])), dtype=x.dtype)
    running_var = np.array(bn_param.get("running_var", np.zeros(x.shape[1])), dtype=x.dtype)
    if bn_param["mode"] == "test":
        return (x - running_mean) / np.sqrt(running_var + bn_param.get("eps", 1e-5)) * gamma + beta, None
    running_mean += rate * (x.mean(0) - running_mean)
    running_var += rate * (x.var(0) - running_var)
    bn_param.update(running_mean=running_mean, running_var=running_var)
    std = np.sqrt(x.var(0) + bn_param.get("eps", 1e-5))
    x_hat = (x - x.mean(0)) / std
    return x_hat * gamma + beta, (x_hat, std, gamma)


@forward(from_a_tuple)
def statistics_stored_in_both_modes(x: Array, gamma: Array, beta: Array, bn_param: Param) -> tuple[Array, Any]:
    """In test mode stored as they were, with a cache nobody asks for."""
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    stored = np.stack([bn_param.get(name, np.zeros(x.shape[1], x.dtype)) for name in ("running_mean", "running_var")])
    used = stored
    if bn_param["mode"] == "train":
        used = np.stack([x.mean(axis=0), x.var(axis=0)])
        stored = momentum * stored + (1 - momentum) * used
    bn_param["running_mean"], bn_param["running_var"] = stored
    mean, std = used[0], np.sqrt(used[1] + eps)
    x_hat = (x - mean) / std
    return gamma * x_hat + beta, (x_hat, std, gamma)


@forward(lambda dout, cache: from_a_tuple(dout, cache[cache["mode"]]))
def modes_by_dispatch(
    x: Array, gamma: Array, beta: Array, bn_param: Param, axis: int = 0, verbose: bool = False
) -> tuple[Array, Any]:
    """A function for each mode in a dictionary, helpers, and arguments with defaults of its own."""
    eps = bn_param.get("eps", 1e-5)

    def normalize(mean: Array, var: Array) -> tuple[Array, Array]:
        return (x - mean) / np.sqrt(var + eps), np.sqrt(var + eps)

    def train() -> tuple[Array, Array]:
        mean, var = x.mean(axis=axis), x.var(axis=axis)
        update(bn_param, mean, var)
        return normalize(mean, var)

    def running() -> tuple[Array, Array]:
        return normalize(bn_param["running_mean"], bn_param["running_var"])

    x_hat, std = {"train": train, "test": running}[bn_param["mode"]]()
    return gamma * x_hat + beta, {"mode": bn_param["mode"], bn_param["mode"]: (x_hat, std, gamma)}


@forward(from_a_tuple)
def statistics_by_average(x: Array, gamma: Array, beta: Array, bn_param: Param) -> tuple[Array, Any]:
    """np.average with the weights m and 1 - m; the test mode folded into one scale and one shift."""
    eps, momentum = float(bn_param.get("eps", 1e-5)), float(bn_param.get("momentum", 0.9))
    if bn_param["mode"] == "test":
        scale = gamma / np.sqrt(bn_param["running_var"] + eps)
        return scale * x + (beta - scale * bn_param["running_mean"]), None
    batch = {"running_mean": np.mean(x, axis=0), "running_var": np.var(x, axis=0)}
    for name, value in batch.items():
        old = bn_param.get(name) if bn_param.get(name) is not None else np.zeros_like(value)
        bn_param[name] = np.average([old, value], axis=0, weights=[momentum, 1 - momentum]).astype(x.dtype)
    std = np.sqrt(batch["running_var"] + eps)
    x_hat = (x - batch["running_mean"]) / std
    return gamma * x_hat + beta, (x_hat, std, gamma)
