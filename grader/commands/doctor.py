"""`grader doctor`: which sandbox this machine gives, and the batteries of attacks against it."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from checks.core import Assignment

from ..course import Course, course_to_try
from ..doctor import ATTACKS, HANDED_IN
from ..doctor.battery import run as run_attack
from ..doctor.classroom import run_class
from ..doctor.world import world
from ..errors import GraderError
from ..grading.pretenders import pretenders_of, undue
from ..sandbox.choose import NAMES, choose, warmed
from ..sandbox.launch import Launcher
from ..sandbox.launchers import BubblewrapLauncher, LandlockLauncher
from ..sandbox.selftest import escapes
from ..sandbox.warm import WarmLauncher
from ..worker.landlock import version


def add_parser(commands: Any) -> None:
    """Add the command to `grader`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "doctor",
        description="Say what sandbox this machine gives, and run the battery of attacks against it. "
        "Exit status: 0 all held, 2 not.",
    )
    parser.add_argument("--sandbox", choices=NAMES, help="examine this sandbox (default: the one that would be used)")
    parser.add_argument("--quick", action="store_true", help="the self-test alone, as before every grading")
    parser.add_argument("--warm", action="store_true", help="attack workers that are forked, as a class is judged by")
    parser.add_argument("--attack", metavar="NAME", action="append", help="only this attack (may be repeated)")
    parser.add_argument(
        "--course", type=Path, metavar="FOLDER", help="the course (default: the kit's own, else the one around you)"
    )
    parser.set_defaults(run=run, here=None)


def run(options: argparse.Namespace) -> int:
    """Run the command; 0 if every attack was held off, 2 if one was not.

    Raises:
        GraderError: there is no sandbox here, or no such attack.
    """
    course = course_to_try(options.course, options.here)
    assignments = [] if options.quick else _assignments(course)
    known = {one.name for one in ATTACKS} | {one.name for one in HANDED_IN}
    known |= {id for assignment in assignments for id in pretenders_of(assignment)}
    wanted = set(options.attack or known)
    for name in sorted(wanted):
        if name not in known:
            raise GraderError(f"{name}: no such attack. Next: run without --attack, or take a name that it reports.")
    launcher = choose(options.sandbox, course=course)
    if not isinstance(launcher, BubblewrapLauncher | LandlockLauncher):
        raise GraderError(
            "no sandbox is asked for here (GRADER_UNSAFE=1), so there is none to examine. Next: unset it."
        )
    print(f"machine    {platform.system()} {platform.release()}, {platform.machine()}, {_who()}, Landlock {version()}")
    worked = escapes(launcher)
    print(f"sandbox    {_described(launcher)}")
    print(f"self-test  {'holds' if not worked else 'student code can ' + ', '.join(worked)}")
    if worked:
        return 2
    with warmed(launcher) as warm:
        had = isinstance(warm, WarmLauncher)
        print(f"warm       {'holds' if had else 'cannot be had here; each worker starts afresh'}")
        if options.warm:
            return _attacked(course, assignments, wanted, warm) if had else 2
    # Beside a process of the doctor's own, each attack would be waited for as if it had left that behind.
    return _attacked(course, assignments, wanted, launcher)


def _attacked(course: Course, assignments: Sequence[Assignment], wanted: Set[str], launcher: Launcher) -> int:
    """Run the attacks that are wanted; 0 if all were held off, else 2.

    What knows no assignment is run on the last one, which gives what others ask for; pretenders are an assignment's.
    """
    if not assignments:
        return 0
    assignment = assignments[-1]
    held = True
    if alone := {attack.name: attack for attack in ATTACKS if attack.name in wanted}:
        with world(course, assignment) as around:
            shown = tqdm(alone.values(), desc="attacks", file=sys.stderr, disable=None)
            faults = {attack.name: run_attack(attack, around, launcher) for attack in shown}
        tries = {name: attack.tries for name, attack in alone.items()}
        held &= _report("attacks", tries, faults, f"on {assignment.name}")
    for asked in assignments:
        if pretending := {id: pretender for id, pretender in pretenders_of(asked).items() if id in wanted}:
            ones = tqdm(pretending.values(), desc="pretenders", file=sys.stderr, disable=None)
            unexplained = replace(asked, explain="none")  # what is wrong, nobody reads here, and it takes half the time
            faults = {one.id: undue(course, unexplained, one, launcher) for one in ones}
            tries = {id: one.sentence for id, one in pretending.items()}
            held &= _report("pretenders", tries, faults, f"of those who want points for nothing in {asked.name}")
    if in_class := [attack for attack in HANDED_IN if attack.name in wanted]:
        with world(course, assignment, nbgrader=True) as around:
            faults = run_class(in_class, around, launcher)
        tries = {attack.name: attack.tries for attack in in_class}
        held &= _report("nbgrader", tries, faults, "handed in, collected and graded as one class")
    return 0 if held else 2


def _assignments(course: Course) -> list[Assignment]:
    """Those whose functions are graded, in the course's order."""
    names = [name for name in course.assignments() if name not in course.classic]
    if not names:
        raise GraderError(f"{course.root}: no assignment to attack. Next: pass --course with one that has some.")
    return [course.assignment(name) for name in names]


def _report(what: str, tries: Mapping[str, str], faults: Mapping[str, list[str]], how: str) -> bool:
    """Say how the attacks of one battery fared; return whether all were held off."""
    failed = [name for name in tries if faults[name]]
    print(f"{what:10s} {len(tries) - len(failed)} of {len(tries)} held off, {how}")
    for name in failed:
        print(f"  {name}: {tries[name]}")
        for fault in faults[name]:
            print(f"    {fault}")
    return not failed


def _who() -> str:
    return "root" if os.geteuid() == 0 else f"user {os.geteuid()}"


def _described(launcher: BubblewrapLauncher | LandlockLauncher) -> str:
    if isinstance(launcher, LandlockLauncher):
        return "landlock (Landlock, seccomp and limits, with nothing installed)"
    within = "a user namespace" if launcher.user_namespace else "root's namespaces"
    return f"bwrap ({launcher.program}, in {within}, with seccomp and limits)"
