"""The command line: `grader COMMAND`. Every command ends in 0, 1 or 2, and bad input in one line, never a traceback."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from .errors import GraderError

COMMANDS = {
    "release": "make release/NAME and solutions/NAME from their source",
    "check": "grade one folder that holds a funkcije/, with no database",
    "grade": "grade everything under submitted/ into nbgrader's gradebook",
    "demo": "a small class in a disposable copy of the course, from release to gradebook and feedback",
    "doctor": "say what sandbox this machine gives, and run the battery of attacks against it",
}
"""What there is, in a line each. Each is a module of this package with `add_parser` and `run`; only the one that is
asked for is imported, since nbgrader's own imports take longer than a whole `grader check`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done (or full points), 1 less than full points, 2 not done."""
    parser = argparse.ArgumentParser(
        prog="grader",
        description="Generates assignments from one source, and grades submissions outside the student's process.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    given = list(sys.argv[1:] if arguments is None else arguments)
    asked = next((argument for argument in given if not argument.startswith("-")), "")
    for name, text in COMMANDS.items():
        if name == asked:
            importlib.import_module(f"{__package__}.{name}").add_parser(commands)
        else:
            commands.add_parser(name, help=text)
    options = parser.parse_args(given)
    try:
        status: int = options.run(options)
    except GraderError as error:
        print(f"grader {options.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"grader {options.command}: interrupted.", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of our output went away, as `| head` does; that is no fault.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    return status


if __name__ == "__main__":
    sys.exit(main())
