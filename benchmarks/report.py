"""`grader report` of a class of 2,000: processor seconds, part by part.

    .venv/bin/python benchmarks/report.py [--students 2000] [--keep FOLDER]

The class is made without grading anybody: the demo's class is graded once, then each further student gets a copy of one
of its submissions, its record and its rows in the gradebook, in a course that is thrown away. Measured are the command
as it is typed (a process of its own) and its parts: where everybody stands, numbers, page, JSON. The aim is less than
ten seconds for 2,000.
"""

import argparse
import json
import platform
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from nbgrader.api import Gradebook

from checks.demo import HandIn
from grader.classroom.gradebook import open_gradebook
from grader.classroom.report.make import read_report
from grader.classroom.report.places import report_path
from grader.classroom.results import Staleness, record_path
from grader.classroom.status import standings
from grader.classroom.whole_class import grade_class
from grader.course import OWN, Course
from grader.demo.people import fill_in, hand_in_class, read_class
from grader.demo.run import fresh_copy
from grader.grading import files
from grader.grading.people import student_id
from grader.publish.release import release
from grader.reference.mistakes import load_mistakes

NAME = "batch_normalization"
MISTAKES = 30
"""Known mistakes that one student each makes, besides the demo's class."""
T = TypeVar("T")


def graded_few(folder: Path) -> Course:
    """A course with the demo's class and some more mistakes, graded."""
    course = fresh_copy(OWN, folder)
    release(course, NAME, execute=False)
    assignment = course.assignment(NAME)
    known = [mistake.id for mistake in load_mistakes(assignment)]
    few = [HandIn(f"Greška {id}", id, mistakes=(id,)) for id in known[:: max(1, len(known) // MISTAKES)]]
    desks = {}
    for item in (*read_class(assignment), *few):
        desk = course.root / "handed_out" / student_id(item.name) / NAME
        shutil.copytree(course.release / NAME, desk)
        fill_in(item, course, assignment, desk)
        desks[desk] = item
    hand_in_class(course, assignment, desks)
    grade_class(course, NAME, run_notebooks=False)
    return course


def multiply(course: Course, students: int) -> None:
    """Copies of what is graded, as records that count: for so many students in all."""
    draw = random.Random(0)
    models = sorted(path.name for path in course.submitted.iterdir())
    chosen = {f"student-{number:05d}": draw.choice(models) for number in range(students - len(models))}
    for student, model in chosen.items():
        shutil.copytree(course.submitted / model, course.submitted / student)
    time.sleep(files.SETTLED / 1e9)  # what was changed just now is read whole, as in no class of this size
    for student, model in {**chosen, **dict(zip(models, models, strict=True))}.items():
        data = json.loads(record_path(course, NAME, model).read_text(encoding="utf-8"))
        data["result"]["student"] = student
        data["stamp"] = files.stamp_of(course.submitted / student / NAME)
        assert data["stamp"], student
        record_path(course, NAME, student).write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")
    with open_gradebook(course) as gradebook:
        _copy_rows(gradebook, chosen)


def _copy_rows(gradebook: Gradebook, chosen: dict[str, str]) -> None:
    connection = gradebook.engine.raw_connection()
    cursor = connection.cursor()
    columns = {
        table: [row[1] for row in cursor.execute(f"PRAGMA table_info({table})")]
        for table in ("submitted_assignment", "submitted_notebook", "grade")
    }

    def copied(table: str, old: str, by: str, new: dict[str, str], suffix: str) -> list[str]:
        taken = cursor.execute(f"SELECT {', '.join(columns[table])} FROM {table} WHERE {by} = ?", (old,)).fetchall()
        for row in taken:
            values = dict(zip(columns[table], row, strict=True)) | new
            values["id"] = f"{values['id'][:20]}{suffix}"
            marks = ", ".join("?" * len(values))
            cursor.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))
        return [row[columns[table].index("id")] for row in taken]

    for number, (student, model) in enumerate(chosen.items()):
        suffix = f"{number:012d}"
        cursor.execute("INSERT INTO student (id) VALUES (?)", (student,))
        for work in copied("submitted_assignment", model, "student_id", {"student_id": student}, suffix):
            own = {"assignment_id": f"{work[:20]}{suffix}"}
            for page in copied("submitted_notebook", work, "assignment_id", own, suffix):
                copied("grade", page, "notebook_id", {"notebook_id": f"{page[:20]}{suffix}"}, suffix)
    connection.commit()
    connection.close()


def timed(what: str, work: Callable[[], T]) -> T:
    """Do something, and print the processor seconds that it took."""
    before = time.process_time()
    done = work()
    print(f"  {what:48s}{time.process_time() - before:7.2f} s")
    return done


def measure(course: Course, students: int) -> None:
    """Print what the report of a class takes."""
    print(f"{students} students of {NAME}; Python {platform.python_version()}, processor seconds:")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "grader.cli", "report", NAME, "--course", str(course.root)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=OWN.root)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"  {'grader report, as it is typed':48s}{taken:7.2f} s")
    found = timed("where everybody stands (grader status)", lambda: standings(course, NAME))
    assert sum(one.state == "graded" for one in found) == students
    report = timed("all that, and the numbers", lambda: read_report(course, NAME))
    path = report_path(course, NAME)
    html = timed("the page", lambda: report.html(path))
    timed("the JSON", report.data)
    timed("without names, in all", lambda: read_report(course, NAME, anonymous=True).html(path))
    records = [replace(one.record, stamp="") for one in found[: max(1, students // 20)] if one.record]
    counts = Staleness(course, NAME)
    timed(f"{len(records)} submissions that are read, not stamped", lambda: [counts.why(record) for record in records])
    print(f"  {'size of the page':48s}{len(html.encode()) / 1e6:7.2f} MB")


def main() -> None:
    """Make the class, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=2000)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="make the course here, and leave it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        course = graded_few(options.keep or Path(temporary) / "course")
        multiply(course, options.students)
        measure(course, options.students)


if __name__ == "__main__":
    main()
