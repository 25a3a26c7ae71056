"""`python -m checks`: run every recorded check on the student's package in this folder.

Exit status: 0 full points, 1 less, 2 nothing to check, or not done. `--json` and `--junit` write the formats that the
grader writes; `-` is standard output. `--hand-in` says instead what a hand-in lacks (0 nothing, 1 something) and makes
its zip.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .core import Assignment

PROGRAM = "python -m checks"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    try:
        from .command import run
        from .language import preferred

        work = partial(_check, arguments)
        return run(PROGRAM, work, language=preferred(), alone=arguments is None)
    except KeyboardInterrupt:  # before `run` handles signals, or after
        os.write(2, f"{PROGRAM}: interrupted.\n".encode())
    except ImportError as error:  # a file of the release is missing
        os.write(2, f"{PROGRAM}: {error}. Next: restore checks/ as it was handed out.\n".encode(errors="replace"))
    return 2


def _check(arguments: list[str] | None) -> int:
    import argparse
    from pathlib import Path

    from .apart.ask import ask, prepare
    from .language import catalogue, preferred
    from .released import PACKAGE, PYTHON, SPOKEN, newer_than_graders

    parser = argparse.ArgumentParser(
        prog=PROGRAM, description=f"Check the {PACKAGE}/ in this folder.", allow_abbrev=False
    )
    parser.add_argument("functions", nargs="*", metavar="FUNCTION", help="functions to check (default: all)")
    parser.add_argument("--json", metavar="FILE", help="write the result as JSON (- for standard output)")
    parser.add_argument("--junit", metavar="FILE", help="write the result as JUnit XML (- for standard output)")
    parser.add_argument("--language", choices=SPOKEN, default=preferred(), help="language of the messages")
    parser.add_argument("--hand-in", action="store_true", help="say what is missing, and make the zip to hand in")
    options = parser.parse_args(arguments)
    if options.hand_in and (options.functions or options.json or options.junit):
        parser.error("--hand-in is about the whole folder; name no functions, --json or --junit with it")
    prepare()  # it imports numpy while this process does
    from .apart.request import Request
    from .practice import only_assignment, recorded
    from .result import Result

    assignment = only_assignment()
    unknown = [name for name in options.functions if name not in assignment.functions]
    if unknown:
        parser.error(f"unknown function {unknown[0]!r}; expected one of {', '.join(assignment.functions)}")
    say = catalogue(options.language)
    # A package of that name elsewhere on the path is not the student's.
    if not (Path.cwd() / PACKAGE / "__init__.py").is_file():
        print(say("no_package"), file=sys.stderr)
        return 2
    if options.hand_in:
        return _hand_in(assignment, options.language)
    if not recorded(assignment).is_file():
        print(say("no_recording"), file=sys.stderr)
        return 2
    functions = tuple(options.functions) or assignment.functions
    answer = ask(assignment, Request(str(Path.cwd()), functions, options.language))
    here = newer_than_graders()
    remarks = (say("other_python", here=here, python=PYTHON),) if here else ()
    result = Result(assignment.name, "", tuple(answer.checks), "none", answer.seconds, remarks, options.language)
    from .output import write_outputs
    from .report import printed_text, summary

    if not write_outputs(result, options.json, options.junit):
        print("\n".join(filter(None, [summary(result), printed_text(answer.printed, say)])))
    return 0 if result.score == result.max_score else 1


def _hand_in(assignment: Assignment, language: str) -> int:
    from pathlib import Path

    from .command import CannotWrite
    from .handin import archive, look_at

    found = look_at(assignment, Path.cwd(), language)
    try:
        archive(Path.cwd(), found)
    except OSError as error:
        raise CannotWrite(f"{Path.cwd().name}.zip", error) from None
    print(found)
    return 1 if found.missing else 0


if __name__ == "__main__":
    sys.exit(main())
