"""Where a course keeps its things.

A course is the folder that holds `nbgrader_config.py`; every path in it follows from that root.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import GraderError

if TYPE_CHECKING:
    from checks.core import Assignment

CONFIG = "nbgrader_config.py"


@dataclass(frozen=True)
class Course:
    """The folders of one course."""

    root: Path

    @property
    def package(self) -> Path:
        """The one package, complete, with its solution regions marked."""
        return self.root / "funkcije"

    @property
    def checks(self) -> Path:
        """The shared tests: the framework, and one folder per assignment."""
        return self.root / "checks"

    @property
    def source(self) -> Path:
        """What instructors write: one folder per assignment with its notebook."""
        return self.root / "source"

    @property
    def release(self) -> Path:
        """What students get."""
        return self.root / "release"

    @property
    def solutions(self) -> Path:
        """The worked assignments."""
        return self.root / "solutions"

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

    def assignments(self) -> list[str]:
        """Names of the assignments that have both a notebook under `source/` and a folder under `checks/`."""
        if not self.source.is_dir():
            return []
        return sorted(
            folder.name
            for folder in self.source.iterdir()
            if self.notebook(folder.name).is_file() and (self.checks / folder.name / "__init__.py").is_file()
        )

    def assignment(self, name: str) -> Assignment:
        """The checks of one assignment.

        Raises:
            GraderError: no such assignment in this course.
        """
        known = self.assignments()
        if name not in known:
            has = ", ".join(known) or "none"
            raise GraderError(
                f"{self.root}: no assignment named {name!r} (this course has: {has}). Next: check the spelling, or "
                f"create source/{name}/{name}.ipynb and checks/{name}/__init__.py."
            )
        from checks.core import load_assignment  # numpy, which a course's paths need not wait for

        return load_assignment(name, self.checks)


def find_course(start: Path | None = None) -> Course:
    """The course that `start` (the current folder if None) lies in: the nearest folder with an `nbgrader_config.py`.

    Raises:
        GraderError: no such folder at or above `start`.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / CONFIG).is_file():
            return Course(folder)
    raise GraderError(
        f"{here}: not inside a course (no {CONFIG} here or above). Next: change to the course's folder, "
        "or pass --course FOLDER."
    )
