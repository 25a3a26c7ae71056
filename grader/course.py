"""Where a course keeps its things.

A course is the folder that holds `nbgrader_config.py`; every path in it follows from that root, and from what its
`course.toml` says (`settings`).
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checks import FRAMEWORK
from checks.language import preferred

from .errors import GraderError
from .settings import FILE, Settings, read_settings
from .text import shown

if TYPE_CHECKING:
    from checks.core import Assignment

KIT = Path(__file__).resolve().parent.parent
"""The checkout that this kit runs from, with a course in it; or the folder that it is installed in, with none."""
CONFIG = "nbgrader_config.py"
KEPT = ("submitted", "downloaded", "autograded", "feedback")
"""Folders of a course for what students handed in."""
REPORTS = "reports"
"""The folder of a course for `grader report`."""
_NO_COURSE = (
    f"not inside a course (no {CONFIG} here or above). Next: change to the course's folder, or pass --course FOLDER."
)
_MADE = ("release", "solutions")
"""Folders of a course for what is generated."""
_OF_A_RELEASE = ("checks/manifest.json", "checks/*/recordings.npz", "*.ipynb")
"""What a release has and a course has not."""


@dataclass(frozen=True)
class Course:
    """The folders of one course."""

    root: Path
    spoken: str = ""
    """The language that comes first in place of the first of `course.toml`; see `spoken_in`."""

    def spoken_in(self, language: str) -> Course:
        """The same course for a class, or a student, who reads another of its languages.

        What it hands out lies in a folder of that language, `release/en/NAME`, beside what it hands out otherwise: the
        assignment is one and the same, and nbgrader knows only the other.

        Raises:
            GraderError: the course does not speak it.
        """
        languages = read_settings(self.root).languages
        if language not in languages:
            raise GraderError(
                f"--language {shown(language)}: this course has {', '.join(languages)}. Next: take one of these, or "
                "leave it out."
            )
        return Course(self.root, "" if language == languages[0] else language)

    def released_in(self, assignment: str) -> list[Course]:
        """The course in each language in which an assignment was handed out, the usual one first."""
        languages = read_settings(self.root).languages
        each = [self.spoken_in(language) for language in languages]
        return [one for one in each if not one.spoken or (one.release / assignment / f"{assignment}.ipynb").is_file()]

    @property
    def package(self) -> Path:
        """The one package, complete, with its solution regions marked."""
        return self.root / self.settings.package

    @property
    def settings(self) -> Settings:
        """What the course says of itself.

        Raises:
            GraderError: its file is not as it should be.
        """
        settings = read_settings(self.root)
        return settings.spoken_in(self.spoken) if self.spoken else settings

    def environment(self) -> bytes:
        """What the requirements file holds that the course names for its students; empty if it names none.

        Raises:
            GraderError: it cannot be read.
        """
        if not self.settings.environment:
            return b""
        path = self.root / self.settings.environment
        try:
            return path.read_bytes().replace(b"\r\n", b"\n")
        except OSError as error:
            raise GraderError(
                f"{path}: cannot be read ({error.strerror}), and {FILE} names it as `environment`. Next: create it, or "
                "take the line out."
            ) from None

    @property
    def language(self) -> str:
        """The language of what is said to one person: what `FUNKCIJE_LANG` names, if the course speaks it."""
        return preferred(self.settings.languages)

    @property
    def checks(self) -> Path:
        """The shared tests: one folder per assignment; in the kit's checkout, the framework too."""
        return self.root / "checks"

    @property
    def source(self) -> Path:
        """What instructors write: one folder per assignment with its notebook."""
        return self.root / "source"

    @property
    def release(self) -> Path:
        """What students get."""
        return self.root / "release" / self.spoken

    @property
    def solutions(self) -> Path:
        """The worked assignments."""
        return self.root / "solutions" / self.spoken

    @property
    def submitted(self) -> Path:
        """What students handed in: `submitted/STUDENT/ASSIGNMENT/`."""
        return self.root / "submitted"

    @property
    def store(self) -> Path:
        """The kit's own results (per-check verdicts), outside nbgrader's folders and outside git."""
        return self.root / ".grader"

    def notebook(self, assignment: str) -> Path:
        """The source notebook of an assignment."""
        return self.source / assignment / f"{assignment}.ipynb"

    @property
    def classic(self) -> tuple[str, ...]:
        """Assignments of nbgrader's own kind (`grader.classic`), which the course says are."""
        return self.settings.classic

    def assignments(self) -> list[str]:
        """Names of the assignments that have both a notebook under `source/` and a folder under `checks/`, in order."""
        if not self.source.is_dir():
            return []
        found = sorted(
            folder.name
            for folder in self.source.iterdir()
            if folder.name in self.classic
            or (self.notebook(folder.name).is_file() and (self.checks / folder.name / "__init__.py").is_file())
        )
        first = [name for name in self.settings.assignments if name in found]
        return [*first, *(name for name in found if name not in first)]

    def assignment(self, name: str) -> Assignment:
        """The checks of one assignment.

        Raises:
            GraderError: no such assignment in this course.
        """
        if name == ".." or Path(name).name != name or "\\" in name:
            raise GraderError(
                f"{shown(name)!r}: expected the name of an assignment, found a path. Next: type the name alone."
            )
        known = self.assignments()
        if name not in known:
            has = ", ".join(known) or "none"
            raise GraderError(
                f"{self.root}: no assignment named {shown(name)!r} (this course has: {has}). Next: check the spelling, "
                f"or create source/{shown(name)}/{shown(name)}.ipynb and checks/{shown(name)}/__init__.py."
            )
        # numpy, which a course's paths need not wait for
        from checks.core import load_assignment

        from .classic import classic_assignment

        settings = self.settings
        if name in settings.classic:
            return classic_assignment(self.source / name)
        return load_assignment(name, self.checks, package=settings.package, languages=settings.languages)


