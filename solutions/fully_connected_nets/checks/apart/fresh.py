"""Imports a package as it is saved: what Python keeps compiled may be older.

Python takes compiled code for current if the file's size and its time, in whole seconds, are the same; a `+` that
became a `-` within one second is not seen.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import linecache
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import CodeType, ModuleType


class _Saved(importlib.machinery.SourceFileLoader):
    """Compiles the file, and keeps nothing."""

    def get_code(self, fullname: str) -> CodeType | None:
        return self.source_to_code(self.get_data(self.path), self.path)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules of one package where Python finds them."""

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] != self._package:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is not None and type(spec.loader) is importlib.machinery.SourceFileLoader:
            spec.loader = _Saved(spec.loader.name, spec.loader.path)
        return spec


@contextmanager
def as_saved(package: str) -> Iterator[None]:
    """While it lasts, modules of the package that are imported are compiled from their files, and lines read again."""
    finder = _Finder(package)
    importlib.invalidate_caches()
    linecache.checkcache()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
