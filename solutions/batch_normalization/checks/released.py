"""What a release says of its course: the name of the package that students write in, and the languages.

It stands in `manifest.json` beside this file. In a course, where there is none, `course.toml` says it, and an
`Assignment` knows it from there.
"""

from __future__ import annotations

import json
from pathlib import Path

LANGUAGES = ("cnr", "en")
"""What the kit speaks: Montenegrin and English."""
MANIFEST = "manifest.json"


def _read() -> tuple[str, tuple[str, ...]]:
    try:
        said = json.loads(Path(__file__).with_name(MANIFEST).read_text(encoding="utf-8"))
        return str(said["package"]), tuple(map(str, said["languages"]))
    except (OSError, ValueError, KeyError, TypeError):
        return "funkcije", LANGUAGES


PACKAGE, SPOKEN = _read()
"""The package's name, and the languages of what students read, the usual one first."""
