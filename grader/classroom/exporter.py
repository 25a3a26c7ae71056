"""How nbgrader reads a submission here: each folder under `submitted/` counts, with or without its notebook.

`nbgrader_config.py` names `SubmissionExporter`, and the command line, the Python API and formgrader all construct their
converter with it. nbgrader has no setting for what happens around a notebook, and there

- passes over a folder that holds no `*.ipynb`, and over one that an interrupted run left half done;
- enters the submission into the gradebook before anything was graded;
- copies whatever a submission holds, links and special files too, and ends the run at a broken `timestamp.txt`;
- has no step after the notebook is written, from which on a verdict counts.

Those methods are wrapped here, once, when nbgrader imports this module; a converter that is configured with another
exporter keeps nbgrader's own.
"""

from __future__ import annotations

import fnmatch
import glob
import itertools
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters import Autograde, BaseConverter, GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.utils import parse_utc, rmtree

from ..course import Course, course_of
from ..errors import GraderError
from ..plugins import name_of
from ..reference.render import render_package
from ..text import shown
from .handin.carrying import carry_over
from .pages.bounded import at_hand
from .pages.reading import MAX_NOTEBOOK, Reading, read_notebook
from .results import UNFINISHED, mark_stale, read_record, staleness, write_record
from .runs import only_one
from .verdicts import Verdict, judge

MAX_OTHERS = 20
"""Notebooks of another name that are looked at where the right one is missing."""
_TIMESTAMP = "timestamp.txt"
_YEARS = (1970, 9000)
"""In which a time can be shown in any zone, and subtracted from any other."""
_EXECUTION = "NBGRADER_EXECUTION"


class SubmissionExporter(NotebookExporter):
    """Opens the notebook of a submission, or the released one where the submission has none that can be read."""

    def from_filename(self, filename: str, resources: dict[str, Any] | None = None, **kw: Any) -> Any:
        """Convert a notebook of `submitted/`, and in the second pass the one of `autograded/`."""
        converter: Any = self.parent
        if not converter._sanitizing:
            return super().from_filename(filename, resources, **kw)
        path = Path(filename)
        resources = resources if resources is not None else {}
        resources["metadata"] = {"name": path.stem, "path": str(path.parent)}
        with others_turn(getattr(converter, "turn", None)):
            notebook = read_submission(path, verdict_of(converter))
        return self.from_notebook_node(notebook, resources, **kw)  # type: ignore[no-untyped-call]


def read_submission(path: Path, verdict: Verdict) -> NotebookNode:
    """The submitted notebook; another one of this assignment if it bears another name; else the released one.

    What was done in place of reading `path` is added to the verdict's notes.
    """
    released = frame(verdict.course, verdict.assignment.name)
    ours = set(graded_ids(released))
    handed_out = ours | {cell.id for cell in released.cells}
    if not os.path.lexists(path):
        path = verdict.root / path.name
    if os.path.lexists(path):
        try:
            return _noted(read_notebook(path, handed_out), verdict)
        except ValueError as error:
            verdict.note("unreadable_notebook", name=path.name, problem=str(error))
            return released
    found = []
    left = MAX_NOTEBOOK
    for other in itertools.islice(sorted(path.parent.glob("*.ipynb")), MAX_OTHERS):
        try:
            left -= other.lstat().st_size
            if left < 0:
                break
            reading = read_notebook(other, handed_out)
        except (OSError, ValueError):
            continue
        if ours.intersection(graded_ids(reading.notebook)):
            found.append((other, reading))
    if len(found) == 1:
        verdict.note("other_notebook", name=path.name, found=shown(found[0][0].name))
        return _noted(found[0][1], verdict)
    verdict.note("no_notebook", name=path.name)
    return released


def _noted(reading: Reading, verdict: Verdict) -> NotebookNode:
    if reading.left_out:
        verdict.note("cells_left_out", count=str(reading.left_out))
    if reading.cut:
        verdict.note("cells_cut", count=str(reading.cut))
    if reading.replaced:
        verdict.note("characters_replaced")
    return reading.notebook


def frame(course: Course, assignment: str) -> NotebookNode:
    """The notebook as it was handed out.

    Raises:
        GraderError: it is not in `release/`.
    """
    path = course.release / assignment / f"{assignment}.ipynb"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(notebook, relax_add_props=True)
    except Exception:  # there is none, or what is there is none
        raise GraderError(
            f"{path}: expected the released notebook, found none that can be read. Next: run "
            f"`grader release {assignment}`."
        ) from None
    return notebook


@contextmanager
def others_turn(turn: Lock | None) -> Iterator[None]:
    """Let other conversions go on while this one does what takes long; `turn` is the lock that it holds."""
    if turn is None:
        yield
        return
    execution = os.environ.get(_EXECUTION)
    turn.release()
    try:
        yield
    finally:
        turn.acquire()
        # nbgrader takes this away at the end of each conversion, and fails where another one has.
        if execution is not None:
            os.environ[_EXECUTION] = execution


