"""Known mistakes in the normalization parts of `FullyConnectedNet`."""

from checks.mistakes import Mistake, in_function

network = in_function("fc_net", "FullyConnectedNet")

MISTAKES: tuple[Mistake, ...] = (
    # FullyConnectedNet
    network(
        "net_normalizes_last_layer",
        "parameters",
        {
            "for l, hidden_dim in enumerate(hidden_dims, start=1):": "for l, hidden_dim in enumerate([*hidden_dims, num_classes], start=1):"
        },
    ),
    network("net_gamma_starts_at_zero", "initial", {"= np.ones(hidden_dim)": "= np.zeros(hidden_dim)"}),
    network("net_shared_statistics", "own_statistics", {"self.bn_params[l - 1]": "self.bn_params[0]"}),
    network(
        "net_layernorm_is_batchnorm",
        "layernorm_loss",
        {
            'h, caches["norm", l] = layernorm_forward': 'h, caches["norm", l] = batchnorm_forward',
            'dh, grads[f"gamma{l}"], grads[f"beta{l}"] = layernorm_backward': "dh, *_ = batchnorm_backward",
        },
    ),
    network(
        "net_gradients_swapped",
        "batchnorm_gradients",
        {
            'dh, grads[f"gamma{l}"], grads[f"beta{l}"] = batchnorm_backward': 'dh, grads[f"beta{l}"], grads[f"gamma{l}"] = batchnorm_backward'
        },
    ),
)
