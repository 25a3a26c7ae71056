"""Wrong implementations that are in no list earn no full points, on any draw; what is lost is what is wrong in them."""

import pytest
from bench import Judge, failed

from grader.reference.edits import Edit

BN, LN, NET = "batchnorm_forward", "layernorm_forward", "FullyConnectedNet"
SCALED = "out = gamma * x_hat + beta"
AS_A_COLUMN = "out = (gamma[:, None] if gamma.size == x.shape[0] and len(x) > 1 else gamma) * x_hat + beta"
X_HAT = "x_hat = x_centered / std"
CUT_OFF = "x_hat = np.clip(x_centered / std, -3.0, 3.0)"
TESTED = "out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta"
STORED = 'bn_param["running_mean"] = running_mean'
COUNTED = f'{STORED}\n        bn_param["steps"] = bn_param.get("steps", 0) + 1'
UNBIASED = 'c = 1 - momentum ** bn_param.get("steps", 1e9)\n        ' + TESTED.replace(
    "running_mean", "running_mean / c"
).replace("running_var", "running_var / c")
REGULARIZED = 'grads[f"W{l}"] += self.reg * W'
DECAYS = REGULARIZED + '\n                params[f"W{l}"] = W * (1 - 1e-3 * self.reg)'
EPS = 'ln_param.get("eps", 1e-5)'

WRONG: dict[str, tuple[list[Edit], set[str]]] = {
    "gamma along the examples, where there are as many": ([Edit("layers", BN, SCALED, AS_A_COLUMN)], {f"{BN}.sizes"}),
    "gamma along the rows, where there are as many": ([Edit("layers", LN, SCALED, AS_A_COLUMN)], {f"{LN}.sizes"}),
    "cut off at three standard deviations": ([Edit("layers", BN, X_HAT, CUT_OFF)], {f"{BN}.sizes"}),
    "rows cut off at three standard deviations": ([Edit("layers", LN, X_HAT, CUT_OFF)], {f"{LN}.sizes"}),
    "eps taken out of the dictionary": (
        [Edit("layers", BN, 'bn_param.get("eps", 1e-5)', 'bn_param.pop("eps", 1e-5)')],
        {f"{BN}.eps"},
    ),
    "eps of rows taken out of the dictionary": (
        [Edit("layers", LN, 'ln_param.get("eps", 1e-5)', 'ln_param.pop("eps", 1e-5)')],
        {f"{LN}.modes"},
    ),
    "another eps of rows in test mode": (
        [Edit("layers", LN, EPS, f'1e-5 if ln_param.get("mode") == "test" else {EPS}')],
        {f"{LN}.modes"},
    ),
    "statistics divided by 1 - momentum^t in test mode": (
        [Edit("layers", BN, STORED, COUNTED), Edit("layers", BN, TESTED, UNBIASED)],
        {f"{BN}.test_mode"},
    ),
    "weights that decay in loss": (
        [Edit("fc_net", NET, REGULARIZED, DECAYS)],
        {f"{NET}.regularized_loss", f"{NET}.layernorm_regularized"},
    ),
}


@pytest.mark.parametrize("draw", range(3))
@pytest.mark.parametrize("name", WRONG)
def test_it_loses_the_checks_of_what_is_wrong_and_no_others(judged: Judge, name: str, draw: int) -> None:
    edits, lost = WRONG[name]
    assert failed(judged(*edits, draw=draw, explain="none")) == lost
