"""What a release holds beside its notebook, and whether notebook and checks belong together.

A release stands alone: the notebook, the package blanked, `checks/` with recorded answers, `requirements.txt` and a
README for the student. `source/NAME/` holds the notebook and what it shows (pictures, data), and no module.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import checks
from checks.core import Assignment
from checks.handin import MANIFEST, written_answers

from ..course import KIT, Course, framework_files
from ..errors import GraderError
from ..reference.render import RENDERER, Rendered, render_package
from ..translation.catalogue import place
from ..translation.cells import SOURCE_ONLY, is_source_only
from ..translation.notebook import spoken
from .recordings import record

_TRUSTED = frozenset({"mistakes", "variants", "pretenders", "demo"})
"""What of `checks/` stays behind: known mistakes are one step from the solution, variants are solutions, pretenders
hold some, and the demo's class quotes them."""
_UNUSED = frozenset({"variants", "pretenders", "demo"})
"""What of `checks/` no release depends on; of the known mistakes the recordings hold what they give."""
_STUDENT = KIT / "grader" / "student"
_IGNORED = frozenset({"__pycache__", ".ipynb_checkpoints", ".DS_Store"})


@dataclass(frozen=True)
class Handout:
    """The files beside the notebook, by path."""

    release: dict[str, bytes]
    worked: dict[str, bytes]
    """The same around the solution, without the student's README."""
    rendered: Rendered


def handout(course: Course, assignment: Assignment) -> Handout:
    """Everything of a release but its notebook; the same bytes every time, and not to be changed.

    A release and its worked assignment get the same one, unless something that goes in has changed in the meantime.

    Raises:
        GraderError: the package or the source folder is not as it should be.
    """
    global _last
    digests = inputs(course, assignment.name)
    if _last is None or _last[:2] != (course, digests) or _last[2] is not assignment:
        _last = course, digests, assignment, _make(course, assignment)
    return _last[3]


_last: tuple[Course, dict[str, str], Assignment, Handout] | None = None
"""The last one, and what it was made from."""


def _make(course: Course, assignment: Assignment) -> Handout:
    rendered = render_package(course, assignment)
    shared = {f"checks/{path}": content for path, content in shipped_checks(course, assignment).items()}
    shared |= {f"checks/{path}": content for path, content in record(course, assignment).items()}
    shared[MANIFEST] = manifest(course, assignment.name)
    shared["requirements.txt"] = requirements(course)
    release = shared | _package(assignment, rendered.stub) | {"README.md": _readme(course, assignment)}
    check_source(course, assignment.name, release)
    return Handout(release, shared | _package(assignment, rendered.solution), rendered)


def shipped_checks(course: Course, assignment: Assignment) -> dict[str, bytes]:
    """The framework and the assignment's own checks, without what stays behind, by path inside `checks/`."""
    framework = Path(checks.__file__).parent
    own = course.checks / assignment.name
    files = {
        path.relative_to(framework).as_posix(): path
        for path in _without(_TRUSTED, framework, framework_files(framework))
    }
    files |= {f"{assignment.name}/{path.relative_to(own).as_posix()}": path for path in _without(_TRUSTED, own)}
    return {name: _text(files[name]) for name in sorted(files)}


def manifest(course: Course, name: str, **more: bool) -> bytes:
    """What a release is of, for its `checks/` to know (`checks/released.py`), what it was made from, and more."""
    settings = course.settings
    cells = spoken(course, name).cells
    said = {
        "assignment": name,
        "package": settings.package,
        "languages": settings.languages,
        "python": settings.python,
        "questions": {id: question for id, (question, _written) in written_answers(cells).items()},
        "inputs": inputs(course, name),
    }
    return (json.dumps({**said, **more}, indent=2, ensure_ascii=False) + "\n").encode()


def inputs(course: Course, name: str) -> dict[str, str]:
    """Digests of what an assignment is made from: a release with other ones is older than its source."""
    own = course.checks / name
    framework = Path(checks.__file__).parent
    return {
        "package": _digest(course.package, _files(course.package)),
        "checks": _digest(own, _without(_UNUSED, own)),
        "framework": _digest(framework, _without(_UNUSED, framework, framework_files(framework))),
        "source": _digest(course.source / name, _files(course.source / name)) + _texts(course, name),
        "student": _digest(_STUDENT, _files(_STUDENT)),
        "course": hashlib.sha256(repr(course.settings).encode() + course.environment()).hexdigest(),
        "renderer": RENDERER,
    }


def check_source(course: Course, name: str, generated: Iterable[str]) -> None:
    """Refuse what nbgrader would copy from `source/NAME/` into the release as it is, or drop without a word.

    Raises:
        GraderError: a second notebook, a module with a solution, or a file in the place of a generated one.
    """
    folder = course.source / name
    taken = {path.partition("/")[0] for path in generated}
    for path in _files(folder):
        relative = path.relative_to(folder)
        where = f"{course.source.name}/{name}/{relative.as_posix()}"
        if path.suffix == ".ipynb" and path != course.notebook(name):
            raise GraderError(
                f"{where}: expected one notebook, {name}.ipynb, found another. Next: move it out of the folder."
            )
        if path.suffix in {".po", ".mo", ".pot"}:
            raise GraderError(
                f"{where}: a catalogue holds the model answers, and would be handed out as it is. Next: move it to "
                f"{course.source.name}/."
            )
        if relative.parts[0] in taken:
            raise GraderError(
                f"{where}: takes the place of a generated {relative.parts[0]}, and would be handed out as it is. "
                f"Next: remove it; the release takes it from the course."
            )
        if path.suffix == ".py" and re.search(rb"(BEGIN|END)\s*SOLUTION", path.read_bytes(), re.IGNORECASE):
            raise GraderError(
                f"{where}: a module with a solution region would be handed out as it is. Next: move it to "
                f"{course.package.name}/."
            )


