"""The reference with some of its functions changed, each compiled by itself: what known mistakes run as.

Loading a copy of the package for each of hundreds of mistakes takes seconds; one changed function over the modules that
are loaded anyway takes less than a millisecond. What lies in the package's other functions stays as it is.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from checks.executor.executor import Executor, Handle, Kind, Reply

from ..errors import GraderError
from .package import Edit, Package
from .syntax import parse


class Overlap(Exception):
    """Two changes do not go together: one has replaced what the other would."""


@dataclass
class Changed(Executor):
    """Runs a loaded package of which some functions or classes are others; trusted, so nothing is watched."""

    others: Mapping[str, Any] = field(default_factory=dict)
    stand_ins: ModuleType | None = None
    """Those in the package, if there are any."""

    def exchange(self, twist: float) -> None:
        """See `Executor.exchange`."""
        if self.stand_ins is not None:
            vars(self.stand_ins)["twist"] = twist

    def call(
        self, target: str | Handle, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], results: Sequence[Kind]
    ) -> Reply:
        """See `Executor.call`; changes to the arguments are not reported."""
        given = [self._inward(value) for value in args]
        named = {key: self._inward(value) for key, value in kwargs.items()}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                returned = self._resolve(target, name)(*given, **named)
        except Exception as error:
            raise self._student_error(error) from None
        return Reply(tuple(map(self._outward, self._split(name, returned, results), results)))

    def _admit(self, values: Sequence[Any], kinds: Sequence[Kind]) -> None:
        """Whatever a trusted function returns is admitted."""

    def _resolve(self, target: str | Handle, name: str) -> Any:
        if isinstance(target, str) and name in self.others:
            return self.others[name]
        return super()._resolve(target, name)


def change(package: Package, changes: Sequence[Sequence[Edit]], called: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The functions and classes that some changes are made to, by name; they see the rest of their module unchanged.

    Args:
        package: the loaded reference.
        changes: each some edits, as of one known mistake.
        called: module and name of what will be called, so that it sees the changes wherever they are made.

    Raises:
        Overlap: two of the changes are made to the same text.
        GraderError: an edit does not fit the reference at all.
    """
    sources = {(module, name): _definition(*_file(package, module), name)[0] for module, name in called}
    whole = dict(sources)
    taken: dict[tuple[str, str], list[tuple[int, range]]] = {}
    for number, edits in enumerate(changes):
        for edit in edits:
            place = edit.module, edit.function.split(".")[0]
            whole.setdefault(place, _definition(*_file(package, place[0]), place[1])[0])
            if len(changes) > 1:
                _take(edit, number, whole[place], taken.setdefault(place, []))
            sources[place] = _apply(edit, sources.get(place, whole[place]), package.folder, first=number == 0)
    namespaces = {module: dict(vars(package.module(module))) for module, _ in sources}
    changed = {}
    for (module, name), source in sources.items():
        path, text = _file(package, module)
        try:
            code = _compiled(source, str(path), _definition(path, text, name)[1])
        except SyntaxError:
            if len(changes) > 1:
                raise Overlap from None
            raise
        exec(code, namespaces[module])
        changed[name] = namespaces[module][name]
    for namespace in namespaces.values():
        namespace.update({name: value for name, value in changed.items() if name in namespace})
    return changed


def _file(package: Package, module: str) -> tuple[Path, str]:
    path = package.folder / f"{module}.py"
    return path, path.read_text(encoding="utf-8")


def _take(edit: Edit, number: int, source: str, taken: list[tuple[int, range]]) -> None:
    """Note the text of the reference that a change is made to, and see that no other one is."""
    at = source.find(edit.old)
    span = range(at, at + len(edit.old))
    if at < 0 or any(other != number and span.start < used.stop and used.start < span.stop for other, used in taken):
        raise Overlap
    taken.append((number, span))


def _apply(edit: Edit, source: str, folder: Path, *, first: bool) -> str:
    begin, end = _part(source, edit)
    lines = source.splitlines(keepends=True)
    part = "".join(lines[begin:end])
    if (count := part.count(edit.old)) != 1:
        if not first:
            raise Overlap
        raise GraderError(
            f"{folder / edit.module}.py: {edit.old!r} was expected once in {edit.function}, found {count} times. "
            "Next: bring the known mistake in line with the reference."
        )
    return "".join(lines[:begin]) + part.replace(edit.old, edit.new) + "".join(lines[end:])


def _part(source: str, edit: Edit) -> tuple[int, int]:
    """The lines of a definition that an edit is about: all of it, or one method."""
    if "." not in edit.function:
        return 0, source.count("\n") + 1
    [definition] = _parsed(source).body
    assert isinstance(definition, ast.ClassDef)
    for node in definition.body:
        if isinstance(node, ast.FunctionDef) and node.name == edit.function.partition(".")[2]:
            assert node.end_lineno is not None
            return node.lineno - 1, node.end_lineno
    raise GraderError(f"no {edit.function} in the reference. Next: bring the known mistake in line with it.")


@lru_cache(maxsize=64)
def _definition(path: Path, text: str, name: str) -> tuple[str, int]:
    """The source of a function or class, and the line that it begins on."""
    for node in _parsed(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            assert node.end_lineno is not None
            return "".join(text.splitlines(keepends=True)[node.lineno - 1 : node.end_lineno]), node.lineno
    raise GraderError(f"{path}: no {name}. Next: bring the known mistake in line with the reference.")


@lru_cache(maxsize=64)
def _parsed(source: str) -> ast.Module:
    return parse(source)


@lru_cache(maxsize=4096)
def _compiled(source: str, filename: str, line: int) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = parse(source)
        ast.increment_lineno(tree, line - 1)
        return compile(tree, filename, "exec", dont_inherit=True)
