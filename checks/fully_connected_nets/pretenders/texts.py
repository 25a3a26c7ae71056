"""The text of pretending layers, networks and update rules, from what is particular about each."""

from textwrap import dedent

LAYERS = ("affine_forward", "affine_backward", "relu_forward", "relu_backward", "softmax_loss")
RULES = ("sgd_momentum", "rmsprop", "adam")
NETWORKS = ("TwoLayerNet", "FullyConnectedNet")

Added = dict[str, str]


def layers(out: str, dx: str, dw: str, db: str, relu: str, drelu: str, loss: str, dloss: str, before: str = "") -> str:
    """Layers by what they return: of x, w, b; of dout, x, w; of x; of dout, x; of x, y."""
    return (
        "\n\n"
        + dedent(before)
        + f"""

def affine_forward(x, w, b):
    N, D, M = len(x), w.shape[0], w.shape[1]
    return {out}, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    N, D, M = len(x), w.shape[0], w.shape[1]
    return {dx}, {dw}, {db}


def relu_forward(x):
    return {relu}, x


def relu_backward(dout, cache):
    x = cache
    return {drelu}


def softmax_loss(x, y):
    N, C = x.shape
    return {loss}, {dloss}
"""
    )


def rules(step: str, state: str, before: str = "", config: str = "config") -> str:
    """Update rules by what they return, of w, dw and config, and by what they keep under every name but t."""
    text = "\n\n" + dedent(before)
    for rule, names in zip(RULES, (("velocity",), ("cache",), ("m", "v")), strict=True):
        kept = "".join(f"    config[{name!r}] = {state}\n" for name in names)
        text += f"""

def {rule}(w, dw, config=None):
    config = {{}} if config is None else config
{kept}    config["t"] = 0
    return {step}, {config}
"""
    return text


def networks(params: str, scores: str, loss: str, grad: str, before: str = "") -> str:
    """Networks by their parameters, of dims; `scores` and `loss` of self, X, y, N; `grad` of a parameter."""
    return (
        "\n\n"
        + dedent(before)
        + f"""

def _two(self, input_dim=3072, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
    dims = [input_dim, hidden_dim, num_classes]
    self.reg, self.params = reg, {params}


def _deep(self, hidden_dims, input_dim=3072, num_classes=10, reg=0.0, weight_scale=1e-2, dtype=np.float32, **more):
    dims = [input_dim, *hidden_dims, num_classes]
    self.reg, self.params = reg, {params}


def _loss(self, X, y=None):
    N = len(X)
    if y is None:
        return {scores}
    return {loss}, {{name: {grad} for name, value in self.params.items()}}


TwoLayerNet = type("TwoLayerNet", (), {{"__init__": _two, "loss": _loss}})
FullyConnectedNet = type("FullyConnectedNet", (), {{"__init__": _deep, "loss": _loss}})
"""
    )


def everything(
    value: str,
    step: str,
    state: str,
    before: str = "",
    *,
    params: str = "{}",
    config: str = "config",
    loss: str = "0.0",
) -> Added:
    """A whole submission in which everything is made of `value`, a function of a shape and of what is at hand."""
    of = value.format
    return {
        "layers": layers(
            of(shape="(N, M)", near="x"),
            of(shape="x.shape", near="x"),
            of(shape="w.shape", near="w"),
            of(shape="(M,)", near="dout"),
            of(shape="x.shape", near="x"),
            of(shape="x.shape", near="dout"),
            loss,
            of(shape="x.shape", near="x"),
            before,
        ),
        "optim": rules(step, state, before, config),
        "fc_net": networks(params, of(shape="(N, 5)", near="X"), loss, of(shape="value.shape", near="value"), before),
    }
