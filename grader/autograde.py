"""What nbgrader does with one submission, step by step: the preprocessors that `nbgrader_config.py` names.

Sanitizing, from `submitted/` to `autograded/`:

- `RestoreCells` puts locked cells, metadata and deleted graded cells back as they were handed out;
- `RestoreModules` puts given modules and `checks/` back, and keeps what the student may edit or add.

Autograding, in `autograded/`:

- `ExecuteForReading` runs the notebook in the sandbox so that a person can read it, which changes no score;
- `TrustedVerdict` writes the verdict into the graded cells, in the form from which nbgrader reads points;
- `SaveScores` enters the points into the gradebook, all of them or none;
- `MakeInert` leaves nothing in the submission's text that would run in its reader's browser.

Feedback, from `autograded/` to `feedback/`:

- `HtmlOnly` keeps everything but the pages out of `feedback/`;
- `SayStale` says on a page that its points no longer count;
- `FitFigures` keeps a wide figure inside its page.

A fault of the kit raises `GraderError`; nbgrader then drops the conversion, and no score is written.
"""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import cache
from html import escape
from importlib.machinery import PathFinder
from math import isfinite
from pathlib import Path
from typing import Any

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_markdown_cell, new_output
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades
from traitlets import Integer, Unicode

from checks.language import LANGUAGES

from .bounded import Inert
from .errors import GraderError
from .feedback import stale_banner
from .notebook import NotebookBounds, data_cache, run_notebook
from .pages import STAYS_INSIDE, as_text, attached_pictures, page_ids, plain, tame
from .render import render_package
from .results import Note, read_record, staleness
from .sandbox.choose import choose
from .staging import listed, shown
from .submission import course_of, frame, grade_id_of, others_turn, verdict_of
from .verdicts import Verdict, sentences

Resources = dict[str, Any]
_LISTED = 10
SUMMARY = "grader-summary"
"""Id of the first cell of a graded notebook."""


class Step(NbGraderPreprocessor):  # type: ignore[misc]
    """A preprocessor that knows the converter it works for."""

    @property
    def converter(self) -> Any:
        """The converter: the parent of the exporter that holds this preprocessor."""
        return self.parent.parent

    def destination(self, resources: Resources) -> Path:
        """The folder that the conversion writes to."""
        names = resources["nbgrader"]
        return Path(self.converter._format_dest(names["assignment"], names["student"]))


class RestoreCells(Step):
    """Cells as they were handed out: locked sources, every cell's nbgrader metadata, graded cells that were deleted.

    A cell is known by its `grade_id`, or by its cell id where an editor dropped the metadata. Of several cells with one
    `grade_id` the last counts, as in nbgrader. Metadata of any other cell is removed and the notebook's own is put
    back, so that nothing that a student wrote there reaches nbgrader's scoring or a page.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Restore the cells of one notebook."""
        verdict = verdict_of(self.converter)
        released = frame(verdict.course, verdict.assignment.name)
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

        if changed:
            verdict.note("cells_changed", cells=_listed(changed))
        if extra:
            verdict.note("cells_extra", cells=_listed(extra))
        if done[::-1] != [grade_id for grade_id in by_grade_id if grade_id in done]:
            verdict.note("cells_moved")
        missing = [grade_id for grade_id, cell in by_grade_id.items() if utils.is_grade(cell) and grade_id not in done]
        for grade_id in missing:
            nb.cells.insert(_place(nb, released, by_grade_id[grade_id]), copy.deepcopy(by_grade_id[grade_id]))
        if missing:
            verdict.note("cells_back", cells=", ".join(missing))
        return nb, resources


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
    """The files beside the notebook in `autograded/`, for whoever opens it there; the verdict never reads them.

    Given modules and `checks/` become what was handed out. The modules that the student edits stay, and so do modules
    that the student added, unless one would be imported in place of another of the same name.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Restore the modules of one submission."""
        verdict = verdict_of(self.converter)
        folder = self.destination(resources)
        shadowing = remove_shadowing(folder, verdict.course.root)
        if shadowing:
            verdict.note("shadowing", files=listed(shadowing))
        package = folder / "funkcije"
        if package.is_dir():
            for name, content in render_package(verdict.course, verdict.assignment).stub.items():
                if name not in verdict.assignment.modules:
                    _put(package / name, content)
        released = verdict.course.release / verdict.assignment.name / "checks"
        shutil.rmtree(folder / "checks", ignore_errors=True)
        if released.is_dir():
            shutil.copytree(released, folder / "checks", ignore=shutil.ignore_patterns("__pycache__"))
        return nb, resources


def _put(path: Path, content: bytes) -> None:
    """Write a given module in the place of the student's copy."""
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


_TAKEN = {"checks", "funkcije", "grader", "sitecustomize", "usercustomize"}


