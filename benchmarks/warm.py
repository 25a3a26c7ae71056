"""Processor seconds a verdict, by workers that start afresh and by workers that are forked from a warm process.

    .venv/bin/python benchmarks/warm.py [--verdicts 10] [--json FILE]

The solution of `batch_normalization`, judged over and over by one process, fresh and warm in turn: what the trusted
side used, and what the workers did. Beside it, in the same run, `python -I -c "import numpy"`. Of a fresh worker in
bubblewrap, which is killed with all around it, the kernel forgets what it used, so the figure for it is too low.
"""

import argparse
import json
import platform
import resource
import statistics
import subprocess
import time
from pathlib import Path

from grader.course import OWN
from grader.errors import GraderError
from grader.grading.grade import grade
from grader.reference.render import render_package
from grader.sandbox.choose import NAMES, choose, warmed
from grader.sandbox.launch import Launcher, worker_python
from grader.sandbox.temporary import temporary_folder
from grader.sandbox.warm import WarmLauncher

NAME = "batch_normalization"


def used(launcher: Launcher) -> tuple[float, float]:
    """Processor seconds so far: of this process, and of those that ended and that it started."""
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    forked = launcher.zygotes.seconds if isinstance(launcher, WarmLauncher) else 0.0
    return own.ru_utime + own.ru_stime, others.ru_utime + others.ru_stime + forked


def measured(submission: Path, launcher: Launcher) -> dict[str, float]:
    """What one verdict takes, in milliseconds."""
    before, began = used(launcher), time.perf_counter()
    result = grade(submission, OWN, OWN.assignment(NAME), launcher=launcher)
    wall, after = time.perf_counter() - began, used(launcher)
    assert result.score == result.max_score
    trusted, workers = (1000 * (now - then) for now, then in zip(after, before, strict=True))
    return {"trusted": trusted, "workers": workers, "all": trusted + workers, "wall": 1000 * wall}


def importing_numpy() -> float:
    """Milliseconds of processor."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([worker_python(), "-I", "-c", "import numpy"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verdicts", type=int, default=10)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    found: dict[str, dict[str, float]] = {}
    with temporary_folder() as folder:
        for name, content in render_package(OWN, OWN.assignment(NAME)).solution.items():
            path = folder / "funkcije" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for sandbox in NAMES:
            try:
                fresh = choose(sandbox)
            except GraderError as error:
                print(error)
                continue
            with warmed(fresh) as warm:
                ways = {f"{sandbox}, fresh": fresh} | ({f"{sandbox}, warm": warm} if warm is not fresh else {})
                for launcher in ways.values():
                    measured(folder, launcher)  # what is made once
                taken: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
                for _ in range(options.verdicts):
                    for way, launcher in ways.items():
                        taken[way].append(measured(folder, launcher))
            for way, rows in taken.items():
                found[way] = {part: statistics.median(row[part] for row in rows) for part in rows[0]}
    numpy = statistics.median(importing_numpy() for _ in range(options.verdicts))
    print(f"{platform.machine()}, Python {platform.python_version()}, medians of {options.verdicts}, milliseconds")
    print(f"{'':18s}{'trusted side':>14s}{'workers':>10s}{'together':>10s}{'by the clock':>14s}{'import numpy':>14s}")
    for way, row in found.items():
        parts = f"{row['trusted']:14.0f}{row['workers']:10.0f}{row['all']:10.0f}{row['wall']:14.0f}"
        print(f"{way:18s}{parts}{row['all'] / numpy:13.1f}x")
    print(f"{'import numpy':18s}{numpy:34.0f}")
    if options.json:
        options.json.write_text(json.dumps(found | {"import numpy": {"all": numpy}}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
