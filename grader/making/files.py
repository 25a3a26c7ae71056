"""Writes files from templates, and nothing over what is there.

A template is a file `NAME.tmpl` below `templates/`, with `$names` in it; `dot.` in front of a name stands for the dot
that would hide it, and `PACKAGE`, `NAME` and `FUNCTION` in a path for what they are called in the course.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from string import Template

from ..errors import GraderError
from ..files import write_whole

_TEMPLATES = Path(__file__).with_name("templates")
_SUFFIX = ".tmpl"
_IN_PATHS = ("PACKAGE", "NAME", "FUNCTION")


def filled(kind: str, names: Mapping[str, str]) -> dict[str, bytes]:
    """The files that the templates of one kind make, by path.

    Args:
        kind: a folder of `templates/`.
        names: what is filled in.
    """
    folder = _TEMPLATES / kind
    files = {}
    for path in sorted(folder.rglob(f"*{_SUFFIX}")):
        parts = [_named(part, names) for part in path.relative_to(folder).with_suffix("").parts]
        files["/".join(parts)] = Template(path.read_text(encoding="utf-8")).substitute(names).encode()
    return files


def _named(part: str, names: Mapping[str, str]) -> str:
    part = part.removeprefix("dot") if part.startswith("dot.") else part
    stem, dot, rest = part.partition(".")
    return f"{names[stem.lower()]}{dot}{rest}" if stem in _IN_PATHS else part


def write_new(root: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder, all of them or none.

    Raises:
        GraderError: one of them is there, or cannot be written.
    """
    for name in files:
        if (root / name).exists() or (root / name).is_symlink():
            raise GraderError(f"{root / name}: is there already, and nothing is overwritten. Next: take another name.")
    try:
        for name, content in files.items():
            path = root / PurePosixPath(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content, mode=0o755 if content.startswith(b"#!") else 0o644, keep=True)
    except OSError as error:
        raise GraderError(
            f"{error.filename or root}: cannot be written ({error.strerror}). Next: choose a folder of your own."
        ) from None
