"""Assignments of nbgrader's own kind: answers and asserts in the cells of notebooks, and nothing beside them.

Such an assignment has no checks of its own. Its notebooks run in the sandbox, and the cells with asserts in the same
process as what the student wrote; nbgrader scores what these cells put out. So its points are no firmer than that
process, and every result says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checks.core import Assignment
from checks.student import Contract

from .errors import GraderError


@dataclass(frozen=True, eq=False)
class ClassicAssignment(Assignment):
    """What is known of one: its notebooks, and the cells in them that are scored by what they put out."""

    notebooks: tuple[str, ...] = ()
    """Names, without `.ipynb`."""
    cells: Mapping[str, float] = field(default_factory=dict)
    """The points of each cell with asserts, by its name in the gradebook (`cell_name`)."""

    @property
    def functions(self) -> tuple[str, ...]:
        """The cells, where another assignment has functions."""
        return tuple(self.cells)

    def points(self, function: str) -> float:
        """The points of one cell."""
        return self.cells[function]


def cell_name(notebook: str, grade_id: str, notebooks: int) -> str:
    """What a graded cell is called in tables and results: with several notebooks, two may have the same id."""
    return grade_id if notebooks == 1 else f"{notebook}/{grade_id}"


def classic_assignment(folder: Path) -> ClassicAssignment:
    """The assignment whose source notebooks lie in a folder.

    Raises:
        GraderError: there is none, or one that cannot be read.
    """
    paths = sorted(folder.glob("*.ipynb"))
    if not paths:
        raise GraderError(
            f"{folder}: expected the notebooks of a classic assignment, found none. Next: put them there."
        )
    cells = {
        cell_name(path.stem, str(own["grade_id"]), len(paths)): float(own.get("points") or 0)
        for path in paths
        for own in _graded(path)
    }
    return ClassicAssignment(
        name=folder.name,
        modules=(),
        gives=(),
        checks=(),
        contract=Contract({}, {}),
        folder=folder,
        notebooks=tuple(path.stem for path in paths),
        cells=cells,
    )


def _graded(path: Path) -> Iterable[Mapping[str, Any]]:
    """Nbgrader's metadata of the cells that are scored by what they put out."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        found = [cell["metadata"].get("nbgrader", {}) for cell in cells if cell["cell_type"] == "code"]
        return [own for own in found if own.get("grade") and not own.get("solution") and own["grade_id"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise GraderError(
            f"{path}: expected a notebook of nbformat 4, found another file ({type(error).__name__}: {error}). Next: "
            "open it in JupyterLab and save it."
        ) from None
