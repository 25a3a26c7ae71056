"""The student as a check sees it: the functions of the assignment, wherever they run.

    out, cache = student.batchnorm_forward(x, gamma, beta, student.mapping(mode="train"))

Behind it stands an `Executor` in this process (a student's notebook, the reference, a known mistake) or a proxy for one
in the sandbox; what each function returns is declared in the assignment's `Contract`, not guessed from what comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from .executor.executor import Handle, Kind, Other, Reply


class Runs(Protocol):
    """What `Executor` and its proxies offer."""

    def reset(self) -> None: ...  # noqa: D102
    def call(  # noqa: D102
        self, target: str | Handle, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], results: Sequence[Kind]
    ) -> Reply: ...
    def mapping(self, values: Mapping[str, Any]) -> Handle: ...  # noqa: D102
    def read(self, handle: Handle, key: str, kind: Kind) -> Any: ...  # noqa: D102
    def update(self, handle: Handle, attribute: str, values: Mapping[str, Any]) -> None: ...  # noqa: D102
    def exchange(self, twist: float) -> None: ...  # noqa: D102


@dataclass(frozen=True)
class Function:
    """Where a function lives, its parameters' names, and what it returns."""

    module: str
    parameters: tuple[str, ...]
    results: tuple[Kind, ...]


@dataclass(frozen=True)
class Contract:
    """The functions and models that the checks of an assignment may call."""

    functions: Mapping[str, Function]
    models: Mapping[str, str] = field(default_factory=dict)
    """Model class to the module that it lives in."""


@dataclass
class Student:
    """A student's functions by name, and the remarks that calling them gave rise to."""

    runs: Runs
    contract: Contract
    over_stand_ins: Student | None = None
    """The same student's functions where stand-ins take the place of those that they are built on."""
    changed: set[tuple[str, str]] = field(default_factory=set)
    """(function, parameter) of the arrays that a call changed in place."""
    widened: set[str] = field(default_factory=set)
    """Functions that were given float32 only and returned float64."""

    def reset(self) -> None:
        """Forget every object on the student's side: a new check begins."""
        self.runs.reset()
        self.changed.clear()
        self.widened.clear()

    def exchange(self, twist: float) -> None:
        """From now on the stand-ins, if there are any, are others: `twist` is a number between 0.5 and 1.5."""
        self.runs.exchange(twist)

    def mapping(self, **values: Any) -> Params:
        """A dictionary on the student's side, such as `bn_param`."""
        return Params(self.runs, self.runs.mapping(values), values)

    def model(self, name: str, *args: Any, **kwargs: Any) -> Model:
        """Construct a model, such as `FullyConnectedNet`."""
        reply = self.runs.call(self.contract.models[name], name, args, kwargs, ("handle",))
        return Model(self.runs, reply.values[0])

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = self.__dict__["contract"].functions.get(name) if "contract" in self.__dict__ else None
        if function is None:
            raise AttributeError(name)

        def call(*args: Any) -> Any:
            plain = [value.handle if isinstance(value, Params) else value for value in args]
            reply = self.runs.call(function.module, name, plain, {}, function.results)
            self.changed.update((name, function.parameters[position]) for position in reply.changed)
            if _floats(args) == {"f"} and "d" in _floats(reply.values):
                self.widened.add(name)
            return reply.values[0] if len(reply.values) == 1 else reply.values

        return call


class Params:
    """A dictionary on the student's side; `params[name]` reads a value back as an array, and sets one."""

    def __init__(self, runs: Runs, handle: Handle, begun_with: Mapping[str, Any]) -> None:
        self.runs = runs
        self.handle = handle
        self.begun_with = begun_with

    def __getitem__(self, key: str) -> Any:
        return self.runs.read(self.handle, key, "array")

    def __setitem__(self, key: str, value: Any) -> None:
        self.runs.update(self.handle, "", {key: value})


class Model:
    """A network that lives on the student's side."""

    def __init__(self, runs: Runs, handle: Handle) -> None:
        self.runs = runs
        self.handle = handle

    @property
    def params(self) -> dict[str, Any] | Other:
        """The parameters by name, as arrays; `Other` if `params` is no dictionary."""
        result: dict[str, Any] | Other = self.runs.read(self.handle, "params", "arrays")
        return result

    def set_params(self, values: Mapping[str, np.ndarray]) -> None:
        """Set these parameters and leave the others."""
        self.runs.update(self.handle, "params", values)

    def loss(self, X: np.ndarray, y: np.ndarray) -> tuple[Any, dict[str, Any] | Other]:
        """The loss and the gradients in training mode."""
        loss, grads = self.runs.call(self.handle, "loss", (X, y), {}, ("array", "arrays")).values
        return loss, grads

    def scores(self, X: np.ndarray) -> Any:
        """The scores in test mode."""
        return self.runs.call(self.handle, "loss", (X,), {}, ("array",)).values[0]


def _floats(values: Sequence[Any]) -> set[str]:
    return {value.dtype.char for value in values if isinstance(value, np.ndarray) and value.dtype.kind == "f"}
