"""The short way to write an assignment: what it makes is an `Assignment` of `core` like any other.

    ASSIGNMENT = a = Assignment("quadrature", modules=["quadrature"])

    @a.check("trapezoid.value", points=2, says={"en": "The ends count half."}, sizes=[{"n": 9}])
    def value(student, rng, n):
        return student.trapezoid(y=rng.normal(size=n), h=0.1)

    @a.raises("trapezoid.negative", ValueError, points=1, says={"en": "A step is positive."})
    def negative(student):
        student.trapezoid(y=[0.0, 1.0], h=-1.0)

    @a.holds("mask.share", points=1, says={"en": "About a tenth of the numbers is dropped."})
    def share(student, rng):
        return near_mean(student.mask(10_000, 0.1), 0.1)

Where functions live and what their parameters are called is read from the reference, and goes into the release; what
they return is a plain value, unless it is said. `a.add` is `CheckList.add`, for checks that draw by themselves.
"""

from __future__ import annotations

import ast
import functools
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import core
from .core import Aspect, CheckList, Inputs, Observed, Run, Size, Tolerance
from .student import Contract, Function, Student

Says = Mapping[str, str]
"""A sentence by language."""
SIGNATURES = "signatures.json"
"""In a release, what was read from the reference."""


class Assignment:
    """What is handed out and asked, as it is written down.

    Args:
        name: the assignment's.
        modules: what the student edits, such as `["quadrature"]`.
        functions: those that return anything but one plain value, in place of what is read.
        more: whatever else `core.Assignment` has (`gives`, `forward_of`, `probes`), and `classes` and `models` of the
            `Contract`.
    """

    def __init__(
        self, name: str, modules: Sequence[str], functions: Mapping[str, Function] | None = None, **more: Any
    ) -> None:
        self.name = name
        self.modules = tuple(modules)
        self.functions = dict(functions or {})
        self.contract = {kind: more.pop(kind) for kind in ("classes", "models") if kind in more}
        self.more = more
        self.checks = CheckList()
        self.sentences: dict[str, Says] = {}
        self._made: dict[str, core.Assignment] = {}

    def add(self, id: str, *, says: Says | None = None, contract: str = "", **options: Any) -> Callable[[Run], Run]:
        """As `CheckList.add`, with the sentence for where the check fails."""
        if says:
            self.sentences[id] = says
        return self.checks.add(id, contract=contract, **options)

    def check(
        self,
        id: str,
        *,
        points: float,
        says: Says | None = None,
        sizes: Sequence[Size | Sequence[int]] = ({},),
        tolerance: Tolerance | None = None,
        aspect: Aspect = "values",
    ) -> Callable[[Run], Run]:
        """Decorate `run(student, rng, **size)`, which returns what the function gives: one value, of any plain kind."""

        def decorate(run: Run) -> Run:
            name = id.partition(".")[0]

            @functools.wraps(run)
            def asked(student: Student, seed: int, **size: int) -> Observed:
                return {name: run(student, np.random.default_rng(seed), **size)}

            names = list(inspect.signature(run).parameters)[2:]
            named = core.named(sizes, names)
            self.add(id, says=says, points=points, draw=_seeded, sizes=named, aspect=aspect, tolerance=tolerance)(asked)
            return run

        return decorate

    def holds(self, id: str, **options: Any) -> Callable[[Run], Run]:
        """As `check`, of what returns whether something holds; it names no mistake."""
        return self.check(id, aspect="holds", **options)

    def raises(
        self, id: str, asked: type[BaseException], *, points: float, says: Says | None = None
    ) -> Callable[[Callable[[Student], Any]], Callable[[Student], Any]]:
        """Decorate a call, made with the student, in which an exception is to be raised."""

        def decorate(call: Callable[[Student], Any]) -> Callable[[Student], Any]:
            @functools.wraps(call)
            def run(student: Student) -> Observed:
                return {id.partition(".")[0]: student.raised(asked, lambda: call(student))}

            self.add(id, says=says, points=points, draw=_nothing, sizes=({},), aspect="raises")(run)
            return call

        return decorate

    def made(self, folder: Path) -> core.Assignment:
        """The assignment whose checks lie in a folder; the same one while the signatures are the same."""
        read = signatures(folder, self.modules)
        if read not in self._made:
            known = {
                name: Function(module, tuple(names), ("value",)) for name, (module, names) in json.loads(read).items()
            }
            self._made[read] = core.Assignment(
                name=self.name,
                modules=tuple(f"{module}.py" for module in self.modules),
                gives=tuple(self.more.get("gives", ())),
                checks=tuple(self.checks.checks),
                contract=Contract({**known, **self.functions}, **self.contract),
                folder=folder,
                sentences=self.sentences,
                released={SIGNATURES: read.encode()},
                **{name: value for name, value in self.more.items() if name != "gives"},
            )
        return self._made[read]


def signatures(folder: Path, modules: Sequence[str]) -> str:
    """The functions of some modules with module and parameters, as JSON: of the release, or of the reference.

    Args:
        folder: `checks/NAME` of a release or a course.
        modules: of the course's package, which lies beside `checks`.
    """
    released = folder / SIGNATURES
    if released.is_file():
        return released.read_text(encoding="utf-8")
    found: dict[str, tuple[str, list[str]]] = {}
    for module in modules:
        for path in sorted(folder.parents[1].glob(f"*/{module}.py")):
            if path.with_name("__init__.py").is_file():
                found |= {name: (module, names) for name, names in _defined(path)}
    return json.dumps(found, sort_keys=True)


def _defined(path: Path) -> list[tuple[str, list[str]]]:
    """The functions at the top of a module, and their parameters."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    return [(node.name, [one.arg for one in (*node.args.args, *node.args.kwonlyargs)]) for node in functions]


def _seeded(rng: np.random.Generator, **size: int) -> Inputs:
    return {"seed": int(rng.integers(2**32)), **size}


def _nothing(rng: np.random.Generator) -> Inputs:
    return {}


def near_mean(values: Any, mean: float, least: float = 0.0, most: float = 1.0) -> bool:
    """Whether random numbers between two bounds have about the mean that they should have.

    By Hoeffding's inequality (1963) the mean of n such numbers is further from its expectation than allowed here with a
    probability below 1e-10, whatever their distribution is: so seldom is a right answer called wrong.
    """
    numbers = np.asarray(values, dtype=np.float64).ravel()
    inside = bool(numbers.size) and bool(np.all((numbers >= least) & (numbers <= most)))
    far = (most - least) * np.sqrt(np.log(2 / 1e-10) / (2 * max(numbers.size, 1)))
    return inside and bool(abs(numbers.mean() - mean) <= far)
