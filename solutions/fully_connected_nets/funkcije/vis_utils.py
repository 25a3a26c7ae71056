"""Pictures of weights: many small images as one large one."""

import math

import numpy as np


def visualize_grid(Xs: np.ndarray, ubound: float = 255.0, padding: int = 1) -> np.ndarray:
    """Images side by side in a square grid, row by row; each is stretched over the whole range of brightness.

    Args:
        Xs: images (N, H, W, C); of the weights of a first layer, `W1.T.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)`.
        ubound: the brightest value; the darkest is 0.
        padding: pixels between two images.

    Returns:
        float64 (G (H + padding) - padding, G (W + padding) - padding, C) for a grid of G x G images, the first G with
        G² >= N; 0 between the images, and where an image is of one value only.
    """
    N, H, W, C = Xs.shape
    G = math.ceil(math.sqrt(N))
    grid = np.zeros((G, H + padding, G, W + padding, C))
    for i, image in enumerate(Xs):
        darkest, brightest = image.min(), image.max()
        if brightest > darkest:
            grid[i // G, :H, i % G, :W] = ubound * ((image - darkest) / (brightest - darkest))
    height, width = G * (H + padding), G * (W + padding)
    return grid.reshape(height, width, C)[: height - padding, : width - padding]
