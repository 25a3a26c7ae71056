"""Convolution, by loops."""

import numpy as np


def conv_forward(x, w, b, param):
    """Correlate x, of shape (N, C, H, W), with filters w, of shape (F, C, K, K), and add b; padded by `param["pad"]`."""
    ### BEGIN SOLUTION conv
    pad, K = param["pad"], w.shape[2]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    rows, columns = padded.shape[2] - K + 1, padded.shape[3] - K + 1
    out = np.zeros((len(x), len(w), rows, columns), dtype=x.dtype)
    for i in range(rows):
        for j in range(columns):
            out[:, :, i, j] = np.tensordot(padded[:, :, i : i + K, j : j + K], w, axes=([1, 2, 3], [1, 2, 3])) + b
    cache = (padded, w, pad)
    ### END SOLUTION
    return out, cache


def conv_backward(dout, cache):
    """The gradients of x, w and b."""
    ### BEGIN SOLUTION conv
    padded, w, pad = cache
    K = w.shape[2]
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            window = padded[:, :, i : i + K, j : j + K]
            dw += np.tensordot(dout[:, :, i, j], window, axes=([0], [0]))
            dpadded[:, :, i : i + K, j : j + K] += np.tensordot(dout[:, :, i, j], w, axes=([1], [0]))
    dx = dpadded[:, :, pad : dpadded.shape[2] - pad, pad : dpadded.shape[3] - pad]
    db = dout.sum(axis=(0, 2, 3))
    ### END SOLUTION
    return dx, dw, db
