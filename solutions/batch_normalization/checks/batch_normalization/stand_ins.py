"""Stand-ins for the normalization layers, over which networks are judged.

They normalize nothing. They have what the wiring of a network can be seen by: every number of a result depends on all
inputs of the layer; batch normalization's are not layer normalization's; there is a training and a test mode, with
statistics under the contract's names; a cache fits its own forward pass. The backward pass is linear in dout, as every
gradient is, and is no gradient of anything. `twist` exchanges them for others.
"""

from typing import Any

import numpy as np

twist = 1.0
"""From 0.5 to 1.5; set from outside."""


def batchnorm_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, bn_param: dict[str, Any]
) -> tuple[np.ndarray, Any]:
    """In the place of batch normalization: each column by two numbers of its own, in a test by those that were kept."""
    mode, eps, rate = bn_param["mode"], bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    nothing = np.zeros(x.shape[1])
    kept = bn_param.get("running_mean", nothing), bn_param.get("running_var", nothing)
    if mode == "train":
        level, width = _level_and_width(x, eps, axis=0)
        bn_param["running_mean"] = level + rate * np.tanh(kept[0] - level)
        bn_param["running_var"] = width + rate * np.tanh(kept[1] - width)
        return _forward(x, gamma, beta, level, width), ("columns", x, gamma, beta, level, width)
    if mode == "test":
        return _forward(x, gamma, beta, kept[0], kept[1] + 30.0 * eps), None
    raise ValueError(f'bn_param["mode"] is {mode!r}; expected "train" or "test"')


def layernorm_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, ln_param: dict[str, Any]
) -> tuple[np.ndarray, Any]:
    """In the place of layer normalization: each row by two numbers of its own, in training and test alike."""
    level, width = _level_and_width(1.3 * x - 0.2, ln_param.get("eps", 1e-5), axis=1)
    return _forward(x, gamma, beta, level, width), ("rows", x, gamma, beta, level, width)


def batchnorm_backward(dout: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """In the place of either backward pass of batch normalization."""
    return _backward(dout, cache, "columns")


def layernorm_backward(dout: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """In the place of layer normalization's backward pass."""
    return _backward(dout, cache, "rows")


batchnorm_backward_alt = batchnorm_backward


def _level_and_width(x: np.ndarray, eps: float, axis: int) -> tuple[np.ndarray, np.ndarray]:
    count = x.shape[axis]
    level = np.arctan(x + twist).sum(axis=axis, keepdims=axis == 1) / count
    width = 1.6 + 30.0 * eps + np.sin(twist * x).sum(axis=axis, keepdims=axis == 1) / count
    return level, width


def _forward(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, level: Any, width: Any) -> np.ndarray:
    # Of either sign in every column, so that a ReLU behind it is seen, and one that is missing.
    bent: np.ndarray = 0.5 + 2.0 * np.tanh(2.5 * gamma * (x - level) / width) + 0.3 * np.sin(2.0 * beta + twist * level)
    return bent


def _backward(dout: np.ndarray, cache: Any, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    made_by, x, gamma, beta, level, width = cache
    axis = 0 if kind == "columns" else 1
    if made_by != kind:
        raise ValueError("the cache is that of another layer")
    through = (dout * np.cos(twist * x)).sum(axis=axis, keepdims=True) / dout.shape[axis]
    dx = gamma * dout / width + np.tanh(x - level) * through + 0.3 * beta * dout
    dgamma = (dout * np.sin(x + level)).sum(axis=0) + 0.2 * gamma * dout.sum(axis=0)
    dbeta = (dout * (1.0 + 0.4 * np.cos(x * width))).sum(axis=0)
    return dx, dgamma, dbeta
