"""The sandbox itself: how it is chosen, what it refuses to do without, and that nothing in it outlives the grader."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import machine
import pytest
from arena import arena_last
from classroom import hand_in, released_course, scores
from conftest import ROOT, Submit

import grader.sandbox.choose as choosing
import grader.sandbox.launchers as launchers
from grader import cli
from grader.course import Course
from grader.doctor.battery import run as run_attack
from grader.errors import GraderError
from grader.grading.grade import grade
from grader.sandbox import selftest
from grader.sandbox.choose import NAMES, choose, warmed
from grader.sandbox.launch import Launcher, PlainLauncher, worker_python
from grader.sandbox.launchers import BubblewrapLauncher, LandlockLauncher
from grader.sandbox.layout import layout_of
from grader.sandbox.selftest import escapes
from grader.sandbox.staging import stage_kit
from grader.worker import seccomp
from grader.worker.lock import Files, Limits, Lock
from grader.worker.syscalls import AUDIT_ARCHITECTURES, MACHINES, NUMBERS, number


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Nothing chosen before is remembered; the folder where choices are kept."""
    monkeypatch.setattr(choosing, "_chosen", {})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for variable in (choosing.SANDBOX_VARIABLE, choosing.UNSAFE_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path / "cache" / "funkcije-grader"


@pytest.fixture
def no_bubblewrap(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "bubblewraps", lambda layout: [])


@pytest.mark.parametrize("name", NAMES)
def test_the_self_test_holds_and_the_result_names_the_sandbox(
    name: str, fresh: Path, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.sandbox(name)
    assert cli.main(["check", str(submit()), "--course", str(ROOT), "--sandbox", name, "--json", "-"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["sandbox"] == name
    assert result["warnings"] == []


def test_bubblewrap_is_taken_before_landlock_and_landlock_before_nothing(fresh: Path) -> None:
    machine.sandbox("bwrap")
    assert choose().name == "bwrap"


def test_without_bubblewrap_landlock_is_taken(no_bubblewrap: None) -> None:
    assert choose().name == "landlock"


def test_a_bubblewrap_that_is_installed_and_not_allowed_is_not_believed_in(
    fresh: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert choose().name == "landlock"
    with pytest.raises(GraderError, match=r"uid map: Permission denied\). Next: install bubblewrap"):
        choose("bwrap")


def test_without_any_sandbox_nothing_is_graded_and_one_line_says_what_to_do(
    no_bubblewrap: None, monkeypatch: pytest.MonkeyPatch, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(choosing, "version", lambda: 0)
    assert cli.main(["check", str(submit()), "--course", str(ROOT)]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("grader check:")]
    assert "bwrap: not installed; landlock: this kernel has none" in line
    assert "apt install bubblewrap" in line
    assert "--unsafe" in line


@pytest.mark.parametrize("how", ["option", "environment"])
def test_unsafe_grades_without_a_sandbox_and_every_result_says_so(
    fresh: Path, monkeypatch: pytest.MonkeyPatch, submit: Submit, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    arguments = ["check", str(submit()), "--course", str(ROOT), "--language", "en", "--json", "-"]
    if how == "option":
        arguments.append("--unsafe")
    else:
        monkeypatch.setenv(choosing.UNSAFE_VARIABLE, "1")
    assert cli.main(arguments) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["sandbox"] == "none"
    assert result["warnings"] == ["Graded without a sandbox: nothing confined the student's code (--unsafe)."]


def test_a_named_sandbox_is_used_although_the_environment_says_unsafe(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(choosing.UNSAFE_VARIABLE, "1")
    assert isinstance(choose(), PlainLauncher)
    assert choose("landlock").name == "landlock"


def test_a_sandbox_that_does_not_exist_is_refused_by_name(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(choosing.SANDBOX_VARIABLE, "jail")
    with pytest.raises(GraderError, match="jail: no such sandbox"):
        choose()


def test_a_sandbox_whose_self_test_fails_is_not_used(no_bubblewrap: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "LandlockLauncher", lambda layout: LandlockLauncher(layout, files=False))
    with pytest.raises(GraderError, match="landlock: student code can read a file, write a file"):
        choose()


@pytest.mark.parametrize(
    ("lock", "worked"),
    [
        (Lock(filter=False), "start a process"),
        (Lock(limits=None), "take 4 GB"),
        (Lock(permit=("memfd_create",)), "make a file in memory"),
    ],
    ids=["filter", "limits", "one call"],
)
@pytest.mark.parametrize("name", NAMES)
def test_the_self_test_misses_what_is_not_locked(name: str, lock: Lock, worked: str) -> None:
    launcher = machine.sandbox(name)
    assert isinstance(launcher, BubblewrapLauncher | LandlockLauncher)
    assert worked in escapes(replace(launcher, lock=lock))


def test_a_choice_is_kept_until_the_machine_starts_again(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = choose()
    monkeypatch.setattr(choosing, "_chosen", {})
    monkeypatch.setattr(selftest, "escapes", lambda launcher: pytest.fail("tried again"))
    assert choose() == first
    monkeypatch.setattr(choosing, "_chosen", {})
    monkeypatch.setattr(choosing, "_boot", lambda: "another")
    with pytest.raises(pytest.fail.Exception, match="tried again"):
        choose()


def test_a_choice_that_others_could_have_written_is_not_believed_in(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose()
    (fresh / "sandbox.json").chmod(0o666)
    monkeypatch.setattr(choosing, "_chosen", {})
    monkeypatch.setattr(selftest, "escapes", lambda launcher: pytest.fail("tried again"))
    with pytest.raises(pytest.fail.Exception, match="tried again"):
        choose()


FOREVER = """
import signal

def forever():
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            signal.signal(number, signal.SIG_IGN)
        except OSError:
            pass
    while True:
        pass
"""

GRADER = """
import sys, socket
from pathlib import Path
from grader.sandbox.choose import choose
from grader.worker.wire import QUESTION, Channel
here, there = socket.socketpair()
process = choose(sys.argv[2]).start(Path(sys.argv[1]), there)
there.close()
channel = Channel(here, QUESTION)
channel.send([1, 0, ["reset", []]]), channel.receive(30)
channel.send([2, 0, ["call", ["loop", "forever", [], {}, ["array"]]]])
print(process.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("name", NAMES)
def test_when_the_grader_is_killed_everything_inside_goes_with_it(name: str, tmp_path: Path) -> None:
    machine.sandbox(name)
    package = tmp_path / "stage" / "submission" / "funkcije"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "loop.py").write_text(FOREVER)
    stage_kit(tmp_path / "stage")
    tmp_path.chmod(0o755)
    command = [sys.executable, "-c", GRADER, str(tmp_path / "stage"), name]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        worker = int(process.stdout.readline())
        assert _running(f"{tmp_path}/stage") >= {process.pid, worker}
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 120  # it takes a moment
    while (left := _running(f"{tmp_path}/stage")) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not left


def _running(words: str) -> set[int]:
    """Processes with these words in their command, and those that descend from them."""
    parents, found = {}, set()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (path / "stat").read_text().rpartition(")")[2].split()[:2]
            if state not in "ZX":
                parents[int(path.name)] = int(parent)
                if words in (path / "cmdline").read_bytes().decode(errors="replace"):
                    found.add(int(path.name))
        except OSError:
            continue
    while more := {number for number, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def test_a_lock_that_cannot_be_closed_ends_the_worker_and_grades_nothing(
    course: Course, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launchers, "BOOT", launchers.BOOT.replace("sys.argv[3]", "sys.argv[3].replace('4096', '-9')"))
    launcher = machine.sandbox("landlock")
    assert isinstance(launcher, LandlockLauncher)
    open_limits = replace(launcher, identity=False)
    with pytest.raises(GraderError, match="does not answer"):
        grade(submit(), course, course.assignment("batch_normalization"), launcher=open_limits)


def test_a_lock_comes_out_of_its_text_as_it_went_in() -> None:
    files = Files(("/usr",), ("/usr/x",), ("/dev/null",), scopes=False)
    lock = Lock(Limits(memory=5), files, identity=61184, keep_reading=True, parent=7, permit=("socket",))
    assert Lock.parse(lock.text()) == lock
    assert Lock.parse(Lock(limits=None).text()) == Lock(limits=None)


def test_an_interpreter_that_is_none_is_refused_in_one_line(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
    python.chmod(0o755)
    with pytest.raises(GraderError, match=r"does not answer \(broken\). Next: grader setup"):
        layout_of(python)


def test_packages_outside_the_environment_for_student_code_are_excluded() -> None:
    layout = layout_of(worker_python())
    assert not any(Path(path).is_relative_to(ROOT / "funkcije") for path in layout.read)
    assert all("site-packages" in path or "dist-packages" in path for path in layout.excluded)


ALLOW, KILL = 0x7FFF0000, 0x80000000
OWN = 1234


def verdict(machine: str, call: str | int, *arguments: int, architecture: int | None = None) -> int:
    """What the filter says to a call: its program, run as the kernel runs it."""
    nr = call if isinstance(call, int) else number(call, machine)
    assert nr is not None
    words = {0: nr, 4: AUDIT_ARCHITECTURES[machine] if architecture is None else architecture}
    for position, value in enumerate(arguments):
        words[16 + 8 * position] = value & 0xFFFFFFFF
        words[20 + 8 * position] = value >> 32
    accumulator, at = 0, 0
    code = seccomp.program(OWN, machine)
    while True:
        operation, if_true, if_false, operand = code[at]
        at += 1
        if operation == 0x20:
            accumulator = words.get(operand, 0)
        elif operation == 0x06:
            return operand
        else:
            test = {
                0x15: accumulator == operand,
                0x35: accumulator >= operand,
                0x45: bool(accumulator & operand),
            }
            at += if_true if test[operation] else if_false


@pytest.mark.parametrize("machine", MACHINES)
def test_the_filter_lets_threads_pass_and_no_processes_signals_to_itself_and_to_no_other(machine: str) -> None:
    thread, process = 0x003D0F00, 0x01200011
    assert verdict(machine, "clone", thread) == ALLOW != verdict(machine, "clone", process)
    for call in ("kill", "tgkill"):
        assert verdict(machine, call, OWN) == ALLOW
        for other in (0, 1, OWN + 1, 0xFFFFFFFF):
            assert verdict(machine, call, other) != ALLOW
    assert verdict(machine, "fcntl", 3, 2) == ALLOW != verdict(machine, "fcntl", 3, 8)
    assert verdict(machine, "prctl", 15) == ALLOW != verdict(machine, "prctl", 1)
    assert verdict(machine, "prlimit64", 0) == ALLOW != verdict(machine, "prlimit64", 1)
    assert verdict(machine, "sendto", 3, 0, 0, 0, 0) == ALLOW
    assert verdict(machine, "sendto", 3, 0, 0, 0, 1 << 40) != ALLOW
    assert verdict(machine, "sendto", 3, 0, 0, 0, 1) != ALLOW
    assert verdict(machine, "socketpair", 1) == ALLOW != verdict(machine, "socketpair", 2)
    assert verdict(machine, "ioctl", 0, 0x5401) == ALLOW != verdict(machine, "ioctl", 0, 0x5412)


@pytest.mark.parametrize("machine", MACHINES)
def test_the_filter_refuses_every_call_that_is_not_named(machine: str) -> None:
    bounded = seccomp.rules(OWN).keys()
    allowed = {nr for name in seccomp.ALLOWED | bounded if (nr := number(name, machine)) is not None}
    for nr in set(range(600)) - allowed:
        assert verdict(machine, nr) != ALLOW, nr
    for name in seccomp.ALLOWED:
        if number(name, machine) is not None:
            assert verdict(machine, name) == ALLOW, name


@pytest.mark.parametrize("machine", MACHINES)
def test_the_filter_kills_a_process_that_calls_by_another_architectures_numbers(machine: str) -> None:
    assert verdict(machine, "read", architecture=0x40000003) == KILL
    assert verdict(machine, 0x40000000 | (number("write", machine) or 0)) != ALLOW


def test_every_call_of_the_filter_has_a_number_and_no_two_share_one() -> None:
    assert all(len({pair[side] for pair in NUMBERS.values()} - {None}) == _count(side) for side in (0, 1))
    assert (NUMBERS["read"], NUMBERS["socket"], NUMBERS["clone"]) == ((0, 63), (41, 198), (56, 220))
    assert seccomp.ALLOWED | seccomp.rules(OWN).keys() <= NUMBERS.keys()


def _count(side: int) -> int:
    return sum(pair[side] is not None for pair in NUMBERS.values())


def test_a_machine_without_numbers_has_no_filter() -> None:
    with pytest.raises(OSError, match="no seccomp filter for riscv64"):
        seccomp.program(OWN, "riscv64")


def test_doctor_says_what_it_found_and_how_many_attacks_were_held_off_with_nothing_of_its_own_beside_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    forked, beside = [False], []

    @contextmanager
    def watched(launcher: Launcher) -> Iterator[Launcher]:
        with warmed(launcher) as warm:
            forked.append(True)
            yield warm
        forked.append(False)

    def run(*attack: Any) -> list[str]:
        beside.append(forked[-1])
        return run_attack(*attack)

    monkeypatch.setattr("grader.commands.doctor.warmed", watched)
    monkeypatch.setattr("grader.commands.doctor.run_attack", run)
    course = ["--course", str(arena_last(tmp_path).root)]
    assert cli.main(["doctor", *course, "--sandbox", "landlock", "--attack", "fork", "--attack", "secret"]) == 0
    said = capsys.readouterr().out
    assert "sandbox    landlock" in said
    assert "self-test  holds" in said
    assert "2 of 2 held off" in said
    assert (len(forked), beside) == (3, [False, False])


def test_doctor_fails_where_an_attack_succeeds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = machine.sandbox("bwrap")
    assert isinstance(found, BubblewrapLauncher)
    # The self-test does not try this one, so it is the battery that must.
    weak = replace(found, lock=replace(found.lock, permit=("shmget",)))
    monkeypatch.setattr("grader.commands.doctor.choose", lambda name, course: weak)
    course = str(arena_last(tmp_path).root)
    assert cli.main(["doctor", "--course", course, "--attack", "shared_memory_segment"]) == 2
    said = capsys.readouterr().out
    assert "0 of 1 held off" in said
    assert "Takes a segment of shared memory that outlives it." in said


@pytest.mark.full
def test_doctor_asks_those_who_want_points_for_nothing_of_every_assignment(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--attack", "zeros"]) == 0
    said = capsys.readouterr().out
    for name in Course(ROOT).assignments():
        assert f"1 of 1 held off, of those who want points for nothing in {name}" in said


def test_doctor_refuses_a_name_that_is_no_attack(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--attack", "nonsense"]) == 2
    assert "nonsense: no such attack" in capsys.readouterr().err


@pytest.mark.parametrize(
    "attacks",
    [
        ("points_changed", "climbs_out_of_a_zip"),
        pytest.param(("points_changed", "climbs_out_of_a_zip", "cell_reads_the_secret"), marks=pytest.mark.full),
    ],
    ids=len,
)
def test_doctor_runs_what_goes_through_nbgrader_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], attacks: tuple[str, ...]
) -> None:
    course = arena_last(tmp_path)
    words = [word for attack in attacks for word in ("--attack", attack)]
    assert cli.main(["doctor", "--course", str(course.root), *words]) == 0
    count = len(attacks)
    said = f"nbgrader   {count} of {count} held off, handed in, collected and graded as one class"
    assert said in capsys.readouterr().out


def test_grade_refuses_where_the_short_form_of_doctor_fails(
    no_bubblewrap: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = released_course(tmp_path)
    hand_in(course, "ana")
    # The release was proved in a sandbox, which is remembered.
    monkeypatch.setattr(choosing, "_chosen", {})
    monkeypatch.setattr(choosing, "_remembered", lambda key: None)
    monkeypatch.setattr(choosing, "LandlockLauncher", lambda layout: LandlockLauncher(layout, files=False))
    assert cli.main(["doctor", "--quick"]) == 2
    said = capsys.readouterr().err
    assert cli.main(["grade", "scale", "--course", str(course.root)]) == 2
    assert "landlock: student code can read a file, write a file" in said
    assert "landlock: student code can read a file, write a file" in capsys.readouterr().err
    assert scores(course) == {}
