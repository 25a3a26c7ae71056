"""Known mistakes in `batchnorm_forward`: statistics of the batch, eps, scale and shift, running statistics, test mode.

A mistake is made in one mode alone where a student may make it in one mode alone: each mode has checks of its own, and
whoever makes it in both is told so twice. Where two give the same on a check, the narrower stands first.
"""

from checks.mistakes import Mistake, in_function

forward = in_function("layers", "batchnorm_forward")

MEAN = "mu = x.mean(axis=0)"
VAR = "var = np.mean(x_centered**2, axis=0)"
STD = "std = np.sqrt(var + eps)"
X_HAT = "x_hat = x_centered / std"
OUT = "out = gamma * x_hat + beta"
RUNNING_MEAN = "running_mean = momentum * running_mean + (1 - momentum) * mu"
RUNNING_VAR = "running_var = momentum * running_var + (1 - momentum) * var"
STORED_MEAN = 'bn_param["running_mean"] = running_mean'
STORED_VAR = 'bn_param["running_var"] = running_var'
TEST = "out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta"


def running(id: str, check: str, mean: str, var: str) -> Mistake:
    """Other lines for the running statistics."""
    return forward(id, check, {RUNNING_MEAN: mean, RUNNING_VAR: var})


def running_of(id: str, check: str, mean: str, var: str) -> Mistake:
    """Other statistics of the batch in the right lines."""
    return forward(
        id,
        check,
        {"(1 - momentum) * mu": f"(1 - momentum) * {mean}", "(1 - momentum) * var": f"(1 - momentum) * {var}"},
    )


def tested(id: str, check: str, line: str) -> Mistake:
    """Another line for the test mode."""
    return forward(id, check, {TEST: line})


STATISTICS = (
    forward("bn_unbiased_variance", "train", {VAR: "var = np.var(x, axis=0, ddof=1)"}),
    forward("bn_unbiased_variance_guarded", "train", {VAR: "var = np.sum(x_centered**2, axis=0) / max(len(x) - 1, 1)"}),
    forward(
        "bn_wrong_axis",
        "train",
        {
            MEAN: "mu = x.mean(axis=1, keepdims=True)",
            VAR: "var = np.mean(x_centered**2, axis=1, keepdims=True)",
            "(1 - momentum) * mu": "(1 - momentum) * mu.mean()",
            "(1 - momentum) * var": "(1 - momentum) * var.mean()",
        },
    ),
    forward("bn_whole_matrix", "train", {MEAN: "mu = x.mean()", VAR: "var = np.mean(x_centered**2)"}),
    forward("bn_variance_of_whole_matrix", "train", {VAR: "var = np.mean(x_centered**2)"}),
    forward("bn_variance_is_mean", "train", {VAR: "var = x.mean(axis=0)"}),
    forward("bn_variance_not_centered", "train", {VAR: "var = np.mean(x**2, axis=0)"}),
    forward("bn_variance_not_divided", "train", {VAR: "var = np.sum(x_centered**2, axis=0)"}),
    forward("bn_variance_over_features", "train", {VAR: "var = np.sum(x_centered**2, axis=0) / x.shape[1]"}),
    forward("bn_mean_over_features", "train", {MEAN: "mu = x.sum(axis=0) / x.shape[1]"}),
    forward("bn_mean_not_divided", "train", {MEAN: "mu = x.sum(axis=0)"}),
    forward("bn_mean_absolute_deviation", "train", {STD: "std = np.mean(np.abs(x_centered), axis=0) + eps"}),
    forward("bn_divides_by_variance", "train", {STD: "std = var + eps"}),
    forward("bn_root_twice", "train", {STD: "std = np.sqrt(np.sqrt(var) + eps)"}),
    forward("bn_multiplies_by_std", "train", {X_HAT: "x_hat = x_centered * std"}),
    forward("bn_not_centered", "train", {OUT: "out = gamma * x / std + beta"}),
    forward("bn_only_centered", "train", {OUT: "out = gamma * x_centered + beta"}, carries_gradient=False),
    forward("bn_not_normalized", "train", {OUT: "out = gamma * x + beta"}, carries_gradient=False),
    forward("bn_only_mean_divided", "train", {X_HAT: "x_hat = x - mu / std"}),
    forward("bn_float32_inside", "train", {MEAN: "x = x.astype(np.float32)\n        mu = x.mean(axis=0)"}),
    forward("bn_one_pass_in_float32", "offset", {VAR: "var = np.mean(x**2, axis=0) - mu**2"}),
    forward("bn_single_example_as_it_is", "sizes", {X_HAT: "x_hat = x_centered / std if len(x) > 1 else x"}),
    forward("bn_out_squeezed", "shape", {OUT: "out = np.squeeze(gamma * x_hat + beta)"}),
)

