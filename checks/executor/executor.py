"""Runs a student's functions in this process and hands back plain data.

The student's notebook uses it directly; the grader runs the same file inside the sandboxed worker and talks to it over
a pipe. So a check sees the same thing in both places: arrays, numbers, and handles to whatever else a function made.
Texts are printable and bounded, and an answer is no larger than what was asked for makes likely.
This folder needs Python and numpy only, and nothing else of the kit.
"""

from __future__ import annotations

import builtins
import importlib
import traceback
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Literal

import numpy as np

from .allowance import Allowance, room
from .text import printable

Kind = Literal["array", "arrays", "handle"]
"""What a result is declared to be: an array (or number), a dictionary of arrays by name, or anything at all."""

WHITELIST = frozenset("?bhilqBHILQefd")
"""`dtype.char` of the arrays that may pass: booleans, integers, and floats of 2, 4 and 8 bytes."""

_LONG_DOUBLE = "g"
"""Becomes float64 on its way."""

MOST_NAMES = 1_000
"""Of the arrays in one dictionary."""
LONGEST_NAME, LONGEST_CODE = 100, 200
"""Characters of a name (a type, a file, a function, a parameter), and of a line of code."""
MOST_LINES = 5
"""Lines of a traceback."""


@dataclass(frozen=True)
class Handle:
    """An object that stays where the student's code runs; only its number travels."""

    number: int


@dataclass(frozen=True)
class Other:
    """A result that is not what was declared, by the name of what it is."""

    description: str


@dataclass(frozen=True)
class Line:
    """A line of the student's own code in a traceback."""

    file: str
    number: int
    code: str
    function: str = ""


ErrorKind = Literal[
    "not_implemented", "error", "timeout", "missing", "result", "unusable", "too_large", "lost", "protocol"
]


class StudentError(Exception):
    """What went wrong in the student's code; `lines` are the student's own, outermost first."""

    def __init__(self, kind: ErrorKind, type: str = "", message: str = "", lines: tuple[Line, ...] = ()) -> None:
        super().__init__(kind, type, message, lines)
        self.kind = kind
        self.type = type
        self.message = message
        self.lines = lines

    def __str__(self) -> str:
        return f"{self.type}: {self.message}" if self.type else self.message

    @classmethod
    def missing(cls, module: str, name: str) -> StudentError:
        """A module has no function of this name."""
        return cls("missing", message=f"{module}.py: {name}")

    @classmethod
    def wrong_count(cls, function: str, expected: int, found: str) -> StudentError:
        """A function returned another number of results; `found` is `2 results`, or the type of the only one."""
        return cls("result", message=f"{function}: {expected} results expected, got {found}")

    @classmethod
    def unusable(cls, name: str, found: str) -> StudentError:
        """What came under a name is nothing that the check can go on with; in words what it is."""
        return cls("unusable", message=f"{name}: {found}")

    @classmethod
    def too_large(cls, what: str) -> StudentError:
        """Far more was returned than was asked for."""
        return cls("too_large", message=what)

    @classmethod
    def timeout(cls, seconds: str) -> StudentError:
        """The time is up, after so many seconds."""
        return cls("timeout", message=f"{seconds} s")

    @classmethod
    def lost(cls, how: str) -> StudentError:
        """The process ended, in words how."""
        return cls("lost", message=how)

    @classmethod
    def protocol(cls, what: str) -> StudentError:
        """The process answered something that was not asked for."""
        return cls("protocol", message=what)


@dataclass(frozen=True)
class Reply:
    """The results of a call, and the positions of the arguments that it changed in place."""

    values: tuple[Any, ...]
    changed: tuple[int, ...] = ()


