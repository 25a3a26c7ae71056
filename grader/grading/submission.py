"""What counts of a folder that was handed in: the modules that the student wrote.

They are read as bytes; nothing in them is read as anything else on this side.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ..errors import GraderError
from ..files import digest_of
from ..text import Note, shown
from . import files
from .files import DEEPEST_FOLDER, TooMany, entries_of
from .work import LARGEST_MODULE, as_utf8, encoding_of, find_work

if TYPE_CHECKING:
    from checks.core import Assignment

MOST_MODULES = 100
_NOT_MODULES = {"__pycache__", ".ipynb_checkpoints"}
_NESTED = 4
"""How deep in a submission the package may lie, for what was meant to be certain."""


class NotASubmission(GraderError):
    """The folder holds nothing that can be graded; `notes` say where something may be."""

    notes: tuple[Note, ...] = ()


class Unreadable(GraderError):
    """What is there cannot be read: nothing is known about this submission; the others are graded."""


@dataclass(frozen=True)
class Submission:
    """The student's own modules, by path inside the package, and what does not count."""

    package: Path
    """The folder that they were read from."""
    modules: dict[str, bytes]
    left_out: tuple[str, ...]
    not_as_given: tuple[str, ...] = ()
    """Given modules that are not as they were handed out; the handed-out ones are used."""
    notes: tuple[Note, ...] = ()
    """What a person should know of how the modules were found."""
    taken: tuple[Path, ...] = ()
    """Files elsewhere than in the package that modules were read from."""

    @property
    def digest(self) -> str:
        """SHA-256 over the paths and bytes of the modules."""
        return digest_of(self.modules)


def read_submission(folder: Path, assignment: Assignment, given: dict[str, bytes]) -> Submission:
    """The modules that the student wrote: the editable ones, and helper modules that shadow no given one.

    What is not where it belongs is looked for (`find_work`).

    Args:
        folder: the submission, which should hold the package.
        assignment: names the editable modules.
        given: every module that is handed out, by path inside the package.

    Raises:
        NotASubmission: no such folder, or neither the package nor a module that was written in it.
        Unreadable: something in it cannot be read.
    """
    lacking = None
    try:
        read = _read(find_package(folder, assignment.package), assignment, given)
    except NotASubmission as error:
        if not folder.is_dir():
            raise
        lacking, read = error, Submission(folder / assignment.package, {}, ())
    except OSError as error:
        raise _unreadable(folder, error) from None
    work = find_work(folder, read.package, read.modules, assignment, given)
    notes = (*read.notes, *work.notes)
    if lacking and not work.modules:
        lacking.notes = notes
        raise lacking
    return replace(read, modules={**read.modules, **work.modules}, notes=notes, taken=tuple(work.files))


def find_package(folder: Path, name: str) -> Path:
    """The submission's package: the folder of that name, or where there is none, the only folder that can be meant.

    That is the only one in the submission whose name differs in case alone, or that lies in another folder, as one
    level too many comes about when an archive is unpacked.

    Raises:
        NotASubmission: no such folder, or no package in it, or several that may be meant.
        Unreadable: the folder cannot be read.
    """
    try:
        if not folder.is_dir():
            what = "a file, and a folder was expected" if folder.is_file() else "no such folder"
            raise NotASubmission(f"{folder}: {what}. Next: pass the folder that holds {name}/.")
        package = folder / name
        if package.is_dir() and not package.is_symlink():
            return package
        found = _packages(folder, name)
    except TooMany:
        raise NotASubmission(
            f"{folder}: no {name}/ in it, and more than {files.MOST_ENTRIES:,} other files and folders. Next: pass "
            f"the folder that holds {name}/."
        ) from None
    except OSError as error:
        raise _unreadable(folder, error) from None
    if len(found) == 1:
        return found[0]
    which = ", ".join(shown(path.relative_to(folder).as_posix()) for path in found[:5])
    itself = "" if folder.name != name else f" (it is called {name} itself: is the folder above it meant?)"
    what = f"several that may be meant by {name}/ ({which})" if found else f"no {name}/ in it{itself}"
    raise NotASubmission(f"{folder}: {what}, so there is nothing to grade. Next: pass the folder that holds {name}/.")


def _packages(folder: Path, name: str) -> list[Path]:
    found: list[Path] = []
    folders, left = [(folder, 0)], files.MOST_ENTRIES
    while folders:
        place, depth = folders.pop()
        entries, left = entries_of(place, left)
        for entry in entries:
            if entry.is_symlink() or entry.name.startswith((".", "__")) or not entry.is_dir():
                continue
            path = place / entry.name
            if entry.name.casefold() == name and any(path.glob("*.py")):
                found.append(path)
            elif depth < _NESTED:
                folders.append((path, depth + 1))
    return sorted(found)


def _unreadable(folder: Path, error: OSError) -> Unreadable:
    name = os.fsdecode(error.filename) if error.filename else str(folder)
    return Unreadable(
        f"{shown(name)}: cannot be read ({error.strerror or error}). Next: give yourself access to it, or ask for it "
        "again; then grade again."
    )


def _read(package: Path, assignment: Assignment, given: dict[str, bytes]) -> Submission:
    modules: dict[str, bytes] = {}
    left_out: list[str] = []
    not_as_given: list[str] = []
    for path in _python_files(package, assignment.modules, left_out):
        name = path.relative_to(package).as_posix()
        if name in given and name not in assignment.modules:
            if _can_be_taken(path, name) and path.read_bytes().replace(b"\r\n", b"\n") != given[name]:
                not_as_given.append(name)
            continue
        if len(modules) >= MOST_MODULES or not _can_be_taken(path, name):
            left_out.append(shown(name))
        elif not comes_before_a_module(name, given):
            modules[name] = path.read_bytes()
    notes = []
    for name, content in modules.items():
        if encoding := encoding_of(content):
            modules[name] = as_utf8(content)
            notes.append(Note("module_encoding", {"module": shown(name), "encoding": encoding.upper()}))
    return Submission(package, modules, tuple(left_out), tuple(not_as_given), tuple(notes))


def _python_files(package: Path, own: Sequence[str], left_out: list[str]) -> list[Path]:
    """The `*.py` in a folder and below it, whatever they are; the assignment's own come first, however many there are.

    Links are not followed. Where there is more than can be looked at, only the assignment's own count.
    """
    first = [package / name for name in own if os.path.lexists(package / name)]
    found: list[Path] = []
    folders, left = [(package, 0)], files.MOST_ENTRIES
    try:
        while folders:
            folder, depth = folders.pop()
            entries, left = entries_of(folder, left)
            for entry in entries:
                path = folder / entry.name
                if entry.is_dir(follow_symlinks=False) and depth < DEEPEST_FOLDER and entry.name not in _NOT_MODULES:
                    folders.append((path, depth + 1))
                if path.suffix == ".py" and path not in first:
                    found.append(path)
    except TooMany:
        left_out.append("*")
        found = []
    return [*first, *sorted(found)]


def _can_be_taken(path: Path, name: str) -> bool:
    return shown(name) == name and not path.is_symlink() and path.is_file() and path.stat().st_size <= LARGEST_MODULE


def comes_before_a_module(name: str, given: dict[str, bytes]) -> bool:
    """True for a file in a folder that Python would import in place of a module of the package."""
    return any(f"{folder}.py" in given for folder in PurePosixPath(name).parents)
