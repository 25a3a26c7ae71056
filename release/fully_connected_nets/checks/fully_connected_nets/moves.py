"""What must change with what for a check of form to count: see `checks.core.Move`.

Zeros, too, have the right shapes. What a beginner computes wrong, such as a product without its bias, still counts.
"""

import zlib

import numpy as np

from checks.core import Change, Inputs, Move

Array = np.ndarray


def all_of(name: str, turn: int = 0) -> Change:
    """Every number of an input changed, each by a step of its own."""

    def change(inputs: Inputs, step: float) -> Inputs:
        array: Array = inputs[name]
        rng = np.random.default_rng([zlib.crc32(np.ascontiguousarray(array).tobytes()), turn])
        return {**inputs, name: array + step * rng.uniform(0.5, 1.5, array.shape)}

    return change


def depends(result: str, *names: str) -> tuple[Move, ...]:
    """A result changes all over with each of these inputs."""
    return tuple(Move((all_of(name), all_of(name, 1)), (result,), f"not_from_{name}") for name in names)


FORWARD = depends("out", "x", "w")
BACKWARD = (*depends("dx", "dout"), *depends("dw", "dout"), *depends("db", "dout"))
