"""What a mistake in layer normalization or in the network costs, and what costs nothing."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bench import Judge

from checks.result import Result
from funkcije import layers
from grader.mutation.bench import Bench
from grader.reference.edits import Edit, edits_of

JudgeOne = Callable[..., Result]

FORWARD, BACKWARD, NETWORK = "layernorm_forward", "layernorm_backward", "FullyConnectedNet"
VARIANCE = "np.mean(x_centered**2, axis=1, keepdims=True)"


@pytest.fixture
def judged(judged: Judge) -> JudgeOne:
    """Judges one function of a changed reference."""
    return lambda function, *edits, **options: judged(*edits, functions=[function], **options)


def lost(result: Result) -> set[str]:
    return {check.id.partition(".")[2] for check in result.checks if check.status != "passed"}


COSTS = {
    "ln_eps_hard_coded": {"eps", "eps_zero"},
    "ln_running_statistics_in_test": {"modes"},
    "ln_out_squeezed": {"shape"},
    "ln_single_row_is_shift": {"sizes"},
    "ln_keeps_statistics_of_rows": {"modes"},
    "ln_dgamma_mean": {"dgamma"},
    "ln_dbeta_times_gamma": {"dbeta"},
    "ln_dgamma_and_dbeta_swapped": {"dgamma", "dbeta"},
    "ln_dx_eps_hard_coded": {"eps"},
    "ln_dx_squeezed": {"shapes"},
    "ln_cache_kept_in_ln_param": {"own_cache"},
    "net_parameters_of_layernorm_missing": {"parameters", "runs"},
    "net_parameters_kept_as_rows": {"parameters"},
    "net_gamma_starts_at_zero": {"initial"},
    "net_parameters_always_float32": {"dtype"},
    "net_shared_statistics": {"own_statistics"},
    "net_statistics_of_last_step": {"test_mode"},
    "net_test_uses_batch": {"test_mode", "own_statistics"},
    "net_layernorm_only_in_training": {"layernorm_test"},
    "net_gradients_swapped": {"batchnorm_scale_and_shift", "layernorm_scale_and_shift"},
    "net_gradients_of_layernorm_missing": {"layernorm_scale_and_shift", "runs"},
    "net_parameters_of_input_size": {"parameters", "runs"},
    "net_reg_without_half": {"regularized_loss", "layernorm_regularized"},
    "net_reg_not_in_gradients": {"regularized_gradients", "layernorm_regularized"},
}


@pytest.mark.parametrize("mistake", COSTS)
def test_a_mistake_costs_its_own_checks_and_no_others(judged: JudgeOne, bench: Bench, mistake: str) -> None:
    known = bench.versions.mistakes[mistake]
    assert lost(judged(known.function, *edits_of(known))) == COSTS[mistake]


def test_a_layer_that_is_wrong_but_the_same_in_both_modes_keeps_the_points_of_the_modes(judged: JudgeOne) -> None:
    no_shift = Edit("layers", FORWARD, "out = gamma * x_hat + beta", "out = gamma * x_hat")
    assert not lost(judged(FORWARD, no_shift)) & {"modes", "shape"}


def test_a_one_pass_variance_loses_the_offset_in_float32_and_nothing_in_float64(judged: JudgeOne) -> None:
    one_pass = "(x**2).mean(axis=1, keepdims=True{0}) - x.mean(axis=1, keepdims=True{0}) ** 2"
    single = Edit("layers", FORWARD, VARIANCE, f"np.maximum({one_pass.format('')}, 0)")
    double = [Edit("layers", FORWARD, "mu = ", "x = x.astype(np.float64); mu = "), single]
    assert lost(judged(FORWARD, single)) == {"offset"}
    assert not lost(judged(FORWARD, *double))


def test_work_in_place_is_a_remark_and_costs_nothing(judged: JudgeOne) -> None:
    forward = Edit("layers", FORWARD, "x_centered = x - ", "x_centered = x; x_centered -= ")
    result = judged(FORWARD, forward)
    assert not lost(result)
    assert result.checks[0].warnings == ("layernorm_forward changes its input x in place; work on a copy.",)
    assert not lost(judged(BACKWARD, forward))
    assert not lost(judged(NETWORK, forward))


def test_a_network_that_knows_one_dtype_loses_the_check_of_the_dtype_alone(judged: JudgeOne) -> None:
    assert lost(judged(NETWORK, Edit("fc_net", NETWORK, "np.dtype(dtype)", "np.dtype(np.float32)"))) == {"dtype"}


RAISING = {
    "a name that numpy took away": (
        FORWARD,
        Edit("layers", FORWARD, "mu = ", "x = x.astype(np.float)\n    mu = "),
        "np.float",
    ),
    "an axis lost for want of keepdims": (
        FORWARD,
        Edit("layers", FORWARD, "mu = x.mean(axis=1, keepdims=True)", "mu = x.mean(axis=1)"),
        "shapes (4,7) (4,)",
    ),
    "gamma not transposed with the rest": (
        FORWARD,
        Edit("layers", FORWARD, "out = gamma * x_hat + beta", "out = (gamma * x_hat.T + beta).T"),
        "shapes (7,) (7,4)",
    ),
    "a mode that is asked for": (
        FORWARD,
        Edit("layers", FORWARD, "cache: Any = None", 'mode = ln_param["mode"]; cache = None'),
        "KeyError: 'mode'",
    ),
    "a loop over the features in place of the examples": (
        BACKWARD,
        Edit(
            "layers",
            BACKWARD,
            "dbeta = dout.sum(axis=0)",
            "dbeta = np.stack([dout[i].sum() for i in range(dout.shape[1])])",
        ),
        "is out of bounds",
    ),
    "a mode that nobody sets": (NETWORK, Edit("fc_net", NETWORK, 'bn_param["mode"] = mode', "pass"), "mode"),
    "training in test mode": (
        NETWORK,
        Edit("fc_net", NETWORK, 'bn_param["mode"] = mode', 'bn_param["mode"] = "test"'),
        "NoneType",
    ),
    "layers counted one too far": (
        NETWORK,
        Edit(
            "fc_net",
            NETWORK,
            'norm_param = params[f"gamma{l}"], params[f"beta{l}"]',
            'norm_param = params[f"gamma{l + 1}"], params[f"beta{l + 1}"]',
        ),
        "gamma",
    ),
    "a normalization before the affine layer": (
        NETWORK,
        Edit(
            "fc_net",
            NETWORK,
            'h, caches["affine", l] = affine_forward(h, params[f"W{l}"], params[f"b{l}"])',
            'h, _ = layernorm_forward(h, params[f"gamma{l}"], params[f"beta{l}"], {})',
        ),
        "could not be broadcast",
    ),
    "the other normalization's way back": (
        NETWORK,
        Edit("fc_net", NETWORK, "= layernorm_backward(dh", "= batchnorm_backward(dh"),
        "the cache is that of another layer",
    ),
}


@pytest.mark.parametrize("idea", RAISING)
def test_a_mistake_that_raises_loses_points_and_the_message_says_at_what(judged: JudgeOne, idea: str) -> None:
    function, edit, cause = RAISING[idea]
    errors = [check for check in judged(function, edit).checks if check.status == "error"]
    assert errors
    assert any(cause in check.message for check in errors), errors


class AnotherNet:
    """A right network with nothing of the given class but its arguments, `params` and `loss`."""

    def __init__(
        self, hidden_dims: list[int], *, input_dim: int, num_classes: int, normalization: str, **options: Any
    ) -> None:
        self.kind, self.reg, dtype = normalization, options.get("reg", 0.0), options.get("dtype", np.float32)
        self.params: dict[str, np.ndarray] = {}
        self.kept: dict[int, dict[str, Any]] = {}
        widths = [input_dim, *hidden_dims, num_classes]
        for l in reversed(range(1, len(widths))):
            if l <= len(hidden_dims):
                self.kept[l] = {}
                self.params |= {f"beta{l}": np.zeros(widths[l], dtype), f"gamma{l}": np.ones(widths[l], dtype)}
            self.params[f"W{l}"] = np.random.default_rng(l).normal(size=widths[l - 1 : l + 1]).astype(dtype)
            self.params[f"b{l}"] = np.zeros(widths[l], dtype)

    def loss(self, X: np.ndarray, y: np.ndarray | None = None) -> Any:
        steps: list[tuple[int, Any, Any, Any]] = []
        for l, kept in sorted(self.kept.items()):
            X, affine = layers.affine_forward(X, self.params[f"W{l}"], self.params[f"b{l}"])
            forward = getattr(layers, f"{self.kind}_forward")
            self.kept[l] = {**kept, "mode": "train" if y is not None else "test"}
            X, norm = forward(X, self.params[f"gamma{l}"], self.params[f"beta{l}"], self.kept[l])
            X, relu = layers.relu_forward(X)
            steps.append((l, affine, norm, relu))
        last = len(self.kept) + 1
        scores, affine = layers.affine_forward(X, self.params[f"W{last}"], self.params[f"b{last}"])
        if y is None:
            return scores
        loss, dX = layers.softmax_loss(scores, y)
        grads: dict[str, Any] = {}
        dX, grads[f"W{last}"], grads[f"b{last}"] = layers.affine_backward(dX, affine)
        while steps:
            l, affine, norm, relu = steps.pop()
            dX, dgamma, dbeta = getattr(layers, f"{self.kind}_backward")(layers.relu_backward(dX, relu), norm)
            dX, dW, db = layers.affine_backward(dX, affine)
            grads.update({f"gamma{l}": dgamma, f"beta{l}": dbeta, f"W{l}": dW, f"b{l}": db, f"h{l}": dX})
        weights = [name for name in self.params if name[0] == "W"]
        grads.update({name: grads[name] + self.reg * self.params[name] for name in weights})
        return loss + self.reg / 2 * sum(np.square(self.params[name]).sum() for name in weights), grads


def test_a_right_network_scores_full_whatever_it_is_made_of(judged: JudgeOne) -> None:
    result = judged(NETWORK, replaced={"fc_net": {"FullyConnectedNet": AnotherNet}})
    assert not lost(result)
    assert result.function_score(NETWORK) == (8, 8)
