"""The two environments of a course: `.venv-worker`, what student code may import, `.venv-notebook`, what notebooks may.

They lie in the course's root, since each course may ask for other packages, and go with it when it is deleted. The kit
has a lock for each (`grader/locks/`). Where `course.toml` names a requirements file, the course has locks of its own,
`locks/worker.txt` and `locks/notebook.txt`, resolved when that file is another than the one they were made from.

pip installs, by its own settings and with hashes; nothing here names a package index.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

from ..course import NOTEBOOK, WORKER, Course
from ..errors import GraderError
from ..files import write_whole
from ..sandbox.launch import python_in
from ..surroundings import without_secrets

LOCKS = Path(__file__).parents[1] / "locks"
_ENVIRONMENTS = {
    WORKER: ("worker.txt", "what student code may import: 80 MB, a few seconds"),
    NOTEBOOK: ("notebook.txt", "what a submitted notebook may import: 250 MB, half a minute"),
}
"""Of each environment, its lock and what it is."""
READY = ".ready"
"""In an environment that is whole: what it was made from."""
_MADE_FROM = "# Made by `grader setup` from the course's requirements, SHA-256 "

Tell = Callable[[str], None]


def set_up(course: Course, wheels: Path | None = None, tell: Tell = lambda line: None) -> None:
    """Make the environments that a course lacks, or whose locks are other ones by now.

    Args:
        course: in whose root they lie.
        wheels: a folder that holds all that the locks name, in place of an index.
        tell: is given a line for each step.

    Raises:
        GraderError: this Python is too old, or has no pip or no venv; or something cannot be installed.
    """
    _require_python(course)
    if wheels is not None and not wheels.is_dir():
        raise GraderError(f"{wheels}: expected a folder with wheels, found none. Next: check the spelling of --wheels.")
    for environment, (name, what) in _ENVIRONMENTS.items():
        folder = course.root / environment
        lock = _lock(course, name, wheels, tell)
        made_from = f"{sys.version.split()[0]} {hashlib.sha256(lock.read_bytes()).hexdigest()}\n"
        ready = folder / READY
        if ready.is_file() and ready.read_text(encoding="utf-8") == made_from and python_in(folder).is_file():
            ready.touch()
            tell(f"{environment} is as its lock says.")
            continue
        tell(f"Setting up {environment} ({what}) ...")
        _make(folder, lock, wheels)
        if environment == NOTEBOOK:
            _look_at_fonts(folder)
        write_whole(ready, made_from.encode(), mode=0o644)
    tell("The environments are ready.")
    if lacking := _lacking(course):
        tell(
            f"The reference runs in the kit's own environment, which lacks {', '.join(lacking)}. Next: "
            f"{sys.executable} -m pip install -r {course.settings.environment}"
        )


def _require_python(course: Course) -> None:
    wanted = tuple(map(int, course.settings.python.split(".")))
    if sys.version_info[:2] < wanted:
        raise GraderError(
            f"{course.root}: course.toml asks for Python {course.settings.python} or newer, and the kit runs on "
            f"{'.'.join(map(str, sys.version_info[:2]))}. Next: install the kit in an environment of a newer one."
        )
    for module, step in (("pip", f"{sys.executable} -m ensurepip"), ("venv", "apt install python3-venv, on Debian")):
        if subprocess.run([sys.executable, "-I", "-c", f"import {module}"], capture_output=True).returncode:
            raise GraderError(f"Python's module {module} is missing here, so nothing can be installed. Next: {step}.")


def _make(folder: Path, lock: Path, wheels: Path | None) -> None:
    """An environment with what a lock names, compiled at once: nothing can be written where student code runs."""
    if folder.is_symlink():
        folder.unlink()
    _run([sys.executable, "-I", "-m", "venv", "--clear", "--without-pip", str(folder)], str(folder))
    _pip(["--python", str(python_in(folder)), "install", "--require-hashes", "-r", str(lock)], wheels, str(lock))


def _look_at_fonts(folder: Path) -> None:
    """Matplotlib looks at every font when it is imported first; in a sandbox, where nothing is kept, each time."""
    place = folder / "matplotlib"
    place.mkdir()
    command = [str(python_in(folder)), "-I", "-c", "import matplotlib.font_manager"]
    _run(command, str(folder), MPLCONFIGDIR=str(place))


def _lock(course: Course, name: str, wheels: Path | None, tell: Tell) -> Path:
    """The lock of one environment: the kit's, or the course's own where it has requirements, made first if need be."""
    own = course.environment()
    kits = LOCKS / name
    if not own:
        return kits
    lock = course.root / "locks" / name
    made_from = _MADE_FROM + hashlib.sha256(own + kits.read_bytes()).hexdigest()
    if lock.is_file() and lock.read_text(encoding="utf-8").splitlines()[:1] == [made_from]:
        return lock
    tell(f"Resolving {lock.relative_to(course.root)} from {course.settings.environment} ...")
    lines = _resolved(kits.read_text(encoding="utf-8"), course.root / course.settings.environment, wheels)
    lock.parent.mkdir(exist_ok=True)
    write_whole(lock, "\n".join([made_from, *lines, ""]).encode(), mode=0o644)
    return lock


def worker_lock(course: Course) -> Path:
    """The lock of what student code may import: the kit's, or the course's own where it has requirements.

    Raises:
        GraderError: the course's own was not made yet.
    """
    lock = course.root / "locks" / "worker.txt" if course.environment() else LOCKS / "worker.txt"
    if not lock.is_file():
        raise GraderError(f"{lock}: not there. Next: `grader setup`, which makes it from the course's requirements.")
    return lock


def _lacking(course: Course) -> list[str]:
    """What the course's own lock adds to the kit's, and the kit's environment has not."""
    if not course.settings.environment:
        return []
    kits, own = (
        {line.partition("==")[0] for line in path.read_text(encoding="utf-8").splitlines() if "==" in line}
        for path in (LOCKS / "worker.txt", course.root / "locks" / "worker.txt")
    )
    return [name for name in sorted(own - kits) if not _is_installed(name)]


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _resolved(kits: str, requirements: Path, wheels: Path | None) -> list[str]:
    """What the kit's lock and a requirements file come to, each with its version and hash."""
    pinned = re.findall(r"^(\S+==\S+(?: ;[^\\\n]*)?)", kits, flags=re.MULTILINE)
    with tempfile.TemporaryDirectory() as folder:
        both, report = Path(folder, "both.txt"), Path(folder, "report.json")
        both.write_text("\n".join([*pinned, ""]), encoding="utf-8")
        asked = ["install", "--dry-run", "--ignore-installed", "--report", str(report)]
        asked += ["-r", str(both), "-r", str(requirements)]
        _pip(asked, wheels, str(requirements))
        found = json.loads(report.read_text(encoding="utf-8"))["install"]
    lines = []
    for one in found:
        digest = one["download_info"].get("archive_info", {}).get("hashes", {}).get("sha256")
        name, version = one["metadata"]["name"], one["metadata"]["version"]
        if not digest:
            raise GraderError(
                f"{requirements}: {name} {version} comes without a hash. Next: name a package that an index has."
            )
        lines.append(f"{re.sub(r'[-_.]+', '-', name).lower()}=={version} --hash=sha256:{digest}")
    return sorted(lines)


def _pip(arguments: Sequence[str], wheels: Path | None, what: str) -> None:
    source = ["--no-index", "--find-links", str(wheels)] if wheels is not None else []
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments, *source]
    _run(command, what)


def _run(command: Sequence[str], what: str, **variables: str) -> None:
    """Run a program of Python's.

    Raises:
        GraderError: it failed, with its last line.
    """
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**without_secrets(), **variables}
    )
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if line.strip()][-1:] or [f"status {done.returncode}"]
        step = (
            "check the name and pip's settings (pip config list)" if "pip" in command else "mend that, then try again"
        )
        raise GraderError(f"{what}: cannot be set up ({said[0].strip()[:300]}). Next: {step}.")
