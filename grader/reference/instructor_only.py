"""Loads what is instructor-only beside an assignment's checks: `mistakes`, `variants`, `pretenders`, `demo`."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from types import ModuleType

from checks.core import Assignment

_numbers = itertools.count(1)


def load_beside(assignment: Assignment, name: str) -> ModuleType | None:
    """Load `checks/NAME/<name>.py`, or the package of that name, as its files are now; None if there is neither."""
    folder = assignment.folder / name
    file = folder / "__init__.py" if folder.is_dir() else assignment.folder / f"{name}.py"
    if not file.is_file():
        return None
    # Under a name of its own, so that two courses, or two versions of one, do not meet.
    alias = f"_{name}_{next(_numbers)}"
    locations = [str(folder)] if folder.is_dir() else None
    spec = importlib.util.spec_from_file_location(alias, file, submodule_search_locations=locations)
    assert spec is not None and spec.loader is not None
    module = sys.modules[alias] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    finally:
        for loaded in [key for key in list(sys.modules) if key == alias or key.startswith(f"{alias}.")]:
            del sys.modules[loaded]
    return module
