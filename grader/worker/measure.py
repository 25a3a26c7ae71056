"""What would be made of a msgpack message, counted before any of it is made.

msgpack bounds each text and each collection by itself; a few megabytes of small ones within their bounds still become
gigabytes of objects. This walks over the bytes once, skips what texts and arrays hold, and builds nothing.
"""

from __future__ import annotations

from typing import Protocol


class Totals(Protocol):
    """What one message may hold."""

    @property
    def texts(self) -> int:
        """Bytes of all texts."""
        ...

    @property
    def items(self) -> int:
        """Items, each collection and everything in it."""
        ...

    @property
    def depth(self) -> int:
        """Collections in each other."""
        ...


class TooMuch(ValueError):
    """More than one of the totals."""


_PLAIN, _TEXT, _RAW, _LIST, _MAP = range(5)

Head = tuple[int, int, int]
"""What a first byte announces: the kind, how many bytes of length follow, and the length or what is added to it."""


def _heads() -> tuple[Head | None, ...]:
    heads: list[Head | None] = [None] * 256
    for byte in (*range(0x80), *range(0xE0, 0x100), 0xC0, 0xC2, 0xC3):  # small integers, None, False, True
        heads[byte] = _PLAIN, 0, 0
    for count in range(16):
        heads[0x80 + count], heads[0x90 + count] = (_MAP, 0, count), (_LIST, 0, count)
    for count in range(32):
        heads[0xA0 + count] = _TEXT, 0, count
    for power in range(3):
        wide = 2**power
        heads[0xC4 + power], heads[0xD9 + power] = (_RAW, wide, 0), (_TEXT, wide, 0)
        heads[0xC7 + power] = _RAW, wide, 1  # an extension: a byte that says which, and its bytes
    for byte, size in {0xCA: 4, 0xCB: 8}.items():  # floats
        heads[byte] = _PLAIN, 0, size
    for power in range(4):
        heads[0xCC + power] = heads[0xD0 + power] = _PLAIN, 0, 2**power  # integers
    for power in range(5):
        heads[0xD4 + power] = _RAW, 0, 1 + 2**power  # extensions of fixed lengths
    for power in (1, 2):
        heads[0xDB + power], heads[0xDD + power] = (_LIST, 2**power, 0), (_MAP, 2**power, 0)
    return tuple(heads)


_HEADS = _heads()


def measure(body: bytes | bytearray, most: Totals) -> None:
    """Walk over a message.

    Raises:
        TooMuch: it holds more than it may.
        ValueError: it ends too early or too late, or is no message.
    """
    at, length, items, texts, left = 0, len(body), 0, 0, 1
    """`left` are the values that the innermost open collection still lacks, `waiting` those of the others."""
    waiting: list[int] = []
    most_items = most.items
    while True:
        while not left:
            if not waiting:
                if at != length:
                    raise ValueError("no message")
                return
            left = waiting.pop()
        left -= 1
        items += 1
        if items > most_items:
            raise TooMuch(f"more than {most_items} items")
        head = _HEADS[body[at]] if at < length else None
        if head is None:
            raise ValueError("no message")
        kind, wide, size = head
        at += 1
        if wide:
            size += int.from_bytes(body[at : at + wide], "big")
            at += wide
        if kind < _LIST:
            at += size
            if kind == _TEXT:
                texts += size
                if texts > most.texts:
                    raise TooMuch(f"more than {most.texts} bytes of text")
            continue
        size *= kind - _LIST + 1
        if size > most_items:
            raise TooMuch(f"more than {most_items} items")
        waiting.append(left)
        if len(waiting) > most.depth:
            raise TooMuch(f"more than {most.depth} collections in each other")
        left = size
