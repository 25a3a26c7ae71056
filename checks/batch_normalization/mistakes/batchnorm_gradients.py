"""Known mistakes in `batchnorm_backward` and `batchnorm_backward_alt`, and in the cache that both read.

Each term of each gradient: missing, with the wrong sign, factor, power, sum or count. Where two give the same on a
check, the narrower stands first.
"""

from checks.mistakes import Mistake, in_function

backward = in_function("layers", "batchnorm_backward")
alt = in_function("layers", "batchnorm_backward_alt")

DBETA = "dbeta = dout.sum(axis=0)"
RETURN = "return dx, dgamma, dbeta"

# batchnorm_backward
DGAMMA = "dgamma = np.sum(dout * x_hat, axis=0)"
DX_HAT = "dx_hat = dout * gamma"
DCENTERED = "dx_centered = dx_hat / std"
DINVERSE = "np.sum(dx_hat * x_centered, axis=0)"
"""The gradient of 1 / std."""
SQUARE = " / std**2"
DSTD = f"dstd = -{DINVERSE}{SQUARE}"
DVAR = "dvar = dstd / (2 * std)"
DSQUARES = "dvar / N"
"""The gradient of x_centered**2."""
SQUARED = f"dx_centered += 2 * x_centered * {DSQUARES}"
DMU = "dmu = -dx_centered.sum(axis=0)"
DX = "dx = dx_centered + dmu / N"
N = "N = dout.shape[0]"

# batchnorm_backward_alt
SCALED = "dx = gamma / std"
DIRECT = "* (dout"
THROUGH_MEAN = " - dbeta / N"
THROUGH_VAR = " - dgamma / N * x_hat"
UNPACKED = "x_hat, _, std, gamma = cache"

ALL_OVER = "centered = x_hat * std\n    root = np.sqrt(np.mean(centered**2, axis=0){})\n    normal = centered / root"
ALL_TERM = " - np.mean(dout * normal, axis=0) * normal"

# The cache, in batchnorm_forward
CACHE = "cache = (x_hat, x_centered, std, gamma)"
ONE_FOR_ALL = {
    CACHE: 'cache = batchnorm_forward.__dict__.setdefault("cache", [])\n        cache[:] = (x_hat, x_centered, std, gamma)'
}
SCALED_IN_PLACE = {"out = gamma * x_hat + beta": "out = x_hat\n        out *= gamma\n        out += beta"}
NOT_CENTERED = {CACHE: "cache = (x_hat, x, std, gamma)"}
FROM_OUT = {CACHE: "cache = ((out - beta) / gamma, x_centered, std, gamma)"}
OF_RUNNING = {
    CACHE: "std = np.sqrt(running_var + eps)\n        cache = ((x - running_mean) / std, x - running_mean, std, gamma)"
}

