"""Writes a result where the command line says: JSON and JUnit, to a file or to standard output."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .result import Result


def write_outputs(result: Result, json_file: str | None, junit_file: str | None) -> bool:
    """Write what was asked for; True if any of it went to standard output.

    Raises:
        OSError: a file cannot be written.
    """
    for name, content in (
        (json_file, json.dumps(result.to_json(), ensure_ascii=False, indent=2) + "\n"),
        (junit_file, result.to_junit()),
    ):
        if name == "-":
            sys.stdout.write(content)
        elif name:
            Path(name).write_text(content, encoding="utf-8")
    return "-" in (json_file, junit_file)
