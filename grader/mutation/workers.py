"""What each process of `python -m grader.mutation` does; not in `__main__`, which a fresh process cannot import."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from checks.pretenders import Pretender

from ..course import Course
from .bench import RECORDED, Bench
from .pretenders import measure
from .tally import Row, Tally

_PRETENDED_ON = 5
"""Draws on which pretenders are tried, beside the recording."""

_bench: list[Bench] = []


def begin(course: Path, assignment: str, recording: Path) -> None:
    """Make the bench of this process."""
    found = Course(course)
    _bench.append(Bench(found, found.assignment(assignment), recording))


def work(draw: int, pairs: Sequence[tuple[str, str]], named: bool) -> Tally:
    """Everything on one draw."""
    [bench] = _bench
    return bench.on_draw(draw, pairs, named=named)


def pretend(kind: str, pretender: Pretender) -> Row:
    """What one pretender earns."""
    [bench] = _bench
    return measure(bench, kind, pretender, [*range(_PRETENDED_ON), RECORDED])
