"""The short form of the attack battery: one process that tries to get out, before a sandbox is trusted."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np

from checks.executor.errors import StudentError

from ..errors import GraderError
from .launchers import BubblewrapLauncher, LandlockLauncher
from .process import StudentProcess, TimeLimits
from .staging import SUBMISSION, stage_kit
from .temporary import temporary_folder
from .warm import WarmLauncher

_LIMITS = TimeLimits(start=20.0, call=20.0, total=40.0)


def escapes(launcher: BubblewrapLauncher | LandlockLauncher | WarmLauncher) -> list[str]:
    """What a worker of this launcher can do and must not; empty if it holds.

    Raises:
        GraderError: no worker can be started, with what it said.
    """
    with ExitStack() as stack:
        outside = stack.enter_context(temporary_folder())
        outside.chmod(0o777)
        canary = outside / "canary"
        canary.write_bytes(b"as it was")
        canary.chmod(0o666)
        stage = outside / "stage"
        package = stage / SUBMISSION / "package"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        shutil.copyfile(Path(__file__).with_name("probe.py"), package / "probe.py")
        stage_kit(stage)

        port = stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
        name = f"grader-{secrets.token_hex(8)}"
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        abstract.bind("\0" + name)

        said = stack.enter_context(tempfile.TemporaryFile())
        process = StudentProcess(stage, replace(launcher, errors=said.fileno()), _LIMITS)
        try:
            with process:
                reply = process.call("probe", "attempts", [str(canary), port, name, os.getpid()], {}, ["arrays"])
        except GraderError as error:
            said.seek(0)
            last = said.read(4000).decode("utf-8", "replace").strip().splitlines()[-1:]
            raise GraderError("".join(last) or str(error)) from None
        except StudentError as error:
            return [f"make the self-test fail ({error})"]
        worked = reply.values[0]
        if not isinstance(worked, dict) or not worked:
            return ["make the self-test say nothing"]
        found = [what for what, value in worked.items() if not isinstance(value, np.ndarray) or bool(value.any())]
        if canary.read_bytes() != b"as it was" or (outside / "made").exists():
            found.append("change what lies outside")
        return found
