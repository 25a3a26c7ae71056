"""The files of a submission, wherever in it they lie, and not more than can be looked at."""

from __future__ import annotations

import itertools
import os
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
