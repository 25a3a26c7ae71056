"""Closes a fresh worker from the inside, before it reads a byte that a student wrote.

    Lock.parse(sys.argv[3]).close()

Whatever cannot be closed raises, the worker ends, and nothing is graded: half a sandbox is none.

There is no library for the whole: why its two parts are our own, `seccomp` and `landlock` say. The rest is
`resource.setrlimit` and a few calls of `prctl`, for which a package (`python-prctl`) would need a compiler and the
headers of libcap.

This file runs beside student code: Python alone, and nothing else of the kit but its two neighbours.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import struct
from dataclasses import asdict, dataclass
from functools import cache

from . import landlock, seccomp

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_KEEPCAPS, _PR_SET_NO_NEW_PRIVS = 1, 4, 8, 38
_CAPABILITY_VERSION, _DAC_READ_SEARCH = 0x20080522, 1 << 2


@dataclass(frozen=True)
class Limits:
    """What one worker may use up."""

    memory: int = 2 * 2**30
    """Bytes of address space."""
    cpu: int = 150
    """Seconds of processor time, over all threads; the trusted side's own bounds are in wall time and shorter."""
    file_size: int = 16 * 2**20
    """Bytes of any one file."""
    open_files: int = 64
    tasks: int = 64
    """Processes and threads of the worker's owner; the filter allows threads alone."""


@dataclass(frozen=True)
class Files:
    """What Landlock lets the worker open; see `landlock.restrict`."""

    read: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    scopes: bool = True


@dataclass(frozen=True)
class Lock:
    """What is closed; the defaults close everything that needs no further word."""

    limits: Limits | None = Limits()
    files: Files | None = None
    """None where mounts bound what can be opened."""
    identity: int | None = None
    """User and group to become; None to stay, which root never does of its own will."""
    keep_reading: bool = False
    """Keep the one capability to enter folders closed to others; Landlock or mounts still bound what is read."""
    parent: int | None = None
    """Die with this process; None where the sandbox around the worker sees to that."""
    filter: bool = True
    permit: tuple[str, ...] = ()
    """Calls that the filter lets through in addition; the tests of the tests switch protections off."""

    def text(self) -> str:
        """The lock as an argument of a command."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> Lock:
        """The inverse of `text`."""
        data = json.loads(text)
        limits = Limits(**data.pop("limits")) if data["limits"] else data.pop("limits")
        files = data.pop("files")
        if files:
            read, excluded, devices = (tuple(files[key]) for key in ("read", "excluded", "devices"))
            files = Files(read, excluded, devices, files["scopes"])
        return cls(limits=limits, files=files, permit=tuple(data.pop("permit")), **data)

    def close(self) -> None:
        """Lock this process, for good.

        Raises:
            OSError: something could not be closed; the process must not go on.
        """
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        if self.limits:
            _limit(self.limits)
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
        if self.files:
            landlock.restrict(self.files.read, self.files.excluded, self.files.devices, self.files.scopes)
        if self.identity is not None:
            _become(self.identity, self.keep_reading)
        if self.parent is not None:
            # After the identity: a change of it takes the wish back.
            die_with(self.parent)
        _prctl(_PR_SET_DUMPABLE, 0)
        if self.filter:
            seccomp.install(self.permit)


def die_with(parent: int) -> None:
    """End this process when the thread that started it ends.

    Raises:
        OSError: that process is not the parent any more.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise OSError("the process that asked for this one is gone")


def _limit(limits: Limits) -> None:
    import resource  # here, since the trusted side reads this file on systems that have none

    for kind, value in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, limits.cpu),
        (resource.RLIMIT_FSIZE, limits.file_size),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_NPROC, limits.tasks),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        least = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (least, least))


def _become(identity: int, keep_reading: bool) -> None:
    if keep_reading:
        _prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(identity, identity, identity)
    os.setresuid(identity, identity, identity)
    drop_capabilities(_DAC_READ_SEARCH if keep_reading else 0)


def drop_capabilities(kept: int = 0) -> None:
    """Give up every capability but those in a mask.

    Raises:
        OSError: the kernel refuses.
    """
    header = struct.pack("Ii", _CAPABILITY_VERSION, 0)
    low_and_high = struct.pack("6I", kept, kept, 0, 0, 0, 0)
    if libc().capset(header, low_and_high) != 0:
        raise OSError(ctypes.get_errno(), "capabilities could not be dropped")


@cache
def libc() -> ctypes.CDLL:
    """The C library, with its functions as they are found: once in a process, and in those that are forked from it."""
    return ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int) -> None:
    if libc().prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option} refused")
