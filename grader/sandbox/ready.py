"""A worker that is getting ready: its process starts while the trusted side still reads, imports and renders.

    with get_ready(launcher) as ready:
        ...                                # whatever takes time
        grade(folder, course, assignment, ready=ready)

This module imports neither numpy nor the checks, which take longer to come than the worker.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .launch import Booting, Launcher, boot
from .staging import SUBMISSION, stage_kit, stage_names
from .temporary import in_memory, no_room, temporary_folder
from .warm import WarmLauncher


@dataclass(frozen=True)
class Ready:
    """A private folder with a process that waits for a submission in it, and will run no other."""

    stage: Path
    launcher: Launcher
    booting: Booting


@contextlib.contextmanager
def get_ready(launcher: Launcher) -> Iterator[Ready]:
    """Start a worker; folder and process end with the context.

    Raises:
        GraderError: there is no room for the folder, or no process can be started.
    """
    with temporary_folder(in_memory()) as folder:
        try:
            (folder / SUBMISSION).mkdir()
            if isinstance(launcher, WarmLauncher):
                stage_names(folder)  # the process that it is forked from has the kit
            else:
                stage_kit(folder)
        except OSError as error:
            raise no_room(folder.parent, error) from None
        booting = boot(launcher, folder)
        try:
            yield Ready(folder, launcher, booting)
        finally:
            booting.stop()
