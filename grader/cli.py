"""The command line: `grader COMMAND`. Every command ends in 0, 1 or 2, and bad input in one line, never a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial

# What else is needed is imported where somebody stands guard: an interrupt may come at any moment.

COMMANDS = {
    "init": "a new course, with an assignment that can be released at once",
    "new": "another assignment in a course, as a skeleton that can be released at once",
    "setup": "make the environments in which student code and notebooks run",
    "release": "make release/NAME and solutions/NAME from their source",
    "translate": "make or update the catalogue of a notebook's texts in another language",
    "test": "say whether an assignment's checks tell right from wrong, mistakes, variants and wrong students alike",
    "check": "grade one folder that holds a student's package, with no database",
    "grade": "grade everything under submitted/ into nbgrader's gradebook",
    "status": "say who handed in, who is graded, whose verdict is stale, and who waits for a person",
    "report": "the class in one page: points, mistakes, what to explain, who needs a look",
    "grades": "fill in the grades in the file that Moodle or Canvas gave",
    "gradescope": "the zip from which Gradescope builds an assignment's autograder",
    "lab": "JupyterLab with formgrader, on the course",
    "demo": "a small class in a disposable copy of the course, from release to gradebook and feedback",
    "doctor": "say what sandbox this machine gives, and run the battery of attacks against it",
}
"""What there is, in a line each. Each is a module of `commands` with `add_parser` and `run`; only the one that is
asked for is imported, since nbgrader's own imports take longer than a whole `grader check`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done (or full points), 1 less than full points, 2 not done.

    Args:
        arguments: those of the process if None, which then is there for the command alone.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    asked = next((argument for argument in given if not argument.startswith("-")), "")
    program = f"grader {asked}" if asked in COMMANDS else "grader"
    alone = arguments is None
    try:
        from .errors import GraderError
        from .surroundings import trust_only_what_is_installed

        if alone:
            trust_only_what_is_installed()
        from checks.command import run

        work = partial(_command, given, asked, alone=alone)
        return run(program, work, foreseen=(GraderError,), clean=True, alone=alone)
    except KeyboardInterrupt:  # before `run` stands guard, or after
        os.write(2, f"{program}: interrupted.\n".encode())
    except Exception as error:  # a part of the kit is missing, or cannot be imported
        os.write(
            2, f"{program}: {type(error).__name__}: {error}. Next: install the kit again.\n".encode(errors="replace")
        )
    return 2


def _command(given: list[str], asked: str, *, alone: bool) -> int:
    import importlib

    from .commands.arguments import Parser
    from .errors import GraderError
    from .surroundings import leave_the_current_folder

    parser = Parser(
        prog="grader",
        description="Generates assignments from one source, and grades submissions outside the student's process.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in COMMANDS.items():
        if name == asked:
            importlib.import_module(f"{__package__}.commands.{name}").add_parser(commands)
        else:
            commands.add_parser(name, help=text)
    for argument in given:
        option = argument.partition("=")[0]
        if not argument or (argument == f"{option}=" and option.startswith("--")):
            raise GraderError(
                f"{option or 'an argument'}: expected a name or a number, found nothing. Next: fill it in."
            )
    options = parser.parse_args(given)
    leave_the_current_folder(options, alone=alone)
    status: int = options.run(options)
    return status


if __name__ == "__main__":
    sys.exit(main())
