"""A table as a learning management system wrote it, of which single cells are filled in and nothing else changes.

    sheet = read_sheet(Path("grades.csv"))
    sheet.fill(3, 5, "38.5")
    content = sheet.to_bytes()

Encoding, byte order mark, separator, quotes and line ends stay as they are: what is not filled in is not even decoded
and encoded to something else, but kept as it stood.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ...errors import GraderError
from ...text import shown

MAX_BYTES = 100_000_000
"""No class fills more."""
_SEPARATORS = ",;\t"
_CODE_PAGES = ("cp1250", "cp1252")
"""What Windows writes in Central and in Western Europe."""
_AGAIN = "Next: download it again as UTF-8, or save it as UTF-8"


@dataclass
class Sheet:
    """A table that was read.

    A cell is named by its row and its column, both from 0; row 0 is the header.
    """

    path: Path
    encoding: str
    mark: bytes
    """The byte order mark; empty if there is none."""
    separator: str
    rows: list[list[str]]
    """Each cell as it stands in the file, with its quotes."""
    ends: list[str]
    """What ends each row; empty for the last, if nothing does."""

    @property
    def header(self) -> list[str]:
        """The titles of the columns."""
        return self.values(0)

    def values(self, row: int) -> list[str]:
        """What a reader sees of a row."""
        return [_value(raw) for raw in self.rows[row]]

    def value(self, row: int, column: int) -> str:
        """What a reader sees of a cell; empty where a row is too short to have it."""
        return _value(self.rows[row][column]) if column < len(self.rows[row]) else ""

    def fill(self, row: int, column: int, text: str) -> None:
        """Put something into a cell, in quotes if what stood there was, or if it needs them."""
        raw = self.rows[row][column]
        if raw.startswith('"') or any(sign in text for sign in (self.separator, '"', "\r", "\n")):
            text = '"' + text.replace('"', '""') + '"'
        self.rows[row][column] = text

    def to_bytes(self) -> bytes:
        """The whole file."""
        lines = (self.separator.join(row) + end for row, end in zip(self.rows, self.ends, strict=True))
        return self.mark + "".join(lines).encode(self.encoding)


def read_sheet(path: Path, known: Collection[str] = ()) -> Sheet:
    """Read a table.

    Args:
        path: the file.
        known: words that may stand in it, by which one code page of Windows is told from another.

    Raises:
        GraderError: it cannot be read, is no table, or it cannot be told which letters it holds.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise GraderError(
            f"{path}: cannot be read ({error.strerror}). Next: name the file that the system gave you."
        ) from None
    if len(content) > MAX_BYTES:
        raise GraderError(f"{path}: is larger than {MAX_BYTES:,} bytes. Next: name the file that the system gave you.")
    text, encoding, mark = _decoded(content, path, known)
    tables = [(separator, *_split(text, separator)) for separator in _SEPARATORS]
    separator, rows, ends = max(tables, key=lambda table: _likely(table[1]))
    if len(rows) < 2 or len(rows[0]) < 2:
        raise GraderError(
            f"{path}: expected a table with a header, whose columns a comma, a semicolon or a tab separates, found "
            f"{len(rows)} lines. Next: name the CSV file that the system gave you."
        )
    for number, row in enumerate(rows, start=1):
        if any(raw.startswith('"') and not _QUOTED.fullmatch(raw) for raw in row):
            raise GraderError(f"{path}: row {number} has a quotation mark that is not closed. Next: download it again.")
    return Sheet(path, encoding, mark, separator, rows, ends)


def _decoded(content: bytes, path: Path, known: Collection[str]) -> tuple[str, str, bytes]:
    """The text of a file, its encoding, and its byte order mark."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if content.startswith(mark) and not content.startswith(codecs.BOM_UTF32_LE):
            try:
                return content[len(mark) :].decode(encoding), encoding, mark
            except UnicodeDecodeError:
                raise GraderError(
                    f"{path}: begins as {encoding.upper()}, and is not that throughout. {_AGAIN}."
                ) from None
    if 0 in content:
        raise GraderError(f"{path}: expected text, found bytes that no text has without a byte order mark. {_AGAIN}.")
    try:
        return content.decode("utf-8"), "utf-8", b""
    except UnicodeDecodeError:
        pass
    texts = {}
    for page in _CODE_PAGES:
        try:
            texts[page] = content.decode(page)
        except UnicodeDecodeError:
            continue
    told = [word for word in known if not word.isascii()]
    seen = {page: sum(word in text for word in told) for page, text in texts.items()}
    best = [page for page in texts if seen[page] == max(seen.values(), default=0)]
    if len({texts[page] for page in best}) != 1:
        raise GraderError(
            f"{path}: expected UTF-8 or UTF-16, found letters that are others in Windows-1250 than in Windows-1252, "
            f"and nothing that tells which they are. {_AGAIN}."
        )
    return texts[best[0]], best[0], b""


_QUOTED = re.compile(r'"[^"]*(?:""[^"]*)*"[^"]*')


def _split(text: str, separator: str) -> tuple[list[list[str]], list[str]]:
    """The cells of each row as they stand, and what ends each row."""
    cell = re.compile(rf'("[^"]*(?:""[^"]*)*"[^{separator}\r\n]*|[^{separator}\r\n]*)({separator}|\r\n|\n|\r|\Z)')
    rows: list[list[str]] = []
    ends: list[str] = []
    row: list[str] = []
    at = 0
    while at < len(text) or row:
        found = cell.match(text, at)
        assert found is not None  # its second half matches wherever the first one ends
        row.append(found[1])
        at = found.end()
        if found[2] != separator:
            rows.append(row)
            ends.append(found[2])
            row = []
    return rows, ends


def _likely(rows: list[list[str]]) -> tuple[bool, float, int]:
    """How likely it is that a table was split by the right separator."""
    if not rows or len(rows[0]) < 2:
        return False, 0.0, 0
    filled = [row for row in rows if row != [""]]
    return True, sum(len(row) == len(rows[0]) for row in filled) / len(filled), len(rows[0])


def _value(raw: str) -> str:
    if not raw.startswith('"'):
        return raw
    end = raw.rindex('"')
    return raw[1:end].replace('""', '"') + raw[end + 1 :]


def listed_titles(sheet: Sheet) -> str:
    """The titles of a table's columns, as a message can hold them."""
    return ", ".join(repr(shown(title[:60])) for title in sheet.header[:30])
