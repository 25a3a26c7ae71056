"""Text that a submission made, as it may reach a terminal, a file or a page: seen as it is, on one line, bounded.

This file needs Python only, and nothing else of the kit, as it runs beside the student's code, too.
"""

from __future__ import annotations

import unicodedata

LONGEST = 1_000
"""Characters of a text, if nothing else is said."""
MOST_MARKS = 2
"""Accents on one letter; Vietnamese needs two, and a hundred cover the lines above."""

_UNSEEN = frozenset(
    map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2800, 0x3164))
) | frozenset(map(chr, (*range(0xFE00, 0xFE10), 0xFFA0, 0x1D159, *range(0xE0100, 0xE01F0))))
"""Letters and marks that nobody sees, and that Python takes for printable."""


def printable(text: str, limit: int | None = LONGEST, instead: str = " ") -> str:
    """The text without what moves a cursor, colours lines, turns the direction of reading, or is not seen.

    Args:
        text: from wherever; half of a pair of surrogates may be in it.
        limit: characters, or None where the text is bounded already.
        instead: stands for each character that is taken out, so that no text becomes another that is trusted.
    """
    if limit is not None and len(text) > limit:
        text = f"{text[: limit - 1]}…"
    if text.isascii() and text.isprintable():
        return text
    shown, marks = [], 0
    for character in text:
        # Controls, what formats, surrogates, private use, what is unassigned, separators of lines: Python's own word.
        fine = character.isprintable() and character not in _UNSEEN
        marks = marks + 1 if unicodedata.category(character).startswith("M") else 0
        shown.append(character if fine and marks <= MOST_MARKS else instead)
    return "".join(shown)
