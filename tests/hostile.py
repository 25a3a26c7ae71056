"""Hostile hand-ins, made from a number: the same number always makes the same notebook, archive or name.

`CORPUS` holds the numbers of those that once broke something, or that reach a corner nothing else reaches.
"""

from __future__ import annotations

import copy
import io
import json
import random
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

NOTEBOOKS = (*range(24), 101, 404, 1729, 2026, 65_537)
ARCHIVES = (*range(24), 303, 808, 4_096, 70_001)
"""Numbers that every test run tries."""

Notebook = dict[str, Any]

HALF = "\ud83d"


def junk(draw: random.Random, depth: int = 0) -> Any:
    """A value of any type that JSON has, and of every size that is a trouble to somebody."""
    values: list[Callable[[], Any]] = [
        lambda: None,
        lambda: draw.choice([True, False]),
        lambda: draw.choice([0, -1, 2**31, 2**63, 2**70, 10**400]),
        lambda: draw.choice([0.5, float("nan"), float("inf"), -1e308]),
        lambda: draw.choice(
            [
                "",
                "x",
                HALF,
                "\x00",
                "\x1b[31m",
                "\u202e",
                "a" * 300,
                "../..",
                "é\u0308" * 40,
                "<script>alert(1)</script>",
            ]
        ),
        lambda: ["line\n", HALF],
        lambda: [junk(draw, depth + 1) for _ in range(draw.randrange(4))] if depth < 3 else [],
        lambda: {text(draw): junk(draw, depth + 1) for _ in range(draw.randrange(4))} if depth < 3 else {},
        lambda: nested(draw.choice([50, 300]), draw.choice([list, dict])),
    ]
    return draw.choice(values)()


def text(draw: random.Random) -> str:
    """A word that somebody may look for in a notebook, or none."""
    words = "source cell_type metadata outputs id nbgrader grade_id attachments image/png name cells nbformat"
    return draw.choice([*words.split(), HALF, "", "\n", "x" * 300])


def nested(depth: int, kind: type) -> Any:
    """Lists in lists, or objects in objects."""
    value: Any = 0
    for _ in range(depth):
        value = [value] if kind is list else {"metadata": value}
    return value


