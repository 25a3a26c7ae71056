"""A gradebook on a server (PostgreSQL), where several machines may grade at once.

    c.CourseDirectory.db_url = os.environ["GRADEBOOK_URL"]  # postgresql+psycopg://grader@db.example.edu/course

A file's lock holds on one machine. Here a run takes an advisory lock of the server's, in a connection of its own, and
each transaction asks the server before it ends whether that lock is still held. What is shown of an address is never
its password.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from nbgrader.api import Gradebook
from sqlalchemy import create_engine, event, make_url, text
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from ..errors import GraderError
from .runs import Busy

_PASSWORDS = ("password", "sslpassword")
"""What a driver takes from the part behind the `?`."""
_HIDDEN = "***"
_HOLDER = """
    SELECT locks.pid, host(activity.client_addr)
    FROM pg_locks AS locks LEFT JOIN pg_stat_activity AS activity USING (pid)
    WHERE locks.locktype = 'advisory' AND locks.granted AND locks.objsubid = 1
    AND locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (locks.classid::bigint << 32) | locks.objid::bigint = :key
"""
_ROOM = "SELECT repeat('x', 1900) AS x FROM generate_series(1, 128)"
"""Rows of 256 kB, which nothing makes smaller."""


@dataclass(frozen=True)
class _Held:
    """A lock of this process."""

    key: int
    process: int
    """The server's, for the connection that holds it."""


_held: dict[tuple[URL, str], _Held] = {}
"""By gradebook and assignment."""
_made: set[str] = set()
"""Addresses at which the tables are known to be there."""


def address(db_url: str) -> URL:
    """What a course's `db_url` says.

    Raises:
        GraderError: it cannot be read, or not in one way alone: what is meant for the password may be in another part.
    """
    try:
        url = make_url(db_url)
        if "@" not in f"{url.host}{url.database if on_server(url) else ''}":
            return url
    except (ArgumentError, ValueError):
        pass
    raise GraderError(
        "the address of the gradebook (CourseDirectory.db_url) cannot be read; it is not shown, as there may be a "
        "password in it. Next: expected is postgresql+psycopg://USER@HOST:PORT/DATABASE; in a password write each "
        "of @ : / ? # % as %40 %3A %2F %3F %23 %25."
    ) from None


def on_server(url: URL) -> bool:
    """Whether a gradebook is a server's."""
    return url.get_backend_name() == "postgresql"


def shown_address(db_url: str) -> str:
    """A gradebook as it is named in messages: the file, or server and database; no password."""
    url = address(db_url)
    if url.get_backend_name() == "sqlite":
        return url.database or db_url
    place = url.host or url.query.get("host") or "this machine"
    return f"{url.get_backend_name()}://{place}{f':{url.port}' if url.port else ''}/{url.database or ''}"


def cannot_be_used(db_url: str, error: Exception) -> GraderError:
    """What is said where a gradebook fails: the first line of the reason, and what to do."""
    url = address(db_url)
    reason = (str(error).splitlines() or [""])[0]
    written = url.render_as_string(hide_password=False).partition("://")[2].rpartition("@")[0].partition(":")[2]
    for password in (url.password, written, *(url.query.get(name) for name in _PASSWORDS)):
        if password:
            reason = reason.replace(str(password), _HIDDEN)
    do = "wait for another run to end, or restore the file from a copy"
    if on_server(url):
        do = "see that the server runs, takes this user and password, has room, and lets the user write"
    return GraderError(
        f"{shown_address(db_url)}: the gradebook cannot be used ({reason}). Next: {do}; no score was changed by this "
        "step."
    )


def no_driver(db_url: str, error: ImportError) -> GraderError:
    """What is said where a gradebook's driver is not installed."""
    return GraderError(
        f"{shown_address(db_url)}: its driver is not installed ({error}). Next: for a gradebook on PostgreSQL, `make "
        "postgresql` in a checkout of the kit, or install 'funkcije-grader[postgresql]' where the kit is installed."
    )


