"""Explorers: move a slider, and what it sets runs at once, with your own layers and update rules.

    weight_scale_explorer(data)
    batch_size_explorer(data, kinds=("batchnorm", "layernorm", None))
    training_explorer(data)
    depth_explorer(data)
    update_rules_explorer()

As the last line of a cell each shows its sliders and a picture: of nets in training (loss, accuracy, and the spread of
activations through the layers), or of update rules that race. Moving a slider starts again, with the layers and rules
as they are in your files at that moment. Where nobody can move one, the picture of a short run stays.
"""

import math
from collections.abc import Sequence

from .experiments import Data, Training, batch_size_trainings, weight_scale_trainings
from .lab.net_explorer import NetExplorer
from .lab.panel import Control
from .lab.race_explorer import RaceExplorer

__all__ = [
    "batch_size_explorer",
    "depth_explorer",
    "training_explorer",
    "update_rules_explorer",
    "weight_scale_explorer",
]

_SCALES, _RATES = (-4.0, 0.0, 0.2), (-5.0, 1.0, 0.25)
_SIZES, _DEPTHS = (2, 5, 10, 20, 50, 100, 200), tuple(range(2, 11))


def weight_scale_explorer(data: Data, kinds: Sequence[str | None] = ("batchnorm", None)) -> NetExplorer:
    """Eight-layer nets, and the scale of their initial weights, from 1e-4 to 1.

    Below, what all scales tried so far ended in: the summary of `experiments.weight_scale_experiment`, as it grows.

    Args:
        data: X_train (N, d_1, ..., d_k), y_train (N,), X_val, y_val; as for `experiments.train`.
        kinds: the normalizations to compare.
    """
    [base] = weight_scale_trainings((0.01,), (None,)).values()
    controls = [Control("weight_scale", base.weight_scale, exponents=_SCALES)]
    return NetExplorer(data, base, kinds, controls, over="weight_scale", examples=(1e-4, 1e-3, 1e-1, 1.0))


def batch_size_explorer(data: Data, kinds: Sequence[str | None] = ("batchnorm", None)) -> NetExplorer:
    """Six-layer nets, and the number of images in a batch, from 2 to 200; otherwise as `weight_scale_explorer`."""
    [base] = batch_size_trainings((50,), (None,)).values()
    controls = [Control("batch_size", base.batch_size, choices=_SIZES)]
    return NetExplorer(data, base, kinds, controls, over="batch_size", examples=(5, 200))


def training_explorer(data: Data, kinds: Sequence[str | None] = ("batchnorm", "layernorm", None)) -> NetExplorer:
    """Nets of which everything can be set: learning rate, scale of the initial weights, batch size and depth.

    Beside the activations of each layer it shows their gradients.

    Args: as for `weight_scale_explorer`.
    """
    base = Training()
    controls = [
        Control("learning_rate", base.learning_rate, exponents=_RATES),
        Control("weight_scale", base.weight_scale, exponents=_around(base.weight_scale)),
        Control("batch_size", base.batch_size, choices=_SIZES),
        Control("depth", base.depth, choices=_DEPTHS),
    ]
    return NetExplorer(data, base, kinds, controls, gradients=True)


def depth_explorer(data: Data, kinds: Sequence[str | None] = (None,)) -> NetExplorer:
    """Nets from 2 to 10 layers deep: what depth and the scale of the initial weights make of activations and gradients.

    With the scale of 0.02 a net of three layers learns (at a rate of 0.001, from 1,000 images of CIFAR-10, to an
    accuracy of 0.9 on them); in one of ten activations and gradients vanish, and no rate makes up for that.

    Args: as for `weight_scale_explorer`.
    """
    base = Training(depth=5, update_rule="sgd_momentum", learning_rate=1e-2)
    controls = [
        Control("depth", base.depth, choices=_DEPTHS),
        Control("learning_rate", base.learning_rate, exponents=_RATES),
        Control("weight_scale", base.weight_scale, exponents=_around(base.weight_scale)),
    ]
    return NetExplorer(data, base, kinds, controls, gradients=True)


def update_rules_explorer() -> RaceExplorer:
    """The rules of `optim` race from one point: through a valley, off a saddle, and in a bowl with noisy gradients.

    The point is set by a click on a surface, by arrow keys while the picture has focus, or by sliders, as learning rate
    and decays are. Each move ends the race that runs. A rule that is not written yet, that raises, or that leaves the
    numbers is named in one line, and the others race on.
    """
    return RaceExplorer()


def _around(scale: float) -> tuple[float, float, float]:
    """The exponents of a slider over two powers of ten on either side."""
    middle = math.log10(scale)
    return middle - 2, middle + 2, 0.25
