"""Right networks that keep the layers where somebody who puts others in their place may not find them.

However a layer is reached, a right network earns all of its points.
"""

from textwrap import dedent

from checks.pretenders import Pretender

from .texts import LAYERS

POINTS = {"TwoLayerNet": 6.0, "FullyConnectedNet": 8.0}

METHODS = """

def _own_loss(self, X, y=None):
    count = len(self.params) // 2
    h = X.astype(self.params["W1"].dtype)
    caches = []
    for l in range(1, count + 1):
        h, cache = WAY("affine_forward")(h, self.params[f"W{l}"], self.params[f"b{l}"])
        caches.append(cache)
        if l < count:
            h, cache = WAY("relu_forward")(h)
            caches.append(cache)
    if y is None:
        return h
    loss, dh = WAY("softmax_loss")(h, y)
    grads = {}
    for l in range(count, 0, -1):
        dh, dW, db = WAY("affine_backward")(dh, caches.pop())
        W = self.params[f"W{l}"]
        loss += 0.5 * self.reg * float((W * W).sum())
        grads[f"W{l}"], grads[f"b{l}"] = dW + self.reg * W, db
        if l > 1:
            dh = WAY("relu_backward")(dh, caches.pop())
    return loss, grads


TwoLayerNet.loss = FullyConnectedNet.loss = _own_loss
"""

_all: list[Pretender] = []


def kept(id: str, sentence: str, way: str, before: str = "") -> None:
    """Add one: the expression by which a layer of some name (`NAME`) is found, and what goes before."""
    text = METHODS
    for name in LAYERS:
        text = text.replace(f'WAY("{name}")', way.replace("NAME", f'"{name}"'))
    _all.append(
        Pretender(
            id, sentence, {"fc_net": "\n\n" + dedent(before).replace("NAMES", repr(LAYERS)) + text}, {}, False, POINTS
        )
    )


kept("by_name", "`globals()`", "globals()[NAME]")
kept("in_a_dictionary", "a dictionary", "_kept[NAME]", "_kept = {name: globals()[name] for name in NAMES}\n")
kept("in_tuples", "tuples in a dictionary", "_kept[NAME][0]", "_kept = {name: (globals()[name],) for name in NAMES}\n")
kept(
    "in_a_partial",
    "`functools.partial`",
    "_kept[NAME]",
    "import functools\n_kept = {name: functools.partial(globals()[name]) for name in NAMES}\n",
)
kept(
    "in_a_closure",
    "a closure",
    "_kept[NAME]",
    """
    def _closed(f):
        return lambda *args: f(*args)


    _kept = {name: _closed(globals()[name]) for name in NAMES}
    """,
)
kept(
    "copied",
    "copies of the functions, made by `FunctionType`",
    "_kept[NAME]",
    """
    import types

    _kept = {name: types.FunctionType(globals()[name].__code__, globals()[name].__globals__) for name in NAMES}
    """,
)
kept(
    "in_a_class",
    "attributes of a class",
    "getattr(_Kept, NAME)",
    "_Kept = type('_Kept', (), {name: staticmethod(globals()[name]) for name in NAMES})\n",
)
kept(
    "from_the_module",
    "an import when it is needed",
    "__import__(__package__ + '.layers', fromlist=['x']).__dict__[NAME]",
)

PRETENDERS = tuple(_all)
