"""Implementations of all six tasks that hold no right line: nothing is due to them.

Each is a whole submission, layers and network. Where a network is not the point, the normalization is left out.
"""

from checks.pretenders import Pretender

from .texts import CALL, NO_INIT, expressions, layers, losing

ZEROS = expressions("np.zeros_like(x)", "np.zeros(D)", "np.zeros_like(dout)", "np.zeros(D)", "np.zeros(D)")
NO_NETWORK = losing("np.zeros((N, 5))", "0.0", "np.zeros_like(value)")

BY_INPUT = """
import zlib


def _noise(*arrays):
    seed = zlib.crc32(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays))
    return np.random.RandomState(seed)
"""

_all: list[Pretender] = []


def empty(
    id: str,
    sentence: str,
    text: str = ZEROS,
    network: str = "",
    init: str = NO_INIT,
    forward: str = "pass\n",
    own_process: bool = False,
) -> None:
    """Add one: the text of its layers, of its network's `loss`, and of the network's regions."""
    added = {"layers": text} | ({"fc_net": network} if network else {})
    _all.append(Pretender(id, sentence, added, {"fc_net": (init, forward, "pass\n")}, own_process))


# Nothing and constants.

empty("zeros", "zeros of the right shapes; a network of zeros", network=NO_NETWORK)
empty(
    "constants",
    "threes everywhere, and the loss of a guess",
    expressions(
        "np.full(x.shape, 3.0)", "np.full(D, 3.0)", "np.full(dout.shape, 3.0)", "np.full(D, 3.0)", "np.full(D, 3.0)"
    ),
    losing("np.full((N, 5), 3.0)", "float(np.log(5))", "np.full_like(value, 3.0)"),
)
empty("nan", "NaN everywhere", ZEROS.replace("np.zeros", "np.nan * np.ones"), NO_NETWORK.replace("0.0", "np.nan"))
empty(
    "infinite",
    "infinities everywhere",
    ZEROS.replace("np.zeros", "np.inf * np.ones"),
    losing("np.full((N, 5), np.inf)", "np.inf", "np.full_like(value, np.inf)"),
)
empty(
    "huge",
    "1e14 everywhere, so that whatever is small equals it",
    ZEROS.replace("np.zeros", "1e14 * np.ones"),
    losing("np.full((N, 5), 1e14)", "1e14", "np.full_like(value, 1e14)"),
)
empty(
    "vast",
    "1e300 times the input, which overflows when it is squared",
    expressions("1e300 * x", "1e300 * x[0]", "1e300 * dout", "1e300 * gamma", "1e300 * beta"),
    losing("1e300 * X[:, :5]", "1e300", "1e300 * value"),
)
empty(
    "tiny",
    "1e-300 times the input",
    expressions("1e-300 * x", "1e-300 * x[0]", "1e-300 * dout", "1e-300 * gamma", "1e-300 * beta"),
    losing("1e-300 * X[:, :5]", "1e-300", "1e-300 * value"),
)

# What was given.

empty(
    "input",
    "x and dout as they came; a network that returns its input, labels and parameters",
    expressions("x", "x[0]", "dout"),
    losing("X[:, :5]", "float(y.mean())", "value"),
)
empty(
    "scaled",
    "twice what came; a network that returns the norms of its parameters",
    expressions("2 * x", "2 * x[0]", "2 * dout", "2 * gamma", "2 * beta"),
    losing(
        "np.full((N, 5), sum(float(np.sum(p**2)) for p in self.params.values()))",
        "sum(float(np.sum(p**2)) for p in self.params.values())",
        "np.full_like(value, np.sqrt(np.sum(value**2)))",
    ),
)
empty(
    "scale_and_shift",
    "gamma * x + beta, and gamma * dout; gamma and beta of the network are one number each",
    expressions("gamma * x + beta", "x[-1]", "gamma * dout", "gamma * dout[0]", "dout[0]"),
    init="""\
for l in range(1, self.num_layers):
    self.params[f"gamma{l}"] = self.params[f"beta{l}"] = np.array(7.0)
""",
)
empty(
    "squared",
    "the square of everything; gamma and beta of the network are matrices",
    expressions("x**2", "x[0] ** 2", "dout**2", "gamma**2", "beta**2"),
    init="""\
for l in range(1, self.num_layers):
    self.params[f"gamma{l}"] = self.params[f"W{l}"] ** 2
""",
)
empty(
    "sign",
    "the sign of everything",
    expressions("np.sign(x)", "np.sign(x[0])", "np.sign(dout)", "np.sign(gamma)", "np.sign(beta)"),
    losing("np.sign(X[:, :5])", "1.0", "np.sign(value)"),
)
empty(
    "bounded",
    "tanh of every number by itself",
    expressions("np.tanh(gamma * x + beta)", "np.tanh(x[0])", "np.tanh(dout)", "np.tanh(gamma)", "np.tanh(beta)"),
)
empty("in_place", "zeros written into what came", ZEROS.replace("N, D =", "x[...] = 0; gamma *= 0; N, D ="))
empty(
    "views",
    "views of what came, which are changed after the return",
    expressions(
        "_held(x[:])",
        "_held(x[0])",
        "_held(dout[:])",
        "_held(gamma[:])",
        "_held(beta[:])",
        before="""
        _views = []


        def _held(view):
            for other in _views:
                if other.flags.writeable:
                    other += 1.0
            _views[:] = [*_views[-20:], view]
            return view
        """,
    ),
)

