"""What comes over the wire: of its kind, no more than was asked for, and no more than the frame that it came in."""

from __future__ import annotations

import resource
import socket
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import fuzz_wire
import msgpack
import numpy as np
import pytest
from conftest import ROOT, Submit
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.executor.allowance import BESIDES, LARGEST, TIMES, Allowance
from checks.executor.errors import StudentError
from checks.executor.executor import Executor, Kind
from checks.executor.values import Handle, Other
from checks.result import Result
from grader.course import Course
from grader.grading.grade import grade
from grader.reference.edits import Edit
from grader.sandbox.launch import PlainLauncher
from grader.sandbox.process import StudentProcess
from grader.sandbox.staging import SUBMISSION, stage_kit
from grader.worker import wire
from grader.worker.measure import measure

SMALL = wire.bounds_of_reply(1_000)


@pytest.mark.parametrize("message", fuzz_wire.MESSAGES[:7], ids=range(7))
def test_a_message_comes_out_of_the_wire_as_it_went_in(message: object) -> None:
    back = wire.decode(wire.encode(message)[4:])
    np.testing.assert_equal(back, message)


@pytest.mark.parametrize(
    "frames", [20_000, pytest.param(1_000_000, marks=pytest.mark.full)], ids=["a share", "a million"]
)
def test_mutated_frames_raise_nothing_but_wire_errors_and_take_no_memory(frames: int) -> None:
    """In a process of its own, whose peak memory is the decoder's; a few megabytes of it are Python's allocator."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.fuzz_wire", "--frames", str(frames), "--seed", "2"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-2000:]


@pytest.mark.parametrize("protection", ["printable", "measure", "room"])
def test_the_fuzzer_sees_when_a_protection_is_off(monkeypatch: pytest.MonkeyPatch, protection: str) -> None:
    off: dict[str, Callable[..., Any]] = {
        "printable": lambda text: text,
        "measure": lambda body, bounds: None,
        "room": lambda shape: 0,
    }
    monkeypatch.setattr(wire, protection, off[protection])
    monkeypatch.setattr(fuzz_wire, "BOUNDS", (replace(wire.bounds_of_reply(40), items=12),))
    with pytest.raises(AssertionError, match=r"may not be shown|items|beyond"):
        fuzz_wire.fuzz(20_000, 3)


@pytest.mark.parametrize(
    "value",
    [np.array([1j]), np.array(["a"]), np.array([object()]), np.array([(1, 2)], dtype="i4,i4"), object(), {1, 2}],
    ids=["complex", "text", "objects", "records", "object", "set"],
)
def test_only_plain_numbers_travel(value: object) -> None:
    with pytest.raises(wire.WireError):
        wire.encode(value)


def test_an_array_that_lies_about_its_shape_is_refused() -> None:
    header = struct.pack(">BBII", ord("d"), 2, 3, 30)
    with pytest.raises(wire.WireError, match="another number of bytes"):
        wire.decode(msgpack.packb(msgpack.ExtType(1, header + bytes(8))))


def test_a_length_beyond_the_largest_frame_is_refused_before_anything_is_read() -> None:
    here, there = socket.socketpair()
    with here, there:
        there.sendall(b"\xff\xff\xff\xff")
        with pytest.raises(wire.TooLarge, match="4294967295 bytes"):
            wire.Channel(here, wire.ANY_REPLY).receive(1.0)


def test_a_length_beyond_what_was_asked_for_is_refused_before_anything_is_read() -> None:
    here, there = socket.socketpair()
    with here, there:
        there.sendall(struct.pack(">I", SMALL.frame + 1))
        with pytest.raises(wire.TooLarge):
            wire.Channel(here, wire.QUESTION).receive(1.0, SMALL)


# What an answer may be.


def test_an_answer_may_take_sixteen_times_what_was_asked_for_and_64_kilobytes() -> None:
    allowance = Allowance()
    assert allowance.most == BESIDES == 64 * 1024
    allowance.asked([np.ones((10, 10), bool), [np.float64(3)], {"mode": "train", "mean": np.ones(5, np.float32)}])
    assert allowance.expected == 8 * 105
    assert allowance.most == TIMES * 8 * 105 + BESIDES
    allowance.asked([np.ones(100)])
    assert allowance.expected == 8 * 205
    allowance.reset()
    assert allowance.most == BESIDES


def test_the_lengths_of_layers_allow_for_the_parameters_between_them() -> None:
    allowance = Allowance()
    allowance.asked([[100, 50], {"input_dim": 3072, "num_classes": 10}])
    assert allowance.expected >= 8 * (3072 * 100 + 100 * 50 + 50 * 10 + 160)


def test_what_is_expected_can_be_said_and_holds_until_the_next_check() -> None:
    allowance = Allowance()
    allowance.expect(1_000)
    allowance.asked([np.ones(10**6)])
    assert allowance.most == TIMES * 1_000 + BESIDES
    allowance.expect(10**12)
    assert allowance.most == LARGEST
    allowance.reset()
    assert allowance.most == BESIDES


@pytest.mark.parametrize(
    "array",
    [np.zeros((5, 30), bool), np.zeros(126), np.zeros((0, 2**31 - 1)), np.zeros((126, 0), np.float16)],
    ids=["booleans", "floats", "a long axis beside none", "an axis of none"],
)
def test_an_array_larger_than_was_asked_for_is_refused_before_it_is_made(
    array: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert SMALL.arrays == 1_000
    with pytest.raises(wire.TooLarge):
        wire.decode(wire.encode(array)[4:], SMALL)
    assert wire.decode(wire.encode(np.zeros((5, 25), bool))[4:], SMALL).shape == (5, 25)
    monkeypatch.setattr(wire, "room", lambda shape: 0)
    assert wire.decode(wire.encode(array)[4:], SMALL).shape == array.shape


def test_arrays_of_one_message_count_together() -> None:
    ten = {f"W{number}": np.zeros(13) for number in range(10)}
    with pytest.raises(wire.TooLarge):
        wire.decode(wire.encode(ten)[4:], SMALL)
    assert len(wire.decode(wire.encode(ten)[4:], wire.bounds_of_reply(8 * 130))) == 10


@pytest.fixture
def process(tmp_path: Path) -> Any:
    package = tmp_path / SUBMISSION / "funkcije"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "made.py").write_text(
        """
