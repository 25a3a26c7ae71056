"""What a submitted notebook tries: to be scored by its cells, to keep its reader from it, or to act while it is run."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count
from pathlib import Path
from string import Template
from typing import Any

from .attack import HandedIn
from .world import World

Notebook = dict[str, Any]
_numbers = count()
HUGE = 200_000_000
"""Bytes."""


def code_cell(source: str, **metadata: Any) -> Notebook:
    """A code cell in a notebook's file."""
    cell: Notebook = {
        "cell_type": "code",
        "source": source,
        "metadata": metadata,
        "outputs": [],
        "execution_count": None,
    }
    return cell | {"id": f"eve-{next(_numbers)}"}


def markdown_cell(source: str, **more: Any) -> Notebook:
    """A markdown cell in a notebook's file."""
    return {"cell_type": "markdown", "source": source, "metadata": {}, "id": f"eve-{next(_numbers)}"} | more


def edited(name: str, tries: str, change: Callable[[Notebook], object], **more: Any) -> HandedIn:
    """A submission whose notebook is changed as data."""

    def edit(folder: Path, world: World) -> None:
        path = _path(folder, world)
        notebook = json.loads(path.read_text(encoding="utf-8"))
        change(notebook)
        path.write_text(json.dumps(notebook), encoding="utf-8")

    return HandedIn(name, tries, edit, **more)


def running(name: str, tries: str, *sources: str, **more: Any) -> HandedIn:
    """A submission whose notebook holds code; words with a dollar stand for what `Attack` says."""

    def edit(folder: Path, world: World) -> None:
        path = _path(folder, world)
        notebook = json.loads(path.read_text(encoding="utf-8"))
        notebook["cells"] += [code_cell(Template(source).substitute(world.names)) for source in sources]
        path.write_text(json.dumps(notebook), encoding="utf-8")

    return HandedIn(name, tries, edit, runs=True, **more)


def _written(name: str, tries: str, content: bytes, **more: Any) -> HandedIn:
    """A submission whose notebook is some bytes."""

    def edit(folder: Path, world: World) -> None:
        _path(folder, world).write_bytes(content)

    return HandedIn(name, tries, edit, **more)


def _path(folder: Path, world: World) -> Path:
    return folder / f"{world.assignment.name}.ipynb"


def _checks(notebook: Notebook) -> list[Notebook]:
    """The check cells."""
    return [cell for cell in notebook["cells"] if _is(cell, grade=True, solution=False)]


def _is(cell: Notebook, **wanted: object) -> bool:
    found = cell["metadata"].get("nbgrader", {})
    return all(found.get(key) == value for key, value in wanted.items())


def _each(change: Callable[[Notebook], object]) -> Callable[[Notebook], object]:
    """The same change of every check cell."""
    return lambda notebook: [change(cell) for cell in _checks(notebook)]


def _marks(**values: object) -> Callable[[Notebook], object]:
    """A change of what nbgrader knows of every check cell."""
    return _each(lambda cell: cell["metadata"]["nbgrader"].update(values))


def _without_checks(notebook: Notebook) -> None:
    checks = _checks(notebook)
    notebook["cells"] = [cell for cell in notebook["cells"] if cell not in checks]


