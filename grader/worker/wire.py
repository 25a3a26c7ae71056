"""Frames between the trusted side and a student's process.

A frame is four bytes of length and a msgpack message of plain data. Arrays travel as type, shape and raw bytes from a
whitelist; objects that stay on the student's side travel as handles. What would be made of a frame is counted before
any of it is made (`measure`), and an array's size is looked up before the array is. Decoding what came from a student's
process raises `WireError` and nothing else, and never holds more than a small multiple of the frame's length, which is
itself bounded by what was asked for.

msgpack does the encoding. What is our own is the bounds: `multiprocessing.connection` unpickles, which runs code of the
sender's choice; `msgpack-numpy` unpickles arrays of objects, too; and msgpack's own limits and the types of `msgspec`
hold for each value, while a frame of small values within them may still take many times its length in memory.
"""

from __future__ import annotations

import contextlib
import math
import struct
import time
from dataclasses import dataclass
from functools import lru_cache
from socket import socket
from typing import Any

import msgpack
import numpy as np

from checks.executor.allowance import LARGEST, room
from checks.executor.text import printable
from checks.executor.values import (
    AS_THEY_ARE,
    LONGEST_TEXT,
    MOST_NAMES,
    WHITELIST,
    Callback,
    Handle,
    Named,
    Other,
    Text,
)

from .measure import TooMuch, measure

LARGEST_FRAME = 64 * 2**20
MOST_AXES = 8


@dataclass(frozen=True)
class Bounds:
    """What one message may hold, in bytes and items."""

    frame: int
    """All of it."""
    text: int
    """One text."""
    texts: int
    """All texts."""
    raw: int
    """Bytes that are neither text nor an array."""
    arrays: int
    """All arrays, as float64; 0 if neither arrays nor handles nor types may come."""
    collection: int = MOST_NAMES
    """Items of one list or dictionary."""
    items: int = 10_000
    """Everything that an object is made of."""
    depth: int = 16
    """Lists and dictionaries in each other."""
    printable: bool = False
    """Whether every text is made printable."""
    trusted: bool = False
    """Whether the totals may be taken on trust."""


QUESTION = Bounds(LARGEST_FRAME, text=2**16, texts=2**20, raw=0, arrays=LARGEST_FRAME, trusted=True)
"""To a student's process, which has nothing to lose by it."""
NOTEBOOK = Bounds(4 * 2**20, text=2 * 2**20, texts=4 * 2**20, raw=4 * 2**20, arrays=0)
"""Sources of cells one way, their outputs the other: text and pictures, and nothing that could be graded."""

_TALK = 2**17
"""Bytes of a reply that are no array: names, an error, and what announces them."""


@lru_cache(maxsize=64)
def bounds_of_reply(most: int) -> Bounds:
    """What a student's process may answer to a question whose answer takes at most so many bytes, as float64."""
    return Bounds(most + _TALK, text=4_000, texts=_TALK, raw=0, arrays=most, printable=True)


ANY_REPLY = bounds_of_reply(LARGEST)

_ARRAY, _HANDLE, _OTHER, _TYPE, _TEXT, _TUPLE, _NAMED, _CALLBACK = range(1, 9)
_LENGTH = struct.Struct(">I")
_LITTLE = {char: np.dtype(np.dtype(char).newbyteorder("<").str) for char in WHITELIST}
_DTYPES = {dtype.str: dtype for dtype in _LITTLE.values()}
_LETTERS = {ord(char): dtype for char, dtype in _LITTLE.items()}
_LENGTHS = [struct.Struct(f">BB{axes}I") for axes in range(MOST_AXES + 1)]
"""What an array's bytes begin with: the letter of its type, the number of its axes, and the length of each."""


class WireError(Exception):
    """The bytes are not a message of this protocol."""


class TooLarge(WireError):
    """The message is larger than may come."""


class Closed(WireError):
    """The other side is gone."""


def encode(message: Any) -> bytes:
    """The message as a frame.

    Raises:
        WireError: the message holds something that may not travel, or is too large.
    """
    try:
        body: bytes = msgpack.packb(message, default=_default, use_bin_type=True)
    except (TypeError, ValueError, OverflowError, struct.error) as error:
        raise WireError(f"cannot be sent: {error}") from None
    if len(body) > LARGEST_FRAME:
        raise WireError(f"{len(body)} bytes, at most {LARGEST_FRAME} may be sent")
    return _LENGTH.pack(len(body)) + body


