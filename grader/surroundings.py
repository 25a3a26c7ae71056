"""What a command does not take from the folder that it is started in: no module, no program, no settings.

That folder may be one that somebody handed in. So a command leaves it before it does anything, and paths that were
named from it are made whole. What Python itself reads there before the kit begins is in `docs/security.md`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .course import KIT
from .errors import GraderError

_FILES = ("json", "junit")
"""Options that name a file, or `-`."""
_VARIABLES = ("GRADER_WORKER_PYTHON", "GRADER_NOTEBOOK_PYTHON", "FUNKCIJE_DATA", "XDG_CACHE_HOME", "TMPDIR")
"""Variables that name a file or a folder, from the current one if it is not said from where."""

SECRETS = ("GRADER_SECRET", "GRADEBOOK_URL", "PGPASSWORD")
"""Variables that a process needs which draws inputs or writes grades, and no other."""


def without_secrets() -> dict[str, str]:
    """The environment for a process that the kit starts and that neither draws inputs nor writes grades."""
    return {name: value for name, value in os.environ.items() if name not in SECRETS}


@contextmanager
def unchanged(name: str) -> Iterator[None]:
    """Leave a variable of this process as it was: nbgrader's own `setenv` does not where something raises."""
    before = os.environ.get(name)
    try:
        yield
    finally:
        os.environ.pop(name, None)
        if before is not None:
            os.environ[name] = before


def trust_only_what_is_installed() -> None:
    """Look for modules and programs where they are installed, and not in the current folder.

    `python -m` puts it first on Python's path, and an empty entry of `PATH` or `PYTHONPATH` means it, too.
    """
    try:
        here = Path.cwd()
    except OSError:
        here = Path()
    trusted = here == KIT or here.is_relative_to(Path(sys.prefix).resolve())
    sys.path[:] = [entry for entry in sys.path if trusted or not Path(entry).is_dir() or Path(entry).resolve() != here]
    for name in ("PATH", "PYTHONPATH"):
        if name in os.environ:
            entries = os.environ[name].split(os.pathsep)
            os.environ[name] = os.pathsep.join(entry for entry in entries if Path(entry).is_absolute())


def leave_the_current_folder(options: argparse.Namespace, *, alone: bool) -> None:
    """Make every path whole, remember in `options.here` where the command was started, and go elsewhere.

    Args:
        options: as parsed; changed.
        alone: this process is there for the command alone; else it stays where it is.

    Raises:
        GraderError: the current folder is gone.
    """
    try:
        here = Path.cwd()
    except OSError as error:
        raise GraderError(f"the current folder cannot be read ({error.strerror}). Next: go to another one.") from None
    options.here = here
    if not alone:
        return
    for name, value in vars(options).items():
        if isinstance(value, Path):
            setattr(options, name, here / value)
        elif name in _FILES and value not in (None, "-"):
            setattr(options, name, str(here / value))
    for name in _VARIABLES:
        value = os.environ.get(name)
        if value and not value.startswith("~"):
            os.environ[name] = str(here / value)
    os.chdir(here.anchor)
