"""Implementations that hang together as a normalization does, and are none.

Every number of `out` moves with every number of its column, the gradients move with dout and with x, a network's result
with its layers: a check of form has nothing to say against that, and no other check may say anything for it.
"""

from checks.pretenders import Pretender

from .texts import CALL, NO_INIT, expressions

_all: list[Pretender] = []


def coupled(id: str, sentence: str, text: str, forward: str = "pass\n", backward: str = "pass\n") -> None:
    """Add one: its layers, and the regions of its network."""
    _all.append(Pretender(id, sentence, {"layers": text}, {"fc_net": (NO_INIT, forward, backward)}))


# Nothing by themselves; beside a right forward pass, whose x_hat is in the cache, dx depends on its column.

coupled(
    "products",
    "dout * x, which moves with either, number by number",
    expressions("x * gamma", "x[0]", "dout * x", "(dout * x)[0]", "dout[0]"),
)
coupled(
    "cumulative",
    "sums from the first row and column on: the first number moves all others, and none but the last does",
    expressions(
        "np.cumsum(np.cumsum(x, 0), 1)",
        "np.cumsum(x[0])",
        "np.cumsum(np.cumsum(dout * x, 0), 1)",
        "np.cumsum(dout[0])",
        "dout[0]",
    ),
)
coupled(
    "cumulative_from_the_end",
    "the same from the last row and column on",
    expressions(
        "np.cumsum(np.cumsum(x[::-1, ::-1], 0), 1)[::-1, ::-1]",
        "np.cumsum(x[-1])",
        "np.cumsum(np.cumsum((dout * x)[::-1, ::-1], 0), 1)[::-1, ::-1]",
        "dout[-1]",
        "dout[-1]",
    ),
)

# In every pass.

coupled(
    "bounded_sums",
    "tanh of x plus the sum of its column; the network adds what its layer returns",
    expressions(
        "np.tanh(x.sum(axis=0) + x)",
        "np.tanh(x.sum(axis=0))",
        "np.tanh(x.sum(axis=0) + dout.sum(axis=0) + dout)",
        "np.tanh((x * dout).sum(axis=0))",
        "np.tanh(dout.sum(axis=0))",
    ),
    "h = h + " + CALL.rstrip() + "[0]\n",
)
coupled(
    "mean_of_everything",
    "the mean of the whole matrix everywhere",
    expressions(
        "np.full(x.shape, x.mean())",
        "np.full(D, x.mean())",
        "np.full(dout.shape, (dout * x).mean())",
        "np.full(D, (dout * x).mean())",
        "np.full(D, dout.mean())",
    ),
)
coupled(
    "shares",
    "the share of each number in its column, after exp",
    expressions(
        "np.exp(x - x.max(axis=0)) / np.exp(x - x.max(axis=0)).sum(axis=0)",
        "np.exp(-np.abs(x)).mean(axis=0)",
        "dout * np.exp(x - x.max(axis=0)) / np.exp(x - x.max(axis=0)).sum(axis=0)",
        "np.exp(-np.abs(x * dout)).mean(axis=0)",
        "np.exp(-np.abs(dout)).mean(axis=0)",
    ),
)
coupled(
    "rows_and_columns",
    "x plus the means of its row and of its column",
    expressions(
        "x + x.mean(axis=0) + x.mean(axis=1, keepdims=True)",
        "x.mean(axis=0) ** 2",
        "dout + (x * dout).mean(axis=0) + (x * dout).mean(axis=1, keepdims=True)",
        "(x * dout).mean(axis=0) ** 2",
        "dout.mean(axis=0) ** 2",
    ),
    "h = 2 * " + CALL.rstrip() + "[0]\n",
)
coupled(
    "random_mixing",
    "every number a fixed random sum of all others",
    expressions(
        "_mixed(x)",
        "_mixed(x)[0]",
        "_mixed(dout) * (1 + np.tanh(_mixed(x)))",
        "_mixed(dout * x)[0]",
        "_mixed(dout)[0]",
        before="""
        def _mixed(x):
            weights = np.random.RandomState(x.size).randn(x.size, x.size)
            return (weights @ x.ravel()).reshape(x.shape)
        """,
    ),
)
coupled(
    "distance_from_the_first",
    "the sum of each column's distances from the first x of its shape that was seen",
    expressions(
        "_moved(x) + 0 * x",
        "_moved(x)",
        "_moved(dout) + _moved(x) + 0 * dout",
        "_moved(x * dout)",
        "_moved(dout)",
        before="""
        _first = {}


        def _moved(x):
            return (x - _first.setdefault(x.shape, x.copy())).sum(axis=0)
        """,
    ),
)
coupled(
    "hash_of_layers",
    "the network leaves normalization out and adds a hash of what its layers returned to the loss",
    expressions("np.zeros_like(x)", "np.zeros(D)", "np.zeros_like(dout)", "np.zeros(D)", "np.zeros(D)"),
    "import zlib\n_ = " + CALL + "caches['hash', l] = zlib.crc32(np.ascontiguousarray(_[0]).tobytes()) / 2**32\n",
    "grads[f'b{l + 1}'] = grads[f'b{l + 1}'] + caches['hash', l]\nloss += caches['hash', l]\n",
)

PRETENDERS = tuple(_all)
