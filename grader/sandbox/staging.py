"""Puts together what a student's process gets to see: the student's modules, the given ones restored, and the worker.

Files of a submission are copied as bytes; nothing in them is read as anything else on this side.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..course import KIT

if TYPE_CHECKING:
    from checks.core import Assignment

HANDED_OUT, STAND_INS = "handed_out", "stand_ins.py"
"""Where in a stage's kit the worker finds the modules that stand-ins take the place in, and the stand-ins."""
SUBMISSION = "submission"
"""Where in a stage the submission goes: the package, and nothing beside it."""
INSIDE = ("checks/executor", "grader/worker")
"""The folders of the kit that run beside student code, and nothing else of it does."""


def stage(modules: Mapping[str, bytes], assignment: Assignment, given: dict[str, bytes], target: Path) -> None:
    """Write the package below `target/submission`, for a worker that may have an identity of its own.

    Args:
        modules: the student's, by path inside the package.
        assignment: names the modules that a student may edit.
        given: every module that is handed out, by path.
        target: the stage.
    """
    handed_out = {name: content for name, content in given.items() if name not in assignment.modules}
    for name, content in {**modules, **handed_out}.items():
        path = target / SUBMISSION / assignment.package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o644)
    for path in (target / SUBMISSION).rglob("*/"):
        path.chmod(0o755)


def stage_stand_ins(assignment: Assignment, given: dict[str, bytes], target: Path) -> None:
    """Write what a worker on `target` takes to run a network over stand-ins."""
    folder = target / "kit" / HANDED_OUT
    folder.mkdir()
    files = {folder / f"{module}.py": given[f"{module}.py"] for module in assignment.substituted}
    files[target / "kit" / STAND_INS] = assignment.stand_ins.read_bytes()
    for path, content in files.items():
        path.write_bytes(content)
        path.chmod(0o644)
    folder.chmod(0o755)


def stage_kit(target: Path) -> None:
    """Write `target/kit`: the folders `INSIDE`."""
    for folder in INSIDE:
        place = target / "kit" / folder
        place.mkdir(parents=True)
        for path in (KIT / folder).glob("*.py"):
            shutil.copyfile(path, place / path.name)
        # Without one, a package of the same name further down the path would be taken instead.
        (place.parent / "__init__.py").touch()
