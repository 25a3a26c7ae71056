"""Runs a student's functions in this process and hands back plain data.

The student's notebook uses it directly; the grader runs the same file inside the sandboxed worker and talks to it over
a pipe. So a check sees the same thing in both places: arrays, numbers, and handles to whatever else a function made.
Texts are printable and bounded, and an answer is no larger than what was asked for makes likely.
This folder needs Python and numpy only, and nothing else of the kit.
"""

from __future__ import annotations

import importlib
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path, PurePath
from typing import Any, Literal

import numpy as np

from .allowance import Allowance, room
from .errors import Line, StudentError
from .text import printable
from .values import (
    AS_THEY_ARE,
    LONG_DOUBLE,
    LONGEST_CODE,
    LONGEST_NAME,
    MOST_NAMES,
    WHITELIST,
    Callback,
    Handle,
    Named,
    Other,
    arrays_in,
    as_python,
    described,
    dtype_of,
    is_a,
    plain_array,
    plain_value,
    shape_of,
)
from .values import TooLarge as TooLargeValue

Kind = Literal["array", "arrays", "value", "handle"]
"""What a result is declared to be: an array (or number), a dictionary of arrays by name, any plain value (`values`), or
anything at all, which stays where it is."""

MOST_LINES = 5
"""Lines of a traceback."""
MOST_TYPES = 12
"""Names of the types that an error is of."""


_Arrays = tuple[np.ndarray, ...]
_WITHOUT_ARRAYS = AS_THEY_ARE - {np.ndarray}
_NUMBERS = WHITELIST | {LONG_DOUBLE}


@dataclass(frozen=True)
class Reply:
    """The results of a call, and the positions or names of the arguments that it changed in place."""

    values: tuple[Any, ...]
    changed: tuple[int | str, ...] = ()


