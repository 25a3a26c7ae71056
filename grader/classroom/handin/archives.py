"""Unpacks what was handed in: plain files inside their folder, and not more than anybody needs."""

from __future__ import annotations

import gzip
import os
import re
import stat
import tarfile
import zipfile
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path, PurePath, PurePosixPath
from typing import IO, Any, cast

from checks.released import PACKAGE

from ...grading.files import NOT_UNPACKED
from ...text import shown
from .senders import sender_of

MAX_BYTES = 500_000_000
"""Bytes that one person's archives may unpack to, the archives in them included."""
MAX_FILES = 2_000
"""Files of one person; more is not carried over for a reader either."""
MAX_MEMBERS = 50_000
"""What of an archive is looked at."""
MAX_DEPTH = 5
"""How deep archives may lie in archives."""
DEEPEST = 20
"""How deep folders may lie in folders."""
MAX_READ = 2 * MAX_BYTES
"""Bytes of one person's tar archives that are gone over, kept or not, and again where they are gone over again."""
MAX_LIST = 16_000_000
"""Bytes of names, and of what else an archive says of its members."""
_CHUNK = 2**20
_NAMED = 5
_MOST_KEYS = 100
"""Of what a tar says of all its members."""

_ARCHIVES = (".tar.gz", ".tgz", ".tar", ".zip")
LITTER = re.compile(
    r"__MACOSX|\.ipynb_checkpoints|__pycache__|\._.*|\.DS_Store|Thumbs\.db|desktop\.ini|\.git|\.idea|\.vscode"
    r"|\.venv.*|venv|env|\.env|virtualenv|site-packages|dist-packages|node_modules|\.mypy_cache|\.pytest_cache"
)
"""Names of what programs leave beside people's files."""

_OUTSIDE = "links, devices and names that lead outside were left out"
_NO_NAMES = "names that cannot be shown, or lie too deep, were left out"


def is_archive(path: PurePath) -> bool:
    """Whether a file's name is that of an archive that can be unpacked."""
    return path.name.lower().endswith(_ARCHIVES)


class Budget:
    """How much may still be unpacked: of what one person sent, or of what has no sender's name.

    Args:
        wanted: names of files for which there is room before there is for any other.
        package: the name of the folder that work lies in.
    """

    def __init__(self, wanted: Collection[str] = (), package: str = PACKAGE) -> None:
        self._wanted, self._package = frozenset(wanted), package
        self._left: dict[tuple[str, str] | None, list[int]] = {}

    def order(self, path: PurePath) -> tuple[int, int]:
        """In which order files are taken: the work itself, what lies near it, other code, the rest."""
        if path.name in self._wanted:
            return 0, len(path.parts)
        folders = {part.casefold() for part in path.parts[:-1]}
        near = self._package in folders or path.suffix == ".ipynb" or is_archive(path)
        return 1 if near else 2 if path.suffix == ".py" else 3, 0

    def take(self, place: Path, size: int) -> bool:
        """Whether a file of `size` bytes may be written to a place; if so it is counted."""
        left = self._left_of(place)
        if left[0] < size or left[1] < 1:
            return False
        left[0] -= size
        left[1] -= 1
        return True

    def go_over(self, place: Path, size: int) -> None:
        """Count bytes of an archive that are read, or skipped, which takes as long.

        Raises:
            ValueError: there are more than anybody needs.
        """
        left = self._left_of(place)
        left[2] -= size
        if left[2] < 0:
            raise ValueError(f"unpacks to more than {MAX_BYTES:,} bytes")

    def _left_of(self, place: Path) -> list[int]:
        sender = next(filter(None, map(sender_of, place.parts)), None)
        return self._left.setdefault((sender.name, sender.number) if sender else None, [MAX_BYTES, MAX_FILES, MAX_READ])


