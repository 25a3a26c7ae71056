"""`grader translate NAME --language LANGUAGE`: what translators fill in, from the notebook as it is now."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from checks.language import LANGUAGES

from ..course import course_to_work_on
from ..errors import GraderError
from ..text import listed
from ..translation.update import update


def add_parser(commands: Any) -> None:
    """Add the command to `grader`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "translate",
        description="Make or update source/NAME.LANGUAGE.po from the notebook. No translation is lost: what changed is "
        "flagged fuzzy, and what is gone is set aside in the file.",
    )
    parser.add_argument("name", metavar="NAME", help="the assignment")
    parser.add_argument("--language", choices=LANGUAGES, required=True, help="the language to translate to")
    parser.add_argument("--course", metavar="FOLDER", type=Path, help="the course (default: the one around you)")
    parser.set_defaults(run=run, here=None)


def run(options: argparse.Namespace) -> int:
    """Run the command; 0 when the file is as the notebook is, translated or not.

    Raises:
        GraderError: there is nothing to translate, or the file cannot be read.
    """
    course = course_to_work_on(options.course, options.here)
    course.assignment(options.name)
    if options.name in course.classic:
        raise GraderError(
            f"{options.name}: a classic assignment, which is handed out as its notebooks are. Next: write a second one."
        )
    written = course.settings.written_in
    if options.language == written:
        raise GraderError(
            f"--language {options.language}: the course's notebooks are written in it. Next: name another language, or "
            'say in course.toml what they are written in, such as `original = "cnr"`.'
        )
    done = update(course, options.name, options.language)
    print(f"{'Wrote' if done.written else 'Nothing to change in'} {done.path.relative_to(course.root).as_posix()}:")
    for what, cells in (("new", done.new), ("changed", done.changed), ("set aside", done.aside)):
        if cells:
            print(f"  {what}: {listed(cells)}")
    print(f"  {done.total} cells, {done.total - done.empty - done.fuzzy} of them translated")
    if done.empty or done.fuzzy:
        print(
            f"Next: write {done.empty} texts (msgstr), look at {done.fuzzy} that are flagged fuzzy and take off the "
            f"flag; then grader release {options.name} --language {options.language}."
        )
    else:
        print(f"Next: grader release {options.name} --language {options.language}.")
    return 0