def notebook(number: int, base: Notebook) -> bytes:
    """A notebook with something wrong in it, mostly in several places."""
    draw = random.Random(number)
    made = copy.deepcopy(base)
    for _ in range(draw.choice([1, 1, 2, 5, 20])):
        draw.choice([_replace, _replace, _drop, _add_cell, _copy_cell, _older, _long])(draw, made)
    data = json.dumps(made).encode()
    match draw.randrange(12):
        case 0:
            cut = draw.randrange(len(data))
            data = data[:cut]
        case 1:
            at = draw.randrange(len(data))
            data = data[:at] + draw.randbytes(3) + data[at:]
        case 2:
            data = b"\xef\xbb\xbf" + data
        case 3:
            data = data.replace(b'"source"', b'"source": "x", "source"', 3)
        case 4:
            data = data.decode().encode(draw.choice(["utf-16", "utf-32", "latin-1"]), "replace")
        case 5:
            data = b"[" * draw.choice([900, 990, 100_000]) + data
    return data


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Places in a notebook where something stands: what holds it, and its key there."""
    found: list[tuple[Any, Any]] = []
    values = [value]
    while values and len(found) < 2_000:
        holder = values.pop()
        items = holder.items() if isinstance(holder, dict) else enumerate(holder) if isinstance(holder, list) else ()
        for key, inner in items:
            found.append((holder, key))
            values.append(inner)
    return found


def _replace(draw: random.Random, made: Notebook) -> None:
    holder, key = draw.choice(_places(made) or [(made, "cells")])
    holder[key] = junk(draw)


# A holder may be a part of two cells, which are then wrong in the same way.
def _drop(draw: random.Random, made: Notebook) -> None:
    holder, key = draw.choice(_places(made) or [({"x": 1}, "x")])
    del holder[key]


def _cells(made: Notebook) -> list[Any]:
    cells = made.get("cells")
    return cells if isinstance(cells, list) else []


def _add_cell(draw: random.Random, made: Notebook) -> None:
    fields = ("cell_type", "source", "metadata", "outputs", "execution_count", "attachments", "id", text(draw))
    cell: Notebook = {field: junk(draw) for field in draw.sample(fields, 5)}
    _cells(made).append(cell | {"cell_type": draw.choice(["code", "markdown", "raw", "heading", ""])})


def _copy_cell(draw: random.Random, made: Notebook) -> None:
    if cells := _cells(made):
        cells.insert(draw.randrange(len(cells) + 1), copy.copy(draw.choice(cells)))


def _older(draw: random.Random, made: Notebook) -> None:
    made["nbformat"] = draw.choice([1, 2, 3, 4, 5, "4", None])
    made["nbformat_minor"] = draw.choice([0, 4, 5, 99, "x"])
    if draw.random() < 0.5:
        made["worksheets"] = [{"cells": [c | {"input": c.get("source")} for c in _cells(made) if isinstance(c, dict)]}]


def _long(draw: random.Random, made: Notebook) -> None:
    source = draw.choice(["\\\\[", "a.", "<div>", "* a\n", "\x1b[1m", "# a\n\n", "[", "$$", HALF]) * 5_000
    _cells(made).append({"cell_type": draw.choice(["code", "markdown"]), "source": source, "metadata": {}})


def archive(number: int, files: Mapping[str, bytes]) -> tuple[str, bytes]:
    """An archive with something wrong in it, by its name."""
    draw = random.Random(number)
    buffer = io.BytesIO()
    names = [*files, *(draw.choice(_NAMES) for _ in range(draw.randrange(6)))]
    draw.shuffle(names)
    if draw.random() < 0.6:
        suffix, method = ".zip", draw.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
        with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as made:
            warnings.simplefilter("ignore")  # of names that are there twice
            for name in names:
                info = zipfile.ZipInfo(name or "x", (draw.choice([1980, 2026, 2107]), 1, 1, 0, 0, 0))
                info.external_attr = draw.choice([0, 0o100644, 0o120777, 0o20666, 0o10644]) << 16
                if name in files:
                    info.external_attr = 0
                info.compress_type = method
                made.writestr(info, files.get(name) or draw.choice([b"", b"1", bytes(100_000), _inner(draw)]))
    else:
        suffix = draw.choice([".tar", ".tar.gz"])
        with tarfile.open(fileobj=buffer, mode="w:gz" if suffix == ".tar.gz" else "w") as tar:
            for name in names:
                entry = tarfile.TarInfo(name or "x")
                content = files.get(name) or draw.choice([b"", b"1", bytes(100_000), _inner(draw)])
                entry.size = len(content)
                if name not in files:
                    entry.type = draw.choice([tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.LNKTYPE, b"Z"])
                    entry.linkname = draw.choice(["/etc/passwd", "..", ""])
                    entry.mtime = draw.choice([0, 10**18, -1])
                tar.addfile(entry, io.BytesIO(content))
    data = bytearray(buffer.getvalue())
    match draw.randrange(6):
        case 0:
            del data[draw.randrange(len(data)) :]
        case 1:
            for _ in range(draw.choice([1, 5, 40])):
                data[draw.randrange(len(data))] = draw.randrange(256)
        case 2:
            at = draw.randrange(len(data))
            data[at:at] = draw.randbytes(7)
        case 3:
            data = data + data
    return f"work{suffix}", bytes(data)


_NAMES = (
    "../up.py", "/abs.py", "a/../../up", "C:/x", "..\\back.py", "", ".", "a", "a/b", "a/b/c", "A",
    "x" * 300, "d/" * 40 + "x",
    "funkcije", "Funkcije/layers.py", "funkcije/LAYERS.PY", "new\nline.py", "esc\x1b[31m.py", "n\u0301.py", "inner.zip",
    "inner.tar.gz", "timestamp.txt", "scale.ipynb/x", "ž.txt", "\u202ertl.py", "trailing ", "dot.", "CON",
    "-rf", "*.py",
)  # fmt: skip


def _inner(draw: random.Random) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr(draw.choice(["x.py", "inner.zip", "../x"]), b"1")
    return buffer.getvalue()
