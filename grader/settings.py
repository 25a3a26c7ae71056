"""What a course says of itself: `course.toml` in its root, which the kit reads and nothing of a student's does.

    title = "Numerical methods"       # or by language: { en = "Numerical methods", cnr = "Numeričke metode" }
    package = "numerika"              # the folder that students write in
    languages = ["en"]                # of what students read; the first is the usual one
    original = "en"                   # in which notebooks are written; another has a catalogue, source/NAME.LANGUAGE.po
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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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
    "reports",
}
"""Names that a package cannot have, since something else of a course, or of the kit, has them."""


@dataclass(frozen=True)
class Settings:
    """A course's own settings."""

    title: str | Mapping[str, str] = ""
    """Of the course, or by language."""
    package: str = PACKAGE
    """The package that students edit, in a course, in a release and in a submission."""
    languages: tuple[str, ...] = LANGUAGES
    """Of what students read; the first where nothing else is asked for."""
    original: str = ""
    """The language that notebooks are written in; the first of all if it is not said."""
    python: str = "3.11"
    """The oldest Python that graders run."""
    environment: str = ""
    """A requirements file in the course: what students may import besides numpy."""
    assignments: tuple[str, ...] = ()
    """In their order; others follow by their names."""
    classic: tuple[str, ...] = ()
    """Those of nbgrader's own kind: answers and asserts in the cells of notebooks (`grader.classic`)."""

    @property
    def written_in(self) -> str:
        """The language that notebooks are written in."""
        return self.original or self.languages[0]

    @property
    def translates_to(self) -> str | None:
        """The language that notebooks are handed out in, if it is not the one that they are written in."""
        return None if self.languages[0] == self.written_in else self.languages[0]

    @property
    def side_by_side(self) -> tuple[str, ...]:
        """The languages of what stands in a release once, such as a TODO.

        All of the course's where the notebook is the original, which may be the only one that a class is given; where
        it is translated, that one.
        """
        return self.languages if self.translates_to is None else self.languages[:1]

    @property
    def titles(self) -> str:
        """The course's title, in the languages of a release."""
        if isinstance(self.title, str):
            return self.title
        return " / ".join(self.title[language] for language in self.side_by_side if self.title.get(language))

    def spoken_in(self, language: str) -> Settings:
        """The same course, with one of its languages first."""
        others = (other for other in self.languages if other != language)
        return replace(self, languages=(language, *others), original=self.written_in)


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
    return (
        isinstance(name, str)
        and bool(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name))
        and not (keyword.iskeyword(name) or name in LANGUAGES)
    )


def _is_title(value: object) -> bool:
    if isinstance(value, dict):
        return all(language in LANGUAGES and isinstance(text, str) for language, text in value.items())
    return isinstance(value, str)


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
ASSIGNMENT_NAME = "a name such as 'roots' (letters, digits, _; no language's)"
_EXPECTED: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "title": ("text, or a text for each language", _is_title),
    "package": (PACKAGE_NAME, is_package_name),
    "languages": (f"some of {list(LANGUAGES)}, each once", _are_languages),
    "original": (f"one of {list(LANGUAGES)}", lambda value: value in LANGUAGES),
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
