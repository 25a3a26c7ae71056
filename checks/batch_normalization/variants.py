"""Correct variants: other ways to write the six tasks that must all score full.

Each is a set of functions that take the place of the reference's, or a change to it, as in `mistakes`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from checks.mistakes import Variant

Array = np.ndarray
Param = dict[str, Any]


def _statistics(bn_param: Param, mean: Array, var: Array) -> None:
    momentum = bn_param.get("momentum", 0.9)
    for name, value in (("running_mean", mean), ("running_var", var)):
        before = bn_param.get(name, np.zeros_like(value))
        bn_param[name] = momentum * before + (1 - momentum) * value


def _test(x: Array, gamma: Array, beta: Array, bn_param: Param) -> tuple[Array, None]:
    inverse = 1 / np.sqrt(bn_param["running_var"] + bn_param.get("eps", 1e-5))
    return gamma * ((x - bn_param["running_mean"]) * inverse) + beta, None


# np.var, a dictionary as cache, the paper's own staged gradient.
def paper_forward(x: Array, gamma: Array, beta: Array, bn_param: Param) -> tuple[Array, Any]:
    if bn_param["mode"] == "test":
        return _test(x, gamma, beta, bn_param)
    eps = bn_param.get("eps", 1e-5)
    mean, var = np.mean(x, axis=0), np.var(x, axis=0)
    _statistics(bn_param, mean, var)
    normalized = (x - mean) / np.sqrt(var + eps)
    return normalized * gamma + beta, {"x": x, "mean": mean, "var": var, "eps": eps, "gamma": gamma}


def paper_backward(dout: Array, cache: Mapping[str, Any]) -> tuple[Array, Array, Array]:
    x, mean, var, eps, gamma = (cache[name] for name in ("x", "mean", "var", "eps", "gamma"))
    N = len(x)
    normalized = (x - mean) / np.sqrt(var + eps)
    dnormalized = dout * gamma
    dvar = np.sum(dnormalized * (x - mean) * -0.5 * (var + eps) ** -1.5, axis=0)
    dmean = np.sum(-dnormalized / np.sqrt(var + eps), axis=0) + dvar * np.mean(-2 * (x - mean), axis=0)
    dx = dnormalized / np.sqrt(var + eps) + dvar * 2 * (x - mean) / N + dmean / N
    return dx, np.sum(dout * normalized, axis=0), np.sum(dout, axis=0)


# E[x²] − E[x]², keepdims, a class as cache.
class Cache:
    def __init__(self, normalized: Array, inverse: Array, gamma: Array) -> None:
        self.normalized, self.inverse, self.gamma = normalized, inverse, gamma


def one_pass_forward(x: Array, gamma: Array, beta: Array, bn_param: Param) -> tuple[Array, Any]:
    if bn_param["mode"] == "test":
        return _test(x, gamma, beta, bn_param)
    mean = x.sum(axis=0, keepdims=True) / x.shape[0]
    var = np.maximum((x * x).mean(axis=0, keepdims=True) - mean * mean, 0)
    _statistics(bn_param, mean[0], var[0])
    inverse = (var + bn_param.get("eps", 1e-5)) ** -0.5
    normalized = (x - mean) * inverse
    return gamma * normalized + beta, Cache(normalized, inverse, gamma)


def closed_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    N = dout.shape[0]
    dnormalized = dout * cache.gamma
    sums = N * dnormalized - dnormalized.sum(0) - cache.normalized * (dnormalized * cache.normalized).sum(0)
    return cache.inverse / N * sums, np.einsum("ij,ij->j", dout, cache.normalized), np.einsum("ij->j", dout)


# Loops over the columns.
def loop_forward(x: Array, gamma: Array, beta: Array, bn_param: Param) -> tuple[Array, Any]:
    if bn_param["mode"] == "test":
        return _test(x, gamma, beta, bn_param)
    out, normalized, std = np.empty_like(x), np.empty_like(x), np.empty(x.shape[1], x.dtype)
    mean, var = np.empty_like(std), np.empty_like(std)
    for j in range(x.shape[1]):
        mean[j] = sum(x[:, j]) / len(x)
        var[j] = sum((x[:, j] - mean[j]) ** 2) / len(x)
        std[j] = np.sqrt(var[j] + bn_param.get("eps", 1e-5))
        normalized[:, j] = (x[:, j] - mean[j]) / std[j]
        out[:, j] = gamma[j] * normalized[:, j] + beta[j]
    _statistics(bn_param, mean, var)
    return out, [normalized, std, gamma]


def jacobian_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    normalized, std, gamma = cache
    N, D = dout.shape
    dx = np.zeros_like(dout)
    for j in range(D):
        column = normalized[:, j]
        jacobian = (np.eye(N) - 1 / N - np.outer(column, column) / N) / std[j]
        dx[:, j] = jacobian @ dout[:, j] * gamma[j]
    return dx, (dout * normalized).sum(axis=0), dout.sum(axis=0)


# Layer normalization by transposing into a batch version.
def transposed_forward(x: Array, gamma: Array, beta: Array, ln_param: Param) -> tuple[Array, Any]:
    columns = x.T
    std = np.sqrt(columns.var(axis=0) + ln_param.get("eps", 1e-5))
    normalized = (columns - columns.mean(axis=0)) / std
    return (gamma[:, None] * normalized + beta[:, None]).T, (normalized, std, gamma)


def transposed_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    normalized, std, gamma = cache
    D = dout.shape[1]
    dnormalized = (dout * gamma).T
    dx = (D * dnormalized - dnormalized.sum(0) - normalized * (dnormalized * normalized).sum(0)) / (D * std)
    return dx.T, (dout.T * normalized).sum(axis=1), dout.sum(axis=0)


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "paper",
        layers={
            "batchnorm_forward": paper_forward,
            "batchnorm_backward": paper_backward,
            "batchnorm_backward_alt": paper_backward,
        },
    ),
    Variant(
        "one_pass_and_closed",
        layers={
            "batchnorm_forward": one_pass_forward,
            "batchnorm_backward": closed_backward,
            "batchnorm_backward_alt": closed_backward,
        },
    ),
    Variant(
        "loops_and_jacobian",
        layers={
            "batchnorm_forward": loop_forward,
            "batchnorm_backward": jacobian_backward,
            "batchnorm_backward_alt": jacobian_backward,
        },
    ),
    Variant(
        "layernorm_by_transposing",
        layers={"layernorm_forward": transposed_forward, "layernorm_backward": transposed_backward},
    ),
    Variant(
        "network_with_alt",
        module="fc_net",
        function="FullyConnectedNet",
        replace=(('grads[f"beta{l}"] = batchnorm_backward(', 'grads[f"beta{l}"] = batchnorm_backward_alt('),),
    ),
    Variant(
        "network_without_layernorm_branch",
        module="fc_net",
        function="FullyConnectedNet",
        replace=(
            (
                'if self.normalization == "batchnorm":\n                    h, caches',
                'if self.normalization != "layernorm":\n                    h, caches',
            ),
        ),
    ),
)
