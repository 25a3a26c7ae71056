"""Whether a plain value is the right one, leaf by leaf, and where in it the first difference is.

Strings, whole numbers, booleans and None must be equal, other numbers up to the tolerance, lists item by item, whatever
sequence they are, dictionaries key by key. Arrays in a value are judged as arrays are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..executor.text import printable
from ..executor.values import Other
from .compare import Difference, Precision, difference_in_values

SHOWN = 60
"""Characters of a string in a message."""


def difference(name: str, got: Any, truth: Any, precision: Precision = "d") -> Difference | None:
    """None if a result is the right one; else the first thing in it that is not, with where it is (`inside`)."""
    if isinstance(truth, np.ndarray):
        return difference_in_values(name, got, truth, precision)
    return _difference(name, "", got, truth, precision)


def _difference(name: str, at: str, got: Any, truth: Any, precision: Precision) -> Difference | None:
    if isinstance(truth, np.ndarray):
        found = difference_in_values(name, got, truth, precision)
        return found and replace(found, inside=at)
    if isinstance(got, np.ndarray) and got.shape == ():
        got = got.item()
    if _kind(got) != _kind(truth):
        return Difference(name, "kind", _kind(truth), _kind(got), inside=at)
    if isinstance(truth, Mapping):
        for key in truth:
            if key not in got:
                return Difference(name, "lacks", _shown(key), "", inside=at)
        for key in got:
            if key not in truth:
                return Difference(name, "holds_more", "", _shown(key), inside=at)
        return _first(name, precision, ((f"{at}[{_shown(key)}]", got[key], truth[key]) for key in truth))
    if isinstance(truth, list | tuple):
        if len(got) != len(truth):
            return Difference(name, "length", str(len(truth)), str(len(got)), inside=at)
        pairs = enumerate(zip(got, truth, strict=True))
        return _first(name, precision, ((f"{at}[{index}]", *both) for index, both in pairs))
    if isinstance(truth, float):
        found = difference_in_values(name, np.asarray(float(got)), np.asarray(truth), precision)
        return found and replace(found, inside=at)
    return None if got == truth else Difference(name, "text", _shown(truth), _shown(got), inside=at)


def _first(name: str, precision: Precision, parts: Iterator[tuple[str, Any, Any]]) -> Difference | None:
    found = (_difference(name, at, got, truth, precision) for at, got, truth in parts)
    return next((one for one in found if one is not None), None)


def _kind(value: Any) -> str:
    """What a value is, as far as two have to be the same."""
    if isinstance(value, bool | np.bool_):
        return "bool"
    for kind, name in (((int, float, np.generic), "number"), (str, "str"), ((list, tuple), "list"), (Mapping, "dict")):
        if isinstance(value, kind):
            return name
    return value.description if isinstance(value, Other) else type(value).__name__


def _shown(value: Any) -> str:
    text = printable(value if isinstance(value, str) else str(value), SHOWN)
    return f'"{text}"' if isinstance(value, str) else text


def structure_and_numbers(value: Any) -> tuple[tuple[int, int], np.ndarray]:
    """What a value is made of, as two whole numbers that hardly another has, and the numbers in it end to end."""
    parts: list[str] = []
    numbers: list[np.ndarray] = []
    _take_apart(value, parts, numbers)
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).digest()
    flat = np.concatenate(numbers) if numbers else np.zeros(0)
    return (int.from_bytes(digest[:6], "big"), int.from_bytes(digest[6:12], "big")), flat


def _take_apart(value: Any, parts: list[str], numbers: list[np.ndarray]) -> None:
    if isinstance(value, np.ndarray) and value.shape:
        parts.append(f"array {value.shape}")
        numbers.append(value.astype(np.float64).ravel())
    elif _kind(value) == "number" or isinstance(value, np.ndarray):
        parts.append("number")
        numbers.append(np.asarray(value, dtype=np.float64).ravel())
    elif isinstance(value, Mapping):
        parts.append(f"dict {len(value)}")
        for key in sorted(value, key=str):
            parts.append(f"{type(key).__name__} {key}")
            _take_apart(value[key], parts, numbers)
    elif isinstance(value, list | tuple):
        parts.append(f"list {len(value)}")
        for item in value:
            _take_apart(item, parts, numbers)
    else:
        parts.append(f"{_kind(value)} {value}")
