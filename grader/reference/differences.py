"""Gradients of a forward pass by differences: the truth for a backward pass, whatever the formula is."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal

import numpy as np

from checks.core import Assignment
from checks.executor.executor import Executor
from checks.student import Params, Student


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
    """Without numpy's warnings, which are expected of mistaken code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
