"""In which of a course's languages a hand-in was handed out: what it holds tells, whoever took it from where.

A class may be mixed: `release/NAME` in the course's first language, `release/en/NAME` in another. Both are one
assignment with the same cells and points; a hand-in is read beside the release that it was made from, and answered in
its language.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..course import Course
from .files import files_in

if TYPE_CHECKING:
    from checks.core import Assignment

_MOST = 50_000_000
"""Bytes of a hand-in that are searched."""
_MARKS = 40
"""Lines of each file of a release that are searched for, the longest of those that no other release has."""
_SEARCHED = frozenset({".ipynb", ".py", ".md"})


def as_handed_out(course: Course, assignment: Assignment, folder: Path) -> Course:
    """The course in the language of the release that a hand-in shares most lines with.

    Args:
        course: which may have handed the assignment out in several languages; as it is where it did not.
        assignment: names the notebook and the modules, which are looked for with the README.
        folder: the hand-in, which is searched as text; what cannot be read in it says nothing.
    """
    releases = course.released_in(assignment.name)
    if not releases[1:]:
        return course
    marks = _marks(tuple(_stamped(one.release / assignment.name, assignment) for one in releases))
    held = _text(folder)
    found = [sum(mark in held for mark in own) for own in marks]
    return releases[found.index(max(found))]


_Stamped = tuple[tuple[Path, int, int], ...]
"""Files, each with its time and size."""


def _stamped(release: Path, assignment: Assignment) -> _Stamped:
    package = release / assignment.package
    files = [release / f"{assignment.name}.ipynb", *(package / module for module in assignment.modules)]
    files.append(release / "README.md")
    return tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in files if path.is_file())


@lru_cache(maxsize=8)
def _marks(releases: tuple[_Stamped, ...]) -> list[list[bytes]]:
    """Lines of each release that no other has, as they stand in its files."""
    lines = [[_lines(path) for path, _changed, _size in files] for files in releases]
    marks = []
    for own in lines:
        others = set().union(*(file for other in lines if other is not own for file in other))
        each = [sorted(file - others, key=lambda line: (-len(line), line))[:_MARKS] for file in own]
        marks.append([mark for file in each for mark in file])
    return marks


def _lines(path: Path) -> set[bytes]:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return {line.strip().encode() for line in text.split("\n")} - {b""}
    cells = ["".join(cell["source"]).split("\n") for cell in json.loads(text)["cells"]]
    return {json.dumps(line.strip(), ensure_ascii=False)[1:-1].encode() for lines in cells for line in lines} - {b""}


def _text(folder: Path) -> bytes:
    pieces, left = [], _MOST
    for path in files_in(folder):
        if path.suffix.lower() in _SEARCHED and "checks" not in path.relative_to(folder).parts[:-1]:
            try:
                left -= path.lstat().st_size
                if left < 0:
                    break
                pieces.append(path.read_bytes())
            except OSError:
                continue
    return b"\n".join(pieces)
