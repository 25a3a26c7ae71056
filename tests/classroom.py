"""A small class that hands in the assignment `scale` of the small course, on nbgrader's side of things."""

import atexit
import hashlib
import os
import re
import shutil
import sqlite3
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from a_course import small_course
from nbformat import NotebookNode
from nbgrader.apps.api import NbGraderAPI

from grader.classroom.gradebook import course_config
from grader.course import CONFIG, Course
from grader.publish.release import release

ON_SERVER = '\nimport os\nc.CourseDirectory.db_url = os.environ["GRADEBOOK_URL"]\n'
"""For courses whose gradebook is on a server, as `docs/postgresql.md` has it."""

SOLVED = "    factors = gamma[np.newaxis, :]\n    out = x * factors\n"
WRONG = "    out = x + gamma[np.newaxis, :]\n"
"""Right in shape (1 point), wrong in value (3 points)."""

NO_KERNEL = "\nc.ExecuteForReading.enabled = False\n"
"""For courses where running the notebook is not what is tested: a kernel costs a second."""


def released_course(folder: Path, settings: str = NO_KERNEL) -> Course:
    """A copy of the small course, its assignment released and entered in its gradebook, its path with a space."""
    root = folder / "a course"
    shutil.copytree(_template(), root)
    with (root / CONFIG).open("a", encoding="utf-8") as file:
        file.write(settings)
    return Course(root)


@cache
def _template() -> Path:
    root = Path(tempfile.mkdtemp(prefix="grader-test-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    release(small_course(root), "scale", execute=False)
    return root


def hand_in(course: Course, student: str, body: str | None = SOLVED) -> Path:
    """Hand in the release with the function filled in (None: untouched); return the submission's folder."""
    folder = course.submitted / student / "scale"
    shutil.copytree(course.release / "scale", folder)
    if body is not None:
        solve(folder / "funkcije" / "layers.py", body)
    return folder


def solve(module: Path, body: str = SOLVED) -> None:
    """Fill the student's part of `layers.py` in."""
    text = module.read_text(encoding="utf-8")
    solved, count = re.subn(
        r" +# TODO scale_forward.*?raise NotImplementedError\([^\n]*\n", body, text, flags=re.DOTALL
    )
    assert count == 1
    module.write_text(solved, encoding="utf-8")


def whole_class(course: Course) -> dict[str, float]:
    """Hand in one submission of each kind; return the points that each is worth."""
    hand_in(course, "ana")
    hand_in(course, "bo wrong", WRONG)
    hand_in(course, "ceca", None)
    shutil.rmtree(hand_in(course, "no-package") / "funkcije")
    (hand_in(course, "no-notebook") / "scale.ipynb").unlink()
    return {"ana": 4.0, "bo wrong": 1.0, "ceca": 0.0, "no-package": 0.0, "no-notebook": 4.0}


def edit_notebook(folder: Path) -> NotebookNode:
    """The submitted notebook, to be changed and saved with `save_notebook`."""
    return nbformat.read(folder / "scale.ipynb", as_version=4)


def save_notebook(folder: Path, notebook: NotebookNode) -> None:
    """Save a submitted notebook."""
    nbformat.write(notebook, folder / "scale.ipynb")


def graded_notebook(course: Course, student: str) -> NotebookNode:
    """The notebook in `autograded/`."""
    return nbformat.read(course.root / "autograded" / student / "scale" / "scale.ipynb", as_version=4)


def cell_of(notebook: NotebookNode, grade_id: str) -> NotebookNode:
    """The one cell with a `grade_id`."""
    cells = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id]
    assert len(cells) == 1
    return cells[0]


def autograde(course: Course, *students: str) -> dict[str, bool]:
    """Grade through the Python API, as formgrader's button does; whether it succeeded, by student."""
    api = NbGraderAPI(config=course_config(course))
    return {student: api.autograde("scale", student)["success"] for student in students}


def scores(course: Course, cell: str = "scale_forward") -> dict[str, float | None]:
    """Automatic points as the database holds them, read without nbgrader and without the kit."""
    return {student: points for student, name, points in _grades(course, "auto_score") if name == cell}


def give_by_hand(course: Course, student: str, cell: str, points: float) -> None:
    """Give points as a person does in formgrader."""
    api = NbGraderAPI(config=course_config(course))
    with api.gradebook as gradebook:
        grade = gradebook.find_grade(cell, "scale", "scale", student)
        grade.manual_score = points
        grade.needs_manual_grade = False
        gradebook.db.commit()


def _grades(course: Course, column: str) -> list[tuple[str, str, float | None]]:
    query = f"""
        SELECT submitted_assignment.student_id, base_cell.name, grade.{column}
        FROM grade
        JOIN base_cell ON base_cell.id = grade.cell_id
        JOIN submitted_notebook ON submitted_notebook.id = grade.notebook_id
        JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id
    """
    return ask(course, query)


def ask(course: Course, query: str) -> list[tuple[Any, ...]]:
    """What the course's database answers, read without nbgrader and without the kit."""
    if ON_SERVER in (course.root / CONFIG).read_text(encoding="utf-8"):
        import psycopg

        with psycopg.connect(os.environ["GRADEBOOK_URL"].replace("+psycopg", "")) as server:
            return server.execute(query.encode()).fetchall()
    with closing(sqlite3.connect(course.root / "grades.db")) as database:
        return database.execute(query).fetchall()


def gradebook_rows(course: Course) -> dict[str, list[tuple[object, ...]]]:
    """All that the gradebook says of students and their work, with names in the place of ids."""
    submission = """
        FROM submitted_assignment AS work
        JOIN submitted_notebook AS page ON page.assignment_id = work.id
        LEFT JOIN notebook ON notebook.id = page.notebook_id
    """
    cells = f"""
        {submission} JOIN {{0}} AS entry ON entry.notebook_id = page.id JOIN base_cell ON base_cell.id = entry.cell_id
    """
    queries = {
        "students": "SELECT id, first_name, last_name, email, lms_user_id FROM student",
        "work": "SELECT student_id, timestamp, extension FROM submitted_assignment",
        "notebooks": f"SELECT work.student_id, notebook.name, flagged, late_submission_penalty {submission}",
        "grades": f"""
            SELECT work.student_id, base_cell.name, auto_score, manual_score, extra_credit, needs_manual_grade
            {cells.format("grade")}
        """,
        "comments": f"""
            SELECT work.student_id, base_cell.name, auto_comment, manual_comment {cells.format("comment")}
        """,
    }
    return {name: sorted(ask(course, query), key=repr) for name, query in queries.items()}


def fingerprint(folder: Path) -> dict[str, str]:
    """The files under a folder, by path, with a digest of their contents."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
