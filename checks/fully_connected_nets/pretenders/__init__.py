"""Submissions that pretend: what they earn stands in `docs/mutation/fully_connected_nets.md`.

`EMPTY` hold no right line and earn nothing, alone and beside an honest rest. `COUPLED` compute something that hangs
together and is wrong: they may earn points of form, and no others. `SOMETIMES` are right on some calls and earn the
value checks in which they were. `KEPT` are right networks that keep their layers in unusual places, and earn all.
`BENT` are networks without a wiring over layers that want to make it look right, and earn nothing for it.
"""

from checks.pretenders import Pretender

from . import bent, coupled, empty, kept, sometimes

EMPTY: tuple[Pretender, ...] = empty.PRETENDERS
COUPLED: tuple[Pretender, ...] = coupled.PRETENDERS
SOMETIMES: tuple[Pretender, ...] = sometimes.PRETENDERS
KEPT: tuple[Pretender, ...] = kept.PRETENDERS
BENT: tuple[Pretender, ...] = bent.PRETENDERS

FORM = frozenset(
    {
        "affine_forward.shape",
        "affine_backward.shapes",
        "sgd_momentum.same_config",
        "rmsprop.same_config",
        "adam.same_config",
        "TwoLayerNet.parameters",
        "TwoLayerNet.biases",
        "TwoLayerNet.regularized_loss",
        "TwoLayerNet.regularized_gradients",
        "FullyConnectedNet.parameters",
        "FullyConnectedNet.biases",
        "FullyConnectedNet.dtype",
        "FullyConnectedNet.float32",
        "FullyConnectedNet.regularized_loss",
        "FullyConnectedNet.regularized_gradients",
    }
)
"""Checks, by id, that a wrong result may pass: shapes, names, types, what is kept, differences."""