@dataclass
class Executor:
    """A student's package, and the objects that its functions made.

    Args:
        package: the importable name of the package, such as `funkcije`.
    """

    package: str
    _objects: dict[int, Any] = field(default_factory=dict)
    _written: set[int] = field(default_factory=set)
    """Numbers of the dictionaries that a function is meant to write into, such as one of options."""
    _allowance: Allowance = field(default_factory=Allowance)
    ask_back: Callable[[Callback, Sequence[Any]], Any] | None = None
    """Asks the trusted side what a function of its own gives, where that is not in this process."""
    _over_limit: StudentError | None = None
    """A function given as an argument was called too often; said also where the student's code goes on from that."""

    def reset(self) -> None:
        """Forget every object: a new check begins."""
        self._objects.clear()
        self._written.clear()
        self._allowance.reset()

    def expect(self, size: int) -> None:
        """Say what is expected, as bytes of float64, if it does not follow from the arguments; see `Allowance`."""
        self._allowance.expect(size)

    def call(
        self,
        target: str | Handle,
        name: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        results: Sequence[Kind],
        handles: Sequence[Handle] = (),
    ) -> Reply:
        """Call `module.name(*args, **kwargs)`, or the method `name` of an object held here.

        Arrays are copied on the way in, so a change in place does not reach the caller; it is reported in
        `Reply.changed`, as is one to the arrays of a cache. What stays here goes behind the handles that are given, or
        the next.

        Raises:
            StudentError: the function is missing, raised, or returned another number of results or far too much.
        """
        self._allowance.asked((args, kwargs))
        try:
            given = [self._inward(value) for value in args]
            named = {key: self._inward(value) for key, value in kwargs.items()}
            held = [self._as_before(*each) for each in _each(args, kwargs, given, named)]
            function = self._resolve(target, name)
            self._over_limit = None
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                returned = function(*given, **named)
            values = self._split(name, returned, results)
            changed = tuple(at for at, before, now in held if not all(map(_same_bytes, before, now)))
            self._admit(values, results)
            if self._over_limit is not None:
                raise self._over_limit
            return Reply(tuple(map(self._outward, values, results, repeat(iter(handles)))), changed)
        except Exception as error:
            raise self._over_limit or self._student_error(error) from None
        except SystemExit as error:
            raise StudentError("error", "SystemExit", _text_of(error.code), self.own_lines(error)) from None

    def mapping(self, values: Mapping[str, Any], handle: Handle | None = None) -> Handle:
        """A new dictionary on the student's side, such as options, behind the handle that is given or the next."""
        self._allowance.asked(values.values())
        handle = self._keep({key: self._inward(value) for key, value in values.items()}, handle)
        self._written.add(handle.number)
        return handle

    def hold(self, value: Any, handle: Handle | None = None) -> Handle:
        """A value on the student's side that a function is meant to change in place; `read` with no key gives it."""
        self._allowance.asked([value])
        handle = self._keep(self._inward(value), handle)
        self._written.add(handle.number)
        return handle

    def read(self, handle: Handle, key: str, kind: Kind) -> Any:
        """An item of a dictionary, an attribute of an object, or with no key all of it; `Other` where there is none."""
        held = self._objects[handle.number]
        try:
            try:
                value = held if not key else held[key] if isinstance(held, dict) else getattr(held, key)
            except (KeyError, AttributeError):
                return Other("missing")
            self._admit([value], [kind])
            return self._outward(value, kind)
        except Exception as error:
            raise self._student_error(error) from None

    def update(self, handle: Handle, attribute: str, values: Mapping[str, Any]) -> None:
        """Set items of a dictionary, or of the dictionary that an object has as `attribute`."""
        self._allowance.asked(values.values())
        held = self._objects[handle.number]
        try:
            target = getattr(held, attribute) if attribute else held
            target.update({key: self._inward(value) for key, value in values.items()})
        except Exception as error:
            raise self._student_error(error) from None

    def exchange(self, twist: float) -> None:
        """Exchange the stand-ins for others; here are none."""

    def load(self, module: str) -> None:
        """Import a module of the package.

        Raises:
            StudentError: it cannot be imported.
        """
        try:
            importlib.import_module(f"{self.package}.{module}")
        except Exception as error:
            raise self._student_error(error) from None
        except SystemExit as error:
            raise StudentError("error", "SystemExit", _text_of(error.code), self.own_lines(error)) from None

    def _resolve(self, target: str | Handle, name: str) -> Any:
        if isinstance(target, Handle):
            return getattr(self._objects[target.number], name)
        module = importlib.import_module(f"{self.package}.{target}")
        function = getattr(module, name, None)
        if function is None:
            raise StudentError.missing(target, name)
        return function

    def _split(self, name: str, returned: Any, results: Sequence[Kind]) -> tuple[Any, ...]:
        if not results:
            return ()
        if len(results) == 1:
            return (returned,)
        if not isinstance(returned, tuple | list) or len(returned) != len(results):
            count = f"{len(returned)} results" if isinstance(returned, tuple | list) else type(returned).__name__
            raise StudentError.wrong_count(name, len(results), count)
        return tuple(returned)

    def _keep(self, value: Any, handle: Handle | None = None) -> Handle:
        handle = handle or Handle(len(self._objects) + 1)
        self._objects[handle.number] = value
        return handle

    def _as_before(self, at: int | str, argument: Any, value: Any) -> tuple[int | str, _Arrays, _Arrays]:
        """The arrays of an argument that a call must leave as they are, as they are before it, and they themselves."""
        if type(argument) is np.ndarray:
            return at, (argument,), (value,)
        if type(value) in _WITHOUT_ARRAYS or (isinstance(argument, Handle) and argument.number in self._written):
            return at, (), ()
        arrays = () if callable(value) else tuple(arrays_in(value))
        return at, tuple(array.copy() for array in arrays), arrays

    def _inward(self, value: Any) -> Any:
        if isinstance(value, Handle):
            return self._objects[value.number]
        if isinstance(value, np.ndarray):
            return value.copy()
        if type(value) in AS_THEY_ARE:
            return value
        if isinstance(value, Mapping):
            return {key: self._inward(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(map(self._inward, value))
        if isinstance(value, Named):
            return self._resolve(value.module, value.name)
        return self._called_back(value) if isinstance(value, Callback) else value

    def _called_back(self, callback: Callback) -> Callable[..., Any]:
        """What stands for a function of the check's: counted, and given plain values only."""
        count = 0

        def function(*args: Any) -> Any:
            nonlocal count
            count += 1
            if count > callback.at_most:
                self._over_limit = StudentError.too_many_calls(callback.at_most)
                raise self._over_limit
            given = plain_value(list(args))
            if callback.function is None:
                assert self.ask_back is not None
                return self.ask_back(callback, given)
            return answer_of(callback.function, given)

        return function

    def _admit(self, values: Sequence[Any], kinds: Sequence[Kind]) -> None:
        """Refuse results that together are too large, before any of them is copied."""
        left = self._allowance.most
        for value, kind in zip(values, kinds, strict=True):
            if kind == "handle":
                continue
            items: Iterable[Any] = [value]
            if kind == "arrays" and is_a(dict, value):
                if (count := dict.__len__(value)) > MOST_NAMES:
                    raise StudentError.too_large(f"dict: {count}")
                items = dict.values(value)
            for array in items:
                # Of what is no array of numbers, only its type is said.
                if is_a(np.ndarray, array) and dtype_of(array).char in _NUMBERS:
                    left -= room(shape_of(array))
                    if left < 0:
                        what = f"{dtype_of(array)}, {shape_of(array)}"
                        raise StudentError.too_large(printable(what, LONGEST_NAME))

    def _outward(self, value: Any, kind: Kind, names: Iterator[Handle] | None = None) -> Any:
        if kind == "handle":
            handle = self._keep(value, next(names, None) if names else None)
            if any(self._objects[number] is value for number in self._written):  # given back as it was given
                self._written.add(handle.number)
            return handle
        if kind == "value":
            return plain_value(value, lambda array: self._admit([array], ["array"]))
        if kind == "arrays":
            if not is_a(dict, value):
                return Other(described(value))
            return {
                printable(key, LONGEST_NAME) if type(key) is str else described(key): plain_array(item)
                for key, item in dict.items(value)
            }
        return plain_array(value)

    def _student_error(self, error: Exception) -> StudentError:
        if isinstance(error, StudentError):
            return error
        if isinstance(error, TooLargeValue):
            return StudentError.too_large(str(error))
        lines, message = self.own_lines(error), _text_of(error)
        if isinstance(error, SyntaxError):
            # One that is raised by hand may hold anything.
            lines = (_line(error.filename or "?", error.lineno, error.text or ""),)
            message = _text_of(error.msg)
        kind: Literal["not_implemented", "error"] = (
            "not_implemented" if isinstance(error, NotImplementedError) else "error"
        )
        types = tuple(printable(one.__name__, LONGEST_NAME) for one in type(error).__mro__[:MOST_TYPES])
        return StudentError(kind, described(error), message, lines, types)

    def own_lines(self, error: BaseException) -> tuple[Line, ...]:
        """Lines of the student's package in a traceback; the kit's own frames and numpy's stay out."""
        root = self._folder()
        return tuple(
            _line(frame.filename, frame.lineno, frame.line or "", frame.name)
            for frame in traceback.extract_tb(error.__traceback__)
            if root is not None and Path(frame.filename).is_relative_to(root)
        )[-MOST_LINES:]

    def _folder(self) -> Path | None:
        try:
            paths = list(importlib.import_module(self.package).__path__)
        except Exception:
            return None
        return Path(paths[0]) if paths else None


class FunctionError(Exception):
    """What a function of the check's raised, as the student's code meets it."""


def answer_of(function: Callable[..., Any], args: Sequence[Any]) -> Any:
    """What a function of the check's gives, as plain data.

    Raises:
        FunctionError: it raised, as on an argument that it cannot take.
    """
    try:
        return as_python(plain_value(function(*map(as_python, args))))
    except Exception as error:
        raise FunctionError(f"{type(error).__name__}: {_text_of(error)}") from None


def _each(args: Sequence[Any], kwargs: Mapping[str, Any], given: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """Each argument by its position or name, as it was sent and as it is given."""
    return [
        *((at, *both) for at, both in enumerate(zip(args, given, strict=True))),
        *((name, value, named[name]) for name, value in kwargs.items()),
    ]


def _text_of(value: object) -> str:
    """What an error says, unless it raises when it is asked."""
    try:
        return printable(str(value))
    except Exception:
        return ""


def _line(file: object, number: object, code: object, function: str = "") -> Line:
    return Line(
        printable(PurePath(str(file)).name, LONGEST_NAME),
        number if type(number) is int and 0 <= number < 2**31 else 0,
        printable(str(code).strip(), LONGEST_CODE),
        printable(function, LONGEST_NAME),
    )


def _same_bytes(old: np.ndarray, new: np.ndarray) -> bool:
    return old.dtype == new.dtype and old.shape == new.shape and old.tobytes() == new.tobytes()
