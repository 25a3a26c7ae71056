"""The outcome of one check, before it is known which mistakes explain its function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core import Check, Observed, is_judged
from ..executor.errors import StudentError
from ..executor.values import Other
from ..result import Status
from .case import Case, OwnForward
from .compare import Difference, Precision, difference_in_dtype, difference_in_shape
from .plain import difference as difference_in_values


@dataclass(frozen=True)
class Wrong:
    """One thing that differs, and where."""

    size: int
    """The index of the size."""
    difference: Difference


@dataclass(frozen=True)
class Outcome:
    """The judgement on one check, and what it rests on."""

    check: Check
    status: Status
    message: str = ""
    """What is said whatever the diagnosis: an error, what to fix first, what is not computed."""
    warnings: tuple[str, ...] = ()
    case: Case | None = None
    """None where there is nothing to diagnose."""
    observed: Sequence[Observed] = ()
    wrong: Sequence[Wrong] = ()
    error: StudentError | None = None
    forward_wrong: bool = False
    """Whether the forward pass that this is judged on is wrong itself."""
    own: OwnForward | None = None
    """The known mistake that explains it then, if one does."""


def differences(
    check: Check, observed: Sequence[Observed], truth: Sequence[Observed], precision: Precision
) -> list[Wrong]:
    """What differs from the truth, at which size; nothing if the check is passed."""
    found = []
    for index, (item, true) in enumerate(zip(observed, truth, strict=True)):
        for name, expected in true.items():
            if not is_judged(name):
                continue
            got = item.get(name, Other("missing"))
            if check.aspect == "holds":
                difference = _not_held(name, got)
            elif check.aspect == "raises":
                difference = _not_raised(name, got, expected)
            elif check.aspect == "values":
                difference = difference_in_values(name, got, expected, precision)
            elif check.aspect == "dtypes":
                difference = difference_in_dtype(name, got, expected)
            else:
                difference = difference_in_shape(name, got, expected)
            if difference:
                found.append(Wrong(index, difference))
        if check.aspect == "names":
            found += [Wrong(index, Difference(name, "unexpected", "", "")) for name in item if name not in true]
    return found


def _not_held(name: str, got: Any) -> Difference | None:
    """None if something holds; nothing but a boolean says that it does."""
    holds = isinstance(got, bool | np.bool_) or (
        isinstance(got, np.ndarray) and got.dtype.kind == "b" and bool(got.size)
    )
    return None if holds and bool(np.all(got)) else Difference(name, "not_held", "", "")


def _not_raised(name: str, got: Any, expected: str) -> Difference | None:
    """None if what was raised is what was asked for, both by name; the empty name is that of nothing."""
    if got == expected:
        return None
    return Difference(name, "raised_other" if got else "not_raised", expected, str(got))
