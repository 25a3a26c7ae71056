"""Mutated frames through the decoder, and what comes of them through the checks on a reply.

    .venv/bin/python -m tests.fuzz_wire --frames 10_000_000 --seed 1

Ends with status 1 at the first frame that raises anything but the wire's own error, holds a text that may not be shown,
or makes what lies beyond its bounds; and if the peak memory has grown by more than 64 MB.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from checks.executor.allowance import room
from checks.executor.errors import StudentError
from checks.executor.text import printable
from checks.executor.values import Handle, Other
from grader.sandbox.launch import PlainLauncher
from grader.sandbox.process import StudentProcess
from grader.worker import wire

MESSAGES: tuple[Any, ...] = (
    None,
    [1, 2.5, True, "š"],
    {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.zeros((0, 4)), "c": np.array(3.5)},
    [Handle(7), Other("complex128"), np.float32],
    {"number": 3, "value": [[np.ones((5, 2)), Handle(1)], [0]], "missing": ["torch"]},
    {"number": 3, "value": {"W1": np.ones((5, 2)), "b1": Other("missing")}, "missing": []},
    {"number": 3, "error": ["error", "ValueError", "bad", [["layers.py", 3, "x = y", "f"]]], "missing": []},
    ["stream", "stdout", "text\n"],
    ["display", {"text/plain": "1", "image/png": b"\x89PNG"}, {"image/png": {"width": 3}}, "", False],
)
FRAMES = tuple(wire.encode(message)[4:] for message in MESSAGES)
BOUNDS = (wire.ANY_REPLY, wire.bounds_of_reply(100), wire.NOTEBOOK)
GROWTH = 64 * 2**20
_ANNOUNCING = bytes([0xC6, 0xC7, 0xC8, 0xC9, 0xD4, 0xD8, 0xD9, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF])
"""First bytes of collections, texts and extensions of up to four gigabytes."""
_WORDS = (b"\x1b[2J", "\u202e\u2028".encode(), b"\xed\xa0\x80", "\U000e0041".encode(), b"e" + b"\xcc\x81" * 9)


def mutated(rng: random.Random) -> bytes:
    """A frame's body with up to six changes."""
    frame = bytearray(rng.choice(FRAMES))
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        action, at = rng.randrange(8), rng.randrange(len(frame) + 1)
        if action <= 1 and at < len(frame):
            frame[at] = rng.randrange(256)
        elif action == 2:
            frame[at:at] = rng.randbytes(rng.randint(1, 4))
        elif action == 3:
            del frame[at : at + rng.randint(1, 4)]
        elif action == 4:
            frame[at:at] = bytes([rng.choice(_ANNOUNCING)]) + rng.randbytes(4)
        elif action == 5:
            other = rng.choice(FRAMES)
            start = rng.randrange(len(other))
            frame[at:at] = other[start : start + rng.randint(1, 40)]
        elif action == 6 and (text := frame.find(rng.choice((b"\xa5", b"\xa3", b"\xa6")))) >= 0:
            word = rng.choice(_WORDS)
            frame[text : text + 1] = bytes([0xA0 + min(31, frame[text] - 0xA0 + len(word))]) + word
        elif action == 7:
            # Much that takes little: empty collections, small extensions, deep ones.
            frame[at:at] = rng.choice((b"\x80", b"\x90", b"\xd4\x02a", b"\x91")) * rng.choice((5, 50, 500, 5_000))
    return bytes(frame)


def faults(body: bytes, bounds: wire.Bounds) -> str:
    """What is wrong with how a frame is taken; `decoded` or `refused` if nothing is."""
    try:
        message = wire.decode(body, bounds)
    except wire.WireError:
        return "refused"
    parts = list(_parts(message))
    if len(parts) > bounds.items:
        return f"{len(parts)} items"
    if sum(room(part.shape) for part in parts if isinstance(part, np.ndarray)) > bounds.arrays:
        return "arrays beyond their bound"
    for part in parts:
        text = part.description if isinstance(part, Other) else part
        if bounds.printable and isinstance(text, str) and printable(text) != text:
            return f"a text that may not be shown: {text!r}"
    process = _Answered(message)
    for ask in (process.call_a_function, process.read_parameters):
        with contextlib.suppress(StudentError):
            ask()
    if len(process.missing) > 20:
        return "too many modules"
    return "decoded"


class _Answered(StudentProcess):
    """Gets one answer to whatever it asks, and has no process."""

    def __init__(self, answer: Any) -> None:
        super().__init__(Path(), PlainLauncher())
        self.answer = answer
        self._process = self._channel = self  # type: ignore[assignment]

    def call_a_function(self) -> None:
        self._number = 2
        self.call("layers", "f", [np.ones(3)], {}, ("array", "handle"))

    def read_parameters(self) -> None:
        self._number = 2
        self.read(Handle(1), "params", "arrays")

    def send(self, *_: object) -> None:
        """Take the question."""

    def receive(self, *_: object) -> Any:
        return self.answer

    def stop(self) -> None:
        """There is nothing to end."""


def _parts(message: Any) -> Iterator[Any]:
    yield message
    if isinstance(message, dict):
        for key, item in message.items():
            yield key
            yield from _parts(item)
    elif isinstance(message, list):
        for item in message:
            yield from _parts(item)


def fuzz(frames: int, seed: int, shown: int = 0) -> dict[str, int]:
    """How many frames were decoded and refused.

    Raises:
        AssertionError: one did neither.
    """
    rng = random.Random(seed)
    count = {"decoded": 0, "refused": 0}
    for number in range(1, frames + 1):
        body, bounds = mutated(rng), BOUNDS[number % len(BOUNDS)]
        try:
            what = faults(body, bounds)
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
        assert what in count, f"seed {seed}, frame {number}, {bounds}: {what}\n{body[:2000].hex()}"
        count[what] += 1
        if shown and number % shown == 0:
            print(f"{number} frames, {count}, {_memory() // 2**20} MB", flush=True)
    return count


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz_wire", description="Fuzz the wire's decoder.")
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    before, began = _memory(), time.monotonic()
    count = fuzz(options.frames, options.seed, shown=1_000_000)
    grown = _memory() - before
    seconds = time.monotonic() - began
    print(f"{options.frames} frames, seed {options.seed}: {count}, {seconds:.0f} s, memory grew by {grown // 2**20} MB")
    if not all(count.values()) or grown > GROWTH:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