def decode(body: bytes | bytearray, bounds: Bounds = ANY_REPLY) -> Any:
    """The message in the body of a frame.

    Raises:
        TooLarge: more would be made of it than may come.
        WireError: not a message of this protocol.
    """
    if len(body) > bounds.frame:
        raise _too_long(len(body), bounds)
    try:
        # Of fewer bytes there are no more items; how deep they lie in each other shows on the way through.
        small = bounds.printable and len(body) <= min(bounds.items, bounds.texts)
        if not bounds.trusted and not small:
            measure(body, bounds)
        message = msgpack.unpackb(
            body,
            ext_hook=_Extensions(bounds.arrays, bounds.trusted),
            raw=False,
            strict_map_key=False,
            max_str_len=bounds.text,
            max_bin_len=bounds.raw,
            max_array_len=bounds.collection,
            max_map_len=bounds.collection,
            max_ext_len=bounds.frame if bounds.arrays else 0,
        )
        return _printable(message, bounds.depth) if bounds.printable else message
    except (TooMuch, msgpack.StackError) as error:
        raise TooLarge(str(error) or f"more than {bounds.depth} collections in each other") from None
    except WireError:
        raise
    except (
        *(ValueError, TypeError, KeyError, OverflowError, struct.error, msgpack.UnpackException),
        *(MemoryError, RecursionError),
    ) as error:
        raise WireError(f"not a message: {type(error).__name__}") from None


_NO_TEXT = AS_THEY_ARE - {str}


def _printable(message: Any, depth: int) -> Any:
    """The message with every text in it as it may reach a terminal, a file or a page.

    Raises:
        TooMuch: more collections are in each other than `depth`.
    """
    kind = type(message)
    if kind is str:
        return printable(message)
    if kind in _NO_TEXT:
        return message
    if kind is list or kind is dict:
        if depth == 0:
            raise TooMuch
        if kind is list:
            return [item if type(item) in _NO_TEXT else _printable(item, depth - 1) for item in message]
        return {
            _printable(key, depth - 1): item if type(item) in _NO_TEXT else _printable(item, depth - 1)
            for key, item in message.items()
        }
    return Other(printable(message.description)) if kind is Other else message


def _too_long(length: int, bounds: Bounds) -> TooLarge:
    return TooLarge(f"{length} bytes")


def _extension(code: int, data: bytes) -> msgpack.ExtType:
    """What msgpack packs under a code, without its checks of both, which take longer than the packing."""
    made: msgpack.ExtType = tuple.__new__(msgpack.ExtType, (code, data))
    return made


def _default(value: Any) -> msgpack.ExtType:
    if isinstance(value, np.ndarray):
        char, shape = value.dtype.char, value.shape
        if char not in WHITELIST or type(value) is not np.ndarray or len(shape) > MOST_AXES:
            raise TypeError(f"array of {value.dtype}, {shape}")
        head = _LENGTHS[len(shape)].pack(ord(char), len(shape), *shape)
        return _extension(_ARRAY, head + value.astype(_LITTLE[char], copy=False).tobytes())
    if isinstance(value, Handle):
        return _extension(_HANDLE, struct.pack(">I", value.number))
    if isinstance(value, Other):
        return _extension(_OTHER, value.description[:200].encode("utf-8", "replace"))
    if isinstance(value, Text):
        return _extension(_TEXT, value.text.encode("utf-8", "replace"))
    if isinstance(value, Tuple):
        return _extension(_TUPLE, msgpack.packb(list(value.items), default=_default))
    if isinstance(value, Named):
        return _extension(_NAMED, msgpack.packb([value.module, value.name]))
    if isinstance(value, Callback):
        return _extension(_CALLBACK, msgpack.packb([value.number, value.at_most]))
    if isinstance(value, type) and issubclass(value, np.generic):
        return _extension(_TYPE, np.dtype(value).newbyteorder("<").str.encode())
    raise TypeError(type(value).__name__)


@dataclass(frozen=True)
class Tuple:
    """A tuple in a question: msgpack takes it for a list."""

    items: tuple[Any, ...]


def with_tuples(value: Any) -> Any:
    """An argument whose tuples are sent as such."""
    if type(value) in AS_THEY_ARE:
        return value
    if isinstance(value, tuple):
        return Tuple(tuple([item if type(item) in AS_THEY_ARE else with_tuples(item) for item in value]))
    if isinstance(value, list):
        return [item if type(item) in AS_THEY_ARE else with_tuples(item) for item in value]
    if isinstance(value, dict):
        return {key: item if type(item) in AS_THEY_ARE else with_tuples(item) for key, item in value.items()}
    return value


