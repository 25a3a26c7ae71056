"""Blocks of layers that are often used together: affine, then perhaps a normalization, then ReLU.

Each has the form of a layer: `out, cache = NAME_forward(...)`, and `NAME_backward(dout, cache)` returns the gradients
with respect to the inputs in the order of the forward pass.
"""

from typing import Any

import numpy as np

from .layers import (
    affine_backward,
    affine_forward,
    batchnorm_backward,
    batchnorm_forward,
    layernorm_backward,
    layernorm_forward,
    relu_backward,
    relu_forward,
)


def affine_relu_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, Any]:
    """Affine layer and ReLU: `x` (N, D), `w` (D, M), `b` (M,); returns `out` (N, M) and a cache."""
    a, affine_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    return out, (affine_cache, relu_cache)


def affine_relu_backward(dout: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Backward pass of `affine_relu_forward`: from `dout` (N, M) to `dx`, `dw`, `db`."""
    affine_cache, relu_cache = cache
    da = relu_backward(dout, relu_cache)
    return affine_backward(da, affine_cache)


def affine_bn_relu_forward(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, gamma: np.ndarray, beta: np.ndarray, bn_param: dict[str, Any]
) -> tuple[np.ndarray, Any]:
    """Affine layer, batch normalization and ReLU.

    Shapes: `x` (N, D), `w` (D, M); `b`, `gamma`, `beta` (M,); `bn_param` as in `batchnorm_forward`.
    Returns `out` (N, M) and a cache.
    """
    a, affine_cache = affine_forward(x, w, b)
    a_norm, norm_cache = batchnorm_forward(a, gamma, beta, bn_param)
    out, relu_cache = relu_forward(a_norm)
    return out, (affine_cache, norm_cache, relu_cache)


def affine_bn_relu_backward(
    dout: np.ndarray, cache: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Backward pass of `affine_bn_relu_forward`: from `dout` (N, M) to `dx`, `dw`, `db`, `dgamma`, `dbeta`."""
    affine_cache, norm_cache, relu_cache = cache
    da_norm = relu_backward(dout, relu_cache)
    da, dgamma, dbeta = batchnorm_backward(da_norm, norm_cache)
    dx, dw, db = affine_backward(da, affine_cache)
    return dx, dw, db, dgamma, dbeta


def affine_ln_relu_forward(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, gamma: np.ndarray, beta: np.ndarray, ln_param: dict[str, Any]
) -> tuple[np.ndarray, Any]:
    """Affine layer, layer normalization and ReLU.

    Shapes: `x` (N, D), `w` (D, M); `b`, `gamma`, `beta` (M,); `ln_param` as in `layernorm_forward`.
    Returns `out` (N, M) and a cache.
    """
    a, affine_cache = affine_forward(x, w, b)
    a_norm, norm_cache = layernorm_forward(a, gamma, beta, ln_param)
    out, relu_cache = relu_forward(a_norm)
    return out, (affine_cache, norm_cache, relu_cache)


def affine_ln_relu_backward(
    dout: np.ndarray, cache: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Backward pass of `affine_ln_relu_forward`: from `dout` (N, M) to `dx`, `dw`, `db`, `dgamma`, `dbeta`."""
    affine_cache, norm_cache, relu_cache = cache
    da_norm = relu_backward(dout, relu_cache)
    da, dgamma, dbeta = layernorm_backward(da_norm, norm_cache)
    dx, dw, db = affine_backward(da, affine_cache)
    return dx, dw, db, dgamma, dbeta
