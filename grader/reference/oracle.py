"""The live oracle: truth from the reference, explanations from the known mistakes, on inputs that nobody saw before."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from types import ModuleType
from typing import Any, Literal

import numpy as np

from checks.core import FORWARD, Assignment, Check, Inputs, Observed
from checks.engine.case import (
    Case,
    Known,
    NotKnown,
    OwnForward,
    Probed,
    as_float64,
    changed,
    precision_of,
    prints_of,
    same_forward,
)
from checks.engine.faults import signature
from checks.engine.fingerprint import Fingerprints
from checks.executor.executor import Executor, StudentError
from checks.executor.substituted import functions_of, load_stand_ins
from checks.mistakes import Mistake
from checks.student import Params, Student

from ..course import Course
from ..errors import GraderError
from .edits import Changed, Overlap, change
from .instructor_only import load_beside
from .package import Edit, Package, load_package


class Kept:
    """The reference and its mistaken versions, each made when it is first needed and kept for the next submission."""

    def __init__(self, course: Course, assignment: Assignment) -> None:
        self.course = course
        self.assignment = assignment
        self._students: dict[tuple[str, ...], Student] = {}

    @cached_property
    def mistakes(self) -> dict[str, Mistake]:
        """The known mistakes by id, likelier ones first."""
        return {mistake.id: mistake for mistake in load_mistakes(self.assignment)}

    @cached_property
    def package(self) -> Package:
        """The reference."""
        return load_package(self.course.package)

    @cached_property
    def over_stand_ins(self) -> tuple[Package, ModuleType]:
        """The reference with stand-ins in it, and these."""
        stand_ins = load_stand_ins(self.assignment.stand_ins)
        replaced = dict.fromkeys(self.assignment.substituted, functions_of(stand_ins))
        return load_package(self.course.package, replaced=replaced), stand_ins

    def changes(self, package: Package, mistakes: Sequence[str]) -> dict[str, Any]:
        """The functions that some known mistakes change.

        Raises:
            Overlap: they do not go together.
        """
        known = [self.mistakes[mistake] for mistake in mistakes]
        called = dict.fromkeys((mistake.module, mistake.function) for mistake in known)
        return change(package, [edits_of(mistake) for mistake in known], tuple(called))

    def student(self, *mistakes: str) -> Student:
        """The reference, with these known mistakes in it.

        Raises:
            Overlap: the mistakes do not go together.
        """
        if mistakes not in self._students:
            contract = self.assignment.contract
            executor = Changed(self.package.name, others=self.changes(self.package, mistakes))
            over = None
            if self.assignment.over_stand_ins:
                package, stand_ins = self.over_stand_ins
                built_on_them = self.assignment.over_stand_ins
                others = self.changes(
                    package, [one for one in mistakes if self.mistakes[one].function in built_on_them]
                )
                over = Student(Changed(package.name, others=others, stand_ins=stand_ins), contract)
            self._students[mistakes] = Student(executor, contract, over)
        return self._students[mistakes]


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
    kept: Kept = field(default=None)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.kept is None:
            self.kept = Kept(self.course, self.assignment)

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """The known mistakes of the assignment, from `checks/NAME/mistakes`."""
        return tuple(self.kept.mistakes.values())

    def case(self, check: Check) -> Case:
        """The case of a check; that of a network over stand-ins, where it is judged over them."""
        inputs = check.inputs(self.seed)
        truth = self._truth(check, self._asked(check), inputs)
        known = partial(self._known, check, inputs, truth, _right(check, truth))
        return Case(
            inputs,
            truth,
            also=partial(self._also, check, inputs),
            suspects=self._mistakes_of(check.function),
            known=known,
            at=partial(self._at, check, inputs, truth),
            both=known,
            forwards=self._forwards_of(check),
            forward=partial(self._forward, check, inputs, truth),
            probes=partial(self._probes, check, inputs),
        )

    def _asked(self, check: Check, *mistakes: str) -> Student:
        """The reference, or a mistaken version of it, as a check asks it: over stand-ins or not."""
        student = self.kept.student(*mistakes)
        if check.function not in self.assignment.over_stand_ins:
            return student
        assert student.over_stand_ins is not None
        return student.over_stand_ins

    def _also(self, check: Check, inputs: Sequence[Inputs]) -> list[list[Observed]]:
        """A network that calls no layers of anybody's is as good if it does what the reference does."""
        if check.function not in self.assignment.over_stand_ins:
            return []
        return [self._truth(check, self.kept.student(), inputs)]

    def _mistakes_of(self, function: str) -> list[str]:
        return [mistake.id for mistake in self.mistakes if mistake.function == function]

    def _forwards_of(self, check: Check) -> list[str]:
        """The known mistakes of the forward pass that the values of a backward pass may be judged on."""
        if check.aspect != "values" or check.function not in self.assignment.forward_of:
            return []
        forward = self.assignment.forward_of[check.function]
        return [mistake.id for mistake in self.mistakes if mistake.function == forward and mistake.carries_gradient]

    def _known(
        self,
        check: Check,
        inputs: Sequence[Inputs],
        truth: Sequence[Observed],
        right: Callable[[], list[Fingerprints]],
        *mistakes: str,
    ) -> Known:
        """What mistakes give on inputs as the student gets them, float32 and all."""
        try:
            observed = _observe(check, self._asked(check, *mistakes), inputs)
        except Overlap:
            raise NotKnown from None
        except StudentError as error:
            return Known(error=signature(error) or error.kind)
        return Known(changed(prints_of(check, observed, truth), right(), precision_of(inputs)))

    def _at(self, check: Check, inputs: Sequence[Inputs], truth: Sequence[Observed], mistake: str, size: int) -> Known:
        """What a mistake gives at one size alone."""
        some, true = inputs[size : size + 1], truth[size : size + 1]
        return self._known(check, some, true, _right(check, true), mistake)

    def _forward(
        self, check: Check, inputs: Sequence[Inputs], truth: Sequence[Observed], mistake: str
    ) -> OwnForward | None:
        """A mistaken forward pass; its gradient is taken by differences, in extended precision, if it is asked for."""
        package = self.kept.package
        functions = self.kept.changes(package, (mistake,))
        forward_only = Differentiated(package.name, self.assignment, functions, gives="zeros")
        try:
            forward = self._truth(check, forward_only, inputs)
        except Exception:  # a mistake may raise whatever it likes
            return None
        if same_forward(forward, truth):
            return None

        def gradients() -> Iterator[list[Observed]]:
            # The formula first: it is quicker, and what most students write.
            with suppress(StudentError):
                yield self._truth(check, self.kept.student(mistake), inputs)
            differentiated = Differentiated(package.name, self.assignment, functions)
            yield self._truth(check, differentiated, inputs)

        def known(other: str) -> Known:
            try:
                observed = _observe(check, self.kept.student(mistake, other), inputs)
            except Overlap:
                raise NotKnown from None
            except StudentError as error:
                return Known(error=signature(error) or error.kind)
            return Known(prints_of(check, observed, truth))

        return OwnForward(mistake, [{FORWARD: item[FORWARD]} for item in forward], gradients, known)

    def _probes(self, check: Check, inputs: Sequence[Inputs]) -> list[Probed]:
        if check.function not in self.assignment.contract.functions:
            return []
        size = max(range(len(inputs)), key=lambda index: min(check.sizes[index]))
        found = []
        for probe in self.assignment.probes:
            if probe.square:
                if any(N == D for N, D in check.sizes):
                    continue
                plain, at = probe.drawn(check, self.seed), -1
            elif probe.fill.keys() <= inputs[size].keys():
                plain, at = probe.filled(inputs[size]), size
            else:
                continue
            [truth] = self._truth(check, self.kept.student(), [plain])
            found.append(Probed(probe, at, plain, truth))
        return found

    def _truth(self, check: Check, student: Student, inputs: Sequence[Inputs]) -> list[Observed]:
        return _observe(check, student, [as_float64(item) for item in inputs])