OWN = Course(KIT)
"""The course of the checkout that this kit runs from; where the kit is installed, none that can be used."""


WORKER, NOTEBOOK = ".venv-worker", ".venv-notebook"
"""In a course's root, the environments in which student code and submitted notebooks run."""


_OF_A_COPY = """
# A copy's own, after the course's settings: its gradebook is the one beside this file.
c.CourseDirectory.root = __file__[: -len("/nbgrader_config.py")]
c.CourseDirectory.db_url = f"sqlite:///{c.CourseDirectory.root}/grades.db?timeout=60"
"""


def copy_configuration(course: Course, root: Path) -> None:
    """Make a course of a folder: with another's settings, a gradebook of its own, and links to the environments."""
    for name in (CONFIG, FILE):
        if (course.root / name).is_file():
            shutil.copy(course.root / name, root / name)
    if (root / CONFIG).is_file():
        with (root / CONFIG).open("a", encoding="utf-8") as settings:
            settings.write(_OF_A_COPY)
    for name in (WORKER, NOTEBOOK):
        if (course.root / name).is_dir():
            (root / name).symlink_to((course.root / name).resolve())


def framework_files(checks: Path) -> list[Path]:
    """What lies in a folder `checks/` and is no assignment's own."""
    folders = [checks, *(checks / name for name in FRAMEWORK)]
    return sorted(path for folder in folders for path in folder.glob("*") if path.is_file())


def course_of(converter: Any) -> Course:
    """The course that one of nbgrader's converters works on."""
    return Course(Path(converter.coursedir.root))


def choose_course(named: Path | None, here: Path | None = None, submission: Path | None = None) -> tuple[Course, str]:
    """The course that a command works with, and how it was found; its checks and settings run with one's own rights.

    A folder that was handed in may look like a course, so none is taken from the submission or from where submissions
    lie, whatever the current folder is.

    Args:
        named: `--course`.
        here: the folder that the command was started in; the current one if None.
        submission: what is to be graded, if it is one folder.

    Returns:
        The course, and words for where it was found; empty if it was named, or is the current folder.

    Raises:
        GraderError: what was named is no course, or was handed in.
    """
    if named is not None:
        if not named.is_dir():
            what = "a file" if named.is_file() else "no such folder"
            raise GraderError(f"{named}: {what}, so no course. Next: check the spelling of --course.")
        course = find_course(named)
        if why := _handed_in(course.root, submission, named=True):
            raise GraderError(
                f"{course.root}: {why}, so it is not taken for a course: what lies in it would run with your own "
                "rights. Next: pass --course with a folder of your own."
            )
        return course, ""
    here = (here or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / CONFIG).is_file() and not _handed_in(folder, submission):
            return Course(folder), "" if folder == here else "around the current folder"
    if not (KIT / CONFIG).is_file():
        raise GraderError(f"{here}: {_NO_COURSE}")
    return OWN, "the checkout that this kit runs from"


def course_to_try(named: Path | None, here: Path | None = None) -> Course:
    """The course that the kit is tried on: the one that was named, else the kit's own, else the one around `here`.

    Raises:
        GraderError: there is none, or it was handed in.
    """
    return choose_course(named, KIT if (KIT / CONFIG).is_file() else here)[0]


def course_to_work_on(named: Path | None, here: Path | None = None) -> Course:
    """The course that a command works *on*: the one that was named, or the one around the current folder, said if it
    is not that folder itself.

    Raises:
        GraderError: there is none, or it was handed in.
    """
    here = here or Path.cwd()
    course, found = choose_course(named, here)
    if named is None and not here.resolve().is_relative_to(course.root):
        find_course(here)  # which says so if there is none
        raise GraderError(
            f"{here}: looks like something that was handed in, so it is not taken for a course. Next: change to the "
            "course's folder, or pass --course FOLDER."
        )
    if found:
        print(f"note: the course is {shown(str(course.root))}, {found}.", file=sys.stderr)
    return course


def _handed_in(root: Path, submission: Path | None, *, named: bool = False) -> str:
    """Why a folder looks like something that was handed in, in words; empty if it does not.

    Args:
        root: the folder, with its links followed.
        submission: what is to be graded.
        named: it was named as a course, so that its looks alone decide less.
    """
    if root == KIT:
        return ""
    for folder in (root, *root.parents):
        if folder.name in KEPT and (not named or (folder.parent / CONFIG).is_file()):
            return f"it lies in {folder.name}/"
    handed_in = submission.resolve() if submission is not None else None
    if handed_in is not None and root.is_relative_to(handed_in):
        return "it is, or lies in, the submission"
    if named:
        return ""
    if any(any(root.glob(pattern)) for pattern in _OF_A_RELEASE):
        return "it is made of a release"
    if handed_in is not None and not any(handed_in.is_relative_to(root / name) for name in (*KEPT, *_MADE)):
        return "the submission does not lie where a course has submissions"
    return ""


def find_course(start: Path) -> Course:
    """The course that `start` lies in: the nearest folder with an `nbgrader_config.py`.

    Raises:
        GraderError: no such folder at or above `start`.
    """
    here = start.resolve()
    for folder in (here, *here.parents):
        if (folder / CONFIG).is_file():
            return Course(folder)
    raise GraderError(f"{here}: {_NO_COURSE}")
