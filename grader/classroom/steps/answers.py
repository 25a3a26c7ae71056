"""Where written answers may be that are not in their cells.

nbgrader takes an answer cell that is as it was handed out for no answer, and gives 0. But people delete the cell and
type it again, split it, write into the question above it, or lose the notebook's metadata in an editor.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator

from nbformat import NotebookNode
from nbgrader import utils

from ...text import shown
from ..exporter import grade_id_of

_LONGEST = 60
_PROSE = 5
"""Words in a row from which on a line of code is taken for prose."""
_ANSWER = re.compile(
    r"""[#"' ]*(?:odgovor|rješenje|rjesenje|zaključak|zakljucak|objašnjenje|objasnjenje|answer)\w* *[:=]""",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+[,.;:!?)]*")


def untouched_answers(nb: NotebookNode, released: NotebookNode) -> list[str]:
    """Of a notebook with its cells put back, the answers that are as they were handed out."""
    handed_out = {grade_id_of(cell): cell.source for cell in released.cells}
    return [
        grade_id_of(cell)
        for cell in nb.cells
        if utils.is_grade(cell) and utils.is_solution(cell) and cell.source == handed_out.get(grade_id_of(cell))
    ]


def text_outside_answers(nb: NotebookNode, released: NotebookNode) -> list[str]:
    """Where a notebook holds text of the student's that is in no answer cell: the beginning of each such text.

    Args:
        nb: the submitted notebook, before anything is put back.
        released: as it was handed out.
    """
    known = {"".join(cell.source.split()) for cell in released.cells}
    answers = [cell for cell in released.cells if utils.is_grade(cell) and utils.is_solution(cell)]
    own = {grade_id_of(cell) for cell in answers} | {cell.id for cell in answers}
    last = {name: cell for cell in nb.cells for name in (grade_id_of(cell), cell.get("id", "")) if name in own}
    kept = {id(cell) for cell in last.values()}
    found = []
    for cell in nb.cells:
        attached = bool(cell.get("attachments"))
        if (id(cell) in kept or "".join(cell.source.split()) in known) and not attached:
            continue
        text = " ".join(cell.source.split()) if cell.cell_type != "code" else next(_prose(cell.source), "")
        if any(map(str.isalnum, text)) or attached:
            found.append(f'"{shown(text[:_LONGEST])}{"..." if text[_LONGEST:] else ""}"')
    return found


def _prose(source: str) -> Iterator[str]:
    """The lines of a code cell that read like a sentence, as comments and texts do, or are called an answer."""
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    if lines and all(line.startswith("#") for line in lines):  # no code: somebody wrote here
        yield " ".join(lines)
    yield from (line for line in lines if _ANSWER.match(line))
    for line in source.splitlines():
        text = line.strip().lstrip("#\"' ")
        words = text.split()
        if len(words) >= _PROSE and words[0] not in keyword.kwlist:
            run = 0
            for word in words:
                run = run + 1 if _WORD.fullmatch(word) else 0
                if run >= _PROSE:
                    yield text
                    break
