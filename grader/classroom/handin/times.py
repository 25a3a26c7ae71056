"""When work was handed in, from Moodle's grading worksheet: Moodle's downloads themselves hold no times.

Put the worksheet (*Download grading worksheet*) beside the download, into `downloaded/NAME/archive/`.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path

from babel.dates import get_month_names

from ...errors import GraderError
from ..grades.moodle import KNOWN, find_columns
from ..grades.sheet import Sheet, read_sheet

_LOCALES = ("en", "de", "fr", "hr", "bs", "sr_Latn", "sr")
_YEARS = range(1970, 9000)


def is_worksheet(path: Path) -> bool:
    """Whether a file is Moodle's grading worksheet."""
    return _read(path) is not None


def times_beside(archive: Path) -> dict[str, datetime]:
    """When each participant handed in, by number, in Moodle's own zone, by the worksheets in a folder."""
    found: dict[str, datetime] = {}
    for path in sorted(archive.glob("*.csv")):
        found |= _times_in(path)
    return found


def _read(path: Path) -> tuple[Sheet, dict[str, int]] | None:
    """A worksheet and its columns; None if it is none."""
    if path.suffix != ".csv" or path.is_symlink():
        return None
    try:
        sheet = read_sheet(path, KNOWN)
        return sheet, find_columns(sheet)
    except GraderError:
        return None


def _times_in(path: Path) -> dict[str, datetime]:
    read = _read(path)
    if read is None:
        return {}
    sheet, columns = read
    # Both titles are the same but for what stands in brackets: Last modified (grade), Last modified (submission).
    begin = sheet.header[columns["changed"]].partition("(")[0]
    others = [at for at, title in enumerate(sheet.header) if title.startswith(begin) and at != columns["changed"]]
    found: dict[str, datetime] = {}
    for row in range(1, len(sheet.rows)):
        number = re.search(r"\d+$", sheet.value(row, columns["id"]).strip())
        when = read_time(sheet.value(row, others[0])) if others else None
        if number and when:
            found[number[0]] = when
    return found


def read_time(text: str) -> datetime | None:
    """A time as Moodle writes it, in the languages whose months are known: `Mittwoch, 13. März 2024, 10:15`."""
    words = re.findall(r"[^\W\d_]+", text.casefold())
    months = [_months()[word] for word in words if word in _months()]
    numbers = [int(digits) for digits in re.findall(r"\d+", text)]
    if len(months) != 1 or len(numbers) != 4 or numbers[1] not in _YEARS:
        return None
    day, year, hour, minute = numbers
    if words[-1] in {"am", "pm"}:
        hour = hour % 12 + 12 * (words[-1] == "pm")
    with suppress(ValueError):
        return datetime(year, months[0], day, hour, minute)
    return None


@cache
def _months() -> dict[str, int]:
    """The numbers of months by their names."""
    return {
        name.casefold(): number
        for locale in _LOCALES
        for context in ("format", "stand-alone")
        for number, name in get_month_names("wide", context, locale).items()
    }
