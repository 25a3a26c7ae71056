"""Right networks that keep the layers where somebody who puts others in their place may not find them.

However a layer is reached, a right network earns all of its points.
"""

from textwrap import dedent

from checks.pretenders import Pretender

from .texts import FUNCTIONS, INIT

POINTS = {"FullyConnectedNet": 8.0}

COPIES = """
import types

_kept = {
    name: types.FunctionType(globals()[name].__code__, globals()[name].__globals__, name) for name in NAMES
}
"""
OWN_FORMULAS = """
def _statistics(x, axis, eps):
    mean, var = x.mean(axis, keepdims=True), x.var(axis, keepdims=True)
    return mean, var, np.sqrt(var + eps)


def _own_forward(x, gamma, beta, param, axis):
    mean, var, std = _statistics(x, axis, param.get("eps", 1e-5))
    if axis == 0 and param["mode"] == "test":
        return gamma * (x - param["mean"]) / np.sqrt(param["var"] + 1e-5) + beta, None
    if axis == 0:
        param["mean"] = 0.9 * param.get("mean", 0) + 0.1 * mean
        param["var"] = 0.9 * param.get("var", 0) + 0.1 * var
    x_hat = (x - mean) / std
    return gamma * x_hat + beta, (x_hat, std, gamma, axis)


def _own_backward(dout, cache):
    x_hat, std, gamma, axis = cache
    d = dout * gamma
    through = d.mean(axis, keepdims=True) + x_hat * (d * x_hat).mean(axis, keepdims=True)
    return (d - through) / std, (dout * x_hat).sum(0), dout.sum(0)


_kept = {
    "batchnorm_forward": lambda *args: _own_forward(*args, 0),
    "layernorm_forward": lambda *args: _own_forward(*args, 1),
    "batchnorm_backward": _own_backward,
    "layernorm_backward": _own_backward,
}
"""

_all: list[Pretender] = []


def kept(id: str, sentence: str, before: str = "", way: str = "_kept[NAME]", back: str = "", begin: str = "") -> None:
    """Add one.

    Args:
        id: its id.
        sentence: what it does.
        before: what follows the module, where NAMES are the layers' names.
        way: the layer of the name NAME.
        back: the same for the way back, if it is another.
        begin: what follows the parameters in `__init__`.
    """
    names = "".join(f"{name!r}, " for name in FUNCTIONS)
    regions = (
        INIT + dedent(begin),
        f"""\
_layer = {way.replace("NAME", "(self.normalization + '_forward')")}
h, caches["norm", l] = _layer(h, params[f"gamma{{l}}"], params[f"beta{{l}}"], self.bn_params[l - 1])
""",
        f"""\
_layer = {(back or way).replace("NAME", "(self.normalization + '_backward')")}
dh, grads[f"gamma{{l}}"], grads[f"beta{{l}}"] = _layer(dh, caches["norm", l])
""",
    )
    text = "\n\n" + dedent(before).replace("NAMES", f"({names})")
    _all.append(Pretender(id, sentence, {"fc_net": text}, {"fc_net": regions}, earns=POINTS))


def table(id: str, sentence: str, item: str, before: str = "", way: str = "_kept[NAME]") -> None:
    """Add one that keeps for each name an `item` made of the layer `f`."""
    kept(
        id, sentence, dedent(before) + f"\n_kept = {{name: {item} for name in NAMES for f in [globals()[name]]}}\n", way
    )


# Names that are looked up when they are needed.
kept("in_globals", "`globals()[name]`", way="globals()[NAME]")
kept("evaluated", "`eval(name)`", way="eval(NAME)")
kept("in_sys_modules", "`sys.modules`", "import sys", "getattr(sys.modules[__package__ + '.layers'], NAME)")
kept(
    "imported_at_call_time",
    "`import_module` at each call",
    "import importlib",
    "getattr(importlib.import_module('.layers', __package__), NAME)",
)
kept("attribute_of_the_module", "`from . import layers`", "from . import layers as _l", "getattr(_l, NAME)")
kept(
    "other_names",
    "`from .layers import batchnorm_forward as ...`",
    "".join(f"from .layers import {name} as _my_{name}\n" for name in FUNCTIONS),
    "globals()['_my_' + NAME]",
)
kept(
    "executed",
    "functions made by `exec`, which call the layers by their names",
    "\n".join(
        ["_kept = {}", *(f"exec('def f(*args): return {name}(*args)'); _kept[{name!r}] = f" for name in FUNCTIONS)]
    ),
)
kept(
    "lambdas",
    "lambdas that call the layers by their names",
    "_kept = {\n" + "".join(f"    {name!r}: lambda *args: {name}(*args),\n" for name in FUNCTIONS) + "}\n",
)

