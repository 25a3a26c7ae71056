"""Workers that are forked from a warm process: as well walled in as fresh ones, and with the same verdicts."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import random
import resource
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import machine
import pytest
from arena import NAME as arena_name
from arena import arena, arena_last
from classroom import hand_in, released_course, whole_class
from conftest import ROOT, Submit

import grader.sandbox.warm as warming
from checks.core import Assignment
from checks.executor.errors import StudentError
from checks.executor.values import Text
from grader import cli
from grader.classroom.whole_class import grade_class
from grader.course import Course
from grader.doctor import ATTACKS
from grader.doctor.attack import Attack
from grader.doctor.battery import run
from grader.doctor.world import World, world
from grader.grading.grade import grade
from grader.reference.edits import Edit
from grader.sandbox.choose import Sandbox, for_notebooks, warmed
from grader.sandbox.launch import PlainLauncher
from grader.sandbox.launchers import BubblewrapLauncher, LandlockLauncher
from grader.sandbox.process import StudentProcess, TimeLimits
from grader.sandbox.selftest import escapes
from grader.sandbox.staging import stage_kit
from grader.sandbox.warm import Orphaned, WarmLauncher, Zygotes, kept_by

QUICK = TimeLimits(call=2.0, total=8.0)
ENDS = 60.0
"""Seconds in which what must end has ended, on a machine that is busy."""


def landlock() -> LandlockLauncher:
    found = machine.sandbox("landlock")
    assert isinstance(found, LandlockLauncher)
    return found


def bwrap() -> BubblewrapLauncher:
    found = machine.sandbox("bwrap")
    assert isinstance(found, BubblewrapLauncher)
    return found


WALLS: dict[str, Callable[[], Any]] = {"landlock": landlock, "bwrap": bwrap}
each_wall = pytest.mark.parametrize("wall", WALLS)


@contextlib.contextmanager
def warm_from(launcher: Sandbox, children: int = 100) -> Iterator[WarmLauncher]:
    """Without the self-test that `warmed` makes, for what does not hold."""
    with contextlib.closing(Zygotes(launcher, children)) as zygotes:
        yield WarmLauncher(launcher, zygotes)


@pytest.fixture(scope="module", params=WALLS)
def warm(request: pytest.FixtureRequest) -> Iterator[WarmLauncher]:
    with warmed(WALLS[request.param]()) as launcher:
        assert isinstance(launcher, WarmLauncher)
        yield launcher


@pytest.fixture
def stage(tmp_path: Path) -> Callable[..., Path]:
    """Makes a stage with one module, `inside`."""

    def make(source: str, name: str = "stage") -> Path:
        folder = tmp_path / name
        package = folder / "submission" / "package"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "inside.py").write_text(f"import os\nimport numpy as np\n\n{source}", encoding="utf-8")
        stage_kit(folder)
        tmp_path.chmod(0o755)
        return folder

    return make


def number(process: StudentProcess, function: str) -> float:
    """What a function of the module `inside` gives."""
    return float(process.call("inside", function, [], {}, ["array"]).values[0])


def without(monkeypatch: pytest.MonkeyPatch, protection: str) -> None:
    """Have zygotes start with some lines of Python that take a protection from them."""
    served = "from grader.worker.zygote import serve; "
    assert served in warming.BOOT
    modules = "os, grader.worker.lock as k, grader.worker.room as r, grader.worker.zygote as z"
    patched = f"import {modules}; {protection}; {served}"
    monkeypatch.setattr(warming, "BOOT", warming.BOOT.replace(served, patched))


def ended(pid: int, seconds: float = ENDS) -> bool:
    """Whether a process ends within so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def zygote_of(launcher: WarmLauncher) -> int:
    return launcher.zygotes._all[-1].pid


# The walls.


def test_every_attempt_of_the_self_test_is_refused_in_a_forked_worker(warm: WarmLauncher) -> None:
    before = warm.zygotes.forked
    assert escapes(warm) == []
    assert warm.zygotes.forked == before + 1


