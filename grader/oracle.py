"""The live oracle: truth from the reference, explanations from the known mistakes, on inputs that nobody saw before."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from checks.core import Assignment, Check, Inputs, Observed
from checks.executor import Executor, StudentError
from checks.judge import Blocked, Case, Known, as_float64, forward_prints, match, precision_of, prints_of
from checks.mistakes import Mistake
from checks.student import Params, Student

from .beside import load_beside
from .course import Course
from .errors import GraderError
from .reference import Edit, load_package

Functions = Mapping[str, Mapping[str, Callable[..., Any]]]


@dataclass
class LiveOracle:
    """Answers for one assignment of one course; keeps the reference and the known mistakes loaded.

    Args:
        course: whose `funkcije/` is the reference.
        assignment: whose checks are asked.
        seed: that the inputs are drawn from; set it anew for every submission.
    """

    course: Course
    assignment: Assignment
    seed: bytes
    _students: dict[str, Student] = field(default_factory=dict)

    def case(self, check: Check, student: Student) -> Case:
        """The case of a check; that of a network is built on the student's own layers.

        Raises:
            Blocked: those layers cannot carry a network.
        """
        inputs = check.inputs(self.seed)
        if check.needs:
            return self._wiring_case(check, inputs, student)
        truth = self._observe(check, self._loaded(), inputs)
        return Case(inputs, truth, lambda: list(self._known(check, inputs, truth)), precision_of(inputs))

    @cached_property
    def mistakes(self) -> tuple[Mistake, ...]:
        """The known mistakes of the assignment, from `checks/NAME/mistakes.py`."""
        return load_mistakes(self.assignment)

    def _known(self, check: Check, inputs: Sequence[Inputs], truth: Sequence[Observed]) -> Iterable[Known]:
        right = prints_of(check, truth, truth)
        forward = self.assignment.forward_of.get(check.function)
        for mistake in self.mistakes:
            if mistake.function == check.function:
                try:
                    observed = self._observe(check, self._loaded(mistake), inputs)
                except StudentError:
                    continue
                prints = prints_of(check, observed, truth)
                if not match(prints, right):
                    yield Known(mistake.id, prints)
            elif mistake.function == forward and mistake.carries_gradient:
                yield from self._forward_mistake(check, mistake, inputs, truth)

    def _forward_mistake(
        self, check: Check, mistake: Mistake, inputs: Sequence[Inputs], truth: Sequence[Observed]
    ) -> Iterable[Known]:
        """A mistaken forward pass, with the right gradient of that pass by differences in extended precision."""
        try:
            observed = self._observe(check, self._loaded(mistake), inputs)
        except StudentError:
            return
        forward = forward_prints(observed)
        if match(forward, forward_prints(truth)):
            return
        differentiated = Differentiated(self._package(mistake), self.assignment)
        gradient = [check.run(differentiated, **as_float64(item)) for item in inputs]
        gradients = (prints_of(check, gradient, truth), prints_of(check, observed, truth))
        yield Known(mistake.id, (), forward, gradients)

    def _wiring_case(self, check: Check, inputs: Sequence[Inputs], student: Student) -> Case:
        self._refuse_degenerate(check, student)
        truth = self._observe_over(check, student, inputs)

        def also() -> list[list[Observed]]:
            return [
                self._observe_over(check, student, inputs, swapped={right: other})
                for right, other in self.assignment.interchangeable
                if right in check.needs
            ]

        def known() -> list[Known]:
            right = prints_of(check, truth, truth)
            found = []
            for mistake in self.mistakes:
                if mistake.function == check.function:
                    try:
                        observed = self._observe_over(check, student, inputs, edits=edits_of(mistake))
                    except (StudentError, Blocked):
                        continue
                    prints = prints_of(check, observed, truth)
                    if not match(prints, right):
                        found.append(Known(mistake.id, prints))
            return found

        return Case(inputs, truth, known, precision_of(inputs), also)

    def _observe_over(
        self,
        check: Check,
        student: Student,
        inputs: Sequence[Inputs],
        *,
        edits: Sequence[Edit] = (),
        swapped: Mapping[str, str] | None = None,
    ) -> list[Observed]:
        """What the trusted network observes over the student's own layers."""
        package = load_package(
            self.course.package, edits=edits, replaced=_layers_of(student, self.assignment, swapped or {})
        )
        network = Student(Executor(package.name), self.assignment.contract)
        try:
            return self._observe(check, network, inputs)
        except StudentError as error:
            if isinstance(error.__context__, StudentError):
                raise error.__context__ from None
            if error.kind == "not_implemented":
                raise
            # The student's layers returned something that no network can use.
            raise Blocked("first_mend", check.needs[0]) from None
        finally:
            package.unload()

    def _refuse_degenerate(self, check: Check, student: Student) -> None:
        """Refuse layers that are affine in `x` (identity, constant, scale and shift): they hide the wiring."""
        forward = check.needs[0]
        rng = np.random.Generator(np.random.PCG64(int.from_bytes(self.seed, "big")))
        one, other = rng.normal(size=(2, 6, 4))
        gamma, beta = rng.normal(size=(2, 4))
        outs = [
            getattr(student, forward)(x, gamma, beta, student.mapping(mode="train"))[0]
            for x in (one, other, (one + other) / 2)
        ]
        if not all(isinstance(out, np.ndarray) and out.shape == one.shape for out in outs):
            raise Blocked("first_mend", forward)
        first, second, middle = (out.astype(np.float64) for out in outs)
        if not np.all(np.isfinite([first, second, middle])) or np.allclose((first + second) / 2, middle, 1e-6, 1e-6):
            raise Blocked("degenerate", forward)

    def _observe(self, check: Check, student: Student, inputs: Sequence[Inputs]) -> list[Observed]:
        student.reset()
        return [check.run(student, **as_float64(item)) for item in inputs]

    def _loaded(self, mistake: Mistake | None = None) -> Student:
        key = mistake.id if mistake else ""
        if key not in self._students:
            package = load_package(self.course.package, edits=edits_of(mistake) if mistake else ())
            self._students[key] = Student(Executor(package.name), self.assignment.contract)
        return self._students[key]

    def _package(self, mistake: Mistake) -> str:
        runs = self._loaded(mistake).runs
        assert isinstance(runs, Executor)
        return runs.package


