"""The courses under `tests/courses/`, each small and complete, as a course in a folder of its own."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import nbformat
from a_course import KIT, graded, save

from checks.core import Assignment
from grader.course import CONFIG, PACKAGE, Course, framework_files

COURSES = Path(__file__).parent / "courses"
NAMES = sorted(path.name for path in COURSES.iterdir() if (path / "course.toml").is_file())


def sample(name: str, folder: Path) -> tuple[Course, Assignment]:
    """A copy of a course with its only assignment, and the notebook that checks it."""
    own = COURSES / name
    settings = tomllib.loads((own / "course.toml").read_text(encoding="utf-8"))
    package, [assignment_name] = settings["package"], settings["assignments"]
    shutil.copytree(own / "checks", folder / "checks", dirs_exist_ok=True)
    shutil.copytree(own / package, folder / PACKAGE, dirs_exist_ok=True)
    shutil.copy(KIT / CONFIG, folder / CONFIG)
    for path in framework_files(KIT / "checks"):
        copy = folder / path.relative_to(KIT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    course = Course(folder)
    save(course, nbformat.v4.new_notebook(), assignment_name)
    assignment = course.assignment(assignment_name)
    cells = [nbformat.v4.new_code_cell("from checks import check", id="imports")]
    cells += [graded(function, assignment.points(function)) for function in assignment.functions]
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    save(course, nbformat.v4.new_notebook(metadata={"kernelspec": kernel}, cells=cells), assignment_name)
    return course, assignment
