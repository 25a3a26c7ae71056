"""Runs that are kept on disk, in the user's cache: plain arrays under a name that says all that the run depends on.

A file that cannot be read counts as none; a folder that cannot be written is left alone.
"""

import contextlib
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ._cifar10 import cache_folder
from ._source import digest

VERSION = 1
"""Of what the files hold."""
MOST = 200
"""Files; the oldest make room for new ones."""

Arrays = dict[str, np.ndarray]


def name_of(settings: str, arrays: Mapping[str, np.ndarray], code: Iterable[Any]) -> str:
    """The name of a run: a digest of its settings, its data and its code, see `_source`."""
    result = hashlib.sha256(f"{VERSION} numpy {np.__version__} python {sys.version} {settings}".encode())
    for name, array in sorted(arrays.items()):
        result.update(f"{name} {array.dtype} {array.shape}".encode())
        result.update(np.ascontiguousarray(array).data)
    result.update(digest(code).encode())
    return result.hexdigest()


def load(name: str) -> Arrays | None:
    """What was saved under this name; None if nothing was, or it is damaged."""
    folder = _folder()
    if folder is None:
        return None
    try:
        # Opened here: of a damaged archive, np.load leaves the file open.
        with (folder / f"{name}.npz").open("rb") as file, np.load(file, allow_pickle=False) as saved:
            return dict(saved)
    except Exception:  # damaged archives raise nearly anything
        return None


def save(name: str, arrays: Arrays) -> None:
    """Keep arrays under this name, whole or not at all."""
    folder = _folder()
    if folder is None:
        return
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(suffix=".tmp", dir=folder)
        try:
            with os.fdopen(handle, "wb") as stream:
                np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
            Path(scratch).replace(folder / f"{name}.npz")
        finally:
            Path(scratch).unlink(missing_ok=True)
        for file in sorted(folder.glob("*.npz"), key=lambda file: file.stat().st_mtime)[:-MOST]:
            file.unlink(missing_ok=True)


def _folder() -> Path | None:
    cache = cache_folder()
    return cache / "experiments" if cache else None
