"""Puts together what a student's process gets to see: the student's modules, the given ones restored, and the worker.

Files of a submission are copied as bytes; nothing in them is read as anything else on this side.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from checks.core import Assignment

from .errors import GraderError
from .launch import KIT

PACKAGE = "funkcije"
MOST_MODULES = 100
LARGEST_MODULE = 2**20

WORKER_FILES = (
    "checks/executor.py",
    "grader/worker/main.py",
    "grader/worker/wire.py",
    "grader/sandbox/landlock.py",
    "grader/sandbox/lock.py",
    "grader/sandbox/seccomp.py",
    "grader/sandbox/syscalls.py",
)
"""All of the kit that runs beside student code."""


class NotASubmission(GraderError):
    """The folder holds nothing that can be graded."""


@dataclass(frozen=True)
class Submission:
    """The student's own modules, by path inside `funkcije/`, and what was left out."""

    modules: dict[str, bytes]
    left_out: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over the paths and bytes of the modules."""
        digest = hashlib.sha256()
        for path, content in sorted(self.modules.items()):
            digest.update(f"{path}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()


def read_submission(folder: Path, assignment: Assignment, given: dict[str, bytes]) -> Submission:
    """The modules that the student wrote: the editable ones, and helper modules that shadow no given one.

    Args:
        folder: the submission, which holds `funkcije/`.
        assignment: names the editable modules.
        given: every module that is handed out, by path inside `funkcije/`.

    Raises:
        NotASubmission: no such folder, or no `funkcije/` in it.
    """
    if not folder.is_dir():
        raise NotASubmission(f"{folder}: no such folder. Next: pass the folder that holds {PACKAGE}/.")
    package = folder / PACKAGE
    if package.is_symlink() or not package.is_dir():
        raise NotASubmission(
            f"{folder}: no {PACKAGE}/ in it, so there is nothing to grade. Next: pass the folder that holds {PACKAGE}/."
        )
    modules: dict[str, bytes] = {}
    left_out: list[str] = []
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package).as_posix()
        if "__pycache__" in path.parts or ".ipynb_checkpoints" in path.parts:
            continue
        if name in given and name not in assignment.modules:
            continue
        # Python prefers a folder `solver/` to the module `solver.py` beside it.
        shadows = "/" in name and name.partition("/")[0] + ".py" in given
        through_link = any(part.is_symlink() for part in (path, *path.parents) if part.is_relative_to(package))
        if (
            shadows
            or through_link
            or not path.is_file()
            or path.stat().st_size > LARGEST_MODULE
            or len(modules) >= MOST_MODULES
        ):
            left_out.append(name)
            continue
        modules[name] = path.read_bytes()
    return Submission(modules, tuple(left_out))


def stage(submission: Submission, assignment: Assignment, given: dict[str, bytes], target: Path) -> None:
    """Write `target/submission/funkcije` and `target/kit`."""
    handed_out = {name: content for name, content in given.items() if name not in assignment.modules}
    for name, content in (submission.modules | handed_out).items():
        path = target / "submission" / PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    stage_kit(target)


def stage_kit(target: Path) -> None:
    """Write `target/kit`."""
    for name in WORKER_FILES:
        path = target / "kit" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(KIT / name, path)
        # Without one, a package of the same name further down the path would be taken instead.
        (path.parent / "__init__.py").touch()
    (target / "kit" / "grader" / "__init__.py").touch()
