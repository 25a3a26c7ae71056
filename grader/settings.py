"""What a course says of itself: `course.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """A course's own settings."""

    classic: tuple[str, ...] = ()
    """Assignments of nbgrader's own kind."""


def read_settings(root: Path) -> Settings:
    """The settings of the course in `root`."""
    try:
        said = tomllib.loads((root / "course.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    return Settings(tuple(said.get("classic", ())))