EPS = (
    forward("bn_eps_outside_root", "eps", {STD: "std = np.sqrt(var) + eps"}),
    forward("bn_eps_twice", "eps", {STD: "std = np.sqrt(var + eps) + eps"}),
    forward("bn_eps_squared", "eps", {STD: "std = np.sqrt(var + eps**2)"}),
    forward("bn_eps_as_floor", "eps", {STD: "std = np.maximum(np.sqrt(var), eps)"}),
    forward("bn_variance_at_least_eps", "eps", {STD: "std = np.sqrt(np.maximum(var, eps))"}),
    forward("bn_eps_forgotten", "train", {STD: "std = np.sqrt(var)"}),
    forward("bn_eps_hard_coded", "eps", {STD: "std = np.sqrt(var + 1e-5)"}),
    forward("bn_default_eps_too_small", "train", {'"eps", 1e-5': '"eps", 1e-8'}),
    forward("bn_eps_hard_coded_too_small", "eps", {'float(bn_param.get("eps", 1e-5))': "1e-8"}),
    forward("bn_default_eps_small", "train", {'"eps", 1e-5': '"eps", 1e-7'}),
    forward("bn_default_eps_smaller", "train", {'"eps", 1e-5': '"eps", 1e-6'}),
    forward("bn_default_eps_tiny", "train", {'"eps", 1e-5': '"eps", 1e-12'}),
    forward("bn_default_eps_larger", "train", {'"eps", 1e-5': '"eps", 1e-4'}),
    forward("bn_default_eps_too_large", "train", {'"eps", 1e-5': '"eps", 1e-3'}),
    forward("bn_eps_zero_ignored", "eps_zero", {'bn_param.get("eps", 1e-5)': 'bn_param.get("eps") or 1e-5'}),
)

SCALE_AND_SHIFT = (
    forward("bn_no_scale_and_shift", "train", {OUT: "out = x_hat"}),
    forward("bn_no_scale", "train", {OUT: "out = x_hat + beta"}),
    forward("bn_no_shift", "train", {OUT: "out = gamma * x_hat"}),
    forward("bn_shift_before_scale", "train", {OUT: "out = gamma * (x_hat + beta)"}),
    forward("bn_gamma_and_beta_exchanged", "train", {OUT: "out = beta * x_hat + gamma"}),
    forward(
        "bn_scale_before_normalizing",
        "train",
        {MEAN: "x = gamma * x + beta\n        mu = x.mean(axis=0)", OUT: "out = x_hat"},
    ),
)

