"""The reference, bent: right on some calls, and zeros on the others.

Which function was right is noted in `_LOG` of the module, call by call, so that whoever tries one can say what it is
due.
"""

from textwrap import indent

from checks.pretenders import Pretender

from .texts import FUNCTIONS, NOTHING

LAYERS = f"""

import sys

_LOG = []
_right = {{name: globals()[name] for name in {FUNCTIONS}}}
_count = {{}}
_seen = set()
_coin = np.random.default_rng(1)


def _wrong(name, args):
    if name.endswith("forward"):
        x, gamma, beta, param = args
        train = dict(param, mode="train")
        _, cache = _right[name](x, gamma, beta, train)
        if param.get("mode") == "train":
            param["running_mean"] = param["running_var"] = np.zeros(x.shape[1])
        return np.zeros_like(x), cache
    dout, cache = args
    return np.zeros_like(dout), np.zeros(dout.shape[1]), np.zeros(dout.shape[1])


def _answer(name, args):
    _count[name] = _count.get(name, 0) + 1
    now = bool(_right_now(name, *args))
    _LOG.append((name, now))
    return _right[name](*args) if now else _wrong(name, args)


def batchnorm_forward(x, gamma, beta, bn_param):
    return _answer("batchnorm_forward", (x, gamma, beta, bn_param))


def batchnorm_backward(dout, cache):
    return _answer("batchnorm_backward", (dout, cache))


def batchnorm_backward_alt(dout, cache):
    return _answer("batchnorm_backward_alt", (dout, cache))


def layernorm_forward(x, gamma, beta, ln_param):
    return _answer("layernorm_forward", (x, gamma, beta, ln_param))


def layernorm_backward(dout, cache):
    return _answer("layernorm_backward", (dout, cache))


def _param(args):
    return args[2] if len(args) == 3 else {{}}
"""

NETWORK = """

_LOG = []
_loss_of = FullyConnectedNet.loss


def _loss(self, X, y=None):
    self.calls = getattr(self, "calls", 0) + 1
    now = bool(_right_now(self, X, y))
    _LOG.append(("FullyConnectedNet", now))
    if now:
        return _loss_of(self, X, y)
    if y is None:
        return np.zeros((len(X), 5))
    return 0.0, {name: np.zeros_like(value) for name, value in self.params.items()}


FullyConnectedNet.loss = _loss
"""

_all: list[Pretender] = []


def layers(id: str, sentence: str, when: str, *, by_turns: bool = False) -> None:
    """Layers that are right where `when` holds, of name, x (or dout) and args (what comes behind it); no network."""
    text = LAYERS + "\n\ndef _right_now(name, x, *args):\n" + indent(f"return {when}\n", " " * 4)
    _all.append(Pretender(id, sentence, {"layers": text}, {"fc_net": NOTHING}, by_turns=by_turns))


def partly(id: str, sentence: str, forward: str, backward: str) -> None:
    """Layers of which something is always right: what is made of `out, cache`, and of `dx, dgamma, dbeta`."""
    text = (
        LAYERS.replace("return _right[name](*args) if now else _wrong(name, args)", "return _partly(name, args)")
        + f"""

def _right_now(name, *args):
    return {forward == "out, cache"} if name.endswith("forward") else {backward == "dx, dgamma, dbeta"}


def _partly(name, args):
    if name.endswith("forward"):
        x = args[0]
        out, cache = _right[name](*args)
        return {forward}
    dx, dgamma, dbeta = _right[name](*args)
    return {backward}
"""
    )
    _all.append(Pretender(id, sentence, {"layers": text}, {"fc_net": NOTHING}))


def network(id: str, sentence: str, when: str) -> None:
    """A network that is right where `when` holds, of self, X and y, over right layers."""
    text = NETWORK + "\n\ndef _right_now(self, X, y):\n" + indent(f"return {when}\n", " " * 4)
    _all.append(Pretender(id, sentence, {"fc_net": text}))


