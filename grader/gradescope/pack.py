"""Puts an assignment's autograder into the zip that Gradescope builds its image from.

In it lie the kit, the course without its history and without anything that was handed in, the lock of what student code
may import, and a secret that is made from the course's for this assignment alone: whoever may download the autograder
can read it, and it tells nothing of the inputs that are drawn elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

from checks.core import Assignment

from ..course import CONFIG, KIT, Course, framework_files
from ..errors import GraderError
from ..files import write_whole
from ..grading.secret import ensure_secret, secret_path
from ..making.environments import worker_lock
from ..settings import FILE
from .results import Visibility

_OURS = b"made by `grader gradescope`"
_TIME = (1980, 1, 1, 0, 0, 0)
_SCRIPTS = {"setup.sh": "setup.sh", "run_autograder": "run_autograder.sh"}
"""What Gradescope runs, and where it lies here."""


def place(course: Course, name: str) -> Path:
    """Where the zip of an assignment is written."""
    return course.root / "build" / f"gradescope-{name}.zip"


def pack(course: Course, name: str, visibility: Visibility = "visible") -> Path:
    """Write the zip of one assignment; the file.

    Args:
        course: the course.
        name: the assignment.
        visibility: when students see what each check says, as Gradescope calls it.

    Raises:
        GraderError: no such assignment, or one that is graded in its notebooks; the zip cannot be written, or something
            else lies in its place.
    """
    assignment = course.assignment(name)
    if name in course.classic:
        raise GraderError(
            f"{name}: a classic assignment, which is graded in its notebooks and not on Gradescope. Next: take one "
            "that has checks."
        )
    path = place(course, name)
    if path.exists() and not _is_ours(path):
        raise GraderError(f"{path}: not a zip of this command's making, so it is not replaced. Next: move it away.")
    settings = {"assignment": name, "visibility": visibility}
    files = {
        **{script: _script(script, course) for script in _SCRIPTS},
        "settings.json": json.dumps(settings, indent=2).encode() + b"\n",
        "requirements.txt": worker_lock(course).read_bytes(),
        f"course/{secret_path(course).relative_to(course.root).as_posix()}": _derived(ensure_secret(course), name),
        **{f"kit/{file.relative_to(KIT).as_posix()}": file.read_bytes() for file in _kit()},
        **{
            f"course/{file.relative_to(course.root).as_posix()}": file.read_bytes() for file in _own(course, assignment)
        },
    }
    try:
        path.parent.mkdir(exist_ok=True)
        write_whole(path, _zipped(files))
    except OSError as error:
        raise GraderError(f"{path}: cannot be written ({error.strerror}). Next: give yourself access to it.") from None
    return path


def _is_ours(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.comment == _OURS
    except (OSError, zipfile.BadZipFile):
        return False


def _script(name: str, course: Course) -> bytes:
    """A shell script, with the Python that the course asks for; its lines end as a shell wants them."""
    text = (Path(__file__).parent / _SCRIPTS[name]).read_text(encoding="utf-8")
    return text.replace("@PYTHON@", course.settings.python).replace("\r\n", "\n").encode()


def _derived(secret: bytes, name: str) -> bytes:
    return hmac.new(secret, f"gradescope\0{name}".encode(), hashlib.sha256).hexdigest().encode() + b"\n"


def _kit() -> Iterator[Path]:
    """The kit's own modules and what lies beside them; no assignment's."""
    yield from framework_files(KIT / "checks")
    yield from (path for path in sorted((KIT / "grader").rglob("*")) if path.is_file() and _is_source(path))


def _own(course: Course, assignment: Assignment) -> Iterator[Path]:
    """The files of a course that grading reads: its settings, package and checks, sources by name, and this release."""
    yield course.root / CONFIG
    if (course.root / FILE).is_file():
        yield course.root / FILE
    folders = [course.package, *(course.checks / name for name in course.assignments() if name not in course.classic)]
    folders += [course.source]
    folders += [spoken.release / assignment.name for spoken in course.released_in(assignment.name)]
    for folder in folders:
        yield from (path for path in sorted(folder.rglob("*")) if path.is_file() and _is_source(path))


def _is_source(path: Path) -> bool:
    return path.suffix != ".pyc" and not {"__pycache__", ".ipynb_checkpoints"} & {*path.parts}


def _zipped(files: dict[str, bytes]) -> bytes:
    """The same bytes for the same files; what is run may be run, and the secret is its owner's."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = _OURS
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, for the permissions
            mode = 0o755 if name in _SCRIPTS else 0o600 if name.endswith("/secret") else 0o644
            entry.external_attr = (0o100000 | mode) << 16
            archive.writestr(entry, data)
    return content.getvalue()
