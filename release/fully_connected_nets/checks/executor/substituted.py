"""A student's package in which stand-ins take the place of the functions that a network is built on.

The network of a student is judged over stand-ins for the functions that it calls, and the trusted network over the same
stand-ins is the truth: so a right network keeps its points whatever those functions are, and none can make a wrong
network look right. The module that holds the student's own is not run. What is imported in its place is the module as
it was handed out, with the stand-ins (`checks/NAME/stand_ins.py`) for the functions that the student writes; however
the network imports them, it gets these. What else the student put into the module (a helper, a table of functions) is
made over the stand-ins too, as far as the student's other modules mention it.

This folder needs Python and numpy only, and nothing else of the kit.
"""

from __future__ import annotations

import ast
import importlib
import importlib.machinery
import importlib.util
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from .executor import Executor, Kind, Reply
from .values import Handle


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
        self,
        target: str | Handle,
        name: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        results: Sequence[Kind],
        handles: Sequence[Handle] = (),
    ) -> Reply:
        """See `Executor.call`."""
        with self._in_place():
            return super().call(target, name, args, kwargs, results, handles)

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
        begins, inside = self.package, f"{self.package}."
        names = [name for name in list(sys.modules) if name.startswith(begins)]
        return {name: sys.modules.pop(name) for name in names if name == begins or name.startswith(inside)}


class _Finder:
    """Finds the package itself, and in it the modules that stand-ins take the place in; leaves the rest to Python.

    It has no base in `importlib.abc`, which would bring `tempfile` and ten others to each start of a worker.
    """

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
            return importlib.machinery.ModuleSpec(fullname, self)  # type: ignore[arg-type]
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        """The module as it was handed out, with the stand-ins, and with the student's additions that are used."""
        space = vars(module)
        source = self.handed_out[module.__name__]
        exec(compile(source.read_bytes(), f"<{source.name}, as handed out>", "exec"), space)
        space.update({name: function for name, function in self.stand_ins.items() if name in space})
        _add(self.folder / f"{module.__name__.rpartition('.')[2]}.py", space)


_WORD = re.compile(r"[^\W\d]\w*")
_BINDS = re.compile(
    r"^(?:async +)?(?:def|class) +(\w+)|^(\w+)[^=\n(]*=(?!=)|^[^#\n]*\bimport\b(.*)$|^ +(?:def|class) +(\w+)",
    re.MULTILINE,
)
"""What looks like a line that binds a name; not parsed, since a text can be written to take for ever to parse."""
_RENAMED = re.compile(r"[\w.]+[ \t]+as[ \t]+")
"""What is imported under another name, which alone is bound; without this every module with `numpy as np` in it would
send the parser through the whole package."""


def _add(path: Path, space: dict[str, Any]) -> None:
    """Run those statements of a student's module that the other modules of the package need, and what these need.

    What the module has already stays; a statement that fails costs what it would have made.
    """
    given = set(space)
    parts = (_RENAMED.sub("", part) for line in _BINDS.findall(_text(path)) for part in line)
    looks = {word for part in parts for word in _WORD.findall(part)} - given
    wanted: set[str] = set()
    for other in sorted(path.parent.rglob("*.py")) if looks else ():
        if other != path and looks & set(_WORD.findall(_text(other))):
            wanted |= _missing(_parsed(other), path.stem)
    if not wanted & looks:
        return
    making = [(node, _bound(node) - given) for node in _parsed(path).body]
    while more := {name for node, made in making if made & wanted for name in _used(node)} - wanted - given:
        wanted |= more
    for node, made in making:
        if made & wanted:
            kept = {name: space[name] for name in given}
            with suppress(Exception, SystemExit):
                exec(compile(ast.Module([node], []), str(path), "exec"), space)
            space.update(kept)
    if hidden := {name for name in wanted & space.keys() - given if name.startswith("_")}:
        space["__all__"] = sorted({name for name in space if not name.startswith("_")} | hidden)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _missing(tree: ast.Module, module: str) -> set[str]:
    """The names that a module uses and does not bind, and those that it takes from the module of this name."""
    used, bound, taken = set(), set(), set()
    aliases = {module}
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                used.add(name)
            case ast.Name(id=name) | ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
            case ast.ImportFrom(module=origin, names=names):
                if origin is not None and origin.rpartition(".")[2] == module:
                    taken |= {alias.name for alias in names}
                else:
                    aliases |= {alias.asname or alias.name for alias in names if alias.name == module}
            case ast.Import(names=names):
                aliases |= {alias.asname for alias in names if alias.asname and alias.name.endswith(f".{module}")}
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name) | ast.Attribute(attr=name), attr=attribute) if name in aliases:
                taken.add(attribute)
    return (used - bound) | taken


def _bound(node: ast.stmt) -> set[str]:
    """The names that a statement binds: a definition, an assignment, an import, also under a condition."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {node.name}
        case ast.Import() | ast.ImportFrom():
            return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        case ast.Assign(targets=targets):
            return set().union(*map(_names, targets))
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            return _names(target)
        case ast.If() | ast.Try() | ast.With():
            return set().union(*(_bound(part) for part in ast.iter_child_nodes(node) if isinstance(part, ast.stmt)))
    return set()


def _names(target: ast.expr) -> set[str]:
    """The names that an assignment to this binds; not those whose items or attributes it changes."""
    match target:
        case ast.Name(id=name):
            return {name}
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return set().union(*map(_names, parts))
        case ast.Starred(value=value):
            return _names(value)
    return set()


def _used(node: ast.stmt) -> set[str]:
    return {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
