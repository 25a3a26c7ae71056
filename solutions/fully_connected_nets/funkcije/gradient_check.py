"""Numerical gradients, to compare an analytic gradient with.

All of them use the centered difference quotient (f(x + h) - f(x - h)) / 2h, whose error falls with h² until rounding
takes over; with float64 and values near 1, h = 1e-5 gives some ten correct digits. `x` must be a floating-point array:
its entries are moved one at a time, in place, so that a function that reads `x` from elsewhere (a parameter of a net)
sees the change, and put back exactly.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Index = tuple[Any, ...]


def eval_numerical_gradient(
    f: Callable[[np.ndarray], Any], x: np.ndarray, verbose: bool = True, h: float = 1e-5
) -> np.ndarray:
    """Numerical gradient of a function with one number as its value.

    Args:
        f: from x to a number.
        x: where the gradient is taken; any shape.
        verbose: print each entry of the gradient.
        h: the step.

    Returns:
        The gradient, of the shape of x.

    Raises:
        TypeError: x does not hold floating-point numbers.
    """
    _require_floats(x)
    grad = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        above, below = _probe(f, x, index, h)
        grad[index] = (above - below) / (2 * h)
        if verbose:
            print(index, grad[index])
    return grad


def eval_numerical_gradient_array(
    f: Callable[[np.ndarray], np.ndarray], x: np.ndarray, df: np.ndarray, h: float = 1e-5
) -> np.ndarray:
    """Numerical gradient of a function with an array as its value, for a given upstream gradient.

    Args:
        f: from x to an array.
        x: where the gradient is taken; any shape.
        df: gradient of the loss with respect to f(x), of the shape of f(x).
        h: the step.

    Returns:
        The gradient of the loss with respect to x, of the shape of x.

    Raises:
        TypeError: x does not hold floating-point numbers.
    """
    _require_floats(x)
    grad = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        above, below = _probe(f, x, index, h)
        grad[index] = np.sum((above - below) * df) / (2 * h)
    return grad


def grad_check_sparse(
    f: Callable[[np.ndarray], Any],
    x: np.ndarray,
    analytic_grad: np.ndarray,
    num_checks: int = 10,
    h: float = 1e-5,
) -> None:
    """Compare an analytic gradient with the numerical one at a few random entries, and print both.

    For arrays too large for `eval_numerical_gradient`.

    Args:
        f: from x to a number.
        x: where the gradient is taken; any shape.
        analytic_grad: the gradient to be checked, of the shape of x.
        num_checks: how many entries are looked at; drawn from numpy's global generator.
        h: the step.

    Raises:
        TypeError: x does not hold floating-point numbers.
    """
    _require_floats(x)
    for _ in range(num_checks):
        index = tuple(np.random.randint(size) for size in x.shape)
        above, below = _probe(f, x, index, h)
        numerical, analytic = float(above - below) / (2 * h), float(analytic_grad[index])
        scale = abs(numerical) + abs(analytic)
        error = abs(numerical - analytic) / scale if scale else 0.0
        print(f"numerical: {numerical:f} analytic: {analytic:f}, relative error: {error:e}")


def _probe(f: Callable[[np.ndarray], Any], x: np.ndarray, index: Index, h: float) -> tuple[Any, Any]:
    """Values of f with one entry of x moved up, and down, by h; x is as it was afterwards, also when f raises."""
    before = x[index]
    try:
        x[index] = before + h
        above = np.array(f(x))  # a copy: f may return x itself
        x[index] = before - h
        below = np.array(f(x))
    finally:
        x[index] = before
    return above, below


def _require_floats(x: np.ndarray) -> None:
    if not np.issubdtype(x.dtype, np.floating):
        raise TypeError(f"x holds {x.dtype}; a numerical gradient needs floating-point numbers: x.astype(np.float64)")
