"""`grader translate NAME --language LANGUAGE`: makes or updates a notebook's catalogue, and loses no translation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from ..course import Course
from .catalogue import Entry, Translation, place, read, write
from .cells import is_answer, with_words


@dataclass(frozen=True)
class Updated:
    """A catalogue as it is now, and what was done to it."""

    path: Path
    written: bool
    total: int
    new: tuple[str, ...]
    """Cells that had no entry."""
    changed: tuple[str, ...]
    """Cells whose originals are others than those that were translated."""
    aside: tuple[str, ...]
    """Entries of cells that there are no more."""
    empty: int
    """Entries without a text."""
    fuzzy: int


def update(course: Course, name: str, language: str) -> Updated:
    """Write the catalogue of a notebook anew: an entry for each of its cells with words, in their order.

    What was translated stays: with a cell that changed, flagged; with a cell that has another id now; or set aside.

    Raises:
        GraderError: the catalogue that is there cannot be read.
    """
    path = place(course, name, language)
    notebook: NotebookNode = nbformat.read(course.notebook(name), as_version=4)  # type: ignore[no-untyped-call]
    try:
        old = read(path, path.relative_to(course.root).as_posix())
    except FileNotFoundError:
        old = Translation()
    cells = with_words(notebook)
    entries, aside, new = _matched(cells, old)
    written = old.header is None or (entries, aside) != (old.entries, old.aside)
    if written:
        write(path, name, language, Translation(entries, aside, old.header))
    before = {entry.cell for entry in old.entries if entry.changed}
    return Updated(
        path,
        written,
        len(entries),
        new,
        tuple(entry.cell for entry in entries if entry.changed and entry.cell not in before),
        tuple(entry.cell for entry in aside if entry not in old.aside),
        sum(not entry.text for entry in entries),
        sum(entry.changed for entry in entries),
    )


def _matched(
    cells: Mapping[str, NotebookNode], old: Translation
) -> tuple[tuple[Entry, ...], tuple[Entry, ...], tuple[str, ...]]:
    """An entry for each cell, what is set aside, and the cells that are new."""
    left = [*old.entries, *old.aside]

    def take(cell: NotebookNode) -> Entry | None:
        """The entry of a cell: by its id, the translated before the empty; else by its text, where its id is new."""
        ranks = sorted(left, key=lambda entry: not entry.text)
        own = [entry for entry in ranks if entry.cell == cell.id]
        moved = [entry for entry in ranks if entry.original == cell.source and entry.cell not in cells]
        found = next(iter([*own, *moved]), None)
        if found is not None:
            left.remove(found)
        return found

    entries, new = [], []
    for id, cell in cells.items():
        entry = take(cell)
        if entry is None:
            new.append(id)
            entry = Entry(id, cell.source)
        entries.append(_brought_up(entry, cell))
    return tuple(entries), tuple(entry for entry in left if entry.text), tuple(new)


def _brought_up(entry: Entry, cell: NotebookNode) -> Entry:
    entry = replace(entry, cell=cell.id, kind="model answer, with its rubric" if is_answer(cell) else cell.cell_type)
    if entry.original == cell.source:
        return entry
    if not entry.text:
        return replace(entry, original=cell.source)
    previous = entry.previous if entry.changed and entry.previous else entry.original
    return replace(entry, original=cell.source, changed=True, previous=previous)
