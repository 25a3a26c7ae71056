"""The computer's cores: functions in threads of their own, and matrix products that keep to some of the cores.

Numpy's library for matrix products, OpenBLAS, splits every product over all cores, and the cores wait for each other at
its end. Where there is enough to do at the same time, it is better that each core works for itself. OpenBLAS can be
told so, but numpy has no function for that; where it cannot be found under numpy, functions run in turn.
"""

import ctypes
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from itertools import product
from pathlib import Path
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def at_once(functions: Sequence[Callable[[], T]]) -> list[T]:
    """The results of all functions, which are called at the same time where that is faster.

    Raises:
        Exception: what a function raised, once all have ended.
    """
    threads = _threads() if len(functions) > 1 and _openblas() is not None else None
    if threads is None:
        return [function() for function in functions]
    with keeping_to(1):
        futures = [threads.submit(function) for function in functions]
        for future in futures:
            future.exception()
    return [future.result() for future in futures]


def cores() -> int:
    """How many there are for this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def keeping_to(most: int) -> Iterator[None]:
    """Matrix products keep to so many cores at most, if OpenBLAS is found."""
    blas = _openblas()
    if blas is None:
        yield
        return
    get_threads, set_threads = blas
    before = get_threads()
    set_threads(min(most, before))
    try:
        yield
    finally:
        set_threads(before)


@cache
def _threads() -> ThreadPoolExecutor | None:
    """A thread for each core; None where there is one core, or no threads (as in a browser)."""
    if cores() < 2:
        return None
    threads = ThreadPoolExecutor(cores(), thread_name_prefix="funkcije")
    try:
        threads.submit(int).result()
    except RuntimeError:
        return None
    return threads


@cache
def _openblas() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """The functions of numpy's OpenBLAS that get and set the number of its threads."""
    package = Path(np.__file__).parent
    for file in (*package.parent.glob("numpy.libs/*openblas*"), *package.glob(".dylibs/*openblas*")):
        try:
            library = ctypes.CDLL(str(file))
        except OSError:
            continue
        for prefix, suffix in product(("scipy_", ""), ("64_", "")):
            names = [f"{prefix}openblas_{what}_num_threads{suffix}" for what in ("get", "set")]
            if all(hasattr(library, name) for name in names):
                get_threads, set_threads = (getattr(library, name) for name in names)
                set_threads.restype = None
                return get_threads, set_threads
    return None
