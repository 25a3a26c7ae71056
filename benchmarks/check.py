"""What one cold `grader check` costs, beside `python -I -c "import numpy"`, which nothing that grades can do without.

    .venv/bin/python benchmarks/check.py [--runs 20] [--sandbox landlock] [--folder solutions/batch_normalization]

Whole commands, in turn, start-up included; no process of ours is there before or after, and compiled modules are. The
processor is that of all processes that the command waits for, and that those wait for: the workers are among them, in
bubblewrap's namespaces, too, since they are forked. The aim: at most 0.35 s, and 3 times `import numpy`.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from grader.course import KIT

NAME = "batch_normalization"
BIN = Path(sys.executable).parent


def measured(command: list[str | Path], statuses: tuple[int, ...] = (0,)) -> tuple[float, float]:
    """Processor and wall seconds of a command that must end so."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(list(map(str, command)), cwd="/", env=surroundings(), capture_output=True, text=True)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in statuses:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def surroundings() -> dict[str, str]:
    """The environment of the commands: one that keeps what Python compiles."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help="of each command (default: 20)")
    parser.add_argument("--sandbox", help="the one to use (default: the best there is)")
    parser.add_argument("--folder", type=Path, default=KIT / "solutions" / NAME, help="what is graded")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    args = parser.parse_args()

    check: list[str | Path] = [BIN / "grader", "check", args.folder.resolve(), "--course", KIT, "--assignment", NAME]
    check += ["--sandbox", args.sandbox] if args.sandbox else []
    commands = {"import numpy": [sys.executable, "-I", "-c", "import numpy"], "grader check": check}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for command in commands.values():
        measured(command, (0, 1))  # compiles what is not, and chooses the sandbox
    for _ in range(args.runs):
        for name, command in commands.items():
            taken[name].append(measured(command, (0, 1)))

    figures = {
        name: {
            f"{what}_{kind}_ms": round(1000 * choose(pair[at] for pair in pairs), 1)
            for at, what in enumerate(("processor", "wall"))
            for kind, choose in (("least", min), ("median", statistics.median))
        }
        for name, pairs in taken.items()
    }
    print(f"{'':16}{'processor ms: least':>22}{'median':>10}{'wall ms: least':>18}{'median':>10}")
    for name, of in figures.items():
        least, median, wall, wall_median = of.values()
        print(f"{name:16}{least:>22.0f}{median:>10.0f}{wall:>18.0f}{wall_median:>10.0f}")
    of_numpy, of_check = figures["import numpy"].values(), figures["grader check"].values()
    times = [ours / theirs for ours, theirs in zip(of_check, of_numpy, strict=True)]
    print(f"{'times':16}{times[0]:>22.1f}{times[1]:>10.1f}{times[2]:>18.1f}{times[3]:>10.1f}")
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
