"""A class of 60 with 20 hostile submissions, beside the same class where those 20 are honest, and the 40 alone.

    .venv/bin/python benchmarks/class_of_60.py [--honest 40] [--skip-notebooks] [--json FILE]

Classes are collected (`nbgrader zip_collect`) and graded (`grader grade`, a job for each core) in copies of the course
that are thrown away: the 40 alone; with 18 more honest ones; with 18 hostile ones (`grader/doctor/crowd.py`); and that
class again with two more, which run into the time limits in a module and in a notebook. Processor time is that of the
command and of all that it started: in the sandbox `landlock`, as the kernel counts nothing of what ends with a
namespace. Peak memory is the command's own `ru_maxrss`; a shell starts it, as it would otherwise begin with this
script's. The aim: the 40 get the same points and remarks as alone in the class of 60; the 18 hostile ones add at most
20% to what 18 honest ones take; the two, at most their limits divided by the jobs; less than 1 GB.
"""

import argparse
import ctypes
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from checks.core import Assignment
from checks.demo import HandIn
from grader.classroom.gradebook import automatic_points, open_gradebook
from grader.classroom.pages.notebook import NotebookBounds
from grader.classroom.results import read_record
from grader.course import KIT, OWN, Course, copy_configuration
from grader.demo.people import FIRST_NUMBER, fill_in, read_class
from grader.doctor.crowd import CROWD, Hostile
from grader.grading.people import student_id
from grader.grading.secret import ensure_secret
from grader.publish.release import release
from grader.reference.mistakes import load_mistakes
from grader.sandbox.process import TimeLimits

NAME = "batch_normalization"
BIN = Path(sys.executable).parent
COMMANDS = {"grader": "from grader.cli import main", "nbgrader": "from nbgrader.apps.nbgraderapp import main"}
MEASURED = """
import atexit, json, resource, sys

def report(file=sys.argv.pop(1)):
    json.dump(resource.getrusage(resource.RUSAGE_SELF)[:3], open(file, "w"))

atexit.register(report)
{}
sys.exit(main())
"""
ALONE, HONEST, HOSTILE, SLOW = "alone", "with honest", "with hostile", "with time limits"
_BECOME_THE_PARENT_OF_ORPHANS = 36


@dataclass
class Used:
    """What a command took."""

    wall: float = 0.0
    own: float = 0.0
    """Seconds of processor of the command itself."""
    all: float = 0.0
    """And of all that it started."""
    memory: float = 0.0
    """Megabytes at most, of the command itself."""

    def __add__(self, other: "Used") -> "Used":
        return Used(self.wall + other.wall, self.own + other.own, self.all + other.all, max(self.memory, other.memory))


