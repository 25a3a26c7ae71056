"""CIFAR-10, ready for a network: 32x32 colour pictures of ten classes.

    data = get_CIFAR10_data()
    data["X_train"].shape  # (49000, 3, 32, 32)

Without the official files and without a network, a generated set of the same shape takes their place, and a line
says so.
"""

import operator
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .data.cifar10 import LAYOUT, Rows, cache_folder, fetch, read
from .data.generated import generated
from .messages import say


class _UpTo(int):
    """A number of rows that nobody asked for: as many, or as many as there are."""


UP_TO_49000, UP_TO_1000 = _UpTo(49_000), _UpTo(1_000)


def get_CIFAR10_data(
    num_training: int = UP_TO_49000,
    num_validation: int = UP_TO_1000,
    num_test: int = UP_TO_1000,
    subtract_mean: bool = True,
    folder: str | os.PathLike[str] | None = None,
) -> dict[str, NDArray[Any]]:
    """Load CIFAR-10, split for training, choosing and testing.

    The first `num_training` training rows train, the last `num_validation` validate; `num_test` are the first test
    rows. A number that is not given is the default, or what there is if that is less (of fewer than 5,000 training
    rows a fifth validates); a number that is given must be there.

    Args:
        num_training: rows to train on, at least 1.
        num_validation: rows to choose hyperparameters on.
        num_test: rows to test on.
        subtract_mean: subtract the mean picture of the training rows from all rows.
        folder: the folder that holds `cifar-10-batches-py`. If None, the one that the environment variable
            `FUNKCIJE_DATA` names; if there is none, the user's cache, where the files are downloaded to once (never if
            `FUNKCIJE_OFFLINE` is 1).

    Returns:
        `X_train`, `X_val`, `X_test`: float32 (N, 3, 32, 32), 0..255 before the mean is subtracted;
        `y_train`, `y_val`, `y_test`: int64 (N,), 0..9.

    Raises:
        FileNotFoundError: a folder was named, but the files are not there.
        ValueError: a damaged file, or more rows asked for than there are.
    """
    training, test = _find_rows(folder)
    num_training, num_validation = _split(len(training.labels), num_training, num_validation)
    num_test = _at_most("num_test", num_test, len(test.labels))

    first_to_validate = len(training.labels) - num_validation
    splits = {
        "train": Rows(training.pixels[:num_training], training.labels[:num_training]),
        "val": Rows(training.pixels[first_to_validate:], training.labels[first_to_validate:]),
        "test": Rows(test.pixels[:num_test], test.labels[:num_test]),
    }
    mean = splits["train"].pixels.mean(axis=0, dtype=np.float64).astype(np.float32) if subtract_mean else None

    data: dict[str, NDArray[Any]] = {}
    for name, rows in splits.items():
        X = rows.pixels.astype(np.float32, order="C")
        if mean is not None:
            X -= mean
        data[f"X_{name}"] = X.reshape(-1, 3, 32, 32)
        data[f"y_{name}"] = rows.labels.copy()
    return data


def _find_rows(folder: str | os.PathLike[str] | None) -> tuple[Rows, Rows]:
    """Training and test rows: from the folder that was named, else from the cache, else generated."""
    named = folder or os.environ.get("FUNKCIJE_DATA")
    if named:
        place = Path(named).expanduser()
        if not (place / LAYOUT).is_dir():
            raise FileNotFoundError(say("no_folder", folder=place, by="folder=" if folder else "FUNKCIJE_DATA"))
        return read(place)

    cache = cache_folder()
    if cache is not None and (cache / LAYOUT).is_dir():
        return read(cache)
    why_not = fetch(cache)
    if cache is not None and why_not is None:
        return read(cache)
    print(f"{say(why_not or 'no_cache')}. {say('generated')}.")
    return generated(cache)


def _split(available: int, num_training: int, num_validation: int) -> tuple[int, int]:
    """How many of the training rows train and how many validate."""
    chosen = 0 if isinstance(num_training, _UpTo) else _at_most("num_training", num_training, available, least=1)
    if isinstance(num_validation, _UpTo):
        num_validation = _UpTo(min(num_validation, available // 5))
    num_validation = _at_most("num_validation", num_validation, available - max(chosen, 1))
    return chosen or min(num_training, available - num_validation), num_validation


def _at_most(name: str, number: int, available: int, least: int = 0) -> int:
    """The number of rows to take, where a number that was given must be there."""
    if isinstance(number, _UpTo):
        return min(number, available)
    try:
        count = operator.index(number)
    except TypeError:
        count = -1
    if count < least:
        raise ValueError(say("no_count", name=name, number=number, least=least))
    if count > available:
        raise ValueError(say("too_many", name=name, number=count, available=available))
    return count
