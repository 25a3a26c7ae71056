"""Runs that are kept on disk, in the user's cache: their records as plain arrays, under a name that tells all that a
run depends on.

Where there is no cache, nothing is kept. A file that cannot be read counts as none; a folder that cannot be written is
left alone.
"""

import contextlib
import hashlib
import itertools
import math
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .training import Progress

FOLDER = "experiments"
"""Inside the cache."""
VERSION = 1
"""Of what the files hold."""
MOST = 200
"""Files; the oldest make room for new ones."""


def name_of(settings: str, arrays: Mapping[str, np.ndarray], code: str) -> str:
    """The name of a run: a digest of its settings, its data and its code; `code` is a digest from `source`."""
    result = hashlib.sha256(f"{VERSION} numpy {np.__version__} python {sys.version} {settings}".encode())
    for name, array in sorted(arrays.items()):
        result.update(f"{name} {array.dtype} {array.shape}".encode())
        result.update(np.ascontiguousarray(array).data)
    result.update(code.encode())
    return result.hexdigest()


def load(cache: Path | None, name: str) -> list[Progress] | None:
    """The records that were saved under this name; None if none were, or the file is damaged."""
    if cache is None:
        return None
    try:
        # Opened here: of a damaged archive, np.load leaves the file open.
        with (cache / FOLDER / f"{name}.npz").open("rb") as file, np.load(file, allow_pickle=False) as saved:
            return _unpacked(dict(saved))
    except Exception:  # damaged archives raise nearly anything
        return None


def save(cache: Path | None, name: str, steps: list[Progress]) -> None:
    """Keep records under this name, whole or not at all."""
    if cache is None or not steps:
        return
    folder = cache / FOLDER
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(suffix=".tmp", dir=folder)
        try:
            with os.fdopen(handle, "wb") as stream:
                np.savez_compressed(stream, **_packed(steps))  # type: ignore[arg-type]
            Path(scratch).replace(folder / f"{name}.npz")
        finally:
            Path(scratch).unlink(missing_ok=True)
        for file in sorted(folder.glob("*.npz"), key=lambda file: file.stat().st_mtime)[:-MOST]:
            file.unlink(missing_ok=True)


def _packed(steps: list[Progress]) -> dict[str, np.ndarray]:
    """The records' fields as arrays: NaN where there is no number, and the spreads of all records in a row."""
    arrays = {
        name: np.array([math.nan if value is None else value for value in values])
        for name, values in zip(Progress._fields, zip(*steps, strict=True), strict=True)
        if name != "spread"
    }
    spreads = [step.spread or () for step in steps]
    arrays["layers"] = np.array([len(spread) for spread in spreads])
    arrays["spreads"] = np.array([number for spread in spreads for number in spread])
    return arrays


def _unpacked(arrays: dict[str, np.ndarray]) -> list[Progress]:
    """The records of these arrays.

    Raises:
        KeyError, TypeError, ValueError: the arrays are not those of `_packed`.
    """
    columns: dict[str, list[Any]] = {name: values.tolist() for name, values in arrays.items()}
    for name in ("train_accuracy", "val_accuracy"):
        columns[name] = [None if math.isnan(value) else value for value in columns[name]]
    numbers = iter(columns.pop("spreads"))
    columns["spread"] = [tuple(itertools.islice(numbers, n)) or None for n in columns.pop("layers")]
    return [Progress(*values) for values in zip(*(columns[name] for name in Progress._fields), strict=True)]