import numpy as np
def twice(x): return np.concatenate([x, x])
def zeros(*shape): return np.zeros([int(length) for length in shape], bool)
def names(count): return {f"W{number}": 1.0 for number in range(int(count))}
"""
    )
    stage_kit(tmp_path)
    with StudentProcess(tmp_path, PlainLauncher()) as running:
        yield running


def test_a_process_is_held_to_what_it_was_asked(process: StudentProcess) -> None:
    def zeros(*shape: float) -> Any:
        return process.call("made", "zeros", [float(length) for length in shape], {}, ["array"]).values[0]

    assert zeros(8, 1024).shape == (8, 1024)
    for shape in ((8, 1025), (20, 10**6)):
        with pytest.raises(StudentError, match="bool, ") as raised:
            zeros(*shape)
        assert raised.value.kind == "too_large"
    x = np.ones(100_000)
    assert process.call("made", "twice", [x], {}, ["array"]).values[0].shape == (200_000,)
    with pytest.raises(StudentError) as raised:
        process.call("made", "names", [1001.0], {}, ["arrays"])
    assert (raised.value.kind, raised.value.message) == ("too_large", "dict: 1001")


def test_far_too_much_costs_its_own_checks_and_is_said_in_words(
    course: Course, assignment: Any, submit: Submit
) -> None:
    line = "dbeta = dout.sum(axis=0)"
    much = Edit("layers", "batchnorm_backward", line, f"return np.zeros((20, 10**6), bool), 0, 0\n    {line}")
    for language, words in (
        ("en", "The result is far larger than what was asked for (bool, (20, 1000000))."),
        ("cnr", "Vraćeni rezultat je mnogo veći od traženog (bool, (20, 1000000))."),
    ):
        result: Result = grade(submit(much, name=language), course, assignment, language=language)
        assert {check.message for check in result.of("batchnorm_backward")} == {words}
        for function in ("batchnorm_forward", "batchnorm_backward_alt", "layernorm_backward"):
            assert all(check.status == "passed" for check in result.of(function)), function


# What may be made of a message.

MILLION = 1_000_000


def lists(*parts: bytes) -> bytes:
    """A list of parts, in lists of no more than a thousand."""
    flat = list(parts)
    while len(flat) > 1000:
        flat = [
            b"\xdc" + struct.pack(">H", len(some)) + b"".join(some)
            for some in (flat[at : at + 1000] for at in range(0, len(flat), 1000))
        ]
    return b"\xdc" + struct.pack(">H", len(flat)) + b"".join(flat)


HOSTILE = {
    "empty dictionaries": lambda: lists(*[b"\x80"] * MILLION),
    "empty lists": lambda: lists(*[b"\x90"] * MILLION),
    "numbers": lambda: lists(*[b"\x01"] * MILLION),
    "small extensions": lambda: lists(*[b"\xd4\x03a"] * (MILLION // 3)),
    "empty arrays": lambda: lists(*[wire.encode(np.zeros(0))[4:]] * 50_000),
    "lists in lists": lambda: b"\x91" * MILLION + b"\xc0",
    "dictionaries in dictionaries": lambda: b"\x81\xa1a" * (MILLION // 3) + b"\xc0",
    "texts": lambda: lists(*[b"\xda\x0f\x00" + b"x" * 0xF00] * 250),
    "short texts": lambda: lists(*[b"\xa3abc"] * (MILLION // 4)),
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("bounds", [wire.ANY_REPLY, wire.NOTEBOOK], ids=["graded", "notebook"])
def test_a_little_that_would_become_much_is_refused_before_it_is_made(kind: str, bounds: wire.Bounds) -> None:
    body = HOSTILE[kind]()
    if bounds is wire.NOTEBOOK and kind == "texts":  # a megabyte of which is what a notebook may put out
        assert wire.decode(body, bounds)
        return
    tracemalloc.start()
    try:
        with pytest.raises(wire.TooLarge):
            wire.decode(body, bounds)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


LIMITED = """
import resource, sys
from grader.worker import wire
body = b"\\xdc\\x2e\\xe0" + (b"\\xdc\\x03\\xe8" + b"\\x80" * 1000) * 12_000
bounds = wire.Bounds(2**26, 4000, 2**20, 0, 2**20, collection=10**6, printable=True)
if sys.argv[1] == "off":
    wire.measure = lambda body, bounds: None
