"""Known mistakes in the two functions of layer normalization."""

from checks.mistakes import Mistake, in_function

forward = in_function("layers", "layernorm_forward")
backward = in_function("layers", "layernorm_backward")

MEAN = "x.mean(axis=1, keepdims=True)"
CENTERED = "x_centered = x - mu"
VARIANCE = "np.mean(x_centered**2, axis=1, keepdims=True)"
INSIDE = "var + eps"
STD = f"np.sqrt({INSIDE})"
X_HAT = "x_hat = x_centered / std"
OUT = "out = gamma * x_hat + beta"

UNPACKED = "x_hat, std, gamma = cache"
EPS_OF_ITS_OWN = """x_centered = x_hat * std
    std = np.sqrt(np.var(x_centered, axis=1, keepdims=True) + 1e-5)
    x_hat = x_centered / std"""
WITHOUT_EPS = """x_centered = x_hat * std
    std = x_centered.std(axis=1, keepdims=True)
    x_hat = x_centered / std"""
DX_HAT = "dx_hat = dout * gamma"
DX = "(dx_hat - through_mean - through_var)"
THROUGH_MEAN = "dx_hat.sum(axis=1, keepdims=True) / D"
THROUGH_VAR = "np.sum(dx_hat * x_hat, axis=1, keepdims=True) / D"
DGAMMA = "dgamma = np.sum(dout * x_hat, axis=0)"
DBETA = "dbeta = dout.sum(axis=0)"

