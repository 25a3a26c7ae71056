"""A student's package in which stand-ins take the place of the functions that a network is built on.

The network of a student is judged over stand-in layers, and the trusted network over the same stand-ins is the truth:
so a right network keeps its points whatever the layers are, and no layers can make a wrong network look right. The
module that holds the student's layers is not run at all. What is imported in its place is the module as it was handed
out, with the stand-ins (`checks/NAME/stand_ins.py`) for the functions that the student writes; however the network
comes by them, it gets these. A helper that the student added to the module is run when the network calls it, over the
stand-ins, too.

This file needs Python and numpy only, and nothing else of the kit but `executor`.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from .executor import Executor, Handle, Kind, Reply

_FUNCTION = re.compile(r"^def (\w+)", re.MULTILINE)


def load_stand_ins(path: Path) -> ModuleType:
    """The stand-ins of an assignment, as a module that nothing else shares."""
    spec = importlib.util.spec_from_file_location("_stand_ins", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def functions_of(stand_ins: ModuleType) -> dict[str, Callable[..., Any]]:
    """The stand-ins by the names of the functions whose place they take."""
    return {
        name: value
        for name, value in vars(stand_ins).items()
        if callable(value) and not name.startswith("_") and getattr(value, "__module__", "") == stand_ins.__name__
    }


class Substituted(Executor):
    """Runs a package with stand-ins in it, beside whatever else of that package is imported in this process.

    Args:
        package: the importable name of the package.
        handed_out: by name of a module, the file that holds it as it was handed out.
        stand_ins: the file of the stand-ins.
    """

    def __init__(self, package: str, handed_out: Mapping[str, Path], stand_ins: Path) -> None:
        super().__init__(package)
        self._handed_out = handed_out
        self._stand_ins = load_stand_ins(stand_ins)
        self.modules: dict[str, ModuleType] = {}
        """Those of this copy, by their full names."""
        self._finder: _Finder | None = None

    def call(
        self, target: str | Handle, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], results: Sequence[Kind]
    ) -> Reply:
        """See `Executor.call`."""
        with self._in_place():
            return super().call(target, name, args, kwargs, results)

    def exchange(self, twist: float) -> None:
        """See `Executor.exchange`."""
        vars(self._stand_ins)["twist"] = twist

    @contextmanager
    def _in_place(self) -> Iterator[None]:
        """While it lasts, the package's name stands for this copy of it, also for imports at the time of a call."""
        if self._finder is None:
            folder = Path(next(iter(importlib.import_module(self.package).__path__)))
            self._finder = _Finder(self.package, folder, self._handed_out, functions_of(self._stand_ins))
        others = self._take_out()
        sys.modules.update(self.modules)
        sys.meta_path.insert(0, self._finder)
        try:
            yield
        finally:
            sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self._finder]
            self.modules = self._take_out()
            sys.modules.update(others)

    def _take_out(self) -> dict[str, ModuleType]:
        """Take every module of the package out of the interpreter."""
        inside = f"{self.package}."
        names = [name for name in list(sys.modules) if name == self.package or name.startswith(inside)]
        return {name: sys.modules.pop(name) for name in names}


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the package itself, and in it the modules that stand-ins take the place in; leaves the rest to Python."""

    def __init__(
        self,
        package: str,
        folder: Path,
        handed_out: Mapping[str, Path],
        stand_ins: Mapping[str, Callable[..., Any]],
    ) -> None:
        self.package = package
        self.folder = folder
        self.handed_out = {f"{package}.{module}": path for module, path in handed_out.items()}
        self.stand_ins = stand_ins

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname == self.package:
            return importlib.util.spec_from_file_location(
                fullname, self.folder / "__init__.py", submodule_search_locations=[str(self.folder)]
            )
        if fullname in self.handed_out:
            return importlib.machinery.ModuleSpec(fullname, self)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        """The module as it was handed out, with the stand-ins; and the student's own additions, when they are used."""
        space = vars(module)
        source = self.handed_out[module.__name__]
        exec(compile(source.read_bytes(), f"<{source.name}, as handed out>", "exec"), space)
        space.update({name: function for name, function in self.stand_ins.items() if name in space})
        added = _Added(self.folder / f"{module.__name__.rpartition('.')[2]}.py", dict(space))
        for name in added.functions():
            space[name] = added.function(name)
        space["__getattr__"] = added.attribute


class _Added:
    """What a student added to a module that stand-ins take the place in; run when it is first used."""

    def __init__(self, path: Path, given: dict[str, Any]) -> None:
        self.path = path
        self.given = given
        self.names: dict[str, Any] | None = None

    def functions(self) -> list[str]:
        """The functions of the student's module that the one handed out does not have.

        Found by the look of their lines: to parse a text can take as long as whoever wrote it likes.
        """
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        return [name for name in dict.fromkeys(_FUNCTION.findall(text)) if name not in self.given]

    def function(self, name: str) -> Callable[..., Any]:
        """One of them, which looks for itself when it is called."""

        def call(*args: Any, **kwargs: Any) -> Any:
            return self.attribute(name)(*args, **kwargs)

        return call

    def attribute(self, name: str) -> Any:
        """Anything else of the student's module."""
        if name.startswith("__"):
            raise AttributeError(name)
        if self.names is None:
            self.names = {key: self.given[key] for key in ("__name__", "__package__", "__spec__", "__loader__")}
            self.names["__file__"] = str(self.path)
            exec(compile(self.path.read_bytes(), str(self.path), "exec"), self.names)
            self.names.update({key: value for key, value in self.given.items() if not key.startswith("__")})
        try:
            return self.names[name]
        except KeyError:
            raise AttributeError(f"module {self.given['__name__']!r} has no attribute {name!r}") from None
