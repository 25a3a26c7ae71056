"""How much faster the simplified backward pass of batch normalization is than the one along the graph.

    .venv/bin/python benchmarks/batchnorm_backward.py [--rounds 400] [--json FILE]

Both run on one thread (nothing in them is a matrix product), in turn, on the same cache; a round gives one time of
each, and the table shows the medians over the rounds and their quotient. The aim: at least 1.5 at N = 100, D = 500.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from funkcije.layers import batchnorm_backward, batchnorm_backward_alt, batchnorm_forward

SIZES = ((100, 500), (50, 100), (200, 1000), (1000, 500))
DTYPES = (np.float64, np.float32)


def seconds(function: Callable[..., object], *args: object) -> float:
    start = time.perf_counter()
    function(*args)
    return time.perf_counter() - start


def measure(N: int, D: int, dtype: type[np.floating], rounds: int) -> dict[str, object]:
    """Median times in microseconds of both functions on one batch (N, D)."""
    rng = np.random.default_rng(231)
    x, dout = (rng.normal(size=(N, D)).astype(dtype) for _ in range(2))
    gamma, beta = (rng.normal(size=D).astype(dtype) for _ in range(2))
    _, cache = batchnorm_forward(x, gamma, beta, {"mode": "train"})

    times: dict[Callable[..., object], list[float]] = {batchnorm_backward: [], batchnorm_backward_alt: []}
    for function in times:  # a first call of each, outside the measurement
        function(dout, cache)
    for _ in range(rounds):
        for function, taken in times.items():
            taken.append(seconds(function, dout, cache))

    graph, alt = (median(taken) * 1e6 for taken in times.values())
    return {
        "N": N,
        "D": D,
        "dtype": np.dtype(dtype).name,
        "batchnorm_backward_us": round(graph, 1),
        "batchnorm_backward_alt_us": round(alt, 1),
        "speedup": round(graph / alt, 2),
    }


def processor() -> str:
    """The processor's name, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=400, help="measurements of each function and size (default: 400)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures and what they were taken on")
    args = parser.parse_args()

    machine = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "rounds": args.rounds,
    }
    print(", ".join(f"{name}: {value}" for name, value in machine.items()), end="\n\n")
    print(f"{'N':>5} {'D':>5} {'dtype':>8} {'graph [us]':>11} {'alt [us]':>9} {'speedup':>8}")
    results = []
    for dtype in DTYPES:
        for N, D in SIZES:
            result = measure(N, D, dtype, args.rounds)
            results.append(result)
            graph, alt, speedup = (
                result[f"{key}"] for key in ("batchnorm_backward_us", "batchnorm_backward_alt_us", "speedup")
            )
            print(f"{N:>5} {D:>5} {result['dtype']:>8} {graph:>11} {alt:>9} {speedup:>8}")
    if args.json:
        args.json.write_text(json.dumps({"machine": machine, "results": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
