"""Twenty hostile submissions of one class, which do not aim at points: at the time and the memory of whoever grades.

Each goes with what it is against (`kind`): what is made of arrays that come back (wide), of a frame, of a notebook, of
files in an archive or a folder, of names in a report, of odd names and times, or the limits in time. The benchmark
`class_of_60` and the tests hand them in among honest ones, who must not notice.
"""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from checks.core import Assignment

from .inside import SIZES, SOCKET
from .notebook import code_cell, markdown_cell

Kind = Literal["wide", "frame", "notebook", "files", "names", "odd", "time"]
Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Hostile:
    """One of the crowd: a right solution with something hostile in it."""

    student: str
    kind: Kind
    tries: str
    edit: Callable[[Path, Assignment], None] | None = None
    """Changes the folder that is handed in."""
    pack: Callable[[Files], dict[str, bytes]] | None = None
    """Makes, of the folder's files, what is uploaded to a learning management system instead."""
    says: str = ""
    """A pattern for a remark, or for the message of a check that is lost."""


_INSTEAD = """

def _hostile(_honest, results):
    def instead(*args, **kwargs):
        as_asked = lambda value: value if results == 1 else (value,) * results
{body}
        return _honest(*args, **kwargs)
    return instead


for _name, _results in {functions}.items():
    globals()[_name] = _hostile(globals()[_name], _results)
"""


def _calling(body: str) -> Callable[[Path, Assignment], None]:
    """Code that runs in every call of every function of the assignment's first module."""

    def edit(folder: Path, assignment: Assignment) -> None:
        module = assignment.modules[0].removesuffix(".py")
        functions = {name: len(it.results) for name, it in assignment.contract.functions.items() if it.module == module}
        lines = "\n".join(f"        {line}" for line in body.strip("\n").splitlines())
        with (folder / assignment.package / assignment.modules[0]).open("a", encoding="utf-8") as file:
            file.write(_INSTEAD.format(body=lines, functions=functions))

    return edit


def _importing(text: str) -> Callable[[Path, Assignment], None]:
    """Code that runs when the assignment's first module is imported."""

    def edit(folder: Path, assignment: Assignment) -> None:
        with (folder / assignment.package / assignment.modules[0]).open("a", encoding="utf-8") as file:
            file.write(text)

    return edit


def _written(change: Callable[[dict[str, Any]], object]) -> Callable[[Path, Assignment], None]:
    """A change of the notebook, as data."""

    def edit(folder: Path, assignment: Assignment) -> None:
        path = folder / f"{assignment.name}.ipynb"
        notebook = json.loads(path.read_text(encoding="utf-8"))
        change(notebook)
        path.write_text(json.dumps(notebook), encoding="utf-8")

    return edit


def _saved(content: bytes) -> Callable[[Path, Assignment], None]:
    """A notebook that is some bytes."""
    return lambda folder, assignment: _write(folder / f"{assignment.name}.ipynb", content)


