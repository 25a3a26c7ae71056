"""A room for one process: namespaces with nobody else in them, and a root of what it may read, as bubblewrap makes.

    Room(...).enter()  # comes back in the process inside, the second of its room

For workers that are forked (`zygote`), where bubblewrap is the sandbox of those that start afresh: a program that is
started anew for each would have to start Python anew, too. It is a dozen system calls, which `ctypes` makes.

This file runs beside student code: Python alone, and nothing else of the kit but its neighbours.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import select
import signal
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from .lock import die_with, drop_capabilities, libc

_NEW_MOUNTS, _NEW_CGROUP, _NEW_UTS, _NEW_IPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
_NEW_USER, _NEW_PIDS, _NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
NAMESPACES = {"ipc": _NEW_IPC, "pid": _NEW_PIDS, "net": _NEW_NETWORK, "uts": _NEW_UTS, "cgroup": _NEW_CGROUP}
"""By bubblewrap's names; that of mounts is always made, that of users where `Room.user` asks for it."""

_NOSUID, _NODEV, _BIND, _RECURSIVE, _PRIVATE = 2, 4, 4096, 16384, 1 << 18
_READ_ONLY, _NO_SUID, _NO_DEVICES, _NO_PROGRAMS = 1, 2, 4, 8
_MOUNT_SETATTR, _PIVOT_ROOT = 442, {"x86_64": 155, "aarch64": 41}
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_DETACH = 2
_SIGNALLED, _KILL = 128, 1 << 5

_BASE, _NEW, _OLD = "/tmp", "/new", "/old"
"""A folder that is everywhere, on which the room is built, and where the roots are meanwhile."""


@dataclass(frozen=True)
class Room:
    """What is there, and what is not."""

    bound: tuple[str, ...]
    """Files and folders that may be read, where they are outside; nothing in them can be written."""
    links: tuple[tuple[str, str], ...]
    """Links in the root, by where they are."""
    excluded: tuple[str, ...]
    """Folders within those that are empty here."""
    devices: tuple[str, ...]
    stage: str
    """The folder of the submission, outside."""
    at: str
    """And inside."""
    scratch: int
    """Bytes of a private /tmp; 0 for none."""
    user: bool
    """Whether it needs a namespace of users, which all need but a root who may mount."""
    namespaces: int = sum(NAMESPACES.values())

    def enter(self) -> None:
        """Return in a process in the room; two others wait for its end, and then end as it did.

        Raises:
            OSError: the kernel refuses a part of it; the process must not go on.
        """
        identity, group = os.geteuid(), os.getegid()
        _checked("unshare", _NEW_MOUNTS | self.namespaces | (_NEW_USER if self.user else 0))
        if self.user:
            Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
            Path("/proc/self/uid_map").write_text(f"{identity} {identity} 1", encoding="ascii")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
        self._furnish()
        socket.sethostname("sandbox")
        _wait_outside()
        _wait_as_the_first()
        if self.user:
            # Whoever makes a namespace of users has every right in it.
            drop_capabilities()
        os.environ["TMPDIR"] = "/tmp"

    def _furnish(self) -> None:
        mask = os.umask(0o022)
        # Links are followed while what they lead to is still where they say.
        sources = {path: os.path.realpath(path) for path in (*self.bound, *self.devices, self.stage)}
        _mount(None, "/", None, _RECURSIVE | _PRIVATE)
        _mount("tmpfs", _BASE, "tmpfs", _NOSUID | _NODEV, "mode=0755")
        for name in (_NEW, _OLD):
            Path(_BASE + name).mkdir(0o755)
        _pivot(_BASE, _BASE + _OLD)
        _mount("tmpfs", _NEW, "tmpfs", _NOSUID | _NODEV, "mode=0755")
        if self.scratch:
            # First, since an environment may lie in the host's /tmp.
            self._empty("/tmp", f"mode=1777,size={self.scratch}")
        for link, to in self.links:
            Path(_NEW + link).symlink_to(to)
        for path in self.bound:
            _bind(sources[path], path, _READ_ONLY | _NO_SUID | _NO_DEVICES)
        for path in self.excluded:
            self._empty(path, "mode=0755")
            _restrict(_NEW + path, _READ_ONLY)
        for path in self.devices:
            _bind(sources[path], path, _NO_SUID | _NO_PROGRAMS)
        _bind(sources[self.stage], self.at, _READ_ONLY | _NO_SUID | _NO_DEVICES)
        # What holds the mount points is memory too, and would belong to the worker.
        _restrict(_NEW, _READ_ONLY, 0)
        _checked("umount2", _OLD.encode(), _DETACH)
        os.chdir(_NEW)
        _pivot(".", ".")
        _checked("umount2", b".", _DETACH)
        os.chdir("/")
        os.umask(mask)

    def _empty(self, path: str, options: str) -> None:
        Path(_NEW + path).mkdir(0o755, parents=True, exist_ok=True)
        _mount("tmpfs", _NEW + path, "tmpfs", _NOSUID | _NODEV, options)