def _right(check: Check, truth: Sequence[Observed]) -> Callable[[], list[Fingerprints]]:
    """Fingerprints of the truth, made once and when they are needed."""
    return cache(lambda: prints_of(check, truth, truth))


def _observe(check: Check, student: Student, inputs: Sequence[Inputs]) -> list[Observed]:
    student.reset()
    return [check.run(student, **item) for item in inputs]


@contextmanager
def whole_student(
    course: Course,
    assignment: Assignment,
    edits: Sequence[Edit] = (),
    replaced: Mapping[str, Mapping[str, Callable[..., Any]]] | None = None,
) -> Iterator[Student]:
    """The reference as a student who wrote it so: with some edits, and with some functions replaced, by module."""
    packages = [load_package(course.package, edits=edits, replaced=replaced)]
    student = Student(Executor(packages[0].name), assignment.contract)
    if assignment.over_stand_ins:
        stand_ins = load_stand_ins(assignment.stand_ins)
        over = dict(replaced or {}) | dict.fromkeys(assignment.substituted, functions_of(stand_ins))
        packages.append(load_package(course.package, edits=edits, replaced=over))
        substituted = Changed(packages[1].name, stand_ins=stand_ins)
        student.over_stand_ins = Student(substituted, assignment.contract)
    try:
        yield student
    finally:
        for package in packages:
            package.unload()