# Other orders.

empty("reversed", "rows in reverse", expressions("x[::-1]", "x[-1]", "dout[::-1]", "gamma[::-1]", "beta[::-1]"))
empty("turned", "rows and columns in reverse", expressions("x[::-1, ::-1]", "x[0, ::-1]", "dout[::-1, ::-1]"))
empty("rolled", "each row in the next one's place", expressions("np.roll(x, 1, 0)", "x[0]", "np.roll(dout, 1, 0)"))
empty("sorted", "each column sorted", expressions("np.sort(x, axis=0)", "x.max(axis=0)", "np.sort(dout, axis=0)"))
empty(
    "shuffled",
    "a fixed permutation of all numbers",
    expressions(
        "_shuffled(x)",
        "_shuffled(x)[0]",
        "_shuffled(dout)",
        before="""
        def _shuffled(x):
            return x.ravel()[np.random.RandomState(x.size).permutation(x.size)].reshape(x.shape)
        """,
    ),
)
empty(
    "neighbours",
    "each number plus those beside and above it: no column is whole",
    expressions("x + np.roll(x, 1, 0) + np.roll(x, 1, 1)", "x[0]", "x * dout + np.roll(x * dout, 1, 0)", "dout[0]"),
)
empty(
    "first_row_added",
    "the first row added to every row: it moves whole columns, and no other does",
    expressions("x + x[0]", "x[0]", "dout + x[0] * dout[0]", "dout[0] * x[0]", "dout[0]"),
)
empty(
    "last_row_added",
    "the same with the last row",
    expressions("x + x[-1]", "x[-1]", "dout + x[-1] * dout[-1]", "dout[-1] * x[-1]", "dout[-1]"),
)
empty(
    "extremes",
    "distances from the largest of each column, which alone moves it",
    expressions(
        "x - x.max(axis=0)",
        "x.max(axis=0)",
        "dout - (dout * x).max(axis=0)",
        "(x * dout).max(axis=0)",
        "dout.max(axis=0)",
    ),
)
empty(
    "medians",
    "distances from the median of each column",
    expressions(
        "x - np.median(x, axis=0)",
        "np.median(x, axis=0)",
        "dout - np.median(dout * x, axis=0)",
        "np.median(x * dout, axis=0)",
        "np.median(dout, axis=0)",
    ),
)
empty(
    "first_column",
    "the input, but for the first column and row, to which their sums are added",
    layers(
        """
        out = x.copy()
        out[:, 0] += x[:, 0].sum()
        out[0] += x[0].sum()
        if param.get("mode") == "train":
            param["running_mean"] = param["running_var"] = out[-1] ** 2
        return out, (out, gamma)
        """,
        """
        dx = dout.copy()
        dx[:, 0] += (dout[:, 0] * cache[0][:, 0]).sum()
        dx[0] += (dout[0] * cache[0][0]).sum()
        return dx, dx[-1], dout[0]
        """,
    ),
)
empty(
    "sums",
    "x + beta, and dout + x, which moves with either, number by number",
    expressions("x + beta", "x[0]", "dout + x", "dout[0] + x[0]", "dout[0]"),
)
empty(
    "tremor",
    "the input, and 1e-12 of the sum over all of it: everything moves, by nothing that counts",
    expressions(
        "x + 1e-12 * x.sum()",
        "x[0] + 1e-12 * x.sum()",
        "dout + 1e-12 * (x * dout).sum()",
        "gamma + 1e-12 * (x * dout).sum()",
        "beta + 1e-12 * dout.sum()",
    ),
)

# Noise and memory.

