"""What an attacker would like to reach: a course with its gradebook, listening sockets, another student's work.

All of it may be read and written by everybody, so that nothing but the sandbox keeps an attack away from it.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import secrets
import shutil
import socket
import sqlite3
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from checks.core import Assignment

from ..course import Course, copy_configuration
from ..publish.release import release
from ..reference.render import render_package
from ..sandbox.launch import worker_python
from ..sandbox.temporary import temporary_folder

_NOT_COPIED = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
_PR_SET_CHILD_SUBREAPER = 36
MARKER = "GRADER_HOST_SECRET"
"""A variable of the host's environment."""


@dataclass(frozen=True)
class World:
    """A course in a folder of its own, and everything around it that an attack may change."""

    folder: Path
    course: Course
    assignment: Assignment
    solution: dict[str, bytes]
    """The rendered solution, by path inside the package."""
    names: dict[str, str]
    """What the words in an attack's text stand for."""
    listeners: dict[str, socket.socket]
    written: tuple[Path, ...] = ()
    """What grading itself writes."""

    def state(self, kept: Collection[int] = ()) -> dict[str, object]:
        """Everything that an attack might change, to be compared with what it was.

        Args:
            kept: the sandbox's own processes, which stay; what descends from them may not.
        """
        found: dict[str, object] = {}
        written = tuple(f"{path}/" for path in self.written)
        for path in [self.folder, *sorted(self.folder.rglob("*"))]:
            if f"{path}/".startswith(written):
                continue
            status = path.lstat()
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            if path.is_symlink():
                content = f"-> {path.readlink()}"
            found[str(path)] = (status.st_mode, status.st_mtime_ns if path.is_file() else 0, content)
        packages = Path(self.names["packages"])
        found["environment"] = sorted((path.name, path.stat().st_mtime_ns) for path in packages.iterdir())
        for shared in ("/tmp", "/dev/shm"):
            found[shared] = (Path(shared) / self.names["left"]).exists()
        found["heard"] = [name for name, listener in self.listeners.items() if _heard(listener)]
        found["listening"] = _is_listened_to(int(self.names["free"]))
        found["processes"] = _children(kept)
        return found


