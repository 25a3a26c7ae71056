"""A PostgreSQL server of Debian's on loopback for the tests: root cannot run one, so then the user postgres does."""

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import machine

USER, PASSWORD = "grader", "quite/a@secret%word"
"""With what must be written otherwise in an address."""
ENCODED = "quite%2Fa%40secret%25word"
_PROGRAMS = Path("/usr/lib/postgresql")
_number = count()


@dataclass
class Server:
    """One that can be stopped, with databases made from each other."""

    folder: Path
    """Owned by whoever runs the server."""
    programs: Path
    port: int

    def start(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
            "fsync": "off",
            "shared_buffers": "16MB",
        }
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        log = self.folder / "log"
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-l", str(log), "-w", "-t", "120", "-o", options, "start")

    def stop(self) -> None:
        """As a power cut does."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", "immediate", "stop")

    def url(self, database: str, user: str = USER, password: str = ENCODED) -> str:
        """What a course's `db_url` is."""
        return f"postgresql+psycopg://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def ask(self, query: str, database: str = "postgres", values: Mapping[str, object] | None = None) -> list[Any]:
        """What the server's owner is told."""
        import psycopg

        with psycopg.connect(
            host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname=database, autocommit=True
        ) as connection:
            done = connection.execute(query.encode(), values)
            return done.fetchall() if done.description else []

    def database(self, template: str = "template1", more: str = "") -> str:
        """A new database, as another one is; its name."""
        name = f"course{next(_number)}"
        self.ask(f"CREATE DATABASE {name} TEMPLATE {template} {more}")
        return name

    def _run(self, program: str, *arguments: str) -> None:
        command = [*_as_postgres(), str(self.programs / program), *arguments]
        # What the server inherits would keep a pipe open.
        with (self.folder / "said").open("a+") as said:
            done = subprocess.run(command, cwd=self.folder, stdout=said, stderr=subprocess.STDOUT, check=False)
            said.seek(0)
            assert done.returncode == 0, said.read()


def _as_postgres() -> list[str]:
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []


@contextmanager
def server() -> Iterator[Server]:
    """A server for as long as this lasts; where there are no programs for one, the test ends and says so."""
    found = sorted(_PROGRAMS.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        machine.lacks("PostgreSQL is not installed (Debian: apt install postgresql)")
    if importlib.util.find_spec("psycopg") is None:
        machine.lacks("the driver for PostgreSQL is not installed (make postgresql)")
    # Not pytest's own, which nobody but its user may enter.
    folder = Path(tempfile.mkdtemp(prefix="grader-postgres-", dir="/tmp"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        with socket.create_server(("127.0.0.1", 0)) as free:
            made = Server(folder, found[-1].parent, free.getsockname()[1])
        (folder / "word").write_text(PASSWORD)
        (folder / "word").chmod(0o644)
        made._run(
            "initdb", "-D", str(folder / "data"), "-A", "scram-sha-256", "-U", USER, "--pwfile", str(folder / "word"),
            "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions",
        )  # fmt: skip
        (folder / "word").unlink()
        made.start()
        try:
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(folder)
