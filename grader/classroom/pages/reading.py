"""Reads a notebook that a student handed in, and keeps its valid cells, up to bounds.

A file is taken apart as plain data, and put together again from what nbgrader and a reader need: kind, source, id and
nbgrader's marks of each cell, and pictures that are attached to it. Outputs and other metadata are not kept anyway.
"""

from __future__ import annotations

import fcntl
import json
import re
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.corpus.words import generate_corpus_id

MAX_NOTEBOOK = 50_000_000
"""Bytes of a submitted notebook that are still read."""
MAX_PARTS = 2_000_000
"""Commas of a notebook, and so of values in it: a number or a text takes up to 100 bytes where it is read."""
MAX_HOLDERS = 500_000
"""Opening brackets of a notebook, and so of lists and objects in it, which take up to 300 bytes."""
MAX_CELLS = 500
"""Cells that are kept besides those that were handed out."""
MAX_CELL = 100_000
"""Characters that are kept of a cell."""
MAX_SOURCE = 1_000_000
"""Characters that are kept of all cells together."""
MAX_ATTACHED = 10_000_000
"""Characters of attached pictures that are kept of all cells."""
_MAX_MARK = 1000
_LARGE = 2_000_000
"""Of notebooks of so many bytes one is read at a time: each may take some hundred megabytes for a moment."""
_large_ones = Lock()

RESERVED = frozenset({"grader-summary", "stale", "fit-figures"})
"""Ids of cells that the kit adds to a notebook."""
_ID = re.compile(r"[a-zA-Z0-9-_]{1,64}")
_NO_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass
class Reading:
    """A notebook as it was read, and what of it was not kept."""

    notebook: NotebookNode
    left_out: int = 0
    """Invalid cells, and those beyond what is kept."""
    cut: int = 0
    """Cells of whose source the end is missing."""
    replaced: bool = False
    """Whether there were invalid characters, or some that no page shows."""


def read_notebook(path: Path, handed_out: Collection[str] = ()) -> Reading:
    """Read a notebook that a student saved.

    Args:
        path: the file.
        handed_out: ids and grade ids of the cells that were handed out, which are kept before others.

    Raises:
        ValueError: it is not one, with the reason in a few words.
    """
    try:
        if path.is_symlink() or not path.is_file():
            raise ValueError("not a file")
        if path.stat().st_size > MAX_NOTEBOOK:
            raise ValueError(f"larger than {MAX_NOTEBOOK // 1_000_000} MB")
        with _one_at_a_time() if path.stat().st_size > _LARGE else nullcontext():
            return _parsed(path.read_bytes(), handed_out)
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from None


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Wait for the other threads and processes that read a large one; the system drops the lock with its process."""
    with _large_ones, Path(__file__).open("rb") as file:
        with suppress(OSError):  # a disk that has no such lock
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _parsed(content: bytes, handed_out: Collection[str]) -> Reading:
    """The notebook in a file's content.

    Raises:
        ValueError: as in `read_notebook`.
    """
    # Counted in texts, too: what is written there does no harm, and a notebook has far less.
    if content.count(b",") > MAX_PARTS or content.count(b"{") + content.count(b"[") > MAX_HOLDERS:
        raise ValueError("of more parts than a notebook has")
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError("not UTF-8 text") from None
    except Exception as error:  # nested too deep, a number of too many digits
        raise ValueError(f"not a notebook: {_kind(error)}") from None
    try:
        return _read(data, handed_out)
    except nbformat.ValidationError as error:
        raise ValueError(f"not a valid notebook: {_clean(error.message)[0][:120]}") from None
    except ValueError:
        raise
    except Exception as error:  # the upgrade of a broken file from an older format may raise anything
        raise ValueError(f"not a notebook: {type(error).__name__}") from None


def _kind(error: Exception) -> str:
    return "no JSON" if isinstance(error, json.JSONDecodeError) else type(error).__name__


def _read(data: Any, handed_out: Collection[str]) -> Reading:
    cells = _cells(data)
    kept = _chosen(cells, handed_out)
    reading = Reading(nbformat.v4.new_notebook(), left_out=len(cells) - len(kept))  # type: ignore[no-untyped-call]
    taken: set[str] = set(RESERVED)
    source, attached = MAX_SOURCE, MAX_ATTACHED
    for cell in kept:
        text, replaced = _clean(_text(cell["source"]))
        most = min(MAX_CELL, source)
        reading.replaced |= replaced
        reading.cut += len(text) > most
        source -= len(text[:most])
        fields: dict[str, Any] = {"metadata": _marks(cell.get("metadata")), "source": text[:most]}
        name = _id(cell)
        if name and name not in taken:
            taken.add(name)
            fields["id"] = name
        if cell["cell_type"] != "code" and (pictures := _attachments(cell.get("attachments"), attached)):
            fields["attachments"] = pictures
            attached -= _size(pictures)
        reading.notebook.cells.append(_new_cell(cell["cell_type"], **fields))
    if cells and not reading.notebook.cells:
        raise ValueError("not a valid notebook: none of its cells is one")
    nbformat.validate(reading.notebook)
    return reading


_KINDS = ("code", "markdown", "raw")


def _new_cell(kind: str, **fields: Any) -> NotebookNode:
    """A cell as nbformat makes one, which is held against the format with its whole notebook: that is much cheaper."""
    cell: dict[str, Any] = {"id": generate_corpus_id(), "cell_type": kind}  # type: ignore[no-untyped-call]
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    node: NotebookNode = nbformat.from_dict(cell | fields)  # type: ignore[no-untyped-call]
    return node


def _cells(data: Any) -> list[Any]:
    """The cells of a notebook's data, whatever they are; of an older format as they are upgraded."""
    if not isinstance(data, dict):
        raise ValueError("not a notebook: no JSON object")
    if data.get("nbformat") != 4:
        data = _upgraded(data)
    cells = data.get("cells")
    if not isinstance(cells, list):
        raise ValueError("not a valid notebook: it has no cells")
    return cells