GRAPH: tuple[Mistake, ...] = (
    # The way through the variance
    backward("bn_dx_without_variance_term", "dx", {SQUARED: "pass"}),
    backward("bn_dinverse_from_x_hat", "dx", {DINVERSE: "np.sum(dx_hat * x_hat, axis=0)"}),
    backward("bn_dinverse_over_features", "dx", {DINVERSE: "np.sum(dx_hat * x_centered, axis=1, keepdims=True)"}),
    backward("bn_dinverse_not_summed", "dx", {DINVERSE: "dx_hat * x_centered"}),
    backward("bn_dinverse_mean", "dx", {DINVERSE: "np.mean(dx_hat * x_centered, axis=0)"}),
    backward("bn_dinverse_without_gamma", "dx", {DINVERSE: "np.sum(dout * x_centered, axis=0)"}),
    backward("bn_dstd_without_square", "dx", {SQUARE: ""}),
    backward("bn_dstd_sign", "dx", {"dstd = -": "dstd = "}),
    backward("bn_dstd_power", "dx", {SQUARE: " / std"}),
    backward("bn_dvar_without_half", "dx", {DVAR: "dvar = dstd / std"}),
    backward("bn_dvar_without_root", "dx", {DVAR: "dvar = dstd"}),
    backward("bn_dvar_power_of_std", "dx", {DSTD: f"dvar = -0.5 * {DINVERSE} * std**-1.5", DVAR: "pass"}),
    backward("bn_dsquares_not_divided", "dx", {DSQUARES: "dvar"}),
    backward("bn_dsquares_unbiased", "dx", {DSQUARES: "dvar / max(N - 1, 1)"}),
    backward("bn_square_without_two", "dx", {"+= 2 * ": "+= "}),
    # The way through the mean
    backward("bn_dx_without_mean_term", "dx", {DX: "dx = dx_centered"}),
    backward("bn_dmu_sign", "dx", {DMU: "dmu = dx_centered.sum(axis=0)"}),
    backward("bn_dmu_not_divided", "dx", {DX: "dx = dx_centered + dmu"}),
    backward("bn_dmu_divided_twice", "dx", {DMU: "dmu = -dx_centered.mean(axis=0)"}),
    backward("bn_dmu_not_summed", "dx", {DMU: "dmu = -dx_centered"}),
    backward("bn_dmu_without_gamma", "dx", {DMU: "dmu = -np.sum(dout / std, axis=0)"}),
    backward("bn_dmu_without_std", "dx", {DMU: "dmu = -dx_hat.sum(axis=0)"}),
    backward("bn_dmu_over_features", "dx", {DMU: "dmu = -dx_centered.sum(axis=1, keepdims=True)"}),
    backward("bn_dmu_of_everything", "dx", {DMU: "dmu = -dx_centered.sum()"}),
    # The way straight through, and all of them
    backward("bn_dx_without_direct_term", "dx", {"dx_centered += ": "dx_centered = "}),
    backward("bn_dx_without_batch_terms", "dx", {SQUARED: "pass", DX: "dx = dx_centered"}),
    backward("bn_dx_without_gamma", "dx", {DX_HAT: "dx_hat = dout"}),
    backward("bn_dx_not_divided_by_std", "dx", {DCENTERED: "dx_centered = dx_hat"}),
    backward("bn_dx_divided_by_variance", "dx", {DCENTERED: "dx_centered = dx_hat / std**2"}),
    backward("bn_dx_divided_by_n", "dx", {DX: f"{DX}\n    dx /= N"}),
    backward("bn_sums_not_divided", "dx", {DSQUARES: "dvar", DX: "dx = dx_centered + dmu"}),
    backward("bn_nothing_summed", "dx", {DINVERSE: "dx_hat * x_centered", DMU: "dmu = -dx_centered"}),
    backward(
        "bn_sums_divided_twice",
        "dx",
        {
            DINVERSE: "np.mean(dx_hat * x_centered, axis=0)",
            DMU: "dmu = -dx_centered.mean(axis=0)",
        },
    ),
    backward("bn_divided_by_features", "dx", {N: "N = dout.shape[1]"}),
    backward("bn_divided_by_one_less", "dx", {N: "N = max(dout.shape[0] - 1, 1)"}),
    backward("bn_dx_in_float32", "sizes", {RETURN: "return dx.astype(np.float32), dgamma, dbeta"}),
    # eps
    backward(
        "bn_backward_eps_hard_coded", "eps", {N: f"{N}\n    std = np.sqrt(np.mean(x_centered**2, axis=0) + 1e-5)"}
    ),
    backward(
        "bn_backward_eps_outside_root",
        "eps",
        {N: f"{N}\n    var = np.mean(x_centered**2, axis=0)\n    std = np.sqrt(var) + (std**2 - var)"},
    ),
    backward(
        "bn_dvar_without_eps",
        "dx",
        {"dstd = -": "std = np.sqrt(np.mean(x_centered**2, axis=0))\n    dstd = -"},
    ),
    backward("bn_backward_without_eps", "dx", {N: f"{N}\n    std = np.sqrt(np.mean(x_centered**2, axis=0))"}),
    # dgamma and dbeta
    backward("bn_dgamma_from_x", "dgamma", {DGAMMA: "dgamma = np.sum(dout * x_centered, axis=0)"}),
    backward("bn_dgamma_without_x_hat", "dgamma", {DGAMMA: "dgamma = np.sum(dout, axis=0)"}),
    backward("bn_dgamma_with_gamma", "dgamma", {DGAMMA: "dgamma = np.sum(dout * gamma * x_hat, axis=0)"}),
    backward("bn_dgamma_mean", "dgamma", {DGAMMA: "dgamma = np.mean(dout * x_hat, axis=0)"}),
    backward("bn_dgamma_over_features", "dgamma", {DGAMMA: "dgamma = np.sum(dout * x_hat, axis=1)"}),
    backward("bn_dgamma_of_everything", "dgamma", {DGAMMA: "dgamma = np.sum(dout * x_hat)"}),
    backward("bn_dgamma_not_summed", "dgamma", {DGAMMA: "dgamma = dout * x_hat"}),
    backward("bn_dbeta_mean", "dbeta", {DBETA: "dbeta = dout.mean(axis=0)"}),
    backward("bn_dbeta_with_gamma", "dbeta", {DBETA: "dbeta = np.sum(dout * gamma, axis=0)"}),
    backward("bn_dbeta_over_features", "dbeta", {DBETA: "dbeta = dout.sum(axis=1)"}),
    backward("bn_dbeta_of_everything", "dbeta", {DBETA: "dbeta = dout.sum()"}),
    backward("bn_dbeta_not_summed", "dbeta", {DBETA: "dbeta = dout"}),
    backward("bn_dgamma_and_dbeta_exchanged", "dgamma", {RETURN: "return dx, dbeta, dgamma"}),
    backward("bn_dx_returned_last", "dx", {RETURN: "return dgamma, dbeta, dx"}),
    backward("bn_gradients_returned_in_reverse", "dx", {RETURN: "return dbeta, dgamma, dx"}),
    backward("bn_dout_scaled_in_place", "dgamma", {DBETA: f"dout *= gamma\n    {DBETA}", DX_HAT: "dx_hat = dout"}),
    # Shapes
    backward("bn_gradients_as_rows", "shapes", {RETURN: "return dx, dgamma.reshape(1, -1), dbeta.reshape(1, -1)"}),
    backward("bn_gradients_squeezed", "shapes", {RETURN: "return dx, dgamma.squeeze(), dbeta.squeeze()"}),
    backward("bn_dx_squeezed", "shapes", {RETURN: "return dx.squeeze(), dgamma, dbeta"}),
    # The cache
    backward(
        "bn_cache_normalized_in_place",
        "dx",
        {"x_hat = x_centered / std": "x_hat = x_centered\n        x_hat /= std"},
        edited="batchnorm_forward",
    ),
    backward(
        "bn_cache_in_other_order",
        "dx",
        {"x_hat, x_centered, std, gamma = cache": "x_centered, x_hat, std, gamma = cache"},
    ),
    backward("bn_x_hat_scaled_in_place", "dgamma", SCALED_IN_PLACE, edited="batchnorm_forward"),
    backward("bn_cache_of_x_not_centered", "dx", NOT_CENTERED, edited="batchnorm_forward"),
    backward("bn_x_hat_from_out", "dgamma", FROM_OUT, edited="batchnorm_forward"),
    backward("bn_cache_of_running_statistics", "dx", OF_RUNNING, edited="batchnorm_forward"),
    backward("bn_cache_shared", "own_cache", ONE_FOR_ALL, edited="batchnorm_forward"),
)

