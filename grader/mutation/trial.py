"""`grader test NAME`: mistakes, variants and wrong students on a few draws, and what came of it on one screen."""

from __future__ import annotations

from dataclasses import dataclass

from tqdm import tqdm

from checks.engine.recording import FILE

from ..course import Course
from ..publish.recordings import record
from ..sandbox.choose import choose, warmed
from ..sandbox.temporary import temporary_folder
from .bench import Bench
from .page import faults, summary
from .tally import Tally
from .workers import tally
from .wrong_students import WRONG, Met, meet

DRAWS = 3
"""Draws of the inputs; on the first of them mistakes are named, too."""


@dataclass(frozen=True)
class Trial:
    """What came of one assignment's checks."""

    bench: Bench
    live: Tally
    recorded: Tally
    met: tuple[Met, ...]

    @property
    def faults(self) -> list[str]:
        """Each as a sentence."""
        return [*faults(self.live, self.recorded, self.bench), *(line for met in self.met for line in met.faults)]


def judged(course: Course, assignment: str, jobs: int) -> Trial:
    """Judge the known mistakes and the variants of an assignment, and every wrong student."""
    live, recorded, _ = tally(course, assignment, DRAWS, named_on=1, jobs=jobs)
    loaded = course.assignment(assignment)
    with temporary_folder() as folder, warmed(choose(course=course)) as launcher:
        recording = folder / FILE
        recording.write_bytes(record(course, loaded)[f"{assignment}/{FILE}"])
        bench = Bench(course, loaded, recording)
        students = tqdm(WRONG, desc="wrong students", unit="student", mininterval=2)
        met = tuple(meet(bench, wrong, launcher) for wrong in students)
    return Trial(bench, live, recorded, met)


def report(trial: Trial) -> str:
    """The tables, and what does not hold."""
    assignment = trial.bench.assignment
    points = sum(check.points for check in assignment.checks)
    lines = [
        f"{assignment.name}: {len(assignment.checks)} checks for {points:g} points, on {trial.live.draws} draws of the "
        "inputs and on the recording.",
        "",
        *summary(trial.live, trial.recorded, trial.bench),
        "",
        "| wrong student | every function | verdicts | points | form alone |",
        "|---|---|---|---|---|",
    ]
    for met in trial.met:
        form = ", ".join(sorted(met.form))
        lines.append(f"| {met.wrong.id} | {met.wrong.sentence} | {met.checks} | {met.points:g} | {form} |")
    found = trial.faults
    return "\n".join([*lines, "", *([f"- {line}" for line in found] or ["All of it holds."])])
