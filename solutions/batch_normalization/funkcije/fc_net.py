"""Fully connected nets: `TwoLayerNet`, and `FullyConnectedNet` with any number of layers, dropout and normalization.

`from funkcije.fc_net import *` brings the layers too.

A net keeps its parameters in the dict `params`, under the names `W1, b1, W2, b2, ...` (and `gamma1, beta1, ...`).
`loss(X)` returns the scores in test mode; `loss(X, y)` returns the training loss and a dict of gradients with the same
keys.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .layer_utils import *
from .layers import *

_FORMERLY = {
    "use_batchnorm": 'it is normalization="batchnorm" today',
    "dropout": "it is dropout_keep_ratio today, the share that is kept (dropout was the share that is dropped until "
    "2017, and the share that is kept from 2018)",
}
"""What arguments of older courses are called today."""


class TwoLayerNet:
    """affine - ReLU - affine - softmax, with L2 regularization of the weights.

    Args:
        input_dim: number of features D; an input of any shape (N, d_1, ..., d_k) is read as (N, D).
        hidden_dim: size of the hidden layer, H.
        num_classes: number of classes C.
        weight_scale: standard deviation of the initial weights, drawn from numpy's global generator.
        reg: strength of the regularization.
    """

    def __init__(
        self,
        input_dim: int = 3 * 32 * 32,
        hidden_dim: int = 100,
        num_classes: int = 10,
        weight_scale: float = 1e-3,
        reg: float = 0.0,
    ) -> None:
        self.reg = reg
        self.params: dict[str, np.ndarray] = {
            "W1": weight_scale * np.random.randn(input_dim, hidden_dim),
            "b1": np.zeros(hidden_dim),
            "W2": weight_scale * np.random.randn(hidden_dim, num_classes),
            "b2": np.zeros(num_classes),
        }

    def loss(self, X: np.ndarray, y: np.ndarray | None = None) -> Any:
        """Scores (N, C) if `y` is None; otherwise the loss for the labels `y` (N,) and the gradients by parameter."""
        W1, b1, W2, b2 = (self.params[name] for name in ("W1", "b1", "W2", "b2"))
        hidden, hidden_cache = affine_relu_forward(X, W1, b1)
        scores, scores_cache = affine_forward(hidden, W2, b2)
        if y is None:
            return scores

        loss, dscores = softmax_loss(scores, y)
        loss += 0.5 * self.reg * float(np.sum(W1 * W1) + np.sum(W2 * W2))

        grads = {}
        dhidden, grads["W2"], grads["b2"] = affine_backward(dscores, scores_cache)
        _, grads["W1"], grads["b1"] = affine_relu_backward(dhidden, hidden_cache)
        grads["W1"] += self.reg * W1
        grads["W2"] += self.reg * W2
        return loss, grads

    def save(self, path: str | Path) -> None:
        """Write the parameters into a file, in numpy's format for several arrays."""
        with Path(path).open("wb") as file:
            np.savez(file, **dict[str, Any](self.params))

    def load(self, path: str | Path) -> None:
        """Take the parameters from a file that `save` wrote.

        Raises:
            ValueError: the file holds other parameters than this net has, by their names and shapes.
        """
        with np.load(path, allow_pickle=False) as file:
            read = {name: file[name] for name in file.files}
        expected, found = ({name: value.shape for name, value in one.items()} for one in (self.params, read))
        if found != expected:
            raise ValueError(f"TwoLayerNet.load: {path} holds {found}; expected {expected}")
        self.params = read


