"""Everything that is exchanged in nbgrader, and why; importing this module exchanges it, once for the process.

nbgrader (0.9) builds its converters by name (`nbgrader/apps/api.py`, `nbgrader/apps/autogradeapp.py`), so for its own
command and for formgrader it is not enough to have classes of our own. `grader.plugins` imports this module with the
first class that a course's configuration names. Exchanged are:

`Autograde.start`
    nbgrader's converter lacks what `converter` says. If the configuration names our exporter, `SubmissionConverter`
    does the work, or `ClassicConverter` for an assignment of nbgrader's own kind; else nothing changes. May go when
    nbgrader lets a course name the converter's class.
`CourseDirectory.get_existing_timestamp`
    nbgrader's follows links, and ends the whole run at a `timestamp.txt` that is broken. May go when nbgrader passes
    over one that it cannot read.
`NbGraderAPI.get_submitted_timestamp`
    The same for formgrader's list of submissions, which one broken file would end. May go likewise.
`GenerateFeedback.init_notebooks`
    nbgrader's takes a folder's name for a pattern, which may match the folders of others. May go when nbgrader escapes
    the name.
`GenerateFeedback.convert_notebooks`
    nbgrader makes one page after another; of many we make several at a time. May go when nbgrader does.
`BaseConverter._format_source`
    In nbgrader's pattern of a path a student's name is `.*`, and a name may hold a newline, which that does not match.
    May go when nbgrader reads a path without a pattern.
`ZipCollectApp.extract_archive_files`
    nbgrader's takes any name for an assignment's, and warns that it finds nothing. May go when it refuses one that the
    course does not have.
`ZipCollectApp._mkdirs_if_missing`
    nbgrader's writes a line for each folder, of which there may be thousands. May go when that is a debug line.
`Gradebook.__init__`, `Gradebook.close`, `MetadataValidatorV3.validate_cell`
    nbgrader does the same work again for each step and each cell, as `kept_open` says. May go when nbgrader keeps an
    engine for each address and compiles its schema once. Beside that, a gradebook on a server is opened as `server`
    says: the tables are made once, and nothing is written without the lock.
`Gradebook.update_or_create_student`
    Of two transactions that enter one student, nbgrader's second one fails. May go when it leaves that to the database.
"""

from __future__ import annotations

import fnmatch
from datetime import datetime
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.apps.zipcollectapp import ZipCollectApp
from nbgrader.converters import Autograde, BaseConverter, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.nbgraderformat.v3 import MetadataValidatorV3
from nbgrader.utils import check_directory

from ..course import Course
from ..text import shown
from . import converter as ours
from .classic import ClassicConverter
from .exporter import SubmissionExporter
from .kept_open import close_shared, enter_student, open_shared, validate_once
from .pages_of_many import convert_many


def _start(converter: Autograde) -> None:
    """Let our converter do the work, on the same course, with the same settings and log."""
    if isinstance(converter, ours.SubmissionConverter | ClassicConverter) or not issubclass(
        converter.exporter_class, SubmissionExporter
    ):
        _stock_start(converter)
        return
    same = {name: getattr(converter, name) for name in ("coursedir", "config", "parent", "force", "create_student")}
    is_classic = converter.coursedir.assignment_id in Course(Path(converter.coursedir.root)).classic
    working = ClassicConverter(**same) if is_classic else ours.SubmissionConverter(**same)
    working.log = converter.log
    working.start()


def _existing_timestamp(coursedir: CourseDirectory, folder: str) -> datetime | None:
    return ours.existing_timestamp(folder)


def _submitted_timestamp(api: NbGraderAPI, assignment_id: str, student_id: str) -> datetime | None:
    coursedir = api.coursedir
    return ours.existing_timestamp(coursedir.format_path(coursedir.submitted_directory, student_id, assignment_id))


def _init_feedback(converter: GenerateFeedback) -> None:
    """List the notebooks as nbgrader does, but take no folder's name for a pattern."""
    coursedir = converter.coursedir
    converter.notebooks = []
    converter.assignments = {}
    for folder in ours.folders_of(converter, coursedir.assignment_id, coursedir.student_id):
        paths = Path(folder).glob("*.ipynb")
        if found := [str(path) for path in paths if fnmatch.fnmatch(path.stem, coursedir.notebook_id)]:
            converter.assignments[folder] = found
    if not converter.assignments:
        _stock_init_feedback(converter)  # which says what it looked for, and stops


def _convert_feedback(converter: GenerateFeedback) -> None:
    convert_many(converter, _stock_convert_feedback)


def _format_source(converter: BaseConverter, assignment_id: str, student_id: str, escape: bool = False) -> str:
    if "(?P<" in student_id:
        student_id = student_id.replace(".*", "(?s:.*)")
    return str(_stock_format_source(converter, assignment_id, student_id, escape))


def _extract(app: ZipCollectApp) -> None:
    course, name = Course(Path(app.coursedir.root)), str(app.coursedir.assignment_id)
    known = sorted({*course.assignments(), *(path.parent.name for path in course.release.glob("*/*.ipynb"))})
    if name not in known:
        app.log.error(
            "Not collected: this course has no assignment %r (it has: %s). Next: check the spelling.",
            shown(name),
            ", ".join(known) or "none",
        )
        raise SystemExit(2)
    _stock_extract(app)


def _make_folder(app: ZipCollectApp, path: str) -> None:
    if not check_directory(path, write=True, execute=True):
        Path(path).mkdir(parents=True)


_stock_start = Autograde.start
_stock_extract = ZipCollectApp.extract_archive_files
_stock_init_feedback = GenerateFeedback.init_notebooks
_stock_convert_feedback = GenerateFeedback.convert_notebooks
_stock_format_source = BaseConverter._format_source
Autograde.start = _start
CourseDirectory.get_existing_timestamp = _existing_timestamp
NbGraderAPI.get_submitted_timestamp = _submitted_timestamp
GenerateFeedback.init_notebooks = _init_feedback
GenerateFeedback.convert_notebooks = _convert_feedback
BaseConverter._format_source = _format_source
ZipCollectApp.extract_archive_files = _extract
ZipCollectApp._mkdirs_if_missing = _make_folder
Gradebook.__init__ = open_shared
Gradebook.close = close_shared
Gradebook.update_or_create_student = enter_student
MetadataValidatorV3.validate_cell = validate_once
