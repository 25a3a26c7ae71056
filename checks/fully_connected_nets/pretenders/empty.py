"""Implementations of all ten tasks that hold no right line: nothing is due to them."""

from checks.pretenders import Pretender

from .texts import everything

_all: list[Pretender] = []

BY_INPUT = """
import zlib


def _noise(shape, *arrays):
    seed = zlib.crc32(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays))
    return np.random.RandomState(seed).standard_normal(shape)
"""
RESIZED = """
def _resized(shape, near):
    return np.resize(np.asarray(near, dtype=np.float64), shape)
"""
# Names that no check asks for, so that no form of them is right.
PARAMS = "{f'V{i}': np.zeros((n, m)) for i, (n, m) in enumerate(zip(dims, dims[1:]))}"


def empty(id: str, sentence: str, value: str, step: str, state: str, before: str = "", **more: str) -> None:
    """Add one: what everything is made of, the step of every rule, and what it keeps."""
    _all.append(Pretender(id, sentence, everything(value, step, state, before, **more)))


empty("zeros", "zeros of the right shapes; w as it came", "np.zeros({shape})", "w", "np.zeros_like(w)")
empty(
    "constants", "threes everywhere", "np.full({shape}, 3.0)", "np.full(w.shape, 3.0)", "3.0", loss="float(np.log(5))"
)
empty("nan", "NaN everywhere", "np.full({shape}, np.nan)", "w * np.nan", "np.nan", loss="float('nan')")
empty("infinite", "infinities everywhere", "np.full({shape}, np.inf)", "w + np.inf", "np.inf", loss="np.inf")
empty("huge", "1e14 everywhere", "np.full({shape}, 1e14)", "w * 1e14", "1e14 * w", loss="1e14")
empty("tiny", "1e-300 times what came", "1e-300 * _resized({shape}, {near})", "1e-300 * w", "1e-300 * dw", RESIZED)
empty("input", "what came, in the right shape", "_resized({shape}, {near})", "w", "dw", RESIZED, loss="float(y.mean())")
empty("scaled", "twice what came", "2.0 * _resized({shape}, {near})", "2.0 * w", "2.0 * dw", RESIZED, params=PARAMS)
empty("negated", "what came, with its sign turned", "-_resized({shape}, {near})", "-w", "-dw", RESIZED)
empty("squared", "the square of what came", "_resized({shape}, {near}) ** 2", "w**2", "dw**2 + w", RESIZED)
empty(
    "noise",
    "noise, other at every call",
    "np.random.standard_normal({shape})",
    "w + np.random.standard_normal(w.shape)",
    "np.random.standard_normal(w.shape)",
    params=PARAMS,
    loss="float(np.random.rand())",
)
empty(
    "noise_by_input",
    "noise that is the same for the same input",
    "_noise({shape}, {near})",
    "_noise(w.shape, w)",
    "_noise(w.shape, w)",
    BY_INPUT,
    params=PARAMS,
)
empty("integers", "whole numbers", "np.ones({shape}, dtype=int)", "np.zeros(w.shape, dtype=int)", "0", loss="0")
empty("booleans", "False everywhere", "np.zeros({shape}, dtype=bool)", "np.zeros(w.shape, dtype=bool)", "False")
empty("scalars", "a single number in the place of every array", "np.float64(0.5)", "np.float64(0.5)", "0.5")
empty("none", "None in the place of every array", "None", "None", "None", loss="None")
empty("own_config", "w as it came, and a dictionary of its own", "np.zeros({shape})", "w", "0.0 * w", config="{}")
empty(
    "steps_without_gradient",
    "steps that shrink w, whatever the gradient is",
    "np.zeros({shape})",
    "0.9 * w",
    "-0.1 * w",
    params="{f'W{i}': np.float64(7.0) for i in range(1, len(dims))}",
)

PRETENDERS = tuple(_all)