def _upgraded(data: dict[str, Any]) -> NotebookNode:
    """A notebook of an older format in today's, without its outputs and with a bounded number of cells."""
    sheets = data.get("worksheets")
    holders = [data, *(sheets[:10] if isinstance(sheets, list) else [])]
    for holder in holders:
        cells = holder.get("cells") if isinstance(holder, dict) else None
        if isinstance(cells, list):
            holder["cells"] = [cell | {"outputs": []} for cell in cells[: 2 * MAX_CELLS] if isinstance(cell, dict)]
    if isinstance(sheets, list):
        data["worksheets"] = sheets[:10]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is wrong is corrected here, or said by the caller
        try:
            notebook: NotebookNode = nbformat.reads(json.dumps(data), as_version=4)  # type: ignore[no-untyped-call]
        except nbformat.ValidationError:
            raise
        except Exception as error:
            raise ValueError(f"not a notebook: {type(error).__name__}") from None
    return notebook


def _chosen(cells: list[Any], handed_out: Collection[str]) -> list[dict[str, Any]]:
    """The cells that are cells, in their order: those that were handed out, and the first of the others."""
    good = [cell for cell in cells if _is_cell(cell)]
    # Of several with one name the last counts, as in nbgrader; one before it is kept, so that it can be said.
    named: dict[str, list[int]] = {}
    for index, cell in enumerate(good):
        if (name := _name(cell)) in handed_out:
            named.setdefault(name, []).append(index)
    kept = {index for indices in named.values() for index in indices[-2:]}
    for index in range(len(good)):
        if len(kept) >= MAX_CELLS + len(handed_out):
            break
        kept.add(index)
    return [good[index] for index in sorted(kept)]


def _is_cell(cell: Any) -> bool:
    return (
        isinstance(cell, dict)
        and isinstance(cell.get("cell_type"), str)
        and cell["cell_type"] in _KINDS
        and (isinstance(source := cell.get("source"), str) or (isinstance(source, list) and _are_texts(source)))
    )


def _are_texts(lines: list[Any]) -> bool:
    return all(isinstance(line, str) for line in lines)


def _id(cell: dict[str, Any]) -> str:
    """A cell's id, or an empty string where it has none that may be one."""
    name = cell.get("id")
    return name if isinstance(name, str) and _ID.fullmatch(name) else ""


def _name(cell: dict[str, Any]) -> str:
    marks = _marks(cell.get("metadata")).get("nbgrader")
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    return name if isinstance(name, str) else _id(cell)


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def _clean(text: str) -> tuple[str, bool]:
    """A text without invalid characters, and whether there were any."""
    cleaned, count = _NO_CHARACTER.subn("\ufffd", text)
    return cleaned, count > 0


def _marks(metadata: Any) -> dict[str, Any]:
    """Of a cell's metadata what nbgrader wrote there, if it has the form of that; else that it was something else."""
    if not isinstance(metadata, dict) or "nbgrader" not in metadata:
        return {}
    marks = metadata["nbgrader"]
    if isinstance(marks, dict) and len(marks) <= 20 and all(_is_mark(value) for value in marks.values()):
        return {"nbgrader": {_clean(key)[0]: _clean_mark(value) for key, value in marks.items()}}
    return {"nbgrader": "not nbgrader's"}


def _is_mark(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _MAX_MARK
    return value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 2**63)


def _clean_mark(value: Any) -> Any:
    return _clean(value)[0] if isinstance(value, str) else value


def _attachments(attachments: Any, most: int) -> dict[str, dict[str, str]]:
    """Attached files by name and type, as far as they have that form and there is room for them."""
    kept: dict[str, dict[str, str]] = {}
    for name, forms in attachments.items() if isinstance(attachments, dict) else ():
        for mime, text in forms.items() if isinstance(forms, dict) else ():
            if isinstance(text, list) and _are_texts(text):
                text = "".join(text)
            if isinstance(text, str) and text.isascii() and _clean(name + mime) == (name + mime, False):
                most -= len(text)
                if most >= 0:
                    kept.setdefault(name, {})[mime] = text
    return kept


def _size(attachments: dict[str, dict[str, str]]) -> int:
    return sum(len(text) for forms in attachments.values() for text in forms.values())