@dataclass
class Executor:
    """A student's package, and the objects that its functions made.

    Args:
        package: the importable name of the package, such as `funkcije`.
    """

    package: str
    _objects: dict[int, Any] = field(default_factory=dict)
    _written: set[int] = field(default_factory=set)
    """Numbers of the dictionaries that a function is meant to write into, such as `bn_param`."""
    _allowance: Allowance = field(default_factory=Allowance)

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
    ) -> Reply:
        """Call `module.name(*args, **kwargs)`, or the method `name` of an object held here.

        Arrays are copied on the way in, so a change in place does not reach the caller; it is reported in
        `Reply.changed`, as is one to the arrays of a cache.

        Raises:
            StudentError: the function is missing, raised, or returned another number of results or far too much.
        """
        self._allowance.asked((args, kwargs))
        try:
            given = [self._inward(value) for value in args]
            named = {key: self._inward(value) for key, value in kwargs.items()}
            held = [self._arrays_of(value, plain) for value, plain in zip(args, given, strict=True)]
            before = [[array.copy() for array in arrays] for arrays in held]
            function = self._resolve(target, name)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                returned = function(*given, **named)
            values = self._split(name, returned, results)
            changed = tuple(
                position
                for position, (old, now) in enumerate(zip(before, held, strict=True))
                if not all(map(_same_bytes, old, now))
            )
            self._admit(values, results)
            return Reply(tuple(map(self._outward, values, results)), changed)
        except Exception as error:
            raise self._student_error(error) from None
        except SystemExit as error:
            raise StudentError("error", "SystemExit", _text_of(error.code), self.own_lines(error)) from None

    def mapping(self, values: Mapping[str, Any], handle: Handle | None = None) -> Handle:
        """A new dictionary on the student's side, such as `bn_param`, behind the handle that is given or the next."""
        self._allowance.asked(values.values())
        handle = self._keep({key: self._inward(value) for key, value in values.items()}, handle)
        self._written.add(handle.number)
        return handle

    def read(self, handle: Handle, key: str, kind: Kind) -> Any:
        """An item of a dictionary, or an attribute of an object; `Other` where there is none."""
        held = self._objects[handle.number]
        try:
            try:
                value = held[key] if isinstance(held, dict) else getattr(held, key)
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

    def _arrays_of(self, argument: Any, value: Any) -> list[np.ndarray]:
        """The arrays of an argument that a call must leave as they are."""
        written = isinstance(argument, Handle) and argument.number in self._written
        return [] if written else list(_arrays_in(value))

    def _inward(self, value: Any) -> Any:
        if isinstance(value, Handle):
            return self._objects[value.number]
        if isinstance(value, np.ndarray):
            return value.copy()
        if isinstance(value, Mapping):
            return {key: self._inward(item) for key, item in value.items()}
        return value

    def _admit(self, values: Sequence[Any], kinds: Sequence[Kind]) -> None:
        """Refuse results that together are too large, before any of them is copied."""
        left = self._allowance.most
        for value, kind in zip(values, kinds, strict=True):
            if kind == "handle":
                continue
            items: Iterable[Any] = [value]
            if kind == "arrays" and _is_a(dict, value):
                if (count := dict.__len__(value)) > MOST_NAMES:
                    raise StudentError.too_large(f"dict: {count}")
                items = dict.values(value)
            for array in items:
                # Of what is no array of numbers, only its type is said.
                if _is_a(np.ndarray, array) and _DTYPE(array).char in WHITELIST | {_LONG_DOUBLE}:
                    left -= room(_SHAPE(array))
                    if left < 0:
                        what = f"{_DTYPE(array)}, {_SHAPE(array)}"
                        raise StudentError.too_large(printable(what, LONGEST_NAME))

    def _outward(self, value: Any, kind: Kind) -> Any:
        if kind == "handle":
            return self._keep(value)
        if kind == "arrays":
            if not _is_a(dict, value):
                return Other(_describe(value))
            return {
                printable(key, LONGEST_NAME) if type(key) is str else _describe(key): plain_array(item)
                for key, item in dict.items(value)
            }
        return plain_array(value)

    def _student_error(self, error: Exception) -> StudentError:
        if isinstance(error, StudentError):
            return error
        lines, message = self.own_lines(error), _text_of(error)
        if isinstance(error, SyntaxError):
            # One that is raised by hand may hold anything.
            lines = (_line(error.filename or "?", error.lineno, error.text or ""),)
            message = _text_of(error.msg)
        kind: Literal["not_implemented", "error"] = (
            "not_implemented" if isinstance(error, NotImplementedError) else "error"
        )
        return StudentError(kind, _describe(error), message, lines)

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


# The array's own, whatever a subclass says.
_SHAPE = np.ndarray.shape.__get__
_DTYPE = np.ndarray.dtype.__get__


def _is_a(kind: type, value: Any) -> bool:
    """`isinstance` for a value that may claim to be what it is not."""
    return issubclass(type(value), kind)


def plain_array(value: Any) -> np.ndarray | Other:
    """The value as a plain array of a whitelisted type, or what it is instead."""
    if issubclass(type(value), builtins.bool | int | float | np.generic):
        value = np.asarray(value)
    if _is_a(np.ndarray, value):
        kind = _DTYPE(value)
        if kind.char == _LONG_DOUBLE:
            return np.array(value, dtype=np.float64, subok=False)
        if kind.char in WHITELIST:
            return np.array(value, copy=True, subok=False)
        return Other(printable(f"array of {kind}", LONGEST_NAME))
    return Other(_describe(value))


def _arrays_in(value: Any, depth: int = 4) -> Iterator[np.ndarray]:
    """The arrays in a cache of any usual form: an array, a sequence, a dictionary, an object with attributes."""
    if isinstance(value, np.ndarray):
        yield value
    elif depth:
        named = value if isinstance(value, dict) else getattr(value, "__dict__", None)
        items: Iterable[Any] = value if isinstance(value, tuple | list) else ()
        for item in named.values() if isinstance(named, dict) else items:
            yield from _arrays_in(item, depth - 1)


def _describe(value: Any) -> str:
    # The type's own name, whatever its metaclass says.
    return printable(type.__dict__["__name__"].__get__(type(value)), LONGEST_NAME)


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
