"""`grader release NAME`: make `release/NAME` and `solutions/NAME` from their source."""

import argparse
from pathlib import Path
from typing import Any

from checks.language import LANGUAGES

from ..course import course_to_work_on
from ..publish.release import places, release, stale


def add_parser(subparsers: Any) -> None:
    """Add `release` to the command line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "release",
        description="Render and prove a release, generate it, and execute the worked notebook.",
    )
    parser.add_argument("name", metavar="NAME", help="the assignment")
    parser.add_argument(
        "--language",
        choices=LANGUAGES,
        help="hand it out in this language (default: the course's first), in a folder of its own if it is another",
    )
    parser.add_argument("--no-execute", action="store_true", help="write the worked notebook without executing it")
    parser.add_argument("--check", action="store_true", help="only say whether both are as new as their source")
    parser.add_argument("--course", metavar="FOLDER", type=Path, help="the course (default: the one around you)")
    parser.set_defaults(run=run, here=None)


def run(args: argparse.Namespace) -> int:
    """Run the command; 0, or with `--check` 1 if something is older than its source."""
    course = course_to_work_on(args.course, args.here)
    if args.language:
        course = course.spoken_in(args.language)
    if args.check:
        course.assignment(args.name)
        lines = stale(course, args.name)
        print("\n".join(lines) or f"{' and '.join(places(course, args.name))} are as new as their source.")
        return 1 if lines else 0
    release(course, args.name, execute=not args.no_execute, tell=lambda line: print(line, flush=True))
    return 0