def graded_ids(notebook: NotebookNode) -> list[str]:
    """The `grade_id` of every cell of a notebook that bears one."""
    return [grade_id for cell in notebook.cells if (grade_id := grade_id_of(cell))]


def grade_id_of(cell: NotebookNode) -> str:
    """A cell's `grade_id`, or an empty string: a student's metadata may be anything."""
    metadata = cell.metadata.get("nbgrader")
    grade_id = metadata.get("grade_id") if isinstance(metadata, dict) else None
    return grade_id if isinstance(grade_id, str) else ""


def verdict_of(converter: Any) -> Verdict:
    """The verdict on the submission that a converter is at.

    Raises:
        GraderError: there is none, since the configuration lacks our exporter.
    """
    verdict = getattr(converter, "trusted_verdict", None)
    if not isinstance(verdict, Verdict):
        raise GraderError(
            f"nbgrader_config.py: expected Autograde.exporter_class = {name_of('SubmissionExporter')!r}, found "
            f"{converter.exporter_class.__name__}. Next: restore that line; no score was written."
        )
    return verdict


def _init_notebooks(converter: Autograde) -> None:
    """List every folder of the assignment under `submitted/`, each with the notebook that it should hold."""
    coursedir = converter.coursedir
    coursedir.get_existing_timestamp = existing_timestamp
    converter.notebooks = []
    converter.assignments = {}
    expected = f"{coursedir.assignment_id}.ipynb"
    # Any other notebook is unknown to nbgrader, and there may be thousands.
    handed_out = {path.name for path in (course_of(converter).release / coursedir.assignment_id).glob("*.ipynb")}
    for folder in glob.glob(converter._format_source(coursedir.assignment_id, coursedir.student_id)):  # noqa: PTH207
        path = Path(folder)
        if path.is_dir():
            found = {str(path / name) for name in handed_out if (path / name).exists()} | {str(path / expected)}
            wanted = [name for name in found if fnmatch.fnmatch(Path(name).stem, coursedir.notebook_id)]
            if wanted:
                converter.assignments[folder] = wanted
        else:
            converter.log.error("Not graded: %s: expected a folder.", shown(folder))
    if not converter.assignments:
        _stock_init_notebooks(converter)  # which says what it looked for, and stops


def _init_feedback(converter: GenerateFeedback) -> None:
    """List the notebooks as nbgrader does, but take no folder's name for a pattern, which may match others' folders."""
    coursedir = converter.coursedir
    converter.notebooks = []
    converter.assignments = {}
    for folder in glob.glob(converter._format_source(coursedir.assignment_id, coursedir.student_id)):  # noqa: PTH207
        paths = Path(folder).glob("*.ipynb")
        if found := [str(path) for path in paths if fnmatch.fnmatch(path.stem, coursedir.notebook_id)]:
            converter.assignments[folder] = found
    if not converter.assignments:
        _stock_init_feedback(converter)  # which says what it looked for, and stops


def existing_timestamp(folder: str) -> datetime | None:
    """When the work in a folder was submitted; None where its `timestamp.txt` does not say."""
    path = Path(folder, _TIMESTAMP)
    with suppress(Exception):  # what dates can be made to mean, and overflow to, is not known to anybody
        if not path.is_symlink() and path.is_file() and path.stat().st_size < 1000:
            found = parse_utc(path.read_text(encoding="utf-8").strip())
            if isinstance(found, datetime) and _YEARS[0] <= found.year <= _YEARS[1]:
                return found
    return None


def _submitted_timestamp(api: NbGraderAPI, assignment_id: str, student_id: str) -> datetime | None:
    """The time for formgrader's list of submissions, which one broken file would end."""
    coursedir = api.coursedir
    return existing_timestamp(coursedir.format_path(coursedir.submitted_directory, student_id, assignment_id))


def _convert_notebooks(converter: Autograde) -> None:
    """One grader at a time: two would write to the same folders and the same scores."""
    several = getattr(converter, "turn", None) is not None
    try:
        with only_one(course_of(converter), converter.coursedir.assignment_id), nullcontext() if several else at_hand():
            _stock_convert_notebooks(converter)
    except GraderError as error:
        converter.log.error("Not graded: %s", error)
        raise NbGraderException(str(error)) from None


def _init_destination(converter: Autograde, assignment_id: str, student_id: str) -> bool:
    """Grade again what has no verdict that counts, as a run leaves it that was interrupted; else as nbgrader does."""
    course = course_of(converter)
    destination = Path(converter._format_dest(assignment_id, student_id))
    if destination.is_dir() and not _counts(course, assignment_id, student_id):
        rmtree(str(destination))
    return bool(_stock_init_destination(converter, assignment_id, student_id))


def _counts(course: Course, assignment: str, student: str) -> bool:
    with suppress(GraderError):
        record = read_record(course, assignment, student)
        return record is not None and not staleness(course, record)
    return False


