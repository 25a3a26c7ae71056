"""Seconds a submission: `grader check` and `grader grade` beside a stock nbgrader autograde of the same submissions.

    .venv/bin/python benchmarks/grading.py [--submissions 12] [--json FILE]

The stock course has the same notebook, none of our plugins, and in its graded cells the same recorded checks run in the
kernel, which give the same points. All three are whole commands, timed from outside in this one run, start-up included,
on copies that are thrown away; every submission is a full solution. `grader grade` also with `--jobs 1`, and without
running the notebooks for their readers. Processor seconds are those of all processes that a command waits for. A
notebook costs what its cells cost, in stock as here: beside each command stands what is left when they are taken away,
as one shell runs them. The aims: `grade` 3.5 times as fast as stock on two cores, 15 times without notebooks, and at
most 0.6 s of processor a submission beside the cells.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import nbformat

from grader.course import CONFIG, KIT, OWN, Course, copy_configuration
from grader.grading.grade import grade
from grader.publish.release import release

NAME = "batch_normalization"
BIN = Path(sys.executable).parent
CELLS = """
import os, sys
import nbformat
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
cells = [cell.source for cell in nbformat.read(sys.argv[1], 4).cells if cell.cell_type == "code"]
skipped = sys.argv[2:]
began = sum(os.times()[:4])
for cell in cells:
    if cell not in skipped:
        shell.run_cell(cell)
print("", sum(os.times()[:4]) - began, sep="\\n")
"""
"""Runs a notebook's cells in a plain shell; the last line is what they took, theirs and their children's."""


class Took(NamedTuple):
    """Seconds of a command."""

    wall: float
    processor: float


STOCK_CONFIG = f"""
c = get_config()
c.CourseDirectory.course_id = "stock"
c.Autograde.exclude_overwriting = {{"{NAME}": ["funkcije/layers.py", "funkcije/fc_net.py"]}}
c.Execute.timeout = 300
"""
STOCK_CHECK = """\
from checks import run_recorded
from checks.core import load_assignment

float(run_recorded(load_assignment("{name}"), language="en", functions=["{function}"]).score)
"""


def our_course(root: Path) -> Course:
    """A copy of this course with its release and an empty gradebook."""
    for folder in ("funkcije", "checks", "source"):
        shutil.copytree(KIT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    copy_configuration(OWN, root)
    course = Course(root)
    release(course, NAME, execute=False)
    return course


def stock_course(root: Path, ours: Course) -> Course:
    """The release as a stock nbgrader course: the checks' verdict is the last value of each graded cell."""
    source = root / "source" / NAME
    shutil.copytree(ours.release / NAME, source)
    path = source / f"{NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        function = cell.metadata.get("nbgrader", {}).get("grade_id")
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade"):
            cell.source = STOCK_CHECK.format(name=NAME, function=function)
    nbformat.write(notebook, path)
    (root / CONFIG).write_text(STOCK_CONFIG)
    timed([BIN / "nbgrader", "generate_assignment", NAME], root)
    return Course(root)


def hand_in(course: Course, submissions: int) -> None:
    """Full solutions, as students hand them in: no two alike, since an experiment is kept for the code that it ran."""
    for number in range(submissions):
        folder = course.submitted / f"student{number:03d}" / NAME
        shutil.copytree(course.release / NAME, folder)
        for module in ("layers.py", "fc_net.py"):
            solution = (KIT / "solutions" / NAME / "funkcije" / module).read_text(encoding="utf-8")
            (folder / "funkcije" / module).write_text(f"{solution}\n\nSTUDENT = {number}\n", encoding="utf-8")


def run(command: list[str | Path], cwd: Path, **more: str) -> str:
    """What a command prints that must succeed."""
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "FUNKCIJE_OFFLINE": "1"} | more
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout


def timed(command: list[str | Path], cwd: Path, count: int = 1) -> Took:
    """What one of `count` submissions took."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run(command, cwd)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(wall / count, processor / count)


def cells(folder: Path, *, graded: bool) -> float:
    """Processor seconds of the cells of a submission's notebook, when a grader runs it."""
    path = folder / f"{NAME}.ipynb"
    code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    skipped = [] if graded else [cell.source for cell in code if cell.metadata.get("nbgrader", {}).get("grade")]
    said = run([sys.executable, "-c", CELLS, path, *skipped], folder, NBGRADER_EXECUTION="autograde")
    return float(said.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=12, help="how many full solutions to grade (default: 12)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures and what they were taken on")
    args = parser.parse_args()
    count = args.submissions

    with tempfile.TemporaryDirectory(prefix="grading-") as temporary:
        os.environ["XDG_CACHE_HOME"] = str(Path(temporary) / "cache")  # and not what this machine keeps
        run([sys.executable, "-c", "from funkcije.data_utils import get_CIFAR10_data as load; load(1, 0, 0)"], KIT)
        ours = our_course(Path(temporary) / "ours")
        stock = stock_course(Path(temporary) / "stock", ours)
        for course in (ours, stock):
            hand_in(course, count)
        folders = sorted(ours.submitted.glob(f"*/{NAME}"))
        sandbox = grade(folders[0], ours, ours.assignment(NAME)).sandbox  # chooses it, and warms the disk's cache

        check = [timed([BIN / "grader", "check", folder], ours.root) for folder in folders]
        grading = [BIN / "grader", "grade", NAME]
        theirs = cells(stock.submitted / folders[0].parent.name / NAME, graded=True)
        own = cells(folders[0], graded=False)
        figures = {
            "check": (Took(*(sum(seconds) / count for seconds in zip(*check, strict=True))), 0.0),
            "grade": (timed(grading, ours.root, count), own),
            "grade_one_job": (timed([*grading, "--jobs", "1"], ours.root, count), own),
            "grade_without_notebooks": (timed([*grading, "--skip-notebooks"], ours.root, count), 0.0),
            "nbgrader": (timed([BIN / "nbgrader", "autograde", NAME], stock.root, count), theirs),
        }

    machine = {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "sandbox": sandbox,
        "submissions": count,
    }
    print(", ".join(f"{key} {value}" for key, value in machine.items()))
    print(
        f"{'seconds a submission':28}{'wall':>8}{'stock / this':>14}{'processor':>12}{'its cells':>12}{'the rest':>10}"
    )
    stock_wall = figures["nbgrader"][0].wall
    for name, (took, of_cells) in figures.items():
        times, rest = stock_wall / took.wall, took.processor - of_cells
        print(f"{name:28}{took.wall:>8.2f}{times:>14.1f}{took.processor:>12.2f}{of_cells:>12.2f}{rest:>10.2f}")
    if args.json:
        rounded = {
            name: {"wall": round(took.wall, 3), "processor": round(took.processor, 3), "cells": round(of_cells, 3)}
            for name, (took, of_cells) in figures.items()
        }
        args.json.write_text(json.dumps(rounded | {"on": machine}, indent=2) + "\n")


if __name__ == "__main__":
    main()
