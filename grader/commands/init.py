"""`grader init FOLDER`: a new course, with a first assignment that can be released at once."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from checks.language import LANGUAGES

from ..making.course import FIRST, new_course
from ..text import shown


def add_parser(commands: Any) -> None:
    """Add the command to `grader`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "init", description="Write a new course into a new folder: files alone, and nothing over what is there."
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the course's folder, new or empty")
    parser.add_argument("--package", metavar="NAME", required=True, help="the package that students write in")
    parser.add_argument(
        "--language",
        choices=LANGUAGES,
        action="append",
        help="of what students read (default: en; may be repeated, the usual one first)",
    )
    parser.set_defaults(run=run, here=None)


def run(options: argparse.Namespace) -> int:
    """Run the command; 0 when the course is written."""
    written = new_course(options.folder, options.package, options.language or ["en"])
    inside = options.folder.is_relative_to(options.here)
    folder = shown(str(options.folder.relative_to(options.here) if inside else options.folder))
    print(f"Wrote {folder}:")
    print("\n".join(f"  {path}" for path in written))
    print(f"Next, in {folder}: grader setup, then grader release {FIRST}.")
    return 0
