"""What tests need of a machine: where it is missing they are skipped with the reason, and under CI=true they fail.

One thing is let off even there, since nobody could mend it: what the kernel itself refuses to a container without
privileges, which is found out by asking the kernel and not by believing the program that failed.
"""

import os
import subprocess
import sys
from functools import cache
from typing import NoReturn

import pytest

from grader.errors import GraderError
from grader.sandbox.choose import choose
from grader.sandbox.launch import Launcher

_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000


def lacks(reason: str, *, refused: str = "") -> NoReturn:
    """End a test that cannot run here.

    Args:
        reason: what is missing.
        refused: what the kernel refuses to everybody here, if that is why.
    """
    if os.environ.get("CI") == "true" and not refused:
        pytest.fail(f"{reason} (required where CI=true)")
    pytest.skip(f"{reason} ({refused})" if refused else reason)


def sandbox(name: str) -> Launcher:
    """One of the sandboxes, if this machine gives it; Landlock is never let off where CI=true."""
    try:
        return choose(name)
    except GraderError as error:
        if "student code can" in str(error):  # it is here and does not hold, which is no reason to look away
            pytest.fail(str(error))
        lacks(str(error), refused=namespaces_refused() if name == "bwrap" else "")


@cache
def namespaces_refused() -> str:
    """Why nobody here can make the namespaces that bubblewrap needs; empty if somebody can."""
    kinds = [_NEW_USER | _NEW_MOUNTS, *([_NEW_MOUNTS] if os.geteuid() == 0 else [])]
    answers = [_unshare(kind) for kind in kinds] if sys.platform == "linux" else [0]
    return "" if 0 in answers else f"the kernel refuses namespaces here: unshare: {os.strerror(answers[-1])}"


def _unshare(flags: int) -> int:
    """Ask for namespaces in a process of its own; return the error's number, 0 if they were made."""
    ask = f"import ctypes; c = ctypes.CDLL(None, use_errno=True); print(c.unshare({flags}) and ctypes.get_errno())"
    return int(subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout)