class _Extensions:
    """Makes the arrays, handles, types and other things of one message; some of them of a question alone."""

    def __init__(self, room: int, trusted: bool) -> None:
        self._left = room
        self._trusted = trusted

    def __call__(self, code: int, data: bytes) -> Any:
        if code == _ARRAY:
            return self._array(data)
        if code == _HANDLE and len(data) == 4:
            return Handle(struct.unpack(">I", data)[0])
        if code == _OTHER and len(data) <= 800:
            return Other(data.decode("utf-8", "replace"))
        if code == _TYPE and len(data) <= 8:
            return _dtype(data.decode("ascii", "replace")).type
        if code == _TEXT and len(data) <= 4 * LONGEST_TEXT:
            return Text(data.decode("utf-8", "replace"))
        if self._trusted and code in {_TUPLE, _NAMED, _CALLBACK}:
            items = msgpack.unpackb(data, ext_hook=self, raw=False, strict_map_key=False)
            return tuple(items) if code == _TUPLE else Named(*items) if code == _NAMED else Callback(*items)
        raise WireError(f"unknown extension {code}")

    def _array(self, data: bytes) -> np.ndarray:
        dtype = _LETTERS.get(data[0]) if len(data) > 1 else None
        if dtype is None:
            raise WireError("not an array")
        if (axes := data[1]) > MOST_AXES or len(data) < _LENGTHS[axes].size:
            raise WireError("not a shape")
        shape = _LENGTHS[axes].unpack_from(data)[2:]
        if any(length >= 2**31 for length in shape):
            raise WireError("not a shape")
        self._left -= room(shape)
        if self._left < 0:
            raise TooLarge(str(shape))
        begins = _LENGTHS[axes].size
        if math.prod(shape) * dtype.itemsize != len(data) - begins:
            raise WireError(f"an array of shape {list(shape)} has another number of bytes")
        return np.frombuffer(data, dtype, offset=begins).reshape(shape).copy()


def _dtype(text: str) -> np.dtype[Any]:
    # Looked up, not parsed: `np.dtype` understands a language of its own.
    if (dtype := _DTYPES.get(text)) is None:
        raise WireError("type may not travel")
    return dtype


_AT_ONCE = 2**16
"""Bytes that are taken from the pipe at a time, where there are so many."""


class Channel:
    """One end of the pipe; every wait has a deadline."""

    def __init__(self, end: socket, bounds: Bounds) -> None:
        self._socket = end
        self._bounds = bounds
        self._received = bytearray()

    def send(self, message: Any, seconds: float | None = None) -> None:
        """Send a message.

        Raises:
            Closed: the other side is gone.
            TimeoutError: it did not take the message in time.
        """
        self._socket.settimeout(seconds)
        try:
            self._socket.sendall(encode(message))
        except TimeoutError:
            raise
        except OSError:
            raise Closed("the other side is gone") from None

    def receive(self, seconds: float | None = None, bounds: Bounds | None = None) -> Any:
        """The next message, under the channel's bounds or under narrower ones.

        Raises:
            Closed: the other side is gone.
            TimeoutError: no whole message came in time.
            TooLarge: what comes is larger than it may be; the rest of it is still in the pipe.
            WireError: what came is not a message.
        """
        bounds = bounds or self._bounds
        deadline = None if seconds is None else time.monotonic() + seconds
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size, deadline))
        if length > bounds.frame:
            raise _too_long(length, bounds)
        return decode(self._exactly(length, deadline), bounds)

    def close(self, seconds: float = 0.0) -> None:
        """Close this end, after everyone who holds the other one has let go of it, or after some seconds."""
        deadline = time.monotonic() + seconds
        with contextlib.suppress(OSError):
            while (left := deadline - time.monotonic()) > 0:
                self._socket.settimeout(left)
                if not self._socket.recv(2**20):
                    break
        self._socket.close()

    def _exactly(self, count: int, deadline: float | None) -> bytearray:
        # Grown as bytes come, so that a length alone reserves nothing; what came with them is the next message's.
        received = self._received
        while len(received) < count:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            try:
                part = self._socket.recv(max(_AT_ONCE, min(count - len(received), 2**20)))
            except TimeoutError:
                raise
            except OSError:
                raise Closed("the other side is gone") from None
            if not part:
                raise Closed("the other side is gone")
            received += part
        taken, self._received = received[:count], received[count:]
        return taken
