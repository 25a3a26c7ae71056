"""Is a hand-in complete? What is missing is named, and the folder goes into a zip beside it.

    python -m checks --hand-in     # in a terminal
    hand_in()                      # in a notebook, with `from checks import hand_in`

Each module that the student edits is imported by a process of its own, as the grader does, and each written answer is
looked at. An archive that is there already is never overwritten: the next one gets a number.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from . import report
from .apart.ask import ask
from .apart.request import Request
from .core import Assignment
from .executor.text import printable
from .language import catalogue
from .released import PACKAGE, PYTHON, newer_than_graders

MANIFEST = "checks/manifest.json"
"""What a release was made of, and the questions that it asks."""
LARGEST = 20 * 2**20
"""Bytes of a file; what is larger is a data set."""
_LEFT_OUT = frozenset({"__pycache__", "node_modules", "cifar-10-batches-py"})
_ENVIRONMENT = "pyvenv.cfg"
_BOLD = re.compile(r"\*\*(.+?)\*\*")


@dataclass
class HandIn:
    """What was found, and the archive that was made."""

    language: str
    right: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    archive: Path | None = None

    @property
    def lines(self) -> list[str]:
        """All of it in words, what is missing first."""
        say = catalogue(self.language)
        headline = say("hand_in_lacks", count=len(self.missing)) if self.missing else say("hand_in_complete")
        found = [*(f"  ✗ {line}" for line in self.missing), *(f"  ✓ {line}" for line in self.right)]
        return [headline, *found, *(f"  {line}" for line in self.notes)]

    def __repr__(self) -> str:
        return "\n".join(self.lines)

    def _repr_html_(self) -> str:
        head, *lines = map(escape, self.lines)
        body = "".join(f'<p style="margin:.1em 0">{line}</p>' for line in lines)
        return report.framed(f'<p style="margin:0 0 .4em"><strong>{head}</strong></p>{body}')


def look_at(assignment: Assignment, folder: Path, language: str) -> HandIn:
    """What is there and what is not: files, modules that load, answers.

    Args:
        assignment: says which modules there are.
        folder: the hand-in.
        language: of what is said.
    """
    found, say = HandIn(language), catalogue(language)
    if here := newer_than_graders():
        found.notes.append(say("other_python", here=here, python=PYTHON))
    for module in assignment.modules:
        file = folder / PACKAGE / module
        if not file.is_file():
            found.missing.append(say("no_such_file", file=f"{PACKAGE}/{module}"))
            continue
        answer = ask(assignment, Request(str(folder), (), language, loads=file.stem))
        if answer.problem:
            found.missing.append(say("does_not_load", file=f"{PACKAGE}/{module}", problem=answer.problem))
        else:
            found.right.append(say("loads", file=f"{PACKAGE}/{module}"))
    notebook = folder / f"{assignment.name}.ipynb"
    if not notebook.is_file():
        others = [path.name for path in sorted(folder.glob("*.ipynb"))]
        key = "notebook_renamed" if others else "no_such_file"
        found.missing.append(say(key, file=notebook.name, others=", ".join(map(printable, others))))
        return found
    cells = cells_of(notebook)
    if cells is None:
        found.missing.append(say("notebook_unreadable", file=notebook.name))
        return found
    saved = f"{datetime.fromtimestamp(notebook.stat().st_mtime):%H:%M}"
    found.right.append(say("saved", file=notebook.name, time=saved))
    answers = written_answers(cells)
    asked = _asked(folder) | {name: question for name, (question, _written) in answers.items()}
    for name, question in asked.items():
        if name not in answers:
            found.missing.append(say("answer_cell_is_gone", question=question, file=notebook.name))
        elif not answers[name][1]:
            found.missing.append(say("not_answered", question=question))
    if count := sum(written for _question, written in answers.values()):
        found.right.append(say("answered", count=count))
    return found


def archive(folder: Path, found: HandIn) -> Path:
    """Put the folder into a zip beside it, unless the latest one there holds just the same, and note its name.

    Raises:
        OSError: neither beside the folder nor in it can anything be written.
    """
    say = catalogue(found.language)
    files = list(_files(folder, found))
    place = folder.parent if os.access(folder.parent, os.W_OK) and folder.parent != folder else folder
    taken = sorted(place.glob(f"{_escaped(folder.name)}*.zip"), key=lambda path: path.stat().st_mtime)
    if taken and _holds(taken[-1], folder, files):
        found.archive = taken[-1]
        found.notes.append(say("zip_is_there", file=printable(found.archive.name), folder=printable(str(place), None)))
        return found.archive
    number, path = 1, place / f"{folder.name}.zip"
    while True:
        try:
            stream = path.open("xb")
            break
        except FileExistsError:
            number += 1
            path = place / f"{folder.name}-{number}.zip"
    try:
        with stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as bundle:
            for file in files:
                bundle.write(file, f"{folder.name}/{file.relative_to(folder).as_posix()}")
    except BaseException:
        path.unlink(missing_ok=True)  # half of one is none
        raise
    found.archive = path
    found.notes.append(say("zip_made", file=printable(path.name), folder=printable(str(place), None)))
    return path


def _files(folder: Path, found: HandIn) -> Iterator[Path]:
    """What belongs to a hand-in: not hidden, no environment, no archive, nothing that Python or a data set left."""
    for place, folders, names in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name not in _LEFT_OUT and not (here / name / _ENVIRONMENT).exists()
        )
        for name in sorted(names):
            file = here / name
            if name.startswith(".") or file.suffix in {".pyc", ".zip"} or file.is_symlink() or not file.is_file():
                continue
            if file.stat().st_size > LARGEST:
                say = catalogue(found.language)
                found.notes.append(say("too_large_for_zip", file=printable(file.relative_to(folder).as_posix())))
                continue
            yield file


def _holds(path: Path, folder: Path, files: list[Path]) -> bool:
    """Whether an archive holds these files as they are."""
    try:
        with zipfile.ZipFile(path) as bundle:
            held = {entry.filename: (entry.file_size, entry.CRC) for entry in bundle.infolist()}
    except (OSError, zipfile.BadZipFile):
        return False
    names = {f"{folder.name}/{file.relative_to(folder).as_posix()}": file for file in files}
    if held.keys() != names.keys():
        return False
    return all(held[name] == (len(content := file.read_bytes()), zlib.crc32(content)) for name, file in names.items())


def _asked(folder: Path) -> dict[str, str]:
    """The written questions of the release, by the id of their cell; none where its manifest is not there."""
    try:
        questions = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["questions"]
        return {printable(str(name), 80): printable(str(question), 80) for name, question in questions.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def cells_of(notebook: Path) -> list[dict[str, Any]] | None:
    """The cells of a notebook; None if it is none."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8-sig"))["cells"]
        return [dict(cell) for cell in cells]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def written_answers(cells: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, bool]]:
    """The cells for written answers by id: the question in bold above each, and whether something was written."""
    found: dict[str, tuple[str, bool]] = {}
    for number, cell in enumerate(cells):
        about = _about(cell)
        if cell.get("cell_type") != "markdown" or not (about.get("solution") and about.get("grade")):
            continue
        written = bool(_source(cell).strip()) and about.get("checksum") != _checksum(cell, about)
        bold = _BOLD.search(_source(cells[number - 1])) if number else None
        name = printable(str(about.get("grade_id")), 80)
        found[name] = (printable(bold[1].rstrip(".") if bold else name, 80), written)
    return found


def _about(cell: Mapping[str, Any]) -> dict[str, Any]:
    metadata = cell.get("metadata")
    about = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return about if isinstance(about, dict) else {}


def _source(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _checksum(cell: Mapping[str, Any], about: Mapping[str, Any]) -> str:
    """What nbgrader compares (`nbgrader.utils.compute_checksum`): that of the release, if nothing was written."""
    try:
        points = str(float(about.get("points", 0)))
    except (TypeError, ValueError):
        points = ""
    parts = [_source(cell), "markdown", "True", "True", str(bool(about.get("locked"))), str(about.get("grade_id"))]
    whole = "".join([*parts, points]).encode("utf-8", "surrogatepass")
    return hashlib.md5(whole, usedforsecurity=False).hexdigest()


def _escaped(name: str) -> str:
    return re.sub(r"([\[\]*?])", r"[\1]", name)