RUNNING = (
    running_of("bn_running_var_unbiased", "running_var", "mu", "var * len(x) / max(len(x) - 1, 1)"),
    running_of("bn_running_var_with_eps", "running_var", "mu", "(var + eps)"),
    running_of("bn_running_std", "running_var", "mu", "std"),
    running_of("bn_running_std_without_eps", "running_var", "mu", "np.sqrt(var)"),
    running_of("bn_running_var_around_running_mean", "running_var", "mu", "np.mean((x - running_mean)**2, axis=0)"),
    forward("bn_running_var_from_ones", "running_var", {'"running_var", np.zeros(': '"running_var", np.ones('}),
    running(
        "bn_running_var_from_running_mean",
        "running_var",
        RUNNING_MEAN,
        "running_var = momentum * running_mean + (1 - momentum) * var",
    ),
    running("bn_running_mean_only", "running_var", RUNNING_MEAN, "pass"),
    running("bn_running_var_only", "running_mean", "pass", RUNNING_VAR),
    running("bn_running_never", "running_mean", "pass", "pass"),
    running("bn_running_overwritten", "running_mean", "running_mean = mu", "running_var = var"),
    forward(
        "bn_running_mean_cumulative",
        "running_mean",
        {
            RUNNING_MEAN: 'steps = bn_param["steps"] = bn_param.get("steps", 0) + 1\n'
            "        running_mean = running_mean + (mu - running_mean) / steps"
        },
    ),
    running(
        "bn_running_from_first_batch",
        "running_mean",
        f'{RUNNING_MEAN} if "running_mean" in bn_param else mu',
        f'{RUNNING_VAR} if "running_var" in bn_param else var',
    ),
    running(
        "bn_running_forgets",
        "running_mean",
        "running_mean = (1 - momentum) * mu",
        "running_var = (1 - momentum) * var",
    ),
    running(
        "bn_running_never_forgets",
        "running_mean",
        "running_mean = running_mean + (1 - momentum) * mu",
        "running_var = running_var + (1 - momentum) * var",
    ),
    running(
        "bn_running_batch_unweighted",
        "running_mean",
        "running_mean = momentum * running_mean + mu",
        "running_var = momentum * running_var + var",
    ),
    forward("bn_default_momentum_of_new", "running_mean", {'"momentum", 0.9': '"momentum", 0.1'}),
    forward("bn_default_momentum_too_large", "running_mean", {'"momentum", 0.9': '"momentum", 0.99'}),
    forward(
        "bn_momentum_zero_ignored", "momentum", {'bn_param.get("momentum", 0.9)': 'bn_param.get("momentum") or 0.9'}
    ),
    forward("bn_momentum_hard_coded", "momentum", {'float(bn_param.get("momentum", 0.9))': "0.9"}),
    running(
        "bn_momentum_reversed",
        "running_mean",
        "running_mean = (1 - momentum) * running_mean + momentum * mu",
        "running_var = (1 - momentum) * running_var + momentum * var",
    ),
    running(
        "bn_momentum_of_mean_reversed",
        "running_mean",
        "running_mean = (1 - momentum) * running_mean + momentum * mu",
        RUNNING_VAR,
    ),
    running(
        "bn_momentum_of_var_reversed",
        "running_var",
        RUNNING_MEAN,
        "running_var = (1 - momentum) * running_var + momentum * var",
    ),
    running_of("bn_running_of_x_hat", "running_var", "x_hat.mean(axis=0)", "x_hat.var(axis=0)"),
    running_of("bn_running_of_out", "running_mean", "out.mean(axis=0)", "out.var(axis=0)"),
    running_of("bn_running_of_whole_matrix", "running_mean", "x.mean()", "x.var()"),
    running_of("bn_running_of_each_example", "running_mean", "x", "x_centered**2"),
    forward(
        "bn_running_exchanged",
        "running_mean",
        {STORED_MEAN: 'bn_param["running_mean"] = running_var', STORED_VAR: 'bn_param["running_var"] = running_mean'},
    ),
    forward(
        "bn_running_kept_as_row",
        "running_shape",
        {STORED_MEAN: f"{STORED_MEAN}.reshape(1, -1)", STORED_VAR: f"{STORED_VAR}.reshape(1, -1)"},
    ),
    forward(
        "bn_running_squeezed",
        "running_shape",
        {STORED_MEAN: f"{STORED_MEAN}.squeeze()", STORED_VAR: f"{STORED_VAR}.squeeze()"},
    ),
)

