"""What runs on Gradescope for each submission, and with `--look` when its image is built.

It only starts `grader check` and turns its verdict into `results.json`, so that there is one whatever becomes of that
command: ended by Gradescope's own limit, a submission would have no result at all.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..course import KIT, Course
from ..errors import GraderError
from ..sandbox.choose import choose
from ..text import sentences
from .results import failed, results

SECONDS = 480
"""For everything; Gradescope's own limit is ten minutes unless somebody lowers it."""
LONGEST = 2000
"""Characters of a reason that are shown."""


def main() -> int:
    """Grade what lies in `$AUTOGRADER/submission` and write `$AUTOGRADER/results/results.json`."""
    base = Path(os.environ.get("AUTOGRADER", "/autograder"))
    course = Course(KIT.parent / "course")
    settings = json.loads((KIT.parent / "settings.json").read_text(encoding="utf-8"))
    content = _graded(base, course, settings)
    place = base / "results" / "results.json"
    place.parent.mkdir(exist_ok=True)
    place.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


def look() -> int:
    """Say what sandbox the image gives, where the instructor who builds it can read it."""
    try:
        found = choose(course=Course(KIT.parent / "course"))
    except GraderError as error:
        print(f"NO SANDBOX WHILE THE IMAGE IS BUILT; where it runs without one, nothing is graded. {error}")
        return 0
    print(f"Student code runs in: {found.name}.")
    return 0


def _graded(base: Path, course: Course, settings: Mapping[str, Any]) -> dict[str, Any]:
    say = sentences(course.language)
    try:
        student = submitters(json.loads((base / "submission_metadata.json").read_bytes()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        return failed(say("metadata_unread", problem=type(error).__name__), course.language)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "verdict.json")
        arguments = [str(base / "submission"), "--course", str(course.root), "--assignment", settings["assignment"]]
        status, said = _checked([*arguments, f"--student={student}", "--json", str(file)], Path(folder))
        if status is None:
            return failed(say("autograder_out_of_time", seconds=str(SECONDS)), course.language)
        if status not in (0, 1) or not file.is_file():
            reason = said.strip().splitlines()[-1:] or [say("ended_without_a_word")]
            return failed(reason[0][:LONGEST], course.language)
        return results(json.loads(file.read_text(encoding="utf-8")), settings["visibility"])


def submitters(metadata: Mapping[str, Any]) -> str:
    """Whose submission it is: the e-mail addresses of all who handed it in, of which the inputs depend.

    Raises:
        KeyError, TypeError: the metadata is not of Gradescope's form.
    """
    return ",".join(sorted(str(user["email"]) for user in metadata["users"]))


def _checked(arguments: Sequence[str], empty: Path) -> tuple[int | None, str]:
    """The exit status of `grader check`, None if it took too long, and what it said on standard error.

    Args:
        arguments: of the command.
        empty: a folder for its cache, so that what sandbox starts is found out each time and not remembered.
    """
    command = [sys.executable, "-P", "-s", "-m", "grader.cli", "check", *arguments]
    environment = os.environ | {"PYTHONPATH": str(KIT), "XDG_CACHE_HOME": str(empty)}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True, cwd="/"
    )
    try:
        _out, said = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None, ""
    return process.returncode, said.decode(errors="replace")


if __name__ == "__main__":
    sys.exit(look() if "--look" in sys.argv else main())
