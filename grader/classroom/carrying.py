"""Carries the files of a submission over to `autograded/`, where people read them: the modules that were graded.

Every other plain file is copied as long as there is room, unless a reader would take it for the graded package:
`Numerika/` beside `numerika/`, a copy in another folder, `roots.PY`.
"""

from __future__ import annotations

import difflib
import fnmatch
import os
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from checks.core import Assignment

from ..errors import GraderError
from ..grading.files import DEEPEST_FOLDER, MOST_ENTRIES, TooMany, entries_of
from ..grading.submission import (
    NotASubmission,
    Submission,
    comes_before_a_module,
    read_submission,
)
from ..text import listed, shown
from .verdicts import GradedSubmission, submission_folder

MAX_BYTES = 200_000_000
"""Bytes of other files that are carried over."""
MAX_FILES = 2_000
_LONGEST_PATH = 3_900
_ALIKE = 0.8
"""How like the package's name another is that a reader may take for it."""
_PUT_BACK = "checks/"
"""What is as it was handed out in every graded copy (`RestoreModules`), the modules that were handed out among it."""
_CODE = (".py", ".pyc", ".pyd", ".so")


@dataclass
class _Load:
    """What is copied, and what is not."""

    files: list[tuple[Path, str]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)
    """What a reader would take for the modules that were graded."""
    shadowing: list[str] = field(default_factory=list)
    size: int = 0


def carry_over(verdict: GradedSubmission, destination: Path, ignored: Sequence[str]) -> None:
    """Write the files of a submission into its folder in `autograded/`, and note what was left.

    Args:
        verdict: on the submission.
        destination: the folder.
        ignored: patterns of names that are not copied.

    Raises:
        GraderError: the modules are no longer those that were graded.
    """
    package, submission = _graded(verdict)
    load = _Load()
    for path in _files(verdict.root, load.left):
        name = path.relative_to(verdict.root).as_posix()
        if name.startswith(_PUT_BACK) or path in submission.taken:
            continue
        if any(fnmatch.fnmatch(part, pattern) for part in PurePosixPath(name).parts for pattern in ignored):
            continue
        _place(path, name, package, submission.modules, verdict.given, verdict.assignment, load)
    for path, name in load.files:
        _copy(path, name, destination, load.left)
    for name, content in submission.modules.items():
        target = destination / verdict.assignment.package / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    if load.left:
        verdict.note("left_behind", files=listed(load.left))
    if load.copies:
        verdict.note("package_copies", files=listed(load.copies))
    if load.shadowing:
        verdict.note("shadowing", files=listed(load.shadowing))


def _graded(verdict: GradedSubmission) -> tuple[str, Submission]:
    """The name of the package's folder, and the modules that were graded; empty where there is no package."""
    folder = submission_folder(verdict.course, verdict.assignment.name, verdict.result.student)
    try:
        submission = read_submission(folder, verdict.assignment, verdict.given)
    except NotASubmission:
        return "", Submission(verdict.root, {}, ())
    if submission.digest != verdict.submission:
        raise GraderError(f"{shown(str(submission.package))}: was changed while it was graded. Next: grade it again.")
    return submission.package.name, submission


def _files(folder: Path, left: list[str]) -> Iterator[Path]:
    """All that is not a folder, below a folder, in the order of names; what cannot be looked at goes to `left`."""
    folders, most = [folder], MOST_ENTRIES
    while folders:
        place = folders.pop()
        name = place.relative_to(folder).as_posix()
        try:
            entries, most = entries_of(place, most)
        except TooMany:
            left.append(f"{name}/*")
            continue
        except OSError:
            left.append(name)
            continue
        below = []
        for entry in sorted(entries, key=lambda entry: entry.name):
            if not entry.is_dir(follow_symlinks=False):
                yield place / entry.name
            elif len(PurePosixPath(name).parts) < DEEPEST_FOLDER:
                below.append(place / entry.name)
            else:
                left.append(f"{name}/{entry.name}")
        folders += reversed(below)


def _place(
    path: Path,
    name: str,
    package: str,
    graded: Collection[str],
    given: Mapping[str, bytes],
    assignment: Assignment,
    load: _Load,
) -> None:
    """Decide what becomes of one file."""
    first, slash, inside = name.partition("/")
    if package and slash and first == package:
        if inside in graded or (inside in given and path.suffix == ".py"):
            return  # written from what was graded, and from what was handed out
        if comes_before_a_module(inside, dict(given)):
            load.shadowing.append(name)
        elif path.suffix == ".py":
            load.left.append(name)
        elif _passes_for_a_module(PurePosixPath(inside).name, {*graded, *given}):
            load.copies.append(name)
        else:
            _take(path, name, f"{assignment.package}/{inside}", load)
    elif len(load.files) >= MAX_FILES:
        load.left.append(name)
    elif _passes_for_the_package(name, assignment.package) or _passes_for_a_module(
        PurePosixPath(name).name, assignment.modules
    ):
        load.copies.append(name)
    else:
        _take(path, name, name, load)


def _take(path: Path, name: str, to: str, load: _Load) -> None:
    """Take a file along, if it is a plain one with a name that can be shown, and there is room."""
    if len(load.files) < MAX_FILES and shown(name) == name and not path.is_symlink():
        try:
            size = path.stat().st_size if path.is_file() else MAX_BYTES + 1
        except OSError:
            size = MAX_BYTES + 1
        if load.size + size <= MAX_BYTES:
            load.size += size
            load.files.append((path, to))
            return
    load.left.append(name)


def _copy(path: Path, name: str, destination: Path, left: list[str]) -> None:
    target = destination / name
    if len(os.fsencode(target)) > _LONGEST_PATH:
        left.append(name)
        return
    try:
        content = path.read_bytes()
    except OSError:
        left.append(name)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def _passes_for_the_package(name: str, package: str) -> bool:
    """Whether a folder on the way to a file, or the file itself, has a name that a reader takes for the package."""
    *folders, last = PurePosixPath(name).parts
    looks = _seen(package)
    if any(looks in (seen := _seen(part)) or _alike(seen, looks) for part in folders):
        return True
    stem = last.partition(".")[0]
    return stem != package and _seen(stem) == looks


def _passes_for_a_module(last: str, modules: Collection[str]) -> bool:
    """Whether a file has a name that a reader takes for a module's; what Python might import is removed later."""
    if last.endswith(_CODE[1:]):
        return False
    seen = _seen(last)
    return any((name := _seen(PurePosixPath(module).name)) in seen or _alike(seen, name) for module in modules)


def _seen(name: str) -> str:
    """A name as a reader takes it in: without case, accents, spaces, dots and what cannot be seen."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", name).casefold() if letter.isalnum())


def _alike(seen: str, name: str) -> bool:
    return len(seen) <= 2 * len(name) and difflib.SequenceMatcher(None, seen, name).ratio() > _ALIKE
