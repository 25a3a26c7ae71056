"""Keeps what is slow to make, under `build/`, by the digest of everything that it is made from.

What is found there is never older than its source, nor another's: the name of a file is the digest of the bytes of all
that goes in, the kit's own code included, and each file says which name it was written for and what it must add up to.
One that does not is made again, and so is everything where nothing can be kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgpack
import numpy as np

from ..course import KIT
from ..files import write_whole

Files = dict[str, bytes]

FOLDER = Path("build", "made")
MOST = 50_000_000
"""Bytes that are kept; what was not used for the longest time goes first."""
_IN_MEMORY = 4
_memory: dict[str, Files] = {}


def place(root: Path) -> Path:
    """Where is kept what is made for the course in `root`: in the kit's checkout, or in the course without one."""
    return (KIT if (KIT / "pyproject.toml").is_file() else root) / FOLDER


def digest_of(folders: Iterable[Path], *more: str) -> str:
    """SHA-256 of every file of some folders, of what else is named, and of what computes here.

    Args:
        folders: read to the bottom; compiled modules do not count.
        more: other things that decide the result.
    """
    whole = _begun(more)
    for folder in folders:
        files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.suffix != ".pyc"}
        for name in sorted(files):
            if files[name].is_file():
                content = files[name].read_bytes()
                whole.update(f"{name}\0{len(content)}\0".encode())
                whole.update(content)
        whole.update(b"\0")
    return whole.hexdigest()


def digest_of_files(files: Mapping[str, Path], *more: str) -> str:
    """As `digest_of`, of these files alone, each with the name that it counts under."""
    whole = _begun(more)
    for name, path in sorted(files.items()):
        content = path.read_bytes()
        whole.update(f"{name}\0{len(content)}\0".encode())
        whole.update(content)
    return whole.hexdigest()


def _begun(more: Iterable[str]) -> hashlib._Hash:
    """A digest of words, and of what computes here."""
    whole = hashlib.sha256()
    for word in (*more, platform.python_version(), platform.machine(), np.__version__):
        whole.update(f"{len(word)}\0{word}".encode())
    return whole


def kept(folder: Path, key: Callable[[], str | None], make: Callable[[], Files]) -> Files:
    """What `make` gives, or gave when it was called with the same key.

    Args:
        folder: holds the kept files.
        key: digests all that goes in, as it is now; None if that cannot be told, and nothing is kept then.
        make: makes the files. If the key is another one when it is done, something was changed meanwhile, and
            nothing is kept.
    """
    before = key()
    if before is None:
        return make()
    found = _memory.get(before) or _read(folder, before)
    if found is None:
        found = make()
        if key() != before:
            return found
        _write(folder, before, found)
    _memory[before] = found
    for old in [*_memory][:-_IN_MEMORY]:
        _memory.pop(old, None)
    return dict(found)


def look_up(folder: Path, key: str) -> Files | None:
    """What was kept under a key; None if nothing was."""
    return _read(folder, key)


def keep(folder: Path, key: str, files: Files) -> None:
    """Keep files under a key that digests all that they follow from, where that can be done."""
    _write(folder, key, files)


def forget() -> None:
    """Forget what this process knows; the files stay."""
    _memory.clear()


def _read(folder: Path, key: str) -> Files | None:
    """What a file holds, if it is whole and nobody else could have written it."""
    with contextlib.suppress(OSError, ValueError, TypeError, AttributeError, msgpack.UnpackException):
        with (folder / key).open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read()
        if hasattr(os, "geteuid") and (status.st_uid != os.geteuid() or status.st_mode & 0o022):
            return None
        body = content[hashlib.sha256().digest_size :]
        if _sealed(key, body) != content:
            return None
        found: Any = msgpack.unpackb(body)
        os.utime(folder / key)
        return {str(name): bytes(data) for name, data in found.items()}
    return None


def _write(folder: Path, key: str, files: Files) -> None:
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
        write_whole(folder / key, _sealed(key, msgpack.packb(files)))
        _make_room(folder)


def _make_room(folder: Path) -> None:
    """Remove what was not used for the longest time; a draft that a killed process left is old one day, too."""
    used: list[tuple[float, int, Path]] = []
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another process may have removed it
            status = path.stat()
            used.append((status.st_mtime, status.st_size, path))
    room = MOST
    for _, size, path in sorted(used, reverse=True):
        room -= size
        if room < 0 and path.name != ".gitignore":
            path.unlink(missing_ok=True)


def _sealed(key: str, body: bytes) -> bytes:
    return hashlib.sha256(key.encode() + body).digest() + body