def _init_assignment(converter: Autograde, assignment_id: str, student_id: str) -> None:
    """Reach the verdict first: where the kit itself fails, the gradebook is not touched."""
    course = course_of(converter)
    converter.trusted_verdict = None
    try:
        mark_stale(course, assignment_id, student_id, UNFINISHED)
        prepared = getattr(converter, "prepared_verdicts", {}).get(student_id)
        converter.trusted_verdict = prepared or judge(course, course.assignment(assignment_id), student_id)
    except GraderError as error:
        converter.log.error("%s: not graded, no score was written. %s", student_id, error)
        with suppress(GraderError):  # a full disk may be what stopped the grader
            mark_stale(course, assignment_id, student_id, str(error))
        raise
    source = Path(converter._format_source(assignment_id, student_id))
    if os.path.lexists(source / _TIMESTAMP) and existing_timestamp(str(source)) is None:
        converter.trusted_verdict.note("timestamp")
    before = _automatic_scores(converter, assignment_id, student_id)
    _stock_init_assignment(converter, assignment_id, student_id)
    _automatic_scores(converter, assignment_id, student_id, restore=before)


def _copy_files(converter: BaseConverter, assignment_id: str, student_id: str) -> None:
    """Carry the files of a submission over: plain ones, `funkcije/` to where it belongs, and not without bound."""
    if not (isinstance(converter, Autograde) and _ours(converter)):
        _stock_copy_files(converter, assignment_id, student_id)
        return
    verdict = verdict_of(converter)
    destination = Path(converter._format_dest(assignment_id, student_id))
    given = render_package(verdict.course, verdict.assignment).stub
    carry_over(verdict, given, destination, [*converter.coursedir.ignore, "*.ipynb", _TIMESTAMP])
    source = Path(converter._format_source(assignment_id, student_id))
    if existing_timestamp(str(source)) is not None:
        destination.mkdir(parents=True, exist_ok=True)
        (destination / _TIMESTAMP).write_bytes((source / _TIMESTAMP).read_bytes())


def _set_permissions(converter: Autograde, assignment_id: str, student_id: str) -> None:
    """Store the verdict once everything else is done: from here on it counts."""
    _stock_set_permissions(converter, assignment_id, student_id)
    write_record(course_of(converter), verdict_of(converter).record())


def _automatic_scores(
    converter: Autograde, assignment_id: str, student_id: str, restore: dict[str, float | None] | None = None
) -> dict[str, float | None]:
    """The automatic scores that the gradebook holds; with `restore`, first set back to those.

    nbgrader enters 0 for a notebook that was not handed in, before it converts: here the notebook is graded all the
    same, and if it cannot be, no score may have been written.
    """
    coursedir = converter.coursedir
    scores = {}
    with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        with suppress(MissingEntry):
            for notebook in gradebook.find_submission(assignment_id, student_id).notebooks:
                for grade in notebook.grades:
                    if restore is not None:
                        grade.auto_score = restore.get(grade.name)
                    scores[grade.name] = grade.auto_score
        gradebook.db.commit()
    return scores


def _format_source(converter: BaseConverter, assignment_id: str, student_id: str, escape: bool = False) -> str:
    """A path as nbgrader makes it, and its pattern of one: a name may hold a newline, which `.` does not match."""
    if "(?P<" in student_id:
        student_id = student_id.replace(".*", "(?s:.*)")
    return str(_stock_format_source(converter, assignment_id, student_id, escape))


def _ours(converter: Autograde) -> bool:
    return issubclass(converter.exporter_class, SubmissionExporter)


def _for_ours(method: Callable[..., Any], stock: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(converter: Autograde, *args: Any) -> Any:
        return (method if _ours(converter) else stock)(converter, *args)

    return wrapped


_stock_init_feedback = GenerateFeedback.init_notebooks
_stock_format_source = BaseConverter._format_source
_stock_copy_files = BaseConverter.init_assignment
_stock_init_notebooks = Autograde.init_notebooks
_stock_convert_notebooks = Autograde.convert_notebooks
_stock_init_destination = Autograde.init_destination
_stock_init_assignment = Autograde.init_assignment
_stock_set_permissions = Autograde.set_permissions
NbGraderAPI.get_submitted_timestamp = _submitted_timestamp
GenerateFeedback.init_notebooks = _init_feedback
BaseConverter._format_source = _format_source
BaseConverter.init_assignment = _copy_files
Autograde.init_notebooks = _for_ours(_init_notebooks, _stock_init_notebooks)
Autograde.convert_notebooks = _for_ours(_convert_notebooks, _stock_convert_notebooks)
Autograde.init_destination = _for_ours(_init_destination, _stock_init_destination)
Autograde.init_assignment = _for_ours(_init_assignment, _stock_init_assignment)
Autograde.set_permissions = _for_ours(_set_permissions, _stock_set_permissions)
