"""Makes the recordings of an assignment: what its checks need to run without the reference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from checks.core import Assignment, Check, Inputs
from checks.recording import FILE, HANDED_OUT, SEED, Writer

from .course import Course
from .errors import GraderError
from .oracle import LiveOracle
from .render import render_package


def record(course: Course, assignment: Assignment) -> dict[str, bytes]:
    """The files that a release's `checks/` gets besides the checks themselves, by path inside `checks/`.

    Raises:
        GraderError: a check draws inputs that depend on something else than the seed.
    """
    for check in assignment.checks:
        _refuse_unrepeatable(check)
    oracle = LiveOracle(course, assignment, SEED)
    writer = Writer()
    for check in assignment.checks:
        writer.add(check, oracle.case(check))
    stub = render_package(course, assignment).stub
    handed_out = {f"{HANDED_OUT}/{module}.py": stub[f"{module}.py"] for module in assignment.substituted}
    return {f"{assignment.name}/{name}": content for name, content in {FILE: writer.to_bytes(), **handed_out}.items()}


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