MISTAKES: tuple[Mistake, ...] = (
    # layernorm_forward: which numbers are averaged
    forward("ln_is_batchnorm", "rows", {MEAN: "x.mean(axis=0)", VARIANCE: "np.mean(x_centered**2, axis=0)"}),
    forward("ln_whole_matrix", "rows", {MEAN: "x.mean()", VARIANCE: "np.mean(x_centered**2)"}),
    forward("ln_mean_over_columns", "rows", {MEAN: "x.mean(axis=0)", VARIANCE: "x.var(axis=1, keepdims=True)"}),
    forward("ln_variance_over_columns", "rows", {VARIANCE: "x.var(axis=0)"}),
    forward("ln_mean_of_whole_matrix", "rows", {MEAN: "x.mean()", VARIANCE: "x.var(axis=1, keepdims=True)"}),
    forward("ln_variance_of_whole_matrix", "rows", {VARIANCE: "x.var()"}),
    # by what is divided
    forward("ln_unbiased_variance", "rows", {VARIANCE: "x.var(axis=1, ddof=1, keepdims=True)"}),
    forward(
        "ln_divides_by_n",
        "rows",
        {
            MEAN: "x.sum(axis=1, keepdims=True) / x.shape[0]",
            VARIANCE: "np.sum(x_centered**2, axis=1, keepdims=True) / x.shape[0]",
        },
    ),
    forward(
        "ln_variance_divided_by_n", "rows", {VARIANCE: "np.sum(x_centered**2, axis=1, keepdims=True) / x.shape[0]"}
    ),
    forward("ln_sum_of_squares", "rows", {VARIANCE: "np.sum(x_centered**2, axis=1, keepdims=True)"}),
    forward("ln_mean_not_divided", "rows", {MEAN: "x.sum(axis=1, keepdims=True)"}),
    forward("ln_mean_absolute_deviation", "rows", {STD: "np.mean(np.abs(x_centered), axis=1, keepdims=True) + eps"}),
    forward("ln_divides_by_variance", "rows", {STD: INSIDE}),
    forward("ln_root_twice", "rows", {STD: "np.sqrt(x.std(axis=1, keepdims=True) + eps)"}),
    forward("ln_variance_not_centered", "rows", {VARIANCE: "np.mean(x**2, axis=1, keepdims=True)"}),
    forward("ln_root_mean_square", "rows", {CENTERED: "x_centered = x"}),
    forward("ln_multiplies_by_std", "rows", {X_HAT: "x_hat = x_centered * std"}),
    forward("ln_not_normalized", "rows", {OUT: "out = gamma * x + beta"}, carries_gradient=False),
    forward("ln_not_centered", "rows", {X_HAT: "x_hat = x / std"}),
    forward(
        "ln_only_centered",
        "rows",
        {X_HAT: "x_hat = x_centered"},
        carries_gradient=False,
    ),
    # eps
    forward("ln_eps_outside_root", "eps", {STD: "np.sqrt(var) + eps"}),
    forward("ln_eps_hard_coded", "eps", {INSIDE: "var + 1e-5"}),
    forward("ln_eps_forgotten", "rows", {INSIDE: "var"}),
    forward("ln_eps_added_twice", "rows", {INSIDE: "var + eps + eps"}),
    forward("ln_eps_squared", "eps", {INSIDE: "var + eps**2"}),
    forward("ln_eps_as_floor", "eps", {STD: "np.maximum(np.sqrt(var), eps)"}),
    forward("ln_eps_zero_ignored", "eps_zero", {'ln_param.get("eps", 1e-5)': 'ln_param.get("eps") or 1e-5'}),
    forward("ln_eps_default_smaller", "rows", {'"eps", 1e-5': '"eps", 1e-6'}),
    forward("ln_eps_default_tiny", "rows", {'"eps", 1e-5': '"eps", 1e-12'}),
    forward("ln_eps_default_larger", "rows", {'"eps", 1e-5': '"eps", 1e-4'}),
    forward("ln_eps_default_too_small", "rows", {'"eps", 1e-5': '"eps", 1e-8'}),
    forward("ln_eps_default_too_large", "rows", {'"eps", 1e-5': '"eps", 1e-3'}),
    # gamma and beta
    forward("ln_no_scale_and_shift", "rows", {OUT: "out = x_hat"}),
    forward("ln_no_shift", "rows", {OUT: "out = gamma * x_hat"}),
    forward("ln_no_scale", "rows", {OUT: "out = x_hat + beta"}),
    forward("ln_gamma_and_beta_swapped", "rows", {OUT: "out = beta * x_hat + gamma"}),
    forward("ln_shift_before_scale", "rows", {OUT: "out = gamma * (x_hat + beta)"}),
    forward(
        "ln_scales_before_normalizing",
        "rows",
        {"mu = ": "x = gamma * x + beta\n    mu = ", OUT: "out = x_hat"},
    ),
    # modes
    forward(
        "ln_running_statistics_in_test",
        "modes",
        {
            CENTERED: """var = x.var(axis=1, keepdims=True)
    if ln_param.get("mode") == "test":
        mu, var = ln_param["running_mean"], ln_param["running_var"]
    else:
        ln_param["running_mean"] = 0.9 * ln_param.get("running_mean", 0.0) + 0.1 * mu
        ln_param["running_var"] = 0.9 * ln_param.get("running_var", 0.0) + 0.1 * var
    x_centered = x - mu""",
            VARIANCE: "var",
        },
    ),
    forward(
        "ln_test_statistics_of_zeros",
        "modes",
        {
            CENTERED: 'test = ln_param.get("mode") == "test"\n    x_centered = x if test else x - mu',
            STD: "np.sqrt((0 if test else var) + eps)",
        },
    ),
    forward(
        "ln_test_not_normalized",
        "modes",
        {OUT: 'out = gamma * (x if ln_param.get("mode") == "test" else x_hat) + beta'},
    ),
    forward(
        "ln_test_without_scale_and_shift",
        "modes",
        {OUT: 'out = x_hat if ln_param.get("mode") == "test" else gamma * x_hat + beta'},
    ),
    # shapes and sizes
    forward("ln_out_squeezed", "shape", {OUT: "out = np.squeeze(gamma * x_hat + beta)"}, carries_gradient=False),
    forward("ln_out_transposed", "shape", {OUT: "out = (gamma * x_hat + beta).T"}, carries_gradient=False),
    forward(
        "ln_keeps_statistics_of_rows",
        "modes",
        {
            "cache = (": """ln_param["running_mean"] = 0.9 * ln_param.get("running_mean", np.zeros_like(mu)) + 0.1 * mu
    ln_param["running_var"] = 0.9 * ln_param.get("running_var", np.zeros_like(var)) + 0.1 * var
    cache = ("""
        },
    ),
    forward("ln_single_row_is_shift", "sizes", {OUT: "out = gamma * x_hat + beta if len(x) > 1 else 0 * x + beta"}),
    # precision
    forward(
        "ln_computes_in_float32",
        "rows",
        {"mu = ": "x = x.astype(np.float32)\n    mu = "},
        carries_gradient=False,
    ),
    forward(
        "ln_one_pass_in_float32",
        "offset",
        {
            VARIANCE: "np.maximum(np.mean(x**2, axis=1, keepdims=True) - x.mean(axis=1, keepdims=True) ** 2, 0)",
        },
    ),
    # layernorm_backward: its cache
    backward(
        "ln_cache_kept_in_ln_param",
        "own_cache",
        {
            "cache = (x_hat, std, gamma)": """cache = ln_param.setdefault("cache", [])
    cache[:] = x_hat, std, gamma"""
        },
        edited="layernorm_forward",
    ),
    # the terms of dx
    backward("ln_dx_without_variance_term", "dx", {DX: "(dx_hat - through_mean)"}),
    backward("ln_dx_without_mean_term", "dx", {DX: "(dx_hat - through_var)"}),
    backward("ln_dx_without_statistics", "dx", {DX: "dx_hat"}),
    backward("ln_dx_without_direct_term", "dx", {DX: "(-through_mean - through_var)"}),
    backward("ln_dx_through_mean_only", "dx", {DX: "-through_mean"}),
    backward("ln_dx_stops_at_normalized", "dx", {f"dx = {DX} / std": "dx = dx_hat"}),
    backward("ln_dx_mean_term_added", "dx", {DX: "(dx_hat + through_mean - through_var)"}),
    backward("ln_dx_variance_term_added", "dx", {DX: "(dx_hat - through_mean + through_var)"}),
    backward("ln_dx_variance_term_doubled", "dx", {DX: "(dx_hat - through_mean - 2 * through_var)"}),
    backward("ln_dx_variance_term_halved", "dx", {DX: "(dx_hat - through_mean - through_var / 2)"}),
    backward("ln_dx_variance_term_same_for_a_row", "dx", {f"{THROUGH_VAR} * x_hat": THROUGH_VAR}),
    backward("ln_dx_variance_term_wrong_power", "dx", {DX: "(dx_hat - through_mean - through_var * std**2)"}),
    backward("ln_dx_not_divided_by_std", "dx", {f"{DX} / std": DX}),
    backward("ln_dx_multiplied_by_std", "dx", {f"{DX} / std": f"{DX} * std"}),
    backward("ln_dx_divided_by_variance", "dx", {f"{DX} / std": f"{DX} / std**2"}),
    backward("ln_dx_times_d_over_n", "dx", {f"{DX} / std": f"{DX} / std * dout.shape[1] / dout.shape[0]"}),
    backward("ln_dx_times_d", "dx", {f"{DX} / std": f"{DX} / std * dout.shape[1]"}),
    backward("ln_dx_divided_by_d", "dx", {f"{DX} / std": f"{DX} / std / dout.shape[1]"}),
    # gamma on the way to dx
    backward(
        "ln_dx_gamma_last",
        "dx",
        {DX_HAT: "dx_hat = dout", f"{DX} / std": f"{DX} * gamma / std"},
    ),
    backward("ln_dx_without_gamma", "dx", {DX_HAT: "dx_hat = dout"}),
    backward("ln_dx_gamma_twice", "dx", {f"{DX} / std": f"{DX} * gamma / std"}),
    backward("ln_dx_mean_term_without_gamma", "dx", {THROUGH_MEAN: "dout.mean(axis=1, keepdims=True)"}),
    backward("ln_dx_variance_term_without_gamma", "dx", {THROUGH_VAR: "np.mean(dout * x_hat, axis=1, keepdims=True)"}),
    # what is summed, and by what it is divided
    backward(
        "ln_dx_is_batchnorm",
        "dx",
        {THROUGH_MEAN: "dx_hat.mean(axis=0)", THROUGH_VAR: "np.mean(dx_hat * x_hat, axis=0)"},
    ),
    backward("ln_dx_mean_term_over_columns", "dx", {THROUGH_MEAN: "dx_hat.mean(axis=0)"}),
    backward("ln_dx_variance_term_over_columns", "dx", {THROUGH_VAR: "np.mean(dx_hat * x_hat, axis=0)"}),
    backward(
        "ln_dx_divided_by_n",
        "dx",
        {
            THROUGH_MEAN: "dx_hat.sum(axis=1, keepdims=True) / dout.shape[0]",
            THROUGH_VAR: "np.sum(dx_hat * x_hat, axis=1, keepdims=True) / dout.shape[0]",
        },
    ),
    backward("ln_dx_mean_term_divided_by_n", "dx", {THROUGH_MEAN: "dx_hat.sum(axis=1, keepdims=True) / dout.shape[0]"}),
    backward(
        "ln_dx_variance_term_divided_by_n",
        "dx",
        {THROUGH_VAR: "np.sum(dx_hat * x_hat, axis=1, keepdims=True) / dout.shape[0]"},
    ),
    backward(
        "ln_dx_sums_not_divided",
        "dx",
        {
            THROUGH_MEAN: "dx_hat.sum(axis=1, keepdims=True)",
            THROUGH_VAR: "np.sum(dx_hat * x_hat, axis=1, keepdims=True)",
        },
    ),
    backward(
        "ln_dx_variance_term_unbiased",
        "dx",
        {THROUGH_VAR: "np.sum(dx_hat * x_hat, axis=1, keepdims=True) / max(dout.shape[1] - 1, 1)"},
    ),
    backward("ln_dx_mean_term_not_divided", "dx", {THROUGH_MEAN: "dx_hat.sum(axis=1, keepdims=True)"}),
    backward(
        "ln_dx_variance_term_not_divided",
        "dx",
        {THROUGH_VAR: "np.sum(dx_hat * x_hat, axis=1, keepdims=True)"},
    ),
    # eps on the way back: the standard deviation that is cached holds it already
    backward(
        "ln_dx_eps_hard_coded",
        "eps",
        {f"{DX} / std": f"{DX} / np.sqrt(np.var(x_hat * std, axis=1, keepdims=True) + 1e-5)"},
    ),
    backward("ln_dx_eps_hard_coded_everywhere", "eps", {DX_HAT: f"{EPS_OF_ITS_OWN}\n    {DX_HAT}"}),
    backward("ln_dx_eps_forgotten", "dx", {f"{DX} / std": f"{DX} / np.std(x_hat * std, axis=1, keepdims=True)"}),
    backward(
        "ln_dx_eps_forgotten_everywhere",
        "dx",
        {DX_HAT: f"{WITHOUT_EPS}\n    {DX_HAT}"},
    ),
    backward(
        "ln_dx_eps_forgotten_in_variance_term",
        "dx",
        {DX: "(dx_hat - through_mean - through_var * (std / np.std(x_hat * std, axis=1, keepdims=True)) ** 3)"},
    ),
    backward("ln_backward_without_eps", "dgamma", {UNPACKED: f"{UNPACKED}\n    {WITHOUT_EPS}"}),
    backward(
        "ln_dx_eps_added_to_std",
        "dx",
        {f"{DX} / std": f"{DX} / (std + std**2 * (1 - np.var(x_hat, axis=1, keepdims=True)))"},
    ),
    # dgamma and dbeta
    backward("ln_dgamma_summed_over_features", "dgamma", {DGAMMA: "dgamma = np.sum(dout * x_hat, axis=1)"}),
    backward("ln_dgamma_mean", "dgamma", {DGAMMA: "dgamma = np.mean(dout * x_hat, axis=0)"}),
    backward("ln_dgamma_from_x", "dgamma", {DGAMMA: "dgamma = np.sum(dout * x_hat * std, axis=0)"}),
    backward("ln_dgamma_without_normalized", "dgamma", {DGAMMA: "dgamma = np.sum(dout, axis=0)"}),
    backward("ln_dgamma_times_gamma", "dgamma", {DGAMMA: "dgamma = np.sum(dout * gamma * x_hat, axis=0)"}),
    backward("ln_dgamma_not_summed", "dgamma", {DGAMMA: "dgamma = dout * x_hat"}),
    backward("ln_dgamma_one_number", "dgamma", {DGAMMA: "dgamma = np.sum(dout * x_hat)"}),
    backward("ln_dbeta_summed_over_features", "dbeta", {DBETA: "dbeta = dout.sum(axis=1)"}),
    backward("ln_dbeta_mean", "dbeta", {DBETA: "dbeta = dout.mean(axis=0)"}),
    backward("ln_dbeta_times_gamma", "dbeta", {DBETA: "dbeta = np.sum(dout * gamma, axis=0)"}),
    backward("ln_dbeta_not_summed", "dbeta", {DBETA: "dbeta = dout"}),
    backward("ln_dbeta_one_number", "dbeta", {DBETA: "dbeta = dout.sum()"}),
    backward(
        "ln_dout_scaled_in_place",
        "dgamma",
        {DBETA: f"dout *= gamma\n    {DBETA}", DX_HAT: "dx_hat = dout"},
    ),
    backward("ln_dgamma_and_dbeta_swapped", "dgamma", {"return dx, dgamma, dbeta": "return dx, dbeta, dgamma"}),
    backward("ln_dx_returned_last", "dx", {"return dx, dgamma, dbeta": "return dgamma, dbeta, dx"}),
    backward("ln_gradients_returned_in_reverse", "dx", {"return dx, dgamma, dbeta": "return dbeta, dgamma, dx"}),
    # shapes and precision
    backward(
        "ln_gradients_kept_as_rows",
        "shapes",
        {
            DGAMMA: "dgamma = np.sum(dout * x_hat, axis=0, keepdims=True)",
            DBETA: "dbeta = dout.sum(axis=0, keepdims=True)",
        },
    ),
    backward("ln_dx_squeezed", "shapes", {f"dx = {DX} / std": f"dx = np.squeeze({DX} / std)"}),
    backward("ln_dx_transposed", "shapes", {f"dx = {DX} / std": f"dx = ({DX} / std).T"}),
    backward("ln_dx_in_float32", "sizes", {f"dx = {DX} / std": f"dx = ({DX} / std).astype(np.float32)"}),
)
