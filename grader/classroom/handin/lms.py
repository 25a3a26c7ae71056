"""Hand-in from a learning management system: `nbgrader zip_collect NAME` on what Moodle or Canvas exports.

Put the download, zipped or not, into `downloaded/NAME/archive/`. Both systems name what a student handed in:

    Moodle   Ime Prezime_123456_assignsubmission_file_/batch_normalization.zip   (a folder per student)
             Ime Prezime_123456_assignsubmission_file_batch_normalization.zip    (or the name before each file)
    Canvas   imeprezime_12345_67890_batch_normalization.zip
             imeprezime_LATE_12345_67890_batch_normalization-1.zip

and inside lies the assignment's folder, at any depth. `LmsExtractor` unpacks it, `LmsCollector` tells nbgrader where
each file belongs: `funkcije/layers.py` arrives as `submitted/ime-prezime/batch_normalization/funkcije/layers.py`.
A file that cannot be placed is named with the reason, and stops nothing else.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from nbgrader.apps.zipcollectapp import ZipCollectApp
from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin

from ...course import PACKAGE, Course
from ...errors import GraderError
from ...text import log_to, shown
from ..gradebook import course_config, course_directory
from .archives import DEEPEST, LITTER, MAX_FILES, Budget, is_archive, unpack
from .senders import sender_of, student_id

_NAMED = 5
_OTHER_ARCHIVES = {".rar", ".7z", ".gz", ".xz", ".bz2"}
_NBGRADER_OWN = {"timestamp.txt", "submission_secret.txt"}

_AGAIN = re.compile(r"(?:-\d+| ?\(\d+\))$")


@dataclass
class Plan:
    """Where each extracted file belongs."""

    files: dict[Path, tuple[str, str]] = field(default_factory=dict)
    """(student, path inside the submission) by file."""
    problems: dict[Path, str] = field(default_factory=dict)
    """Why a file or folder was not placed."""


def plan(extracted: Path, assignment: str, modules: Collection[str] = ()) -> Plan:
    """Tell where each file under `extracted` belongs.

    Args:
        extracted: what was unpacked, still under the system's names.
        assignment: its name; the notebook is `NAME.ipynb`.
        modules: file names that belong into `funkcije/` where a student handed them in loose.

    Two people of one name are told apart by the system's number. Of several files for one place the newest counts.
    """
    result = Plan()
    entries: dict[tuple[str, str], list[Path]] = defaultdict(list)
    numbers: dict[str, set[str]] = defaultdict(set)
    for entry in _entries(extracted):
        sender = sender_of(entry.name)
        if sender is None:
            result.problems[entry] = (
                "expected a name as Moodle or Canvas writes it (Ime Prezime_123456_assignsubmission_file_..., "
                "imeprezime_12345_67890_...)"
            )
        elif sender.online_text:
            result.problems[entry] = "an online text, not a file"
        else:
            student = student_id(sender.name) or sender.number
            entries[student, sender.number].append(entry)
            numbers[student].add(sender.number)
    for (student, number), paths in entries.items():
        _place(result, student if len(numbers[student]) == 1 else f"{student}-{number}", paths, assignment, modules)
    return result


def _entries(folder: Path) -> Iterator[Path]:
    """What has a sender's name: in `folder`, or deeper where the download came as one archive or in folders."""
    found = set(_walk(folder))
    found.update([parent for path in found for parent in path.parents if folder in parent.parents])
    on_the_way = {parent for path in found if sender_of(path.name) for parent in path.parents}
    folders = [folder]
    while folders:
        for entry in sorted(folders.pop().iterdir()):
            if LITTER.fullmatch(entry.name):
                continue
            if entry.is_dir() and not sender_of(entry.name) and entry in on_the_way:
                folders.append(entry)
            else:
                yield entry


def _place(result: Plan, student: str, entries: list[Path], assignment: str, modules: Collection[str]) -> None:
    """Place what one student handed in."""
    places = [placed for entry in entries for placed in _places(entry, assignment)]
    has_package = any(place.parts[0] == PACKAGE for _, place in places)
    chosen: dict[PurePosixPath, Path] = {}
    order = Budget([f"{assignment}.ipynb", *modules]).order
    too_many = 0
    for file, place in sorted(places, key=lambda placed: order(placed[1])):
        if file.suffix.lower() in _OTHER_ARCHIVES:
            result.problems[file] = "expected a zip or tar archive; ask for a .zip, or unpack it there by hand"
            continue
        if file.name in _NBGRADER_OWN:
            continue
        if len(place.parts) == 1:
            plain = _AGAIN.sub("", place.stem) + place.suffix
            if plain == f"{assignment}.ipynb":
                place = PurePosixPath(plain)
            elif plain in modules and not has_package:
                place = PurePosixPath(PACKAGE, plain)
        if place in chosen:
            older, file = sorted((chosen[place], file), key=lambda path: path.stat().st_mtime)
            result.problems[older] = f"handed in more than once for {place}; the newest file was taken"
        elif len(chosen) >= MAX_FILES:
            too_many += 1
            continue
        chosen[place] = file
    result.files |= {file: (student, str(place)) for place, file in chosen.items()}
    if too_many:
        result.problems.setdefault(entries[0], f"more than {MAX_FILES:,} files; {too_many:,} were left out")
    if not chosen:
        for entry in entries:
            result.problems.setdefault(entry, "holds no file that could be collected")