class Differentiated(Student):
    """A student whose backward passes are differences of the forward pass, in extended precision.

    Two examples or features that are close together make x_hat bend within a small step: the error of a central
    difference grows as (h / std)². With four points it grows as (h / std)⁴, and h = 3e-6 in 80-bit floats leaves less
    than 1e-10 of the gradient's size where std is 1e-3.
    """

    STEP = np.longdouble(3e-6)
    WEIGHTS = ((-2, 1), (-1, -8), (1, 8), (2, -1))
    """(where, weight): the sum of weight · f(x + where · h) over 12 h is f' but for terms of the order h⁴."""

    def __init__(self, package: str, assignment: Assignment) -> None:
        super().__init__(Executor(package), assignment.contract)
        self.package = package
        self.forward_of = assignment.forward_of

    def __getattr__(self, name: str) -> Callable[..., Any]:
        forward_of = self.__dict__.get("forward_of", {})
        if name in forward_of:
            return self._gradient
        if name in forward_of.values():
            return lambda *args: self._forward(name, *args)
        return super().__getattr__(name)

    def _forward(self, name: str, x: Any, gamma: Any, beta: Any, params: Params) -> tuple[Any, Any]:
        module = importlib.import_module(f"{self.package}.{self.contract.functions[name].module}")
        function = getattr(module, name)
        wide = [value.astype(np.longdouble) for value in (x, gamma, beta)]

        def forward(*arrays: np.ndarray) -> np.ndarray:
            with warnings.catch_warnings():
                # A mistake may divide by the nothing that a single example varies.
                warnings.simplefilter("ignore")
                out: np.ndarray = function(*arrays, dict(params.begun_with))[0]
            return out

        return forward(*wide).astype(np.float64), (forward, wide)

    def _gradient(self, dout: np.ndarray, cache: Any) -> tuple[np.ndarray, ...]:
        forward, arrays = cache
        gradients = []
        for position, array in enumerate(arrays):
            gradient = np.zeros(array.shape)
            for index in np.ndindex(array.shape):
                total = np.longdouble(0)
                for where, weight in self.WEIGHTS:
                    moved = [value.copy() for value in arrays]
                    moved[position][index] += where * self.STEP
                    total += weight * np.sum(forward(*moved) * dout)
                gradient[index] = total / (12 * self.STEP)
            gradients.append(gradient)
        return tuple(gradients)


def _layers_of(student: Student, assignment: Assignment, swapped: Mapping[str, str]) -> Functions:
    """Stand-ins for the layer functions of the trusted network that call the student's."""
    handles: dict[int, tuple[dict[str, Any], Params]] = {}
    layers: dict[str, dict[str, Callable[..., Any]]] = {}

    def stand_in(name: str) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            plain = []
            for value in args:
                if isinstance(value, dict):
                    _, params = handles.setdefault(id(value), (value, student.mapping(**value)))
                    params.update(value)
                    plain.append(params)
                else:
                    plain.append(value)
            return getattr(student, swapped.get(name, name))(*plain)

        return call

    for name, function in assignment.contract.functions.items():
        layers.setdefault(function.module, {})[name] = stand_in(name)
    return layers


def load_mistakes(assignment: Assignment) -> tuple[Mistake, ...]:
    """The known mistakes of an assignment: a module `checks/NAME/mistakes.py` or a package of that name.

    Returns:
        None at all if there is neither.

    Raises:
        GraderError: the file has no `MISTAKES`.
    """
    module = load_beside(assignment, "mistakes")
    if module is None:
        return ()
    mistakes: tuple[Mistake, ...] | None = getattr(module, "MISTAKES", None)
    if mistakes is None:
        raise GraderError(
            f"{module.__file__}: no MISTAKES in it. Next: list the assignment's known mistakes under that name."
        )
    return mistakes


def edits_of(mistake: Mistake) -> tuple[Edit, ...]:
    """A known mistake as changes to the reference."""
    return tuple(Edit(mistake.module, mistake.edited or mistake.function, old, new) for old, new in mistake.replace)