# Objects that hold a layer.
table("in_a_dictionary", "a dictionary", "f")
table("in_tuples", "tuples in a dictionary", "('layer', f)", way="_kept[NAME][1]")
table("in_nested_containers", "lists in tuples in dictionaries", "{'a': ([f],)}", way="_kept[NAME]['a'][0][0]")
table("in_a_partial", "`functools.partial`", "functools.partial(f)", "import functools")
table("in_a_closure", "a closure", "_closed(f)", "def _closed(f):\n    return lambda *args: f(*args)\n")
table(
    "in_two_closures",
    "a closure in a closure",
    "_closed(_closed(f))",
    "def _closed(f):\n    return lambda *args: f(*args)\n",
)
table(
    "decorated",
    "`functools.wraps`",
    "_decorated(f)",
    "import functools\ndef _decorated(f):\n    return functools.wraps(f)(lambda *args: f(*args))\n",
)
table("in_a_default", "a default argument", "lambda *args, f=f: f(*args)")
table(
    "in_an_iterator",
    "a generator that gives it again and again",
    "itertools.repeat(f)",
    "import itertools",
    "next(_kept[NAME])",
)
table(
    "in_a_generator",
    "a generator that has begun",
    "_begun(f)",
    """
    def _forever(f):
        while True:
            yield f


    def _begun(f):
        generator = _forever(f)
        next(generator)
        return generator
    """,
    "next(_kept[NAME])",
)
table("in_a_weak_reference", "a weak reference", "weakref.ref(f)", "import weakref", "_kept[NAME]()")
table("in_a_namespace", "`SimpleNamespace`", "types.SimpleNamespace(f=f)", "import types", "_kept[NAME].f")
table("in_a_proxy", "`MappingProxyType`", "types.MappingProxyType({'f': f})", "import types", "_kept[NAME]['f']")
table(
    "in_a_bound_method",
    "a bound method",
    "types.MethodType(lambda self, *args: self.f(*args), types.SimpleNamespace(f=f))",
    "import types",
)
table("in_a_deque", "a deque", "collections.deque([f])", "import collections", "_kept[NAME][0]")
table(
    "in_a_named_tuple",
    "a named tuple",
    "_Pair(f, 0)",
    "import collections\n_Pair = collections.namedtuple('_Pair', 'f other')",
    "_kept[NAME].f",
)
table(
    "in_a_frozen_dataclass",
    "a frozen dataclass",
    "_Held(f)",
    "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass _Held:\n    f: object\n",
    "_kept[NAME].f",
)
table(
    "in_slots",
    "an object with `__slots__` and `__call__`",
    "_Held(f)",
    """
    class _Held:
        __slots__ = ("f",)

        def __init__(self, f):
            self.f = f

        def __call__(self, *args):
            return self.f(*args)
    """,
)
table("in_a_class", "an attribute of a class", "type('_Held', (), {'f': staticmethod(f)})", way="_kept[NAME].f")
table("in_an_array", "an array of objects", "np.array([f, None], dtype=object)", way="_kept[NAME][0]")
kept(
    "in_an_enumeration",
    "members of an enumeration",
    "import enum, functools\n_Kept = enum.Enum('_Kept', {name: (globals()[name],) for name in NAMES})",
    "_Kept[NAME].value[0]",
)
kept(
    "remembered",
    "a cached lookup, filled on import",
    """
    import functools


    @functools.cache
    def _found(name):
        return globals()[name]


    for _name in NAMES:
        _found(_name)
    """,
    "_found(NAME)",
)
kept(
    "in_a_thread",
    "`threading.local`",
    "import threading\n_kept = threading.local()\nfor _name in NAMES:\n    setattr(_kept, _name, globals()[_name])\n",
    "getattr(_kept, NAME)",
)
kept(
    "in_the_model",
    "an attribute of the model",
    begin="self.kept = {name: value for name, value in globals().items() if name.endswith(('_forward', '_backward'))}",
    way="self.kept[NAME]",
)
kept(
    "in_the_class_of_the_model",
    "an attribute of the model's class",
    "FullyConnectedNet.kept = {name: globals()[name] for name in NAMES}",
    "self.kept[NAME]",
)
kept(
    "as_methods",
    "methods of the model's class",
    "for _name in NAMES:\n    setattr(FullyConnectedNet, _name, staticmethod(globals()[_name]))\n",
    "getattr(self, NAME)",
)

# Layers of its own.
kept("copied", "copies of the functions, made by `FunctionType`", COPIES)
kept("own_formulas", "a second, private normalization in fc_net.py", OWN_FORMULAS)
kept(
    "forward_by_name_backward_in_a_tuple",
    "the way forward by its name, the way back in a tuple",
    "_kept = {name: (globals()[name],) for name in NAMES}",
    "globals()[NAME]",
    "_kept[NAME][0]",
)
kept(
    "forward_by_name_backward_copied",
    "the way forward by its name, the way back by a copy",
    COPIES,
    "globals()[NAME]",
    "_kept[NAME]",
)

PRETENDERS = tuple(_all)
