"""A submission that tries to get out, for the self-test: it runs in the sandbox in place of a student's package."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import resource
import signal
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

_PR_GET_NO_NEW_PRIVS = 39
_CAPABILITY_VERSION, _DAC_READ_SEARCH = 0x20080522, 1 << 2


def attempts(canary: str, port: int, name: str, grader: int) -> dict[str, np.ndarray]:
    """Try each thing that a sandbox must refuse; the answer says which of them worked.

    Args:
        canary: a file outside that everybody may read and write.
        port: a port on the loopback that is listened on.
        name: an abstract socket that is listened on.
        grader: the number of a process outside.
    """
    tries: dict[str, Callable[[], object]] = {
        "read a file": lambda: Path(canary).read_bytes(),
        "write a file": lambda: Path(canary).write_bytes(b"changed"),
        "make a file": lambda: Path(canary).with_name("made").write_bytes(b""),
        "change a file's permissions": lambda: Path(canary).chmod(0),
        "reach the loopback": lambda: socket.create_connection(("127.0.0.1", port), 1),
        "send a datagram": lambda: _datagram(socket.AF_INET, ("127.0.0.1", port)),
        "reach an abstract socket": lambda: _datagram(socket.AF_UNIX, "\0" + name),
        "start a process": _fork,
        "run a program": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "signal another process": lambda: _signal(grader),
        "lower another process's limits": lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CORE, (0, 0)),
        "take 4 GB": lambda: mmap.mmap(-1, 4 * 2**30),
        "open 1000 files": _open_many,
        "make a file in memory": lambda: os.memfd_create("hidden"),
        "gain privileges": _may_gain_privileges,
        "use a capability": _has_capabilities,
    }
    return {what: np.array(_works(attempt)) for what, attempt in tries.items()}


def _works(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (OSError, MemoryError, OverflowError, ValueError):
        return False
    return True


def _datagram(family: int, address: tuple[str, int] | str) -> None:
    with socket.socket(family, socket.SOCK_DGRAM) as end:
        end.sendto(b"out", address)


def _open_many() -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(1000):
            stack.enter_context(Path(os.devnull).open("rb"))


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _signal(grader: int) -> None:
    """Signal a process number that is the grader's outside, and perhaps no process's in here."""
    for process in (grader, os.getppid()):
        os.kill(process, signal.SIGCONT)


def _may_gain_privileges() -> None:
    if ctypes.CDLL(None).prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1:
        raise PermissionError


def _has_capabilities() -> None:
    """Whether any is effective but the one to enter folders that are closed to others."""
    found = ctypes.create_string_buffer(24)
    if ctypes.CDLL(None).capget(struct.pack("Ii", _CAPABILITY_VERSION, 0), found) == 0:
        low, _, _, high, _, _ = struct.unpack("6I", found)
        if not (low & ~_DAC_READ_SEARCH or high):
            raise PermissionError
