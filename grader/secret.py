"""The course secret, from which every submission's inputs are drawn.

Inputs come from HMAC(secret, assignment, student, digest of the submission): a regrade repeats them, no two students
share them, and a new submission cannot have memorized them.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets

from .course import Course
from .errors import GraderError

VARIABLE = "GRADER_SECRET"
NO_SECRET = b"no secret: the inputs are the same for everyone"


def read_secret(course: Course) -> bytes | None:
    """The secret from the environment or from the course's store; None if there is none.

    Raises:
        GraderError: there is one that cannot be read.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return named.encode()
    path = course.store / "secret"
    try:
        return path.read_bytes().strip() or None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GraderError(
            f"{path}: the course secret cannot be read ({error.strerror}). Next: give yourself access to it, "
            f"or set {VARIABLE}."
        ) from None


def ensure_secret(course: Course) -> bytes:
    """The secret, made now if the course has none yet; readable by its owner alone.

    Raises:
        GraderError: it can neither be read nor written.
    """
    path = course.store / "secret"
    while (secret := read_secret(course)) is None:
        try:
            course.store.mkdir(exist_ok=True)
            with contextlib.suppress(FileExistsError):
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "w") as file:
                    file.write(secrets.token_hex(32) + "\n")
        except OSError as error:
            raise GraderError(
                f"{path}: the course secret cannot be written ({error.strerror}). Next: make the folder writable, "
                f"or set {VARIABLE}."
            ) from None
    return secret


def draw_seed(secret: bytes | None, assignment: str, student: str, digest: str) -> bytes:
    """The seed of a submission's inputs; a fixed one if there is no secret."""
    if secret is None:
        return hashlib.sha256(NO_SECRET).digest()
    message = "\0".join((assignment, student, digest)).encode()
    return hmac.new(secret, message, hashlib.sha256).digest()
