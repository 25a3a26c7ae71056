"""Submissions that pretend: what they earn stands in `docs/mutation/batch_normalization.md`.

`EMPTY` hold no right line and earn nothing, alone and beside an honest rest. `COUPLED` compute something that hangs
together as a normalization does and is none: they may earn points of form, and no others. `SOMETIMES` are right on some
calls and earn the value checks in which they were. `KEPT` are right networks that keep their layers in unusual places,
and earn all. `BENT` are networks without a wiring over layers that want to make it look right, and earn nothing for it.
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
        "batchnorm_forward.shape",
        "batchnorm_forward.running_shape",
        "batchnorm_forward.test_keeps",
        "batchnorm_forward.test_shape",
        "batchnorm_backward.shapes",
        "batchnorm_backward_alt.shapes",
        "layernorm_forward.shape",
        "layernorm_forward.modes",
        "layernorm_backward.shapes",
        "FullyConnectedNet.parameters",
        "FullyConnectedNet.runs",
        "FullyConnectedNet.dtype",
        "FullyConnectedNet.regularized_loss",
        "FullyConnectedNet.regularized_gradients",
        "FullyConnectedNet.layernorm_regularized",
    }
)
"""Checks, by id, that a wrong result may pass: shapes, names, types, what is kept, differences."""