def check_notebook(notebook: Any, assignment: Assignment, where: str) -> None:
    """Hold a source notebook against the checks: one graded cell for each function, with its points.

    Args:
        notebook: as `nbformat` reads it.
        assignment: its checks.
        where: the notebook's name in messages.

    Raises:
        GraderError: a check without a graded cell, a graded cell without a check, points that do not add up, a
            `grade_id` used twice, or a graded cell that is not locked or runs something else.
    """
    marked = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id")]
    ids = Counter(cell.metadata.nbgrader.grade_id for cell in marked)
    for grade_id, times in ids.items():
        if times > 1:
            raise GraderError(f"{where}: the grade_id {grade_id!r} is on {times} cells. Next: give each its own.")
    for cell in notebook.cells:
        if is_source_only(cell) and cell in marked:
            raise GraderError(
                f"{where}: cell {cell.metadata.nbgrader.grade_id!r} is tagged {SOURCE_ONLY!r} and would be removed, "
                "but nbgrader needs it. Next: take off the tag."
            )
    graded = {
        cell.metadata.nbgrader.grade_id: cell
        for cell in marked
        if cell.cell_type == "code" and cell.metadata.nbgrader.get("grade") and not cell.metadata.nbgrader.solution
    }
    place = f"checks/{assignment.name}/"
    for grade_id, cell in graded.items():
        if grade_id not in assignment.functions:
            raise GraderError(
                f"{where}: the graded cell {grade_id!r} has no check. Next: write its checks in {place}, or remove the "
                "cell."
            )
        points = cell.metadata.nbgrader.points
        if abs(float(points) - assignment.points(grade_id)) > 1e-9:
            raise GraderError(
                f"{where}: the cell {grade_id!r} says {points:g} points, its checks in {place} add up to "
                f"{assignment.points(grade_id):g}. Next: make them agree."
            )
        if not cell.metadata.nbgrader.get("locked"):
            raise GraderError(f"{where}: the graded cell {grade_id!r} is not locked. Next: lock it.")
        if not re.fullmatch(rf"check\(\s*(['\"]){re.escape(grade_id)}\1\s*\)", cell.source.strip()):
            raise GraderError(
                f"{where}: the graded cell {grade_id!r} holds {cell.source.strip()[:60]!r}, expected "
                f'check("{grade_id}") and nothing else. Next: move the rest to a cell of its own.'
            )
    for function in assignment.functions:
        if function not in graded:
            raise GraderError(
                f"{where}: {function!r} has checks in {place} but no graded cell. Next: add a locked cell with "
                f'check("{function}"), grade_id {function!r} and {assignment.points(function):g} points.'
            )


def without_source_only(notebook: Any) -> Any:
    """The notebook without the cells that only its source needs."""
    notebook.cells = [cell for cell in notebook.cells if not is_source_only(cell)]
    return notebook


def requirements(course: Course) -> bytes:
    """What students install: what every notebook needs, and what the course adds."""
    added = course.environment()
    return (_STUDENT / "requirements.txt").read_bytes() + (b"\n# The course's own.\n" + added if added else b"")


def _readme(course: Course, assignment: Assignment) -> bytes:
    settings = course.settings
    face = settings.side_by_side[0] if len(settings.side_by_side) == 1 else "both"
    rows = "\n".join(f"| `{name}` | {assignment.points(name):g} |" for name in assignment.functions)
    template = Template((_STUDENT / f"README.{face}.md").read_text(encoding="utf-8"))
    return template.substitute(
        name=assignment.name,
        title=f"{settings.titles}: {assignment.name}" if settings.titles else assignment.name,
        package=settings.package,
        python=settings.python,
        modules=", ".join(f"`{assignment.package}/{module}`" for module in assignment.modules),
        points=rows,
        total=f"{sum(assignment.points(name) for name in assignment.functions):g}",
        first=assignment.functions[0],
    ).encode()


def _texts(course: Course, name: str) -> str:
    """Digest of the catalogue that the notebook is handed out with; empty where it is the original."""
    language = course.settings.translates_to
    path = place(course, name, language) if language else None
    return f"+{hashlib.sha256(_text(path)).hexdigest()}" if path and path.is_file() else ""


def _without(kept_back: frozenset[str], folder: Path, files: Iterable[Path] | None = None) -> list[Path]:
    """The modules and messages of a folder of checks, without those modules and packages."""
    found = [path for path in (_files(folder) if files is None else files) if path.suffix in {".py", ".toml"}]
    return [path for path in found if not kept_back & {Path(part).stem for part in path.relative_to(folder).parts}]


def _package(assignment: Assignment, modules: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{assignment.package}/{module}": content for module, content in modules.items()}


def _files(folder: Path) -> list[Path]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".pyc")
    return [path for path in found if not _IGNORED.intersection(path.relative_to(folder).parts)]


def _text(path: Path) -> bytes:
    return path.read_bytes().replace(b"\r\n", b"\n")


def _digest(folder: Path, files: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for path in sorted(files):
        name = path.relative_to(folder).as_posix()
        whole.update(f"{name}\0{hashlib.sha256(_text(path)).hexdigest()}\n".encode())
    return whole.hexdigest()
