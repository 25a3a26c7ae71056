"""Layers: for each one a function forward and a function backward, side by side.

`out, cache = NAME_forward(x, ...)` computes the layer's output and keeps in `cache` what its backward pass needs;
`dx, ... = NAME_backward(dout, cache)` takes the gradient of the loss with respect to `out` and returns the gradients
with respect to the inputs, in the order of the forward pass. The losses at the end are the last layer: they return the
loss and its gradient together.

In shapes, N is the number of examples, D the number of features, M the number of outputs, C the number of classes.
Results have the dtype of `x`. Settings are made Python's own numbers with `float(...)` for that: one of numpy's float64
would make float32 arrays float64.
"""

from typing import Any

import numpy as np


def affine_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, Any]:
    """Affine (fully connected) layer: y = xW + b.

    Args:
        x: inputs (N, d_1, ..., d_k); each example is read as one row of D = d_1 * ... * d_k features.
        w: weights (D, M).
        b: biases (M,).

    Returns:
        out: (N, M).
        cache: for `affine_backward`.
    """
    # TODO affine_forward: Izračunajte out, oblika (N, M): svaki primjer iz x pročitajte kao red od D brojeva,
    # pomnožite ga sa w i dodajte b. Cache je već u naredbi return.
    # (Compute out, of shape (N, M): read each example of x as a row of D numbers, multiply it by w and add b.
    # The cache is in the return statement already.)
    # Pišite umjesto naredbe `raise`; šta mora da važi, piše u opisu iznad. Zatim / then:
    # check("affine_forward")
    # (Write it in place of the `raise`; the docstring above says what must hold.)
    raise NotImplementedError("affine_forward: još nije napisano (not written yet)")
    return out, (x, w)


