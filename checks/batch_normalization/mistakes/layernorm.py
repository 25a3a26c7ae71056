"""Known mistakes in the two functions of layer normalization."""

from checks.mistakes import Mistake, in_function

forward = in_function("layers", "layernorm_forward")
backward = in_function("layers", "layernorm_backward")

MISTAKES: tuple[Mistake, ...] = (
    # layernorm_forward
    forward(
        "ln_is_batchnorm",
        "rows",
        {
            "x.mean(axis=1, keepdims=True)": "x.mean(axis=0)",
            "np.mean(deviation**2, axis=1, keepdims=True)": "np.mean(deviation**2, axis=0)",
        },
    ),
    forward(
        "ln_whole_matrix",
        "rows",
        {
            "x.mean(axis=1, keepdims=True)": "x.mean()",
            "np.mean(deviation**2, axis=1, keepdims=True)": "np.mean(deviation**2)",
        },
    ),
    forward("ln_eps_hard_coded", "eps", {"keepdims=True) + eps)": "keepdims=True) + 1e-5)"}),
    # layernorm_backward
    backward(
        "ln_dgamma_summed_over_features",
        "dgamma",
        {"dgamma = np.sum(dout * normalized, axis=0)": "dgamma = np.sum(dout * normalized, axis=1)"},
    ),
    backward(
        "ln_dx_without_variance_term",
        "dx",
        {"(dnormalized - through_mean - through_var)": "(dnormalized - through_mean)"},
    ),
    backward(
        "ln_dx_gamma_last",
        "dx",
        {
            "dnormalized = dout * gamma": "dnormalized = dout",
            "through_var) / row_std": "through_var) * gamma / row_std",
        },
    ),
)
