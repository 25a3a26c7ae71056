"""The files of a submission, wherever in it they lie, and not more than can be looked at."""

from __future__ import annotations

import hashlib
import itertools
import os
import stat
import time
from collections.abc import Collection
from pathlib import Path

MOST_ENTRIES = 100_000
"""Files and folders of a submission that are looked at."""
DEEPEST_FOLDER = 20
NOT_UNPACKED = "not-unpacked.txt"
"""In a submission from an archive: what of it could not be unpacked, and why."""
_NEVER = {"__pycache__", "__MACOSX", "node_modules", "site-packages", "dist-packages", "env", "venv", "virtualenv"}
"""Folders of what programs leave beside people's files; those whose names begin with a dot, too."""


class TooMany(Exception):
    """There is more in a folder than is looked at."""


def entries_of(folder: Path, left: int) -> tuple[list[os.DirEntry[str]], int]:
    """What lies in a folder, and how much more may be looked at.

    Raises:
        TooMany: there is more than `left`.
    """
    with os.scandir(folder) as found:
        entries = list(itertools.islice(found, left + 1))
    if len(entries) > left:
        raise TooMany
    return entries, left - len(entries)


def files_in(folder: Path, also: Collection[str] = ()) -> list[Path]:
    """The plain files below a folder, in the order of their paths; links are not followed.

    What cannot be looked at is left out, as is everything where there is more than `MOST_ENTRIES`.

    Args:
        folder: the submission.
        also: names of folders that are looked into although their names begin with a dot.
    """
    found: list[Path] = []
    folders, left = [(folder, 0)], MOST_ENTRIES
    while folders:
        place, depth = folders.pop()
        try:
            entries, left = entries_of(place, left)
        except TooMany:
            return []
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                hidden = entry.name in _NEVER or (entry.name.startswith(".") and entry.name not in also)
                if depth < DEEPEST_FOLDER and not hidden:
                    folders.append((place / entry.name, depth + 1))
            elif entry.is_file(follow_symlinks=False):
                found.append(place / entry.name)
    return sorted(found)


SETTLED = 2 * 10**9
"""Nanoseconds after which another change has another time, on every disk."""


def stamp_of(folder: Path, but: Collection[str] = ()) -> str:
    """What the system says of everything in a folder without reading it, as a digest: while that is the same, so is
    what the folder holds.

    Empty where it proves nothing: of what was changed just now, as a second change may have the same time; of what
    cannot be looked at; and of more than `MOST_ENTRIES`.

    Args:
        folder: it.
        but: names of folders that do not count.
    """
    root = os.fspath(folder)
    folders, seen, newest = [root], [], 0
    try:
        while folders:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.name in but:
                        continue
                    said = entry.stat(follow_symlinks=False)
                    # The time of the last change of any kind cannot be set by anybody, as that of the content can.
                    content, any_kind = said.st_mtime_ns, said.st_ctime_ns
                    newest = max(newest, content, any_kind)
                    seen.append((entry.path[len(root) :], said.st_mode, said.st_size, content, any_kind, said.st_ino))
                    if len(seen) > MOST_ENTRIES:
                        return ""
                    if stat.S_ISDIR(said.st_mode):
                        folders.append(entry.path)
    except OSError:
        return ""
    if newest + SETTLED >= time.time_ns():
        return ""
    return hashlib.sha256(repr(sorted(seen)).encode()).hexdigest()
