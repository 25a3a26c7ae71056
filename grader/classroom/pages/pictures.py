"""Pictures that a submission brings along: what they are, read from their first bytes without drawing them."""

from __future__ import annotations

import struct

MOST_PIXELS = 50_000_000
"""Of one picture: a small file can hold one that no browser can draw."""


def can_be_shown(mime: str, data: bytes) -> bool:
    """True for a PNG or JPEG that says to be no larger than a browser can draw.

    Args:
        mime: what the picture is said to be.
        data: the file.
    """
    read = _READERS.get(mime)
    width, height = read(data) if read else (0, 0)
    return 0 < width * height <= MOST_PIXELS


def _png(data: bytes) -> tuple[int, int]:
    """Width and height from the header chunk (PNG specification, 11.2.1); (0, 0) of what is no PNG."""
    if len(data) < 33 or data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR":
        return 0, 0
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def _jpeg(data: bytes) -> tuple[int, int]:
    """Width and height from the first frame header (ITU T.81, B.2.2); (0, 0) of what is no JPEG."""
    if data[:2] != b"\xff\xd8":
        return 0, 0
    position = 2
    while position + 9 <= len(data) and data[position] == 0xFF:
        marker, length = data[position + 1], int.from_bytes(data[position + 2 : position + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[position + 5 : position + 9])
            return width, height
        position += 2 + length
    return 0, 0


_READERS = {"image/png": _png, "image/jpeg": _jpeg}
