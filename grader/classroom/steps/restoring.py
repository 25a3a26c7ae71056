"""Puts back what was handed out, in the notebook and beside it."""

from __future__ import annotations

import copy
import shutil
import sys
from importlib.machinery import PathFinder
from pathlib import Path

from nbformat import NotebookNode, from_dict
from nbgrader import utils

from ...course import Course
from ...text import listed, shown
from ..exporter import grade_id_of, released_notebook
from ..results import Note
from ..verdicts import GradedSubmission
from .answers import text_outside_answers, untouched_answers
from .step import Resources, Step

_LISTED = 10


class RestoreCells(Step):
    """Cells as they were handed out: locked sources, every cell's nbgrader metadata, graded cells that were deleted.

    A cell is known by its `grade_id`, or by its cell id where an editor dropped the metadata. Of several cells with one
    `grade_id` the last counts, as in nbgrader. Metadata of any other cell is removed and the notebook's own is put
    back, so that nothing that a student wrote there reaches nbgrader's scoring or a page.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Restore the cells of one notebook."""
        verdict = self.verdict
        released = released_notebook(verdict.course, verdict.assignment.name)
        elsewhere = [*verdict.answers_elsewhere, *text_outside_answers(nb, released)]
        for note in restore_cells(nb, released):
            verdict.note(note.key, **note.names)
        verdict.waiting = untouched_answers(nb, released) if elsewhere else []
        if verdict.waiting:
            verdict.note("answers_wait", cells=", ".join(verdict.waiting), places=listed(elsewhere))
        if verdict.course.spoken:
            # As the gradebook has them, beside which nbgrader sees them next; `RestoreModules` puts the language back.
            _put_language(nb, released_notebook(Course(verdict.course.root), verdict.assignment.name))
        return nb, resources


def restore_cells(nb: NotebookNode, released: NotebookNode) -> list[Note]:
    """Do what `RestoreCells` says to a notebook; return what a person should know about it.

    Args:
        nb: the submitted notebook; changed.
        released: the notebook as it was handed out.
    """
    nb.metadata = copy.deepcopy(released.metadata)
    by_grade_id = {grade_id: cell for cell in released.cells if (grade_id := grade_id_of(cell))}
    present = {grade_id_of(cell) for cell in nb.cells}
    by_cell_id = {cell.id: cell for grade_id, cell in by_grade_id.items() if grade_id not in present}

    done: list[str] = []
    changed, extra = [], []
    for cell in reversed(nb.cells):
        claimed = grade_id_of(cell)
        original = by_grade_id.get(claimed) or by_cell_id.get(cell.get("id", ""))
        grade_id = grade_id_of(original) if original else ""
        if original is None or grade_id in done:
            cell.metadata = from_dict({})  # type: ignore[no-untyped-call]
            if claimed:
                extra.append(claimed)
            continue
        done.append(grade_id)
        if _is_changed(cell, original):
            changed.append(grade_id)
        _restore(cell, original)

    missing = [grade_id for grade_id, cell in by_grade_id.items() if utils.is_grade(cell) and grade_id not in done]
    for grade_id in missing:
        nb.cells.insert(_place(nb, released, by_grade_id[grade_id]), copy.deepcopy(by_grade_id[grade_id]))
    notes = []
    if changed:
        notes.append(Note("cells_changed", {"cells": _listed(changed)}))
    if extra:
        notes.append(Note("cells_extra", {"cells": _listed(extra)}))
    if done[::-1] != [grade_id for grade_id in by_grade_id if grade_id in done]:
        notes.append(Note("cells_moved"))
    if missing:
        notes.append(Note("cells_back", {"cells": ", ".join(missing)}))
    return notes


def _is_changed(cell: NotebookNode, original: NotebookNode) -> bool:
    """Whether a cell is another than was handed out in what a student is not to edit."""
    source = utils.is_locked(original) and cell.source.split() != original.source.split()
    metadata = cell.metadata.get("nbgrader") != original.metadata.get("nbgrader")
    return bool(source or metadata or cell.cell_type != original.cell_type)


def _listed(names: list[str]) -> str:
    """Names in the order of the notebook, as many as a remark can hold; they were gathered from its end."""
    return ", ".join(shown(name)[:50] for name in names[: -_LISTED - 1 : -1]) + (", ..." if names[_LISTED:] else "")


