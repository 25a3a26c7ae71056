"""The student as a check sees it: the functions of the assignment, wherever they run.

    out, cache = student.scale_forward(x, factors, student.mapping(power=2))

Behind it stands an `Executor` in this process (a student's notebook, the reference, a known mistake) or a proxy for one
in the sandbox; what each function returns is declared in the assignment's `Contract`, not guessed from what comes back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from .executor.errors import StudentError
from .executor.executor import Kind, Reply
from .executor.values import AS_THEY_ARE, MOST_CALLS, Callback, Handle, Named, Other, as_python, odd_in


class Runs(Protocol):
    """What `Executor` and its proxies offer."""

    def reset(self) -> None: ...  # noqa: D102
    def call(  # noqa: D102
        self, target: str | Handle, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], results: Sequence[Kind]
    ) -> Reply: ...
    def mapping(self, values: Mapping[str, Any]) -> Handle: ...  # noqa: D102
    def read(self, handle: Handle, key: str, kind: Kind) -> Any: ...  # noqa: D102
    def hold(self, value: Any) -> Handle: ...  # noqa: D102
    def update(self, handle: Handle, attribute: str, values: Mapping[str, Any]) -> None: ...  # noqa: D102
    def exchange(self, twist: float) -> None: ...  # noqa: D102


@dataclass(frozen=True)
class Function:
    """Where a function lives, its parameters' names, and what it returns."""

    module: str
    parameters: tuple[str, ...]
    results: tuple[Kind, ...]
    differentiable: tuple[str, ...] = ()
    """Of a forward pass, the parameters that its backward pass returns the gradients of, in their order there."""
    keys: tuple[str, ...] = ()
    """Of a backward pass that returns its gradients in a dictionary (`arrays`), their keys, in the same order."""


@dataclass(frozen=True)
class Class:
    """Where a class lives, and what may be asked of its objects."""

    module: str
    methods: Mapping[str, tuple[Kind, ...]] = field(default_factory=dict)
    """What each returns; `()` where that is nothing, or nothing of interest."""
    attributes: Mapping[str, Kind] = field(default_factory=dict)
    """Of what kind each is that may be read."""


