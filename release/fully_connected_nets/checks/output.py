"""Writes a result where the command line says: JSON and JUnit, to a file or to standard output."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .command import CannotWrite
from .result import Result


def write_outputs(result: Result, json_file: str | None, junit_file: str | None) -> bool:
    """Write what was asked for; True if any of it went to standard output.

    Raises:
        CannotWrite: a file, or standard output, does not take it.
    """
    if json_file is not None:
        _write(json_file, json.dumps(result.to_json(), ensure_ascii=not _all_text(json_file), indent=2) + "\n")
    if junit_file is not None:
        content = result.to_junit()
        if not _all_text(junit_file):
            content = content.encode("ascii", "xmlcharrefreplace").decode()
        _write(junit_file, content)
    return "-" in (json_file, junit_file)


def _all_text(name: str) -> bool:
    """Whether every character can be written as it is; what a program reads is escaped where one cannot."""
    return name != "-" or (sys.stdout.encoding or "utf-8").lower().replace("-", "").startswith("utf")


def _write(name: str, content: str) -> None:
    if name == "-":
        sys.stdout.write(content)
        return
    try:
        Path(name).write_bytes(content.encode("utf-8", "replace"))
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        raise CannotWrite(name or "''", error) from None
