"""A test of many cases has two forms: `make test` runs some of the cases, `make test-full` the others."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

import pytest

Name = Callable[[Any], str]


def each(number: int, cases: Iterable[Any], name: Name | None = None) -> list[Any]:
    """Parameters of a test: the first case and each so-and-so-manyth after it in `make test`."""
    return [_param(case, name, short=place % number == 0) for place, case in enumerate(cases)]


def only(short: Collection[Any], cases: Iterable[Any], name: Name | None = None) -> list[Any]:
    """Parameters of a test: these cases in `make test`, by their names if they have one.

    Raises:
        ValueError: one of them is no case.
    """
    cases = list(cases)
    names = [name(case) if name else case for case in cases]
    if unknown := [one for one in short if one not in names]:
        raise ValueError(f"no such case: {unknown}")
    return [_param(case, name, short=one in short) for case, one in zip(cases, names, strict=True)]


def _param(case: Any, name: Name | None, *, short: bool) -> Any:
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=() if short else pytest.mark.full, id=name(case) if name else None)
