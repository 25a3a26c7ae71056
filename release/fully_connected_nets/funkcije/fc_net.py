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
        # TODO TwoLayerNet.__init__: U self.params stavite W1, b1, W2 i b2: težine slučajne, sa standardnom
        # devijacijom weight_scale, pomjeraje nula.
        # (Put W1, b1, W2 and b2 into self.params: random weights with weight_scale as their standard
        # deviation, biases of zero.)
        # Pišite umjesto naredbe `raise`; šta mora da važi, piše u opisu iznad. Zatim / then:
        # check("TwoLayerNet")
        # (Write it in place of the `raise`; the docstring above says what must hold.)
        raise NotImplementedError("TwoLayerNet.__init__: još nije napisano (not written yet)")

    def loss(self, X: np.ndarray, y: np.ndarray | None = None) -> Any:
        """Scores (N, C) if `y` is None; otherwise the loss for the labels `y` (N,) and the gradients by parameter."""
        # TODO TwoLayerNet.loss: Propustite X kroz dva sloja; bez y vratite skorove. Inače izračunajte gubitak
        # sa regularizacijom i gradijent za svaki parametar. Slojeve pozivajte po imenu, ne pišite ih ponovo.
        # (Pass X through the two layers; without y return the scores. Otherwise compute the loss with
        # regularization and the gradient of every parameter. Call the layers by name, do not write them
        # again.)
        # Pišite umjesto naredbe `raise`; šta mora da važi, piše u opisu iznad. Zatim / then:
        # check("TwoLayerNet")
        # (Write it in place of the `raise`; the docstring above says what must hold.)
        raise NotImplementedError("TwoLayerNet.loss: još nije napisano (not written yet)")

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
        # TODO FullyConnectedNet.__init__: Napišite W1, b1, W2, b2, ... u self.params, u tipu dtype, i
        # sačuvajte sve što će trebati u loss. Normalizacija i dropout dolaze kasnije; ovdje je
        # normalization=None i dropout_keep_ratio=1.
        # (Write W1, b1, W2, b2, ... into self.params, of the type dtype, and keep all that loss will need.
        # Normalization and dropout come later; here normalization is None and dropout_keep_ratio 1.)
        # Pišite umjesto naredbe `raise`; šta mora da važi, piše u opisu iznad. Zatim / then:
        # check("FullyConnectedNet")
        # (Write it in place of the `raise`; the docstring above says what must hold.)
        raise NotImplementedError("FullyConnectedNet.__init__: još nije napisano (not written yet)")

    def loss(self, X: np.ndarray, y: np.ndarray | None = None) -> Any:
        """Scores or loss and gradients of a batch.

        Args:
            X: inputs (N, d_1, ..., d_k).
            y: labels (N,), integers from 0 to C - 1; None asks for the scores in test mode.

        Returns:
            Without y, the scores (N, C). With y, the loss (a number) and the gradients, one for each entry of `params`.
        """
        # TODO FullyConnectedNet.loss: X prevedite u tip mreže i propustite kroz sve slojeve; bez y vratite
        # skorove. Inače izračunajte gubitak sa regularizacijom i, od posljednjeg sloja ka prvom, gradijent za
        # svaki parametar.
        # (Convert X to the net's type and pass it through all layers; without y return the scores. Otherwise
        # compute the loss with regularization and, from the last layer to the first, the gradient of every
        # parameter.)
        # Pišite umjesto naredbe `raise`; šta mora da važi, piše u opisu iznad. Zatim / then:
        # check("FullyConnectedNet")
        # (Write it in place of the `raise`; the docstring above says what must hold.)
        raise NotImplementedError("FullyConnectedNet.loss: još nije napisano (not written yet)")
