"""Looks for the student's work before the handout's is taken for it.

A browser makes `scale (1).py` of a second download, Jupyter `scale-Copy1.py`, an editor `scale.py.txt`; some hand in
modules beside the package, or the finished package in another folder than the untouched one. Where a module is missing
or as it was handed out, and there is one file that is meant to be it, that one counts. What is not as certain is listed
for a person. Files are searched as text; nothing in them is parsed or run.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..text import Note, listed, shown
from .files import files_in

if TYPE_CHECKING:
    from checks.core import Assignment
    from checks.result import Result

LARGEST_MODULE = 2**20
MOST_CODE, MOST_NOTEBOOKS = 10_000_000, 50_000_000
"""Bytes of a submission's files that are searched."""
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_CODE = re.compile(r"\.(?:py|pyw|txt|bak|old|orig|backup|tmp)(?![^\W_])|\.py\w?$|^[^.]+$", re.IGNORECASE)
"""Names that code is saved under; another file is only searched for it."""
_ARCHIVES = frozenset({".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".xz", ".bz2"})
_NO_TEXT = {".ipynb", *_ARCHIVES}
_BEGINNINGS = (b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"\xfd7zXZ", b"BZh")
"""Of archives, under whatever name."""
_CHECKPOINTS = ".ipynb_checkpoints"
_TEXTS = re.compile(r'"""(?s:.*?)"""' + r"|'''(?s:.*?)'''")
_COMMENT = re.compile(r"#[^\n]*")


@dataclass
class Work:
    """What was found besides the modules where they belong."""

    modules: dict[str, bytes] = field(default_factory=dict)
    """What counts, by path inside the package."""
    files: list[Path] = field(default_factory=list)
    """Where it lies."""
    notes: list[Note] = field(default_factory=list)
    """What a person should know."""


def find_work(
    folder: Path, package: Path, modules: Mapping[str, bytes], assignment: Assignment, given: Mapping[str, bytes]
) -> Work:
    """Look for modules that the student wrote, and that do not lie where they belong.

    Args:
        folder: the submission.
        package: its package, which need not be there.
        modules: what counts of it, by path inside the package.
        assignment: names the editable modules and their functions.
        given: every module that is handed out, by path.
    """
    work = Work()
    files = files_in(folder, also={_CHECKPOINTS})
    contents = _contents(folder, files, assignment.modules)
    texts = _Texts(contents)
    unwritten: list[str] = []
    for module in assignment.modules:
        stub = _handed_out(given.get(module, b""))
        functions = [name for name in assignment.functions if f"{assignment.module_of(name)}.py" == module]
        own = _stripped(text_of(modules[module])) if module in modules else ""
        candidates: dict[str, list[Path]] = defaultdict(list)
        for path in contents:
            called = path != package / module and _is_called(path.name, module) and _may_count(path, folder)
            if called and _written(texts[path], functions, stub):
                candidates[texts[path]].append(path)
        candidates.pop(own, None)
        written = [name for name in functions if name in _written(own, functions, stub) or _is_named(own, name)]
        names = listed([_name(paths[0], folder) for paths in candidates.values()])
        if not written and len(candidates) == 1:
            [[path, *_]] = candidates.values()
            work.modules[module] = as_utf8(contents[path])
            work.files.append(path)
            work.notes.append(Note("work_elsewhere", {"package": assignment.package, "module": module, "found": names}))
            _bring_helpers(work, contents, path.parent, package, modules, assignment, given)
            written = _written(texts[path], functions, stub)
        elif candidates:
            key = "work_besides" if written else "work_several"
            work.notes.append(Note(key, {"package": assignment.package, "module": module, "found": names}))
        unwritten += [name for name in functions if name not in written]
    if unwritten:
        stubs = {package / name: _handed_out(content) for name, content in given.items()}
        own_places = {package / name for name in assignment.modules}
        others = {path: texts[path] for path in contents if path not in own_places}
        rest = {path: text for path, text in others.items() if text != stubs.get(path)}
        _list_the_rest(work, files, rest, unwritten, folder, "\n".join(stubs.values()))
    return work


class _Texts(dict[Path, str]):
    """The code in files, each looked at when it is asked for: most of a right submission never is."""

    def __init__(self, contents: Mapping[Path, bytes]) -> None:
        super().__init__()
        self._contents = contents

    def __missing__(self, path: Path) -> str:
        text = self[path] = _stripped(text_of(self._contents[path]))
        return text


def not_reached(
    result: Result, assignment: Assignment, modules: Mapping[str, bytes], given: Mapping[str, bytes]
) -> list[Note]:
    """Functions that earned nothing, as the name is not there or code is not reached, where something was written.

    Args:
        result: the verdict.
        assignment: says which module a function belongs to.
        modules: what was graded, by path inside the package.
        given: every module that is handed out, by path.
    """
    notes = []
    for function in assignment.functions:
        module, checks = f"{assignment.module_of(function)}.py", result.of(function)
        if module not in modules or any(check.points for check in checks):
            continue
        code, stub = _stripped(text_of(modules[module])), _handed_out(given.get(module, b""))
        named = {"package": assignment.package, "function": function, "module": module}
        if not _block(code, function):
            notes.append(Note("not_there", named))
        elif _written(code, [function], stub) and all(check.status == "not_implemented" for check in checks):
            notes.append(Note("not_reached", named))
    return notes


def text_of(content: bytes) -> str:
    """A module's text: UTF-8, or what a mark at its beginning says; what cannot be read is replaced."""
    return content.decode(encoding_of(content) or "utf-8-sig", "replace").replace("\r\n", "\n")


def encoding_of(content: bytes) -> str:
    """The encoding of a file that Python does not read a module in: by a mark at its beginning, or every other byte."""
    if marked := next((name for mark, name in _MARKS if content.startswith(mark)), ""):
        return marked
    even, odd = content[:2000:2], content[1:2000:2]
    if b"\0" in content and (b"\0" in even) != (b"\0" in odd):
        encoding, zeros = ("utf-16-be", even) if b"\0" in even else ("utf-16-le", odd)
        if zeros.count(0) > len(zeros) / 2:
            return encoding
    return ""


def as_utf8(content: bytes) -> bytes:
    """A module as Python can read it: in UTF-8 where it has a mark of another encoding, else as it is."""
    return text_of(content).encode() if encoding_of(content) else content


def _contents(folder: Path, files: list[Path], modules: Sequence[str]) -> dict[Path, bytes]:
    """The files of a submission that may be modules, but for the checks, as far as there is room.

    Those that are called like the student's own come first, however much lies before them.
    """
    contents: dict[Path, bytes] = {}
    left, above = MOST_CODE, len(folder.parts)

    def order(path: Path) -> tuple[bool, bool]:
        return not any(_is_called(path.name, module) for module in modules), not _CODE.search(path.name)

    for path in sorted(files, key=order):
        # Below checks/ lies what was handed out, with functions of the same names.
        if path.suffix.lower() not in _NO_TEXT and "checks" not in path.parts[above:-2]:
            with suppress(OSError):
                size = path.lstat().st_size
                if size <= min(LARGEST_MODULE, left):
                    contents[path] = path.read_bytes()
                    left -= size
    return contents


def _may_count(path: Path, folder: Path) -> bool:
    """Whether a file can be graded where it is called like a module; others are only looked through."""
    folders = path.parts[len(folder.parts) : -1]
    return bool(_CODE.search(path.name)) and _CHECKPOINTS not in folders and "checks" not in folders


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


@lru_cache(maxsize=4096)
def _is_called(name: str, module: str) -> bool:
    """Whether a file's name is a module's, in whatever letters and with whatever a program or a person added."""
    words = re.sub(r"[\W_]+", "_", name.casefold())
    stem = re.sub(r"[\W_]+", "_", module.removesuffix(".py").casefold())
    return re.search(rf"(?:^|_){re.escape(stem)}(?:_|\d|$)", words) is not None


@lru_cache(maxsize=256)
def _handed_out(content: bytes) -> str:
    """The code of a module as it is handed out, which is the same for each who hands in."""
    return _stripped(text_of(content))


@lru_cache(maxsize=256)
def _block_handed_out(stub: str, name: str) -> str:
    return _block(stub, name)


def _written(code: str, functions: list[str], stub: str) -> list[str]:
    """The functions that a module defines in other words than the stub."""
    return [name for name in functions if (own := _block(code, name)) and own != _block_handed_out(stub, name)]


def _is_named(code: str, function: str) -> bool:
    """Whether a module has a function from somewhere else: names it, and does not define it."""
    return not _block(code, function) and re.search(rf"\b{re.escape(function)}\b", code) is not None


def _stripped(text: str) -> str:
    """A module's code without comments, texts of several lines and empty lines."""
    lines = _COMMENT.sub("", _TEXTS.sub("", text)).splitlines()
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _block(text: str, name: str) -> str:
    """The lines of a function or class at the top of a module; empty if it defines none of that name."""
    block: list[str] = []
    begins = re.compile(rf"^(?:async def|def|class) {re.escape(name)}\b", re.MULTILINE)
    first = begins.search(text)
    for line in text[first.start() :].splitlines() if first else ():
        if begins.match(line):
            block = [line]
        elif block and line[:1] in " \t)":
            block.append(line)
        elif block:
            break
    return "\n".join(block)


def _bring_helpers(
    work: Work,
    contents: Mapping[Path, bytes],
    place: Path,
    package: Path,
    modules: Mapping[str, bytes],
    assignment: Assignment,
    given: Mapping[str, bytes],
) -> None:
    """Modules beside a module that counts, which it may import."""
    if place == package:
        return
    for path in sorted(place.glob("*.py"))[:20]:
        known = {*modules, *given, *work.modules}
        its_own = any(_is_called(path.name, module) for module in assignment.modules)
        if path.name in known or its_own or not path.stem.isidentifier() or path not in contents:
            continue
        work.modules[path.name] = as_utf8(contents[path])
        work.files.append(path)


def _list_the_rest(
    work: Work, files: list[Path], code: Mapping[Path, str], unwritten: list[str], folder: Path, given: str
) -> None:
    """Say where code lies that may be a function that is not written where it belongs."""
    found: dict[Path, list[str]] = {}
    for path, text in code.items():
        if path not in work.files and (names := [name for name in unwritten if _tried(text, name, given)]):
            found[path] = names
    for path, content in _notebooks(files):
        if names := [name for name in unwritten if _in_notebook(name).search(content)]:
            found[path] = names
    said = " ".join(note.names["found"] for note in work.notes)
    for path, names in found.items():
        if (name := shown(_name(path, folder))) not in said:
            work.notes.append(Note("work_perhaps", {"functions": ", ".join(names), "found": name}))
    archives = [_name(path, folder) for path in files if is_packed(path)]
    if archives:
        work.notes.append(Note("archives_inside", {"files": listed(archives)}))


def _tried(text: str, name: str, given: str) -> bool:
    """Whether a file gives a name that is not as handed out: as a function, inside something else, or as a value."""
    if block := _block(text, name):
        return block not in given and "NotImplementedError" not in block
    inside = rf"^[ \t]+(?:async def|def|class)\s+{re.escape(name)}\b|^[ \t]*(?:\w+\.)*{re.escape(name)}[ \t]*=(?!=)"
    found = re.search(inside, text, re.MULTILINE) or _in_notebook(name).search(text.encode())
    return bool(found) and "NotImplementedError" not in text[max(found.start() if found else 0, 0) :][:2000]


def _in_notebook(name: str) -> re.Pattern[bytes]:
    """What in a notebook's text gives a name: a function or class, however far it is set in, or a value."""
    word = re.escape(name).encode()
    begins = rb'(?:"|\\n)(?:\\t| )*'
    return re.compile(rb"%b(?:(?:async def|def|class) +%b\b|(?:\w+\.)*%b *=(?!=))" % (begins, word, word))


def is_packed(path: Path) -> bool:
    """Whether a file is an archive, by its name or its first bytes."""
    if path.suffix.lower() in _ARCHIVES:
        return True
    with suppress(OSError), path.open("rb") as file:
        return not path.suffix and file.read(6).startswith(_BEGINNINGS)
    return False


def _notebooks(files: list[Path]) -> Iterator[tuple[Path, bytes]]:
    left = MOST_NOTEBOOKS
    for path in files:
        if path.suffix.lower() == ".ipynb":
            try:
                left -= path.lstat().st_size
                if left < 0:
                    return
                yield path, path.read_bytes()
            except OSError:
                continue
