"""Several submissions at a time on this machine, each as soon as it is done."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing
from itertools import islice
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def each(work: Callable[[str], T], students: Sequence[str], jobs: int) -> Generator[tuple[str, T], None, None]:
    """Each student with what `work` returns for one, several at a time, as soon as it is done.

    Only a few wait for the caller, as each may take much memory. What is not yet begun when the caller stops, or `work`
    raises, is not begun any more.
    """
    pool = ThreadPoolExecutor(max_workers=max(1, jobs))
    left = iter(students)
    try:
        waiting = {pool.submit(work, student): student for student in islice(left, 2 * jobs)}
        while waiting:
            wait(waiting, return_when=FIRST_COMPLETED)
            for outcome in [outcome for outcome in waiting if outcome.done()]:
                student = waiting.pop(outcome)
                waiting.update((pool.submit(work, student), student) for student in islice(left, 1))
                yield student, outcome.result()
    finally:
        pool.shutdown(cancel_futures=True)


def counted(
    outcomes: Generator[tuple[str, T], None, None], total: int, what: str
) -> Generator[tuple[str, T], None, None]:
    """The same, with a bar in a terminal that says how many of them there were."""
    with (
        closing(outcomes),
        tqdm(total=total, desc=what, unit="submission", file=sys.stderr, disable=total < 2) as progress,
    ):
        for outcome in outcomes:
            yield outcome
            progress.update()


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
