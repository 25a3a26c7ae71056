"""The two sandboxes: bubblewrap around a locked worker, and a worker that locks itself with nothing installed.

Both put the same lock on the worker from the inside (`lock`: limits, no new privileges, system calls). bubblewrap adds
namespaces, so that the worker sees no other process, no network and no file but its own; without it Landlock bounds
what can be opened.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from socket import socket

from ..errors import GraderError
from ..worker.lock import Files, Limits, Lock
from ..worker.room import NAMESPACES, Room
from .launch import clean_environment
from .layout import Layout

BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from grader.worker.lock import Lock; Lock.parse(sys.argv[3]).close(); "
    "from grader.worker.{} import main; main(sys.argv[2])"
)

IDENTITIES = range(61184, 65520)
"""What systemd sets aside for users that exist as long as a service does; each worker of root's gets one of its own."""

SCRATCH = 16 * 2**20
"""Bytes of the private /tmp."""

STAGE = "/stage"
"""Where a worker in bubblewrap finds its submission, wherever it is outside."""

_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
_ROOT_LINKS = ("/lib", "/lib32", "/lib64", "/libx32")


@dataclass(frozen=True)
class LandlockLauncher:
    """Landlock, seccomp and limits, put on by the worker itself. Nothing can be written anywhere."""

    layout: Layout
    lock: Lock = field(default_factory=lambda: Lock(limits=Limits(tasks=4096)))
    """Tasks are counted over everything that the owner runs, where there is no namespace and no identity of its own."""
    files: bool = True
    scopes: bool = True
    identity: bool = True
    """Whether root's workers get an identity of their own; it, `files` and `scopes` are switched off by tests alone."""
    errors: int = subprocess.DEVNULL
    """Where the worker's own words go before it is locked."""
    worker: str = "main"
    """The module of `grader.worker` that runs inside."""
    name: str = "landlock"

    def start(self, stage: Path, end: socket) -> subprocess.Popen[bytes]:
        """See `Launcher`."""
        lock = self.lock_for(stage, os.getpid())
        boot = BOOT.format(self.worker)
        command = [self.layout.python, "-I", "-c", boot, str(stage / "kit"), str(stage / "submission"), lock.text()]
        return _start(command, end, stage / "submission", clean_environment(), self.errors)

    def lock_for(self, stage: Path, parent: int) -> Lock:
        """What a worker on a stage closes, which is opened to its identity; it dies with its parent."""
        lock = replace(self.lock, parent=parent)
        if self.files:
            read = (*self.layout.read, str(stage), *_DEVICES)
            lock = replace(lock, files=Files(read, self.layout.excluded, ("/dev/null",), self.scopes))
        if _is_root() and self.identity:
            reached = all(map(_reached_by_others, (*self.layout.read, str(stage.parent))))
            lock = replace(_with_identity(lock, stage), keep_reading=not reached)
        return lock


