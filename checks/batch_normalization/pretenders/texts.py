"""The text of pretending layers and networks, from what is particular about each."""

from textwrap import dedent, indent

FUNCTIONS = (
    "batchnorm_forward",
    "batchnorm_backward",
    "batchnorm_backward_alt",
    "layernorm_forward",
    "layernorm_backward",
)
NO_INIT = "pass\n"
INIT = """\
for l, hidden_dim in enumerate(hidden_dims, start=1):
    self.params[f"gamma{l}"] = np.ones(hidden_dim)
    self.params[f"beta{l}"] = np.zeros(hidden_dim)
"""
CALL = """\
(batchnorm_forward if self.normalization == "batchnorm" else layernorm_forward)(
    h, params[f"gamma{l}"], params[f"beta{l}"], self.bn_params[l - 1]
)
"""
"""The call of the right layer, whatever is done with what it returns."""
NOTHING: tuple[str, str, str] = (NO_INIT, "pass\n", "pass\n")
"""A network whose three regions are empty: the normalization is left out."""

_NAMES = """

def batchnorm_forward(x, gamma, beta, bn_param):
    return _forward(x, gamma, beta, bn_param)


def batchnorm_backward(dout, cache):
    return _backward(dout, cache)


def batchnorm_backward_alt(dout, cache):
    return _backward(dout, cache)


def layernorm_forward(x, gamma, beta, ln_param):
    return _forward(x, gamma, beta, ln_param)


def layernorm_backward(dout, cache):
    return _backward(dout, cache)
"""


def layers(forward: str, backward: str, before: str = "") -> str:
    """Layers of which every forward pass has this body (of x, gamma, beta, param), every backward pass that one."""
    parts = (
        dedent(before),
        "\n\ndef _forward(x, gamma, beta, param):\n" + indent(dedent(forward).strip("\n"), " " * 4),
        "\n\n\ndef _backward(dout, cache):\n" + indent(dedent(backward).strip("\n"), " " * 4) + "\n",
    )
    return "\n\n" + "".join(parts) + _NAMES


def expressions(
    out: str,
    small: str,
    dx: str,
    dgamma: str = "gamma",
    dbeta: str = "beta",
    before: str = "",
    cache: str = "(x, gamma)",
) -> str:
    """Layers by what they return.

    Args:
        out: of x, gamma, beta and param.
        small: the same, for the running statistics.
        dx: of x, gamma, beta and dout.
        dgamma: the same.
        dbeta: the same.
        before: what precedes the layers.
        cache: what the way back gets to know.
    """
    return layers(
        f"""
        N, D = x.shape
        if param.get("mode") == "train":
            param["running_mean"], param["running_var"] = {small}, {small}
        return {out}, {cache}
        """,
        f"""
        x, gamma = cache[0], cache[-1]  # a right forward pass keeps its gamma there, too
        beta = gamma
        N, D = dout.shape
        return {dx}, {dgamma}, {dbeta}
        """,
        before,
    )


def losing(scores: str, loss: str, grad: str, before: str = "") -> str:
    """A network by what it returns: `scores` and `loss` of self, X, y, N; `grad` of a parameter's name and value."""
    return (
        "\n\n"
        + dedent(before)
        + f"""

def _loss(self, X, y=None):
    N = len(X)
    if y is None:
        return {scores}
    return {loss}, {{name: {grad} for name, value in self.params.items()}}


FullyConnectedNet.loss = _loss
"""
    )
