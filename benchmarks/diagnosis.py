"""Seconds a submission: its checks with the diagnosis, beside the same checks with it off.

    .venv/bin/python benchmarks/diagnosis.py [--repeats 5] [--json FILE]

The live checks in this process, without the student's process around them, so that nothing but judging is timed: the
solution, one mistake, one in each function, and functions that are wrong in a way that no known mistake explains.
`first` is the first submission of a process, which finds no mistake compiled; the others are medians. The aim: a wrong
submission costs at most 1.5 times what the right one costs, after the first.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from checks.core import Explain
from checks.engine.judge import judge
from grader.course import KIT, Course
from grader.reference.edits import Edit, edits_of
from grader.reference.oracle import LiveOracle
from grader.reference.versions import Versions, whole_student

NAME = "batch_normalization"
LAYERS = (
    "batchnorm_forward",
    "batchnorm_backward",
    "batchnorm_backward_alt",
    "layernorm_forward",
    "layernorm_backward",
)
RETURNS = {
    "batchnorm_forward": ("return out, cache", "return np.tanh(out), cache"),
    "layernorm_forward": ("return out, cache", "return np.tanh(out), cache"),
    "batchnorm_backward": ("return dx, dgamma, dbeta", "return np.tanh(dx), np.tanh(dgamma), np.tanh(dbeta)"),
    "batchnorm_backward_alt": ("return dx, dgamma, dbeta", "return np.tanh(dx), np.tanh(dgamma), np.tanh(dbeta)"),
    "layernorm_backward": ("return dx, dgamma, dbeta", "return np.tanh(dx), np.tanh(dgamma), np.tanh(dbeta)"),
}


def submissions(versions: Versions) -> dict[str, list[Edit]]:
    """Edits of the reference, by what they make of it."""
    one_each = [
        next(m for m in versions.mistakes.values() if m.function == name) for name in versions.assignment.functions
    ]
    strange = [Edit("layers", name, *RETURNS[name]) for name in LAYERS]
    network = Edit("fc_net", "FullyConnectedNet.loss", "return loss, grads", "return loss + 1, grads")
    return {
        "everything right": [],
        "one known mistake": list(edits_of(one_each[0])),
        "one in each function": [edit for mistake in one_each for edit in edits_of(mistake)],
        "one function wrong beyond the known": strange[:1],
        "every function wrong beyond the known": [*strange, network],
    }


def seconds(versions: Versions, edits: Sequence[Edit], explain: Explain, repeats: int) -> tuple[float, float]:
    """Of the first submission with fresh caches as they are, and the median of more."""
    assignment = replace(versions.assignment, explain=explain)
    taken = []
    for number in range(repeats + 1):
        with whole_student(versions.course, assignment, edits) as student:
            oracle = LiveOracle(versions, f"draw {number}".encode())
            began = time.perf_counter()
            judge(assignment, student, oracle, language="en")
            taken.append(time.perf_counter() - began)
    return taken[0], statistics.median(taken[1:])


def main() -> int:
    parser = argparse.ArgumentParser(description="Time checks with and without the diagnosis.")
    parser.add_argument("--repeats", type=int, default=5, metavar="NUMBER")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    course = Course(KIT)
    assignment = course.assignment(NAME)
    names = list(submissions(Versions(course, assignment)))
    rows = []
    for name in names:
        versions = Versions(course, assignment)  # as in a process that has graded nothing yet
        edits = submissions(versions)[name]
        seconds(versions, [], "none", 1)  # the reference is loaded for every submission, right or wrong
        first, on = seconds(versions, edits, "hint", options.repeats)
        _, off = seconds(versions, edits, "none", options.repeats)
        rows.append({"submission": name, "first": first, "on": on, "off": off})
    right = rows[0]["off"]
    print(f"{len(assignment.checks)} checks, {len(Versions(course, assignment).mistakes)} known mistakes; milliseconds")
    print(f"{'submission':<40}{'first':>9}{'on':>9}{'off':>9}{'on / right':>12}")
    for row in rows:
        times = "".join(f"{1000 * row[key]:>9.1f}" for key in ("first", "on", "off"))
        print(f"{row['submission']:<40}{times}{row['on'] / right:>12.2f}")
    if options.json:
        machine = {"python": platform.python_version(), "machine": platform.machine()}
        options.json.write_text(json.dumps({**machine, "rows": rows}, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