def _copied(notebook: Notebook) -> None:
    notebook["cells"] += [cell | {"id": f"copy-{number}"} for number, cell in enumerate(_checks(notebook))]
    for cell in notebook["cells"][-len(_checks(notebook)) // 2 :]:
        cell |= {"source": "400.0", "outputs": [_result("400.0")]}


def _swapped(notebook: Notebook) -> None:
    checks = _checks(notebook)
    # Of one check alone, with an answer that is graded by hand.
    others = checks[1:] or [cell for cell in notebook["cells"] if _is(cell, grade=True, solution=True)]
    first, last = (cell["metadata"]["nbgrader"] for cell in (checks[0], (others or checks)[-1]))
    first["grade_id"], last["grade_id"] = last["grade_id"], first["grade_id"]


def _bonus(notebook: Notebook) -> None:
    known = _checks(notebook)[0]["metadata"]["nbgrader"]
    cell = code_cell("100.0", nbgrader=known | {"grade_id": "bonus", "points": 100})
    notebook["cells"].append(cell | {"outputs": [_result("100.0")]})


def _answers(notebook: Notebook) -> None:
    for cell in notebook["cells"]:
        if _is(cell, grade=True, solution=True):
            cell["metadata"]["nbgrader"]["points"] = 100


def _result(text: str) -> Notebook:
    return {"output_type": "execute_result", "data": {"text/plain": text}, "metadata": {}, "execution_count": 1}


def _not_to_be_run(notebook: Notebook) -> None:
    notebook["cells"].append(code_cell("print('still', 6 * 7)"))
    for cell in notebook["cells"]:
        cell["metadata"]["tags"] = ["skip-execution", "remove-cell"]


_CHANGED = "something was changed"
_UNREADABLE = "cannot be read"

TAMPERING = (
    edited("check_cells_deleted", "Deletes the check cells.", _without_checks, says="were put back"),
    edited(
        "check_cells_duplicated",
        "Copies every check cell to the end, where the last one counts, with points of its own.",
        _copied,
        says="earn nothing",
    ),
    edited(
        "check_cells_retyped",
        "Turns the check cells into text, which a person would have to grade.",
        _each(lambda cell: (cell.update(cell_type="markdown"), cell.pop("outputs"), cell.pop("execution_count"))),
        says=_CHANGED,
    ),
    edited(
        "check_cells_reordered",
        "Turns the order of the cells around, so that points go to other functions.",
        lambda notebook: notebook["cells"].reverse(),
        says="order of the cells",
    ),
    edited("points_changed", "Makes every check cell worth 400 points.", _marks(points=400), says=_CHANGED),
    edited(
        "source_changed",
        "Writes its points in place of a check.",
        _each(lambda c: c.update(source="4.0")),
        says=_CHANGED,
    ),
    edited("names_swapped", "Has the first check cell pass for the last one.", _swapped, says=_CHANGED + "|order"),
    edited("written_answer", "Declares the check cells answers.", _marks(solution=True, locked=False), says=_CHANGED),
    edited(
        "metadata_gone", "Removes what makes a check cell one.", _each(lambda c: c["metadata"].clear()), says=_CHANGED
    ),
    edited(
        "metadata_of_no_kind",
        "Has text where nbgrader's data should be.",
        _each(lambda c: c["metadata"].update(nbgrader="junk")),
        says=_CHANGED,
    ),
    edited(
        "another_schema", "Names a schema that nbgrader would have to upgrade.", _marks(schema_version=1), says=_CHANGED
    ),
    edited("bonus_cell", "Adds a graded cell of its own, worth 100 points.", _bonus, says="earn nothing: bonus"),
    edited("answers_worth_more", "Makes every written answer worth 100 points.", _answers, says=_CHANGED),
    edited(
        "outputs_forged",
        "Brings check cells that were run already, with points as their output.",
        _each(lambda cell: cell.update(outputs=[_result("400.0")], execution_count=1)),
        says="raised ValueError",
    ),
    edited(
        "skip_execution",
        "Tags every cell so that it is neither run nor shown.",
        _not_to_be_run,
        shows="still 42",
        runs=True,
    ),
    edited(
        "kernel_of_its_own",
        "Names a kernel and a language of its own to be run by.",
        lambda notebook: notebook["metadata"].update(
            kernelspec={"name": "eve", "display_name": "eve", "language": "eve"}, language_info={"name": "eve"}
        ),
        says="raised ValueError",
    ),
    _written("invalid_json", "Hands in a notebook that is no JSON.", b'{"cells": [', says=f"{_UNREADABLE}.*no JSON"),
    _written("no_notebook_but_json", "Hands in JSON that is no notebook.", b"[1]", says=_UNREADABLE),
    _written(
        "half_a_cell",
        "Hands in a notebook whose cell is none.",
        b'{"cells": [{"cell_type": "code"}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
        says=_UNREADABLE,
    ),
    _written("nested_without_end", "Nests a notebook a hundred thousand deep.", b"[" * 100_000, says=_UNREADABLE),
    _written("another_encoding", "Hands in bytes that are no text.", b"\xff\xfe" * 100, says=f"{_UNREADABLE}.*UTF-8"),
    edited(
        "half_an_emoji",
        "Writes half an emoji, which no file can hold, into every part of every cell.",
        lambda notebook: notebook.update(cells=[_with_a_half(cell) for cell in notebook["cells"]]),
        says="invalid characters",
    ),
    edited(
        "nested_formulas",
        "Opens thousands of formulas in each of eight cells, over which a renderer sits for minutes.",
        lambda notebook: notebook["cells"].extend(markdown_cell("\\\\[" * 6_600) for _ in range(8)),
        says="cannot be rendered in time",
        on_pages=True,
    ),
    edited(
        "thousands_of_cells",
        "Hands in 50,000 empty cells.",
        lambda notebook: notebook["cells"].extend(markdown_cell("") for _ in range(50_000)),
        says="were left out",
    ),
    HandedIn(
        "huge",
        "Hands in a notebook of 200 MB, a good one but for its size.",
        lambda folder, world: _pad(_path(folder, world)),
        says="larger than",
    ),
)


def _with_a_half(cell: Notebook) -> Notebook:
    half = "\ud83d"
    more: Notebook = {"source": "".join(cell["source"]) + half, "metadata": cell["metadata"] | {half: half}}
    if cell["cell_type"] == "markdown":
        return cell | more | {"attachments": {half: {half: half}}}
    return cell | more | {"outputs": [{"output_type": "stream", "name": half, "text": half}]}


def _pad(path: Path) -> None:
    content = path.read_bytes()
    with path.open("wb") as file:
        file.write(content[:1])
        for _ in range(HUGE // 1_000_000):
            file.write(b" " * 1_000_000)
        file.write(content[1:])


_PIPE = "import gc\nchannel = [o for o in gc.get_objects() if type(o).__name__ == 'Channel'][0]\n"
_REFUSED = "PermissionError|FileNotFoundError|ProcessLookupError|Read-only file system"
_NOT_TO_THE_END = "did not run to its end"

CELLS = (
    running(
        "points_displayed",
        "Prints points as a check cell would, from a cell of its own and by the hook for outputs.",
        "import sys\nsys.displayhook(400.0)\n400.0",
        says="raised ValueError",
        shows="400.0",
    ),
    running(
        "check_patched",
        "Replaces the `check` that the notebook imports by one that gives full points.",
        "import checks, builtins\nchecks.check = builtins.check = lambda name: 400.0\ncheck('anything')",
        says="raised ValueError",
        shows="400.0",
    ),
    running(
        "transformers",
        "Has the shell leave out the code of every later cell, and hide every error.",
        "shell = get_ipython()\nshell.input_transformers_cleanup.append(lambda lines: [])\n"
        "shell.set_custom_exc((Exception,), lambda *a: None)",
        "1 / 0",
        says="raised ValueError",
    ),
    running(
        "verdict_over_the_pipe",
        "Sends points over the notebook's pipe in place of an output.",
        _PIPE + "channel.send(['points', 400.0])",
        says=_NOT_TO_THE_END,
    ),
    running("cell_reads_the_secret", "Prints the course secret.", "print(open('$secret').read())", shows=_REFUSED),
    running(
        "cell_reads_the_gradebook", "Prints the gradebook.", "print(open('$gradebook', 'rb').read())", shows=_REFUSED
    ),
    running(
        "cell_reads_the_other", "Prints the work of another student.", "print(open('$other').read())", shows=_REFUSED
    ),
    running(
        "cell_reads_the_environment",
        "Prints a secret of the host's environment.",
        "import os\nos.environ['$marker']",
        shows="KeyError",
    ),
    running(
        "cell_writes_the_gradebook",
        "Gives itself points in the gradebook.",
        "import sqlite3\nbook = sqlite3.connect('$gradebook')\nbook.execute('UPDATE grade SET auto_score = 400')\n"
        "book.commit()",
        shows="OperationalError|ModuleNotFoundError",
    ),
    running(
        "cell_writes_results",
        "Deletes the stored result of another student.",
        "import os\nos.unlink('$results')",
        shows=_REFUSED,
    ),
    running(
        "cell_mends_its_module",
        "Writes to its own module, to be graded on what was not handed in.",
        "import $package\nopen($package.__file__, 'a').write('#')",
        shows=_REFUSED,
    ),
    running(
        "cell_leaves_a_file",
        "Leaves a file in /tmp and in shared memory for the next one.",
        "open('/tmp/$left', 'w').close()",
        "open('/dev/shm/$left', 'w').close()",
        shows=_REFUSED,
    ),
    running(
        "cell_reaches_the_loopback",
        "Connects to a server on this machine.",
        "import socket\nsocket.create_connection(('127.0.0.1', $port), 1)",
        shows="PermissionError|ConnectionRefusedError|OSError",
    ),
    running(
        "cell_forks",
        "Forks, to go on when the notebook is done.",
        "import os, time\nif os.fork() == 0:\n    os.setsid(), time.sleep(60)",
        shows="PermissionError|BlockingIOError",
    ),
    running(
        "cell_kills_the_grader", "Kills the grader by its number.", "import os\nos.kill($grader, 9)", shows=_REFUSED
    ),
    running(
        "cell_takes_all_memory",
        "Takes all the memory there is.",
        "kept = [bytearray(2**29) for _ in range(64)]",
        shows="MemoryError",
    ),
    running(
        "cell_ends_the_process",
        "Ends the process, as if all were done.",
        "import os\nos._exit(0)",
        says=_NOT_TO_THE_END,
    ),
    running(
        "cell_prints_without_end",
        "Prints a hundred megabytes.",
        "for _ in range(1000): print('x' * 100_000)",
        shows="too long",
    ),
    running(
        "cell_never_ends",
        "Never ends, and ignores every signal that can be ignored.",
        "import signal\nfor number in range(1, 32):\n    try: signal.signal(number, signal.SIG_IGN)\n"
        "    except OSError: pass\nwhile True: pass",
        says="was stopped after 4 s",
        seconds=4,
    ),
)
