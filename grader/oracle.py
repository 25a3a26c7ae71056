"""The live oracle: truth from the reference, explanations from the known mistakes, on inputs that nobody saw before."""

from __future__ import annotations

import importlib
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from typing import Any, Literal

import numpy as np

from checks.case import (
    Blocked,
    Case,
    Known,
    NotKnown,
    OwnForward,
    Probed,
    as_float64,
    changed,
    forward_prints,
    match,
    precision_of,
    prints_of,
)
from checks.core import Assignment, Check, Inputs, Observed
from checks.executor import Executor, StudentError
from checks.faults import signature
from checks.fingerprint import Fingerprint, Fingerprints, vectors
from checks.mistakes import Mistake
from checks.student import Params, Student

from .beside import load_beside
from .changes import Changed, Overlap, change
from .course import Course
from .errors import GraderError
from .reference import Edit, Package, load_package

PATIENCE = 2.0
"""Seconds that known mistakes of a network may take over a student's own layers, for each check; a diagnosis, never a
verdict, ends there."""


class Kept:
    """The reference and its mistaken versions, each made when it is first needed and kept for the next submission."""

    def __init__(self, course: Course, assignment: Assignment) -> None:
        self.course = course
        self.assignment = assignment
        self.borrowed = Borrowed(assignment)
        self._students: dict[tuple[bool, tuple[str, ...]], Student] = {}

    @cached_property
    def mistakes(self) -> dict[str, Mistake]:
        """The known mistakes by id, likelier ones first."""
        return {mistake.id: mistake for mistake in load_mistakes(self.assignment)}

    @cached_property
    def package(self) -> Package:
        """The reference."""
        return load_package(self.course.package)

    @cached_property
    def wiring(self) -> Package:
        """The reference over borrowed layers."""
        return load_package(self.course.package, replaced=self.borrowed.functions)

    def changes(self, package: Package, mistakes: Sequence[str]) -> dict[str, Any]:
        """The functions that some known mistakes change.

        Raises:
            Overlap: they do not go together.
        """
        known = [self.mistakes[mistake] for mistake in mistakes]
        called = dict.fromkeys((mistake.module, mistake.function) for mistake in known)
        return change(package, [edits_of(mistake) for mistake in known], tuple(called))

    def student(self, *mistakes: str, borrowed: bool = False) -> Student:
        """The reference, with these known mistakes in it, over its own layers or over borrowed ones.

        Raises:
            Overlap: the mistakes do not go together.
        """
        key = borrowed, mistakes
        if key not in self._students:
            package = self.wiring if borrowed else self.package
            executor = Changed(package.name, others=self.changes(package, mistakes))
            self._students[key] = Student(executor, self.assignment.contract)
        return self._students[key]


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

    def case(self, check: Check, student: Student) -> Case:
        """The case of a check; that of a network is built on the student's own layers.

        Raises:
            Blocked: those layers cannot carry a network.
        """
        inputs = check.inputs(self.seed)
        if check.needs:
            return self._wiring_case(check, inputs, student)
        truth = self._truth(check, self.kept.student(), inputs)
        known = partial(self._known, check, inputs, truth, _right(check, truth), self.kept.student)
        return Case(
            inputs,
            truth,
            suspects=self._mistakes_of(check.function),
            known=known,
            at=partial(self._at, check, inputs, truth),
            both=known,
            forwards=self._forwards_of(check),
            forward=partial(self._forward, check, inputs, truth),
            probes=partial(self._probes, check, inputs),
        )

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
        make: Callable[..., Student],
        *mistakes: str,
    ) -> Known:
        """What mistakes give on inputs as the student gets them, float32 and all."""
        try:
            wrong = make(*mistakes)
            observed = _observe(check, wrong, inputs)
        except Overlap:
            raise NotKnown from None
        except StudentError as error:
            return Known(error=signature(error) or error.kind)
        return Known(changed(prints_of(check, observed, truth), right(), precision_of(inputs)))

    def _at(self, check: Check, inputs: Sequence[Inputs], truth: Sequence[Observed], mistake: str, size: int) -> Known:
        """What a mistake gives at one size alone."""
        some, true = inputs[size : size + 1], truth[size : size + 1]
        return self._known(check, some, true, _right(check, true), self.kept.student, mistake)

    def _forward(
        self, check: Check, inputs: Sequence[Inputs], truth: Sequence[Observed], mistake: str
    ) -> OwnForward | None:
        """A mistaken forward pass; its gradient is taken by differences, in extended precision, if it is asked for."""
        package = self.kept.package
        functions = self.kept.changes(package, (mistake,))
        forward_only = Differentiated(package.name, self.assignment, functions, gives="zeros")
        try:
            forward = forward_prints(self._truth(check, forward_only, inputs))
        except Exception:  # a mistake may raise whatever it likes
            return None
        if match(forward, forward_prints(truth)):
            return None

        def gradients() -> Iterator[list[Fingerprints]]:
            # The formula first: it is quicker, and what most students write.
            with suppress(StudentError):
                yield prints_of(check, self._truth(check, self.kept.student(mistake), inputs), truth)
            differentiated = Differentiated(package.name, self.assignment, functions, gives="prints")
            yield prints_of(check, self._truth(check, differentiated, inputs), truth)

        def known(other: str) -> Known:
            try:
                observed = _observe(check, self.kept.student(mistake, other), inputs)
            except Overlap:
                raise NotKnown from None
            except StudentError as error:
                return Known(error=signature(error) or error.kind)
            return Known(prints_of(check, observed, truth))

        return OwnForward(mistake, forward, gradients, known)

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

    def _wiring_case(self, check: Check, inputs: Sequence[Inputs], student: Student) -> Case:
        self._refuse_degenerate(check, student)
        swaps = [{right: other} for right, other in self.assignment.interchangeable if right in check.needs]
        try:
            truth = self._observe_over(check, student, inputs)
        except (Blocked, StudentError):
            # A network may use the other function of a pair, and then it does not matter that this one fails.
            for swapped in swaps:
                with suppress(Blocked, StudentError):
                    truth = self._observe_over(check, student, inputs, swapped)
                    break
            else:
                raise
        if any(isinstance(value, np.ndarray) and np.isnan(value).any() for item in truth for value in item.values()):
            # Not a number over a right network, as where a running variance is negative: any wiring would look right.
            raise Blocked("first_mend", self.kept.borrowed.not_a_number or check.needs[0])

        def also() -> list[list[Observed]]:
            # A network that is right over our layers is right, also if it does not use the student's as ours does.
            found = [self._truth(check, self.kept.student(), inputs)]
            for swapped in swaps:
                with suppress(Blocked, StudentError):
                    found.append(self._observe_over(check, student, inputs, swapped))
            return found

        right = _right(check, truth)
        own_layers: list[bool] = []
        spent = [0.0]

        def known(*mistakes: str) -> Known:
            if not own_layers:
                # Where the student's layers give what ours give, ours are quicker to ask.
                ours = self._truth(check, self.kept.student(), inputs)
                same = match(prints_of(check, ours, truth), right())
                own_layers.append(not same)
            if not own_layers[0]:
                return self._known(check, inputs, truth, right, self.kept.student, *mistakes)
            if spent[0] > PATIENCE:
                raise NotKnown
            began = time.monotonic()
            try:
                return self._known(check, inputs, truth, right, partial(self._over, student), *mistakes)
            finally:
                spent[0] += time.monotonic() - began

        return Case(inputs, truth, also=also, suspects=self._mistakes_of(check.function), known=known, both=known)

    def _over(self, student: Student, *mistakes: str, swapped: Mapping[str, str] | None = None) -> Student:
        """The trusted network, or a mistaken one, over the student's own layers."""
        self.kept.borrowed.lend(student, swapped or {})
        return self.kept.student(*mistakes, borrowed=True)

    def _observe_over(
        self, check: Check, student: Student, inputs: Sequence[Inputs], swapped: Mapping[str, str] | None = None
    ) -> list[Observed]:
        """What the trusted network observes over the student's own layers."""
        network = self._over(student, swapped=swapped)
        try:
            return self._truth(check, network, inputs)
        except StudentError as error:
            if isinstance(error.__context__, StudentError):
                raise error.__context__ from None
            if error.kind == "not_implemented":
                raise
            # The student's layer raised, or returned something that no network can use.
            raise Blocked("first_mend", self.kept.borrowed.last or check.needs[0]) from None

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

    def _truth(self, check: Check, student: Student, inputs: Sequence[Inputs]) -> list[Observed]:
        return _observe(check, student, [as_float64(item) for item in inputs])


