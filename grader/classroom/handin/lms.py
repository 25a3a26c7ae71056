"""Hand-in from a learning management system: `nbgrader zip_collect NAME` on what Moodle or another exports.

Put the download, zipped or not, into `downloaded/NAME/archive/`. Moodle, Canvas, Blackboard and Brightspace name what a
student handed in (`senders`):

    Ime Prezime_123456_assignsubmission_file_/quadrature.zip            (Moodle: a folder per student)
    imeprezime_LATE_12345_67890_batch_normalization-1.zip               (Canvas)

and inside lies the assignment's folder, at any depth. `LmsExtractor` unpacks it, `LmsCollector` tells nbgrader where
each file belongs: `PACKAGE/MODULE.py` arrives as `submitted/ime-prezime/NAME/PACKAGE/MODULE.py`.
Who is who the course's store remembers (`grading.people`).
A file that cannot be placed is named with the reason, and stops nothing else. Moodle's grading worksheet, put beside
the download, says when each hand-in came (`times`).
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from nbgrader.apps.zipcollectapp import ZipCollectApp
from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin

from checks.released import PACKAGE

from ...course import Course
from ...errors import GraderError
from ...grading.files import NOT_UNPACKED
from ...grading.people import HandIn, People, namesakes, plain
from ...text import log_to, shown
from ..gradebook import course_config, course_directory
from .archives import DEEPEST, LITTER, MAX_FILES, Budget, is_archive, unpack
from .senders import Sender, sender_of, user_of
from .times import is_worksheet, times_beside

_NAMED = 5
_LONGEST_HEAD = 2_000
"""Characters of what Blackboard says of a file."""
_OTHER_ARCHIVES = {".rar", ".7z", ".gz", ".xz", ".bz2"}
_NBGRADER_OWN = {"timestamp.txt", "submission_secret.txt"}

_NEVER = datetime.min
_AGAIN = re.compile(r"(?:-\d+| ?\(\d+\))$")


@dataclass
class Plan:
    """Where each extracted file belongs."""

    files: dict[Path, tuple[str, str]] = field(default_factory=dict)
    """(student, path inside the submission) by file."""
    problems: dict[Path, str] = field(default_factory=dict)
    """Why a file or folder was not placed."""
    times: dict[str, str] = field(default_factory=dict)
    """When students handed in, where the system says so."""
    nothing: dict[str, list[str]] = field(default_factory=dict)
    """Of students of whom nothing was placed, what they handed in."""


def plan(
    extracted: Path,
    assignment: str,
    modules: Collection[str] = (),
    handed_out: Mapping[str, Collection[bytes]] | None = None,
    people: People | None = None,
    package: str = PACKAGE,
    handed: Mapping[str, datetime] | None = None,
) -> Plan:
    """Tell where each file under `extracted` belongs.

    Args:
        extracted: what was unpacked, still under the system's names.
        assignment: its name; the notebook is `NAME.ipynb`.
        modules: file names that belong into the package where a student handed them in loose.
        handed_out: files of each release, by path; a copy of one takes no other file's place.
        people: of the course; whoever is new is entered.
        package: the name of the folder that students write in.
        handed: when each number of Moodle's handed in, as far as its worksheet says so.

    Of several files for one place the newest counts.
    """
    result = Plan()
    people = people or People(Course(extracted))
    senders: dict[tuple[str, str, str], list[tuple[Path, Sender]]] = defaultdict(list)
    entries_found = list(_entries(extracted))
    users = _users(entries_found)
    for entry in entries_found:
        if sender := sender_of(entry.name):
            if user := _user(entry.name, sender, users):
                sender = replace(sender, name=user, number=user)
            senders[sender.system, plain(sender.name), sender.number].append((entry, sender))
        else:
            result.problems[entry] = (
                "expected a name as Moodle or Canvas writes it (Ime Prezime_123456_assignsubmission_file_..., "
                "imeprezime_12345_67890_...), or as Blackboard or Brightspace does"
            )
    several = namesakes([name for _, name, _ in senders])
    holders = Counter((system, number) for system, _, number in senders)
    for (_, name, number), entries in senders.items():
        first = entries[0][1]
        person = people.find(
            first.system,
            first.name,
            number,
            assignment,
            lasting=first.lasting,
            alone=name not in several,
            named=first.named,
            one=holders[first.system, number] == 1,
        )
        late = any(sender.late for _, sender in entries)
        person.handins[assignment] = HandIn(number, shown(entries[0][0].name), late)
        times = [sender.time for _, sender in entries if sender.time]
        if first.system == "moodle" and number in (handed or {}):
            times.append((handed or {})[number])
        if times:
            # In the system's zone, which is taken to be this machine's; nbgrader would take it for UTC.
            with suppress(OverflowError, ValueError):  # a year that no zone has
                result.times[person.id] = max(times).astimezone().isoformat(" ")
        _place(result, person.id, entries, assignment, modules, handed_out or {}, package)
    return result


def _users(entries: Iterable[Path]) -> set[str]:
    """User names that hold `_`, as what Blackboard puts beside each file says them."""
    found = set()
    for entry in entries:
        if entry.suffix == ".txt" and entry.is_file():
            with entry.open(encoding="utf-8", errors="replace") as file:
                found.add(user_of(entry.name, file.read(_LONGEST_HEAD)))
    return {user for user in found if "_" in user}


def _user(name: str, sender: Sender, users: Iterable[str]) -> str:
    """The whole user name behind a file of Blackboard's, where it is known to hold `_`; else empty."""
    if sender.system != "blackboard":
        return ""
    return max((user for user in users if user_of(name, f"({user})")), key=len, default="")


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
            if entry.is_dir() and entry in on_the_way and _is_a_download(entry):
                folders.append(entry)
            else:
                yield entry


