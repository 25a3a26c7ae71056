"""What must hold before a release is written.

The stub earns nothing and the solution everything, from every check; nothing that is blanked can be read anywhere in
the release; and it is small enough to hand around.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from checks.core import Assignment

from ..course import Course
from ..errors import GraderError
from ..grading.grade import grade
from ..reference.render import Rendered
from ..sandbox.temporary import temporary_folder
from .fits import place_of
from .leaks import find_leaks

_MARKER = re.compile(r"(BEGIN|END) (SOLUTION|MARK SCHEME|HIDDEN TESTS)")
LIMIT = 2_000_000
"""Bytes that a release may hold."""


def prove(
    course: Course, assignment: Assignment, release: Mapping[str, bytes], rendered: Rendered, source: NotebookNode
) -> None:
    """Prove a release in a temporary folder.

    Args:
        course: where it is made.
        assignment: what it is for.
        release: contents of all its files, by path, notebook and all.
        rendered: the package in it.
        source: the source notebook.

    Raises:
        GraderError: the release leaks, is too big, its stub earns points or the solution does not earn all of them.
    """
    name = f"{assignment.name}.ipynb"
    if name not in release:
        raise GraderError(f"{assignment.name}: expected {name} in the release, found none. Next: check source/.")
    released: NotebookNode = nbformat.reads(release[name].decode(), as_version=4)  # type: ignore[no-untyped-call]
    _prove_notebook(name, released, source)
    size = sum(map(len, release.values()))
    if size > LIMIT:
        biggest = max(release, key=lambda path: len(release[path]))
        raise GraderError(
            f"{assignment.name}: the release would hold {size:,} bytes, expected at most {LIMIT:,}. Next: make "
            f"{biggest} ({len(release[biggest]):,} bytes) smaller."
        )
    leaks = find_leaks(release, rendered.blanked, rendered.stub)
    if leaks:
        more = f" ({len(leaks) - 1} more like it)" if leaks[1:] else ""
        raise GraderError(f"{assignment.name}: {leaks[0]}{more}. Next: reword it, or move it into the region.")
    _prove_points(course, assignment, rendered.stub, "stub", full=False)
    _prove_points(course, assignment, rendered.solution, "solution", full=True)


def _prove_notebook(name: str, released: NotebookNode, source: NotebookNode) -> None:
    """No output, no answer and no mark scheme of the source is left."""
    step = "Next: restore GenerateAssignment.preprocessors in nbgrader_config.py as the kit ships it"
    written = {cell.metadata.nbgrader.grade_id: cell.source for cell in source.cells if _is_answer(cell)}
    for cell in released.cells:
        if cell.get("outputs"):
            raise GraderError(f"{name}: expected no outputs in the release, found some in cell {cell.id!r}. {step}.")
        if found := _MARKER.search(cell.source):
            raise GraderError(f"{name}: {found[0]!r} is left in cell {cell.id!r} of the release. {step}.")
        if _is_answer(cell) and cell.source == written.get(cell.metadata.nbgrader.grade_id):
            raise GraderError(
                f"{name}: the answer {cell.metadata.nbgrader.grade_id!r} is released as it is in the source. "
                f"{step}, and write a model answer in the source."
            )


def _is_answer(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def _prove_points(course: Course, assignment: Assignment, package: Mapping[str, bytes], face: str, full: bool) -> None:
    with temporary_folder() as folder:
        write_files(folder, {f"{assignment.package}/{module}": content for module, content in package.items()})
        result = grade(folder, course, assignment)
    places = {check.id: place_of(course, check) for check in assignment.checks}
    for check in result.checks:
        if (check.status == "passed") != full:
            message = f" ({' '.join(check.message.split())})" if check.message else ""
            raise GraderError(
                f"{assignment.name}: the {face} earns {check.points:g} of {check.max_points:g} points on {check.id} "
                f"({places[check.id]}){message}, expected {check.max_points if full else 0:g}. "
                "Next: fix the check, or the region that it tests."
            )


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files by their paths inside a folder."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def read_files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by its path inside it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
