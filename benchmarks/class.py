"""A large class, graded by one command: verdicts a second, and the memory that it takes over time.

    .venv/bin/python benchmarks/class.py [--students 600] [--jobs 2] [--run-notebooks] [--json FILE]
    .venv/bin/python benchmarks/class.py --students 2000 --cluster 2 [--json FILE]

Of the class 75% hand in a right solution, no two alike, 15% one of the known mistakes, 8% what they were given, and 2%
something hostile (`grader/doctor/crowd.py`, without what runs into time limits). `grader grade` is timed as a whole,
start-up included, in a copy of the course that is thrown away. Memory is that of the command and of all that it
started, as the kernel counts what no other process shares (`Pss`), four times a second. The aim: flat, at any size.

It says when all verdicts were there and all scores written, and what pages take, of ten for all.

With `--cluster` (`make cluster`) the class is judged by so many workers of a Dask scheduler on this machine. Then it
also says what notebooks take, of a few for all; memory of client, scheduler and workers over time; what a verdict costs
each of them, beside one process; and what 20 and 200 workers would give by that: the slowest of workers, scheduler and
client decides. The aims: 2,000 verdicts stored and scores written within five minutes on two cores; at least 90% of the
workers' processor time in grading.

Cut off (Ctrl-C, `timeout`), it prints what it has until then.
"""

import argparse
import json
import os
import platform
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from class_of_60 import BIN, NAME, base_course, hand_in

from checks.core import Assignment
from checks.demo import HandIn
from grader.course import KIT, Course
from grader.doctor.crowd import CROWD
from grader.reference.mistakes import load_mistakes

SHARES = {"mistakes": 0.15, "stubs": 0.08, "hostile": 0.02}
EVERY = 0.25
IDLE = 10.0
"""Seconds in which is seen what the scheduler takes when nobody asks."""
SAMPLE = 4
"""Students whose notebooks run, and who are graded by one process."""


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


def seconds(root: int) -> float:
    """Processor time of a process and of all that came of it, those included that have ended and were waited for."""
    ticks = 0
    for process in tree(root):
        with suppress(OSError, ValueError, IndexError):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


@dataclass
class Used:
    """What a run took, and when."""

    wall: float
    own: float
    """Seconds of processor of the command and all that it started."""
    memory: list[float]
    """Megabytes of the same, four times a second."""
    others: dict[str, tuple[float, list[float]]]
    """The same of processes that were there before, by name."""
    own_judged: float
    """Of `own`, what was used until `judged`."""
    judged: float
    """Seconds until all verdicts were there; 0 where that was not seen."""
    verdicts: int
    """How many there were in the end, as its bars say."""
    written: int
    """Of how many the scores were."""
    cut: bool
    """Whether it was cut off."""


class Cut(Exception):
    """Somebody ends this benchmark, which then prints what it has."""


def cut(*_: object) -> None:
    raise Cut


def run(command: list[str], course: Course, others: dict[str, list[int]] | None = None) -> Used:
    """Run a command to its end, and look at it meanwhile."""
    others = others or {}
    before = {name: sum(map(seconds, roots)) for name, roots in others.items()}
    began = time.perf_counter()
    memory: list[float] = []
    of_others: dict[str, list[float]] = {name: [] for name in others}
    counts = {"checks": 0, "gradebook": 0}
    judged, own_judged, own, was_cut = 0.0, 0.0, 0.0, False
    with tempfile.TemporaryFile("w+b") as said:
        process = subprocess.Popen(command, cwd=course.root, stdout=said, stderr=said)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        try:
            while process.poll() is None:
                memory.append(megabytes(process.pid))
                for name, roots in others.items():
                    of_others[name].append(sum(map(megabytes, roots)))
                own = seconds(process.pid)
                for what, count in bars(said):
                    counts[what] = count
                    if what == "gradebook" and not judged:
                        judged, own_judged = time.perf_counter() - began, own
                time.sleep(EVERY)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            own = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
        except Cut:
            was_cut = True
            process.kill()
            process.wait()
        wall = time.perf_counter() - began
        for what, count in bars(said):
            counts[what] = count
        if process.returncode not in (0, 2) and not was_cut:
            said.seek(0)
            sys.exit(said.read().decode(errors="replace")[-3000:])
    took = {name: (sum(map(seconds, roots)) - before[name], of_others[name]) for name, roots in others.items()}
    return Used(wall, own, memory, took, own_judged, judged, counts["checks"], counts["gradebook"], was_cut)


