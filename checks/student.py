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

    last: tuple[str, Any] = ("", None)
    """The name of what gave something last, and what it gave."""
    first_odd: tuple[str, Other] | None = None
    """The same of the first since the last reset that is not of the kind asked for."""

    def reset(self) -> None:
        """Forget every object on the student's side: a new check begins."""
        self.runs.reset()
        self.last, self.first_odd = ("", None), None
        self.changed.clear()
        self.widened.clear()

    @property
    def odd(self) -> tuple[str, str]:
        """A name, and in words what came under it: the first that is not of the kind asked for, else the last."""
        name, value = self.first_odd or self.last
        return name, _described(value)

    def note(self, name: str, value: Any) -> None:
        """Remember what came, for the case that a check cannot go on with it."""
        self.last = name, value
        if self.first_odd is None and (odd := _odd_in(value)) is not None:
            self.first_odd = name, odd

    def exchange(self, twist: float) -> None:
        """From now on the stand-ins, if there are any, are others: `twist` is a number between 0.5 and 1.5."""
        self.runs.exchange(twist)

    def mapping(self, **values: Any) -> Params:
        """A dictionary on the student's side, such as `bn_param`."""
        return Params(self, self.runs.mapping(values), values)

    def model(self, name: str, *args: Any, **kwargs: Any) -> Model:
        """Construct a model, such as `FullyConnectedNet`."""
        reply = self.runs.call(self.contract.models[name], name, args, kwargs, ("handle",))
        return Model(self, name, reply.values[0])

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = self.__dict__["contract"].functions.get(name) if "contract" in self.__dict__ else None
        if function is None:
            raise AttributeError(name)

        def call(*args: Any) -> Any:
            reply = self.runs.call(function.module, name, [_given(value) for value in args], {}, function.results)
            self.note(name, reply.values)
            self.changed.update((name, function.parameters[position]) for position in reply.changed)
            if _floats(args) == {"f"} and "d" in _floats(reply.values):
                self.widened.add(name)
            return reply.values[0] if len(reply.values) == 1 else reply.values

        return call


class Params:
    """A dictionary on the student's side; `params[name]` reads a value back as an array, and sets one."""

    def __init__(self, student: Student, handle: Handle, begun_with: Mapping[str, Any]) -> None:
        self.student = student
        self.handle = handle
        self.begun_with = begun_with

    def __getitem__(self, key: str) -> Any:
        value = self.student.runs.read(self.handle, key, "array")
        self.student.note(key, value)
        return value

    def __setitem__(self, key: str, value: Any) -> None:
        self.student.runs.update(self.handle, "", {key: _given(value)})


class Model:
    """A network that lives on the student's side."""

    def __init__(self, student: Student, name: str, handle: Handle) -> None:
        self.student = student
        self.name = name
        self.handle = handle

    @property
    def params(self) -> dict[str, Any] | Other:
        """The parameters by name, as arrays; `Other` if `params` is no dictionary."""
        result: dict[str, Any] | Other = self.student.runs.read(self.handle, "params", "arrays")
        self.student.note(f"{self.name}.params", result)
        return result

    def set_params(self, values: Mapping[str, np.ndarray]) -> None:
        """Set these parameters and leave the others."""
        self.student.runs.update(self.handle, "params", _given(values))

    def loss(self, X: np.ndarray, y: np.ndarray) -> tuple[Any, dict[str, Any] | Other]:
        """The loss and the gradients in training mode."""
        loss, grads = self._loss((X, y), ("array", "arrays"))
        return loss, grads

    def scores(self, X: np.ndarray) -> Any:
        """The scores in test mode."""
        return self._loss((X,), ("array",))[0]

    def _loss(self, args: Sequence[Any], results: Sequence[Kind]) -> tuple[Any, ...]:
        values = self.student.runs.call(self.handle, "loss", [_given(value) for value in args], {}, results).values
        self.student.note(f"{self.name}.loss", values)
        return values


def _given(value: Any) -> Any:
    """An argument as it is sent; what came of another kind than was asked for is not sent back."""
    if isinstance(value, Params):
        return value.handle
    if isinstance(value, Mapping):
        return {key: _given(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_given, value))
    if isinstance(value, Other):
        raise TypeError(f"{value.description} cannot be given to a function")
    return value


def _odd_in(value: Any) -> Other | None:
    """The first thing in a result that is not of the kind asked for."""
    if isinstance(value, Other):
        return value
    items = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else ()
    return next((odd for item in items if (odd := _odd_in(item)) is not None), None)


def _described(value: Any) -> str:
    if isinstance(value, Other):
        return value.description
    if isinstance(value, tuple | list):
        return ", ".join(map(_described, value))
    return f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__


def _floats(values: Sequence[Any]) -> set[str]:
    return {value.dtype.char for value in values if isinstance(value, np.ndarray) and value.dtype.kind == "f"}
