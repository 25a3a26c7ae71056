"""A digest of code: the same as long as it does the same, another as soon as a line of it is changed.

Two things count: the files of this package, and what is in memory, from given functions on through all that they use.
A notebook may hold other functions than the files do: before a reload, or because a cell put its own in their place.
"""

import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

NO_CODE = ("__dict__", "__weakref__", "__module__", "__doc__", "__qualname__", "__firstlineno__")
"""What a class holds and does not do."""


def digest(roots: Iterable[Any]) -> str:
    """Of this package's files, and of these functions and classes with what they use."""
    result = hashlib.sha256()
    for file in sorted(Path(__file__).parents[1].glob("**/*.py")):
        result.update(file.read_bytes())
    seen: dict[int, Any] = {}
    waiting = list(roots)
    while waiting:
        value = waiting.pop()
        result.update(f"{_described(value)}\n".encode())
        if id(value) not in seen:
            seen[id(value)] = value  # held, so that no other object gets its id
            waiting += _used(value)
    return result.hexdigest()


def _described(value: Any) -> str:
    """What a value is in itself, without what it holds or uses."""
    if isinstance(value, FunctionType):
        return f"function {_instructions(value.__code__)}"
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        return repr(value)
    if isinstance(value, np.ndarray):
        return f"array {value.dtype} {value.shape} {value.tobytes().hex()}"
    return getattr(value, "__qualname__", "") or type(value).__qualname__


def _used(value: Any) -> Iterator[Any]:
    """What a value holds or uses, in an order that does not change."""
    if isinstance(value, FunctionType):
        yield from value.__defaults__ or ()
        yield from (value.__kwdefaults__ or {}).values()
        yield from (cell.cell_contents for cell in value.__closure__ or () if _filled(cell))
        yield from _globals(value)
    elif isinstance(value, MethodType):
        yield value.__func__
        yield value.__self__
    elif isinstance(value, dict):
        yield from value
        yield from value.values()
    elif isinstance(value, list | tuple):
        yield from value
    elif isinstance(value, set | frozenset):
        yield from sorted(value, key=repr)
    elif isinstance(value, type):
        if not _library(value.__module__):
            yield from value.__bases__
            yield from (member for name, member in sorted(vars(value).items()) if name not in NO_CODE)
    elif isinstance(value, property | staticmethod | classmethod):
        yield from (getattr(value, name, None) for name in ("fget", "fset", "__func__"))
    elif hasattr(value, "__wrapped__"):
        yield value.__wrapped__
    elif not isinstance(value, ModuleType) and not _library(type(value).__module__):
        yield type(value)
        yield from (member for _, member in sorted(getattr(value, "__dict__", {}).items()))


def _globals(function: FunctionType) -> Iterator[Any]:
    """The global values that a function names; of a module, those of its members whose names the function has."""
    names = sorted(set(_names(function.__code__)))
    for name in names:
        value = function.__globals__.get(name)
        if isinstance(value, ModuleType):
            if not _library(value.__name__):
                yield from (vars(value)[member] for member in names if member in vars(value))
        elif value is not None:
            yield value


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _library(module: str) -> bool:
    """Whether a module is Python's or numpy's own: then its version says all."""
    top = module.partition(".")[0]
    return top == "numpy" or top in sys.stdlib_module_names


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _instructions(code: CodeType) -> str:
    """What a function does, whatever lines it stands on."""
    constants = [
        _instructions(one)
        if isinstance(one, CodeType)
        else repr(sorted(one, key=repr) if isinstance(one, frozenset) else one)
        for one in code.co_consts
    ]
    return f"{code.co_code.hex()} {code.co_names} {code.co_varnames} {code.co_freevars} {constants}"
