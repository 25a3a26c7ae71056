"""Networks without a wiring, or with a wrong one, over layers that want to make it look right.

The layers are right wherever they are judged themselves, and bend for the network: by shape, by arguments, by keys, by
caller, by order. Parameters begin as they should, so that alone is due to the network.
"""

from textwrap import dedent, indent

from checks.pretenders import Pretender

from .texts import FUNCTIONS, INIT

POINTS = {
    "batchnorm_forward": 10.0,
    "batchnorm_backward": 7.0,
    "batchnorm_backward_alt": 5.0,
    "layernorm_forward": 6.0,
    "layernorm_backward": 4.0,
    "FullyConnectedNet": 1.0,
}

BEND = f"""

import sys

_right = {{name: globals()[name] for name in {FUNCTIONS}}}
_state = {{}}


class _Bent:
    def __init__(self, shape):
        self.shape = shape


def _call(name, args):
    forward = name.endswith("forward")
    bent = _bends(name, *args) if forward else isinstance(args[1], _Bent)
    if not bent:
        return _right[name](*args)
    if forward:
        x, gamma, beta, param = args
        if param.get("mode") == "train" and name == "batchnorm_forward":
            param["running_mean"] = param["running_var"] = np.zeros(x.shape[1])
        return _bent_out(x), _Bent(x.shape)
    return _bent_dx(args[0]), np.zeros(args[0].shape[1]), np.zeros(args[0].shape[1])
""" + "".join(
    f"""

def {name}({arguments}):
    return _call("{name}", ({arguments}))
"""
    for name in FUNCTIONS
    for arguments in ["x, gamma, beta, param" if name.endswith("forward") else "dout, cache"]
)

NO_GRADIENT = 'grads[f"gamma{l}"], grads[f"beta{l}"] = 0 * params[f"gamma{l}"], 0 * params[f"beta{l}"]\n'
LEFT_OUT = ("pass\n", NO_GRADIENT)
ALL_ONES = ("h = np.ones_like(h)\n", "dh = np.zeros_like(dh)\n" + NO_GRADIENT)
NUMBERS = ("h = h\n", "dh = 0 * dh\n" + NO_GRADIENT)
EXCHANGED = (
    """\
_other = layernorm_forward if self.normalization == "batchnorm" else batchnorm_forward
h, caches["norm", l] = _other(h, params[f"beta{l}"], params[f"gamma{l}"], {"mode": mode})
""",
    """\
_other = layernorm_backward if self.normalization == "batchnorm" else batchnorm_backward
dh, grads[f"beta{l}"], grads[f"gamma{l}"] = _other(dh, caches["norm", l])
""",
)

JUDGED = (
    "{(7, 4), (7, 5), (1, 3), (2, 5), (6, 1), (5, 8), (12, 6), (5, 1), (4, 7), (5, 7), (1, 5), (5, 2), (8, 5), "
    "(5, 20), (2, 7), (5, 5), (6, 4)}"
)
PROBED = (6, 4)
"""The one shape that layers under a network were once tried at."""
AFTER = f"_state.get('network') and x.shape != {PROBED}"
BY = {
    "shape": ("x of another shape than layers are judged on", f"x.shape not in {JUDGED}"),
    "arguments": (
        "a gamma whose numbers are float32's, as a network's are",
        "x.dtype == np.float64 and gamma.all() and (gamma == gamma.astype(np.float32)).all()",
    ),
    "keys": (
        "x of nine or five rows and a dictionary that holds no eps",
        "len(x) in (9, 5) and 'eps' not in param and x.shape[1] in (6, 4)",
    ),
    "flag": ("every call after a network was made", AFTER),
    "caller": (
        "a call from fc_net.py, or of nine rows",
        "'fc_net' in sys._getframe(3).f_code.co_filename or len(x) == 9",
    ),
    "order": (
        "every call but the first three after a network was made",
        f"{AFTER} and (_state.update(calls=_state.get('calls', 0) + 1) or _state['calls'] > 3)",
    ),
}

_all: list[Pretender] = []


