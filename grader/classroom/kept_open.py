"""What nbgrader does again and again for each submission, and a class run does once.

nbgrader opens the gradebook for each step, about twelve times a submission: a new engine, which compiles each statement
anew, and a look whether all tables are there. It commits about twenty times a submission, so that a grader that is
killed leaves half of one. And it compiles the schema of its own metadata for each cell.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.nbgraderformat.v3 import MetadataValidatorV3
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from .remembered import take_place
from .server import first_opening, keep_watch, no_driver, one_at_a_time

_MOST_KNOWN = 10_000
"""Different cells' metadata that are remembered: as they were handed out, there is one for each graded cell."""

_open: dict[str, _Open] | None = None
_valid: set[str] = set()


class _Open:
    """A gradebook that stays open, in one session: what nbgrader calls a commit becomes a part of one transaction."""

    def __init__(self, gradebook: Gradebook) -> None:
        self.engine: Engine = gradebook.engine
        self.session: Any = gradebook.db
        self.commit: Callable[[], None] = gradebook.db.commit
        gradebook.db.commit = self._write

    def _write(self) -> None:
        self.session.flush()
        self.session.expire_all()

    def take_back(self) -> None:
        """Take back what was written and not committed; the connection may be lost, and with it all of that."""
        try:
            self.session.rollback()
        except SQLAlchemyError:
            self.session.invalidate()
        self.session.expunge_all()

    def end(self) -> None:
        """Close it, whatever became of the connection."""
        self.take_back()
        self.session.remove()
        self.engine.dispose()

    def leave(self) -> None:
        """Forget what was read, as a session does that is closed."""
        self.session.flush()
        self.session.expunge_all()


@contextmanager
def gradebooks_kept_open() -> Iterator[None]:
    """While this lasts, a gradebook is opened once, and nothing is in it before `commit_all`."""
    global _open
    outer, _open = _open, {}
    try:
        yield
    finally:
        for one in _open.values():
            one.end()
        _open = outer


def commit_all() -> None:
    """Make what was written so far a part of each gradebook that is kept open."""
    for one in (_open or {}).values():
        one.commit()


def forget_all() -> None:
    """Take back what was written since the last `commit_all`."""
    for one in (_open or {}).values():
        one.take_back()


def open_shared(
    gradebook: Gradebook, db_url: str, course_id: str = "default_course", authenticator: Any = None
) -> None:
    """Open a gradebook as nbgrader does, or find the one that is kept open, or what stands in its place.

    Raises:
        GraderError: its address cannot be read, or its driver is not installed.
    """
    if take_place(gradebook):
        return
    known = _open.get(db_url) if _open is not None else None
    if known is None:
        try:
            with first_opening(db_url):
                stock_open(gradebook, db_url, course_id, authenticator)
        except ImportError as error:
            raise no_driver(db_url, error) from None
        keep_watch(gradebook.engine)
        if _open is not None:
            _open[db_url] = _Open(gradebook)
        return
    gradebook.engine, gradebook.db = known.engine, known.session
    gradebook.check_course(course_id=course_id)
    gradebook.course_id = course_id
    gradebook.authenticator = authenticator


def close_shared(gradebook: Gradebook) -> None:
    """Close a gradebook as nbgrader does, unless it is kept open."""
    for one in (_open or {}).values():
        if one.session is gradebook.db:
            one.leave()
            return
    stock_close(gradebook)


def enter_student(gradebook: Gradebook, student_id: str, **names: Any) -> Any:
    """Enter a student as nbgrader does, after another transaction that does so at the moment."""
    one_at_a_time(gradebook, student_id)
    return stock_enter(gradebook, student_id, **names)


def validate_once(validator: MetadataValidatorV3, cell: NotebookNode) -> None:
    """Check a cell's metadata as nbgrader does, unless the same were found right earlier."""
    described = json.dumps([cell.cell_type, cell.metadata.get("nbgrader")], sort_keys=True)
    if described in _valid:
        return
    stock_validate(validator, cell)
    if len(_valid) < _MOST_KNOWN:
        _valid.add(described)


stock_open = Gradebook.__init__
stock_close = Gradebook.close
stock_enter = Gradebook.update_or_create_student
stock_validate = MetadataValidatorV3.validate_cell