with open("/proc/self/statm") as statm:
    now = int(statm.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + 100 * 2**20,) * 2)
try:
    wire.decode(body, bounds)
except wire.WireError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize(
    ("measured", "said"),
    [("on", "TooLarge more than 10000 items\n"), ("off", "WireError not a message: MemoryError\n")],
)
def test_12_megabytes_of_empty_dictionaries_would_take_ten_times_that(measured: str, said: str) -> None:
    """And where memory ends all the same, that is an error of the wire's own."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, measured],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == said, done.stderr[-2000:]


@pytest.mark.parametrize("error", [MemoryError, RecursionError, OverflowError, ValueError])
def test_whatever_a_decoder_runs_into_is_an_error_of_the_wires_own(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(msgpack, "unpackb", fails)
    with pytest.raises(wire.WireError, match=error.__name__):
        wire.decode(b"\xc0")


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=300)
    | st.binary(max_size=300)
    | st.builds(msgpack.ExtType, st.integers(5, 100), st.binary(max_size=300)),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=40), inner, max_size=20),
    max_leaves=40,
)


@settings(deadline=None, max_examples=50)
@given(PLAIN)
def test_a_message_is_measured_as_msgpack_reads_it(message: Any) -> None:
    body = msgpack.packb(message)
    items, texts, depth = _counted(message)
    exactly = replace(wire.NOTEBOOK, items=items, texts=texts, depth=depth)
    measure(body, exactly)
    for less in ({"items": items - 1}, {"texts": texts - 1}, {"depth": depth - 1}):
        if min(less.values()) >= 0:
            with pytest.raises(ValueError, match="more than"):
                measure(body, replace(exactly, **less))
    for broken in (body[:-1], body + b"\xc0"):
        with pytest.raises(ValueError, match=r"no message|more than"):
            measure(broken, exactly)


def _counted(message: Any) -> tuple[int, int, int]:
    """Items, bytes of text, and depth."""
    if isinstance(message, str):
        return 1, len(message.encode()), 0
    if not isinstance(message, dict | list):
        return 1, 0, 0
    inside = [_counted(item) for item in [*message, *(message.values() if isinstance(message, dict) else ())]]
    return 1 + sum(i for i, _, _ in inside), sum(t for _, t, _ in inside), 1 + max((d for *_, d in inside), default=0)


# What is kept of what a process says.


class Says(fuzz_wire._Answered):
    """A process that says the same to everything."""


def test_of_missing_modules_a_bounded_number_of_bounded_names_is_kept() -> None:
    process = Says(None)
    for turn in range(10):
        process.answer = {"number": 2, "value": np.ones(1), "missing": [f"m{turn}_{item}" for item in range(500)]}
        process._number = 1
        process.read(Handle(1), "x", "array")
    assert len(process.missing) == 20
    process = Says({"number": 2, "value": np.ones(1), "missing": ["m" * 101, "a b", "\x1b", 3, "numby"]})
    process._number = 1
    process.read(Handle(1), "x", "array")
    assert process.missing == {"numby"}


def test_an_executor_in_the_students_own_process_holds_to_the_same_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "large").mkdir()
    (tmp_path / "large" / "__init__.py").touch()
    (tmp_path / "large" / "made.py").write_text(
        "import numpy as np\ndef view(x): return np.broadcast_to(0.0, (10**8, 10**7))\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(StudentError, match="float64, ") as raised:
        Executor("large").call("made", "view", [np.ones(3)], {}, ["array"])
    assert raised.value.kind == "too_large"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 8 * 2**20


@pytest.mark.parametrize("number", [np.ones(2), np.ones(1) * 2, 2.0, True, None, "2", [2], Handle(2)])
def test_an_answer_whose_number_is_none_is_one_to_another_question(number: object) -> None:
    process = Says({"number": number, "value": np.ones(1), "missing": []})
    process._number = 1
    with pytest.raises(StudentError, match="another question"):
        process.read(Handle(1), "x", "array")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *[("array", value) for value in (1.0, None, "right", [1.0], Handle(1), {"x": np.ones(1)})],
        *[("arrays", value) for value in (1.0, np.ones(1), Handle(1), [np.ones(1)], {"x": 1.0}, {b"x": np.ones(1)})],
        *[("handle", value) for value in (1, np.ones(1), Other("an object"), {"x": np.ones(1)})],
    ],
)
def test_an_answer_of_another_kind_than_was_asked_for_is_refused(kind: Kind, value: object) -> None:
    process = Says({"number": 2, "value": value, "missing": []})
    process._number = 1
    with pytest.raises(StudentError, match="another kind"):
        process.read(Handle(1), "x", kind)
    process.answer = {"number": 3, "value": [[np.ones(1), value], []], "missing": []}
    process._number = 2
    with pytest.raises(StudentError, match="another kind"):
        process.call("made", "twice", [np.ones(1)], {}, ["array", kind])