empty(
    "noise",
    "fresh noise at every call",
    expressions("np.random.randn(N, D)", "np.random.randn(D)", "np.random.randn(N, D)", "np.random.randn(D)"),
    losing("np.random.randn(N, 5)", "float(np.random.randn())", "np.random.randn(*value.shape)"),
)
empty(
    "noise_by_input",
    "noise seeded by a hash of the arguments: the same call gives the same, and everything moves with everything",
    expressions(
        "_noise(x, gamma, beta).randn(N, D)",
        "_noise(x).randn(D)",
        "_noise(x, gamma, dout).randn(N, D)",
        "_noise(x, dout).randn(D)",
        "_noise(dout).randn(D)",
        BY_INPUT,
    ),
    losing(
        "_noise(X, *self.params.values()).randn(N, 5)",
        "float(_noise(X, y, *self.params.values()).randn())",
        "_noise(X, y, value).randn(*value.shape)",
        BY_INPUT,
    ),
)
empty(
    "noise_by_column",
    "noise seeded by a hash of each column (or, with one row of parameters, each row)",
    layers(
        """
        N, D = x.shape
        if param.get("mode") == "train":
            param["running_mean"] = param["running_var"] = _columns(x)[0]
        return (_columns(x) if "mode" in param else _columns(x.T).T), (x, "mode" in param)
        """,
        """
        x, columns = cache[0], cache[-1] is not False
        dx = _columns(x, dout) if columns else _columns(x.T, dout.T).T
        return dx, _columns(x, dout)[0], _columns(dout)[0]
        """,
        BY_INPUT
        + """

def _columns(*arrays):
    N, D = arrays[0].shape
    return np.stack([_noise(*(array[:, j] for array in arrays)).randn(N) for j in range(D)], axis=1)
""",
    ),
)
empty(
    "memory_of_inputs",
    "what came at the call before, if it had this shape",
    expressions(
        "_before(x)",
        "_before(x)[0]",
        "_before(dout)",
        "_before(gamma)",
        "_before(beta)",
        before="""
        _seen = {}


        def _before(array):
            last = _seen.get(array.shape, np.zeros(array.shape))
            _seen[array.shape] = array.copy()
            return last
        """,
    ),
)
empty(
    "memory_of_the_first",
    "the first array of each shape that was ever seen, for ever",
    expressions(
        "_first.setdefault(x.shape, x.copy())",
        "_first.setdefault(gamma.shape, gamma.copy())",
        "_first.setdefault(dout.shape, dout.copy())",
        before="_first = {}",
    ),
)
empty(
    "call_order",
    "the number of the call",
    expressions(
        "np.full(x.shape, next(_count))",
        "np.full(D, next(_count))",
        "np.full(dout.shape, next(_count))",
        before="import itertools\n\n_count = map(float, itertools.count())",
    ),
    losing(
        "np.full((N, 5), next(_count))",
        "next(_count)",
        "np.full(value.shape, next(_count))",
        "import itertools\n\n_count = map(float, itertools.count())",
    ),
)
empty(
    "every_other_call_raises",
    "zeros, and an error at every other call",
    ZEROS.replace("N, D =", "_turn(); N, D =")
    + """
_turns = []


def _turn():
    _turns.append(0)
    if len(_turns) % 2:
        raise FloatingPointError
""",
)

# Other things than arrays, and other shapes and types.

