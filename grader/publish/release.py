"""`grader release NAME`: render, prove, generate, execute the worked notebook.

`release/NAME/` and `solutions/NAME/` come from nbgrader's own converters with the course's settings, as they do from
`nbgrader generate_assignment` and formgrader's button; the gradebook is filled on the way. Executing the worked
notebook takes minutes, so only this command (and `nbgrader generate_solution`) does it.
"""

import json
import logging
from collections.abc import Callable
from functools import partial

import nbformat
from nbformat import NotebookNode
from nbgrader.converters import BaseConverter, GenerateAssignment, GenerateSolution, NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from checks.handin import MANIFEST

from ..classroom.gradebook import course_config, open_gradebook, require_writable
from ..classroom.server import address, on_server
from ..course import CONFIG, Course
from ..errors import GraderError
from ..plugins import name_of, names_of
from ..text import log_to
from ..translation.notebook import untranslated
from .handout import inputs
from .preprocessors import RenderRelease, RenderWorked


class _BesideTheGradebook(GenerateSolution):  # type: ignore[misc]
    """Generates a worked assignment that the gradebook need not know."""

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        BaseConverter.init_assignment(self, assignment_id, student_id)


PLUGINS = {
    GenerateAssignment: RenderRelease,
    GenerateSolution: RenderWorked,
    _BesideTheGradebook: RenderWorked,
}


def release(
    course: Course, name: str, *, execute: bool = True, tell: Callable[[str], None] = lambda line: None
) -> None:
    """Make `release/NAME/` and `solutions/NAME/` again, or those of another language (`Course.spoken_in`).

    Args:
        course: the course, in the language of what is made.
        name: the assignment.
        execute: whether to execute the worked notebook; without, it is written without outputs, and is stale.
        tell: is given a line for each step.

    Raises:
        GraderError: something does not hold; both folders are then as they were, or `solutions/NAME/` alone is.
    """
    gives = course.assignment(name).gives
    _refuse_untranslated(course, name, tell)
    config = course_config(course)
    config.RenderWorked.execute = execute
    release, solutions = places(course, name)
    if course.spoken:
        config.RenderRelease.language = config.RenderWorked.language = course.spoken
        config.CourseDirectory.release_directory = course.release.relative_to(course.root).as_posix()
        config.CourseDirectory.solution_directory = course.solutions.relative_to(course.root).as_posix()
        # The gradebook knows one notebook, in the course's first language: cells and points are the same.
        config.GenerateAssignment.no_database = True
        config.SaveCells.enabled = False
    else:
        _refuse_without_server(course)
    tell(f"Rendering and proving {release} ...")
    _generate(GenerateAssignment, course, name, config, tell)
    tell(f"{'Executing' if execute else 'Rendering'} the worked notebook into {solutions} ...")
    _generate(_BesideTheGradebook if course.spoken else GenerateSolution, course, name, config, tell)
    tell(f"Made {release} and {solutions}.")
    if gives:
        solved = " and ".join(gives)
        tell(f"It shows the solution of {solved}: hand it out after the deadline of {solved}, and not before.")


def places(course: Course, name: str) -> tuple[str, str]:
    """Where in the course an assignment's release and its worked notebook lie."""
    first, second = ((folder / name).relative_to(course.root) for folder in (course.release, course.solutions))
    return first.as_posix(), second.as_posix()


def _refuse_untranslated(course: Course, name: str, tell: Callable[[str], None]) -> None:
    """Tell what is not translated, a line each.

    Raises:
        GraderError: something is not, or cannot be.
    """
    language = course.settings.translates_to
    if language is None:
        return
    if name in course.classic:
        if course.spoken:
            raise GraderError(
                f"{name}: a classic assignment, which is handed out as its notebooks are, in one language. Next: leave "
                "--language out."
            )
        return
    notebook: NotebookNode = nbformat.read(course.notebook(name), as_version=4)  # type: ignore[no-untyped-call]
    lines = untranslated(notebook, course, name)
    if lines[1:]:
        for line in lines:
            tell(line)
        raise GraderError(
            f"{lines[0].partition(':')[0]}: {len(lines)} entries are not as the notebook is now (a line each, "
            f"above). Next: see there. ({places(course, name)[0]} is left as it was.)"
        )
    if lines:
        raise GraderError(f"{lines[0]} ({places(course, name)[0]} is left as it was.)")


def _refuse_without_server(course: Course) -> None:
    """Before anything is made, make sure that a gradebook on a server can be written to; nbgrader would not say why.

    Raises:
        GraderError: it cannot.
    """
    if on_server(address(CourseDirectory(config=course_config(course)).db_url)):
        with open_gradebook(course) as gradebook:
            require_writable(gradebook)


def stale(course: Course, name: str) -> list[str]:
    """Why `release/NAME/` and `solutions/NAME/` are older than their source, one line each; empty if they are not."""
    if name in course.classic:
        return [
            f"release/{name}: no {path.name} yet. Next: grader release {name}."
            for path in sorted((course.source / name).glob("*.ipynb"))
            if not (course.release / name / path.name).is_file()
        ]
    now = inputs(course, name)
    lines = []
    again = f"Next: grader release {name}{f' --language {course.spoken}' if course.spoken else ''}."
    for folder in (course.release / name, course.solutions / name):
        where = folder.relative_to(course.root).as_posix()
        try:
            made = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            lines.append(f"{where}: not generated yet (no {MANIFEST}). {again}")
            continue
        changed = sorted(part for part in now if made.get("inputs", {}).get(part) != now[part])
        if not made.get("executed", True):
            lines.append(f"{where}: its notebook was not executed. {again}")
        elif changed:
            lines.append(f"{where}: older than its source ({', '.join(changed)} changed). {again}")
    return lines


def _generate(converter_class: type, course: Course, name: str, config: Config, tell: Callable[[str], None]) -> None:
    coursedir = CourseDirectory(config=config)
    coursedir.assignment_id = name
    converter = converter_class(coursedir=coursedir, config=config)
    converter.force = True
    converter.log = log_to(partial(_tell_progress, tell))
    plugin = PLUGINS[converter_class].__name__
    if not set(names_of(plugin)).intersection(map(str, converter.preprocessors)):
        raise GraderError(
            f"{course.root / CONFIG}: expected {name_of(plugin)!r} in {converter_class.__name__}.preprocessors, found "
            f"{converter.preprocessors}. Next: restore the file as the kit ships it."
        )
    try:
        converter.start()
    except NbGraderException as error:
        raise GraderError(str(error)) from error


def _tell_progress(tell: Callable[[str], None], entry: logging.LogRecord) -> None:
    """Tell the kit's own progress, and nothing of nbgrader's: what goes wrong there is raised."""
    if entry.levelno == logging.INFO and entry.module in {"worked", "preprocessors"}:
        tell(entry.getMessage())
