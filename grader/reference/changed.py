"""The reference with some of its functions changed, each compiled by itself: what known mistakes run as.

Loading a copy of the package for each of hundreds of mistakes takes seconds; one changed function over the modules that
are loaded anyway takes less than a millisecond. The package's other functions stay as they are.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import ModuleType
from typing import Any

from checks.executor.executor import Executor, Kind, Reply
from checks.executor.values import Handle

from ..errors import GraderError
from .edits import Edit, apply, span_of
from .package import Package, Source


class Overlap(Exception):
    """Two changes cannot be made together: one has replaced the text that the other would."""


@dataclass
class Changed(Executor):
    """Runs a loaded package of which some functions or classes are others; trusted, so nothing is checked."""

    others: Mapping[str, Any] = field(default_factory=dict)
    stand_ins: ModuleType | None = None
    """Those in the package, if there are any."""

    def exchange(self, twist: float) -> None:
        """See `Executor.exchange`."""
        if self.stand_ins is not None:
            vars(self.stand_ins)["twist"] = twist

    def call(
        self,
        target: str | Handle,
        name: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        results: Sequence[Kind],
        handles: Sequence[Handle] = (),
    ) -> Reply:
        """See `Executor.call`; changes to the arguments are not reported."""
        given = [self._inward(value) for value in args]
        named = {key: self._inward(value) for key, value in kwargs.items()}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                returned = self._resolve(target, name)(*given, **named)
            return Reply(tuple(map(self._outward, self._split(name, returned, results), results)))
        except Exception as error:
            raise self._student_error(error) from None

    def _admit(self, values: Sequence[Any], kinds: Sequence[Kind]) -> None:
        """Everything that a trusted function returns is admitted."""

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
    if len(changes) > 1:
        _refuse_overlap(package, changes)
    sources = {(module, name): _definition(package.source(module), name)[0] for module, name in called}
    for number, edits in enumerate(changes):
        for edit in edits:
            file = package.source(edit.module)
            place = edit.module, edit.function.partition(".")[0]
            source = sources.get(place) or _definition(file, place[1])[0]
            try:
                sources[place] = apply(edit, source, file.path)
            except (GraderError, SyntaxError):
                if number == 0:
                    raise
                raise Overlap from None
    try:
        return _run(package, sources)
    except SyntaxError:
        if len(changes) > 1:
            raise Overlap from None
        raise


def _refuse_overlap(package: Package, changes: Sequence[Sequence[Edit]]) -> None:
    """See that no two changes are made to the same text of the reference."""
    taken: dict[tuple[str, str], list[tuple[int, range]]] = {}
    for number, edits in enumerate(changes):
        for edit in edits:
            place = edit.module, edit.function.partition(".")[0]
            at = _definition(package.source(place[0]), place[1])[0].find(edit.old)
            span = range(at, at + len(edit.old))
            others = [used for other, used in taken.setdefault(place, []) if other != number]
            if at < 0 or any(span.start < used.stop and used.start < span.stop for used in others):
                raise Overlap
            taken[place].append((number, span))


def _run(package: Package, sources: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    """What definitions, by module and name, make in copies of the package's modules."""
    namespaces = {module: dict(vars(package.module(module))) for module, _ in sources}
    made = {}
    for (module, name), source in sources.items():
        file = package.source(module)
        exec(_compiled(source, str(file.path), _definition(file, name)[1]), namespaces[module])
        made[name] = namespaces[module][name]
    for namespace in namespaces.values():
        namespace.update({name: value for name, value in made.items() if name in namespace})
    return made


@lru_cache(maxsize=64)
def _definition(file: Source, name: str) -> tuple[str, int]:
    """The source of a function or class without markers, and the lines before it in the file."""
    first, last = span_of(name, file.text, file.path)
    return "".join(file.text.splitlines(keepends=True)[first:last]), file.numbers[first] - 1


@lru_cache(maxsize=4096)
def _compiled(source: str, filename: str, lines_before: int) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compile("\n" * lines_before + source, filename, "exec", dont_inherit=True)
