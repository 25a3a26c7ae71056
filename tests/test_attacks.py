"""The battery of hostile submissions, in both sandboxes; and that each protection, switched off, is missed."""

from __future__ import annotations

import importlib
import math
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import machine
import pytest
from arena import NAME as arena_name
from arena import arena
from conftest import ASSIGNMENT, ROOT
from letters import NAME as letters_name
from letters import letters

import grader.doctor.battery
import grader.grading.grade
import grader.grading.submission
import grader.sandbox.launchers
import grader.sandbox.process
from checks.core import Assignment
from grader.course import Course
from grader.doctor import ATTACKS, Attack
from grader.doctor.battery import run, target_of
from grader.doctor.world import World, world
from grader.sandbox.choose import NAMES, choose
from grader.sandbox.launch import Launcher
from grader.sandbox.launchers import BubblewrapLauncher, LandlockLauncher
from grader.worker import wire
from grader.worker.lock import Limits

NAMED = {attack.name: attack for attack in ATTACKS}


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Around the small assignment: what keeps an attack off knows none."""
    course = arena(tmp_path_factory.mktemp("arena"))
    with world(course, course.assignment(arena_name)) as found:
        yield found


@pytest.fixture(scope="module")
def around_letters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Around an assignment of no arrays."""
    course = letters(tmp_path_factory.mktemp("letters"))
    with world(course, course.assignment(letters_name)) as found:
        yield found


@pytest.fixture(scope="module")
def around_the_course() -> Iterator[World]:
    course = Course(ROOT)
    with world(course, course.assignment(ASSIGNMENT)) as found:
        yield found


def test_attacks_have_names_of_their_own_and_a_sentence_each() -> None:
    assert len(NAMED) == len(ATTACKS) >= 40
    assert all(attack.tries.endswith(".") for attack in ATTACKS)
    assert all(attack.says for attack in ATTACKS if attack.costs not in {"nothing", "perhaps"})


def test_attacks_stand_around_a_function_that_carries_no_other(
    around: World, course: Course, assignment: Assignment
) -> None:
    target = target_of(course, assignment)
    assert target.function == "layernorm_backward"
    assert target.struck == {"layernorm_backward.float32"}
    assert target_of(around.course, around.assignment).struck == {"scale_backward.single"}


def test_where_there_are_classes_alone_attacks_stand_around_the_methods_of_one(
    course: Course, assignment: Assignment
) -> None:
    name = "FullyConnectedNet"
    target = target_of(course, replace(assignment, checks=assignment.of(name)))
    assert (target.function, target.guard) == (name, "True")
    not_called = {f"{name}.initial", f"{name}.parameters", f"{name}.dtype"}
    assert target.struck == {check.id for check in assignment.of(name)} - not_called


def test_what_attacks_name_of_the_kit_is_there() -> None:
    """An attack on a module that was moved would be held off by nothing but its own error."""
    texts = "\n".join(
        text for attack in ATTACKS for text in (attack.body, attack.top, *map(str, attack.files.values()))
    )
    named = re.findall(r"from ((?:grader|checks)[\w.]*) import (\w+)", texts)
    named += [(name, "__name__") for name in re.findall(r"import ((?:grader|checks)[\w.]+)", texts)]
    named += [(name, "__name__") for name in re.findall(r"modules\[\"((?:grader|checks)[\w.]+)\"\]", texts)]
    assert len(named) >= 5
    for module, name in named:
        assert hasattr(importlib.import_module(module), name), (module, name)


def permits(launcher: Launcher, *calls: str) -> Launcher:
    """The same sandbox with some system calls let through its filter."""
    assert isinstance(launcher, LandlockLauncher | BubblewrapLauncher)
    return replace(launcher, lock=replace(launcher.lock, permit=calls))


def limited(launcher: LandlockLauncher | BubblewrapLauncher, **limits: int) -> Launcher:
    """The same sandbox with some limits lifted."""
    return replace(launcher, lock=replace(launcher.lock, limits=replace(launcher.lock.limits or Limits(), **limits)))


def without(launcher: BubblewrapLauncher, option: str) -> BubblewrapLauncher:
    """The same sandbox with one option of bubblewrap left out."""
    assert option in launcher.options
    return replace(launcher, options=tuple(other for other in launcher.options if other != option))


@dataclass(frozen=True)
class Off:
    """A protection that is switched off, and the attack that then succeeds."""

    attack: str
    sandbox: str
    change: Callable[[Any], Launcher]
    """Gives the sandbox without the protection."""
    missed: str
    """What the battery says then."""


