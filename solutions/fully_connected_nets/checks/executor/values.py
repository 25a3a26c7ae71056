"""What may be given to a student's function and what may come back of it, besides arrays: plain values, bounded.

None, booleans, numbers, strings, arrays, and lists, tuples and dictionaries of them. A tuple that comes back counts as
a list. Anything else is said to be what it is (`Other`) and never looked at.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .text import printable

WHITELIST = frozenset("?bhilqBHILQefd")
"""`dtype.char` of the arrays that may pass: booleans, integers, and floats of 2, 4 and 8 bytes."""
LONG_DOUBLE = "g"
"""Becomes float64 on its way."""

MOST_NAMES = 1_000
"""Items of one list or dictionary."""
MOST_ITEMS = 5_000
"""Items of a value, each collection and everything in it."""
MOST_DEPTH = 8
"""Lists and dictionaries in each other."""
LONGEST_TEXT = 4_000
"""Characters of a string that is a result."""
LONGEST_NAME, LONGEST_CODE = 100, 200
"""Characters of a name (a type, a file, a function, a parameter), and of a line of code."""
MOST_CALLS = 1_000
"""Times that a function given as an argument may be called, if nothing else is said."""


@dataclass(frozen=True)
class Handle:
    """An object that stays where the student's code runs; only its number travels."""

    number: int


@dataclass(frozen=True)
class Other:
    """A result that is not what was declared, by the name of what it is."""

    description: str


@dataclass(frozen=True)
class Text:
    """A string that is a result: it travels as it is, and is shown to nobody as it is."""

    text: str


@dataclass(frozen=True)
class Named:
    """A function of the student's package, given as an argument by its name."""

    module: str
    name: str


@dataclass(frozen=True)
class Callback:
    """A function of the check's, given as an argument: it stays on the trusted side, and its calls come back there."""

    number: int
    at_most: int = MOST_CALLS
    function: Callable[..., Any] | None = field(default=None, compare=False)
    """Does not travel."""


AS_THEY_ARE = frozenset((np.ndarray, Handle, bool, int, float, str, type(None)))
"""Types of values with nothing in them to look into; most arguments and results are of one."""


class TooLarge(Exception):
    """A value holds more than may come."""


# The array's own, whatever a subclass says.
shape_of = np.ndarray.shape.__get__
dtype_of = np.ndarray.dtype.__get__


def is_a(kind: type, value: Any) -> bool:
    """`isinstance` for a value that may claim to be what it is not."""
    return issubclass(type(value), kind)


def described(value: Any) -> str:
    """The type's own name, whatever its metaclass says."""
    return printable(type.__dict__["__name__"].__get__(type(value)), LONGEST_NAME)


def plain_array(value: Any) -> np.ndarray | Other:
    """The value as a plain array of a whitelisted type, or what it is instead."""
    if type(value) is not np.ndarray and issubclass(type(value), builtins.bool | int | float | np.generic):
        value = np.asarray(value)
    if is_a(np.ndarray, value):
        kind = dtype_of(value)
        if kind.char == LONG_DOUBLE:
            return np.array(value, dtype=np.float64, subok=False)
        if kind.char in WHITELIST:
            return np.array(value, copy=True, subok=False)
        return Other(printable(f"array of {kind}", LONGEST_NAME))
    return Other(described(value))


def plain_value(value: Any, admit: Callable[[np.ndarray], None] = lambda array: None) -> Any:
    """The value as plain data, with `Other` for what is none.

    Args:
        value: whatever a student's function returned.
        admit: is given each array before it is copied, and raises if it is too large.

    Raises:
        TooLarge: it is too long, too deep, or holds too much.
    """
    left = MOST_ITEMS

    def plain(value: Any, depth: int) -> Any:
        nonlocal left
        left -= 1
        if left < 0 or depth < 0:
            raise TooLarge(f"{described(value)}: {'more than ' + str(MOST_ITEMS) if left < 0 else 'too deep'}")
        if value is None or type(value) is builtins.bool:
            return value
        if is_a(np.ndarray, value):
            admit(value)
            return plain_array(value)
        if is_a(str, value):
            return _text(value)
        if is_a(np.generic, value):
            array = plain_array(value)
            return array.item() if isinstance(array, np.ndarray) else array
        if is_a(int, value):
            whole = int.__add__(value, 0)
            return whole if -(2**63) <= whole < 2**63 else Other(f"int of {whole.bit_length()} bits")
        if is_a(float, value):
            return float.__add__(value, 0.0)
        if is_a(list, value) or is_a(tuple, value):
            kind = list if is_a(list, value) else tuple
            _count(value, kind)
            return [plain(item, depth - 1) for item in kind.__iter__(value)]
        if is_a(dict, value):
            _count(value, dict)
            return _with_keys({key: plain(item, depth - 1) for key, item in dict.items(value)})
        return Other(described(value))

    return plain(value, MOST_DEPTH)


def _text(value: str) -> Text:
    if (length := str.__len__(value)) > LONGEST_TEXT:
        raise TooLarge(f"str: {length}")
    return Text(str.__str__(value).encode("utf-8", "replace").decode())


def _count(value: Any, kind: type) -> None:
    if (count := kind.__len__(value)) > MOST_NAMES:  # type: ignore[attr-defined]
        raise TooLarge(f"{kind.__name__}: {count}")


def _with_keys(items: dict[Any, Any]) -> Any:
    named = {}
    for key, item in items.items():
        if type(key) is not str and type(key) is not int:
            return Other(printable(f"dict with a key of type {described(key)}", LONGEST_NAME))
        named[printable(key) if type(key) is str else key] = item
    return named


def arrays_in(value: Any, depth: int = 4) -> Iterator[np.ndarray]:
    """The arrays in a cache of any usual form: an array, a sequence, a dictionary, an object with attributes."""
    if isinstance(value, np.ndarray):
        yield value
    elif depth:
        named = value if isinstance(value, dict) else getattr(value, "__dict__", None)
        items = named.values() if isinstance(named, dict) else value if isinstance(value, tuple | list) else ()
        for item in items:
            yield from arrays_in(item, depth - 1)


def is_plain(value: Any) -> bool:
    """Whether a value is of the kind that `plain_value` makes."""
    if isinstance(value, list):
        return all(map(is_plain, value))
    if isinstance(value, dict):
        return all(type(key) in {str, int} for key in value) and all(map(is_plain, value.values()))
    return value is None or isinstance(value, bool | int | float | Text | np.ndarray | Other)


def as_python(value: Any) -> Any:
    """A plain value with its strings as strings: what a check sees."""
    if type(value) in AS_THEY_ARE:
        return value
    if isinstance(value, Text):
        return value.text
    if isinstance(value, list):
        return [as_python(item) for item in value]
    if isinstance(value, Mapping):
        return {key: as_python(item) for key, item in value.items()}
    return value


def odd_in(value: Any) -> Other | None:
    """The first thing in a result that is not of the kind asked for."""
    if type(value) in AS_THEY_ARE:
        return None
    if isinstance(value, Other):
        return value
    items = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else ()
    for item in items:
        if type(item) not in AS_THEY_ARE and (odd := odd_in(item)) is not None:
            return odd
    return None
