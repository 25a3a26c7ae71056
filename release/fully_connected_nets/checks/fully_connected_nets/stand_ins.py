"""Stand-ins for the layers and the loss, over which networks are judged.

They are no layers of any network. They have what the wiring of one can be seen by: every number of a result depends on
all that a layer is given; a cache fits its own forward pass. The backward passes are linear in dout, as every gradient
is, and are no gradients of anything. `twist` exchanges them for others.

The caches are what the given code says of them: x and w of the affine layer; of the ReLU x, of which the sign alone
counts on the way back. So a network may go back with a cache that it put together itself, of the same.
"""

from typing import Any

import numpy as np

twist = 1.0
"""From 0.5 to 1.5; set from outside."""


def affine_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, Any]:
    """In the place of the affine layer: waves of x mixed by w, and of b."""
    mixed = _mixed(x, w)
    return 0.8 * mixed + np.tanh(b) * (1.0 + 0.1 * np.cos(mixed)), (x, w)


def affine_backward(dout: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """In the place of the affine layer's backward pass."""
    if not isinstance(cache, tuple | list):
        raise ValueError("the cache is that of another layer")
    x, w = cache
    mixed = _mixed(x, w)
    bent = 0.7 * dout * (1.0 + 0.3 * np.sin(mixed + twist))
    dx = np.einsum("ik,jk->ij", bent, w - 0.2 * np.tanh(w))
    flat = np.array([np.ravel(np.cos(example) + 0.5 * example) for example in x])
    dw = np.einsum("ij,ik->jk", flat, bent) + 0.1 * np.sin(w) * np.mean(bent)
    db = np.einsum("ij->j", bent * (1.0 + 0.1 * np.cos(mixed)))
    return np.reshape(dx, np.shape(x)), dw, db


def relu_forward(x: np.ndarray) -> tuple[np.ndarray, Any]:
    """In the place of the ReLU: of either sign, that of x, so that one that is missing is seen, and one too many."""
    return 1.5 * np.tanh(0.6 * x) + 0.3 * np.sin(twist * x), x


def relu_backward(dout: np.ndarray, cache: Any) -> np.ndarray:
    """In the place of the ReLU's backward pass."""
    if not isinstance(cache, np.ndarray):
        raise ValueError("the cache is that of another layer")
    return dout * (0.6 + 0.3 * np.cos(twist * np.heaviside(cache, 0.0)))


def softmax_loss(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """In the place of the loss and its gradient."""
    marked = (np.asarray(y).reshape(-1, 1) == np.arange(x.shape[-1])).astype(x.dtype)
    told = np.arctan(0.7 * x - marked) * (1.0 + marked)
    return float(np.mean(2.0 + told + 0.2 * np.cos(twist * x))), (np.sin(twist * x) - 1.3 * marked + 0.4) / len(x)


def _mixed(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Waves of x mixed by w."""
    waves = np.array([np.ravel(np.sin(twist * example) + 0.4 * example) for example in x])
    return np.asarray(np.einsum("ij,jk->ik", waves, w + 0.1 * np.sin(3.0 * w)))