@dataclass(frozen=True)
class BubblewrapLauncher:
    """bubblewrap's namespaces around a locked worker, with a private /tmp of `SCRATCH` bytes."""

    layout: Layout
    program: str
    user_namespace: bool
    """Needed by all but a root who may mount."""
    perms: bool = True
    """Older versions cannot set permissions; a root who may mount then uses a user namespace."""
    scratch: bool = True
    """Older versions cannot bound the size of /tmp, and get none."""
    lock: Lock = field(default_factory=Lock)
    options: tuple[str, ...] = field(
        default=(
            *("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"),
            *("--die-with-parent", "--new-session", "--cap-drop", "ALL"),
        )
    )
    errors: int = subprocess.DEVNULL
    worker: str = "main"
    name: str = "bwrap"

    def start(self, stage: Path, end: socket) -> subprocess.Popen[bytes]:
        """See `Launcher`."""
        lock = self.lock_for(stage)
        options = [*self.options, "--hostname", "sandbox"]
        if self.user_namespace:
            options += ["--unshare-user"]
        elif lock.identity is not None:
            options += [*("--cap-add", "CAP_SETUID"), *("--cap-add", "CAP_SETGID")]
            options += ["--cap-add", "CAP_DAC_READ_SEARCH"] if lock.keep_reading else []
        command = [self.program, *options, *self._mounts(stage), "--chdir", f"{STAGE}/submission", "--"]
        boot = BOOT.format(self.worker)
        command += [self.layout.python, "-I", "-c", boot, f"{STAGE}/kit", f"{STAGE}/submission", lock.text()]
        return _start(command, end, Path("/"), clean_environment() | {"TMPDIR": "/tmp"}, self.errors)

    def lock_for(self, stage: Path) -> Lock:
        """What a worker on a stage closes, which is opened to its identity."""
        if self.user_namespace or not _is_root():
            return self.lock
        keep_reading = not all(map(_open_to_others, self.layout.read))
        return replace(_with_identity(self.lock, stage), keep_reading=keep_reading)

    def room_for(self, stage: Path) -> Room:
        """The same namespaces and files without the program."""
        links = [(link, str(Path(link).readlink())) for link in _ROOT_LINKS if Path(link).is_symlink()]
        excluded = tuple(path for path in self.layout.excluded if _lies_in(path, self.layout.read))
        named = (option.removeprefix("--unshare-").removesuffix("-try") for option in self.options)
        return Room(
            bound=tuple(self._bound()),
            links=tuple(links),
            excluded=excluded,
            devices=_DEVICES,
            stage=str(stage),
            at=STAGE,
            scratch=SCRATCH if self.scratch else 0,
            user=self.user_namespace,
            namespaces=sum(NAMESPACES[name] for name in named if name in NAMESPACES),
        )

    def _bound(self) -> list[str]:
        inside = [path for path in self.layout.links[1:] if not _lies_in(path, self.layout.read)]
        return [*self.layout.read, *inside]

    def _mounts(self, stage: Path) -> list[str]:
        bound = self._bound()
        mounts = []
        if self.scratch:
            # First, since an environment may lie in the host's /tmp.
            mounts += [*("--perms", "1777"), *("--size", str(SCRATCH)), *("--tmpfs", "/tmp")]
        for link in _ROOT_LINKS:
            if Path(link).is_symlink():
                mounts += ["--symlink", str(Path(link).readlink()), link]
        if self.perms:
            # Left to itself, bubblewrap closes the folders on the way to others.
            parents = {str(parent) for path in (*bound, "/dev/null") for parent in Path(path).parents} - {"/"}
            for parent in sorted(parents):
                mounts += ["--perms", "0755", "--dir", parent]
        for path in bound:
            mounts += ["--ro-bind", path, path]
        for path in self.layout.excluded:
            if _lies_in(path, self.layout.read):
                mounts += ["--tmpfs", path, "--remount-ro", path]
        for device in _DEVICES:
            mounts += ["--dev-bind", device, device]
        mounts += ["--ro-bind", str(stage), STAGE]
        # What holds the mount points is memory too, and would belong to the worker.
        return [*mounts, "--remount-ro", "/"]


def bubblewraps(layout: Layout) -> list[BubblewrapLauncher]:
    """The ways in which bubblewrap may work here, the one that drops most first; empty if it is not installed."""
    program = shutil.which("bwrap")
    if program is None:
        return []
    try:
        usage = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    perms, size = "--perms" in usage, "--size" in usage
    ways = (False, True) if _is_root() and perms else (True,)
    return [BubblewrapLauncher(layout, program, way, perms, perms and size) for way in ways]


def _start(
    command: list[str], end: socket, folder: Path, environment: dict[str, str], errors: int
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            stdin=end.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=errors,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise GraderError(f"{command[0]}: cannot be started ({error.strerror}). Next: grader doctor.") from None


def _with_identity(lock: Lock, stage: Path) -> Lock:
    """The lock with an identity of its own, to whose group the stage is opened."""
    identity = secrets.choice(IDENTITIES)
    for path in (stage, *stage.rglob("*")):
        os.chown(path, -1, identity)
        path.chmod(0o750 if path.is_dir() else 0o640)
    limits = replace(lock.limits, tasks=min(lock.limits.tasks, Limits.tasks)) if lock.limits else None
    return replace(lock, identity=identity, limits=limits)


def _lies_in(path: str, folders: Sequence[str]) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in folders)


def _is_root() -> bool:
    return os.geteuid() == 0


def _reached_by_others(path: str) -> bool:
    """True if a stranger can come to the path and read it."""
    return _open_to_others(path) and all(parent.stat().st_mode & 0o001 for parent in Path(path).parents)


def _open_to_others(path: str) -> bool:
    mode = Path(path).stat().st_mode
    return bool(mode & 0o004) and (not stat.S_ISDIR(mode) or bool(mode & 0o001))