class FullyConnectedNet:
    """{affine - [batch or layer normalization] - ReLU - [dropout]} x (L - 1) - affine - softmax.

    Each hidden layer l has weights `W{l}` and biases `b{l}`, and with normalization a scale `gamma{l}` and a shift
    `beta{l}`; the last layer, L, has weights and biases alone.

    Args:
        hidden_dims: sizes of the L - 1 hidden layers.
        input_dim: number of features D; an input of any shape (N, d_1, ..., d_k) is read as (N, D).
        num_classes: number of classes C.
        dropout_keep_ratio: probability that dropout keeps an entry, 0 < p <= 1; 1 means no dropout.
        normalization: "batchnorm", "layernorm" or None.
        reg: strength of the L2 regularization: half of it times the sum of the squares of all weights W.
        weight_scale: standard deviation of the initial weights, drawn layer by layer from numpy's global generator.
        dtype: of the parameters and of all computation; inputs are cast to it batch by batch.
        seed: makes dropout draw the same masks at each call, as a gradient check needs it.

    Raises:
        ValueError: a normalization or a dropout_keep_ratio that is not one of those named above.
        TypeError: an argument that is not one of those named above; for those of older courses, with today's name.
    """

    def __init__(
        self,
        hidden_dims: Sequence[int],
        input_dim: int = 3 * 32 * 32,
        num_classes: int = 10,
        dropout_keep_ratio: float = 1,
        normalization: str | None = None,
        reg: float = 0.0,
        weight_scale: float = 1e-2,
        dtype: DTypeLike = np.float32,
        seed: int | None = None,
        **others: Any,
    ) -> None:
        for name in others:
            raise TypeError(f"FullyConnectedNet: no argument {name!r}; {_FORMERLY.get(name, 'see its docstring')}")
        if normalization not in (None, "batchnorm", "layernorm"):
            raise ValueError(
                f'FullyConnectedNet: normalization is {normalization!r}; expected "batchnorm", "layernorm" or None'
            )
        if not 0 < dropout_keep_ratio <= 1:
            raise ValueError(f"FullyConnectedNet: dropout_keep_ratio is {dropout_keep_ratio}; expected 0 < p <= 1")
        self.normalization = normalization
        self.use_dropout = dropout_keep_ratio != 1
        self.reg = reg
        self.dtype = np.dtype(dtype)
        self.num_layers = len(hidden_dims) + 1
        self.params: dict[str, np.ndarray] = {}

        dims = [input_dim, *hidden_dims, num_classes]
        for l in range(1, self.num_layers + 1):
            self.params[f"W{l}"] = weight_scale * np.random.randn(dims[l - 1], dims[l])
            self.params[f"b{l}"] = np.zeros(dims[l])

        # Parameters of the normalization: a scale of ones and a shift of zeros for every hidden layer.
        if self.normalization is not None:
            for l, hidden_dim in enumerate(hidden_dims, start=1):
                self.params[f"gamma{l}"] = np.ones(hidden_dim)
                self.params[f"beta{l}"] = np.zeros(hidden_dim)

        for name, value in self.params.items():
            self.params[name] = value.astype(self.dtype)

        # What hidden layer l keeps between calls, at index l - 1: its mode, and its running statistics if it has any.
        self.bn_params: list[dict[str, Any]] = [{} for _ in hidden_dims] if self.normalization is not None else []
        self.dropout_param: dict[str, Any] = {}
        if self.use_dropout:
            self.dropout_param = {"mode": "train", "p": dropout_keep_ratio}
            if seed is not None:
                self.dropout_param["seed"] = seed

    def loss(self, X: np.ndarray, y: np.ndarray | None = None) -> Any:
        """Scores or loss and gradients of a batch.

        Args:
            X: inputs (N, d_1, ..., d_k).
            y: labels (N,), integers from 0 to C - 1; None asks for the scores in test mode.

        Returns:
            Without y, the scores (N, C). With y, the loss (a number) and the gradients, one for each entry of `params`.
        """
        h = X.astype(self.dtype, copy=False)
        mode = "test" if y is None else "train"
        for bn_param in self.bn_params:
            bn_param["mode"] = mode
        if self.use_dropout:
            self.dropout_param["mode"] = mode

        # Forward: h is the output of the layer before; each layer leaves its caches for the way back.
        params = self.params
        caches: dict[tuple[str, int], Any] = {}
        for l in range(1, self.num_layers):
            h, caches["affine", l] = affine_forward(h, params[f"W{l}"], params[f"b{l}"])
            if self.normalization is not None:
                # From h, the output of the affine layer, to the normalized h; the cache goes into caches.
                gamma, beta, norm_param = params[f"gamma{l}"], params[f"beta{l}"], self.bn_params[l - 1]
                if self.normalization == "batchnorm":
                    h, caches["norm", l] = batchnorm_forward(h, gamma, beta, norm_param)
                else:
                    h, caches["norm", l] = layernorm_forward(h, gamma, beta, norm_param)
            h, caches["relu", l] = relu_forward(h)
            if self.use_dropout:
                h, caches["dropout", l] = dropout_forward(h, self.dropout_param)
        last = self.num_layers
        scores, caches["affine", last] = affine_forward(h, params[f"W{last}"], params[f"b{last}"])
        if y is None:
            return scores

        # Backward: dh is the gradient with respect to the output of the layer that comes next on the way back.
        loss, dscores = softmax_loss(scores, y)
        grads: dict[str, np.ndarray] = {}
        dh, grads[f"W{last}"], grads[f"b{last}"] = affine_backward(dscores, caches["affine", last])
        for l in reversed(range(1, self.num_layers)):
            if self.use_dropout:
                dh = dropout_backward(dh, caches["dropout", l])
            dh = relu_backward(dh, caches["relu", l])
            if self.normalization is not None:
                # From dh, behind the normalization, to dh before it; the gradients of gamma and beta go into grads.
                if self.normalization == "batchnorm":
                    dh, grads[f"gamma{l}"], grads[f"beta{l}"] = batchnorm_backward(dh, caches["norm", l])
                else:
                    dh, grads[f"gamma{l}"], grads[f"beta{l}"] = layernorm_backward(dh, caches["norm", l])
            dh, grads[f"W{l}"], grads[f"b{l}"] = affine_backward(dh, caches["affine", l])

        # Regularization concerns the weights alone: no biases, no gamma, no beta.
        if self.reg:
            for l in range(1, self.num_layers + 1):
                W = params[f"W{l}"]
                loss += 0.5 * self.reg * float(np.sum(W * W))
                grads[f"W{l}"] += self.reg * W
        return loss, grads
