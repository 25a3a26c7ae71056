"""The package as it is handed out: made once of the same source, in this process and on the disk.

To render it takes longer than a whole verdict. What is kept is the stub, which every student has, and nothing of the
reference.
"""

from __future__ import annotations

from pathlib import Path

import checks
from checks.core import Assignment

from .. import text
from ..course import Course
from . import cache

_HERE, _KIT, _CHECKS = Path(__file__).parent, Path(text.__file__).parent, Path(checks.__file__).parent
_CODE = {path.name: path for path in (*_HERE.glob("*.py"), Path(text.__file__), _CHECKS / "language.py")}
_LOADED = cache.digest_of_files(_CODE)
"""The code that renders, as this process runs it; a server that runs for days may find other files on the disk."""


def handed_out(course: Course, assignment: Assignment) -> dict[str, bytes]:
    """Every module of the package as one assignment hands it out, by path in the package.

    Raises:
        GraderError: as in `render_package`.
    """

    def render() -> cache.Files:
        from .render import render_package  # here, since it is hardly ever needed

        return render_package(course, assignment).stub

    return cache.kept(cache.place(course.root), lambda: _key(course, assignment), render)


def _key(course: Course, assignment: Assignment) -> str | None:
    """What a stub depends on; None where files on the disk do not say it."""
    if cache.digest_of_files(_CODE) != _LOADED:
        return None
    files = {f"package/{path.relative_to(course.package).as_posix()}": path for path in course.package.rglob("*.py")}
    files |= {f"sentences/{path.name}": path for path in assignment.folder.glob("*.toml")}
    files |= {f"{folder.name}.toml": folder / "messages.toml" for folder in (_KIT, _CHECKS)}
    languages = course.settings.side_by_side
    said = (languages, assignment.name, assignment.gives, assignment.modules, assignment.functions)
    return cache.digest_of_files(files, "handed out", repr(said), course.package.name, _LOADED)