def bars(said: IO[bytes]) -> list[tuple[str, int]]:
    """What the last bars of a command say: of what, and of how many."""
    end = os.fstat(said.fileno()).st_size
    tail = os.pread(said.fileno(), 4096, max(0, end - 4096)).decode(errors="replace")
    return [(what, int(count)) for what, count in re.findall(r"(checks|gradebook): [^\r\n]*?(\d+)/\d+ \[", tail)]


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[tuple[str, dict[str, list[int]]]]:
    """A scheduler and workers on this machine, and nobody else's; its address, and its processes by name."""
    said, dask = folder / "scheduler.json", str(BIN / "dask")
    words = ["--host", "tcp://127.0.0.1", "--no-dashboard"]
    settings = os.environ | {"DASK_DISTRIBUTED__ADMIN__LOW_LEVEL_LOG_LENGTH": "10"}  # as docs/cluster.md says
    with ExitStack() as stack, (folder / "cluster.log").open("wb") as log:

        def start(*command: str) -> int:
            process = subprocess.Popen(
                [dask, *command, *words], cwd=folder, env=settings, stdout=log, stderr=log, start_new_session=True
            )
            stack.callback(process.wait)
            stack.callback(os.killpg, process.pid, signal.SIGKILL)
            return process.pid

        scheduler = start("scheduler", "--port", "0", "--scheduler-file", str(said))
        while not (said.is_file() and said.read_text().rstrip().endswith("}")):
            time.sleep(EVERY)
        address = json.loads(said.read_text())["address"]
        each = [start("worker", address, "--nthreads", "1", "--local-directory", str(folder)) for _ in range(workers)]
        yield address, {"scheduler": [scheduler], "workers": each}


