"""`python -m checks`: run every recorded check on the `funkcije/` in this folder.

Exit status: 0 full points, 1 less, 2 nothing to check, or not done. `--json` and `--junit` write the formats that the
grader writes; `-` is standard output.
"""

from __future__ import annotations

import os
import sys
from functools import partial

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

    from . import PACKAGE, _only_assignment, run_recorded
    from .language import LANGUAGES, catalogue, preferred

    parser = argparse.ArgumentParser(prog=PROGRAM, description="Check the funkcije/ in this folder.")
    parser.add_argument("functions", nargs="*", metavar="FUNCTION", help="functions to check (default: all)")
    parser.add_argument("--json", metavar="FILE", help="write the result as JSON (- for standard output)")
    parser.add_argument("--junit", metavar="FILE", help="write the result as JUnit XML (- for standard output)")
    parser.add_argument("--language", choices=LANGUAGES, default=preferred(), help="language of the messages")
    options = parser.parse_args(arguments)
    assignment = _only_assignment()
    unknown = [name for name in options.functions if name not in assignment.functions]
    if unknown:
        parser.error(f"unknown function {unknown[0]!r}; expected one of {', '.join(assignment.functions)}")
    # A package of that name elsewhere on the path is not the student's.
    if not (Path.cwd() / PACKAGE / "__init__.py").is_file():
        print(catalogue(options.language)("no_package"), file=sys.stderr)
        return 2
    sys.path.insert(0, str(Path.cwd()))
    try:
        result = run_recorded(assignment, language=options.language, functions=options.functions or None)
    except FileNotFoundError:
        print(catalogue(options.language)("no_recording"), file=sys.stderr)
        return 2
    from .output import write_outputs
    from .report import summary

    if not write_outputs(result, options.json, options.junit):
        print(summary(result))
    return 0 if result.score == result.max_score else 1


if __name__ == "__main__":
    sys.exit(main())