def remove_shadowing(folder: Path, root: Path) -> list[str]:
    """Remove what would be imported in place of a library, of `checks`, or of a module of the package.

    Args:
        folder: a submission's copy.
        root: the course; what can be imported from there alone does not count as a library.

    Returns:
        What was removed, relative to `folder`.
    """
    removed = []
    libraries = [entry for entry in sys.path if entry and Path(entry).resolve() != root.resolve()]
    for path in sorted(folder.iterdir()):
        name = path.name.partition(".")[0]
        importable = path.is_dir() or path.suffix in {".py", ".pyc", ".so", ".pyd"}
        known = name in sys.stdlib_module_names or name in _TAKEN
        ours = path.is_dir() and name in {"checks", "funkcije"}
        if importable and not ours and name.isidentifier() and (known or PathFinder.find_spec(name, libraries)):
            # A folder without __init__.py hides nothing that is installed.
            if path.is_dir() and not any(path.glob("__init__.*")):
                continue
            removed.append(path)
    package = folder / "funkcije"
    if package.is_dir():
        modules = {path.with_suffix("") for path in package.rglob("*.py")}
        for path in sorted(package.rglob("*")):
            module = path.parent / path.name.partition(".")[0] in modules and not {*path.parents} & {*removed}
            if module and (path.suffix in {".so", ".pyd", ".pyc"} or (path / "__init__.py").is_file()):
                removed.append(path)
    for path in removed:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    return [path.relative_to(folder).as_posix() for path in removed]


class ExecuteForReading(Step):
    """Run the notebook in the sandbox for a reader; whatever goes wrong is noted, and grading goes on."""

    total = Integer(NotebookBounds.seconds, help="Seconds for the whole notebook.").tag(config=True)
    max_output = Integer(NotebookBounds.cell, help="Bytes of output that are kept of one cell.").tag(config=True)
    prepare = Unicode(
        help="Python that loads the course's data; it is run once, in the course's folder and outside the sandbox, "
        "where nothing is in the cache that notebooks read."
    ).tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Run every code cell but the graded ones, whose output is the verdict."""
        verdict = verdict_of(self.converter)
        cells = [cell for cell in nb.cells if cell.cell_type == "code" and not utils.is_grade(cell)]
        bounds = replace(NotebookBounds(), seconds=self.total, cell=self.max_output)
        try:
            if self.prepare:
                _fill_cache(verdict.course.root, self.prepare)
            launcher = getattr(self.converter, "launcher", None) or choose()
            folder = self.destination(resources)
            with others_turn(getattr(self.converter, "turn", None)):
                remark = run_notebook(cells, folder, launcher, bounds)
        except Exception as error:
            remark = Note("kernel_failed", {"problem": f"{type(error).__name__}: {error}".splitlines()[0][:300]})
        if remark:
            problem = sentences("en")(remark.key, **remark.names)
            self.log.warning("%s: %s", verdict.result.student, problem)
            verdict.note(remark.key, **remark.names)
        return nb, resources


@cache
def _fill_cache(root: Path, code: str) -> None:
    folder = data_cache()
    if not (folder.is_dir() and any(folder.iterdir())):
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env=os.environ | {"FUNKCIJE_OFFLINE": "1"},
            capture_output=True,
            timeout=300,
            check=False,
        )


class TrustedVerdict(Step):
    """Each graded cell's outputs become the verdict: a page to read, then the points as nbgrader's scoring takes them.

    `nbgrader.utils.determine_grade` reads an `execute_result` as a float, gives full points for what is no number, and
    0 for any text on stderr; so nothing of what the cell had put out stays. A graded cell without a verdict is worth 0.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Write the verdict into one notebook.

        Raises:
            GraderError: cells and checks do not match, so that no score would be right.
        """
        verdict = verdict_of(self.converter)
        cells = {grade_id_of(cell): cell for cell in nb.cells if utils.is_grade(cell) and not utils.is_solution(cell)}
        for function in verdict.result.functions:
            if function not in cells:
                raise GraderError(
                    f"{verdict.assignment.name}.ipynb: expected a graded cell {function!r}, found none. Next: run "
                    f"`grader release {verdict.assignment.name}`."
                )
        for function, cell in cells.items():
            if function in verdict.result.functions:
                cell.outputs = _outputs(verdict, function, float(cell.metadata.nbgrader["points"]))
            else:
                text = _bilingual(Note("no_verdict"))
                cell.outputs = [_page(f"<p>{escape(text)}</p>", text), _points(0.0)]
            cell.execution_count = None
        verdict.summary = _summary(verdict)
        nb.cells.insert(0, verdict.summary)
        return nb, resources


def _outputs(verdict: Verdict, function: str, cell_points: float) -> list[NotebookNode]:
    points, max_points = verdict.result.function_score(function)
    if not (isfinite(points) and 0 <= points <= max_points and abs(max_points - cell_points) < 1e-9):
        raise GraderError(
            f"{verdict.assignment.name}.ipynb: the cell {function!r} is worth {cell_points:g} points and its checks "
            f"gave {points:g} of {max_points:g}. Next: run `grader release {verdict.assignment.name}`."
        )
    html, text = (tame(form) for form in (verdict.result.html(function), verdict.result.text(function)))
    return [_page(html, text), _points(points)]


def _page(html: str, text: str) -> NotebookNode:
    return _output("display_data", data={"text/html": html, "text/plain": text})


def _points(points: float) -> NotebookNode:
    # `repr` of a plain float: numpy's own would read as no number, which nbgrader takes for full points.
    return _output("execute_result", data={"text/plain": repr(float(points))}, execution_count=None)


def _output(output_type: str, **fields: Any) -> NotebookNode:
    output: NotebookNode = new_output(output_type, **fields)  # type: ignore[no-untyped-call]
    return output


def _bilingual(note: Note) -> str:
    return " / ".join(sentences(language)(note.key, **note.names) for language in LANGUAGES)


def _summary(verdict: Verdict) -> NotebookNode:
    """The first cell of a graded notebook: automatic points, and what the reader should know."""
    result = verdict.result
    total = Note("automatic_points", {"score": f"{result.score:g}", "max_score": f"{result.max_score:g}"})
    lines = [f"**{plain(_bilingual(total))}**", *(plain(tame(_bilingual(note))) for note in verdict.notes)]
    lines += [plain(tame(warning)) for warning in result.warnings]
    cell: NotebookNode = new_markdown_cell("\n\n".join([*lines, STAYS_INSIDE]), id=SUMMARY)  # type: ignore[no-untyped-call]
    return cell


class MakeInert(Step):
    """Leave nothing in the submission's own text that would run in its reader's browser.

    After the points are in the gradebook, since nbgrader knows an answer that was not touched by its very characters.
    What stands in the released notebook stays as it is; outputs were made inert when they came.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Change what has to be changed in one notebook, while others have their turn."""
        verdict = verdict_of(self.converter)
        released = frame(verdict.course, verdict.assignment.name)
        known = {cell.source for cell in released.cells}
        taken = page_ids(grade_id_of(cell) for cell in released.cells)
        with others_turn(getattr(self.converter, "turn", None)), Inert() as inert:
            for cell in nb.cells:
                if cell is verdict.summary or (cell.source in known and not cell.get("attachments")):
                    continue
                if cell.cell_type == "code":
                    if not inert.can_be_highlighted(cell.source):
                        cell.metadata["magics_language"] = "text"
                    continue
                if "attachments" in cell:
                    cell.attachments = attached_pictures(cell.attachments)
                shown = inert.markdown(cell.source, cell.get("attachments"), taken)
                if shown == as_text(cell.source):
                    verdict.note("shown_as_text")
                cell.source = shown
        return nb, resources


class SaveScores(SaveAutoGrades):  # type: ignore[misc]
    """nbgrader's own step in one transaction: it commits cell by cell, and half of the points could be old ones."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Enter the points of one notebook."""
        names = resources["nbgrader"]
        self.notebook_id, self.assignment_id = names["notebook"], names["assignment"]
        self.student_id, self.db_url = names["student"], names["db_url"]
        with Gradebook(self.db_url) as self.gradebook:
            commit = self.gradebook.db.commit
            self.gradebook.db.commit = self.gradebook.db.flush
            for index, cell in enumerate(nb.cells):
                nb.cells[index], resources = self.preprocess_cell(cell, resources, index)
            commit()
        return nb, resources


