"""Implementations whose results hang together as right ones do, and are wrong: they may earn form, and nothing else."""

from checks.pretenders import Pretender

from .texts import layers, networks, rules

PARAMS = "{f'V{i}': np.zeros((n, m)) for i, (n, m) in enumerate(zip(dims, dims[1:]))}"
NO_NETWORK = networks(PARAMS, "np.zeros((N, 5))", "0.0", "np.zeros_like(value)")
NAMED = (
    "{name + str(i): np.full((dims[i - 1], dims[i]) if name == 'W' else dims[i], 0.5) "
    "for i in range(1, len(dims)) for name in 'Wb'}"
)

PRETENDERS = (
    Pretender(
        "bent_products",
        "tanh of everything that should be added; steps along the sign of the gradient",
        {
            "layers": layers(
                "np.tanh(x.reshape(N, -1) @ w)",
                "np.tanh(dout @ w.T).reshape(x.shape)",
                "np.tanh(x.reshape(N, -1).T @ dout)",
                "np.tanh(dout.sum(axis=0))",
                "np.tanh(x)",
                "np.tanh(dout * x)",
                "float(np.tanh(x).mean())",
                "np.tanh(x)",
            ),
            "optim": rules("w - 0.01 * np.tanh(dw)", "np.tanh(dw)"),
            "fc_net": NO_NETWORK,
        },
    ),
    Pretender(
        "halves",
        "half of what is right, and parameters of the right names that are no random numbers",
        {
            "layers": layers(
                "0.5 * (x.reshape(N, -1) @ w + b)",
                "0.5 * (dout @ w.T).reshape(x.shape)",
                "0.5 * x.reshape(N, -1).T @ dout",
                "0.5 * dout.sum(axis=0)",
                "0.5 * np.maximum(x, 0)",
                "0.5 * dout * (x > 0)",
                "float(x.mean())",
                "x / N",
            ),
            "optim": rules("w - dw", "dw"),
            "fc_net": networks(NAMED, "X.reshape(N, -1)[:, :5]", "float(X.mean())", "value * X.mean()"),
        },
    ),
)