def _walk(folder: Path) -> Iterator[Path]:
    """The plain files below a folder, however deep: a link would bring in what lies elsewhere."""
    folders = [folder]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    yield Path(entry.path)


def _files(entry: Path) -> list[Path]:
    """The plain files of what was handed in."""
    if entry.is_file() and not entry.is_symlink():
        return [entry]
    if not entry.is_dir() or entry.is_symlink():
        return []
    return sorted(path for path in _walk(entry) if not any(map(LITTER.fullmatch, path.relative_to(entry).parts)))


def _places(entry: Path, assignment: str) -> Iterator[tuple[Path, PurePosixPath]]:
    """The files of one entry, each with its place in the assignment's folder: below the nearest that looks like it."""
    roots: dict[Path, Path] = {}

    def root_of(folder: Path) -> Path:
        if folder not in roots:
            if (folder / PACKAGE).is_dir() or (folder / f"{assignment}.ipynb").is_file():
                roots[folder] = folder
            else:
                roots[folder] = _single(folder) if folder == entry else root_of(folder.parent)
        return roots[folder]

    for file in _files(entry):
        if file == entry:
            sender = sender_of(entry.name)
            yield file, PurePosixPath(sender.rest if sender and sender.rest else file.name)
        else:
            yield file, PurePosixPath(file.relative_to(root_of(file.parent)).as_posix())


def _single(folder: Path) -> Path:
    """Nothing looks like the assignment's folder: then it is below those that hold one folder and nothing else."""
    while len(inside := list(folder.iterdir())) == 1 and inside[0].is_dir() and not inside[0].is_symlink():
        folder = inside[0]
    return folder


class LmsExtractor(ExtractorPlugin):  # type: ignore[misc]
    """Unpack `archive/` into `extracted/`: every archive into a folder of its own name, archives in archives too."""

    def extract(self, archive_path: str, extracted_path: str) -> None:
        """Unpack or copy each file, and say in one line what could not be."""
        archive, extracted = Path(archive_path), Path(extracted_path)
        files = _files(archive)
        if not files:
            self.log.warning("%s: no files. Next: put the download of your Moodle or Canvas there.", archive)
        wanted = [f"{self.parent.coursedir.assignment_id}.ipynb", *_modules(self.parent)]
        budget = Budget(wanted)
        left = 0
        for path in sorted(files, key=lambda path: budget.order(path.relative_to(archive))):
            place = extracted / path.relative_to(archive)
            if is_archive(path):
                for problem in unpack(path, place.parent, budget=budget):
                    self.log.warning("Not unpacked: %s", problem)
            elif len(place.relative_to(extracted).parts) > DEEPEST or not budget.take(place, path.stat().st_size):
                left += 1
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, place)
        if left:
            self.log.warning(
                "Not unpacked: %s: %d files, as there are too many of one person, or too deep", archive, left
            )


class LmsCollector(FileNameCollectorPlugin):  # type: ignore[misc]
    """Tell `nbgrader zip_collect` whose each extracted file is, and its place in the submission."""

    _plan: Plan | None = None

    def collect(self, submitted_file: str) -> dict[str, str] | None:
        """The student and the place of one file; None, with the reason in the log, if it has none."""
        if self._plan is None:
            self._plan = self._make_plan()
        placed = self._plan.files.get(Path(submitted_file))
        if placed is None:
            return None
        student, place = placed
        return {"student_id": student, "file_id": place}

    def _make_plan(self) -> Plan:
        app = self.parent
        name = app.coursedir.assignment_id
        extracted = Path(app._format_collect_path(app.extracted_directory))
        made = plan(extracted, name, _modules(app))
        kinds: dict[tuple[str, str], list[str]] = defaultdict(list)
        for path, reason in made.problems.items():
            where = path.relative_to(extracted)
            kinds[where.parts[0], reason.partition(" for ")[0]].append(f"{shown(str(where))}: {reason}")
        for lines in kinds.values():
            for line in lines[:_NAMED]:
                self.log.warning("Not collected: %s.", line)
            if more := lines[_NAMED:]:
                self.log.warning("Not collected: %s. So it is with %d files in all.", more[0], len(lines))
        return made


def _modules(app: ZipCollectApp) -> tuple[str, ...]:
    """The modules that students write; none for an assignment that has no checks."""
    try:
        return tuple(Course(Path(app.coursedir.root)).assignment(app.coursedir.assignment_id).modules)
    except GraderError:
        return ()


def zip_collect(course: Course, name: str) -> list[str]:
    """`nbgrader zip_collect NAME` with this course's settings alone; returns what it said of files that it left."""
    lines: list[str] = []

    def note(entry: logging.LogRecord) -> None:
        if entry.levelno >= logging.WARNING:
            lines.append(entry.getMessage())

    config = course_config(course)
    app = ZipCollectApp(config=config)
    app.coursedir = course_directory(config, name)
    app.log = log_to(note)
    app.init_plugins()
    app.extract_archive_files()
    app.process_extracted_files()
    return lines
