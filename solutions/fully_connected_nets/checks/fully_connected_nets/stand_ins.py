"""Stand-ins for the layers and the loss, over which networks are judged.

They are no layers of any network. They have what the wiring of one can be seen by: every number of a result depends on
all that a layer is given; a cache fits its own forward pass. The backward passes are linear in dout, as every gradient
is, and are no gradients of anything. `twist` exchanges them for others.
"""

from typing import Any

import numpy as np

twist = 1.0
"""From 0.5 to 1.5; set from outside."""


def affine_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, Any]:
    """In the place of the affine layer: waves of x mixed by w, and of b."""
    waves = np.array([np.ravel(np.sin(twist * example) + 0.4 * example) for example in x])
    mixed = np.einsum("ij,jk->ik", waves, w + 0.1 * np.sin(3.0 * w))
    return 0.8 * mixed + np.tanh(b) * (1.0 + 0.1 * np.cos(mixed)), ("affine", x, w, b, mixed)


def affine_backward(dout: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """In the place of the affine layer's backward pass."""
    x, w, b, mixed = _own(cache, "affine")
    bent = 0.7 * dout * (1.0 + 0.3 * np.sin(mixed + twist))
    dx = np.einsum("ik,jk->ij", bent, w - 0.2 * np.tanh(w))
    flat = np.array([np.ravel(np.cos(example) + 0.5 * example) for example in x])
    dw = np.einsum("ij,ik->jk", flat, bent) + 0.1 * np.sin(w) * np.mean(bent)
    db = np.einsum("ij->j", bent) * (1.0 + 0.2 * np.cos(b))
    return np.reshape(dx, np.shape(x)), dw, db


def relu_forward(x: np.ndarray) -> tuple[np.ndarray, Any]:
    """In the place of the ReLU: of either sign, so that one that is missing is seen, and one too many."""
    return 0.3 + 1.5 * np.tanh(0.6 * x) + 0.3 * np.sin(twist * x), ("relu", x)


def relu_backward(dout: np.ndarray, cache: Any) -> np.ndarray:
    """In the place of the ReLU's backward pass."""
    (x,) = _own(cache, "relu")
    return dout * (0.6 + 0.3 * np.cos(twist * x))  # type: ignore[no-any-return]


def softmax_loss(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """In the place of the loss and its gradient."""
    marked = (np.asarray(y).reshape(-1, 1) == np.arange(x.shape[-1])).astype(x.dtype)
    told = np.arctan(0.7 * x - marked) * (1.0 + marked)
    return float(np.mean(2.0 + told + 0.2 * np.cos(twist * x))), (np.sin(twist * x) - 1.3 * marked + 0.4) / len(x)


def _own(cache: Any, kind: str) -> tuple[Any, ...]:
    made_by, *kept = cache
    if made_by != kind:
        raise ValueError("the cache is that of another layer")
    return tuple(kept)
