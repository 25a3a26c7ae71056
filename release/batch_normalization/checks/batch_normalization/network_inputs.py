"""What the checks of the network draw: examples, labels, and the parameters of networks of some widths."""

from itertools import pairwise
from typing import Any

import numpy as np

CLASSES = 5
FEATURES = 7


def network(*hidden_dims: int) -> Any:
    """Draws examples, labels, the stand-ins' twist and the parameters of a normalized network with these hidden layers.

    The numbers are float32's, so that a network of the wrong dtype loses the check of the dtype and no other. Biases of
    the last layer are negative, and with them many scores, so that a nonlinearity on the scores shows; but two, so that
    there is something on the other side of it.
    """

    def draw(rng: np.random.Generator, N: int, D: int) -> dict[str, Any]:
        dims = (D, *hidden_dims, CLASSES)
        inputs = {"X": rng.normal(size=(N, D)) + rng.uniform(-1.0, 1.0, D)}
        for layer, (fan_in, fan_out) in enumerate(pairwise(dims), start=1):
            inputs[f"W{layer}"] = rng.normal(size=(fan_in, fan_out)) * rng.uniform(0.3, 0.8)
            inputs[f"b{layer}"] = rng.uniform(-1.0, 1.0, fan_out) - (layer == len(dims) - 1)
            if layer <= len(hidden_dims):
                inputs[f"gamma{layer}"] = rng.uniform(0.6, 1.9, fan_out) * rng.choice([-1.0, 1.0], fan_out)
                inputs[f"beta{layer}"] = rng.uniform(0.2, 1.0, fan_out)
            else:
                inputs[f"b{layer}"][:2] += 4.0
        return {
            "y": rng.integers(CLASSES, size=N),
            "twist": float(rng.uniform(0.5, 1.4)),
            **{name: value.astype(np.float32).astype(np.float64) for name, value in inputs.items()},
        }

    return draw


def two_networks(rng: np.random.Generator, N: int, D: int) -> dict[str, Any]:
    """A network with layers of one width, and the weights and biases, as `other W1`, of one with two."""
    other = network(9, 7)(rng, N, D)
    inputs: dict[str, Any] = network(8, 8)(rng, N, D)
    return {**inputs, **{f"other {name}": other[name] for name in other if name[0] in "Wb" and name[1:].isdigit()}}


# Layers of one width let a mistake that mixes them up show in the numbers; layers of two widths make it raise.
ONE_WIDTH = network(6, 6)
TWO_WIDTHS = network(6, 4)