@contextlib.contextmanager
def world(course: Course, assignment: Assignment, *, nbgrader: bool = False) -> Iterator[World]:
    """Copy what matters of a course and put listening ears around it; all of it is gone afterwards.

    With `nbgrader` the copy has a release and a gradebook, else files that stand for gradebook and results. What a
    process of an attack leaves behind becomes a child of this process, where it is found.
    """
    before = os.environ.get(MARKER)
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with contextlib.ExitStack() as stack:
        stack.callback(ctypes.CDLL(None).prctl, _PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        folder = stack.enter_context(temporary_folder())
        copy = _copy(course, assignment, folder / "course")
        if nbgrader:
            release(copy, assignment.name, execute=False)
            assignment = copy.assignment(assignment.name)
        else:
            _furnish(copy, assignment)
        listeners, ports = _listeners(stack)
        os.environ[MARKER] = "not for students"
        stack.callback(_restore, MARKER, before)
        own = Path(assignment.modules[0]).stem
        given = (path.stem for path in sorted(copy.package.glob("[!_]*.py")) if path.name not in assignment.modules)
        names = {
            "package": copy.package.name,
            "name": assignment.name,
            "module": own,
            "given": next(given, own),
            "course": str(copy.root),
            "gradebook": str(copy.root / "grades.db"),
            "results": str(copy.store / "results" / assignment.name / "ivo.json"),
            "secret": str(copy.store / "secret"),
            "other": str(copy.submitted / "ivo" / assignment.name / assignment.package / assignment.modules[0]),
            "packages": str(next((worker_python(copy).parent.parent / "lib").glob("python*")) / "site-packages"),
            "grader": str(os.getpid()),
            "marker": MARKER,
            "left": f"left-by-eve-{os.getpid()}",
            **ports,
        }
        open_to_everybody(folder)
        graded = (copy.root / "autograded", copy.root / "feedback", copy.root / "grades.db", copy.store / "results")
        written = (*graded, *(copy.store / name for name in ("runs", "locks", "people.json"))) if nbgrader else ()
        solution = render_package(copy, assignment).solution
        yield World(folder, copy, assignment, solution, names, listeners, written)


def _copy(course: Course, assignment: Assignment, root: Path) -> Course:
    copy = Course(root)
    for original in (course.package, course.checks):
        shutil.copytree(original, root / original.name, ignore=_NOT_COPIED)
    copy.notebook(assignment.name).parent.mkdir(parents=True)
    shutil.copy(course.notebook(assignment.name), copy.notebook(assignment.name))
    for catalogue in course.source.glob(f"{assignment.name}.*.po"):
        shutil.copy(catalogue, copy.source)
    copy_configuration(course, root)
    copy.store.mkdir()
    (copy.store / "secret").write_text(secrets.token_hex(32), encoding="ascii")
    other = copy.submitted / "ivo" / assignment.name / assignment.package
    other.mkdir(parents=True)
    shutil.copy(course.package / assignment.modules[0], other)
    return copy


def _furnish(copy: Course, assignment: Assignment) -> None:
    with contextlib.closing(sqlite3.connect(copy.root / "grades.db")) as database:
        database.execute("CREATE TABLE grade (student TEXT, points REAL)")
        database.execute("INSERT INTO grade VALUES ('ivo', 1.0)")
        database.commit()
    results = copy.store / "results" / assignment.name
    results.mkdir(parents=True)
    (results / "ivo.json").write_text('{"ivo": 1.0}', encoding="ascii")


def _listeners(stack: contextlib.ExitStack) -> tuple[dict[str, socket.socket], dict[str, str]]:
    tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    port = tcp.getsockname()[1]
    udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    udp.bind(("127.0.0.1", port))
    abstract = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    abstract.bind(f"\0grader-{port}")
    # Its path must be short, which the temporary folder's may not be.
    path = stack.enter_context(temporary_folder("/tmp"))
    path.chmod(0o755)
    named = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    named.bind(str(path / "s"))
    (path / "s").chmod(0o777)
    with socket.create_server(("127.0.0.1", 0)) as unused:
        free = unused.getsockname()[1]
    listeners = {"tcp": tcp, "udp": udp, "abstract": abstract, "named": named}
    for listener in listeners.values():
        listener.setblocking(False)
    names = {"port": str(port), "free": str(free), "abstract": f"grader-{port}", "socket": str(path / "s")}
    return listeners, names


def open_to_everybody(folder: Path) -> None:
    """Let everybody read and write what lies in a folder, but for what its links lead to."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o777 if path.is_dir() else 0o666)


def _heard(listener: socket.socket) -> bool:
    try:
        if listener.type == socket.SOCK_STREAM:
            listener.accept()[0].close()
        else:
            listener.recv(1)
    except BlockingIOError:
        return False
    return True


def _is_listened_to(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as end:
        return end.connect_ex(("127.0.0.1", port)) == 0


def _children(kept: Collection[int], patience: float = 5.0) -> list[str]:
    """Processes that descend from this one and still run; one that is about to end gets a moment."""
    deadline = time.monotonic() + patience
    while (found := _descendants(kept)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def _descendants(kept: Collection[int]) -> list[str]:
    processes = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, _, rest = path.read_text().partition(" (")[2].rpartition(") ")
            state, parent = rest.split()[:2]
            processes[int(path.parent.name)] = (int(parent), state, name)
    wanted, found = [os.getpid()], []
    while wanted:
        one = wanted.pop()
        for number, (its_parent, state, name) in processes.items():
            if its_parent == one and state not in "ZX":
                wanted.append(number)
                found += [name] if number not in kept else []
    return sorted(found)


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
