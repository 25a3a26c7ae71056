"""What a notebook's kernel holds beside what is saved: another version of a module, a function from a cell."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

Instructions = tuple[Any, ...]


def folder_of(package: str) -> Path | None:
    """The folder that holds the package which this process imports; None if there is none."""
    try:
        spec = util.find_spec(package)
    except (ImportError, ValueError):  # ValueError: a module that somebody made by hand
        return None
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    return Path(places[0]).resolve().parent if places else None


def is_other(module: str, file: Path) -> bool:
    """Whether a module is loaded whose functions are not those of the file, or the file cannot be compiled."""
    loaded = sys.modules.get(module)
    if loaded is None:
        return False
    try:
        saved = compile(file.read_bytes(), str(file), "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    held = dict(_held(vars(loaded), module))
    for name, instructions in _written(saved):
        new = name.isidentifier() and name not in vars(loaded)
        if new or held.get(name, instructions) != instructions:
            return True
    return False


def is_in_a_cell(function: str) -> bool:
    """Whether the notebook has a function of this name that a cell defined."""
    own = vars(sys.modules["__main__"]).get(function)
    return isinstance(own, FunctionType | type) and own.__module__ == "__main__"


def _held(space: dict[str, Any], module: str) -> Iterator[tuple[str, Instructions]]:
    """The functions and methods of a loaded module, by their qualified names."""
    for value in list(space.values()):
        if isinstance(value, type) and value.__module__ == module:
            yield from _held(dict(vars(value)), module)
        elif isinstance(value, FunctionType) and value.__module__ == module:
            yield value.__qualname__, _instructions(value.__code__)


def _written(code: CodeType) -> Iterator[tuple[str, Instructions]]:
    """The same of a module that was compiled."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant.co_qualname, _instructions(constant)
            yield from _written(constant)


def _instructions(code: CodeType) -> Instructions:
    """What a function does, whatever lines it stands on."""
    constants = tuple(
        _instructions(one) if isinstance(one, CodeType) else (type(one), one if type(one) is frozenset else repr(one))
        for one in code.co_consts
    )
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, constants