def bent(id: str, sentence: str, by: str, out: str, dx: str, wiring: tuple[str, str], init: str = "") -> None:
    """Add one: when its layers bend, what they return then, and the network's way forward and back."""
    text = BEND + dedent(
        f"""

        def _bends(name, x, gamma, beta, param):
            return {by}


        def _bent_out(x):
            return {out}


        def _bent_dx(dout):
            return {dx}
        """
    )
    flag = "from . import layers as _l\n_l._state['network'] = True\n"
    # A network that calls its layers and calls them wrongly has what `reg` adds right, and keeps it.
    earns = POINTS | ({"FullyConnectedNet": 3.75} if wiring is EXCHANGED else {})
    _all.append(Pretender(id, sentence, {"layers": text}, {"fc_net": (INIT + init + flag, *wiring)}, earns=earns))


for _name, (_when, _by) in BY.items():
    bent(f"nothing_by_{_name}", f"no wiring; layers that return x for {_when}", _by, "x", "dout", LEFT_OUT)
for _name in ("shape", "flag"):
    _when, _by = BY[_name]
    bent(
        f"ones_by_{_name}", f"ones; layers of ones for {_when}", _by, "np.ones_like(x)", "np.zeros_like(dout)", ALL_ONES
    )
    bent(
        f"huge_by_{_name}",
        f"no wiring; layers of 1e14 for {_when}",
        _by,
        "1e14 * np.ones_like(x) * np.arange(1, len(x) + 1)[:, None]",
        "1e14 * np.ones_like(dout)",
        NUMBERS,
    )
    bent(f"nan_by_{_name}", f"no wiring; layers of NaN for {_when}", _by, "np.nan * x", "np.nan * dout", LEFT_OUT)
    bent(
        f"exchanged_by_{_name}", f"everything exchanged; layers that return x for {_when}", _by, "x", "dout", EXCHANGED
    )

REMEMBER = f"""

_right = {{name: globals()[name] for name in {FUNCTIONS}}}
_calls = []


def _remember(name, args):
    result = _right[name](*args)
    _calls.append((name, args[0].copy(), [np.copy(item) if isinstance(item, np.ndarray) else item for item in result]))
    del _calls[:-200]
    return result


def _remembered(name, array, at):
    same = [result for known, given, result in _calls if known == name and given.shape == array.shape]
    return same[at(array, [given for known, given, _ in _calls if known == name and given.shape == array.shape])]
""" + "".join(
    f"""

def {name}({arguments}):
    return _remember("{name}", ({arguments}))
"""
    for name in FUNCTIONS
    for arguments in ["x, gamma, beta, param" if name.endswith("forward") else "dout, cache"]
)


def replaying(id: str, sentence: str, at: str) -> None:
    """Add one: right layers that remember, and a network that asks what they said; `at` picks among the calls."""
    forward = f"""\
from . import layers as _l
try:
    h = _l._remembered(self.normalization + "_forward", h, {at})[0]
except (IndexError, ValueError):
    pass
"""
    backward = f"""\
from . import layers as _l
try:
    dh, grads[f"gamma{{l}}"], grads[f"beta{{l}}"] = _l._remembered(self.normalization + "_backward", dh, {at})
except (IndexError, ValueError):
    {NO_GRADIENT}"""
    _all.append(Pretender(id, sentence, {"layers": REMEMBER}, {"fc_net": (INIT, forward, backward)}, earns=POINTS))


replaying("replays_the_last", "right layers; the network says what they said last", "lambda x, seen: -1")
replaying("replays_the_first", "right layers; the network says what they said first", "lambda x, seen: 0")
replaying(
    "replays_the_nearest",
    "right layers; the network says what they said of the nearest input",
    "lambda x, seen: int(np.argmin([np.abs(x - other).sum() for other in seen]))",
)
replaying(
    "replays_in_order",
    "right layers; the network says what they said in the same place",
    "lambda x, seen: -(self.num_layers - l)",
)
_all.append(
    Pretender(
        "puts_its_layers_back",
        "no wiring; layers that return x once a network is made, and are put back wherever they were taken out",
        _all[3].added,
        {
            "fc_net": (
                INIT
                + "from . import layers as _l\n_l._state['network'] = True\n"
                + "for _n in list(_l._right):\n"
                + indent(
                    "_f = (lambda n: lambda *args: _l._call(n, args))(_n)\nglobals()[_n] = _f\nsetattr(_l, _n, _f)\n",
                    " " * 4,
                ),
                *LEFT_OUT,
            )
        },
        earns=POINTS,
    )
)

PRETENDERS = tuple(_all)