def _right(check: Check, truth: Sequence[Observed]) -> Callable[[], list[Fingerprints]]:
    """Fingerprints of the truth, made once and when they are needed."""
    return cache(lambda: prints_of(check, truth, truth))


def _observe(check: Check, student: Student, inputs: Sequence[Inputs]) -> list[Observed]:
    student.reset()
    return [check.run(student, **item) for item in inputs]


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
        gives: Literal["arrays", "prints", "zeros"] = "arrays",
    ) -> None:
        """Differentiate the forward passes of a loaded package.

        Args:
            package: its name.
            assignment: says which forward pass a backward pass belongs to.
            functions: forward passes to differentiate in place of the package's.
            gives: of gradients the arrays, or their fingerprints, which take a few differences for each array and not
                one for each number, or zeros of their shapes.
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
        """The gradient with respect to one array, or its projections: derivatives along the vectors of projection."""
        array = arrays[position]
        along = vectors(array.size) if self.gives == "prints" else np.eye(array.size)
        direction = [np.zeros(other.shape) for other in arrays]
        found = []
        for vector in along:
            direction[position] = vector.reshape(array.shape)
            found.append(float(derivative(direction)))
        if self.gives == "prints":
            return Fingerprint(array.shape, 0.0, np.array(found))
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


class Borrowed:
    """Stand-ins for the layer functions of the trusted network, which call those of the student that lends them."""

    def __init__(self, assignment: Assignment) -> None:
        self._student: Student | None = None
        self._swapped: Mapping[str, str] = {}
        self._handles: dict[int, tuple[dict[str, Any], Params]] = {}
        self.last = ""
        """The function that was called last."""
        self.not_a_number = ""
        """The first whose results held NaN."""
        self.functions: dict[str, dict[str, Callable[..., Any]]] = {}
        for name, function in assignment.contract.functions.items():
            self.functions.setdefault(function.module, {})[name] = partial(self._call, name)

    def lend(self, student: Student, swapped: Mapping[str, str]) -> None:
        """From now on these are the student's; of `swapped`, the other function of a pair."""
        self._student, self._swapped = student, swapped
        self._handles.clear()
        self.last = self.not_a_number = ""

    def _call(self, name: str, *args: Any) -> Any:
        assert self._student is not None
        plain = []
        for value in args:
            if isinstance(value, dict):
                # Kept with its handle, so that no other dictionary comes to have its id.
                _, params = self._handles.setdefault(id(value), (value, self._student.mapping(**value)))
                params.update(value)
                plain.append(params)
            else:
                plain.append(value)
        self.last = self._swapped.get(name, name)
        results = getattr(self._student, self.last)(*plain)
        if not self.not_a_number and any(isinstance(value, np.ndarray) and np.isnan(value).any() for value in results):
            self.not_a_number = self.last
        return results


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
