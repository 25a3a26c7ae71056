"""Makes the recordings of an assignment: what its checks need to run without the reference."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

import checks
from checks.core import Assignment, Check, Inputs
from checks.engine.recording import FILE, HANDED_OUT, SEED, Writer

from ..course import Course
from ..errors import GraderError
from ..reference import cache
from ..reference.oracle import LiveOracle
from ..reference.render import render_package
from ..reference.versions import Versions

_CODE = (Path(checks.__file__).parent, Path(__file__).parents[1])
_LOADED = cache.digest_of(_CODE)
"""The code of the kit as this process runs it; a server that runs for days may find other files on the disk."""


def record(course: Course, assignment: Assignment) -> dict[str, bytes]:
    """The files that a release's `checks/` gets besides the checks themselves, by path inside `checks/`.

    They take ten seconds to make, so they are kept for the next time that the same is asked.

    Raises:
        GraderError: a check draws inputs that depend on something else than the seed.
    """
    return cache.kept(cache.place(course.root), lambda: _key(course, assignment), lambda: make(course, assignment))


def _key(course: Course, assignment: Assignment) -> str | None:
    """What the recordings depend on; None where files on the disk do not say it."""
    if cache.digest_of(_CODE) != _LOADED or assignment.name not in course.assignments():
        return None
    if course.assignment(assignment.name) is not assignment:
        return None
    return cache.digest_of(
        [course.package, course.checks], "recordings", assignment.name, repr(course.settings), _LOADED
    )


def make(course: Course, assignment: Assignment) -> dict[str, bytes]:
    """As `record`, made now.

    Raises:
        GraderError: as in `record`.
    """
    for check in assignment.checks:
        _refuse_unrepeatable(check)
    oracle = LiveOracle(Versions(course, assignment), SEED)
    writer = Writer(hints=oracle.hints)
    for check in assignment.checks:
        writer.add(check, oracle.case(check))
    stub = render_package(course, assignment).stub
    handed_out = {f"{HANDED_OUT}/{module}.py": stub[f"{module}.py"] for module in assignment.substituted}
    files = {FILE: writer.to_bytes(), **handed_out, **assignment.released}
    return {f"{assignment.name}/{name}": content for name, content in files.items()}


def _refuse_unrepeatable(check: Check) -> None:
    for once, again in zip(check.inputs(SEED), check.inputs(SEED), strict=True):
        if not _same(once, again):
            raise GraderError(
                f"{check.id}: draws other inputs when it draws again from the same seed. Next: draw from the "
                "generator that the check is given, and from nothing else."
            )


def _same(once: Inputs, again: Inputs) -> bool:
    values: Sequence[tuple[object, object]] = [(once[name], again.get(name)) for name in once]
    return once.keys() == again.keys() and all(np.array_equal(np.asarray(a), np.asarray(b)) for a, b in values)