MODES = (
    tested("bn_test_uses_batch_mean", "test_mode", TEST.replace("running_mean", "x.mean(axis=0)")),
    tested("bn_test_uses_batch_variance", "test_mode", TEST.replace("running_var", "x.var(axis=0)")),
    tested(
        "bn_test_uses_batch",
        "test_mode",
        "out = gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + beta",
    ),
    forward(
        "bn_train_uses_running",
        "train",
        {RUNNING_VAR: f"{RUNNING_VAR}\n        out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta"},
    ),
    tested("bn_test_returns_x", "test_mode", "out = x"),
    tested("bn_test_without_scale_and_shift", "test_mode", "out = (x - running_mean) / np.sqrt(running_var + eps)"),
    tested("bn_test_without_scale", "test_mode", "out = (x - running_mean) / np.sqrt(running_var + eps) + beta"),
    tested("bn_test_without_shift", "test_mode", "out = gamma * (x - running_mean) / np.sqrt(running_var + eps)"),
    tested(
        "bn_test_shift_before_scale",
        "test_mode",
        "out = gamma * ((x - running_mean) / np.sqrt(running_var + eps) + beta)",
    ),
    tested(
        "bn_test_gamma_and_beta_exchanged",
        "test_mode",
        "out = beta * (x - running_mean) / np.sqrt(running_var + eps) + gamma",
    ),
    tested("bn_test_not_centered", "test_mode", "out = gamma * x / np.sqrt(running_var + eps) + beta"),
    tested(
        "bn_test_only_mean_divided", "test_mode", "out = gamma * (x - running_mean / np.sqrt(running_var + eps)) + beta"
    ),
    tested(
        "bn_test_mean_not_divided",
        "test_mode",
        "out = gamma / np.sqrt(running_var + eps) * x + (beta - running_mean)",
    ),
    tested(
        "bn_test_multiplies_by_std", "test_mode", "out = gamma * (x - running_mean) * np.sqrt(running_var + eps) + beta"
    ),
    tested("bn_test_divides_by_variance", "test_mode", "out = gamma * (x - running_mean) / (running_var + eps) + beta"),
    tested("bn_test_variance_squared", "test_mode", TEST.replace("running_var", "running_var**2")),
    tested(
        "bn_test_variance_unbiased",
        "test_mode",
        TEST.replace("running_var", "running_var * len(x) / max(len(x) - 1, 1)"),
    ),
    tested("bn_eps_forgotten_in_test", "test_mode", "out = gamma * (x - running_mean) / np.sqrt(running_var) + beta"),
    tested(
        "bn_eps_outside_root_in_test",
        "test_eps",
        "out = gamma * (x - running_mean) / (np.sqrt(running_var) + eps) + beta",
    ),
    tested("bn_eps_hard_coded_in_test", "test_eps", TEST.replace("eps", "1e-5")),
    tested("bn_test_adds_eps_in_place", "test_keeps", f"running_var += eps\n        {TEST.replace(' + eps', '')}"),
    tested(
        "bn_test_updates_running",
        "test_keeps",
        f"{TEST}\n"
        f"        {STORED_MEAN} * momentum + (1 - momentum) * x.mean(axis=0)\n"
        f"        {STORED_VAR} * momentum + (1 - momentum) * x.var(axis=0)",
    ),
    tested(
        "bn_test_updates_first",
        "test_keeps",
        "running_mean = bn_param['running_mean'] = momentum * running_mean + (1 - momentum) * x.mean(axis=0)\n"
        "        running_var = bn_param['running_var'] = momentum * running_var + (1 - momentum) * x.var(axis=0)\n"
        f"        {TEST}",
    ),
    tested(
        "bn_test_stores_batch",
        "test_keeps",
        f"{TEST}\n        bn_param['running_mean'], bn_param['running_var'] = x.mean(axis=0), x.var(axis=0)",
    ),
    tested(
        "bn_test_keeps_rows",
        "test_shape",
        "running_mean = bn_param['running_mean'] = running_mean.reshape(1, -1)\n"
        "        running_var = bn_param['running_var'] = running_var.reshape(1, -1)\n"
        f"        {TEST}",
    ),
    forward("bn_mode_ignored", "test_keeps", {'if mode == "train"': 'if mode in ("train", "test")'}),
    tested("bn_test_out_squeezed", "test_shape", f"{TEST}\n        out = out.squeeze()"),
)

MISTAKES: tuple[Mistake, ...] = (*EPS, *SCALE_AND_SHIFT, *RUNNING, *STATISTICS, *MODES)
