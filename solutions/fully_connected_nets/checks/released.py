"""What a release says of its course: the package that students write in, the languages, and the Python that grades.

It stands in `manifest.json` beside this file. In a course, where there is none, `course.toml` says it, and an
`Assignment` knows it from there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

LANGUAGES = ("cnr", "en")
"""What the kit speaks: Montenegrin and English."""
MANIFEST = "manifest.json"


def _read() -> tuple[str, tuple[str, ...], str]:
    try:
        said = json.loads(Path(__file__).with_name(MANIFEST).read_text(encoding="utf-8"))
        return str(said["package"]), tuple(map(str, said["languages"])), str(said["python"])
    except (OSError, ValueError, KeyError, TypeError):
        return "funkcije", LANGUAGES, ""


PACKAGE, SPOKEN, PYTHON = _read()
"""The package's name, the languages of what students read, the usual one first, and the oldest Python that grades."""


def newer_than_graders() -> str:
    """The version of this Python, where it reads more than one that grades; empty where it does not."""
    major, _, minor = PYTHON.partition(".")
    here = sys.version_info[:2]
    known = major.isdigit() and minor.isdigit()
    return f"{here[0]}.{here[1]}" if known and here > (int(major), int(minor)) else ""