def base_course(root: Path) -> Course:
    """A copy of this course with its release, an empty gradebook and a secret."""
    for folder in ("funkcije", "checks", "source"):
        shutil.copytree(KIT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    copy_configuration(OWN, root)
    course = Course(root)
    release(course, NAME, execute=False)
    ensure_secret(course)
    return course


def honest(assignment: Assignment, count: int) -> list[HandIn]:
    """The demo's class, and one submission for each known mistake as far as needed, spread over all of them."""
    demo = read_class(assignment)
    mistakes = [mistake.id for mistake in load_mistakes(assignment)]
    step = max(1, len(mistakes) // max(1, count))
    made = [HandIn(f"Greška {name.replace('_', ' ')}", name, mistakes=(name,)) for name in mistakes[::step]]
    # Of every four one is the demo's, so that each part of the class has all qualities.
    mixed = [
        item
        for number, item in enumerate(made)
        for item in (*demo[number // 3 : number // 3 + (number % 3 == 0)], item)
    ]
    return list(islice(mixed, count))


def hand_in(course: Course, assignment: Assignment, item: HandIn | Hostile, number: int) -> str:
    """Put a submission into `submitted/`, or where a download from Moodle lies; return whose it is."""
    student = item.student if isinstance(item, Hostile) else student_id(item.name)
    folder = course.submitted / student / NAME
    shutil.copytree(course.release / NAME, folder)
    fill_in(item if isinstance(item, HandIn) else HandIn(student, ""), course, assignment, folder)
    sent = {}
    if isinstance(item, Hostile):
        if item.edit:
            item.edit(folder, assignment)
        if item.pack:
            sent = item.pack(_read(folder))
    elif item.through_moodle:
        sent = {"work.zip": _zipped(_read(folder))}
    if sent:
        name = item.name if isinstance(item, HandIn) else student.replace("-", " ")
        place = course.root / "downloaded" / NAME / "archive" / f"{name}_{FIRST_NUMBER + number}_assignsubmission_file_"
        place.mkdir(parents=True)
        for file, content in sent.items():
            (place / file).write_bytes(content)
        shutil.rmtree(folder.parent)
    return student


def _read(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _zipped(files: dict[str, bytes]) -> bytes:
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        file.seek(0)
        return file.read()


def measured(course: Course, *command: str) -> Used:
    """Run a command of the kit in the course; 2 is the status of a class in which somebody has no score."""
    report = course.root / "used.json"
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "FUNKCIJE_OFFLINE": "1"}
    line = [
        "sh",
        "-c",
        '"$@"; exit $?',
        "sh",
        sys.executable,
        "-P",
        "-c",
        MEASURED.format(COMMANDS[command[0]]),
        str(report),
        *command[1:],
    ]
    before, began = _of_children(), time.perf_counter()
    done = subprocess.run(line, cwd=course.root, env=environment, capture_output=True, text=True)
    wall = time.perf_counter() - began
    with suppress(
        ChildProcessError
    ):  # what its sandboxes leave is a child of this process, and counted when it is gone
        while os.waitpid(-1, 0)[0]:
            pass
    if done.returncode not in (0, 2) or not report.exists():
        sys.exit(f"{' '.join(command)}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    user, system, memory = json.loads(report.read_text())
    return Used(wall, user + system, _of_children() - before, memory / 1024)


def _of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def graded(course: Course, assignment: Assignment, students: list[str]) -> dict[str, object]:
    """Points in the gradebook, the verdict and the remarks, by student."""
    with open_gradebook(course) as gradebook:
        points = automatic_points(gradebook, NAME)
    found: dict[str, object] = {}
    for student in students:
        record = read_record(course, NAME, student)
        found[student] = record and (points.get(student), replace(record.result, seconds=0.0), record.notes)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--honest", type=int, default=40, metavar="N", help="how many are honest (default: 40)")
    parser.add_argument("--skip-notebooks", action="store_true", help="do not run the notebooks for their readers")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures and what they were taken on")
    args = parser.parse_args()
    ctypes.CDLL(None).prctl(_BECOME_THE_PARENT_OF_ORPHANS, 1, 0, 0, 0)
    jobs = len(os.sched_getaffinity(0))
    how = ["--sandbox", "landlock", "--jobs", str(jobs), *(["--skip-notebooks"] if args.skip_notebooks else [])]
    slow = [item for item in CROWD if item.kind == "time"]
    quick = [item for item in CROWD if item not in slow]

    used: dict[str, Used] = {}
    outcome: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory(prefix="class-") as temporary:
        base = base_course(Path(temporary) / "base")
        assignment = base.assignment(NAME)
        people = honest(assignment, args.honest + len(quick))
        few, others = people[: args.honest], people[args.honest :]
        for name, more in {ALONE: [], HONEST: others, HOSTILE: quick}.items():
            course = Course(Path(temporary) / name.replace(" ", "-"))
            shutil.copytree(base.root, course.root)
            everybody = [hand_in(course, assignment, item, number) for number, item in enumerate([*few, *more])]
            used[f"{name}: collect"] = measured(course, "nbgrader", "zip_collect", NAME)
            used[f"{name}: grade"] = measured(course, "grader", "grade", NAME, *how)
            outcome[name] = graded(course, assignment, everybody)
        everybody += [hand_in(course, assignment, item, number) for number, item in enumerate(slow)]
        used[f"{SLOW}: grade"] = measured(course, "grader", "grade", NAME, *how)
        outcome[SLOW] = graded(course, assignment, everybody)

    print(f"{platform.system()} {platform.machine()}, {jobs} cores and jobs, Python {platform.python_version()}")
    print(f"{args.honest} honest, {len(CROWD)} more; load {', '.join(f'{load:.1f}' for load in os.getloadavg())}")
    print(f"{'':24}{'wall s':>10}{'processor s':>13}{'its own':>10}{'memory MB':>11}")
    for name, figures in used.items():
        print(f"{name:24}{figures.wall:>10.1f}{figures.all:>13.1f}{figures.own:>10.1f}{figures.memory:>11.0f}")
    total = {name: used[f"{name}: collect"] + used[f"{name}: grade"] for name in (HONEST, HOSTILE)}
    added = {
        "processor": total[HOSTILE].all / total[HONEST].all - 1,
        "wall": total[HOSTILE].wall / total[HONEST].wall - 1,
    }
    longer = used[f"{SLOW}: grade"].wall - used[f"{HOSTILE}: grade"].wall
    limits = TimeLimits().total + (0 if args.skip_notebooks else NotebookBounds().seconds)
    students = list(outcome[ALONE])
    same = [student for student in students if outcome[ALONE][student] == outcome[SLOW][student]]
    without = [student for student, what in outcome[SLOW].items() if not what]
    print(", ".join(f"{name} added by {len(quick)} hostile ones: {share:+.0%}" for name, share in added.items()))
    print(f"added by time limits: {longer:+.0f} s; the limits divided by the jobs: {limits / jobs:.0f} s")
    print(
        f"the same points and remarks as alone: {len(same)} of {len(students)}; without a score: {without or 'nobody'}"
    )
    for student in students:
        if student not in same:
            print(f"  {student}\n    {outcome[ALONE][student]}\n    {outcome[SLOW][student]}")
    if args.json:
        figures = {name: vars(one) for name, one in used.items()} | {"added": added, "same": len(same)}
        args.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