def unpack(archive: Path, into: Path, depth: int = 0, budget: Budget | None = None) -> list[str]:
    """Unpack an archive into a folder of its own name inside `into`, and the archives in it likewise.

    Links, devices and names that lead outside are left out, and named. Of several files of one name the last counts.
    Names in a zip without the UTF-8 mark are read as UTF-8 where they are that, and else as code page 852, which
    Windows uses in Montenegro.

    Returns:
        One line for each kind of thing that could not be unpacked.
    """
    budget = budget or Budget()
    stem = next(archive.name[: -len(suffix)] for suffix in _ARCHIVES if archive.name.lower().endswith(suffix))
    folder = into / stem if stem and not (into / stem).exists() else into / archive.name.replace(".", "_")
    said = shown(_from_sender(into / archive.name))
    problems: list[str] = []
    left: dict[str, list[str]] = {}
    broken: list[str] = []
    below: list[str] = []
    again = "Next: ask for it again, or unpack it there by hand"
    too_much = False
    try:
        folder.mkdir(parents=True)
        for member in _members(archive, budget):
            parts = [part for part in PurePosixPath(member.name.replace("\\", "/")).parts if part not in {"/", "."}]
            if not parts or any(LITTER.fullmatch(part) for part in parts):
                continue
            if reason := _not_taken(member, parts):
                left.setdefault(reason, []).append(shown(member.name))
                continue
            place = folder.joinpath(*parts)
            if not budget.take(place, member.size):
                if not too_much:
                    problems.append(f"{said}: unpacks to more than {MAX_BYTES:,} bytes or {MAX_FILES:,} files")
                too_much = True
                continue
            try:
                _write(member, place)
            except Exception as error:  # a broken member may raise what it likes, and costs the others nothing
                with suppress(OSError):
                    place.unlink()
                broken.append(f"{said}: {shown(member.name)[:200]}: {_reason(error)}. {again}")
                continue
            if is_archive(place) and depth < MAX_DEPTH:
                below += unpack(place, place.parent, depth + 1, budget)
                place.unlink()
    except Exception as error:  # so may a broken archive
        problems.append(f"{said}: {_reason(error)}. {again}")
    problems += broken[:_NAMED]
    if broken[_NAMED:]:
        problems.append(f"{said}: {len(broken) - _NAMED} more files could not be unpacked. {again}")
    if problems:
        _leave_word(folder, problems)
    for reason, names in left.items():
        first = ", ".join(name[:200] for name in names[:_NAMED])
        problems.append(f"{said}: {reason}: {first}" + (f", ... ({len(names)})" if names[_NAMED:] else ""))
    return [*below, *problems]


def _from_sender(path: Path) -> str:
    """A file's path from where it has a sender's name; its own name if it has none."""
    parts = path.parts
    return "/".join(next((parts[index:] for index, part in enumerate(parts) if sender_of(part)), parts[-1:]))


def _leave_word(folder: Path, problems: list[str]) -> None:
    """Say in what one person handed in what of it could not be unpacked, so that whoever grades it reads that."""
    if any(map(sender_of, folder.parts)):
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / NOT_UNPACKED).write_text("\n".join(problems), encoding="utf-8")


def _not_taken(member: _Member, parts: list[str]) -> str:
    """Why a member is not even tried; empty if it is."""
    if ".." in parts or ":" in parts[0] or not member.plain:
        return _OUTSIDE
    return _NO_NAMES if len(parts) > DEEPEST or shown(member.name) != member.name else ""


