"""Seconds a submission: `grader check` and `grader grade` beside a stock nbgrader autograde of the same submissions.

    .venv/bin/python benchmarks/grading.py [--submissions 4] [--json FILE]

The stock course has the same notebook, none of our plugins, and in its graded cells the same recorded checks run in the
kernel, which give the same points. All three are whole commands, timed from outside in this one run, start-up included,
on copies that are thrown away; every submission is a full solution. `grader grade` also with `--jobs 1`, and without
running the notebooks for their readers. The aim: `check` under 0.3 s, `grade` at least 4 times as fast as stock.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat

from grader.course import CONFIG, KIT, OWN, Course, copy_configuration
from grader.grading.grade import grade
from grader.publish.release import release

NAME = "batch_normalization"
BIN = Path(sys.executable).parent
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
    """Full solutions, as students hand them in."""
    for number in range(submissions):
        folder = course.submitted / f"student{number:03d}" / NAME
        shutil.copytree(course.release / NAME, folder)
        for module in ("layers.py", "fc_net.py"):
            shutil.copy(KIT / "solutions" / NAME / "funkcije" / module, folder / "funkcije" / module)


def timed(command: list[str | Path], cwd: Path) -> float:
    """Wall seconds of a command that must succeed."""
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "FUNKCIJE_OFFLINE": "1"}
    began = time.perf_counter()
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=4, help="how many full solutions to grade (default: 4)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures and what they were taken on")
    args = parser.parse_args()
    count = args.submissions

    with tempfile.TemporaryDirectory(prefix="grading-") as temporary:
        ours = our_course(Path(temporary) / "ours")
        stock = stock_course(Path(temporary) / "stock", ours)
        for course in (ours, stock):
            hand_in(course, count)
        folders = sorted(ours.submitted.glob(f"*/{NAME}"))
        sandbox = grade(folders[0], ours, ours.assignment(NAME)).sandbox  # chooses it, and warms the disk's cache

        check = [timed([BIN / "grader", "check", folder], ours.root) for folder in folders]
        figures = {
            "check_s": sum(check) / count,
            "grade_s": timed([BIN / "grader", "grade", NAME], ours.root) / count,
            "grade_one_job_s": timed([BIN / "grader", "grade", NAME, "--jobs", "1"], ours.root) / count,
            "grade_without_notebooks_s": timed([BIN / "grader", "grade", NAME, "--skip-notebooks"], ours.root) / count,
            "nbgrader_s": timed([BIN / "nbgrader", "autograde", NAME], stock.root) / count,
        }

    machine = {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "sandbox": sandbox,
        "submissions": count,
    }
    print(", ".join(f"{key} {value}" for key, value in machine.items()))
    print(f"{'':28}{'s a submission':>16}{'stock / this':>14}")
    for name, seconds in figures.items():
        print(f"{name:28}{seconds:>16.2f}{figures['nbgrader_s'] / seconds:>14.1f}")
    if args.json:
        rounded = {name: round(seconds, 3) for name, seconds in figures.items()}
        args.json.write_text(json.dumps(rounded | {"on": machine}, indent=2) + "\n")


if __name__ == "__main__":
    main()
