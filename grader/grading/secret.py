"""The course secret, from which every submission's inputs are drawn.

Inputs come from HMAC(secret, assignment, student, digest of the submission): a regrade repeats them, no two students
share them, and a new submission cannot have memorized them. It is made once. Results hold its digest, so that a secret
that was lost is noticed, and not quietly replaced by another.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path

from ..course import Course
from ..errors import GraderError
from ..files import write_whole

VARIABLE = "GRADER_SECRET"
NO_SECRET = b"no secret: the inputs are the same for everyone"


def read_secret(course: Course) -> bytes | None:
    """The secret from the environment or from the course's store; None if there is none.

    Raises:
        GraderError: there is one that cannot be read, or an empty file in its place.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return named.encode("utf-8", "surrogateescape")
    path = secret_path(course)
    try:
        secret = path.read_bytes().strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GraderError(
            f"{path}: the course secret cannot be read ({error.strerror}). Next: give yourself access to it, "
            f"or set {VARIABLE}."
        ) from None
    if not secret:
        raise GraderError(
            f"{path}: expected the course secret, found an empty file. Next: restore it from a copy, or set "
            f"{VARIABLE}; if nothing was graded yet, delete the file."
        )
    return secret


def ensure_secret(course: Course, *, replace: bool = False) -> bytes:
    """The secret, made now if the course has none yet; readable by its owner alone.

    Args:
        course: the course.
        replace: make one even if there are results that were drawn from another.

    Raises:
        GraderError: it can neither be read nor written, or it is missing and results were drawn from it.
    """
    secret = read_secret(course)
    if secret is not None:
        return secret
    path = secret_path(course)
    drawn = None if replace else _drawn_from_a_secret(course)
    if drawn:
        raise GraderError(
            f"{path}: the course secret is missing, and results were drawn from one ({drawn}): a new one would give "
            f"every submission other inputs. Next: restore the file from a copy, or set {VARIABLE}; if it is lost for "
            "good, pass --new-secret to `grader grade`."
        )
    try:
        course.store.mkdir(mode=0o700, exist_ok=True)
        write_whole(
            path, f"{secrets.token_hex(32)}\n".encode(), keep=True
        )  # of two graders that begin at once one wins
    except OSError as error:
        raise GraderError(
            f"{path}: the course secret cannot be written ({error.strerror}). Next: make the folder writable, "
            f"or set {VARIABLE}."
        ) from None
    return path.read_bytes().strip()


def secret_path(course: Course) -> Path:
    """Where the secret lies, unless the environment holds it."""
    return course.store / "secret"


def secret_digest(secret: bytes | None) -> str:
    """What results hold of the secret: enough to recognize it, and no help in guessing it."""
    return "" if secret is None else hmac.new(secret, b"digest of the course secret", hashlib.sha256).hexdigest()[:16]


def draw_seed(secret: bytes | None, assignment: str, student: str, digest: str) -> bytes:
    """The seed of a submission's inputs; a fixed one if there is no secret."""
    if secret is None:
        return hashlib.sha256(NO_SECRET).digest()
    message = "\0".join((assignment, student, digest)).encode("utf-8", "surrogateescape")
    return hmac.new(secret, message, hashlib.sha256).digest()


def _drawn_from_a_secret(course: Course) -> Path | None:
    """A result that holds a secret's digest."""
    for path in sorted((course.store / "results").glob("*/*.json*")):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            if json.loads(path.read_text(encoding="utf-8")).get("secret"):
                return path
    return None