def affine_backward(dout: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Backward pass of the affine layer.

    Args:
        dout: upstream gradient (N, M).
        cache: from `affine_forward`.

    Returns:
        dx: (N, d_1, ..., d_k), the shape of x.
        dw: (D, M).
        db: (M,).
    """
    x, w = cache
    # TODO affine_backward: Od dout, x i w izračunajte dx (istog oblika kao x), dw i db.
    # (From dout, x and w compute dx (of the same shape as x), dw and db.)
    # Pišite umjesto naredbe `raise`; šta mora da važi, piše u opisu iznad. Zatim / then:
    # check("affine_backward")
    # (Write it in place of the `raise`; the docstring above says what must hold.)
    raise NotImplementedError("affine_backward: još nije napisano (not written yet)")
    return dx, dw, db


def relu_forward(x: np.ndarray) -> tuple[np.ndarray, Any]:
    """Rectified linear unit: y = max(0, x), entry by entry.

    Args:
        x: inputs of any shape.

    Returns:
        out: the shape of x.
        cache: for `relu_backward`.
    """
    # TODO relu_forward: Vratite izlaz i cache: ono po čemu prolaz unazad zna gdje je x bilo pozitivno.
    # (Return the output and a cache: what tells the backward pass where x was positive.)
    # Pišite umjesto naredbe `raise`; šta mora da važi, piše u opisu iznad. Zatim / then:
    # check("relu_forward")
    # (Write it in place of the `raise`; the docstring above says what must hold.)
    raise NotImplementedError("relu_forward: još nije napisano (not written yet)")


def relu_backward(dout: np.ndarray, cache: Any) -> np.ndarray:
    """Backward pass of the rectified linear unit.

    Args:
        dout: upstream gradient, of the shape of x.
        cache: from `relu_forward`.

    Returns:
        dx: the shape of x; 0 where x <= 0.
    """
    x: np.ndarray = cache
    # TODO relu_backward: Od dout i x izračunajte dx i vratite ga.
    # (From dout and x compute dx, and return it.)
    # Pišite umjesto naredbe `raise`; šta mora da važi, piše u opisu iznad. Zatim / then:
    # check("relu_backward")
    # (Write it in place of the `raise`; the docstring above says what must hold.)
    raise NotImplementedError("relu_backward: još nije napisano (not written yet)")


def batchnorm_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, bn_param: dict[str, Any]
) -> tuple[np.ndarray, Any]:
    """Batch normalization (Ioffe & Szegedy 2015, arXiv:1502.03167, Algorithm 1).

    In training each feature is normalized with the mean μ and the biased variance σ² (1/N, not 1/(N - 1)) of the batch:

        y = γ (x - μ) / √(σ² + ε) + β

    and the running statistics r, begun from zeros, follow those of the batch, s, with momentum m: r ← m r + (1 - m) s.
    In test mode the running statistics take the place of μ and σ², and stay as they are.

    Args:
        x: inputs (N, D).
        gamma: scale (D,).
        beta: shift (D,).
        bn_param: a dict, with keys
            mode: "train" or "test".
            eps: added to the variance, inside the root; 1e-5 if absent.
            momentum: the weight of the old running statistics, from 0 to 1; 0.9 if absent.
            running_mean, running_var: (D,); read if present, stored after each training step.

    Returns:
        out: (N, D).
        cache: for `batchnorm_backward` and `batchnorm_backward_alt`; of any form that suits you.

    Raises:
        ValueError: the mode is neither "train" nor "test".
    """
    mode = bn_param.get("mode")
    eps = float(bn_param.get("eps", 1e-5))
    momentum = float(bn_param.get("momentum", 0.9))

    D = x.shape[1]
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype))

    cache: Any = None
    if mode == "train":
        # batchnorm_forward: ovaj dio dolazi kasnije, u zadatku batch_normalization.
        # This part comes later, in the assignment batch_normalization.
        raise NotImplementedError("batchnorm_forward: dolazi kasnije (comes later): batch_normalization")
        # The next batch, and the test mode, read them here.
        bn_param["running_mean"] = running_mean
        bn_param["running_var"] = running_var
    elif mode == "test":
        # batchnorm_forward: ovaj dio dolazi kasnije, u zadatku batch_normalization.
        # This part comes later, in the assignment batch_normalization.
        raise NotImplementedError("batchnorm_forward: dolazi kasnije (comes later): batch_normalization")
    else:
        raise ValueError(f'batchnorm_forward: bn_param["mode"] is {mode!r}; expected "train" or "test"')

    return out, cache


def batchnorm_backward(dout: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Backward pass of batch normalization in training mode, along the computational graph.

    Draw the graph of the forward pass on paper, one simple operation to a node, and go through it from the end to the
    beginning: each node multiplies the gradient that arrives by its own derivative. Where a value went two ways, the
    two gradients that come back are added; where a value was spread over the batch, they are summed over the batch.

    Args:
        dout: upstream gradient (N, D).
        cache: from `batchnorm_forward` in training mode.

    Returns:
        dx: (N, D).
        dgamma: (D,).
        dbeta: (D,).
    """
    # batchnorm_backward: ovaj dio dolazi kasnije, u zadatku batch_normalization.
    # This part comes later, in the assignment batch_normalization.
    raise NotImplementedError("batchnorm_backward: dolazi kasnije (comes later): batch_normalization")
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Backward pass of batch normalization in training mode, from the formula simplified on paper.

    The same gradients as `batchnorm_backward`, from the same cache, faster: when the derivatives of the mean and of the
    variance are put into that of x, most of the graph cancels.

    Args:
        dout: upstream gradient (N, D).
        cache: from `batchnorm_forward` in training mode.

    Returns:
        dx: (N, D).
        dgamma: (D,).
        dbeta: (D,).
    """
    # batchnorm_backward_alt: ovaj dio dolazi kasnije, u zadatku batch_normalization.
    # This part comes later, in the assignment batch_normalization.
    raise NotImplementedError("batchnorm_backward_alt: dolazi kasnije (comes later): batch_normalization")
    return dx, dgamma, dbeta


def layernorm_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, ln_param: dict[str, Any]
) -> tuple[np.ndarray, Any]:
    """Layer normalization (Ba, Kiros & Hinton 2016, arXiv:1607.06450, equations 3 and 4).

    Each example is normalized with the mean μ and the biased variance σ² of its own D features, in training and in test
    alike, and then scaled and shifted feature by feature:

        y = γ (x - μ) / √(σ² + ε) + β

    Args:
        x: inputs (N, D).
        gamma: scale (D,).
        beta: shift (D,).
        ln_param: a dict; its key eps is added to the variance, inside the root; 1e-5 if absent. The network puts its
            mode into it, "train" or "test", which changes nothing here.

    Returns:
        out: (N, D).
        cache: for `layernorm_backward`; of any form that suits you.
    """
    eps = float(ln_param.get("eps", 1e-5))
    cache: Any = None
    # layernorm_forward: ovaj dio dolazi kasnije, u zadatku batch_normalization.
    # This part comes later, in the assignment batch_normalization.
    raise NotImplementedError("layernorm_forward: dolazi kasnije (comes later): batch_normalization")
    return out, cache


def layernorm_backward(dout: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Backward pass of layer normalization.

    What you derived for batch normalization holds here with the axes exchanged, but for gamma and beta: they still
    belong to the features.

    Args:
        dout: upstream gradient (N, D).
        cache: from `layernorm_forward`.

    Returns:
        dx: (N, D).
        dgamma: (D,).
        dbeta: (D,).
    """
    # layernorm_backward: ovaj dio dolazi kasnije, u zadatku batch_normalization.
    # This part comes later, in the assignment batch_normalization.
    raise NotImplementedError("layernorm_backward: dolazi kasnije (comes later): batch_normalization")
    return dx, dgamma, dbeta


def dropout_forward(x: np.ndarray, dropout_param: dict[str, Any]) -> tuple[np.ndarray, Any]:
    """Dropout (Srivastava et al. 2014, JMLR 15, Section 4), inverted: scaled in training, so that a test needs nothing.

    Args:
        x: inputs of any shape.
        dropout_param: a dict, with keys
            mode: "train" drops entries, "test" returns x.
            p: the probability of keeping an entry, 0 < p <= 1.
            seed: draws the same mask at each call, as a gradient check needs it; numpy's global generator if absent.

    Returns:
        out: the shape of x; in training each entry is x / p with probability p, and 0 otherwise.
        cache: for `dropout_backward`.

    Raises:
        ValueError: p is not in (0, 1], or the mode is neither "train" nor "test".
    """
    mode, p = dropout_param["mode"], float(dropout_param["p"])
    if not 0 < p <= 1:
        raise ValueError(f'dropout_forward: dropout_param["p"] is {p}; expected a probability of keeping, 0 < p <= 1')
    if mode == "test":
        return x, (mode, None)
    if mode != "train":
        raise ValueError(f'dropout_forward: dropout_param["mode"] is {mode!r}; expected "train" or "test"')

    # A generator of its own, so that a repeated mask does not repeat the batches that the solver draws.
    seed = dropout_param.get("seed")
    uniform = np.random.rand(*x.shape) if seed is None else np.random.RandomState(seed).rand(*x.shape)
    mask = (uniform < p).astype(x.dtype) / p
    return x * mask, (mode, mask)


def dropout_backward(dout: np.ndarray, cache: Any) -> np.ndarray:
    """Backward pass of inverted dropout.

    Args:
        dout: upstream gradient, of the shape of x.
        cache: from `dropout_forward`.

    Returns:
        dx: the shape of x.
    """
    mode, mask = cache
    return dout if mode == "test" else dout * mask


def softmax_loss(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Softmax and the cross-entropy, averaged over the examples.

    Args:
        x: scores (N, C).
        y: labels (N,), integers from 0 to C - 1.

    Returns:
        loss: the mean of -log p(y), in nats.
        dx: gradient of the loss with respect to x, (N, C).
    """
    # TODO softmax_loss: Izračunajte gubitak (jedan broj) i dx (N, C). Pazite na velike skorove: od skorova
    # jednog primjera može se oduzeti bilo koji broj.
    # (Compute the loss (one number) and dx (N, C). Mind large scores: any number may be subtracted from the
    # scores of one example.)
    # Pišite umjesto naredbe `raise`; šta mora da važi, piše u opisu iznad. Zatim / then:
    # check("softmax_loss")
    # (Write it in place of the `raise`; the docstring above says what must hold.)
    raise NotImplementedError("softmax_loss: još nije napisano (not written yet)")
    return loss, dx


def svm_loss(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Multiclass hinge loss with margin 1 (Weston & Watkins 1999), averaged over the examples.

    Args:
        x: scores (N, C).
        y: labels (N,), integers from 0 to C - 1.

    Returns:
        loss: the mean over the examples of the sum over the wrong classes c of max(0, x_c - x_y + 1).
        dx: gradient of the loss with respect to x, (N, C).
    """
    examples = np.arange(x.shape[0])
    margins = np.maximum(0, x - x[examples, y][:, np.newaxis] + 1)
    margins[examples, y] = 0
    loss = float(margins.sum(axis=1).mean())

    dx = (margins > 0).astype(x.dtype)
    dx[examples, y] = -dx.sum(axis=1)
    dx /= x.shape[0]
    return loss, dx
