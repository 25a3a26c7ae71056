"""Fully connected nets: layers, a loss, two networks and three update rules."""

from pathlib import Path

from checks.core import Assignment, Probe
from checks.student import Contract, Function

from . import layers, networks, optimizers

AFFINE = ("x", "w", "b")
RULE = ("w", "dw", "config")

ASSIGNMENT = Assignment(
    name="fully_connected_nets",
    modules=("layers.py", "fc_net.py", "optim.py"),
    gives=(),
    checks=(*layers.checks.checks, *networks.checks.checks, *optimizers.checks.checks),
    contract=Contract(
        functions={
            "affine_forward": Function("layers", AFFINE, ("array", "handle"), AFFINE),
            "affine_backward": Function("layers", ("dout", "cache"), ("array", "array", "array")),
            "relu_forward": Function("layers", ("x",), ("array", "handle"), ("x",)),
            "relu_backward": Function("layers", ("dout", "cache"), ("array",)),
            "softmax_loss": Function("layers", ("x", "y"), ("array", "array")),
            "sgd_momentum": Function("optim", RULE, ("array", "handle")),
            "rmsprop": Function("optim", RULE, ("array", "handle")),
            "adam": Function("optim", RULE, ("array", "handle")),
        },
        models={"TwoLayerNet": "fc_net", "FullyConnectedNet": "fc_net"},
    ),
    folder=Path(__file__).parent,
    forward_of={"affine_backward": "affine_forward", "relu_backward": "relu_forward"},
    over_stand_ins={"TwoLayerNet": ("layers",), "FullyConnectedNet": ("layers",)},
    written_inside=(
        ("affine_forward", "affine_backward"),
        ("relu_forward", "relu_backward"),
        ("relu_forward",),
        ("softmax_loss",),
    ),
    probes=(
        Probe("right_for_b_zero", {"b": 0.0}),
        Probe("right_for_dout_one", {"dout": 1.0}),
        Probe("right_for_square", sizes={"N": 5, "D": 5, "M": 5}),
    ),
)
