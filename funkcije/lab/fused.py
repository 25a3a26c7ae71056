"""Nets trained side by side: K nets of one form as one wide net, so that few large operations replace many small ones.

All K nets see the same batch X (N, D), so their first layers are one product: X times the K weight matrices next to
each other, (D, K*H). The activations stay next to each other, (N, K*H): what works number by number, such as ReLU, or
column by column, such as batch normalization, needs a single call. Between hidden layers each net multiplies by its own
weights, a stack of K products. An update rule works number by number, on all
parameters as one vector.

The normalization and the update rule are the functions that `layers` and `optim` hold at that moment. That they, and
the net that calls them, allow this view is not taken for granted: `agrees` compares both ways on a small case.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import layers, optim
from .plain import Separate
from .updates import update_of

CHUNK = 100_000
"""Activations of a hidden layer that are made at a time when accuracy is measured: what a core's cache holds."""
LAST_DIGITS, MORE_THAN_ROUNDING, MOST_SLACK = 1e-15, 1000, 1e-2
"""By how much inputs differ that are the same but for rounding; how many times what that changes is still agreement;
and the largest share of a result that this may be, lest everything agrees."""


class SideBySide:
    """K nets as one; see `plain.Group` for the methods that a training needs.

    Args:
        nets: `FullyConnectedNet`s that differ in the values of their parameters alone; they are read and left alone.
        rule: name of the update rule in `optim`.
        learning_rate: its learning rate.

    Raises:
        ValueError: the nets have other parameters than weights W, biases b, and gamma and beta of their normalization.
    """

    def __init__(self, nets: list[Any], rule: str, learning_rate: float) -> None:
        first = nets[0]
        self.K = len(nets)
        # A student's own net has to have `params` and `loss`, and no other attribute.
        self.num_layers = sum(name.startswith("W") for name in first.params)
        self.normalization: str | None = getattr(first, "normalization", None)
        expected = {f"{name}{l}" for l in range(1, self.num_layers + 1) for name in ("W", "b")}
        if self.normalization is not None:
            expected |= {f"{name}{l}" for l in range(1, self.num_layers) for name in ("gamma", "beta")}
        if first.params.keys() != expected:
            raise ValueError(f"parameters {sorted(first.params)}; expected {sorted(expected)}")

        # The first layer's weights, by far the most, and all other parameters as one vector.
        dtype = first.params["W1"].dtype
        self.W1 = np.empty(self._wide("W1", first.params["W1"].shape), dtype)
        shapes = {name: self._wide(name, w.shape) for name, w in first.params.items() if name != "W1"}
        self.others, params = _views(shapes, dtype)
        self.dothers, self.grads = _views(shapes, dtype)
        self.params = {"W1": self.W1, **params}
        for k, net in enumerate(nets):
            for name, w in net.params.items():
                self._of(self.params[name], name, k)[...] = w
        # One dict for each hidden layer holds the running statistics of all nets, (K*H,).
        self.norm_params = [dict(norm_param) for norm_param in getattr(first, "bn_params", [])]
        update = update_of(getattr(optim, rule))
        self.first, self.rest = update(self.W1, learning_rate), update(self.others, learning_rate)
        # What a pass leaves for the next: every layer's inputs and, from the last layer on, their gradients; the caches
        # of the normalizations, and the gradient of the products of the last layer that was reached.
        self.inputs: list[np.ndarray] = []
        self.dinputs: list[np.ndarray] = []
        self.caches: list[Any] = []
        self.da = self.others
        self.stopped: list[int] = []

    def step(self, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        """See `Group`."""
        losses = self.forward(X, y)
        self.backward()
        self.update()
        return losses

    def accuracies(self, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        """See `Group`."""
        shares: np.ndarray = np.mean(self.scores(X).argmax(axis=2) == y[:, None], axis=0)
        return shares

    def spreads(self) -> np.ndarray:
        """See `Group`."""
        # In float64: the squares of activations that nearly vanished would vanish altogether.
        stds = [
            [h.reshape(len(h), self.K, -1).std(axis=(0, 2), dtype=np.float64) for h in layers]
            for layers in (self.inputs[1:], self.dinputs[::-1])
        ]
        return np.array(stds).reshape(2, -1, self.K).transpose(2, 0, 1)

    def stop(self, k: int) -> None:
        """See `Group`: the net goes on with zeros, which disturb no one."""
        self.stopped.append(k)
        self._clear(k)

    def scores(self, X: np.ndarray) -> np.ndarray:
        """Scores of the images X (N, D) in test mode: (N, K, C)."""
        affine = [self._test_affine(l) for l in range(1, self.num_layers + 1)]
        first = X @ self.W1
        chunks = []
        rows = max(CHUNK // first.shape[1], 1)
        for start in range(0, len(X), rows):
            a = first[start : start + rows]
            for l, (scale, shift) in enumerate(affine, start=1):
                if l > 1:
                    a = self._product(np.maximum(a, 0, out=a), l)
                if scale is not None:
                    a *= scale
                a += shift
                if self.normalization == "layernorm" and l < self.num_layers:
                    a, _ = self._layernorm(a, l)
            chunks.append(a)
        return np.concatenate(chunks).reshape(len(X), self.K, -1)

    def _test_affine(self, l: int) -> tuple[np.ndarray | None, np.ndarray]:
        """What happens to the columns of layer l's product in test mode: times the first, plus the second.

        The running statistics stand still then, so that batch normalization is a straight line in each column; two
        points, 0 and 1, tell which.
        """
        b = self.params[f"b{l}"]
        if self.normalization != "batchnorm" or l == self.num_layers:
            return None, b
        norm_param = {**self.norm_params[l - 1], "mode": "test"}
        points = np.stack([np.zeros(b.size), np.ones(b.size)])
        (at_0, at_1), _ = layers.batchnorm_forward(
            points, self.params[f"gamma{l}"], self.params[f"beta{l}"], norm_param
        )
        scale = at_1 - at_0
        return scale.astype(b.dtype), (scale * b + at_0).astype(b.dtype)

    def forward(self, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Losses (K,) of a batch X (N, D) with labels y (N,), in training mode."""
        self.inputs, self.caches = [X], []
        for l in range(1, self.num_layers):
            a = self._product(self.inputs[-1], l)
            a += self.params[f"b{l}"]
            if self.normalization == "batchnorm":
                self.norm_params[l - 1]["mode"] = "train"
                gamma, beta = self.params[f"gamma{l}"], self.params[f"beta{l}"]
                a, norm_cache = layers.batchnorm_forward(a, gamma, beta, self.norm_params[l - 1])
                self.caches.append(norm_cache)
            elif self.normalization == "layernorm":
                a, norm_cache = self._layernorm(a, l)
                self.caches.append(norm_cache)
            self.inputs.append(np.maximum(a, 0).astype(self.W1.dtype, copy=False))
        scores = self._product(self.inputs[-1], self.num_layers)
        scores += self.params[f"b{self.num_layers}"]
        losses, dscores = _softmax_losses(scores.reshape(len(X), self.K, -1), y)
        self.da = dscores.reshape(scores.shape)
        return losses

    def backward(self) -> None:
        """Fill the gradients, but for that of W1."""
        da, self.dinputs = self.da, []
        for l in range(self.num_layers, 0, -1):
            h = self.inputs[l - 1]
            np.sum(da, axis=0, out=self.grads[f"b{l}"])
            if l == 1:  # the rest is for `update`; nothing asks for the gradient of the images
                self.da = da
                return
            np.matmul(self._stack(h).transpose(0, 2, 1), self._stack(da), out=self.grads[f"W{l}"])
            dh = np.empty_like(h)
            np.matmul(self._stack(da), self.params[f"W{l}"].transpose(0, 2, 1), out=self._stack(dh))
            self.dinputs.append(dh)
            da = dh * (h > 0)
            if self.normalization is not None:
                back = layers.batchnorm_backward if self.normalization == "batchnorm" else self._layernorm_back
                da, self.grads[f"gamma{l - 1}"][...], self.grads[f"beta{l - 1}"][...] = back(da, self.caches.pop())
                da = da.astype(dh.dtype, copy=False)

    def update(self) -> None:
        """One step of the update rule."""
        self.rest.step_by(self.dothers)
        self.first.step(self.inputs[0], self.da)
        for k in self.stopped:
            self._clear(k)

    def _layernorm(self, a: np.ndarray, l: int) -> tuple[np.ndarray, list[Any]]:
        """Row by row, each net on its own: a row of the wide net is a row of every net."""
        gamma, beta = self.params[f"gamma{l}"], self.params[f"beta{l}"]
        out, caches = np.empty_like(a), []
        for own in self._columns(a):
            out[:, own], norm_cache = layers.layernorm_forward(
                a[:, own], gamma[own], beta[own], self.norm_params[l - 1]
            )
            caches.append(norm_cache)
        return out, caches

    def _layernorm_back(self, dout: np.ndarray, caches: list[Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        parts = [
            layers.layernorm_backward(dout[:, own], norm_cache)
            for own, norm_cache in zip(self._columns(dout), caches, strict=True)
        ]
        da, dgamma, dbeta = (np.concatenate(part, axis=-1) for part in zip(*parts, strict=True))
        return da, dgamma, dbeta

    def _product(self, h: np.ndarray, l: int) -> np.ndarray:
        """The inputs of layer l times its weights, (N, K*M)."""
        if l == 1:
            first: np.ndarray = h @ self.W1
            return first
        W = self.params[f"W{l}"]
        a = np.empty((len(h), self.K * W.shape[2]), W.dtype)
        np.matmul(self._stack(h), W, out=self._stack(a))
        return a

    def _stack(self, a: np.ndarray) -> np.ndarray:
        """Activations (N, K*H) as a stack (K, N, H); the same memory."""
        return a.reshape(len(a), self.K, -1).transpose(1, 0, 2)

    def _columns(self, a: np.ndarray) -> list[slice]:
        """The columns of each net in (N, K*H)."""
        H = a.shape[1] // self.K
        return [slice(k * H, (k + 1) * H) for k in range(self.K)]

    def _wide(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of all nets' parameters of one name; see `_of`."""
        if name == "W1":
            return shape[0], self.K * shape[1]
        return (self.K, *shape) if name.startswith("W") else (self.K * shape[0],)

    def _of(self, wide: np.ndarray, name: str, k: int) -> np.ndarray:
        """Net k's own part of the parameters of one name; the same memory."""
        if name == "W1":
            return wide.reshape(len(wide), self.K, -1)[:, k]
        own: np.ndarray = wide[k] if name.startswith("W") else wide.reshape(self.K, -1)[k]
        return own

    def _clear(self, k: int) -> None:
        for name, wide in self.params.items():
            self._of(wide, name, k)[...] = 0


def agrees(make_net: Callable[[int, int], Any], rule: str) -> bool:
    """Whether nets side by side learn what they learn on their own: a small case in float64, with two steps.

    Two wide nets take turns between forward and backward, which shows a layer that keeps something to itself. How close
    they must come, the nets themselves tell: a deep net makes much of a rounding error, so the same nets learn from
    inputs that differ in the last digits, too, and what that changes is no disagreement.

    Args:
        make_net: returns a net in float64, given the number of features and of classes.
        rule: name of the update rule in `optim`.

    Raises:
        NotImplementedError: something that the nets themselves need is still to be written.
    """
    N, D, C, rate = 12, 7, 4, 0.01
    rng = np.random.default_rng(231)
    X, y = 1 + 3 * rng.standard_normal((N, D)), rng.integers(C, size=N)
    rounded = X * (1 + LAST_DIGITS * rng.choice([-1.0, 1.0], X.shape))
    nets, twins = ([make_net(D, C) for _ in range(4)] for _ in range(2))
    for net, twin in zip(nets, twins, strict=True):
        for name, w in net.params.items():
            w += 0.5 * rng.standard_normal(w.shape)
            twin.params[name] = w.copy()
    try:
        wide = [SideBySide(nets[:2], rule, rate), SideBySide(nets[2:], rule, rate)]
        separate, beside = Separate(nets, rule, rate), Separate(twins, rule, rate)
        for _ in range(2):
            losses, losses_beside = separate.step(X, y), beside.step(rounded, y)
            scores, scores_beside = (
                np.stack([net.loss(x) for net in some], axis=1) for some, x in ((nets, X), (twins, rounded))
            )
            found_losses = np.concatenate([pair.forward(X, y) for pair in wide])
            for pair in wide:
                pair.backward()
                pair.update()
            found_scores = np.concatenate([pair.scores(X) for pair in wide], axis=1)
            if not _near(found_losses, losses, losses_beside, 1e-9):
                return False
            if not _near(found_scores, scores, scores_beside, 1e-6):
                return False
    except NotImplementedError:
        for net in nets:  # of the nets' own, or of what stands beside them?
            net.loss(X, y)
            net.loss(X)
        return False
    except Exception:
        return False
    return True


def _near(found: np.ndarray, expected: np.ndarray, rounded: np.ndarray, tolerance: float) -> bool:
    """Whether two results agree to a share of their size, or but for rounding, which moved `expected` to `rounded`."""
    size = np.abs(expected).max()
    slack = min(MORE_THAN_ROUNDING * np.abs(rounded - expected).max(), MOST_SLACK * size)
    return bool(np.abs(found - expected).max() <= max(tolerance * size, slack))


def _softmax_losses(scores: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`layers.softmax_loss` of each net: scores (N, K, C) and labels (N,) to losses (K,) and gradients (N, K, C)."""
    examples = np.arange(len(y))
    shifted = scores - scores.max(axis=2, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
    losses = -log_probabilities[examples, :, y].mean(axis=0)
    dscores = np.exp(log_probabilities)
    dscores[examples, :, y] -= 1
    dscores /= len(y)
    return losses, dscores


def _views(shapes: dict[str, tuple[int, ...]], dtype: Any) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A vector of zeros, and parts of it in these shapes."""
    sizes = [int(np.prod(shape)) for shape in shapes.values()]
    flat = np.zeros(sum(sizes), dtype)
    parts = np.split(flat, np.cumsum(sizes)[:-1])
    return flat, {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}
