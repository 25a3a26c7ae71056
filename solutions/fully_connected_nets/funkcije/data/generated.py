"""A set with the shapes of CIFAR-10 for machines without it: ten figures, anywhere, on busy backgrounds.

50,000 training and 10,000 test pictures, as many of each class, the same bytes on every machine: the arithmetic is on
whole numbers, or on floats without a function whose last digit depends on the platform. Figures differ in place, size,
turn and colour, so that a network without convolutions learns something about unseen pictures, but far from all.
"""

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .cifar10 import CLASSES, PIXELS, Rows

VERSION = 1
"""Part of the cache's file name: another picture, another version."""
TRAINING, TEST = 50_000, 10_000
SEED = 10
SIDE = 32
VARIANTS, TEXTURES = 400, 1_000
"""Drawn figures of each class, and drawn backgrounds; pictures combine them."""

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def generated(cache: Path | None) -> tuple[Rows, Rows]:
    """Training and test rows; kept in `cache` (184 MB) where that can be written, and drawn again where it cannot."""
    file = cache / f"generated-v{VERSION}.npy" if cache else None
    records = _load(file) if file else None
    if records is None:
        records = draw(np.random.Generator(np.random.PCG64(SEED)), TRAINING, TEST)
        if file:
            _save(file, records)
    return _rows(records[:TRAINING]), _rows(records[TRAINING:])


def _rows(records: NDArray[np.uint8]) -> Rows:
    return Rows(pixels=records[:, 1:], labels=records[:, 0].astype(np.int64))


# --- drawing ----------------------------------------------------------------------------------------------------------


def _box(u: Floats, v: Floats, side: float = 1.0) -> Mask:
    return np.maximum(abs(u), abs(v)) < side


def _bars(u: Floats) -> Mask:
    bars: Mask = np.floor(2.5 * u + 0.5) % 2 == 0
    return bars


# u points right and v down, both from the middle of a figure that reaches from about -1 to 1.
FIGURES: dict[str, Callable[[Floats, Floats], Mask]] = {
    "disc": lambda u, v: u * u + v * v < 1,
    "ring": lambda u, v: abs(u * u + v * v - 0.75) < 0.35,
    "square": lambda u, v: _box(u, v, 0.9),
    "triangle": lambda u, v: (v < 0.9) & (2 * abs(u) < v + 1.1),
    "plus": lambda u, v: _box(u, v) & (np.minimum(abs(u), abs(v)) < 0.3),
    "cross": lambda u, v: _box(u, v, 0.9) & (np.minimum(abs(u + v), abs(u - v)) < 0.4),
    "horizontal bars": lambda u, v: _box(u, v) & _bars(v),
    "vertical bars": lambda u, v: _box(u, v) & _bars(u),
    "chessboard": lambda u, v: _box(u, v) & (_bars(u) == _bars(v)),
    "four dots": lambda u, v: (abs(u) - 0.6) * (abs(u) - 0.6) + (abs(v) - 0.6) * (abs(v) - 0.6) < 0.16,
}
PALETTE = np.array(
    [
        (230, 60, 50),
        (60, 90, 230),
        (240, 200, 60),
        (60, 180, 80),
        (170, 70, 190),
        (250, 140, 40),
        (70, 200, 210),
        (240, 240, 240),
        (40, 40, 50),
        (220, 110, 160),
    ],
    np.int16,
)
"""The usual colour of each figure, red, green, blue: a hint as in photographs, where ships are seldom green."""


def draw(rng: np.random.Generator, *sizes: int) -> NDArray[np.uint8]:
    """Draw sets of pictures, one below the other.

    Args:
        rng: where the pictures come from.
        sizes: rows of each set; multiples of 10, as each class gets a tenth of each set.

    Returns:
        uint8 (sum of sizes, 1 + 3072): in each row a label and the red, green and blue planes.
    """
    masks, textures = _masks(rng), _textures(rng)
    classes = [np.arange(size) % CLASSES for size in sizes]
    labels = np.concatenate([c[rng.random(c.size).argsort(kind="stable")] for c in classes])
    records = np.empty((labels.size, 1 + PIXELS), np.uint8)
    records[:, 0] = labels
    for start in range(0, labels.size, 500):  # blocks that stay in the processor's cache
        block = records[start : start + 500]
        block[:, 1:] = _pictures(rng, block[:, 0], masks, textures)
    return records