EARNED = "earned"
OFF = {
    "Landlock on reading": Off("gradebook", "landlock", lambda s: replace(s, files=False), EARNED),
    "Landlock on listing": Off("listing", "landlock", lambda s: replace(s, files=False), EARNED),
    "Landlock on writing": Off("result_of_its_own", "landlock", lambda s: replace(s, files=False), "changed outside"),
    "Landlock on what is left in /tmp": Off("left_for_the_next", "landlock", lambda s: replace(s, files=False), EARNED),
    "Landlock on abstract sockets": Off(
        "abstract_socket",
        "landlock",
        lambda s: permits(replace(s, scopes=False), "socket", "sendto"),
        "changed outside: heard",
    ),
    "Landlock on TCP": Off(
        "loopback",
        "landlock",
        lambda s: permits(replace(s, scopes=False), "socket", "connect", "setsockopt"),
        "changed outside: heard",
    ),
    "the filter on datagrams": Off(
        "datagram", "landlock", lambda s: permits(s, "socket", "sendto"), "changed outside: heard"
    ),
    "the filter on pairs of sockets": Off(
        "pair_of_sockets", "landlock", lambda s: permits(replace(s, scopes=False), "sendto"), "changed outside: heard"
    ),
    "the filter on chmod": Off(
        "gradebook_locked_away",
        "landlock",
        lambda s: permits(replace(s, identity=False), "chmod", "fchmodat"),
        "changed outside",
    ),
    "the filter on forks": Off("fork", "bwrap", lambda s: permits(s, "fork", "vfork", "clone", "setsid"), EARNED),
    "the filter on programs": Off("becomes_another", "bwrap", lambda s: permits(s, "execve"), "expected a message"),
    "the filter on files in memory": Off("hidden_memory", "bwrap", lambda s: permits(s, "memfd_create"), EARNED),
    "the filter on shared memory": Off("shared_memory_segment", "bwrap", lambda s: permits(s, "shmget"), EARNED),
    "the filter on prctl": Off("outliving", "landlock", lambda s: permits(s, "prctl"), EARNED),
    "the network namespace": Off(
        "loopback",
        "bwrap",
        lambda s: permits(without(s, "--unshare-net"), "socket", "connect", "setsockopt"),
        "changed outside: heard",
    ),
    "having no /proc": Off(
        "own_command", "bwrap", lambda s: replace(s, options=(*s.options, "--proc", "/proc")), EARNED
    ),
    "the limit on memory": Off("memory", "bwrap", lambda s: limited(s, memory=2**46), EARNED),
    "the limit on the size of a file": Off("large_file", "bwrap", lambda s: limited(s, file_size=2**40), EARNED),
}


def in_one_sandbox() -> list[Any]:
    """Each attack in the sandboxes in which it shows a protection, or else in one of them, in turn."""
    found = []
    for number, attack in enumerate(ATTACKS):
        shown = {off.sandbox for off in OFF.values() if off.attack == attack.name}
        for name in sorted(shown) or [NAMES[number % len(NAMES)]]:
            found.append(pytest.param(attack, name, id=f"{attack.name}-{name}"))
    return found


@pytest.mark.parametrize(("attack", "sandbox"), in_one_sandbox())
def test_an_attack_earns_what_is_honest_in_it_and_changes_nothing_outside(
    around: World, attack: Attack, sandbox: str
) -> None:
    assert run(attack, around, machine.sandbox(sandbox), then_honest=False) == [], attack.tries