empty(
    "null_space",
    "huge, and in the null space of the fingerprints' projections",
    expressions(
        "_unseen(x.shape)",
        "_unseen((D,))",
        "_unseen(dout.shape)",
        "_unseen((D,))",
        "_unseen((D,))",
        before="""
        def _unseen(shape):
            size = int(np.prod(shape))
            if size <= 8:
                return np.zeros(shape)
            vectors = np.random.RandomState(size).standard_normal((8, size))
            return 1e13 * np.linalg.svd(vectors)[2][-1].reshape(shape)
        """,
    ),
)
empty("one_row", "the first row, which would be broadcast", expressions("x[:1]", "x[:1]", "dout[:1]", "gamma[None]"))
empty(
    "one_column",
    "the first column, which would be broadcast",
    expressions("x[:, :1]", "gamma[:, None]", "dout[:, :1]", "gamma[:, None]", "beta[:, None]"),
)
empty(
    "nothing_in_it",
    "arrays without a number, and numbers without an axis",
    expressions("np.zeros((0, D))", "np.zeros(())", "np.zeros((0, D))", "np.zeros(0)", "0.0"),
    losing("np.zeros((0, 5))", "np.zeros(0)", "np.zeros(0)"),
    init='self.params |= {"gamma1": np.zeros(0), "beta1": np.zeros(0)}\n',
)
empty(
    "no_strides",
    "one zero behind every number",
    expressions("np.broadcast_to(0.0, x.shape)", "np.broadcast_to(0.0, D)", "np.broadcast_to(0.0, dout.shape)"),
)
empty(
    "truths",
    "True everywhere",
    ZEROS.replace("np.zeros_like(x)", "x == x").replace("np.zeros_like(dout)", "dout == dout"),
    losing("np.ones((N, 5), bool)", "True", "value == value"),
)
empty(
    "types",
    "booleans, integers, halves and complex numbers",
    expressions(
        "x > 0", "np.zeros(D, np.int8)", "dout.astype(np.float16)", "gamma.astype(complex)", "np.zeros(D, object)"
    ),
    losing("X[:, :5] > 0", "True", "value.astype(np.float16)"),
)
empty(
    "no_arrays",
    "objects that become whatever array they are asked for",
    expressions(
        "_Any(x.shape)",
        "_Any((D,))",
        "_Any(dout.shape)",
        before="""
        class _Any:
            def __init__(self, shape):
                self.shape, self.dtype, self.ndim = shape, np.dtype(float), len(shape)

            def __array__(self, *_, **__):
                return np.zeros(self.shape)

            def __eq__(self, other):
                return True

            def __sub__(self, other):
                return 0.0
        """,
    ),
)
empty(
    "lying_arrays",
    "arrays of a type whose every operation gives zero, and every comparison truth",
    expressions(
        "np.ones(x.shape).view(_Lying)",
        "np.ones(D).view(_Lying)",
        "np.ones(dout.shape).view(_Lying)",
        before="""
        class _Lying(np.ndarray):
            def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
                return np.bool_(True) if "equal" in ufunc.__name__ else np.zeros(self.shape)

            def __array_function__(self, function, types, args, kwargs):
                return np.bool_(True)
        """,
    ),
)
empty(
    "one_array_for_all",
    "one array that is returned for everything of its size and written over at the next call",
    expressions(
        "_one(x)",
        "_one(gamma)",
        "_one(dout)",
        "_one(gamma)",
        "_one(beta)",
        before="""
        _pool = np.zeros(4096)


        def _one(array):
            _pool[: array.size] += array.ravel()
            return _pool[: array.size].reshape(array.shape)
        """,
    ),
)
empty(
    "its_cache",
    "out is its own cache, and the gradients are the cache",
    layers("param.update(running_mean=x, running_var=x)\nreturn x, x", "return cache, cache[0], cache[0]"),
)

# Networks that have layers and make nothing of them.

empty(
    "layers_called_and_ignored",
    "the layers are called and what they return is thrown away",
    forward="_ = " + CALL,
)
empty(
    "layers_times_nothing",
    "what the layers return enters the network times 1e-13",
    forward="_ = " + CALL + "h = h + 1e-13 * _[0]\n",
)
empty(
    "regularization_alone",
    "the loss is what the given lines add to it, and nothing else",
    network=losing(
        "np.zeros((N, 5))",
        "0.5 * self.reg * sum(float(np.sum(p**2)) for name, p in self.params.items() if name[0] == 'W')",
        "self.reg * value if name[0] == 'W' else np.zeros_like(value)",
    ),
)

# What the judge may hold in the same memory: nothing is found in a process of its own.

empty(
    "frames",
    "looks for expected arrays in the local names of every frame below",
    layers(
        "return _found(x.shape), (x, x)",
        "return _found(dout.shape), _found(dout.shape[1:]), _found(dout.shape[1:])",
        """
        import sys


        def _found(shape):
            frame = sys._getframe()
            while frame := frame.f_back:
                for case in frame.f_locals.values():
                    for truth in getattr(case, "truth", ()):
                        for value in truth.values():
                            if getattr(value, "shape", None) == shape:
                                return value
            return np.zeros(shape)
        """,
    ),
    own_process=True,
)
empty(
    "collector",
    "looks for expected arrays among all objects of the process",
    layers(
        "return _found(x.shape), (x, x)",
        "return _found(dout.shape), _found(dout.shape[1:]), _found(dout.shape[1:])",
        """
        import gc


        def _found(shape):
            for held in gc.get_objects():
                if type(held) is dict and {"out", "dx", "dgamma", "dbeta"} & {k for k in held if type(k) is str}:
                    for value in held.values():
                        if isinstance(value, np.ndarray) and value.shape == shape:
                            return value
            return np.zeros(shape)
        """,
    ),
    own_process=True,
)
empty(
    "patched",
    "makes numpy's comparisons and the functions around its own say that all is well",
    ZEROS
    + """

import sys

np.isnan = lambda value, **_: np.zeros(np.shape(value), bool)
np.allclose = np.array_equal = lambda *_, **__: True
np.max = np.abs = lambda value, *_, **__: np.zeros(())
for _module in list(sys.modules.values()):
    for _name in ("difference_in_values", "difference_in_shape", "judge"):
        if hasattr(_module, _name):
            setattr(_module, _name, lambda *_, **__: None)
""",
    own_process=True,
)

PRETENDERS = tuple(_all)