def _write(member: _Member, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    left = member.size
    with member.open() as source, place.open("wb") as target:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise ValueError("is larger than it says")
            target.write(chunk)
    with suppress(OSError, OverflowError, ValueError):  # a time that no clock shows
        os.utime(place, (member.time, member.time))


def _reason(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) else None
    return shown(reason or str(error) or type(error).__name__)[:300]


@dataclass(frozen=True)
class _Member:
    """What is no folder in an archive."""

    name: str
    size: int
    time: float
    open: Callable[[], IO[bytes]]
    plain: bool = True
    """Whether it is no link and no device."""


def _members(archive: Path, budget: Budget) -> Iterator[_Member]:
    """All that an archive holds but its folders, what may be the work itself before the rest."""
    members = _zip_members if archive.suffix.lower() == ".zip" else _tar_members
    yield from members(archive, budget)


def _zip_members(archive: Path, budget: Budget) -> Iterator[_Member]:
    _require_few(archive)
    with archive.open("rb") as raw, zipfile.ZipFile(cast("IO[bytes]", _InPieces(raw, MAX_LIST))) as opened:
        for info in sorted(opened.infolist(), key=lambda info: budget.order(PurePosixPath(info.filename))):
            if info.is_dir():
                continue
            plain = stat.S_IFMT(info.external_attr >> 16) in {0, stat.S_IFREG}
            time = 0.0
            with suppress(ValueError, OverflowError, OSError):
                time = datetime(*info.date_time).timestamp()
            yield _Member(_zip_name(info), info.file_size, time, partial(_in_zip, opened, info), plain)


def _require_few(archive: Path) -> None:
    """Refuse a list of members that takes more memory than there is, before it is read."""
    count, end = 0, b""
    with archive.open("rb") as file:
        while chunk := file.read(_CHUNK):
            count += (end + chunk).count(b"PK\x01\x02")
            end = chunk[-3:]
    if count > MAX_MEMBERS:
        raise ValueError(f"holds more than {MAX_MEMBERS:,} files")


def _in_zip(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    # Others take as much memory as they say.
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise ValueError("is compressed in a way that is not read here")
    return opened.open(info)


def _zip_name(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & 0x800:
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp852")


class _InPieces:
    """A file of which not much is read at once: an archive says how long its list of members is.

    Args:
        file: the archive.
        most: bytes that are read at once.
    """

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file = file
        self._most = most

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= self._most and (size >= 0 or self._rest() > self._most):
            raise ValueError("has a list or a header that is too long")
        return self._file.read(size)

    def seek(self, position: int, whence: int = 0) -> int:
        return self._file.seek(position, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def _rest(self) -> int:
        here = self._file.tell()
        end = self._file.seek(0, os.SEEK_END)
        self._file.seek(here)
        return end - here


def _tar_members(archive: Path, budget: Budget) -> Iterator[_Member]:
    with archive.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        stream = _Counted(raw, packed, partial(budget.go_over, archive))
        with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r:") as tar:
            entries, problem = _headers(tar)
            stream.listed = True
            for entry in sorted(entries, key=lambda entry: budget.order(PurePosixPath(entry.name))[0]):
                if not entry.isdir():
                    yield _Member(entry.name, entry.size, entry.mtime, partial(_in_tar, tar, entry), entry.isfile())
            if problem:
                raise problem


def _headers(tar: tarfile.TarFile) -> tuple[list[tarfile.TarInfo], Exception | None]:
    """What a tar says that it holds, and what ended the list before its end."""
    entries: list[tarfile.TarInfo] = []
    try:
        while (entry := tar.next()) is not None:
            if len(entries) >= MAX_MEMBERS:
                raise ValueError(f"holds more than {MAX_MEMBERS:,} files")
            if len(tar.pax_headers) > _MOST_KEYS:  # each member gets a copy of them
                raise ValueError("has a header that is too long")
            entry.pax_headers = {}
            entries.append(entry)
    except Exception as error:  # the members before a broken one are whole
        return entries, error
    return entries, None


class _Counted(_InPieces):
    """A tar, unpacked as it is read, in which every byte that is read is counted, and those of its headers apart.

    Args:
        file: the archive.
        packed: whether it is packed by gzip, where going back means to start again.
        go_over: is told of bytes that are read or skipped.
    """

    def __init__(self, file: IO[bytes], packed: bool, go_over: Callable[[int], None]) -> None:
        super().__init__(cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if packed else file, 2 * _CHUNK)
        self._packed = packed
        self._go_over = go_over
        self._headers = MAX_LIST + 2 * MAX_MEMBERS * tarfile.BLOCKSIZE
        self.listed = False
        """Whether what is read from now on is content."""

    def read(self, size: int = -1) -> bytes:
        self._go_over(max(size, 0))
        if not self.listed:
            self._headers -= size
            if self._headers < 0:
                raise ValueError("has headers that are too long")
        return super().read(size)

    def seek(self, position: int, whence: int = 0) -> int:
        here = self._file.tell()
        if self._packed and whence == 0:
            self._go_over(position - here if position >= here else position)
        return super().seek(position, whence)


def _in_tar(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> Any:
    content = tar.extractfile(entry)
    assert content is not None  # of a plain file
    return content
