"""What nbgrader does again and again for each submission, and a class run does once.

nbgrader opens the gradebook for each step, about twelve times a submission: a new engine, which compiles each statement
anew, and a look whether all tables are there. And it compiles the schema of its own metadata for each cell.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.nbgraderformat.v3 import MetadataValidatorV3
from sqlalchemy.engine import Engine
from sqlalchemy.orm import scoped_session, sessionmaker

_MOST_KNOWN = 10_000
"""Different cells' metadata that are remembered: as they were handed out, there is one for each graded cell."""

_engines: dict[str, Engine] | None = None
_valid: set[str] = set()


@contextmanager
def gradebooks_kept_open() -> Iterator[None]:
    """While this lasts, all gradebooks of one address share an engine; each session is its own all the same."""
    global _engines
    outer, _engines = _engines, {}
    try:
        yield
    finally:
        for engine in _engines.values():
            engine.dispose()
        _engines = outer


def open_shared(
    gradebook: Gradebook, db_url: str, course_id: str = "default_course", authenticator: Any = None
) -> None:
    """Open a gradebook as nbgrader does, or over the engine of one that was opened before."""
    engine = _engines.get(db_url) if _engines is not None else None
    if engine is None:
        stock_open(gradebook, db_url, course_id, authenticator)
        if _engines is not None:
            _engines[db_url] = gradebook.engine
        return
    gradebook.engine = engine
    gradebook.db = scoped_session(sessionmaker(autoflush=True, bind=engine, future=True))
    gradebook.check_course(course_id=course_id)
    gradebook.course_id = course_id
    gradebook.authenticator = authenticator


def validate_once(validator: MetadataValidatorV3, cell: NotebookNode) -> None:
    """Check a cell's metadata as nbgrader does, unless the same were found right earlier."""
    described = json.dumps([cell.cell_type, cell.metadata.get("nbgrader")], sort_keys=True)
    if described in _valid:
        return
    stock_validate(validator, cell)
    if len(_valid) < _MOST_KNOWN:
        _valid.add(described)


stock_open = Gradebook.__init__
stock_validate = MetadataValidatorV3.validate_cell
