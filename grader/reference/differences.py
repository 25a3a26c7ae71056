"""Gradients of a forward pass by differences: the truth for a backward pass, whatever the formula is."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from checks.core import Assignment
from checks.executor.executor import Executor
from checks.student import Params, Student

from ..errors import GraderError


@dataclass(frozen=True)
class Pass:
    """A forward pass that was made: what stands for its cache."""

    forward: Callable[..., list[Any]]
    """All that it returns, from the arrays that may move."""
    arrays: tuple[np.ndarray, ...]
    """Those, as they were given."""
    out: int
    """Which of its results is differentiated, by position."""
    at: int
    """Which of them is the cache."""


@dataclass(frozen=True)
class Call:
    """A call of a forward pass, as it may be made again with another function."""

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    at: int = 0
    """Which of its results is asked for, by position."""


class Differentiated(Student):
    """A student whose backward passes are differences of the forward pass, in extended precision.

    Where numbers are close together, a forward pass that divides by their distance s bends within a small step: the
    error of a central difference grows as (h / s)². With four points it grows as (h / s)⁴, and h = 3e-6 in 80-bit
    floats leaves less than 1e-10 of the gradient's size where s is 1e-3.
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
        self.assignment = assignment
        self.functions = functions or {}
        self.gives = gives
        self._first: tuple[Call, Any] | None = None

    def call_that_gave(self, value: Any) -> Call | None:
        """The call that gave a value, if that was the first: what it was given, then, no other result has changed."""
        call, returned = self._first or (None, ())
        results = returned if isinstance(returned, tuple) else (returned,)
        return next((replace(call, at=at) for at, result in enumerate(results) if call and result is value), None)

    def again(self, call: Call) -> Any:
        """What a call gives that another student has made."""
        returned = self._run(call.name, *call.args, **call.kwargs)
        return returned[call.at] if isinstance(returned, tuple) else returned

    def __getattr__(self, name: str) -> Callable[..., Any]:
        assignment = self.__dict__.get("assignment")
        if assignment is not None and name in assignment.forward_of:
            return partial(self._gradient, name)
        if assignment is not None and any(name in assignment.forwards_of(one) for one in assignment.forward_of):
            return partial(self._forward, name)
        return super().__getattr__(name)

    def _forward(self, name: str, *args: Any, **kwargs: Any) -> Any:
        returned = self._run(name, *args, **kwargs)
        if self._first is None:
            self._first = Call(name, tuple(map(_again, args)), {key: _again(kwargs[key]) for key in kwargs}), returned
        return returned

    def _run(self, name: str, *args: Any, **kwargs: Any) -> Any:
        known = self.contract.functions[name]
        function = self.functions.get(name) or self._function(name)
        given = {**dict(zip(known.parameters, args, strict=False)), **kwargs}
        arrays = tuple(given.pop(one) for one in known.differentiable)

        def forward(*arrays: np.ndarray) -> list[Any]:
            fixed = {key: _again(value) for key, value in given.items()}
            returned = function(**dict(zip(known.differentiable, arrays, strict=True)), **fixed)
            return list(returned) if len(known.results) > 1 else [returned]

        with _quiet():
            results = forward(*(np.asarray(value).astype(np.longdouble) for value in arrays))
        results = [
            Pass(forward, arrays, known.results.index("array"), at)
            if kind == "handle"
            else np.asarray(value, np.float64)
            for at, (kind, value) in enumerate(zip(known.results, results, strict=True))
        ]
        return tuple(results) if len(results) > 1 else results[0]

    def _function(self, name: str) -> Callable[..., Any]:
        module = importlib.import_module(f"{self.package}.{self.contract.functions[name].module}")
        function: Callable[..., Any] = getattr(module, name)
        return function

    def _gradient(self, name: str, upstream: np.ndarray, cache: Pass) -> Any:
        gradients = self._gradients(name, upstream, cache)
        if keys := self.contract.functions[name].keys:
            return dict(zip(keys, gradients, strict=True))
        return gradients if len(gradients) > 1 else gradients[0]

    def _gradients(self, name: str, upstream: np.ndarray, cache: Pass) -> tuple[Any, ...]:
        arrays = cache.arrays
        if self.gives == "zeros":
            return tuple(np.zeros(array.shape) for array in arrays)
        wide = [array.astype(np.longdouble) for array in arrays]

        def derivative(direction: Sequence[np.ndarray]) -> np.floating[Any]:
            total = np.longdouble(0)
            for where, weight in self.WEIGHTS:
                moved = [array + where * self.STEP * step for array, step in zip(wide, direction, strict=True)]
                total += weight * np.sum(cache.forward(*moved)[cache.out] * upstream)
            return total / (12 * self.STEP)

        with _quiet():
            written = self._written(name, upstream, cache.forward(*arrays)[cache.at], derivative, arrays)
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
        upstream: np.ndarray,
        cache: Any,
        derivative: Callable[[Sequence[np.ndarray]], np.floating[Any]],
        arrays: Sequence[np.ndarray],
    ) -> tuple[np.ndarray, ...] | None:
        """The package's own backward pass on this cache, if along one random direction it is the derivative.

        One that is wrong anywhere is wrong along it; and one difference takes less time than one for each number.
        """
        rng = np.random.default_rng(upstream.size)
        direction = [rng.normal(size=array.shape) for array in arrays]
        try:
            returned = self._function(name)(upstream, cache)
            keys = self.contract.functions[name].keys
            gradients = tuple(returned[key] for key in keys) if keys else returned
            gradients = gradients if isinstance(gradients, tuple) else (gradients,)
            products = [gradient * step for gradient, step in zip(gradients, direction, strict=True)]
            expected = sum(float(np.sum(product)) for product in products)
            size = sum(float(np.sum(np.abs(product))) for product in products)
        except Exception:  # the cache of a mistaken forward pass may be anything
            return None
        if any(gradient.shape != array.shape for gradient, array in zip(gradients, arrays, strict=True)):
            return None
        return tuple(gradients) if abs(float(derivative(direction)) - expected) <= 1e-10 * size else None


def refuse_undeclared(assignment: Assignment, backward: str) -> None:
    """See that the forward pass of a backward pass can be differentiated.

    Raises:
        GraderError: its contract does not say in what.
    """
    forward, returning = assignment.forwards_of(backward)[-1], assignment.contract.functions[backward]
    gradients, known = returning.keys or returning.results, assignment.contract.functions[forward]
    if len(known.differentiable) != len(gradients) or not {"array", "handle"} <= {*known.results}:
        raise GraderError(
            f"checks/{assignment.name}: {backward} belongs to {forward}, whose contract says differentiable="
            f"{known.differentiable} and results={known.results}; an array, a cache (a handle) and one parameter for "
            f"each of {len(gradients)} gradients were expected. Next: declare them, or take {backward} "
            "out of forward_of."
        )


def _again(value: Any) -> Any:
    """An argument as it was before the call, which may write into it."""
    if isinstance(value, Params):
        return _again(value.begun_with)
    if isinstance(value, Mapping):
        return {key: _again(item) for key, item in value.items()}
    return value.copy() if isinstance(value, np.ndarray) else value


@contextmanager
def _quiet() -> Iterator[None]:
    """Without numpy's warnings, which are expected of mistaken code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
