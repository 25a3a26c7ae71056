"""What a check and an assignment are.

A check is two functions: `draw` makes inputs from a random generator and nothing else, `run` calls the student's
functions on them and returns what it observed, by name. A check never computes an answer: the same `run` on the
reference gives the truth, on a known mistake a diagnosis, and on a student a verdict.

    @check("batchnorm_forward.train", points=2, contract="BF-2", draw=columns)
    def train(student, x, gamma, beta):
        out, cache = student.call("batchnorm_forward", x, gamma, beta, student.handle(mode="train"))
        return {"out": out}
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from .student import Student

Inputs = Mapping[str, Any]
Observed = Mapping[str, Any]
Draw = Callable[[np.random.Generator], Inputs]
Run = Callable[..., Observed]


@dataclass(frozen=True)
class Check:
    """One thing that a function is asked to do, with its points."""

    id: str
    """`function.name`, as in `batchnorm_forward.test_mode`."""
    points: float
    contract: str
    """The sentence of the contract that it enforces, as in `BF-5`."""
    draw: Draw
    run: Run
    aspect: Literal["values", "shapes"] = "values"
    """Values are compared after the shape is mended; shapes have checks of their own."""

    @property
    def function(self) -> str:
        """The function that is judged."""
        return self.id.partition(".")[0]


@dataclass(frozen=True)
class Assignment:
    """What is handed out, what stays blank, and what is asked."""

    name: str
    modules: tuple[str, ...]
    """File names in `funkcije/` that the student edits, such as `layers.py`."""
    gives: tuple[str, ...]
    """Solution regions of other assignments (by name) that stay in the release; all others are blanked."""
    checks: tuple[Check, ...]
    wiring: tuple[str, ...] = field(default=())
    """Functions that are judged with the student's own layers plugged into the trusted network."""

    @property
    def functions(self) -> tuple[str, ...]:
        """The graded functions, in the order of their checks: one graded cell each, with this as its `grade_id`."""
        return tuple(dict.fromkeys(check.function for check in self.checks))

    def of(self, function: str) -> tuple[Check, ...]:
        """The checks of one function."""
        return tuple(check for check in self.checks if check.function == function)

    def points(self, function: str) -> float:
        """The points of a function's graded cell: the sum over its checks."""
        return sum(check.points for check in self.of(function))


def load_assignment(name: str, checks: Path | None = None) -> Assignment:
    """Load `checks/NAME/__init__.py` and return its `ASSIGNMENT`.

    Args:
        name: the assignment.
        checks: the `checks` folder of a course; that of this package if None.

    Raises:
        ModuleNotFoundError: no such assignment.
    """
    here = Path(__file__).parent
    folder = (checks or here).resolve()
    if folder == here.resolve():
        return _assignment_of(importlib.import_module(f"{__package__}.{name}"))
    # Another course's checks, on this kit's framework: loaded under a name of their own, so that two courses
    # in one process do not meet.
    module_name = f"{__package__}._courses.c{abs(hash(str(folder))):x}_{name}"
    if module_name not in sys.modules:
        init = folder / name / "__init__.py"
        spec = importlib.util.spec_from_file_location(module_name, init, submodule_search_locations=[str(init.parent)])
        if spec is None or spec.loader is None or not init.is_file():
            raise ModuleNotFoundError(f"no checks in {init.parent}")
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[module_name]
            raise
    return _assignment_of(sys.modules[module_name])


def _assignment_of(module: Any) -> Assignment:
    assignment = module.ASSIGNMENT
    assert isinstance(assignment, Assignment)
    return assignment
