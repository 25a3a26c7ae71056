"""What went wrong in a student's function, in one line."""

import traceback
from pathlib import Path

from ..messages import tell


class NotWrittenYet(NotImplementedError):
    """A function that a training needs is still to be written; in a notebook, one line instead of a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def explained(error: Exception) -> str:
    """One line for what a student's function raised: where, and what."""
    if isinstance(error, NotWrittenYet):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    places = [Path(frame.filename) for frame in frames]
    own = [n for n, file in enumerate(places) if file.parent.name != "lab" and "site-packages" not in file.parts]
    last = frames[own[-1] if own else -1]
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    return tell("fault", file=Path(last.filename).name, line=last.lineno, error=what)
