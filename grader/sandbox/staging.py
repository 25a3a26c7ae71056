"""Puts together what a student's process gets to see: the student's modules, the given ones restored, and the worker.

Files of a submission are copied as bytes; nothing in them is read as anything else on this side.
"""

from __future__ import annotations

import importlib.util
import marshal
import sys
from collections.abc import Mapping
from functools import lru_cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
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
    package, made = target / SUBMISSION / assignment.package, set[Path]()
    for name, content in {**modules, **handed_out}.items():
        path = package / name
        if (folder := path.parent) not in made:
            folder.mkdir(parents=True, exist_ok=True)
            made.add(folder)
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
    """Write `target/kit`: the folders `INSIDE`, each module as text and as Python keeps it compiled."""
    for folder in INSIDE:
        place = target / "kit" / folder
        kept = place / "__pycache__"
        kept.mkdir(parents=True, exist_ok=True)
        for path in (KIT / folder).glob("*.py"):
            text = path.read_bytes()
            (place / path.name).write_bytes(text)
            if text:
                (kept / f"{path.stem}.{sys.implementation.cache_tag}.pyc").write_bytes(_compiled(path, text))
        # Without one, a package of the same name further down the path would be taken instead.
        (place.parent / "__init__.py").touch()


def stage_names(target: Path) -> None:
    """Write a `target/kit` that holds the names of the kit's packages alone, for a worker that has imported the rest.

    Without them, packages of the same names further down the path would be taken, or pass for modules that are missing.
    """
    for folder in INSIDE:
        place = target / "kit" / folder
        place.mkdir(parents=True)
        (place / "__init__.py").touch()
        (place.parent / "__init__.py").touch()


_UNCHECKED = 1
"""Says in a compiled module that it is not compared with its text: both are written here, for a reader who cannot
write. A Python of another version takes the text."""


@lru_cache(maxsize=128)
def _compiled(path: Path, text: bytes) -> bytes:
    """A module of the kit, compiled; from what Python keeps beside it, if that is of this text."""
    name = path.relative_to(KIT).as_posix()
    code = SourceFileLoader(path.stem, str(path)).get_code(path.stem)
    assert code is not None
    head = importlib.util.MAGIC_NUMBER + _UNCHECKED.to_bytes(4, "little") + importlib.util.source_hash(text)
    return head + marshal.dumps(_called(code, name))


def _called(code: CodeType, name: str) -> CodeType:
    """Code under the name of another file: where the kit lies is not told to a submission."""
    inner = (_called(part, name) if isinstance(part, CodeType) else part for part in code.co_consts)
    return code.replace(co_filename=name, co_consts=tuple(inner))
