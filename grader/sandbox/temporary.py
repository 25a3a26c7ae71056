"""Temporary folders, the only kind that the grader makes: what a killed one leaves behind, the next one removes.

Each folder is locked by the process that uses it, and the kernel drops the lock with the process. A folder that another
process can lock therefore has no owner any more. The lock is on the folder itself, so that no second file with a name
that somebody else could take lies in a shared `/tmp`. Where folders cannot be locked (Windows), none is swept.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..errors import GraderError

if sys.platform != "win32":
    import fcntl

PREFIX = "grader-stage-"
_SWEPT: set[str] = set()
_MEMORY = "/dev/shm"
"""Where Linux has files that lie in memory."""
_ROOM = 2**30
"""Bytes that must be free there: the largest submissions of a few graders at once, with much left."""
_USUAL = "/tmp"
_NAMED = ("TMPDIR", "TEMP", "TMP")
"""Variables that say where temporary files go."""


def in_memory() -> str | None:
    """Where many small files are made and removed soon, in a tenth of the time that a disk takes.

    None, as for `temporary_folder`, where somebody says where temporary files go, or there is no such place, or little
    room in it.
    """
    if not sys.platform.startswith("linux") or any(os.environ.get(name) for name in _NAMED):
        return None
    if tempfile.gettempdir() != _USUAL:
        return None
    try:
        free = os.statvfs(_MEMORY)
    except OSError:
        return None
    roomy = free.f_bavail * free.f_frsize >= _ROOM
    return _MEMORY if roomy and os.access(_MEMORY, os.W_OK | os.X_OK) else None


@contextlib.contextmanager
def temporary_folder(root: str | None = None) -> Iterator[Path]:
    """A folder of this process alone, removed at the end.

    Args:
        root: where it is made; if None, where temporary files go.

    Raises:
        GraderError: it cannot be made.
    """
    root = root or tempfile.gettempdir()
    if root not in _SWEPT:
        _SWEPT.add(root)
        remove_orphans(Path(root))
    try:
        folder, lock = _make(root)
    except OSError as error:
        raise no_room(Path(root), error) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def no_room(folder: Path, error: OSError) -> GraderError:
    """What to say when nothing can be written to a folder."""
    return GraderError(
        f"{folder}: cannot be written to ({error.strerror or error}). Next: make room there, or set TMPDIR to another "
        "folder; then grade again."
    )


def remove_orphans(root: Path) -> None:
    """Remove the folders of processes that are gone."""
    if sys.platform == "win32":
        return
    for folder in root.glob(f"{PREFIX}*"):
        # Another grader may be at the same, and a folder may be another user's.
        with contextlib.suppress(OSError):
            if folder.lstat().st_uid != os.geteuid() or folder.is_symlink():
                continue
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def _make(root: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
        if sys.platform == "win32":
            return folder, os.open(os.devnull, os.O_RDONLY)
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:  # taken for an orphan before it was locked
            continue
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.is_dir():
            return folder, lock
        os.close(lock)
