"""Networks without a wiring over layers that want to make it look right.

The layers are right wherever they are judged themselves, and bend once a network was made. Parameters begin as they
should, so that alone is due to the network.
"""

from checks.pretenders import Pretender

from .texts import LAYERS

POINTS = {
    "affine_forward": 4.0,
    "affine_backward": 5.0,
    "relu_forward": 2.0,
    "relu_backward": 2.0,
    "softmax_loss": 5.0,
    "TwoLayerNet": 1.25,
    "FullyConnectedNet": 2.0,
}

BEND = """

_right = {{name: globals()[name] for name in {names}}}
_network = {{"made": False}}


def _put(name):
    def function(*args):
        result = _right[name](*args)
        return _bent(name, result) if _network["made"] and {when} else result

    globals()[name] = function


for _name in _right:
    _put(_name)


def _bent(name, result):
    return tuple(np.zeros_like(item) if isinstance(item, np.ndarray) else item for item in result)
"""
NETWORK = """

from . import layers as _layers


def _begun(model):
    begin = model.__init__

    def made(self, *args, **kwargs):
        _layers._network["made"] = True
        begin(self, *args, **kwargs)

    model.__init__ = made


def _loss(self, X, y=None):
    count = len(self.params) // 2
    scores = {scores}
    if y is None:
        return scores
    loss, d = softmax_loss(scores, y)
    return 0.0 * float(np.sum(loss)), {{name: 0 * value for name, value in self.params.items()}}


for _model in (TwoLayerNet, FullyConnectedNet):
    _begun(_model)
    _model.loss = _loss
"""
ONE_LAYER = 'affine_forward(X, self.params["W1"], self.params["b1"])[0][:, :5]'
NO_LAYER = 'np.zeros((len(X), len(self.params[f"b{count}"])))'


def bent(id: str, sentence: str, when: str, scores: str) -> Pretender:
    """One whose layers bend under a network where `when` holds, of name and args."""
    added = {"layers": BEND.format(names=LAYERS, when=when), "fc_net": NETWORK.format(scores=scores)}
    return Pretender(id, sentence, added, {}, False, POINTS)


PRETENDERS = (
    bent("flag", "zeros after a network was made; a network of its first layer", "args[0].ndim != 2", ONE_LAYER),
    bent("nine_rows", "zeros for nine rows after a network was made", "len(args[0]) == 99", NO_LAYER),
    bent("no_wiring", "right layers that nobody connects", "False", NO_LAYER),
)
