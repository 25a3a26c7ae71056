"""Writes a file whole or not at all, and says what files are the same."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

_DRAFT = ".part"


def write_whole(path: Path, content: bytes, *, mode: int = 0o600, keep: bool = False) -> None:
    """Write a file so that nobody ever sees a part of it, and nothing of it is left if it cannot be written.

    Args:
        path: the file; its folder must exist. What has its name is replaced.
        content: all of it.
        mode: the file's permissions.
        keep: leave what has that name already, whichever process wrote it in the meantime.

    Raises:
        OSError: it cannot be written.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=_DRAFT)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if mode != 0o600:
            draft.chmod(mode)
        if keep:
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
        else:
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def digest_of(files: Mapping[str, bytes]) -> str:
    """SHA-256 of files by their names; of none, that of nothing."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def digest_below(folder: Path, paths: Iterable[Path]) -> str:
    """SHA-256 of files by their places below a folder, also where a name is no text."""
    names = {
        path: os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "backslashreplace") for path in paths
    }
    return digest_of({name: path.read_bytes() for path, name in names.items()})


def drafts(folder: Path) -> list[Path]:
    """What was half written to a folder: by a process that was killed, or that is at it now."""
    return list(folder.glob(f".*{_DRAFT}"))
