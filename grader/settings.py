"""What a course says of itself: `course.toml` in its root, which the kit reads and nothing of a student's does.

    title = "Numerical methods"
    package = "numerika"              # the folder that students write in
    languages = ["en"]                # of what students read; the first is the usual one
    python = "3.11"                   # the oldest Python that graders, and so students, run
    environment = "requirements.txt"  # what students may import besides numpy
    assignments = ["roots", "lu"]     # in their order
    classic = ["survey"]              # of nbgrader's own kind, with asserts in their cells

Each line may be left out, and so may the file: what a course does not say is as in the kit's own first course.
nbgrader's settings stand in `nbgrader_config.py`.
"""

from __future__ import annotations

import keyword
import re
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from checks.language import LANGUAGES
from checks.released import PACKAGE

from .errors import GraderError
from .text import shown

FILE = "course.toml"
_TAKEN = {
    "checks",
    "grader",
    "numpy",
    "msgpack",
    "release",
    "source",
    "solutions",
    "submitted",
    "autograded",
    "feedback",
}
"""Names that a package cannot have, since something else of a course, or of the kit, has them."""


@dataclass(frozen=True)
class Settings:
    """A course's own settings."""

    title: str = ""
    package: str = PACKAGE
    """The package that students edit, in a course, in a release and in a submission."""
    languages: tuple[str, ...] = LANGUAGES
    """Of what students read; the first where nothing else is asked for."""
    python: str = "3.11"
    """The oldest Python that graders run."""
    environment: str = ""
    """A requirements file in the course: what students may import besides numpy."""
    assignments: tuple[str, ...] = ()
    """In their order; others follow by their names."""
    classic: tuple[str, ...] = ()
    """Those of nbgrader's own kind: answers and asserts in the cells of notebooks (`grader.classic`)."""


def read_settings(root: Path) -> Settings:
    """The settings of the course in `root`, as its file is now.

    Raises:
        GraderError: the file cannot be read, or holds something else than settings.
    """
    path = root / FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise GraderError(f"{path}: cannot be read ({error.strerror}). Next: give yourself access to it.") from None
    return _parsed(content, path)


@lru_cache(maxsize=32)
def _parsed(content: bytes, path: Path) -> Settings:
    try:
        said = tomllib.loads(content.decode())
    except ValueError as error:
        raise GraderError(f"{path}: expected TOML, found an error ({error}). Next: correct it.") from None
    for key in said:
        if key not in _EXPECTED:
            raise GraderError(
                f"{path}: {shown(key)}: expected one of {', '.join(_EXPECTED)}. Next: correct the name, or take it out."
            )
    for key, (expected, fits) in _EXPECTED.items():
        if key in said and not fits(said[key]):
            found = shown(repr(said[key]))[:100]
            raise GraderError(f"{path}: {key}: expected {expected}, found {found}. Next: correct it.")
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in said.items()}
    return Settings(**values)


def is_package_name(name: object) -> bool:
    """Whether a package of students may have this name."""
    taken = _TAKEN | sys.stdlib_module_names
    return (
        isinstance(name, str)
        and bool(re.fullmatch(r"[a-z][a-z0-9_]*", name))
        and not (keyword.iskeyword(name) or name in taken)
    )


def is_assignment_name(name: object) -> bool:
    """Whether an assignment may have this name."""
    return isinstance(name, str) and bool(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)) and not keyword.iskeyword(name)


def _are_languages(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and len(value) == len({*map(str, value)})
        and all(one in LANGUAGES for one in value)
    )


def _is_inside(value: object) -> bool:
    return isinstance(value, str) and bool(value) and not Path(value).is_absolute() and ".." not in Path(value).parts


def _are_folders(value: object) -> bool:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        return False
    plain = all(one and not one.startswith(".") and Path(one).name == one for one in value)
    return plain and len(value) == len({*value})


PACKAGE_NAME = "a name such as 'numerika' (small letters, digits, _; not that of a module of Python's or the kit's)"
ASSIGNMENT_NAME = "a name such as 'roots' (letters, digits, _)"
_EXPECTED: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "title": ("text", lambda value: isinstance(value, str)),
    "package": (PACKAGE_NAME, is_package_name),
    "languages": (f"some of {list(LANGUAGES)}, each once", _are_languages),
    "python": (
        "a version such as '3.11', not older than that",
        lambda value: isinstance(value, str) and bool(re.fullmatch(r"3\.(1[1-9]|[2-9]\d)", value)),
    ),
    "environment": ("the name of a requirements file in the course", _is_inside),
    "assignments": (
        "a list of assignments' names, each once",
        lambda value: (
            isinstance(value, list) and len(value) == len({*map(str, value)}) and all(map(is_assignment_name, value))
        ),
    ),
    "classic": ("a list of folders' names in source/, each once", _are_folders),
}
