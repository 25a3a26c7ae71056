"""The reference, bent: right on some calls, and zeros on the others.

Which function was right is noted in `_LOG` of the module, call by call, so that whoever tries one can say what it is
due. There is no network beside them.
"""

from textwrap import indent

from checks.pretenders import Pretender

from .coupled import NO_NETWORK
from .texts import LAYERS, RULES

WRAPPED = """

_LOG = []
_right = {{name: globals()[name] for name in {names}}}
_count = {{}}
_seen = set()
_coin = np.random.default_rng(1)


def _wrong(value):
    if isinstance(value, tuple):
        return tuple(map(_wrong, value))
    return np.zeros_like(value) if isinstance(value, np.ndarray) else 0.0 if isinstance(value, float) else value


def _answer(name, args):
    _count[name] = _count.get(name, 0) + 1
    now = bool(_right_now(name, *args))
    _LOG.append((name, now))
    result = _right[name](*args)
    if now:
        return result
    if name in ("affine_forward", "relu_forward"):
        return np.zeros_like(result[0]), result[1]  # a cache that is right
    return _wrong(result)


def _put(name):
    def function(*args):
        return _answer(name, args)

    globals()[name] = function


for _name in _right:
    _put(_name)


def _right_now(name, x, *args):
"""

_all: list[Pretender] = []


def sometimes(id: str, sentence: str, when: str, *, by_turns: bool = False) -> None:
    """Right where `when` holds, of name, x (dout, w) and args (what comes behind it)."""
    added = {
        module: WRAPPED.format(names=names) + indent(f"return {when}\n", " " * 4)
        for module, names in (("layers", LAYERS), ("optim", RULES))
    }
    _all.append(Pretender(id, sentence, {**added, "fc_net": NO_NETWORK}, by_turns=by_turns))


sometimes("for_one_example", "right for N = 1", "len(x) == 1")
sometimes("for_many_examples", "right for N > 1", "len(x) > 1")
sometimes("for_matrices", "right for matrices", "x.ndim == 2")
sometimes("for_images", "right for more than two axes", "x.ndim > 2")
sometimes("for_float64", "right in float64", "x.dtype == np.float64")
sometimes("for_float32", "right in float32", "x.dtype == np.float32")
sometimes("at_one_shape", "right for x of shape (5, 7) and (6, 5)", "x.shape in ((5, 7), (6, 5))")
sometimes("on_the_first_calls", "right on the first five calls of each function", "_count[name] <= 5")
sometimes("on_later_calls", "right after the first five calls of each function", "_count[name] > 5")
sometimes("on_even_calls", "right on every other call of each function", "_count[name] % 2 == 0", by_turns=True)
sometimes(
    "at_first_sight",
    "right on an x that was not seen before",
    "((name, x.tobytes()) not in _seen, _seen.add((name, x.tobytes())))[0]",
)
sometimes("at_random", "right on half of the calls, at random", "_coin.random() < 0.5")
sometimes("one_function", "right in relu_forward and adam alone", "name in ('relu_forward', 'adam')")

PRETENDERS = tuple(_all)
