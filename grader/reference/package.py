"""The reference on the trusted side: the course's own package, loaded under a name that no student can import.

Each load is a set of modules of its own, so the same source serves as the reference, as a known mistake (a few lines of
one function replaced before it is compiled) and as the network over stand-ins (functions replaced before the network
imports them).
"""

from __future__ import annotations

import ast
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import itertools
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from ..errors import GraderError
from .edits import Edit, apply
from .regions import lines_without_markers, without_markers
from .syntax import parse

_numbers = itertools.count(1)


@dataclass(frozen=True, eq=False)
class Source:
    """One file of a package, as it was when it was first looked at, since what is loaded stays as it was, too."""

    path: Path
    text: str
    """Without markers."""
    numbers: Sequence[int]
    """The line in the file, for each line of the text."""

    @classmethod
    def read(cls, path: Path) -> Source:
        """The file as it is now."""
        text = path.read_text(encoding="utf-8")
        return cls(path, without_markers(text), lines_without_markers(text))


@dataclass
class Package:
    """A loaded copy of the course's package; unload it when it is no longer needed."""

    name: str
    folder: Path
    edits: Sequence[Edit] = ()
    replaced: Mapping[str, Mapping[str, Callable[..., Any]]] = field(default_factory=dict)
    _sources: dict[str, Source] = field(default_factory=dict, repr=False)

    def source(self, module: str) -> Source:
        """A module's file, without this copy's edits."""
        if module not in self._sources:
            self._sources[module] = Source.read(self.folder / f"{module}.py")
        return self._sources[module]

    def module(self, name: str) -> ModuleType:
        """A module of this copy."""
        return importlib.import_module(f"{self.name}.{name}")

    def unload(self) -> None:
        """Take every module of this copy out of the interpreter."""
        # A copy: another thread may be importing.
        for name in [name for name in list(sys.modules) if name == self.name or name.startswith(f"{self.name}.")]:
            del sys.modules[name]
        _finder.packages.pop(self.name, None)


def load_package(
    folder: Path,
    *,
    edits: Sequence[Edit] = (),
    replaced: Mapping[str, Mapping[str, Callable[..., Any]]] | None = None,
) -> Package:
    """Make a copy of the package importable under a fresh name.

    Args:
        folder: the course's package.
        edits: changes to the source before it is compiled.
        replaced: functions to put in place of a module's own, by module and name.

    Raises:
        GraderError: the folder has no package.
    """
    if not (folder / "__init__.py").is_file():
        raise GraderError(f"{folder}: the reference package is missing. Next: run from a complete checkout.")
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    package = Package(f"_reference_{next(_numbers)}", folder, edits, replaced or {})
    _finder.packages[package.name] = package
    return package


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules of loaded packages, and no others."""

    def __init__(self) -> None:
        self.packages: dict[str, Package] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        root, _, module = fullname.partition(".")
        package = self.packages.get(root)
        if package is None:
            return None
        place = package.folder.joinpath(*module.split("."))
        locations = [str(place)] if (place / "__init__.py").is_file() else None
        file = place / "__init__.py" if locations else place.with_suffix(".py")
        if not file.is_file():
            return None
        return importlib.util.spec_from_file_location(
            fullname, file, loader=_Loader(package, module, file), submodule_search_locations=locations
        )


class _Loader(importlib.abc.SourceLoader):
    """Compiles one module, with the package's edits, and puts its replaced functions in place."""

    def __init__(self, package: Package, module: str, file: Path) -> None:
        self.package = package
        self.module = module
        self.file = file

    def get_filename(self, fullname: str) -> str:
        return str(self.file)

    def get_data(self, path: str | bytes) -> bytes:
        text = self.file.read_text(encoding="utf-8")
        if self._edits:
            text = without_markers(text)
            for edit in self._edits:
                text = apply(edit, text, self.file)
        return text.encode()

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:  # type: ignore[override]
        """Compile, so that errors name the lines of the file also where edits were made to what has no markers."""
        if not self._edits:
            return _compiled(bytes(data), str(path), _optimize)
        numbers = lines_without_markers(self.file.read_text(encoding="utf-8"))
        tree = parse(data, str(path))
        for node in ast.walk(tree):
            for place in {"lineno", "end_lineno"}.intersection(node._attributes):
                setattr(node, place, _in_file(getattr(node, place), numbers))
        return compile(tree, str(path), "exec", dont_inherit=True, optimize=_optimize)

    @property
    def _edits(self) -> list[Edit]:
        return [edit for edit in self.package.edits if edit.module == self.module]

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        for name, function in self.package.replaced.get(self.module, {}).items():
            setattr(module, name, function)


@lru_cache(maxsize=64)
def _compiled(text: bytes, path: str, optimize: int) -> CodeType:
    """A module as it is, compiled once for all copies of the package: its markers are comments."""
    code: CodeType = compile(text, path, "exec", dont_inherit=True, optimize=optimize)
    return code


def _in_file(line: int, numbers: Sequence[int]) -> int:
    """The file's number of a line; an edit may have added lines at the end, which are counted on."""
    if not numbers:
        return line
    return numbers[line - 1] if line <= len(numbers) else numbers[-1] + line - len(numbers)


_finder = _Finder()
