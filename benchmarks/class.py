"""A large class, graded by one command: verdicts a second, and the memory that it takes over time.

    .venv/bin/python benchmarks/class.py [--students 600] [--jobs 2] [--run-notebooks] [--json FILE]

Of the class 75% hand in a right solution, no two alike, 15% one of the known mistakes, 8% what they were given, and 2%
something hostile (`grader/doctor/crowd.py`, without what runs into time limits). `grader grade` is timed as a whole,
start-up included, in a copy of the course that is thrown away. Memory is that of the command and of all that it
started, as the kernel counts what no other process shares (`Pss`), four times a second. The aim: flat, at any size.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from class_of_60 import BIN, NAME, base_course, hand_in

from checks.core import Assignment
from checks.demo import HandIn
from grader.course import KIT, Course
from grader.doctor.crowd import CROWD
from grader.reference.mistakes import load_mistakes

SHARES = {"mistakes": 0.15, "stubs": 0.08, "hostile": 0.02}
EVERY = 0.25


def make_class(course: Course, assignment: Assignment, students: int) -> dict[str, int]:
    """Hand in for so many students; how many of each kind there are."""
    mistakes = [mistake.id for mistake in load_mistakes(assignment)]
    hostile = [item for item in CROWD if item.kind != "time" and not item.pack]
    counts = {kind: round(share * students) for kind, share in SHARES.items()}
    handed_out = course.release / NAME
    for number in range(counts["mistakes"]):
        name = mistakes[number * len(mistakes) // max(counts["mistakes"], 1) % len(mistakes)]
        item = HandIn(f"Greška broj {number}", name, mistakes=(name,))
        hand_in(course, assignment, item, number)
    for number in range(counts["stubs"]):
        shutil.copytree(handed_out, course.submitted / f"nista-{number:04d}" / NAME)
    for number in range(counts["hostile"]):
        item = hostile[number % len(hostile)]
        if number < len(hostile):
            hand_in(course, assignment, item, number)
        else:
            shutil.copytree(
                course.submitted / item.student / NAME, course.submitted / f"eve-{number:04d}" / NAME, symlinks=True
            )
    counts["right"] = students - sum(counts.values())
    for number in range(counts["right"]):
        folder = course.submitted / f"sve-{number:04d}" / NAME
        shutil.copytree(handed_out, folder)
        for module in assignment.modules:
            solution = (KIT / "solutions" / NAME / assignment.package / module).read_text(encoding="utf-8")
            (folder / assignment.package / module).write_text(f"{solution}\n\nSTUDENT = {number}\n", encoding="utf-8")
    return counts


def tree(root: int) -> list[int]:
    """A process and all that came of it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                parents.setdefault(parent, []).append(int(entry.name))
    found = [root]
    for one in found:
        found += parents.get(one, [])
    return found


def megabytes(root: int) -> float:
    """Memory of a process and of all that came of it; what several share is counted once."""
    total = 0
    for process in tree(root):
        with suppress(OSError):
            for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=600, metavar="N", help="how many (default: 600)")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), metavar="N", help="one for each core")
    parser.add_argument("--run-notebooks", action="store_true", help="run the notebooks for their readers, too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures and what they were taken on")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="class-") as temporary:
        course = base_course(Path(temporary) / "course")
        counts = make_class(course, course.assignment(NAME), args.students)
        command = [BIN / "grader", "grade", NAME, "--jobs", str(args.jobs)]
        command += [] if args.run_notebooks else ["--skip-notebooks"]
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        with (Path(temporary) / "said").open("w+", encoding="utf-8") as said:
            process = subprocess.Popen(list(map(str, command)), cwd=course.root, stdout=said, stderr=said)
            memory = []
            while process.poll() is None:
                memory.append(megabytes(process.pid))
                time.sleep(EVERY)
            wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
            said.seek(0)
            text = said.read()
    if process.returncode not in (0, 2):
        sys.exit(text[-3000:])
    figures = {
        "students": args.students,
        **counts,
        "jobs": args.jobs,
        "wall_s": round(wall, 1),
        "processor_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "a_second": round(args.students / wall, 2),
        "peak_MB": round(max(memory)),
        "median_MB_by_quarter": [
            round(statistics.median(memory[len(memory) * q // 4 : max(len(memory) * (q + 1) // 4, 1)]))
            for q in range(4)
        ],
    }
    print(f"{platform.system()} {platform.machine()}, Python {platform.python_version()}")
    for name, value in figures.items():
        print(f"{name:24}{value}")
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
