"""Known mistakes in the three functions of batch normalization."""

from checks.mistakes import Mistake, in_function

forward = in_function("layers", "batchnorm_forward")
backward = in_function("layers", "batchnorm_backward")
backward_alt = in_function("layers", "batchnorm_backward_alt")

MISTAKES: tuple[Mistake, ...] = (
    # batchnorm_forward
    forward(
        "bn_unbiased_variance",
        "train",
        {"var = np.mean(x_centered**2, axis=0)": "var = np.sum(x_centered**2, axis=0) / max(len(x) - 1, 1)"},
    ),
    forward(
        "bn_wrong_axis",
        "train",
        {
            "mu = x.mean(axis=0)": "mu = x.mean(axis=1, keepdims=True)",
            "var = np.mean(x_centered**2, axis=0)": "var = np.mean(x_centered**2, axis=1, keepdims=True)",
            "(1 - momentum) * mu": "(1 - momentum) * mu.mean()",
            "(1 - momentum) * var": "(1 - momentum) * var.mean()",
        },
    ),
    forward(
        "bn_eps_outside_root",
        "eps",
        {
            "std = np.sqrt(var + eps)": "std = np.sqrt(var) + eps",
            "np.sqrt(running_var + eps)": "(np.sqrt(running_var) + eps)",
        },
    ),
    forward("bn_divides_by_variance", "train", {"std = np.sqrt(var + eps)": "std = var + eps"}),
    forward(
        "bn_eps_hard_coded",
        "eps",
        {"std = np.sqrt(var + eps)": "std = np.sqrt(var + 1e-5)", "running_var + eps": "running_var + 1e-5"},
    ),
    forward("bn_eps_forgotten_in_test", "test_mode", {"np.sqrt(running_var + eps)": "np.sqrt(running_var)"}),
    forward("bn_no_scale_and_shift", "train", {"out = gamma * x_hat + beta": "out = x_hat"}),
    forward("bn_not_centered", "train", {"out = gamma * x_hat + beta": "out = gamma * x / std + beta"}),
    forward(
        "bn_momentum_reversed",
        "running",
        {
            "momentum * running_mean + (1 - momentum) * mu": "(1 - momentum) * running_mean + momentum * mu",
            "momentum * running_var + (1 - momentum) * var": "(1 - momentum) * running_var + momentum * var",
        },
    ),
    forward("bn_running_std", "running", {"(1 - momentum) * var": "(1 - momentum) * std"}),
    forward(
        "bn_running_never",
        "running",
        {
            "running_mean = momentum * running_mean + (1 - momentum) * mu": "pass",
            "running_var = momentum * running_var + (1 - momentum) * var": "pass",
        },
    ),
    forward(
        "bn_running_overwritten",
        "running",
        {"momentum * running_mean + (1 - momentum) * mu": "mu", "momentum * running_var + (1 - momentum) * var": "var"},
    ),
    forward(
        "bn_test_without_scale_and_shift",
        "test_mode",
        {
            "out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta": "out = (x - running_mean) / np.sqrt(running_var + eps)"
        },
    ),
    forward(
        "bn_test_uses_batch",
        "test_mode",
        {
            "out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta": "out = gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + beta"
        },
    ),
    # batchnorm_backward
    backward("bn_dx_without_variance_term", "dx", {"dx_centered += 2 * x_centered * dsquares": "pass"}),
    backward("bn_dx_without_mean_term", "dx", {"dx = dx_centered + ones * dmu / N": "dx = dx_centered"}),
    backward("bn_dx_without_gamma", "dx", {"dx_hat = dout * gamma": "dx_hat = dout"}),
    backward(
        "bn_dgamma_from_x",
        "dgamma",
        {"dgamma = np.sum(dout * x_hat, axis=0)": "dgamma = np.sum(dout * x_centered, axis=0)"},
    ),
    backward("bn_dbeta_mean", "dbeta", {"dbeta = dout.sum(axis=0)": "dbeta = dout.mean(axis=0)"}),
    # batchnorm_backward_alt
    backward_alt(
        "alt_dx_without_variance_term", "dx", {"dx = x_hat * (-dgamma / batch_size)": "dx = np.zeros_like(dout)"}
    ),
    backward_alt(
        "alt_dx_not_divided_by_n",
        "dx",
        {"(-dgamma / batch_size)": "(-dgamma)", "dx -= dbeta / batch_size": "dx -= dbeta"},
    ),
    backward_alt("alt_dx_without_gamma", "dx", {"dx *= gamma / std": "dx /= std"}),
)