def open_to_temporary_files(one: BubblewrapLauncher) -> BubblewrapLauncher:
    return replace(one, layout=replace(one.layout, read=(*one.layout.read, tempfile.gettempdir())))


WEAK: dict[str, tuple[str, Callable[[Any], Sandbox], str]] = {
    "the filter": ("landlock", lambda one: replace(one, lock=replace(one.lock, filter=False)), "start a process"),
    "the limits": ("landlock", lambda one: replace(one, lock=replace(one.lock, limits=None)), "take 4 GB"),
    "the files": ("landlock", lambda one: replace(one, files=False), "read a file"),
    "the filter in a room": (
        "bwrap",
        lambda one: replace(one, lock=replace(one.lock, filter=False)),
        "start a process",
    ),
    "the limits in a room": ("bwrap", lambda one: replace(one, lock=replace(one.lock, limits=None)), "take 4 GB"),
    "the files of a room": ("bwrap", open_to_temporary_files, "read a file"),
}


@pytest.mark.parametrize("protection", WEAK)
def test_the_self_test_misses_what_a_forked_worker_does_not_lock(protection: str) -> None:
    wall, weak, worked = WEAK[protection]
    with warm_from(weak(WALLS[wall]())) as launcher:
        assert worked in escapes(launcher)
        assert launcher.zygotes.forked == 1


