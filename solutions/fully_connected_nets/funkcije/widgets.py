"""Explorers: move a slider, and nets with and without normalization train at once, with your own layers.

    weight_scale_explorer(data)
    batch_size_explorer(data, kinds=("batchnorm", "layernorm", None))
    training_explorer(data)

As the last line of a cell each shows its sliders and a picture of loss, accuracy and the spread of the activations
through the layers. Moving a slider starts a new training, with the layers as they are in your files at that moment.
Where nobody can move one, the picture of a short training stays.
"""

import math
from collections.abc import Sequence

from .experiments import Data, Training, batch_size_trainings, weight_scale_trainings
from .lab.explorer import Explorer
from .lab.panel import Control

__all__ = ["batch_size_explorer", "training_explorer", "weight_scale_explorer"]

_SCALES, _RATES = (-4.0, 0.0, 0.2), (-5.0, 1.0, 0.25)
_SIZES, _DEPTHS = (2, 5, 10, 20, 50, 100, 200), tuple(range(2, 11))


def weight_scale_explorer(data: Data, kinds: Sequence[str | None] = ("batchnorm", None)) -> Explorer:
    """Eight-layer nets, and the scale of their initial weights, from 1e-4 to 1.

    Below, what all scales tried so far ended in: the summary of `experiments.weight_scale_experiment`, as it grows.

    Args:
        data: X_train (N, d_1, ..., d_k), y_train (N,), X_val, y_val; as for `experiments.train`.
        kinds: the normalizations to compare.
    """
    [base] = weight_scale_trainings((0.01,), (None,)).values()
    controls = [Control("weight_scale", base.weight_scale, exponents=_SCALES)]
    return Explorer(data, base, kinds, controls, over="weight_scale", examples=(1e-4, 1e-3, 1e-1, 1.0))


def batch_size_explorer(data: Data, kinds: Sequence[str | None] = ("batchnorm", None)) -> Explorer:
    """Six-layer nets, and the number of images in a batch, from 2 to 200; otherwise as `weight_scale_explorer`."""
    [base] = batch_size_trainings((50,), (None,)).values()
    controls = [Control("batch_size", base.batch_size, choices=_SIZES)]
    return Explorer(data, base, kinds, controls, over="batch_size", examples=(5, 200))


def training_explorer(data: Data, kinds: Sequence[str | None] = ("batchnorm", "layernorm", None)) -> Explorer:
    """Nets of which everything can be set: learning rate, scale of the initial weights, batch size and depth.

    Args: as for `weight_scale_explorer`.
    """
    base = Training()
    controls = [
        Control("learning_rate", base.learning_rate, exponents=_RATES),
        Control("weight_scale", base.weight_scale, exponents=_around(base.weight_scale)),
        Control("batch_size", base.batch_size, choices=_SIZES),
        Control("depth", base.depth, choices=_DEPTHS),
    ]
    return Explorer(data, base, kinds, controls)


def _around(scale: float) -> tuple[float, float, float]:
    """The exponents of a slider over two powers of ten on either side."""
    middle = math.log10(scale)
    return middle - 2, middle + 2, 0.25
