"""Known mistakes in the six tasks: each a small change to the reference.

Every one fails the check made for it (`breaks`), and when a student's result equals one's, its hint (by its id, in
`messages.toml`) is the diagnosis. Order matters where two explain the same results: the likelier comes first.
"""

from checks.mistakes import Mistake

MISTAKES: tuple[Mistake, ...] = (
    # batchnorm_forward
    Mistake(
        "bn_unbiased_variance",
        "layers",
        "batchnorm_forward",
        "batchnorm_forward.train",
        (("var = np.mean(x_centered**2, axis=0)", "var = np.sum(x_centered**2, axis=0) / max(len(x) - 1, 1)"),),
    ),
    Mistake(
        "bn_wrong_axis",
        "layers",
        "batchnorm_forward",
        "batchnorm_forward.train",
        (
            ("mu = x.mean(axis=0)", "mu = x.mean(axis=1, keepdims=True)"),
            ("var = np.mean(x_centered**2, axis=0)", "var = np.mean(x_centered**2, axis=1, keepdims=True)"),
            ("(1 - momentum) * mu", "(1 - momentum) * mu.mean()"),
            ("(1 - momentum) * var", "(1 - momentum) * var.mean()"),
        ),
    ),
    Mistake(
        "bn_eps_outside_root",
        "layers",
        "batchnorm_forward",
        "batchnorm_forward.eps",
        (
            ("std = np.sqrt(var + eps)", "std = np.sqrt(var) + eps"),
            ("np.sqrt(running_var + eps)", "(np.sqrt(running_var) + eps)"),
        ),
    ),
    Mistake(
        "bn_divides_by_variance",
        "layers",
        "batchnorm_forward",
        "batchnorm_forward.train",
        (("std = np.sqrt(var + eps)", "std = var + eps"),),
    ),
    Mistake(
        "bn_eps_hard_coded",
        "layers",
        "batchnorm_forward",
        "batchnorm_forward.eps",
        (("std = np.sqrt(var + eps)", "std = np.sqrt(var + 1e-5)"), ("running_var + eps", "running_var + 1e-5")),
    ),
    Mistake(
        "bn_eps_forgotten_in_test",
        "layers",
        "batchnorm_forward",
        "batchnorm_forward.test_mode",
        (("np.sqrt(running_var + eps)", "np.sqrt(running_var)"),),
    ),
    Mistake(
        "bn_no_scale_and_shift",
        "layers",
        "batchnorm_forward",
        "batchnorm_forward.train",
        (("out = gamma * x_hat + beta", "out = x_hat"),),
    ),
    Mistake(
        "bn_not_centered",
        "layers",
        "batchnorm_forward",
        "batchnorm_forward.train",
        (("out = gamma * x_hat + beta", "out = gamma * x / std + beta"),),
    ),
    Mistake(
        "bn_momentum_reversed",
        "layers",
        "batchnorm_forward",
        "batchnorm_forward.running",
        (
            ("momentum * running_mean + (1 - momentum) * mu", "(1 - momentum) * running_mean + momentum * mu"),
            ("momentum * running_var + (1 - momentum) * var", "(1 - momentum) * running_var + momentum * var"),
        ),
    ),
    Mistake(
        "bn_running_std",
        "layers",
        "batchnorm_forward",
        "batchnorm_forward.running",
        (("(1 - momentum) * var", "(1 - momentum) * std"),),
    ),
    Mistake(
        "bn_running_never",
        "layers",
        "batchnorm_forward",
        "batchnorm_forward.running",
        (
            ("running_mean = momentum * running_mean + (1 - momentum) * mu", "pass"),
            ("running_var = momentum * running_var + (1 - momentum) * var", "pass"),
        ),
    ),
    Mistake(
        "bn_running_overwritten",
        "layers",
        "batchnorm_forward",
        "batchnorm_forward.running",
        (
            ("momentum * running_mean + (1 - momentum) * mu", "mu"),
            ("momentum * running_var + (1 - momentum) * var", "var"),
        ),
    ),
    Mistake(
        "bn_test_without_scale_and_shift",
        "layers",
        "batchnorm_forward",
        "batchnorm_forward.test_mode",
        (
            (
                "out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta",
                "out = (x - running_mean) / np.sqrt(running_var + eps)",
            ),
        ),
    ),
    Mistake(
        "bn_test_uses_batch",
        "layers",
        "batchnorm_forward",
        "batchnorm_forward.test_mode",
        (
            (
                "out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta",
                "out = gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + beta",
            ),
        ),
    ),
    # batchnorm_backward
    Mistake(
        "bn_dx_without_variance_term",
        "layers",
        "batchnorm_backward",
        "batchnorm_backward.dx",
        (("dx_centered += 2 * x_centered * dsquares", "pass"),),
    ),
    Mistake(
        "bn_dx_without_mean_term",
        "layers",
        "batchnorm_backward",
        "batchnorm_backward.dx",
        (("dx = dx_centered + ones * dmu / N", "dx = dx_centered"),),
    ),
    Mistake(
        "bn_dx_without_gamma",
        "layers",
        "batchnorm_backward",
        "batchnorm_backward.dx",
        (("dx_hat = dout * gamma", "dx_hat = dout"),),
    ),
    Mistake(
        "bn_dgamma_from_x",
        "layers",
        "batchnorm_backward",
        "batchnorm_backward.dgamma",
        (("dgamma = np.sum(dout * x_hat, axis=0)", "dgamma = np.sum(dout * x_centered, axis=0)"),),
    ),
    Mistake(
        "bn_dbeta_mean",
        "layers",
        "batchnorm_backward",
        "batchnorm_backward.dbeta",
        (("dbeta = dout.sum(axis=0)", "dbeta = dout.mean(axis=0)"),),
    ),
    # batchnorm_backward_alt
    Mistake(
        "alt_dx_without_variance_term",
        "layers",
        "batchnorm_backward_alt",
        "batchnorm_backward_alt.dx",
        (("dx = x_hat * (-dgamma / batch_size)", "dx = np.zeros_like(dout)"),),
    ),
    Mistake(
        "alt_dx_not_divided_by_n",
        "layers",
        "batchnorm_backward_alt",
        "batchnorm_backward_alt.dx",
        (("(-dgamma / batch_size)", "(-dgamma)"), ("dx -= dbeta / batch_size", "dx -= dbeta")),
    ),
    Mistake(
        "alt_dx_without_gamma",
        "layers",
        "batchnorm_backward_alt",
        "batchnorm_backward_alt.dx",
        (("dx *= gamma / std", "dx /= std"),),
    ),
    # layernorm_forward
    Mistake(
        "ln_is_batchnorm",
        "layers",
        "layernorm_forward",
        "layernorm_forward.rows",
        (
            ("x.mean(axis=1, keepdims=True)", "x.mean(axis=0)"),
            ("np.mean(deviation**2, axis=1, keepdims=True)", "np.mean(deviation**2, axis=0)"),
        ),
    ),
    Mistake(
        "ln_whole_matrix",
        "layers",
        "layernorm_forward",
        "layernorm_forward.rows",
        (
            ("x.mean(axis=1, keepdims=True)", "x.mean()"),
            ("np.mean(deviation**2, axis=1, keepdims=True)", "np.mean(deviation**2)"),
        ),
    ),
    Mistake(
        "ln_eps_hard_coded",
        "layers",
        "layernorm_forward",
        "layernorm_forward.eps",
        (("keepdims=True) + eps)", "keepdims=True) + 1e-5)"),),
    ),
    # layernorm_backward
    Mistake(
        "ln_dgamma_summed_over_features",
        "layers",
        "layernorm_backward",
        "layernorm_backward.dgamma",
        (("dgamma = np.sum(dout * normalized, axis=0)", "dgamma = np.sum(dout * normalized, axis=1)"),),
    ),
    Mistake(
        "ln_dx_without_variance_term",
        "layers",
        "layernorm_backward",
        "layernorm_backward.dx",
        (("(dnormalized - through_mean - through_var)", "(dnormalized - through_mean)"),),
    ),
    Mistake(
        "ln_dx_gamma_last",
        "layers",
        "layernorm_backward",
        "layernorm_backward.dx",
        (
            ("dnormalized = dout * gamma", "dnormalized = dout"),
            ("through_var) / row_std", "through_var) * gamma / row_std"),
        ),
    ),
    # FullyConnectedNet
    Mistake(
        "net_normalizes_last_layer",
        "fc_net",
        "FullyConnectedNet",
        "FullyConnectedNet.parameters",
        (
            (
                "for l, hidden_dim in enumerate(hidden_dims, start=1):",
                "for l, hidden_dim in enumerate([*hidden_dims, num_classes], start=1):",
            ),
        ),
    ),
    Mistake(
        "net_gamma_starts_at_zero",
        "fc_net",
        "FullyConnectedNet",
        "FullyConnectedNet.initial",
        (("= np.ones(hidden_dim)", "= np.zeros(hidden_dim)"),),
    ),
    Mistake(
        "net_shared_statistics",
        "fc_net",
        "FullyConnectedNet",
        "FullyConnectedNet.own_statistics",
        (("self.bn_params[l - 1]", "self.bn_params[0]"),),
    ),
    Mistake(
        "net_layernorm_is_batchnorm",
        "fc_net",
        "FullyConnectedNet",
        "FullyConnectedNet.layernorm_loss",
        (
            ('h, caches["norm", l] = layernorm_forward', 'h, caches["norm", l] = batchnorm_forward'),
            ('dh, grads[f"gamma{l}"], grads[f"beta{l}"] = layernorm_backward', "dh, *_ = batchnorm_backward"),
        ),
    ),
    Mistake(
        "net_gradients_swapped",
        "fc_net",
        "FullyConnectedNet",
        "FullyConnectedNet.batchnorm_gradients",
        (
            (
                'dh, grads[f"gamma{l}"], grads[f"beta{l}"] = batchnorm_backward',
                'dh, grads[f"beta{l}"], grads[f"gamma{l}"] = batchnorm_backward',
            ),
        ),
    ),
)