layers("at_one_shape", "right for x of shape (7, 4)", "x.shape == (7, 4)")
layers("for_one_example", "right for N = 1", "len(x) == 1")
layers("for_many_examples", "right for N > 1", "len(x) > 1")
layers("for_one_feature", "right for D = 1", "x.shape[1] == 1")
layers("for_many_features", "right for D > 1", "x.shape[1] > 1")
layers("for_float64", "right in float64", "x.dtype == np.float64")
layers("for_float32", "right in float32", "x.dtype == np.float32")
layers("in_training", "right but in test mode", "_param(args).get('mode') != 'test'")
layers("in_test_mode", "right in test mode", "_param(args).get('mode') == 'test'")
layers("for_the_default_eps", "right where no eps is given", "'eps' not in _param(args)")
layers("for_an_eps", "right where an eps is given", "'eps' in _param(args)")
layers("from_nothing", "right where there are no running statistics yet", "'running_mean' not in _param(args)")
layers("on_the_first_calls", "right on the first ten calls of each function", "_count[name] <= 10")
layers("on_later_calls", "right after the first ten calls of each function", "_count[name] > 10")
layers("on_even_calls", "right on every other call of each function", "_count[name] % 2 == 0", by_turns=True)
layers(
    "at_first_sight",
    "right on an x that was not seen before",
    "(x.tobytes() not in _seen, _seen.add(x.tobytes()))[0]",
)
layers("when_seen_before", "right on an x that was seen before", "(x.tobytes() in _seen, _seen.add(x.tobytes()))[0]")
layers("at_random", "right on half of the calls, at random", "_coin.random() < 0.5")
layers("away_from_a_network", "right unless the network calls", "'fc_net' not in sys._getframe(3).f_code.co_filename")
layers("for_a_network", "right if the network calls", "'fc_net' in sys._getframe(3).f_code.co_filename")
layers("for_gamma_above_zero", "right where all of gamma is positive", "len(args) == 3 and (args[0] > 0).all()")
layers("one_function", "right in layernorm_forward alone", "name == 'layernorm_forward'")
partly("forward_alone", "right forward and zeros backward", "out, cache", "0 * dx, 0 * dgamma, 0 * dbeta")
partly("backward_alone", "zeros forward, with a right cache, and right backward", "0 * out, cache", "dx, dgamma, dbeta")
partly("without_dx", "right, but for a dx of zeros", "out, cache", "0 * dx, dgamma, dbeta")
partly("dx_alone", "right, but for gradients of gamma and beta of zeros", "out, cache", "dx, 0 * dgamma, 0 * dbeta")
partly(
    "first_rows",
    "right in the first three rows",
    "np.where(np.arange(len(x))[:, None] < 3, out, 0), cache",
    "np.where(np.arange(len(dx))[:, None] < 3, dx, 0), 0 * dgamma, 0 * dbeta",
)
partly(
    "most_columns",
    "right in all columns but the last",
    "out * (np.arange(x.shape[1]) < x.shape[1] - 1), cache",
    "dx * (np.arange(dx.shape[1]) < dx.shape[1] - 1), dgamma * (np.arange(len(dgamma)) < len(dgamma) - 1), dbeta * 0",
)
network("network_for_batchnorm", "right with batch normalization", "self.normalization == 'batchnorm'")
network("network_in_training", "right in training", "y is not None")
network("network_for_scores", "right where scores are asked for", "y is None")
network("network_at_first", "right on the first call of each network", "self.calls == 1")
network("network_without_reg", "right without regularization", "not self.reg")
network("network_with_reg", "right with regularization", "self.reg")
network(
    "network_of_one_width",
    "right where all hidden layers are alike",
    "len({self.params[f'b{l}'].size for l in range(1, self.num_layers)}) == 1",
)
network("network_for_nine", "right for nine examples", "len(X) == 9")

PRETENDERS = tuple(_all)