FORMULA: tuple[Mistake, ...] = (
    # Its three terms
    alt("alt_dx_without_variance_term", "dx", {THROUGH_VAR: ""}),
    alt("alt_dx_without_mean_term", "dx", {THROUGH_MEAN: ""}),
    alt("alt_dx_without_direct_term", "dx", {DIRECT: "* ("}),
    alt("alt_dx_without_batch_terms", "dx", {THROUGH_VAR: "", THROUGH_MEAN: ""}),
    alt("alt_variance_term_sign", "dx", {THROUGH_VAR: " + dgamma / N * x_hat"}),
    alt("alt_mean_term_sign", "dx", {THROUGH_MEAN: " + dbeta / N"}),
    alt("alt_variance_term_without_x_hat", "dx", {THROUGH_VAR: " - dgamma / N"}),
    alt(
        "alt_nothing_summed",
        "dx",
        {THROUGH_VAR: " - dout * x_hat / N * x_hat", THROUGH_MEAN: " - dout / N"},
    ),
    alt("alt_variance_term_not_summed", "dx", {THROUGH_VAR: " - dout * x_hat / N * x_hat"}),
    alt(
        "alt_variance_term_from_x",
        "dx",
        {UNPACKED: "x_hat, x_centered, std, gamma = cache", THROUGH_VAR: " - dgamma / N * x_centered"},
    ),
    alt(
        "alt_variance_term_without_eps",
        "dx",
        {
            UNPACKED: "x_hat, x_centered, std, gamma = cache\n    var = np.mean(x_centered**2, axis=0)",
            THROUGH_VAR: " - np.mean(dout * x_centered, axis=0) / var * x_centered",
        },
    ),
    alt("alt_variance_term_doubled", "dx", {THROUGH_VAR: " - 2 * dgamma / N * x_hat"}),
    alt("alt_variance_term_halved", "dx", {THROUGH_VAR: " - dgamma / (2 * N) * x_hat"}),
    alt(
        "alt_variance_term_over_features",
        "dx",
        {THROUGH_VAR: " - np.mean(dout * x_hat, axis=1, keepdims=True) * x_hat"},
    ),
    alt("alt_variance_term_unbiased", "dx", {THROUGH_VAR: " - dgamma / max(N - 1, 1) * x_hat"}),
    alt("alt_mean_term_over_features", "dx", {THROUGH_MEAN: " - dout.mean(axis=1, keepdims=True)"}),
    # Its counts
    alt("alt_variance_term_not_divided", "dx", {THROUGH_VAR: " - dgamma * x_hat"}),
    alt("alt_mean_term_not_divided", "dx", {THROUGH_MEAN: " - dbeta"}),
    alt("alt_dx_not_divided_by_n", "dx", {THROUGH_VAR: " - dgamma * x_hat", THROUGH_MEAN: " - dbeta"}),
    alt("alt_dout_not_times_n", "dx", {DIRECT: "* (dout / N"}),
    alt("alt_dx_times_n", "dx", {SCALED: "dx = N * gamma / std"}),
    alt("alt_dx_divided_by_n", "dx", {SCALED: "dx = gamma / std / N"}),
    alt("alt_divided_by_features", "dx", {N: "N = dout.shape[1]"}),
    alt("alt_divided_by_one_less", "dx", {N: "N = max(dout.shape[0] - 1, 1)"}),
    # Its factor
    alt("alt_dx_without_gamma", "dx", {SCALED: "dx = 1 / std"}),
    alt("alt_gamma_on_direct_term_only", "dx", {DIRECT: "* (gamma * dout", SCALED: "dx = 1 / std"}),
    alt("alt_dx_not_divided_by_std", "dx", {SCALED: "dx = gamma"}),
    alt("alt_dx_multiplied_by_std", "dx", {SCALED: "dx = gamma * std"}),
    alt("alt_dx_divided_by_variance", "dx", {SCALED: "dx = gamma / std**2"}),
    alt("alt_dx_in_float32", "sizes", {RETURN: "return dx.astype(np.float32), dgamma, dbeta"}),
    alt(
        "alt_eps_hard_coded",
        "eps",
        {UNPACKED: "x_hat, x_centered, std, gamma = cache\n    std = np.sqrt(np.mean(x_centered**2, axis=0) + 1e-5)"},
    ),
    alt(
        "alt_without_eps",
        "dx",
        {UNPACKED: "x_hat, x_centered, std, gamma = cache\n    std = np.sqrt(np.mean(x_centered**2, axis=0))"},
    ),
    alt(
        "alt_dx_eps_hard_coded_everywhere",
        "eps",
        {SCALED: f"{ALL_OVER.format(' + 1e-5')}\n    dx = gamma / root", THROUGH_VAR: ALL_TERM},
    ),
    alt(
        "alt_dx_eps_forgotten_everywhere",
        "dx",
        {SCALED: f"{ALL_OVER.format('')}\n    dx = gamma / root", THROUGH_VAR: ALL_TERM},
    ),
    # dgamma and dbeta
    alt("alt_dgamma_from_x", "dgamma", {RETURN: "return dx, dgamma * std, dbeta"}),
    alt("alt_dgamma_without_x_hat", "dgamma", {RETURN: "return dx, dbeta, dbeta"}),
    alt("alt_dgamma_with_gamma", "dgamma", {RETURN: "return dx, gamma * dgamma, dbeta"}),
    alt("alt_dgamma_mean", "dgamma", {RETURN: "return dx, dgamma / N, dbeta"}),
    alt("alt_dgamma_over_features", "dgamma", {RETURN: "return dx, np.sum(dout * x_hat, axis=1), dbeta"}),
    alt("alt_dgamma_of_everything", "dgamma", {RETURN: "return dx, dgamma.sum(), dbeta"}),
    alt("alt_dgamma_not_summed", "dgamma", {RETURN: "return dx, dout * x_hat, dbeta"}),
    alt("alt_dbeta_mean", "dbeta", {RETURN: "return dx, dgamma, dbeta / N"}),
    alt("alt_dbeta_with_gamma", "dbeta", {RETURN: "return dx, dgamma, gamma * dbeta"}),
    alt("alt_dbeta_over_features", "dbeta", {RETURN: "return dx, dgamma, dout.sum(axis=1)"}),
    alt("alt_dbeta_of_everything", "dbeta", {RETURN: "return dx, dgamma, dbeta.sum()"}),
    alt("alt_dbeta_not_summed", "dbeta", {RETURN: "return dx, dgamma, dout"}),
    alt("alt_dgamma_and_dbeta_exchanged", "dgamma", {RETURN: "return dx, dbeta, dgamma"}),
    alt("alt_dx_returned_last", "dx", {RETURN: "return dgamma, dbeta, dx"}),
    alt("alt_gradients_returned_in_reverse", "dx", {RETURN: "return dbeta, dgamma, dx"}),
    alt("alt_dout_scaled_in_place", "dgamma", {DBETA: f"dout *= gamma\n    {DBETA}", SCALED: "dx = 1 / std"}),
    # Shapes
    alt("alt_gradients_as_rows", "shapes", {RETURN: "return dx, dgamma.reshape(1, -1), dbeta.reshape(1, -1)"}),
    alt("alt_gradients_squeezed", "shapes", {RETURN: "return dx, dgamma.squeeze(), dbeta.squeeze()"}),
    alt("alt_dx_squeezed", "shapes", {RETURN: "return dx.squeeze(), dgamma, dbeta"}),
    # The cache
    alt("alt_cache_in_other_order", "dx", {UNPACKED: "_, x_hat, std, gamma = cache"}),
    alt("alt_x_hat_scaled_in_place", "dgamma", SCALED_IN_PLACE, edited="batchnorm_forward"),
    alt("alt_x_hat_from_out", "dgamma", FROM_OUT, edited="batchnorm_forward"),
    alt("alt_cache_of_running_statistics", "dx", OF_RUNNING, edited="batchnorm_forward"),
    alt("alt_cache_shared", "own_cache", ONE_FOR_ALL, edited="batchnorm_forward"),
)

MISTAKES = (*GRAPH, *FORMULA)