def _is_a_download(folder: Path) -> bool:
    """Whether a folder that holds senders' names is none itself, also where the assignment's name makes it look so."""
    sender = sender_of(folder.name)
    below = (sender_of(path.name) for path in folder.iterdir())
    return sender is None or (sender.system == "canvas" and any(one and one.system != "canvas" for one in below))


def _place(
    result: Plan,
    student: str,
    sent: list[tuple[Path, Sender]],
    assignment: str,
    modules: Collection[str],
    handed_out: Mapping[str, Collection[bytes]],
    package: str,
) -> None:
    """Place what one student handed in."""
    entries = [entry for entry, _ in sent]
    times = {file: sender.time for entry, sender in sent for file in _files(entry)}
    places = [placed for entry in entries for placed in _places(entry, assignment, package)]
    has_package = any(place.parts[0] == package for _, place in places)
    chosen: dict[PurePosixPath, Path] = {}
    order = Budget([f"{assignment}.ipynb", *modules], package).order
    too_many = 0
    for file, place in sorted(places, key=lambda placed: order(placed[1])):
        if file.suffix.lower() in _OTHER_ARCHIVES:
            result.problems[file] = "expected a zip or tar archive; ask for a .zip, or unpack it there by hand"
        if file.name in _NBGRADER_OWN:
            continue
        if place.name == NOT_UNPACKED:
            place = PurePosixPath(NOT_UNPACKED)
        elif len(place.parts) == 1:
            own_name = _AGAIN.sub("", place.stem) + place.suffix
            if own_name == f"{assignment}.ipynb":
                place = PurePosixPath(own_name)
            elif own_name in modules and not has_package:
                place = PurePosixPath(package, own_name)
        if place in chosen:
            older, file = sorted((chosen[place], file), key=lambda path: (times[path] or _NEVER, path.stat().st_mtime))
            released = handed_out.get(str(place), ())
            if released and not any(_is(older, one) for one in released):
                if any(_is(file, one) for one in released):  # a handout kept beside the work takes nothing's place
                    older, file = file, older
                else:
                    result.problems[older] = f"handed in more than once for {place}; the newest file was taken"
            elif not released:
                result.problems[older] = f"handed in more than once for {place}; the newest file was taken"
        elif len(chosen) >= MAX_FILES:
            too_many += 1
            continue
        chosen[place] = file
    result.files |= {file: (student, str(place)) for place, file in chosen.items()}
    if too_many:
        result.problems.setdefault(entries[0], f"more than {MAX_FILES:,} files; {too_many:,} were left out")
    if not chosen:
        result.nothing[student] = [entry.name for entry in entries]
    if not {*chosen} - {PurePosixPath(NOT_UNPACKED)}:
        for entry in entries:
            result.problems.setdefault(entry, "holds no file that could be collected")


def _is(file: Path, content: bytes) -> bool:
    """Whether a file is what was handed out."""
    if file.stat().st_size > 2 * len(content) + 100:
        return False
    return file.read_bytes().replace(b"\r\n", b"\n") == content.replace(b"\r\n", b"\n")


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


def _places(entry: Path, assignment: str, package: str) -> Iterator[tuple[Path, PurePosixPath]]:
    """The files of one entry, each with its place in the assignment's folder: below the nearest that looks like it."""
    roots: dict[Path, Path] = {}

    def root_of(folder: Path) -> Path:
        if folder not in roots:
            if (folder / package).is_dir() or (folder / f"{assignment}.ipynb").is_file():
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
            self.log.warning("%s: no files. Next: put the download of your learning management system there.", archive)
        wanted = [f"{self.parent.coursedir.assignment_id}.ipynb", *_modules(self.parent)]
        budget = Budget(wanted, Course(Path(self.parent.coursedir.root)).package.name)
        left = 0
        for path in sorted(files, key=lambda path: budget.order(path.relative_to(archive))):
            place = extracted / path.relative_to(archive)
            if path.parent == archive and is_worksheet(path):
                continue  # read where it lies
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
        time = self._plan.times.get(student)
        return {"student_id": student, "file_id": place} | ({"timestamp": time} if time else {})

    def _make_plan(self) -> Plan:
        app = self.parent
        name = app.coursedir.assignment_id
        extracted = Path(app._format_collect_path(app.extracted_directory))
        course = Course(Path(app.coursedir.root))
        people = People(course)
        handed = times_beside(Path(app._format_collect_path(app.archive_directory)))
        made = plan(extracted, name, _modules(app), _handed_out(course, name), people, course.package.name, handed)
        people.save()
        _leave_word(made, course, name)
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


def _leave_word(made: Plan, course: Course, assignment: str) -> None:
    """Enter those, too, of whom nothing could be collected: they are graded, and a person is told why it is 0."""
    for student, entries in made.nothing.items():
        folder = course.submitted / student / assignment
        if not folder.exists():
            folder.mkdir(parents=True)
            words = "\n".join(f"{shown(entry)}: holds no file that could be collected" for entry in entries)
            (folder / NOT_UNPACKED).write_text(words, encoding="utf-8")


def _handed_out(course: Course, assignment: str) -> dict[str, set[bytes]]:
    """The files of an assignment's releases, by path, in each language; but for what is large."""
    found: dict[str, set[bytes]] = defaultdict(set)
    for release in (one.release / assignment for one in course.released_in(assignment)):
        for path in release.rglob("*"):
            if path.is_file() and path.stat().st_size < 1_000_000:
                found[path.relative_to(release).as_posix()].add(path.read_bytes())
    return found


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