_HEEDED = frozenset({signal.SIGTERM, signal.SIGCHLD})


def _wait_outside() -> None:
    """Return in the first process of the new room; this one waits for it."""
    here, there = os.pipe()
    signal.pthread_sigmask(signal.SIG_BLOCK, _HEEDED)
    first = os.fork()
    if first == 0:
        os.close(there)
        # From in here the process outside has no number; the pipe says whether it is there.
        die_with(0)
        if select.select([here], [], [], 0)[0]:
            raise OSError("the process that asked for this one is gone")
        os.close(here)
        return
    _keep_nothing(there)
    _wait_for(first, signal.SIGTERM)


def _wait_as_the_first() -> None:
    """Return in the second process of a room; the first waits for it, and the kernel ends all others with the first."""
    worker = os.fork()
    if worker == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEEDED)
        return
    # As root it ends a worker with another identity than its own.
    _keep_nothing(rights=_KILL)
    _wait_for(worker, signal.SIGKILL)


def _wait_for(child: int, passed_on: signal.Signals) -> NoReturn:
    """End as a child does, as a shell whose command ended, or when asked to.

    Waiting counts what the child has used, which the kernel forgets where it ends a room by itself.

    Args:
        child: its number.
        passed_on: what it is sent when this process is asked to end.
    """
    while True:
        if signal.sigwait(_HEEDED) == signal.SIGTERM:
            os.kill(child, passed_on)
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == child:
                    code = os.waitstatus_to_exitcode(ended[1])
                    os._exit(code if code >= 0 else _SIGNALLED - code)


def _keep_nothing(but: int = -1, rights: int = 0) -> None:
    """Let go of everything that whoever waits for the worker could wait for, and of all rights but some."""
    if but >= 0:
        os.dup2(but, 0)
    os.closerange(int(but >= 0), os.sysconf("SC_OPEN_MAX"))
    drop_capabilities(rights)


def _bind(source: str, path: str, attributes: int) -> None:
    """Show what is outside at a path in the new root, with what may be done with it."""
    source, target = _OLD + source, Path(_NEW + path)
    if Path(source).is_dir():
        target.mkdir(0o755, parents=True, exist_ok=True)
    else:
        target.parent.mkdir(0o755, parents=True, exist_ok=True)
        target.touch()
    _mount(source, str(target), None, _BIND | _RECURSIVE)
    _restrict(str(target), attributes)


def _restrict(path: str, attributes: int, flags: int = _AT_RECURSIVE) -> None:
    wanted = struct.pack("4Q", attributes, 0, 0, 0)
    _checked("syscall", _MOUNT_SETATTR, _AT_FDCWD, path.encode(), flags, wanted, len(wanted))


def _pivot(root: str, old: str) -> None:
    _checked("syscall", _PIVOT_ROOT[platform.machine()], root.encode(), old.encode())
    if old != ".":
        os.chdir("/")


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    texts = [None if text is None else text.encode() for text in (source, target, kind, options)]
    _checked("mount", *texts[:3], flags, texts[3])


def _checked(call: str, *arguments: object) -> None:
    # `syscall` takes longs; a plain int would be passed as a C int.
    longs = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    if getattr(libc(), call)(*longs) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{call}: {os.strerror(error)}")