@dataclass(frozen=True)
class Contract:
    """The functions, classes and models that the checks of an assignment may call."""

    functions: Mapping[str, Function]
    models: Mapping[str, str] = field(default_factory=dict)
    """Model class to the module that it lives in: a class with `params` and `loss`."""
    classes: Mapping[str, Class] = field(default_factory=dict)

    def module_of(self, name: str) -> str:
        """The module that a function, a class or a model lives in.

        Raises:
            KeyError: the contract has none of this name.
        """
        known = self.functions.get(name) or self.classes.get(name)
        return known.module if known else self.models[name]


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
    slow: set[tuple[str, str, float]] = field(default_factory=set)
    """(function, other, times) where the one is not so many times as fast as the other."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Of the last call of each function."""
    seconds_compared: bool = False
    """Whether the time that calls take was asked for."""
    _callbacks: int = 0

    _last: tuple[str, Any] = ("", None)
    """The name of what gave something last, and what it gave."""
    _first_odd: tuple[str, Other] | None = None
    """The same of the first since the last reset that is not of the kind asked for."""

    def reset(self) -> None:
        """Forget every object on the student's side: a new check begins."""
        self.runs.reset()
        self._last, self._first_odd = ("", None), None
        self.changed.clear()
        self.widened.clear()
        self.slow.clear()

    @property
    def what_came(self) -> tuple[str, str]:
        """A name, and in words what came under it: the first that is not of the kind asked for, else the last."""
        name, value = self._first_odd or self._last
        return name, _described(value)

    def note(self, name: str, value: Any) -> None:
        """Remember what came, for the case that a check cannot go on with it."""
        self._last = name, value
        if self._first_odd is None and (odd := odd_in(value)) is not None:
            self._first_odd = name, odd

    def exchange(self, twist: float) -> None:
        """From now on the stand-ins, if there are any, are others: `twist` is a number between 0.5 and 1.5."""
        self.runs.exchange(twist)

    def mapping(self, **values: Any) -> Params:
        """A dictionary on the student's side, such as one of options."""
        return Params(self, self.runs.mapping(_given(values)), values)

    def held(self, value: Any) -> Held:
        """An array, or another plain value, that a function is meant to change in place; `value` reads it back."""
        return Held(self, self.runs.hold(_given(value)), "array" if isinstance(value, np.ndarray) else "value")

    def new(self, name: str, *args: Any, **kwargs: Any) -> Object:
        """An object of a class of the contract, with its methods and attributes."""
        known = self.contract.classes[name]
        (handle,) = self.ask(known.module, name, args, kwargs, ("handle",), name)
        return Object(self, name, known, handle)

    def model(self, name: str, *args: Any, **kwargs: Any) -> Model:
        """A model of the contract: a network with `params` and `loss`."""
        (handle,) = self.ask(self.contract.models[name], name, args, kwargs, ("handle",), name)
        return Model(self, name, Class(self.contract.models[name]), handle)

    def named(self, name: str) -> Named:
        """A function of the student's own, to be given to another one."""
        return Named(self.contract.functions[name].module, name)

    def callback(self, function: Callable[..., Any], at_most: int = MOST_CALLS) -> Callback:
        """A function of the check's, to be given to one of the student's, which may call it so many times.

        It stays here, and is given plain values. A function that is given as it is may be called `MOST_CALLS` times.
        """
        self._callbacks += 1
        return Callback(self._callbacks, at_most, function)

    def raised(self, asked: type[BaseException], call: Callable[[], Any]) -> str:
        """The name of the exception that is asked for if a call raises it; else that of what it raises, or nothing."""
        try:
            call()
        except StudentError as error:
            if error.kind != "error":
                raise
            return asked.__name__ if asked.__name__ in error.types else error.type
        return ""

    def compare_times(self, fast: str, slow: str, times: float) -> None:
        """Remark on a function that in its last call was not so many times as fast as another one in its own."""
        self.seconds_compared = True
        if self.seconds[fast] * times > self.seconds[slow]:
            self.slow.add((fast, slow, times))

    def ask(
        self,
        target: str | Handle,
        name: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        results: Sequence[Kind],
        shown: str,
        parameters: Sequence[str] = (),
    ) -> tuple[Any, ...]:
        """Call a function, a class or a method, and take account of what it does.

        Args:
            target: its module, or the object that it is a method of.
            name: its name there.
            args: arguments by position.
            kwargs: arguments by name.
            results: of what kind its results are.
            shown: what messages call it.
            parameters: the names of its parameters, as far as they are known.
        """
        given = [value if type(value) in AS_THEY_ARE else self._sent(value) for value in args]
        named = {key: value if type(value) in AS_THEY_ARE else self._sent(value) for key, value in kwargs.items()}
        began = time.perf_counter()
        reply = self.runs.call(target, name, given, named, results)
        self.seconds[shown] = time.perf_counter() - began
        values = tuple([value if type(value) in AS_THEY_ARE else as_python(value) for value in reply.values])
        self.note(shown, values)
        for at in reply.changed:
            known = at if isinstance(at, str) else parameters[at] if at < len(parameters) else str(at + 1)
            self.changed.add((shown, known))
        if _floats((*args, *kwargs.values())) == {"f"} and "d" in _floats(values):
            self.widened.add(shown)
        return values

    def _sent(self, value: Any) -> Any:
        if callable(value) and not isinstance(value, type | Params | Object):
            return self.callback(value)
        return _given(value)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = self.__dict__["contract"].functions.get(name) if "contract" in self.__dict__ else None
        if function is None:
            raise AttributeError(f"the contract has no function {name}")

        def call(*args: Any, **kwargs: Any) -> Any:
            values = self.ask(function.module, name, args, kwargs, function.results, name, function.parameters)
            return values[0] if len(values) == 1 else values

        return call


