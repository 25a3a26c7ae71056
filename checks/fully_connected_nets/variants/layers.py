"""The affine layer, the ReLU and the softmax loss, written otherwise."""

from typing import Any

import numpy as np

from checks.mistakes import Variant

Array = np.ndarray


def affine_forward_by_dot(x: Array, w: Array, b: Array) -> Any:
    """The size of a row by np.prod, and the cache with b, as the family has it."""
    flat = np.reshape(x, (x.shape[0], int(np.prod(x.shape[1:]))))
    return np.dot(flat, w) + b, (x, w, b)


def affine_backward_by_dot(dout: Array, cache: Any) -> Any:
    """On the cache with b."""
    x, w, b = cache
    flat = x.reshape(len(x), w.shape[0])
    return np.dot(dout, w.T).reshape(*x.shape), np.dot(flat.T, dout), np.sum(dout, axis=0).reshape(b.shape)


def affine_forward_by_loops(x: Array, w: Array, b: Array) -> Any:
    """One example after the other, into an array that is there."""
    out = np.zeros((x.shape[0], w.shape[1]), dtype=x.dtype)
    for n, example in enumerate(x):
        out[n] = example.ravel().dot(w) + b
    return out, {"x": x, "w": w}


def affine_backward_by_loops(dout: Array, cache: Any) -> Any:
    """One example after the other, on a dictionary."""
    x, w = cache["x"], cache["w"]
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros(w.shape[1], dtype=x.dtype)
    for n in range(len(x)):
        dx[n] = (w @ dout[n]).reshape(x.shape[1:])
        dw += np.outer(x[n], dout[n])
        db += dout[n]
    return dx, dw, db


def affine_forward_with_ones(x: Array, w: Array, b: Array) -> Any:
    """The biases as one more row of weights."""
    flat = np.hstack([x.reshape(x.shape[0], -1), np.ones((x.shape[0], 1), x.dtype)])
    return flat @ np.vstack([w, b]), (flat, w, x.shape)


def affine_backward_with_ones(dout: Array, cache: Any) -> Any:
    """The gradient of the biases is the last row."""
    flat, w, shape = cache
    both = flat.T @ dout
    return np.einsum("nm,dm->nd", dout, w).reshape(shape), both[:-1], both[-1]


def affine_backward_of_transposes(dout: Array, cache: Any) -> Any:
    """Each product transposed twice, and the sum as a product with ones."""
    x, w = cache
    flat = x.reshape(x.shape[0], -1)
    return w.dot(dout.T).T.reshape(x.shape), dout.T.dot(flat).T, np.ones(len(dout), dout.dtype).dot(dout)


def relu_forward_by_where(x: Array) -> Any:
    """The condition, and a mask as the cache."""
    return np.where(x > 0, x, 0), x > 0


def relu_backward_by_mask(dout: Array, cache: Any) -> Any:
    """On a mask."""
    return np.where(cache, dout, 0)


def relu_forward_in_place(x: Array) -> Any:
    """A copy with its negative numbers overwritten, which is the cache as well."""
    out = x.copy()
    out[out < 0] = 0
    return out, out


def relu_backward_of_output(dout: Array, cache: Any) -> Any:
    """Zeros where the output is."""
    dx = np.array(dout, copy=True)
    dx[cache == 0] = 0
    return dx


def relu_forward_by_product(x: Array) -> Any:
    """A product with the mask; the cache in a list."""
    return x * (x > 0), [x]


def relu_backward_in_dout(dout: Array, cache: Any) -> Any:
    """In place in dout, which is remarked on."""
    dout[cache[0] <= 0] = 0
    return dout


def relu_forward_by_absolute(x: Array) -> Any:
    """Half of x and of its magnitude."""
    return (np.abs(x) + x) / 2, x


def relu_backward_by_sign(dout: Array, cache: Any) -> Any:
    """The sign, and no negative one."""
    return dout * np.maximum(np.sign(cache), 0)


def softmax_loss_of_probabilities(x: Array, y: Array) -> Any:
    """Probabilities first, then their logarithm."""
    N = x.shape[0]
    probabilities = np.exp(x - np.max(x, axis=1, keepdims=True))
    probabilities /= np.sum(probabilities, axis=1, keepdims=True)
    loss = -np.sum(np.log(probabilities[np.arange(N), y])) / N
    dx = probabilities.copy()
    dx[np.arange(N), y] -= 1
    return loss, dx / N


def softmax_loss_one_hot(x: Array, y: Array) -> Any:
    """Labels as rows of a unit matrix."""
    one_hot = np.eye(x.shape[1], dtype=x.dtype)[y]
    shifted = x - x.max(1)[:, None]
    log_sum = np.log(np.exp(shifted).sum(1))
    loss = np.mean(log_sum - (shifted * one_hot).sum(1))
    return loss, (np.exp(shifted - log_sum[:, None]) - one_hot) / len(x)


def softmax_loss_by_loops(x: Array, y: Array) -> Any:
    """One example and one class after the other."""
    loss, dx = 0.0, np.zeros_like(x)
    for n in range(x.shape[0]):
        weights = np.exp(x[n] - max(x[n]))
        total = weights.sum()
        loss -= np.log(weights[y[n]] / total)
        for c in range(x.shape[1]):
            dx[n, c] = weights[c] / total - (c == y[n])
    dx /= x.shape[0]
    return loss / x.shape[0], dx


def softmax_loss_in_place(x: Array, y: Array) -> Any:
    """The scores overwritten, which is remarked on; labels as a column."""
    x -= np.amax(x, axis=-1).reshape(-1, 1)
    scores = np.take_along_axis(x, np.asarray(y, dtype=np.intp).reshape(-1, 1), axis=1)
    exponentials = np.exp(x)
    sums = exponentials.sum(axis=-1).reshape(-1, 1)
    dx = exponentials / sums
    dx[list(range(len(y))), y] -= 1.0
    return float(np.average(-scores + np.log(sums))), dx / float(len(y))


VARIANTS: tuple[Variant, ...] = (
    Variant("affine_by_dot", {"affine_forward": affine_forward_by_dot, "affine_backward": affine_backward_by_dot}),
    Variant(
        "affine_by_loops", {"affine_forward": affine_forward_by_loops, "affine_backward": affine_backward_by_loops}
    ),
    Variant(
        "affine_with_ones", {"affine_forward": affine_forward_with_ones, "affine_backward": affine_backward_with_ones}
    ),
    Variant("affine_of_transposes", {"affine_backward": affine_backward_of_transposes}),
    Variant("relu_by_where", {"relu_forward": relu_forward_by_where, "relu_backward": relu_backward_by_mask}),
    Variant("relu_of_output", {"relu_forward": relu_forward_in_place, "relu_backward": relu_backward_of_output}),
    Variant("relu_in_dout", {"relu_forward": relu_forward_by_product, "relu_backward": relu_backward_in_dout}),
    Variant("relu_by_sign", {"relu_forward": relu_forward_by_absolute, "relu_backward": relu_backward_by_sign}),
    Variant("softmax_of_probabilities", {"softmax_loss": softmax_loss_of_probabilities}),
    Variant("softmax_one_hot", {"softmax_loss": softmax_loss_one_hot}),
    Variant("softmax_by_loops", {"softmax_loss": softmax_loss_by_loops}),
    Variant("softmax_in_place", {"softmax_loss": softmax_loss_in_place}),
)