def by_quarter(memory: list[float]) -> list[int]:
    """The median of each quarter of a run."""
    parts = [memory[len(memory) * q // 4 : max(len(memory) * (q + 1) // 4, 1)] for q in range(4)]
    return [round(statistics.median(part)) for part in parts]


def begun(figures: dict[str, Any], used: Used, students: int) -> None:
    """What of a run is known also where it was cut off."""
    figures |= {
        "verdicts": used.verdicts,
        "verdicts_all_there_s": round(used.judged, 1) if used.judged else f"not in {used.wall:.0f} s",
        "verdicts_a_second": round(used.verdicts / (used.judged or used.wall), 2),
        "scores": used.written,
        "scores_all_written_s": f"not in {used.wall:.0f} s" if used.cut else round(used.wall, 1),
        "processor_s_judging": round(used.own_judged if used.judged else used.own, 1),
        "processor_s_writing": round(used.own - used.own_judged if used.judged else 0.0, 1),
        "client_MB_by_quarter": by_quarter(used.memory),
        "client_MB_most": round(max(used.memory, default=0.0)),
    }
    if used.judged and not used.cut:
        figures["ms_a_submission_written"] = round(1000 * (used.own - used.own_judged) / students)
    for name, (_, memory) in used.others.items():
        figures[f"{name}_MB_by_quarter"] = by_quarter(memory)
    if used.cut:
        raise Cut


def on_a_cluster(course: Course, args: argparse.Namespace, figures: dict[str, Any], folder: Path) -> None:
    """What a class takes on workers of this machine, beside one process, and what more of them would give."""
    grade = [str(BIN / "grader"), "grade", NAME]
    sample = [f"sve-{number:04d}" for number in range(min(SAMPLE, figures["right"]))]
    some = [word for student in sample for word in ("--student", student)]
    with cluster(folder, args.cluster) as (address, processes):
        on = [*grade, "--jobs", str(args.jobs), "--cluster", address]
        idle, began = seconds(*processes["scheduler"]), time.perf_counter()
        time.sleep(IDLE)
        idle = (seconds(*processes["scheduler"]) - idle) / (time.perf_counter() - began)
        few = run([*on, "--skip-notebooks", *some[:4]], course, processes)  # all is warm now
        used = run([*on, "--skip-notebooks"], course, processes)
        begun(figures, used, args.students)
        students = args.students
        writing = (used.own - used.own_judged) / students
        a_verdict = used.others["workers"][0] / students
        scheduler = used.others["scheduler"][0] / students
        of_a_task = max(used.others["scheduler"][0] - idle * used.wall, 0.0) / students
        reading = max(used.own_judged - few.own_judged, 0.0) / students
        figures |= {
            "ms_a_verdict_on_a_worker": round(1000 * a_verdict),
            "ms_a_verdict_of_the_scheduler": round(1000 * of_a_task, 1),
            "ms_a_verdict_of_the_client": round(1000 * reading, 1),
        }
        for workers in (args.cluster, 20, 200):
            ways = {"workers": a_verdict / workers, "scheduler": of_a_task, "client": reading}
            slowest = max(ways, key=ways.__getitem__)
            figures[f"verdicts_with_{workers}_workers_s"] = f"{ways[slowest] * students:.1f} (bound by {slowest})"
            figures[f"scores_with_{workers}_workers_s"] = round((ways[slowest] + writing / args.jobs) * students, 1)
        read = run([*on, *some], course, processes)
        bare = run([*on, "--skip-notebooks", *some], course, processes)
    notebooks = (read.others["workers"][0] - bare.others["workers"][0]) / len(sample)
    figures["notebooks_processor_s_extrapolated"] = round(notebooks * students, 1)
    alone = run([*grade, "--jobs", "1", "--skip-notebooks", *some], course)
    first = run([*grade, "--jobs", "1", "--skip-notebooks", *some[:2]], course)
    one = (alone.own - first.own) / (len(sample) - 1)  # judging and writing, without the start
    figures["ms_a_verdict_and_scores_in_one_process"] = round(1000 * one)
    client = (used.own - few.own) / students
    figures["efficiency_against_one_process"] = round(one / (a_verdict + client + scheduler), 2)
    of_pages(course, figures)


def of_pages(course: Course, figures: dict[str, Any]) -> None:
    """What the pages take, of ten for all."""
    feedback = [str(BIN / "nbgrader"), "generate_feedback", NAME, "--student"]
    one, ten = (run([*feedback, which], course) for which in ("sve-0000", "sve-000*"))
    each = max(min(10, figures["right"]) - 1, 1)
    figures["pages_s_extrapolated"] = round((ten.wall - one.wall) / each * figures["students"] + one.wall, 1)
    figures["ms_a_page"] = round(1000 * (ten.own - one.own) / each)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=600, metavar="N", help="how many (default: 600)")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), metavar="N", help="one for each core")
    parser.add_argument("--run-notebooks", action="store_true", help="run the notebooks for their readers, too")
    parser.add_argument("--cluster", type=int, metavar="N", help="on a Dask scheduler with so many workers, here")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures and what they were taken on")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, cut)
    signal.signal(signal.SIGINT, cut)

    figures: dict[str, Any] = {"students": args.students, "jobs": args.jobs}
    with tempfile.TemporaryDirectory(prefix="class-") as temporary, suppress(Cut):
        course = base_course(Path(temporary) / "course")
        figures |= make_class(course, course.assignment(NAME), args.students)
        if args.cluster:
            figures["workers"] = args.cluster
            on_a_cluster(course, args, figures, Path(temporary))
        else:
            command = [str(BIN / "grader"), "grade", NAME, "--jobs", str(args.jobs)]
            used = run([*command, *([] if args.run_notebooks else ["--skip-notebooks"])], course)
            figures["a_second"] = round(used.written / used.wall, 2)
            begun(figures, used, args.students)
            of_pages(course, figures)
    print(f"{platform.system()} {platform.machine()}, Python {platform.python_version()}")
    for name, value in figures.items():
        print(f"{name:40}{value}")
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
