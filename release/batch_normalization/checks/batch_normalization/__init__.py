"""Batch and layer normalization: what the student writes, and the checks on it."""

from pathlib import Path

from checks.core import Assignment, Default, Probe
from checks.student import Contract, Function

from . import batchnorm, layernorm, network

FORWARD = ("x", "gamma", "beta")
GRADIENTS: tuple[str, ...] = ("dout", "cache")

ASSIGNMENT = Assignment(
    name="batch_normalization",
    modules=("layers.py", "fc_net.py"),
    gives=("fully_connected_nets",),
    checks=(*batchnorm.checks.checks, *layernorm.checks.checks, *network.checks.checks),
    contract=Contract(
        functions={
            "batchnorm_forward": Function("layers", (*FORWARD, "bn_param"), ("array", "handle"), FORWARD),
            "batchnorm_backward": Function("layers", GRADIENTS, ("array", "array", "array")),
            "batchnorm_backward_alt": Function("layers", GRADIENTS, ("array", "array", "array")),
            "layernorm_forward": Function("layers", (*FORWARD, "ln_param"), ("array", "handle"), FORWARD),
            "layernorm_backward": Function("layers", GRADIENTS, ("array", "array", "array")),
        },
        models={"FullyConnectedNet": "fc_net"},
    ),
    folder=Path(__file__).parent,
    forward_of={
        "batchnorm_backward": "batchnorm_forward",
        "batchnorm_backward_alt": "batchnorm_forward",
        "layernorm_backward": "layernorm_forward",
    },
    over_stand_ins={"FullyConnectedNet": ("layers",)},
    probes=(
        Probe("right_for_gamma_one", {"gamma": 1.0}),
        Probe("right_for_beta_zero", {"beta": 0.0}),
        Probe("right_for_gamma_one_beta_zero", {"gamma": 1.0, "beta": 0.0}),
        Probe("right_for_default_eps", {"eps": 1e-5}),
        Probe("right_for_default_momentum", {"momentum": 0.9}),
        Probe("right_for_dout_one", {"dout": 1.0}),
        Probe("right_for_square", sizes={"N": 5, "D": 5}),
    ),
    defaults=(Default("default_eps", {"eps": 1e-5}), Default("default_momentum", {"momentum": 0.9})),
)
