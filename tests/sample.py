"""The courses under `tests/courses/`, each small and complete, as a course in a folder of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
from a_course import graded, save

from checks.core import Assignment
from grader.course import OWN, Course, copy_configuration
from grader.settings import FILE

COURSES = Path(__file__).parent / "courses"
NAMES = sorted(path.name for path in COURSES.iterdir() if (path / "course.toml").is_file())


def sample(name: str, folder: Path) -> tuple[Course, Assignment]:
    """A copy of a course with its only assignment, and the notebook that checks it."""
    shutil.copytree(COURSES / name, folder, dirs_exist_ok=True)
    copy_configuration(OWN, folder)
    shutil.copy(COURSES / name / FILE, folder / FILE)
    course = Course(folder)
    [assignment_name] = course.settings.assignments
    save(course, nbformat.v4.new_notebook(), assignment_name)
    assignment = course.assignment(assignment_name)
    cells = [nbformat.v4.new_code_cell("from checks import check", id="imports")]
    cells += [graded(function, assignment.points(function)) for function in assignment.functions]
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    save(course, nbformat.v4.new_notebook(metadata={"kernelspec": kernel}, cells=cells), assignment_name)
    return course, assignment
