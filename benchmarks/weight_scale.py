"""The weight-scale experiment of the course, three ways: 40 trainings of eight-layer nets on 1,000 images, 10 epochs.

    .venv/bin/python benchmarks/weight_scale.py [--rounds 3] [--torch-python PYTHON] [--json FILE]

- plain: one `FullyConnectedNet` after another by `Solver`, as the course family's notebook does it;
- torch: PyTorch, eager, on the CPU, nets and batches of the same sizes. Without PyTorch (the dependency group `torch`,
  or another interpreter that has it) this row stays empty;
- ours: `funkcije.experiments`.

All in float32, the notebook's type. Plain and torch are tried with one and two threads, torch also with both of its
kinds of Adam, and go on with what was fastest. Every measurement is a process of its own with the pictures in its
memory before the clock starts, and its forks are measured with it; a round runs each way once, one after the other, so
that whatever else the machine does meets all of them alike. The table shows minimum and median over the rounds, and the
seconds that all cores together worked; quotients are of the medians. The aim: at least 4 times as fast as plain and 3
times as fast as PyTorch.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

Data = dict[str, np.ndarray]

EPOCHS, BATCH, HIDDEN, RATE = 10, 50, [50] * 7, 1e-3
SCALES = 20
GROWTH = (5, 10, 20, 40)


def plain(data: Data, scales: np.ndarray, threads: int) -> None:  # the threads are numpy's; see `measure`
    from funkcije.fc_net import FullyConnectedNet
    from funkcije.solver import Solver

    np.random.seed(231)  # noqa: NPY002
    for scale in scales:
        for normalization in ("batchnorm", None):
            net = FullyConnectedNet(HIDDEN, weight_scale=scale, normalization=normalization)
            settings: dict[str, Any] = {"update_rule": "adam", "optim_config": {"learning_rate": RATE}}
            Solver(net, data, num_epochs=EPOCHS, batch_size=BATCH, verbose=False, **settings).train()


def ours(data: Data, scales: np.ndarray) -> None:
    from funkcije.experiments import weight_scale_experiment

    weight_scale_experiment(data, scales.tolist(), bar=False, cache=False)


def torch(data: Data, scales: np.ndarray, threads: int, adam: str) -> None:
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    torch.manual_seed(231)
    X, y, X_val, y_val = (torch.from_numpy(data[name]) for name in ("X_train", "y_train", "X_val", "y_val"))
    X, X_val = X.flatten(1), X_val.flatten(1)
    entropy = nn.CrossEntropyLoss()

    def accuracy(net: Any, images: Any, labels: Any) -> float:
        net.eval()
        with torch.no_grad():
            chunks = zip(images.split(100), labels.split(100), strict=True)
            correct = sum((net(some).argmax(1) == right).sum().item() for some, right in chunks)
        net.train()
        return float(correct / len(images))

    for scale in scales:
        for normalized in (True, False):
            modules: list[Any] = []
            for inputs, outputs in zip([X.shape[1], *HIDDEN], [*HIDDEN, 10], strict=True):
                modules.append(nn.Linear(inputs, outputs))
                nn.init.normal_(modules[-1].weight, 0, float(scale))
                nn.init.zeros_(modules[-1].bias)
                if outputs != 10:
                    modules += [nn.BatchNorm1d(outputs)] if normalized else []
                    modules.append(nn.ReLU())
            net = nn.Sequential(*modules)
            optimizer = torch.optim.Adam(net.parameters(), RATE, **({"fused": True} if adam == "fused" else {}))
            losses, accuracies = [], []
            per_epoch = len(X) // BATCH
            for iteration in range(EPOCHS * per_epoch):
                batch = torch.randint(len(X), (BATCH,))
                loss = entropy(net(X[batch]), y[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
                if iteration == 0 or (iteration + 1) % per_epoch == 0:
                    accuracies.append((accuracy(net, X, y), accuracy(net, X_val, y_val)))


WAYS: dict[str, Callable[..., None]] = {"plain": plain, "ours": ours, "torch": torch}
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "plain": [{"threads": threads} for threads in (1, 2)],
    "ours": [{}],
    "torch": [{"threads": threads, "adam": adam} for threads in (1, 2) for adam in ("default", "fused")],
}


def measure_here(way: str, scales: int, file: str, options: dict[str, Any]) -> dict[str, float]:
    """Run one way in this process: seconds, of the clock and of all cores, and the most memory that it ever had."""
    with np.load(file) as saved:
        data: Data = dict(saved)
    chosen = np.logspace(-4, 0, num=scales)
    one = {name: array[:100] for name, array in data.items()}
    WAYS[way](one, chosen[:1], **options)  # imports, threads and first calls are no part of the measurement
    start, before = time.perf_counter(), usage()
    WAYS[way](data, chosen, **options)
    seconds, (used, peak) = time.perf_counter() - start, usage()
    return {"s": seconds, "cpu_s": used - before[0], "peak_mb": peak}


def usage() -> tuple[float, float]:
    """Seconds of all cores so far, and MB at most, of this process and its forks; what they share counts twice."""
    both = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both), sum(one.ru_maxrss for one in both) / 1024


def measure(python: str, way: str, scales: int, file: Path, options: dict[str, Any]) -> dict[str, float]:
    """The same in a process of its own."""
    command = [python, __file__, "--one", way, str(scales), str(file), json.dumps(options)]
    # Numpy's threads are set from outside, PyTorch's by `torch` itself.
    threads = {"OPENBLAS_NUM_THREADS": str(options["threads"])} if "threads" in options else {}
    answer = subprocess.run(command, capture_output=True, text=True, env=os.environ | threads)
    if answer.returncode:
        sys.exit(f"{way} failed: {(answer.stderr.strip().splitlines() or ['no message'])[-1]}")
    result: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return result


def why_no_torch(python: str) -> str | None:
    """None if PyTorch can be imported there, else the reason."""
    answer = subprocess.run([python, "-c", "import torch, numpy"], capture_output=True, text=True)
    return None if answer.returncode == 0 else (answer.stderr.strip().splitlines() or ["no message"])[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each way (default: 3)")
    parser.add_argument("--torch-python", default=sys.executable, help="an interpreter that has PyTorch and numpy")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures and what they were taken on")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        way, scales, file, options = args.one
        print(json.dumps(measure_here(way, int(scales), file, json.loads(options))))
        return

    from batchnorm_backward import processor

    from funkcije.data_utils import get_CIFAR10_data

    no_torch = why_no_torch(args.torch_python)
    machine = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "rounds": args.rounds,
        "load": round(os.getloadavg()[0], 1),
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "data.npz"
        data = get_CIFAR10_data(num_training=1000, num_validation=1000)
        np.savez(file, **{name: array for name, array in data.items() if not name.endswith("test")})  # type: ignore[arg-type]

        pythons = {"plain": sys.executable, "ours": sys.executable, "torch": args.torch_python}
        ways = [way for way in WAYS if way != "torch" or no_torch is None]
        chosen = {
            way: min(VARIANTS[way], key=lambda variant, way=way: measure(pythons[way], way, 2, file, variant)["s"])
            for way in ways
        }
        found: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
        for _ in range(args.rounds):
            for way in ways:
                found[way].append(measure(pythons[way], way, SCALES, file, chosen[way]))
        growth = {scales: measure(sys.executable, "ours", scales, file, {})["s"] for scales in GROWTH}

    print(", ".join(f"{name}: {value}" for name, value in machine.items()), end="\n\n")
    seconds = {way: [result["s"] for result in results] for way, results in found.items()}
    head = f"{'40 trainings':<14} {'min [s]':>8} {'median [s]':>11} {'cores [s]':>10} {'peak [MB]':>10}"
    print(f"{head} {'ours is faster':>15}")
    for way, times in seconds.items():
        peak = max(result["peak_mb"] for result in found[way])
        cores = median(result["cpu_s"] for result in found[way])
        quotient = f"{median(times) / median(seconds['ours']):.1f}" if way != "ours" else ""
        print(f"{way:<14} {min(times):>8.2f} {median(times):>11.2f} {cores:>10.2f} {peak:>10.0f} {quotient:>15}")
    if no_torch is not None:
        print(f"torch          not measured: {no_torch}")
    print(*(f"{way}: {variant}" for way, variant in chosen.items() if variant), sep=", ")
    print(f"\n{'scales':<14} {'s':>8} {'s each':>8}   (ours; two trainings each)")
    for scales, time_taken in growth.items():
        print(f"{scales:<14} {time_taken:>8.2f} {time_taken / scales:>8.3f}")

    if args.json:
        result = {
            **{f"{way}_s": median(seconds[way]) if way in seconds else None for way in ("plain", "torch", "ours")},
            **{f"{way}_min_s": min(times) for way, times in seconds.items()},
            **{f"{way}_cpu_s": median(result["cpu_s"] for result in results) for way, results in found.items()},
            **{f"{way}_peak_mb": max(result["peak_mb"] for result in results) for way, results in found.items()},
            "variants": chosen | ({"torch": no_torch} if no_torch else {}),
            "ours_s_by_scales": growth,
            "machine": machine,
        }
        args.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