class HtmlOnly(Step):
    """Take out of `feedback/` what nbgrader copied there beside the pages: modules, checks and data of the student."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Clean the feedback folder of one submission, before its page is written."""
        names = resources["nbgrader"]
        source = Path(self.converter._format_source(names["assignment"], names["student"]))
        pages = {f"{notebook.stem}.html" for notebook in source.glob("*.ipynb")}
        folder = self.destination(resources)
        if folder.is_dir():
            for path in folder.iterdir():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                elif path.name not in pages:
                    path.unlink()
        return nb, resources


class SayStale(Step):
    """Say at the head of a page that its points no longer count; `grader.results` says when that is so."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Add the banner in front of one page, if its verdict is stale."""
        names, course = resources["nbgrader"], course_of(self.converter)
        record = read_record(course, names["assignment"], names["student"])
        if record is None or staleness(course, record):
            cell: NotebookNode = new_markdown_cell(stale_banner(), id="stale")  # type: ignore[no-untyped-call]
            nb.cells.insert(0, cell)
        return nb, resources


class FitFigures(NbGraderPreprocessor):  # type: ignore[misc]
    """Let a figure be no wider than the feedback page, whose style sheet in nbgrader has no rule for it."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Add the rule in front of one page."""
        rule = "<style>.jp-RenderedImage img, .output_png img, .output_area img { max-width: 100%; }</style>"
        cell: NotebookNode = new_markdown_cell(rule, id="fit-figures")  # type: ignore[no-untyped-call]
        nb.cells.insert(0, cell)
        return nb, resources