def _pictures(
    rng: np.random.Generator, labels: NDArray[np.uint8], masks: NDArray[np.int16], textures: NDArray[np.int16]
) -> NDArray[np.int16]:
    """(N, 3072): a figure of each label's class over a background, under some noise."""
    n = labels.size
    colour = rng.integers(0, 256, (n, 3), dtype=np.int16)
    usual = rng.random((n, 1)) < 0.7
    colour = np.where(usual, (3 * PALETTE[labels] + colour) // 4, colour)[:, :, None]
    opacity = rng.integers(77, 129, (n, 1, 1), dtype=np.int16)  # of 128
    mask = masks[labels, rng.integers(0, VARIANTS, n)][:, None] * opacity >> 7
    picture = textures[rng.integers(0, TEXTURES, n)]
    picture += (colour - picture) * mask >> 7  # at most 255 * 127: within int16
    noise = np.frombuffer(rng.bytes(picture.size), np.uint8).reshape(picture.shape)
    picture += (noise >> 3).astype(np.int16) - 16
    return picture.clip(0, 255).reshape(n, PIXELS)


def _masks(rng: np.random.Generator) -> NDArray[np.int16]:
    """(10, VARIANTS, 1024): 127 where a figure covers a pixel, 0 where it does not, between along its edge."""
    line = (np.arange(2 * SIDE) + 0.5) / SIDE - 1  # twice as fine as the picture
    x, y = line[None, None, :], line[None, :, None]
    masks = np.empty((CLASSES, VARIANTS, SIDE * SIDE), np.int16)
    for of_class, figure in zip(masks, FIGURES.values(), strict=True):
        middle_x, middle_y, turn, size = rng.random((4, VARIANTS, 1, 1))
        u, v = x - 0.4 * (middle_x - 0.5), y - 0.4 * (middle_y - 0.5)
        # t = tan(angle / 2) turns by fractions alone, up to 17 degrees to either side.
        t = 0.3 * (turn - 0.5)
        cos, sin = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
        size = 0.45 + 0.3 * size
        inside = figure((cos * u + sin * v) / size, (cos * v - sin * u) / size)
        covered = inside.reshape(VARIANTS, SIDE, 2, SIDE, 2).sum((2, 4))  # of 4
        of_class[:] = (covered * 127 // 4).reshape(VARIANTS, -1)
    return masks


def _textures(rng: np.random.Generator) -> NDArray[np.int16]:
    """(TEXTURES, 3, 1024), 0..255: blotches of three sizes."""
    blotches = np.zeros((TEXTURES, 3, SIDE, SIDE))
    for cells, weight in ((2, 0.5), (4, 0.3), (8, 0.2)):
        corners = rng.random((TEXTURES, 3, cells + 1, cells + 1))
        place = (np.arange(SIDE) + 0.5) * cells / SIDE
        before = place.astype(int)
        part = place - before  # linear between two corners, along rows and then along columns
        columns = corners[:, :, before] * (1 - part)[:, None] + corners[:, :, before + 1] * part[:, None]
        blotches += weight * (columns[..., before] * (1 - part) + columns[..., before + 1] * part)
    return (128 + 260 * (blotches - 0.5)).clip(0, 255).astype(np.int16).reshape(TEXTURES, 3, -1)


# --- keeping ----------------------------------------------------------------------------------------------------------


def _load(file: Path) -> NDArray[np.uint8] | None:
    try:
        records: NDArray[np.uint8] = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):  # not there, or cut off
        return None
    sound = records.shape == (TRAINING + TEST, 1 + PIXELS) and records.dtype == np.uint8
    return records if sound else None


def _save(file: Path, records: NDArray[np.uint8]) -> None:
    """Write the whole file or none, also when several processes do so at once; without a place to write, go on."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent) as scratch:
            whole = Path(scratch) / file.name
            np.save(whole, records, allow_pickle=False)
            whole.replace(file)
