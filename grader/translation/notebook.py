"""A notebook in the language that its course speaks first, if that is another than it was written in."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator

import nbformat
from nbformat import NotebookNode

from ..course import Course
from ..errors import GraderError
from .catalogue import Entry, place, read
from .cells import difference, with_words


def spoken(course: Course, name: str) -> NotebookNode:
    """The source notebook of an assignment in the course's first language.

    Raises:
        GraderError: a cell is not translated, or is no longer; the first, and how many there are.
    """
    notebook: NotebookNode = nbformat.read(course.notebook(name), as_version=4)  # type: ignore[no-untyped-call]
    return translated(notebook, course, name)


def translated(notebook: NotebookNode, course: Course, name: str) -> NotebookNode:
    """A notebook in the course's first language: the same cells, with other words; the same one if it is so already.

    Raises:
        GraderError: as in `spoken`.
    """
    if course.settings.translates_to is None:
        return notebook
    if lines := untranslated(notebook, course, name):
        line, _, step = lines[0].partition(" Next: ")
        raise GraderError(f"{line}{f' ({len(lines) - 1} more like it)' if lines[1:] else ''} Next: {step}")
    entries = {entry.cell: entry for entry in _entries(course, name)}
    notebook = copy.deepcopy(notebook)
    for cell in with_words(notebook).values():
        cell.source = entries[cell.id].text
    return notebook


def untranslated(notebook: NotebookNode, course: Course, name: str) -> list[str]:
    """What keeps a notebook from being handed out in the course's first language, one line each."""
    language = course.settings.translates_to
    if language is None:
        return []
    path = place(course, name, language)
    where = path.relative_to(course.root).as_posix()
    update = f"grader translate {name} --language {language}"
    if not path.is_file():
        return [f"{where}: expected the notebook's texts in this language, found no such file. Next: {update}."]
    entries = _entries(course, name)
    cells = with_words(notebook)
    found = [*_of_the_cells(cells, {entry.cell: entry for entry in entries}, update)]
    times = Counter(entry.cell for entry in entries)
    found += [(cell, f"is there {times[cell]} times. Next: leave one of them") for cell in times if times[cell] > 1]
    gone = [cell for cell in times if cell not in cells]
    found += [
        (cell, f"is translated, and the notebook has no such cell with words. Next: {update} sets it aside")
        for cell in gone
    ]
    return [f"{where}: cell {cell!r} {what}." for cell, what in found]


def _of_the_cells(cells: dict[str, NotebookNode], entries: dict[str, Entry], update: str) -> Iterator[tuple[str, str]]:
    """Cells, and what their translation lacks."""
    for id, cell in cells.items():
        entry = entries.get(id)
        if entry is None:
            yield id, f"is not translated, and has no entry. Next: {update}, then write its msgstr"
        elif not entry.text.strip():
            yield id, "is not translated. Next: write its msgstr"
        elif entry.original != cell.source:
            yield id, f"changed since it was translated. Next: {update}, then bring its msgstr up to it"
        elif entry.changed:
            yield id, "changed since it was translated (fuzzy). Next: bring its msgstr up to it, and take off the flag"
        elif other := difference(cell, entry.text):
            yield id, f"is not the same in translation: {other}. Next: correct its msgstr"


def _entries(course: Course, name: str) -> tuple[Entry, ...]:
    path = place(course, name, course.settings.languages[0])
    return read(path, path.relative_to(course.root).as_posix()).entries
