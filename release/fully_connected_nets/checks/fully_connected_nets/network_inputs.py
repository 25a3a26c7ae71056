"""What the checks of the networks draw: examples, labels, and the parameters of networks of some widths."""

from itertools import pairwise
from typing import Any

import numpy as np

CLASSES = 5
FEATURES = 12
IMAGE = (3, 2, 2)
"""An example of as many features."""


def network(*hidden_dims: int) -> Any:
    """Draws examples, labels, the stand-ins' twist and the parameters of a network with these hidden layers.

    The numbers are float32's, so that a network of the wrong type loses the check of the type and no other. Biases of
    the last layer are negative, and with them many scores, so that a nonlinearity on the scores shows; but two, so that
    there is something on the other side of it.
    """

    def draw(rng: np.random.Generator, N: int) -> dict[str, Any]:
        dims = (FEATURES, *hidden_dims, CLASSES)
        inputs = {"X": rng.normal(size=(N, FEATURES)) + rng.uniform(-1.0, 1.0, FEATURES)}
        for layer, (fan_in, fan_out) in enumerate(pairwise(dims), start=1):
            inputs[f"W{layer}"] = rng.normal(size=(fan_in, fan_out)) * rng.uniform(0.3, 0.6)
            inputs[f"b{layer}"] = rng.uniform(-1.0, 1.0, fan_out)
        inputs[f"b{len(dims) - 1}"] -= 1.0
        inputs[f"b{len(dims) - 1}"][:2] += 4.0
        return {
            "y": rng.permutation(np.arange(N) % CLASSES),
            "twist": float(rng.uniform(0.5, 1.4)),
            **{name: value.astype(np.float32).astype(np.float64) for name, value in inputs.items()},
        }

    return draw


def of_images(draw: Any) -> Any:
    """The same with examples of three axes."""

    def draw_images(rng: np.random.Generator, N: int) -> dict[str, Any]:
        drawn: dict[str, Any] = draw(rng, N)
        return {**drawn, "X": drawn["X"].reshape(N, *IMAGE)}

    return draw_images
