"""The programs that came with this environment, found wherever it was started from."""

import os
import shutil
import sys
from pathlib import Path


def find_own_programs() -> None:
    """Put this environment's programs on PATH: nbgrader starts `alembic` by its bare name for a new gradebook."""
    own = Path(sys.executable).parent
    if shutil.which("alembic") is None and (own / "alembic").exists():
        os.environ["PATH"] = os.pathsep.join([str(own), os.environ.get("PATH", os.defpath)])