@contextmanager
def first_opening(db_url: str) -> Iterator[None]:
    """Keep other processes away while the tables may have to be made.

    Raises:
        GraderError: the address cannot be read.
        SQLAlchemyError: the server cannot be used.
    """
    url = address(db_url)
    if not on_server(url) or db_url in _made:
        yield
        return
    connection = _connect(url)
    try:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _key("tables")})
        yield
    finally:
        _end(connection)
    _made.add(db_url)


def keep_watch(engine: Engine) -> None:
    """From now on, nothing is written through an engine once a run's lock is lost."""
    if on_server(engine.url):
        event.listen(engine, "commit", _require_held)


@contextmanager
def only_one_on_server(db_url: str, assignment: str) -> Iterator[None]:
    """Keep graders on every machine away from an assignment's scores; nothing is done for a gradebook in a file.

    The server drops the lock with the connection, however that ends.

    Raises:
        Busy: another one is at work.
        GraderError: the server cannot be used.
    """
    url = address(db_url)
    if not on_server(url):
        yield
        return
    try:
        connection, held = _take(db_url, assignment)
    except ImportError as error:
        raise no_driver(db_url, error) from None
    except SQLAlchemyError as error:
        raise cannot_be_used(db_url, error) from None
    _held[url, assignment] = held
    try:
        yield
    finally:
        del _held[url, assignment]
        with suppress(SQLAlchemyError):  # the server may be gone
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": held.key})
        _end(connection)


def require_writable(engine: Engine) -> None:
    """Make sure that grades can be written on a server now: the right to, room for them, and the run's lock.

    Raises:
        GraderError: the lock is lost.
        SQLAlchemyError: it cannot be written to.
    """
    with engine.connect() as connection:  # and what is done here is taken back at its end
        _require_held(connection)
        connection.execute(text("UPDATE grade SET auto_score = auto_score WHERE false"))
        if connection.scalar(text("SELECT has_database_privilege(current_database(), 'TEMPORARY')")):
            connection.execute(text(f"CREATE TEMPORARY TABLE can_be_written AS {_ROOM}"))


def one_at_a_time(gradebook: Gradebook, student: str) -> None:
    """Let a transaction that may enter a student wait for another that does: of two that enter one, the second fails.

    Args:
        gradebook: where; nothing is done for one in a file, which takes one writer at a time.
        student: whose name it is.
    """
    if on_server(gradebook.engine.url):
        gradebook.db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _key(f"student {student}")})


def _take(db_url: str, assignment: str) -> tuple[Connection, _Held]:
    """A connection that holds the lock on an assignment."""
    connection = _connect(address(db_url))
    key = _key(f"assignment {assignment}")
    try:
        if connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}):
            return connection, _Held(key, connection.scalar(text("SELECT pg_backend_pid()")) or 0)
        holder = connection.execute(text(_HOLDER), {"key": key}).first()
    except BaseException:
        _end(connection)
        raise
    _end(connection)
    process, machine = holder or ("?", None)
    raise Busy(
        f"{shown_address(db_url)}: another grader is at work on {assignment!r} (the server's process {process}, from "
        f"{machine or 'a machine that it does not name'}). Next: wait until it has ended, then grade again; if its "
        f"machine is gone for good, SELECT pg_terminate_backend({process}) on the server frees the assignment."
    )


def _require_held(connection: Connection) -> None:
    """Make sure, within a transaction, that the locks of this process on its gradebook are held still.

    Raises:
        GraderError: one is not, and another grader may be at work.
    """
    for (url, assignment), held in list(_held.items()):
        if url == connection.engine.url:
            holder = connection.execute(text(_HOLDER), {"key": held.key}).first()
            if holder is None or holder[0] != held.process:
                raise GraderError(
                    f"the connection that kept other graders away from {assignment!r} is lost, so nothing more is "
                    "written. Next: see that the server runs and ends no idle connections, then grade again."
                )


def _connect(url: URL) -> Connection:
    """A connection of its own, without transactions."""
    return create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect()


def _end(connection: Connection) -> None:
    """End a connection, and ask nothing of a server that may be gone."""
    connection.invalidate()
    connection.close()


def _key(name: str) -> int:
    """The number of a lock, of 64 bits."""
    return int.from_bytes(hashlib.sha256(f"funkcije-grader {name}".encode()).digest()[:8], signed=True)
