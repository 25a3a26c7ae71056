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
import stat
import tarfile
import unicodedata
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from nbgrader.apps.zipcollectapp import ZipCollectApp
from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin

from .course import Course
from .errors import GraderError
from .gradebook import course_config, course_directory
from .staging import shown

MAX_BYTES = 500_000_000
"""Bytes that one person's archives may unpack to, the archives in them included."""
MAX_FILES = 20_000
MAX_DEPTH = 5
"""How deep archives may lie in archives."""
_CHUNK = 2**20
_NAMED = 5

_ARCHIVES = (".tar.gz", ".tgz", ".tar", ".zip")
_OTHER_ARCHIVES = {".rar", ".7z", ".gz", ".xz", ".bz2"}
_LITTER = re.compile(r"__MACOSX|\.ipynb_checkpoints|__pycache__|\._.*|\.DS_Store|Thumbs\.db|desktop\.ini|\.git|\.venv")
_NBGRADER_OWN = {"timestamp.txt", "submission_secret.txt"}

_MOODLE = re.compile(r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_(?P<kind>file|onlinetext)(?:_(?P<rest>.*))?")
_CANVAS = re.compile(r"(?P<name>[^_]+)(?:_LATE)?_(?P<number>\d+)_(?:\d+)_(?P<rest>.+)")
_AGAIN = re.compile(r"(?:-\d+| ?\(\d+\))$")


@dataclass(frozen=True)
class Sender:
    """Whose a file or folder is, as the learning management system names it."""

    name: str
    number: str
    """The system's number: in Moodle of the participant, in Canvas of the user."""
    rest: str
    """What the student called it; empty for a folder."""
    online_text: bool = False
    """Moodle's other kind of submission: text typed into the page."""


@dataclass
class Plan:
    """Where each extracted file belongs."""

    files: dict[Path, tuple[str, str]] = field(default_factory=dict)
    """(student, path inside the submission) by file."""
    problems: dict[Path, str] = field(default_factory=dict)
    """Why a file or folder was not placed."""


def sender_of(name: str) -> Sender | None:
    """Read the name of a file or folder that Moodle or Canvas wrote; None if it is neither's."""
    text = unicodedata.normalize("NFC", name)
    for pattern in (_MOODLE, _CANVAS):
        match = pattern.fullmatch(text)
        if match:
            text_kind = match.groupdict().get("kind") == "onlinetext"
            return Sender(match["name"].strip(), match["number"], match["rest"] or "", text_kind)
    return None


def student_id(name: str) -> str:
    """A folder's name for a person's: `Đorđe Žurić` becomes `djordje-zuric`."""
    text = name.replace("đ", "dj").replace("Đ", "Dj")
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def plan(extracted: Path, assignment: str, modules: Iterable[str] = ()) -> Plan:
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
    """What bears a sender's name: in `folder`, or deeper where the download came as one archive or in folders."""
    for entry in sorted(folder.iterdir()):
        if _LITTER.fullmatch(entry.name):
            continue
        if entry.is_dir() and not sender_of(entry.name) and any(sender_of(path.name) for path in entry.rglob("*")):
            yield from _entries(entry)
        else:
            yield entry


def _place(result: Plan, student: str, entries: list[Path], assignment: str, modules: Iterable[str]) -> None:
    """Place what one student handed in."""
    places = [(file, _place_of(file, entry, assignment)) for entry in entries for file in _files(entry)]
    has_package = any(place.parts[0] == "funkcije" for _, place in places)
    chosen: dict[PurePosixPath, Path] = {}
    for file, place in places:
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
                place = PurePosixPath("funkcije", plain)
        if place in chosen:
            older, file = sorted((chosen[place], file), key=lambda path: path.stat().st_mtime)
            result.problems[older] = f"handed in more than once for {place}; the newest file was taken"
        chosen[place] = file
    result.files |= {file: (student, str(place)) for place, file in chosen.items()}
    if not chosen:
        for entry in entries:
            result.problems.setdefault(entry, "holds no file that could be collected")


def _files(entry: Path) -> list[Path]:
    """The plain files of what was handed in: a link would bring in what lies elsewhere."""
    if entry.is_file() and not entry.is_symlink():
        return [entry]
    plain = [path for path in sorted(entry.rglob("*")) if path.is_file() and not path.is_symlink()]
    return [path for path in plain if not any(map(_LITTER.fullmatch, path.relative_to(entry).parts))]


def _place_of(file: Path, entry: Path, assignment: str) -> PurePosixPath:
    """A file's place in the assignment's folder: below the nearest folder that looks like it."""
    if file == entry:
        sender = sender_of(entry.name)
        return PurePosixPath(sender.rest if sender and sender.rest else file.name)
    for folder in file.parents:
        if (folder / "funkcije").is_dir() or (folder / f"{assignment}.ipynb").is_file():
            break
        if folder == entry:
            # Nothing looks like it: then below the folders that hold one folder and nothing else.
            while len(inside := list(folder.iterdir())) == 1 and inside[0].is_dir():
                folder = inside[0]
            break
    return PurePosixPath(file.relative_to(folder).as_posix())


class LmsExtractor(ExtractorPlugin):  # type: ignore[misc]
    """Unpack `archive/` into `extracted/`: every archive into a folder of its own name, archives in archives too."""

    def extract(self, archive_path: str, extracted_path: str) -> None:
        """Unpack or copy each file, and say in one line what could not be."""
        archive, extracted = Path(archive_path), Path(extracted_path)
        files = _files(archive)
        if not files:
            self.log.warning("%s: no files. Next: put the download of your Moodle or Canvas there.", archive)
        for path in files:
            place = extracted / path.relative_to(archive)
            place.parent.mkdir(parents=True, exist_ok=True)
            if not is_archive(path):
                shutil.copy2(path, place)
                continue
            for problem in unpack(path, place.parent):
                self.log.warning("Not unpacked: %s", problem)


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
        try:
            modules = Course(Path(app.coursedir.root)).assignment(name).modules
        except GraderError:
            modules = ()
        made = plan(extracted, name, modules)
        for path, reason in made.problems.items():
            self.log.warning("Not collected: %s: %s.", path.relative_to(extracted), reason)
        return made


def collect(course: Course, name: str) -> list[str]:
    """`nbgrader zip_collect NAME` with this course's settings alone; returns what it said of files that it left."""
    lines: list[str] = []

    class Lines(logging.Handler):
        def emit(self, entry: logging.LogRecord) -> None:
            if entry.levelno >= logging.WARNING:
                lines.append(entry.getMessage())

    config = course_config(course)
    app = ZipCollectApp(config=config)
    app.coursedir = course_directory(config, name)
    app.log = logging.Logger("grader.handin")
    app.log.addHandler(Lines())
    app.init_plugins()
    app.extract_archive_files()
    app.process_extracted_files()
    return lines


def is_archive(path: Path) -> bool:
    """Whether a file's name is that of an archive that can be unpacked."""
    return path.name.lower().endswith(_ARCHIVES)


class Budget:
    """How much may still be unpacked: of what one person sent, or of what bears nobody's name."""

    def __init__(self) -> None:
        self._left: dict[str, list[int]] = {}

    def take(self, place: Path, size: int) -> bool:
        """Whether a file of `size` bytes may be written to a place; if so it is counted."""
        left = self._left.setdefault(next(filter(sender_of, place.parts), ""), [MAX_BYTES, MAX_FILES])
        if left[0] < size or left[1] < 1:
            return False
        left[0] -= size
        left[1] -= 1
        return True


def unpack(archive: Path, into: Path, depth: int = 0, budget: Budget | None = None) -> list[str]:
    """Unpack an archive into a folder of its own name inside `into`, and the archives in it likewise.

    Links, devices and names that lead outside are left out, and named. Of several files of one name the last counts.
    Names in a zip without the UTF-8 mark are read as UTF-8 where they are that, and else as code page 852, which
    Windows uses in Montenegro.

    Returns:
        One line for each thing that could not be unpacked.
    """
    budget = budget or Budget()
    stem = next(archive.name[: -len(suffix)] for suffix in _ARCHIVES if archive.name.lower().endswith(suffix))
    folder = into / stem if stem and not (into / stem).exists() else into / archive.name.replace(".", "_")
    problems: list[str] = []
    refused: list[str] = []
    again = "Next: ask for it again, or unpack it there by hand"
    too_much = False
    try:
        folder.mkdir(parents=True)
        for member in _members(archive):
            parts = [part for part in PurePosixPath(member.name.replace("\\", "/")).parts if part not in {"/", "."}]
            if not parts or any(_LITTER.fullmatch(part) for part in parts):
                continue
            if ".." in parts or ":" in parts[0] or not member.plain:
                refused.append(shown(member.name))
                continue
            place = folder.joinpath(*parts)
            if not budget.take(place, member.size):
                if not too_much:
                    problems.append(f"{archive.name}: unpacks to more than {MAX_BYTES:,} bytes or {MAX_FILES:,} files")
                too_much = True
                continue
            try:
                _write(member, place)
            except Exception as error:  # a broken member may raise what it likes, and costs the others nothing
                with suppress(OSError):
                    place.unlink()
                problems.append(f"{archive.name}: {shown(member.name)}: {_reason(error)}. {again}")
                continue
            if is_archive(place) and depth < MAX_DEPTH:
                problems += unpack(place, place.parent, depth + 1, budget)
                place.unlink()
    except Exception as error:  # so may a broken archive
        problems.append(f"{archive.name}: {_reason(error)}. {again}")
    if refused:
        names = ", ".join(refused[:_NAMED]) + (f", ... ({len(refused)})" if refused[_NAMED:] else "")
        problems.append(f"{archive.name}: links, devices and names that lead outside were left out: {names}")
    return problems


def _write(member: _Member, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    left = member.size
    with member.open() as source, place.open("wb") as target:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise ValueError("is larger than it says")
            target.write(chunk)
    with suppress(OSError, OverflowError, ValueError):  # a time that no clock shows
        os.utime(place, (member.time, member.time))


def _reason(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) else None
    return shown(reason or str(error) or type(error).__name__)


@dataclass(frozen=True)
class _Member:
    """What is no folder in an archive."""

    name: str
    size: int
    time: float
    open: Callable[[], IO[bytes]]
    plain: bool = True
    """Whether it is no link and no device."""


def _members(archive: Path) -> Iterator[_Member]:
    """All that an archive holds but its folders."""
    if archive.suffix.lower() == ".zip":
        with zipfile.ZipFile(archive) as opened:
            for info in opened.infolist():
                if info.is_dir():
                    continue
                plain = stat.S_IFMT(info.external_attr >> 16) in {0, stat.S_IFREG}
                time = 0.0
                with suppress(ValueError, OverflowError, OSError):
                    time = datetime(*info.date_time).timestamp()
                yield _Member(_zip_name(info), info.file_size, time, partial(opened.open, info), plain)
        return
    with tarfile.open(archive) as tar:
        for entry in tar:
            if not entry.isdir():
                yield _Member(entry.name, entry.size, entry.mtime, partial(_in_tar, tar, entry), entry.isfile())


def _in_tar(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(entry)
    assert content is not None  # of a plain file
    return content


def _zip_name(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & 0x800:
        return info.filename
    raw = info.filename.encode("cp437")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp852")