def _restore(cell: NotebookNode, original: NotebookNode) -> None:
    """Make a submitted cell what it was, but for what the student was asked to write."""
    if cell.cell_type != original.cell_type:
        cell.pop("outputs", None)
        cell.pop("execution_count", None)
        cell.pop("attachments", None)
        cell.cell_type = original.cell_type
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    cell.metadata = copy.deepcopy(original.metadata)
    if utils.is_locked(original):
        cell.source = original.source
        cell.pop("attachments", None)
        if "attachments" in original:
            cell.attachments = copy.deepcopy(original.attachments)


def _place(nb: NotebookNode, released: NotebookNode, missing: NotebookNode) -> int:
    """Where a deleted cell goes: behind the nearest cell before it that is still there."""
    position = {cell.id: index for index, cell in enumerate(nb.cells) if "id" in cell}
    position |= {grade_id: index for index, cell in enumerate(nb.cells) if (grade_id := grade_id_of(cell))}
    before = released.cells[: released.cells.index(missing)]
    for cell in reversed(before):
        index = position.get(grade_id_of(cell) or cell.id, position.get(cell.id))
        if index is not None:
            return int(index) + 1
    return 0


class RestoreModules(Step):
    """The files beside the notebook in `autograded/`, for a person who opens it there; the verdict never reads them.

    Given modules and `checks/` become what was handed out. The modules that the student edits stay, and so do modules
    that the student added, unless one would be imported in place of another of the same name.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Restore the modules of one submission."""
        restore_modules(self.destination(resources), self.verdict)
        verdict = self.verdict
        if verdict.course.spoken:
            _put_language(nb, released_notebook(verdict.course, verdict.assignment.name))
        return nb, resources


def _put_language(nb: NotebookNode, released: NotebookNode) -> None:
    """Put locked cells into the language of a release.

    With each the checksum of that release, by which nbgrader knows an answer that was not written.
    """
    by_grade_id = {grade_id: cell for cell in released.cells if (grade_id := grade_id_of(cell))}
    for cell in nb.cells:
        original = by_grade_id.get(grade_id_of(cell))
        if original is not None:
            cell.metadata.nbgrader["checksum"] = original.metadata.nbgrader["checksum"]
            if utils.is_locked(original):
                cell.source = original.source


def restore_modules(folder: Path, verdict: GradedSubmission) -> None:
    """Do what `RestoreModules` says to a copy of a submission; the verdict gets the remark."""
    shadowing = remove_shadowing(folder, verdict.course)
    if shadowing:
        verdict.note("shadowing", files=listed(shadowing))
    package = folder / verdict.assignment.package
    if package.is_dir():
        for name, content in verdict.given.items():
            if name not in verdict.assignment.modules:
                _put(package / name, content)
    released = verdict.course.release / verdict.assignment.name / "checks"
    shutil.rmtree(folder / "checks", ignore_errors=True)
    if released.is_dir():
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(released, folder / "checks", ignore=ignored, copy_function=shutil.copyfile)


def _put(path: Path, content: bytes) -> None:
    """Write a given module in the place of the student's copy."""
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


_TAKEN = {"checks", "grader", "sitecustomize", "usercustomize"}


def remove_shadowing(folder: Path, course: Course) -> list[str]:
    """Remove what would be imported in place of a library, of `checks`, or of a module of the package.

    Args:
        folder: a submission's copy.
        course: what can be imported from there alone does not count as a library.

    Returns:
        What was removed, relative to `folder`.
    """
    removed = []
    own = course.package.name
    libraries = [entry for entry in sys.path if entry and Path(entry).resolve() != course.root.resolve()]
    for path in sorted(folder.iterdir()):
        name = path.name.partition(".")[0]
        importable = path.is_dir() or path.suffix in {".py", ".pyc", ".so", ".pyd"}
        known = name in sys.stdlib_module_names or name in {*_TAKEN, own}
        ours = path.is_dir() and name in {"checks", own}
        if importable and not ours and name.isidentifier() and (known or PathFinder.find_spec(name, libraries)):
            # A folder without __init__.py hides nothing that is installed.
            if path.is_dir() and not any(path.glob("__init__.*")):
                continue
            removed.append(path)
    package = folder / own
    if package.is_dir():
        modules = {path.with_suffix("") for path in package.rglob("*.py")}
        for path in sorted(package.rglob("*")):
            module = path.parent / path.name.partition(".")[0] in modules and not {*path.parents} & {*removed}
            if module and (path.suffix in {".so", ".pyd", ".pyc"} or (path / "__init__.py").is_file()):
                removed.append(path)
    for path in removed:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    return [path.relative_to(folder).as_posix() for path in removed]