@pytest.mark.parametrize("protected", [True, False])
def test_who_makes_a_namespace_of_users_keeps_no_right_in_it(protected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not protected:
        without(monkeypatch, "r.drop_capabilities = lambda *_: None")
    with warm_from(replace(bwrap(), user_namespace=True)) as launcher:
        assert escapes(launcher) == ([] if protected else ["use a capability"])
        assert launcher.zygotes.forked == 1


WRITES = """
def write():
    try:
        open(os.path.join(os.path.dirname(__file__), "left"), "w").close()
    except OSError:
        return np.array(0)
    return np.array(1)
"""


@pytest.mark.parametrize("protected", [True, False])
def test_what_is_seen_in_a_room_cannot_be_written(
    protected: bool, monkeypatch: pytest.MonkeyPatch, stage: Callable[..., Path]
) -> None:
    if not protected:
        without(monkeypatch, "r._restrict = lambda *_: None")
    folder = stage(WRITES)
    with warm_from(replace(bwrap(), user_namespace=True)) as launcher:
        with StudentProcess(folder, launcher, QUICK) as process:
            assert (number(process, "write") == 0) == protected
        assert launcher.zygotes.forked == 1
    assert (folder / "submission" / "package" / "left").exists() != protected


@pytest.mark.parametrize("protected", [True, False])
def test_in_a_room_there_is_no_network_of_the_hosts(
    protected: bool, around: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = everybody()
    monkeypatch.setattr("grader.doctor.battery.kept_by", lambda launcher: running | kept_by(launcher))
    weak = bwrap()
    weak = replace(weak, lock=replace(weak.lock, permit=("socket", "connect", "setsockopt")))
    if not protected:
        weak = replace(weak, options=tuple(option for option in weak.options if option != "--unshare-net"))
    with warm_from(weak) as launcher:
        faults = run(next(one for one in ATTACKS if one.name == "loopback"), around, launcher, then_honest=False)
        assert launcher.zygotes.forked > 0
    assert ("changed outside: heard" in faults) != protected


def test_a_warm_worker_that_does_not_hold_is_not_believed_in() -> None:
    weak = replace(landlock(), files=False)
    with warmed(weak) as launcher:
        assert launcher is weak


SPEAKS = """
import socket

def speak():
    heard = 0
    for descriptor in range(3, 64):
        try:
            with socket.socket(fileno=os.dup(descriptor)) as end:
                if end.type == socket.SOCK_SEQPACKET:
                    heard += end.send(b"nonsense") > 0
        except OSError:
            pass
    return np.array(heard)
"""


@each_wall
@pytest.mark.parametrize("protected", [True, False])
def test_a_child_that_keeps_the_zygotes_socket_could_speak_in_its_name(
    wall: str, protected: bool, monkeypatch: pytest.MonkeyPatch, stage: Callable[..., Path]
) -> None:
    if not protected:
        without(
            monkeypatch,
            "kept = []; os.closerange = lambda *_: None; z.socket.socket.close = lambda self: kept.append(self)",
        )
    with warm_from(WALLS[wall]()) as launcher, StudentProcess(stage(SPEAKS), launcher, QUICK) as process:
        heard = number(process, "speak")
        assert (heard == 0) == protected
        assert ended(zygote_of(launcher), 0.5 if protected else ENDS) != protected


DRAWS = "def draw():\n    return np.random.random()\n"


@each_wall
@pytest.mark.parametrize("protected", [True, False])
def test_siblings_that_are_not_seeded_anew_draw_the_same_numbers(
    wall: str, protected: bool, monkeypatch: pytest.MonkeyPatch, stage: Callable[..., Path]
) -> None:
    if not protected:
        without(monkeypatch, "import numpy; numpy.random.seed = lambda: None")
    drawn = []
    with warm_from(WALLS[wall]()) as launcher:
        for name in ("one", "other"):
            with StudentProcess(stage(DRAWS, name), launcher, QUICK) as process:
                drawn.append(number(process, "draw"))
        assert launcher.zygotes.forked == 2
    assert (drawn[0] != drawn[1]) == protected


FORKS = """
import time

def fork():
    child = os.fork()
    if child == 0:
        time.sleep(600)
    return np.array(child)
"""


@pytest.mark.parametrize("protected", [True, False])
def test_what_a_child_could_start_ends_with_its_group(
    protected: bool, monkeypatch: pytest.MonkeyPatch, stage: Callable[..., Path]
) -> None:
    if not protected:
        without(monkeypatch, "os.killpg = lambda *_: None")
    weak = landlock()
    weak = replace(weak, lock=replace(weak.lock, permit=("fork", "vfork", "clone")))
    with warm_from(weak) as launcher:
        with StudentProcess(stage(FORKS), launcher, QUICK) as process:
            child = int(number(process, "fork"))
        stays = not ended(child, ENDS if protected else 0.5)
    if stays:
        os.kill(child, signal.SIGKILL)
    assert stays != protected


LOOPS = "def forever():\n    while True:\n        pass\n"


@each_wall
@pytest.mark.parametrize("protected", [True, False])
def test_a_child_ends_with_its_zygote(
    wall: str, protected: bool, monkeypatch: pytest.MonkeyPatch, stage: Callable[..., Path]
) -> None:
    if not protected:
        without(monkeypatch, "k.die_with = z.die_with = lambda parent: None")
    with warm_from(WALLS[wall]()) as launcher:
        process = StudentProcess(stage(LOOPS), launcher, QUICK)
        process.begin()
        assert process._process is not None
        child = process._process.pid
        os.kill(zygote_of(launcher), signal.SIGKILL)
        stays = not ended(child, ENDS if protected else 0.5)
        process.stop()
    if stays:  # by its descriptor, it was ended all the same
        assert ended(child)
    assert stays != protected


@pytest.mark.parametrize("protected", [True, False])
def test_a_room_ends_with_who_waits_outside_of_it(
    protected: bool, monkeypatch: pytest.MonkeyPatch, stage: Callable[..., Path]
) -> None:
    if not protected:
        without(monkeypatch, "os.killpg = r.die_with = lambda *_: None")
    with warm_from(bwrap()) as launcher, StudentProcess(stage(LOOPS), launcher, QUICK) as process:
        process.begin()
        assert process._process is not None
        outside = process._process.pid
        [first] = children_of(outside)
        [worker] = children_of(first)
        os.kill(outside, signal.SIGKILL)
        stay = [pid for pid in (first, worker) if not ended(pid, ENDS if protected else 0.5)]
        for pid in stay:
            os.kill(pid, signal.SIGKILL)
    assert stay == ([] if protected else [first, worker])


def children_of(parent: int) -> list[int]:
    """The processes that one has started and not waited for."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(path.parent.name))
    return found


def test_a_host_variable_is_seen_where_a_zygote_inherits_the_environment(
    monkeypatch: pytest.MonkeyPatch, stage: Callable[..., Path]
) -> None:
    source = "def look():\n    return np.array('GRADER_SECRET' in os.environ)\n"
    monkeypatch.setenv("GRADER_SECRET", "a secret")
    with warm_from(landlock()) as launcher, StudentProcess(stage(source), launcher, QUICK) as process:
        assert not number(process, "look")
    monkeypatch.setattr(warming, "clean_environment", lambda: dict(os.environ))
    with warm_from(landlock()) as launcher, StudentProcess(stage(source, "other"), launcher, QUICK) as process:
        assert number(process, "look")
        assert launcher.zygotes.forked == 1


def test_a_zygote_outlives_the_thread_that_asked_for_its_first_child(stage: Callable[..., Path]) -> None:
    with warm_from(landlock()) as launcher:
        first = StudentProcess(stage(DRAWS, "one"), launcher, QUICK)
        asking = threading.Thread(target=first.begin)
        asking.start()
        asking.join()
        with first, StudentProcess(stage(DRAWS, "other"), launcher, QUICK) as second:
            assert number(first, "draw") != number(second, "draw")
        assert launcher.zygotes.forked == 2


def test_a_zygote_that_a_passing_thread_starts_is_gone_with_it(
    monkeypatch: pytest.MonkeyPatch, stage: Callable[..., Path]
) -> None:
    passes = threading.Event()

    def in_a_passing_thread(*args: Any, **options: Any) -> Any:
        started: queue.SimpleQueue[Any] = queue.SimpleQueue()

        def start() -> None:
            started.put(subprocess.Popen(*args, **options))
            passes.wait()

        threading.Thread(target=start).start()
        return started.get()

    passing = SimpleNamespace(**vars(subprocess) | {"Popen": in_a_passing_thread})
    monkeypatch.setattr(warming, "subprocess", passing)
    with warm_from(landlock()) as launcher, StudentProcess(stage(PARENT), launcher, QUICK) as process:
        zygote = int(number(process, "parent"))
        assert not ended(zygote, 0.3)
        passes.set()
        assert ended(zygote)


def test_nothing_of_a_submission_is_in_the_memory_that_the_next_child_begins_with(stage: Callable[..., Path]) -> None:
    marks = [os.urandom(8).hex() for _ in range(2)]
    with warm_from(landlock()) as launcher:
        for mark in marks:
            folder = stage(f"def mark():\n    return {mark!r}\n", f"stage-{mark}")
            with StudentProcess(folder, launcher, QUICK) as process:
                assert process.call("inside", "mark", [], {}, ["value"]).values == (Text(mark),)
        assert launcher.zygotes.forked == 2
        memory = memory_of(zygote_of(launcher))
        assert b"grader.worker.zygote" in memory
        assert not any(mark.encode() in memory for mark in marks)
    assert all(mark.encode() in memory_of(os.getpid()) for mark in marks)


def memory_of(pid: int) -> bytes:
    """What a process has written in its memory."""
    found = []
    try:
        with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
            for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
                first, _, last = line.split()[0].partition("-")
                if line.split()[1].startswith("rw"):
                    with contextlib.suppress(OSError, ValueError, OverflowError):
                        memory.seek(int(first, 16))
                        found.append(memory.read(int(last, 16) - int(first, 16)))
    except PermissionError as error:
        machine.lacks(f"no process may look into another's memory here: {error}", refused="the kernel refuses it")
    return b"".join(found)


# How long a zygote lasts.


PARENT = "def parent():\n    return np.array(os.getppid())\n"


def test_a_zygote_is_replaced_after_its_children_and_ends_after_the_last_of_them(stage: Callable[..., Path]) -> None:
    with warm_from(landlock(), children=2) as launcher, contextlib.ExitStack() as stack:
        processes = [
            stack.enter_context(StudentProcess(stage(PARENT, str(name)), launcher, QUICK)) for name in range(5)
        ]
        parents = [int(number(process, "parent")) for process in processes]
        assert parents[0] == parents[1] != parents[2] == parents[3] != parents[4] != parents[0]
        processes[0].stop()
        assert not ended(parents[0], 0.3)
        assert number(processes[1], "parent") == parents[0]
        processes[1].stop()
        assert ended(parents[0])


def test_after_a_zygote_was_killed_the_next_submission_is_graded_from_another(
    course: Course, assignment: Assignment, submit: Submit
) -> None:
    with warm_from(landlock()) as launcher:
        assert grade(submit(), course, assignment, launcher=launcher).score == 40
        killed = zygote_of(launcher)
        os.kill(killed, signal.SIGKILL)
        assert grade(submit(), course, assignment, launcher=launcher).score == 40
        assert zygote_of(launcher) != killed
        assert launcher.zygotes.forked == 4


def test_a_submission_whose_zygote_is_killed_under_it_gets_no_wrong_score(stage: Callable[..., Path]) -> None:
    with warm_from(landlock()) as launcher, StudentProcess(stage(PARENT), launcher, QUICK) as process:
        os.kill(int(number(process, "parent")), signal.SIGKILL)
        assert ended(zygote_of(launcher))
        with pytest.raises(Orphaned, match=r"has ended. Next: grade again"):
            number(process, "parent")


@each_wall
def test_a_child_that_is_killed_alone_is_the_submissions_own_doing(wall: str, stage: Callable[..., Path]) -> None:
    source = "import signal\n\ndef end():\n    os.kill(os.getpid(), signal.SIGKILL)\n\ndef leave():\n    os._exit(7)\n"
    with warm_from(WALLS[wall]()) as launcher, StudentProcess(stage(source), launcher, QUICK) as process:
        for function, how in (("end", "signal SIGKILL"), ("leave", "exit status 7")):
            with pytest.raises(StudentError, match=how):
                number(process, function)
        assert launcher.zygotes.forked == 2


def test_where_no_zygote_can_be_had_workers_start_afresh(
    monkeypatch: pytest.MonkeyPatch, course: Course, assignment: Assignment, submit: Submit
) -> None:
    fresh = landlock()
    monkeypatch.setattr(warming, "BOOT", "raise SystemExit")
    with warmed(fresh) as launcher:
        assert launcher is fresh
    with warm_from(fresh) as launcher:
        assert grade(submit(), course, assignment, launcher=launcher).score == 40
        assert launcher.zygotes.forked == 0


def test_a_zygote_that_forks_too_late_is_ended_before_a_fresh_worker_takes_the_childs_place(
    monkeypatch: pytest.MonkeyPatch, stage: Callable[..., Path]
) -> None:
    without(monkeypatch, "import time; fork = os.fork; os.fork = lambda: (time.sleep(2), fork())[1]")
    with warm_from(landlock()) as launcher:
        zygote = launcher.zygotes._one()
        monkeypatch.setattr(warming, "_ANSWER", 0.1)
        with StudentProcess(stage(PARENT), launcher, QUICK) as process:
            assert number(process, "parent") == os.getpid()
            assert zygote.gone
            assert ended(zygote.pid, 0.5)
        assert launcher.zygotes.forked == 0


def test_a_process_with_threads_forks_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()")
    fresh = landlock()
    with warmed(fresh) as launcher:
        assert launcher is fresh


def test_without_a_sandbox_workers_start_afresh_and_so_do_those_of_a_single_notebook(warm: WarmLauncher) -> None:
    plain = PlainLauncher()
    with warmed(plain) as launcher:
        assert launcher is plain
    assert isinstance(for_notebooks(warm, 60), type(warm.fresh))


GRADER = """
import os, socket, sys
from pathlib import Path
from grader.sandbox.choose import choose
from grader.sandbox import warm
from grader.worker.wire import QUESTION, Channel
if sys.argv[2] == "off":
    served = "from grader.worker.zygote import serve; "
    patched = "import grader.worker.zygote as z; z.die_with = lambda parent: None; " + served
    warm.BOOT = warm.BOOT.replace(served, patched)
launcher = choose(sys.argv[3])
zygotes = warm.Zygotes(launcher)
here, there = socket.socketpair()
process = warm.WarmLauncher(launcher, zygotes).start(Path(sys.argv[1]), there)
there.close()
channel = Channel(here, QUESTION)
channel.send([1, 0, ["reset", []]]), channel.receive(30)
channel.send([2, 0, ["call", ["inside", "forever", [], {}, ["array"]]]])
copy = os.fork()  # which holds the sockets open
if copy:
    print(zygotes._all[0].pid, process.pid, copy, flush=True)
sys.stdin.read()
"""


@each_wall
@pytest.mark.parametrize("protected", [True, False])
def test_when_the_grader_is_killed_zygote_and_children_go_with_it(
    wall: str, protected: bool, stage: Callable[..., Path]
) -> None:
    WALLS[wall]()
    command = [sys.executable, "-c", GRADER, str(stage(LOOPS)), "on" if protected else "off", wall]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as grader:
        assert grader.stdout is not None
        zygote, child, copy = map(int, grader.stdout.readline().split())
        assert Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1] == str(zygote)
        inside = [one for outer in children_of(child) for one in (outer, *children_of(outer))]
        assert len(inside) == (2 if wall == "bwrap" else 0)
        grader.send_signal(signal.SIGKILL)
        stay = [pid for pid in (zygote, child, *inside) if not ended(pid, ENDS if protected else 0.5)]
        for pid in (copy, *stay):
            os.kill(pid, signal.SIGKILL)
    assert stay == ([] if protected else [zygote, child, *inside])


# The same verdicts.


SPOILS = """
import builtins, sys
import numpy
for name in ("sum", "mean", "dot", "einsum", "sqrt", "zeros", "ndarray", "frombuffer", "dtype"):
    setattr(numpy, name, lambda *args, **options: 0.0)
numpy.random.seed = numpy.random.random = None
builtins.len = builtins.isinstance = lambda *args: 1
sys.modules.clear()
"""
HOSTILE = {"spoils": SPOILS, "ends": "import os; os._exit(0)\n", "never_ends": "while True: pass\n"}


def test_verdicts_are_the_same_fresh_warm_shuffled_and_right_after_a_hostile_sibling(
    warm: WarmLauncher, course: Course, assignment: Assignment, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADER_SECRET", "a secret")
    backward = "dbeta = dout.sum(axis=0)"
    folders = {
        "solution": submit(name="solution"),
        "stub": submit(stub=True, name="stub"),
        **{
            name: submit(Edit("layers", "batchnorm_backward", backward, new), name=name)
            for name, new in (
                ("mean", "dbeta = dout.mean(axis=0)"),
                ("raises", "dbeta = dout.sum(axis=0) + nothing"),
                ("recurses", "batchnorm_backward(dout, cache)"),
            )
        },
    }
    hostile = {name: submit(files={"funkcije/layers.py": top}, name=name) for name, top in HOSTILE.items()}

    def verdict(folder: Path, launcher: Any, limits: TimeLimits | None = None) -> dict[str, Any]:
        result = grade(folder, course, assignment, student="ana", language="en", launcher=launcher, limits=limits)
        found = json.loads(json.dumps(result.to_json()))
        assert found.pop("seconds") >= 0
        return found

    fresh = {name: verdict(folder, warm.fresh) for name, folder in folders.items()}
    assert fresh["solution"]["score"] == 40 > fresh["mean"]["score"] > fresh["stub"]["score"] == 0
    before = warm.zygotes.forked
    assert {name: verdict(folder, warm) for name, folder in folders.items()} == fresh
    assert warm.zygotes.forked >= before + 2 * len(folders)
    names = list(folders)
    random.Random(15).shuffle(names)
    siblings = list(hostile.values())
    for place, name in enumerate(names):
        short = TimeLimits(call=0.5, total=1.0)
        assert verdict(siblings[place % len(siblings)], warm, short)["score"] < 40
        assert verdict(folders[name], warm) == fresh[name], name


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    course = arena(tmp_path_factory.mktemp("arena"))
    with world(course, course.assignment(arena_name)) as found:
        yield found


FEW = {"fork", "secret", "environment", "loopback", "killing_the_grader", "patched_worker", "exit_after_the_reply"}


@pytest.mark.parametrize(
    "attack",
    [pytest.param(one, marks=() if one.name in FEW else pytest.mark.full, id=one.name) for one in ATTACKS],
)
def test_an_attack_in_a_forked_worker_earns_what_is_honest_in_it_and_changes_nothing(
    warm: WarmLauncher, around: World, attack: Attack
) -> None:
    before = warm.zygotes.forked
    assert run(attack, around, warm) == [], attack.tries
    assert warm.zygotes.forked > before


def test_the_few_attacks_are_attacks() -> None:
    assert {attack.name for attack in ATTACKS} > FEW


@each_wall
def test_doctor_says_whether_workers_can_be_forked_and_attacks_those(
    wall: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    WALLS[wall]()
    monkeypatch.setattr("grader.doctor.battery.kept_by", lambda launcher: launchers.append(launcher) or everybody())
    launchers: list[Any] = []
    typed = ["doctor", "--course", str(arena_last(tmp_path).root), "--sandbox", wall, "--warm"]
    assert cli.main([*typed, "--attack", "secret"]) == 0
    said = capsys.readouterr().out
    assert "warm       holds" in said
    assert "1 of 1 held off" in said
    assert launchers
    assert all(isinstance(launcher, WarmLauncher) for launcher in launchers)
    monkeypatch.setattr(warming, "BOOT", "raise SystemExit")
    assert cli.main([*typed, "--attack", "secret"]) == 2
    assert "warm       cannot be had here" in capsys.readouterr().out
    assert cli.main([*typed[:-1], "--quick"]) == 0


def everybody() -> frozenset[int]:
    """The processes that other tests have running."""
    return frozenset(children_of(os.getpid()))


# What it is for.


@each_wall
def test_the_processor_time_of_children_is_told_and_counted_in_the_end(wall: str, stage: Callable[..., Path]) -> None:
    source = """
    import time

    def work():
        sum(value * value for value in range(10**6))
        return np.array(time.process_time())
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with warm_from(WALLS[wall]()) as launcher:
        with StudentProcess(stage(textwrap.dedent(source)), launcher) as process:
            used = number(process, "work")
        told = launcher.zygotes.seconds
        assert told >= used > 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime >= told


@each_wall
def test_a_class_is_judged_by_forked_workers_and_one_submission_by_a_fresh_one(
    wall: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = WALLS[wall]()
    course = released_course(tmp_path)
    forked: list[Path] = []
    fork = Zygotes.fork

    def noted(zygotes: Zygotes, stage: Path, descriptors: Any) -> Any:
        forked.append(stage)
        return fork(zygotes, stage, descriptors)

    monkeypatch.setattr(Zygotes, "fork", noted)
    hand_in(course, "ana")
    assert [row.problem for row in grade_class(course, "scale", launcher=launcher, run_notebooks=False)] == [""]
    assert forked == []
    hand_in(course, "ivo")
    assert [row.problem for row in grade_class(course, "scale", launcher=launcher, run_notebooks=False)] == ["", ""]
    assert len(forked) == len(set(forked)) == 3  # one for the self-test


def test_a_class_is_judged_to_its_end_although_the_zygote_is_killed_under_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = released_course(tmp_path)
    due = whole_class(course)
    killed: list[int] = []
    fork = Zygotes.fork

    def fork_and_kill(zygotes: Zygotes, stage: Path, descriptors: Any) -> Any:
        process = fork(zygotes, stage, descriptors)
        if zygotes.forked == 2:  # the first is the self-test's
            killed.append(zygotes._all[-1].pid)
            os.kill(killed[-1], signal.SIGKILL)
            assert ended(killed[-1])
        return process

    monkeypatch.setattr(Zygotes, "fork", fork_and_kill)
    rows = grade_class(course, "scale", launcher=landlock(), run_notebooks=False, jobs=1)
    assert len(killed) == 1
    assert [row.problem for row in rows] == [""] * len(due)
    assert {row.student: row.points["scale_forward"] for row in rows} == due
