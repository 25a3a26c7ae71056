"""`grader lab`: JupyterLab with formgrader, on a course."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from ..course import course_to_work_on
from ..errors import GraderError


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `lab` to the command line."""
    parser = subparsers.add_parser(
        "lab", description="Start JupyterLab with formgrader on the course; it runs until it is interrupted."
    )
    parser.add_argument("--course", metavar="FOLDER", type=Path, help="the course (default: the one around you)")
    parser.set_defaults(run=run, here=None)


def run(options: argparse.Namespace) -> int:
    """Become JupyterLab, in the course's folder and with the programs of the kit's own environment first."""
    course = course_to_work_on(options.course, options.here)
    command = [sys.executable, "-P", "-m", "jupyterlab"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    os.chdir(course.root)
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    sys.stdout.flush()
    try:
        os.execve(command[0], command, environment)
    except OSError as error:
        raise GraderError(f"{command[0]}: cannot be started ({error.strerror}). Next: install the kit again.") from None
