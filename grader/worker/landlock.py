"""What a worker may open, as Landlock rules that the worker puts on itself.

Landlock bounds opening, listing, creating and removing; from its fourth version TCP, from its sixth signals and
abstract sockets. What it does not bound (`chmod`, other sockets) is for the seccomp filter; that a file's name and size
can still be asked for (`stat`) is what this sandbox lacks compared with bubblewrap.

It is our own, since the one package there is (`landlock`, an alpha version) bounds files alone, not TCP, signals and
abstract sockets, and leaves no folder out of one that may be read. Landlock is three system calls, which `ctypes`
makes.

This file runs beside student code: Python alone, and nothing else of the kit.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterator, Sequence
from functools import cache

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_FROM_FIVE = (1 << 16) - 1
_TCP = 0b11
_SCOPES = 0b11
_PATH_BENEATH = 1


def version() -> int:
    """The version of Landlock that this kernel offers; 0 if none."""
    try:
        return _call(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    except OSError:
        return 0


def restrict(
    read: Sequence[str], excluded: Sequence[str] = (), devices: Sequence[str] = (), scopes: bool = True
) -> None:
    """Allow reading below some paths and nothing else, for good; `PR_SET_NO_NEW_PRIVS` must be set.

    Args:
        read: files and folders that may be read; one that does not exist is passed over.
        excluded: folders within them that may not.
        devices: files that may be read and written.
        scopes: bound TCP, signals and abstract sockets too, where the kernel can.

    Raises:
        OSError: the kernel has no Landlock, or refuses.
    """
    offered = version()
    if offered < 1:
        raise OSError("this kernel has no Landlock")
    rights = _FILE_RIGHTS.get(offered, _FROM_FIVE)
    attributes = struct.pack("Q", rights)
    if offered >= 4:
        attributes += struct.pack("Q", _TCP if scopes else 0)
    if offered >= 6:
        attributes += struct.pack("Q", _SCOPES if scopes else 0)
    ruleset = _call(_CREATE_RULESET, ctypes.c_char_p(attributes), ctypes.c_size_t(len(attributes)), 0)
    try:
        for path, allowed in _rules(read, excluded):
            _allow(ruleset, path, allowed)
        for path in devices:
            _allow(ruleset, path, _READ_FILE | _WRITE_FILE)
        _call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _rules(read: Sequence[str], excluded: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Paths and what is allowed beneath each; an excluded folder is gone around, since no rule takes back another."""
    closed = [os.path.realpath(path) for path in excluded]
    left = [os.path.realpath(path) for path in read]
    while left:
        here = left.pop()
        if any(_lies_in(here, other) for other in closed):
            continue
        if not any(_lies_in(other, here) for other in closed):
            yield here, _READ_FILE | _READ_DIR
            continue
        yield here, _READ_DIR
        with os.scandir(here) as entries:
            left += [os.path.realpath(entry.path) if entry.is_symlink() else entry.path for entry in entries]


def _lies_in(path: str, folder: str) -> bool:
    # Hundreds of times for each worker, which `pathlib` would make twenty milliseconds.
    return path == folder or path.startswith(folder if folder.endswith("/") else f"{folder}/")


def _allow(ruleset: int, path: str, allowed: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            allowed &= ~_READ_DIR
        rule = struct.pack("=Qi", allowed, descriptor)
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.c_char_p(rule), 0)
    finally:
        os.close(descriptor)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: object) -> int:
    # `syscall` takes longs; a plain int would be passed as a C int.
    longs = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result = int(_libc().syscall(ctypes.c_long(number), *longs))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"Landlock: {os.strerror(error)}")
    return result