class Differentiated(Student):
    """A student whose backward passes are differences of the forward pass, in extended precision.

    Two examples or features that are close together make x_hat bend within a small step: the error of a central
    difference grows as (h / std)². With four points it grows as (h / std)⁴, and h = 3e-6 in 80-bit floats leaves less
    than 1e-10 of the gradient's size where std is 1e-3.
    """

    STEP = np.longdouble(3e-6)
    WEIGHTS = ((-2, 1), (-1, -8), (1, 8), (2, -1))
    """(where, weight): the sum of weight · f(x + where · h) over 12 h is f' but for terms of the order h⁴."""

    def __init__(
        self,
        package: str,
        assignment: Assignment,
        functions: Mapping[str, Callable[..., Any]] | None = None,
        *,
        gives: Literal["arrays", "zeros"] = "arrays",
    ) -> None:
        """Differentiate the forward passes of a loaded package.

        Args:
            package: its name.
            assignment: says which forward pass a backward pass belongs to.
            functions: forward passes to differentiate in place of the package's.
            gives: the gradients, or zeros of their shapes where the forward passes alone are asked for.
        """
        super().__init__(Executor(package), assignment.contract)
        self.package = package
        self.forward_of = assignment.forward_of
        self.functions = functions or {}
        self.gives = gives

    def __getattr__(self, name: str) -> Callable[..., Any]:
        forward_of = self.__dict__.get("forward_of", {})
        if name in forward_of:
            return partial(self._gradient, name)
        if name in forward_of.values():
            return lambda *args: self._forward(name, *args)
        return super().__getattr__(name)

    def _forward(self, name: str, x: Any, gamma: Any, beta: Any, params: Params) -> tuple[Any, Any]:
        function = self.functions.get(name) or self._function(name)
        arrays = (x, gamma, beta)

        def forward(*arrays: np.ndarray) -> tuple[Any, Any]:
            out, cache = function(*arrays, dict(params.begun_with))
            return out, cache

        with _quiet():
            out = forward(*(value.astype(np.longdouble) for value in arrays))[0].astype(np.float64)
        return out, (forward, arrays)

    def _function(self, name: str) -> Callable[..., Any]:
        module = importlib.import_module(f"{self.package}.{self.contract.functions[name].module}")
        function: Callable[..., Any] = getattr(module, name)
        return function

    def _gradient(self, name: str, dout: np.ndarray, cache: Any) -> tuple[Any, ...]:
        forward, arrays = cache
        if self.gives == "zeros":
            return tuple(np.zeros(array.shape) for array in arrays)
        wide = [array.astype(np.longdouble) for array in arrays]

        def derivative(direction: Sequence[np.ndarray]) -> np.floating[Any]:
            total = np.longdouble(0)
            for where, weight in self.WEIGHTS:
                moved = [array + where * self.STEP * step for array, step in zip(wide, direction, strict=True)]
                total += weight * np.sum(forward(*moved)[0] * dout)
            return total / (12 * self.STEP)

        with _quiet():
            written = self._written(name, dout, forward(*arrays)[1], derivative, arrays)
            if written is not None:
                return written
            return tuple(self._of_array(arrays, position, derivative) for position in range(len(arrays)))

    def _of_array(
        self, arrays: Sequence[np.ndarray], position: int, derivative: Callable[[Sequence[np.ndarray]], Any]
    ) -> Any:
        """The gradient with respect to one array, number by number."""
        array = arrays[position]
        direction = [np.zeros(other.shape) for other in arrays]
        found = []
        for vector in np.eye(array.size):
            direction[position] = vector.reshape(array.shape)
            found.append(float(derivative(direction)))
        return np.array(found).reshape(array.shape)

    def _written(
        self,
        name: str,
        dout: np.ndarray,
        cache: Any,
        derivative: Callable[[Sequence[np.ndarray]], np.floating[Any]],
        arrays: Sequence[np.ndarray],
    ) -> tuple[np.ndarray, ...] | None:
        """The package's own backward pass on this cache, if along one random direction it is the derivative.

        One that is wrong anywhere is wrong along it; and one difference takes less time than one for each number.
        """
        rng = np.random.default_rng(dout.size)
        direction = [rng.normal(size=array.shape) for array in arrays]
        try:
            gradients = self._function(name)(dout, cache)
            products = [gradient * step for gradient, step in zip(gradients, direction, strict=True)]
            expected = sum(float(np.sum(product)) for product in products)
            size = sum(float(np.sum(np.abs(product))) for product in products)
        except Exception:  # the cache of a mistaken forward pass may be anything
            return None
        if any(gradient.shape != array.shape for gradient, array in zip(gradients, arrays, strict=True)):
            return None
        return tuple(gradients) if abs(float(derivative(direction)) - expected) <= 1e-10 * size else None


@contextmanager
def _quiet() -> Iterator[None]:
    """Numpy's warnings on mistaken code are nobody's affair."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


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
