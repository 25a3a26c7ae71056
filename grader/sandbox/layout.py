"""Which files the interpreter for student code needs, as that interpreter itself says."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..errors import GraderError
from .launch import SETUP, clean_environment

_ASK = """
import json, os, re, site, sys, sysconfig
import ctypes, resource
import msgpack, numpy
own = {os.path.dirname(os.path.dirname(module.__file__)) for module in (numpy, msgpack)}
based = {sys.base_prefix, sys.base_exec_prefix}
with open("/proc/self/maps") as maps:
    mapped = {line.split(None, 5)[5].strip() for line in maps if ".so" in line}
print(json.dumps({
    "environment": sys.prefix if sys.prefix not in based else "",
    "library": sorted({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}),
    "packages": sorted(own),
    "foreign": sorted(set(site.getsitepackages(list(based))) - own),
    "mapped": sorted(mapped),
}))
"""


@dataclass(frozen=True)
class Layout:
    """Paths that an interpreter is made of."""

    python: str
    links: tuple[str, ...]
    """Where the interpreter's program is looked for, link by link, the file itself last."""
    read: tuple[str, ...]
    """What it reads: its environment, its library, the folders of the shared libraries that it loads."""
    excluded: tuple[str, ...]
    """Packages installed within those that are not of its environment."""


def layout_of(python: Path) -> Layout:
    """Ask an interpreter where its things are.

    Raises:
        GraderError: it does not answer, or lacks numpy or msgpack.
    """
    try:
        asked = subprocess.run(
            [python, "-I", "-c", _ASK], env=clean_environment(), capture_output=True, text=True, timeout=60, check=True
        )
        answer = json.loads(asked.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        said = str(getattr(error, "stderr", "") or error).strip().splitlines()[-1:]
        raise GraderError(
            f"{python}: the interpreter for student code does not answer ({''.join(said)[:200]}). Next: {SETUP}."
        ) from None
    system = {str(Path(path).parent) for path in answer["mapped"]} | {str(Path("/lib64").resolve())}
    paths = [answer["environment"], *answer["library"], *answer["packages"], *sorted(system), "/etc/ld.so.cache"]
    read = [path for path in dict.fromkeys(paths) if path and Path(path).exists()]
    excluded = tuple(path for path in answer["foreign"] if Path(path).exists())
    return Layout(str(python), tuple(_links(python)), _outermost(read), excluded)


def _links(path: Path) -> list[str]:
    """The path and every path that it leads to."""
    found = [str(path)]
    while path.is_symlink():
        path = Path(os.path.normpath(path.parent / path.readlink()))
        found.append(str(path))
    return found


def _outermost(paths: list[str]) -> tuple[str, ...]:
    """The paths that lie in no other."""
    return tuple(
        path for path in paths if not any(Path(path).is_relative_to(other) for other in paths if other != path)
    )
