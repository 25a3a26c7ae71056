"""Random numbers, and what is made of them."""

import numpy as np


def mask(shape, p, seed=None):
    """Booleans that are False with a probability of p."""
    ### BEGIN SOLUTION random_numbers
    kept = np.random.default_rng(seed).random(shape) >= p
    ### END SOLUTION
    return kept


def drop(x, p, seed=None):
    """x, of which a share of p is 0 and the rest is divided by 1 - p, so that the mean stays."""
    ### BEGIN SOLUTION random_numbers
    out = x * mask(x.shape, p, seed) / (1 - p)
    ### END SOLUTION
    return out


def standardize(x):
    """X with a mean of 0 and a standard deviation of 1."""
    ### BEGIN SOLUTION random_numbers
    centered = x - x.mean()
    scaled = centered / x.std()
    ### END SOLUTION
    return scaled


def principal(x):
    """The direction in which the rows of x spread most: of length one, with either sign."""
    ### BEGIN SOLUTION random_numbers
    centered = x - x.mean(axis=0)
    direction = np.linalg.svd(centered)[2][0]
    ### END SOLUTION
    return direction