ON_A_NUMBER = (
    "other_types",
    "too_few_results",
    "reply_of_its_own",
    "second_reply",
    "patched_worker",
    "wide_answer",
    "exit_after_the_reply",
    "compiled",
)
"""What had to be written for results of any kind, and for modules of any name."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in ON_A_NUMBER else pytest.mark.full) for name in NAMED]
)
def test_an_attack_is_held_off_around_a_function_that_takes_a_text_and_returns_one_number(
    around_letters: World, name: str
) -> None:
    assert run(NAMED[name], around_letters, machine.sandbox(NAMES[0]), then_honest=False) == [], NAMED[name].tries


def test_attacks_name_no_assignment_and_nothing_of_one() -> None:
    words = (
        r"\b(layers|layer_utils|fc_net|optim|batchnorm\w*|layernorm\w*|gamma|batch_normalization|FullyConnectedNet)\b"
    )
    files = Path(grader.doctor.battery.__file__).parent.glob("*.py")
    assert [(file.name, found[0]) for file in files if (found := re.search(words, file.read_text()))] == []


def mostly_full() -> list[Any]:
    """Each attack in each sandbox, on the real assignment; `make test` takes a few of them, in turn.

    In the long form three go by before the next honest submission: what stays of any of them is seen by it, too.
    """
    found = []
    for number, attack in enumerate(ATTACKS):
        for side, name in enumerate(NAMES):
            short, last = number % 70 == 35 * side, number == len(ATTACKS) - 1
            marks = () if short else pytest.mark.full
            id = f"{attack.name}-{name}"
            found.append(pytest.param(attack, name, short or last or number % 3 == 2, marks=marks, id=id))
    return found


@pytest.mark.parametrize(("attack", "sandbox", "then_honest"), mostly_full())
def test_in_each_sandbox_an_attack_changes_nothing_for_the_honest_submission_that_is_graded_next(
    around_the_course: World, attack: Attack, sandbox: str, then_honest: bool
) -> None:
    assert run(attack, around_the_course, machine.sandbox(sandbox), then_honest=then_honest) == [], attack.tries


@pytest.mark.parametrize("protection", OFF)
def test_without_a_protection_its_attack_is_seen_to_succeed(around: World, protection: str) -> None:
    off = OFF[protection]
    faults = run(NAMED[off.attack], around, off.change(machine.sandbox(off.sandbox)), then_honest=False)
    Path("/tmp", around.names["left"]).unlink(missing_ok=True)
    for path in (around.folder / "course").rglob("*"):
        path.chmod(0o777 if path.is_dir() else 0o666)
    assert any(off.missed in fault for fault in faults), faults


def test_without_a_bound_on_the_scratch_it_can_be_filled(around: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grader.sandbox.launchers, "SCRATCH", 2**30)
    assert any(EARNED in fault for fault in run(NAMED["scratch"], around, machine.sandbox("bwrap"), then_honest=False))


@pytest.mark.parametrize("sandbox", NAMES)
def test_with_the_hosts_environment_its_secrets_are_seen(
    around: World, monkeypatch: pytest.MonkeyPatch, sandbox: str
) -> None:
    monkeypatch.setattr(grader.sandbox.launchers, "clean_environment", lambda: dict(os.environ))
    assert any(
        EARNED in fault for fault in run(NAMED["environment"], around, machine.sandbox(sandbox), then_honest=False)
    )


@pytest.mark.parametrize(
    ("module", "name", "instead", "attack", "missed"),
    [
        (wire, "printable", lambda text: text, "words_that_move_the_cursor", "cursor"),
        (wire, "printable", lambda text: text, "type_that_moves_the_cursor", "cursor"),
        (
            grader.sandbox.talk,
            "bounds_of_reply",
            lambda most: wire.ANY_REPLY,
            "wide_answer_past_the_worker",
            "far larger",
        ),
        (wire, "room", lambda shape: 8 * math.prod(shape), "nothing_in_a_long_row", "far larger"),
        (wire, "measure", lambda body, bounds: None, "empty_dictionaries", "far larger"),
        (grader.sandbox.talk, "MOST_MISSING", 10**9, "missing_modules_of_its_own", "at least 15"),
        (grader.grading.grade, "NAMED", 10**9, "missing_modules", "at least 15"),
        (
            grader.grading.submission,
            "comes_before_a_module",
            lambda *_: False,
            "folder_before_module",
            "honest, was lost",
        ),
        (
            grader.grading.submission,
            "_can_be_taken",
            lambda path, name: path.is_file(),
            "link_to_the_secret",
            "message like",
        ),
        (
            grader.grading.submission,
            "_can_be_taken",
            lambda path, name: True,
            "name_that_is_no_text",
            "UnicodeEncodeError",
        ),
    ],
    ids=["words", "types", "sizes", "rows", "items", "missing", "remarks", "folders", "links", "names"],
)
def test_without_a_protection_of_the_trusted_side_its_attack_is_seen(
    around: World,
    monkeypatch: pytest.MonkeyPatch,
    module: object,
    name: str,
    instead: object,
    attack: str,
    missed: str,
) -> None:
    monkeypatch.setattr(module, name, instead)
    faults = run(NAMED[attack], around, choose(), then_honest=False)
    assert any(missed in fault for fault in faults), faults


_TAKES_ANY_COURSE = "import sys, grader.course as c; c._handed_in = lambda *_, **__: ''; from grader.cli import main; "


@pytest.mark.parametrize(
    ("attack", "typed", "ran"),
    [
        ("course_of_its_own", ["-I", "-c", f"{_TAKES_ANY_COURSE}sys.exit(main())"], f"checks/{arena_name}/__init__.py"),
        ("read_where_one_stands", ["-m", "grader.cli"], "re.py"),
    ],
)
def test_without_a_protection_of_the_command_line_the_submission_runs(
    around: World, monkeypatch: pytest.MonkeyPatch, attack: str, typed: list[str], ran: str
) -> None:
    monkeypatch.setattr(grader.doctor.battery, "command_line", lambda: [sys.executable, *typed])
    faults = run(NAMED[attack], around, choose(), then_honest=False)
    assert f"ran with the instructor's rights: {ran}" in faults, faults


def test_the_world_of_an_attack_is_gone_afterwards() -> None:
    course = Course(ROOT)
    with world(course, course.assignment(ASSIGNMENT)) as found:
        assert found.folder.is_dir()
        shutil.rmtree(found.folder / "course" / "checks")
    assert not found.folder.exists()
