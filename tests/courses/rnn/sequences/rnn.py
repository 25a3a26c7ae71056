"""A recurrent layer: one step, and a sequence of steps."""

import numpy as np


def rnn_step_forward(x, h, Wx, Wh, b):
    """tanh(x Wx + h Wh + b) for x of shape (N, D) and h of shape (N, H)."""
    ### BEGIN SOLUTION rnn
    following = np.tanh(x @ Wx + h @ Wh + b)
    cache = (x, h, Wx, Wh, following)
    ### END SOLUTION
    return following, cache


def rnn_step_backward(dnext, cache):
    """The gradients of x, h, Wx, Wh and b."""
    ### BEGIN SOLUTION rnn
    x, h, Wx, Wh, following = cache
    da = dnext * (1 - following**2)
    gradients = (da @ Wx.T, da @ Wh.T, x.T @ da, h.T @ da, da.sum(axis=0))
    ### END SOLUTION
    return gradients


def rnn_forward(x, h0, Wx, Wh, b):
    """Every state of a sequence x of shape (N, T, D) that begins with h0: shape (N, T, H)."""
    ### BEGIN SOLUTION rnn
    states, caches, h = [], [], h0
    for t in range(x.shape[1]):
        h, cache = rnn_step_forward(x[:, t], h, Wx, Wh, b)
        states.append(h)
        caches.append(cache)
    hs = np.stack(states, axis=1)
    ### END SOLUTION
    return hs, caches


def rnn_backward(dh, caches):
    """The gradients, by name: dx, dh0, dWx, dWh and db."""
    ### BEGIN SOLUTION rnn
    dprevious, dx, total = 0, [], [0, 0, 0]
    for t in reversed(range(dh.shape[1])):
        dxt, dprevious, *weights = rnn_step_backward(dh[:, t] + dprevious, caches[t])
        dx.append(dxt)
        total = [one + other for one, other in zip(total, weights, strict=True)]
    gradients = {"dx": np.stack(dx[::-1], axis=1), "dh0": dprevious}
    gradients |= dict(zip(("dWx", "dWh", "db"), total, strict=True))
    ### END SOLUTION
    return gradients


def clip(gradients, most):
    """The gradients, a dictionary of arrays and of such dictionaries, with no number beyond `most` either way."""
    ### BEGIN SOLUTION rnn
    clipped = {
        name: clip(value, most) if isinstance(value, dict) else np.clip(value, -most, most)
        for name, value in gradients.items()
    }
    ### END SOLUTION
    return clipped
