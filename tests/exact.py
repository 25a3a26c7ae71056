"""Normalization and the network in decimal numbers, one by one: what the reference is held against.

Nothing here is numpy's, nor shaped like the reference: a mean is a sum over a list, and a gradient is a difference of
two losses. Called under `localcontext(prec=DIGITS)`, a central difference with steps of 1e-15 is wrong by about 1e-30.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

Matrix = list[list[Decimal]]
DIGITS = 50
STEP = Decimal("1e-15")


def exact(array: Any) -> Any:
    """An array as nested lists of decimals, without rounding."""
    return [exact(part) for part in array] if np.ndim(array) else Decimal(float(array))


def floats(nested: Any) -> np.ndarray:
    """Nested lists of decimals, rounded to an array of float64."""
    return np.array(nested, dtype=np.float64)


def mean_and_variance(values: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    """The mean, and the mean square of what departs from it."""
    mean = sum(values, Decimal(0)) / len(values)
    return mean, sum(((value - mean) ** 2 for value in values), Decimal(0)) / len(values)


def normalized(values: Sequence[Decimal], mean: Decimal, variance: Decimal, eps: Decimal) -> list[Decimal]:
    return [(value - mean) / (variance + eps).sqrt() for value in values]


def scaled(rows: Matrix, gamma: Sequence[Decimal], beta: Sequence[Decimal]) -> Matrix:
    return [[g * value + b for value, g, b in zip(row, gamma, beta, strict=True)] for row in rows]


def columns(rows: Matrix) -> Matrix:
    return [list(column) for column in zip(*rows, strict=True)]


def batchnorm(x: Matrix, gamma: Sequence[Decimal], beta: Sequence[Decimal], eps: Decimal) -> Matrix:
    """Each column by its own mean and variance."""
    return scaled(columns([normalized(column, *mean_and_variance(column), eps) for column in columns(x)]), gamma, beta)


def layernorm(x: Matrix, gamma: Sequence[Decimal], beta: Sequence[Decimal], eps: Decimal) -> Matrix:
    """Each row by its own mean and variance."""
    return scaled([normalized(row, *mean_and_variance(row), eps) for row in x], gamma, beta)


def affine(x: Matrix, W: Matrix, b: Sequence[Decimal]) -> Matrix:
    products = [[sum((u * v for u, v in zip(row, w, strict=True)), Decimal(0)) for w in columns(W)] for row in x]
    return [[value + bias for value, bias in zip(row, b, strict=True)] for row in products]


def cross_entropy(scores: Matrix, labels: Sequence[int]) -> Decimal:
    """The mean of -log p(label)."""
    losses = [sum(s.exp() for s in row).ln() - row[label] for row, label in zip(scores, labels, strict=True)]
    return sum(losses, Decimal(0)) / len(losses)


def network_loss(
    x: Matrix, labels: Sequence[int], params: dict[str, Any], norm: Callable[..., Matrix], reg: Decimal
) -> Decimal:
    """{affine, normalization, ReLU} for each gamma, affine, cross-entropy; half of reg times the weights' squares."""
    layers = sum(name.startswith("W") for name in params)
    for l in range(1, layers):
        x = affine(x, params[f"W{l}"], params[f"b{l}"])
        x = norm(x, params[f"gamma{l}"], params[f"beta{l}"], Decimal("1e-5"))
        x = [[max(value, Decimal(0)) for value in row] for row in x]
    loss = cross_entropy(affine(x, params[f"W{layers}"], params[f"b{layers}"]), labels)
    squares = (value * value for l in range(1, layers + 1) for row in params[f"W{l}"] for value in row)
    return loss + reg / 2 * sum(squares, Decimal(0))


def gradient(loss: Callable[[], Decimal], value: list[Any]) -> Any:
    """The gradient of `loss` with respect to every number in `value`, which is moved there and back."""
    if value and isinstance(value[0], list):
        return [gradient(loss, part) for part in value]
    slopes = []
    for index, here in enumerate(value):
        sides = []
        for step in (STEP, -STEP):
            value[index] = here + step
            sides.append(loss())
        value[index] = here
        slopes.append((sides[0] - sides[1]) / (2 * STEP))
    return slopes