class Params:
    """A dictionary on the student's side; `params[name]` reads a value back as an array, and sets one."""

    def __init__(self, student: Student, handle: Handle, begun_with: Mapping[str, Any]) -> None:
        self.student = student
        self.handle = handle
        self.begun_with = begun_with

    def __getitem__(self, key: str) -> Any:
        return _read(self.student, self.handle, key, "array", key)

    def __setitem__(self, key: str, value: Any) -> None:
        self.student.runs.update(self.handle, "", {key: _given(value)})


class Held:
    """A value on the student's side that a function is meant to change in place."""

    def __init__(self, student: Student, handle: Handle, kind: Kind) -> None:
        self.student = student
        self.handle = handle
        self.kind = kind

    @property
    def value(self) -> Any:
        """What it is now."""
        return _read(self.student, self.handle, "", self.kind, "value")


class Object:
    """An object on the student's side: its methods are called, and its attributes read, as the contract has them."""

    def __init__(self, student: Student, name: str, known: Class, handle: Handle) -> None:
        self.student = student
        self.name = name
        self.known = known
        self.handle = handle

    def __getattr__(self, name: str) -> Any:
        known = self.__dict__.get("known", Class(""))
        if name in known.attributes:
            return _read(self.student, self.handle, name, known.attributes[name], f"{self.name}.{name}")
        if name not in known.methods:
            raise AttributeError(f"the contract has no {self.name}.{name}")

        def call(*args: Any, **kwargs: Any) -> Any:
            values = self._ask(name, args, kwargs, known.methods[name])
            return values[0] if len(values) == 1 else values or None

        return call

    def _ask(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], results: Sequence[Kind]) -> Any:
        return self.student.ask(self.handle, name, args, kwargs, results, f"{self.name}.{name}")


class Model(Object):
    """An object with `params`, a dictionary of arrays, and `loss(X, y)`, which gives scores where there is no y."""

    @property
    def params(self) -> dict[str, Any] | Other:
        """The parameters by name, as arrays; `Other` if `params` is no dictionary."""
        result: dict[str, Any] | Other = _read(self.student, self.handle, "params", "arrays", f"{self.name}.params")
        return result

    def set_params(self, values: Mapping[str, np.ndarray]) -> None:
        """Set these parameters and leave the others."""
        self.student.runs.update(self.handle, "params", _given(values))

    def loss(self, X: np.ndarray, y: np.ndarray) -> tuple[Any, dict[str, Any] | Other]:
        """The loss and the gradients in training mode."""
        loss, grads = self._ask("loss", (X, y), {}, ("array", "arrays"))
        return loss, grads

    def scores(self, X: np.ndarray) -> Any:
        """The scores in test mode."""
        return self._ask("loss", (X,), {}, ("array",))[0]


def _read(student: Student, handle: Handle, key: str, kind: Kind, shown: str) -> Any:
    value = as_python(student.runs.read(handle, key, kind))
    student.note(shown, value)
    return value


def _given(value: Any) -> Any:
    """An argument as it is sent; what came of another kind than was asked for is not sent back."""
    if type(value) in AS_THEY_ARE:
        return value
    if isinstance(value, Params | Held | Object):
        return value.handle
    if isinstance(value, Mapping):
        return {key: _given(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_given, value))
    if isinstance(value, Other):
        raise TypeError(f"{value.description} cannot be given to a function")
    return value


def _described(value: Any) -> str:
    if isinstance(value, Other):
        return value.description
    if isinstance(value, tuple | list):
        return ", ".join(map(_described, value))
    return f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__


def _floats(values: Sequence[Any]) -> set[str]:
    """The types of arrays of floats; a single number is Python's, which has one type for all."""
    arrays = [value for value in values if isinstance(value, np.ndarray) and value.ndim]
    return {array.dtype.char for array in arrays if array.dtype.kind == "f"}