def _write(path: Path, content: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def _cells(*cells: dict[str, Any]) -> Callable[[Path, Assignment], None]:
    return _written(lambda notebook: notebook["cells"].extend(cells))


def _zip(files: Files) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _tar(files: Files, sizes: Mapping[str, int] | None = None) -> bytes:
    """A tar archive, packed; of `sizes` each is a file of so many zeros."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for name, content in files.items():
            _add(archive, name, len(content), io.BytesIO(content))
        for name, size in (sizes or {}).items():
            _add(archive, name, size, Zeros())
    return buffer.getvalue()


def _add(archive: tarfile.TarFile, name: str, size: int, content: Any) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = size
    archive.addfile(entry, content)


class Zeros:
    """A file of zeros without an end."""

    def read(self, size: int) -> bytes:
        """So many zeros."""
        return bytes(size)


def _many_files(folder: Path, assignment: Assignment) -> None:
    for number in range(20_000):
        _write(folder / f"slike{number % 7}" / f"{number}.png", b"")


def _many_modules(folder: Path, assignment: Assignment) -> None:
    for number in range(6_000):
        _write(folder / assignment.package / f"a{number}.py", b"")


def _many_copies(folder: Path, assignment: Assignment) -> None:
    for number in range(3_000):
        _write(folder / f"{assignment.package} ({number})" / assignment.modules[0], "# a copy\n")


def _timed(folder: Path, assignment: Assignment) -> None:
    _write(folder / "timestamp.txt", "9999-12-31 23:59:59 -2300")
    _write(folder / assignment.package / f"{'n' * 240}.py", b"")


def _half(notebook: dict[str, Any]) -> None:
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]) + "\ud83d"


_PICTURES = {f"slike/{number}.png": b"" for number in range(20_000)}
_FOLDERS = {f"slike/{'/'.join(str(number))}/{number}.png": b"1" for number in range(9_000)}
_MISSING = "at least 15|najmanje 15"

CROWD: tuple[Hostile, ...] = (
    Hostile(
        "eve-wide",
        "wide",
        "Returns 20 MB of booleans from every call.",
        _calling("import numpy as np\nreturn as_asked(np.zeros((20, 10**6), bool))"),
        says="far larger|mnogo veći",
    ),
    Hostile(
        "eve-endless-view",
        "wide",
        "Returns a view of one number as 10^15 of them, and small integers past the worker.",
        _calling(
            "import numpy as np\nif args[0].shape[0] % 2: return as_asked(np.broadcast_to(0.0, (10**8, 10**7)))\n"
            + SIZES
            + "return as_asked(np.zeros((6, 10**6), 'int8'))"
        ),
        says="far larger|mnogo veći",
    ),
    Hostile(
        "eve-maps",
        "frame",
        "Answers every call with 60 MB of empty dictionaries.",
        _calling(
            SOCKET
            + "\nif '_frame' not in globals():\n    globals()['_frame'] = b'\\xdc\\x03\\xe8' + (b'\\xdc\\x03\\xe8' + "
            + "(b'\\xdc\\x00\\x3c' + b'\\x80' * 60) * 1000) * 1000\n"
            + "pipe._socket.sendall(struct.pack('>I', len(_frame)) + _frame)"
        ),
        says="far larger|mnogo veći",
    ),
    Hostile(
        "eve-extensions",
        "frame",
        "Answers every call with a frame of small extensions, as long as a frame may be.",
        _calling(
            SOCKET
            + "\nbody = b'\\x83\\xa6number' + struct.pack('>BI', 0xCE, number) + b'\\xa7missing\\x90\\xa5value'\n"
            + "body += b'\\xdc\\x27\\x00' + b'\\xd4\\x01\\x00' * 0x2700\n"
            + "pipe._socket.sendall(struct.pack('>I', len(body)) + body)"
        ),
        says=".",
    ),
    Hostile(
        "eve-formulas",
        "notebook",
        "Opens thousands of formulas in each of eight cells.",
        _cells(*(markdown_cell("\\\\[" * 6_600) for _ in range(8))),
        says="cannot be rendered in time",
    ),
    Hostile(
        "eve-cells",
        "notebook",
        "Hands in 50,000 empty cells.",
        _cells(*(markdown_cell("") for _ in range(50_000))),
        says="were left out",
    ),
    Hostile(
        "eve-objects",
        "notebook",
        "Hands in a notebook of 48 MB of empty objects, which would be more than a gigabyte where they are read.",
        _saved(b'{"nbformat": 4, "cells": [' + b"{}," * 16_000_000 + b"{}]}"),
        says="cannot be read",
    ),
    Hostile(
        "eve-outputs",
        "notebook",
        "Shows a hundred pages of tags in tags, each from a cell of its own.",
        _cells(
            *(
                code_cell(f"from IPython.display import HTML\nHTML('<b><i><div>' * {30_000 + number})")
                for number in range(100)
            )
        ),
        says="",
    ),
    Hostile(
        "eve-pictures",
        "files",
        "Uploads 20,000 small pictures in one folder.",
        pack=lambda files: {"work.zip": _zip(_PICTURES | dict(files))},
        says="unpacks to more than",
    ),
    Hostile(
        "eve-folders",
        "files",
        "Uploads 9,000 files in thousands of folders, packed twice.",
        pack=lambda files: {"work.tar.gz": _tar({"inner.zip": _zip(_FOLDERS | dict(files))})},
        says="unpacks to more than",
    ),
    Hostile(
        "eve-bombs",
        "files",
        "Uploads a hundred archives in an archive, each of which says that it holds 400 MB.",
        pack=lambda files: {
            "work.zip": _zip(
                {f"{number}.tar.gz": bomb for bomb in [_tar({}, {"zeros": 400_000_000})] for number in range(100)}
                | dict(files)
            )
        },
        says="unpacks to more than",
    ),
    Hostile("eve-files", "files", "Hands in 20,000 files beside its work.", _many_files, says="Not carried over"),
    Hostile(
        "eve-missing",
        "names",
        "Imports three hundred modules that nobody has, with names of 20,000 letters.",
        _importing(
            "\nimport importlib\nfor _n in range(300):\n    try: importlib.import_module(f'm{_n}_' + 'm' * 20_000)\n"
            "    except ImportError: pass\n"
        ),
        says="",
    ),
    Hostile(
        "eve-modules",
        "names",
        "Puts 6,000 modules beside its own.",
        _many_modules,
        says=r"\(\d+\)",
    ),
    Hostile("eve-copies", "names", "Puts 3,000 copies of its package beside it.", _many_copies, says=r"\(\d+\)"),
    Hostile("eve-half", "odd", "Writes half an emoji into every cell.", _written(_half), says="invalid characters"),
    Hostile(
        "e" * 252,
        "odd",
        "Bears a name of 252 letters, and says that it was handed in after all time.",
        _timed,
        says="timestamp.txt",
    ),
    Hostile(
        "eve\nnew line",
        "odd",
        "Bears a name with a newline, and nests its notebook a hundred thousand deep.",
        _saved(b"[" * 100_000),
        says="cannot be read",
    ),
    Hostile(
        "eve-forever",
        "time",
        "Never returns from a call.",
        _calling("while True: pass"),
        says="120 s|10 s",
    ),
    Hostile(
        "eve-notebook-forever",
        "time",
        "Never comes to the end of a cell.",
        _cells(code_cell("while True: pass")),
        says="was stopped after",
    ),
)
