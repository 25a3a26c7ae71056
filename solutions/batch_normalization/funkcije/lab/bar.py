"""A progress bar that leaves nothing behind: no widget that a reopened notebook cannot find, no bar that stands at 0%.

In a notebook it is an output that is emptied at the end, and only where somebody is there to see it; in a terminal it
is tqdm's, where that is installed.
"""

from html import escape
from time import monotonic
from typing import Any, Protocol, cast

from ..messages import tell
from .front_end import request, someone_is_there

PAUSE = 0.1
"""Seconds between two pictures of a bar."""


class Bar(Protocol):
    """What tells how far a training is."""

    n: int
    """Steps that are done."""

    def update(self, n: int = 1) -> Any:
        """So many more steps are done."""

    def write(self, s: str) -> Any:
        """Print a line."""

    def close(self) -> Any:
        """Take the bar away."""


class PageBar:
    """A bar among the outputs of a cell, from the first step to `close`.

    Args:
        total: steps in all.
    """

    def __init__(self, total: int) -> None:
        self.total, self.n = total, 0
        self._handle: Any = None
        self._shown = float("-inf")

    def update(self, n: int = 1) -> None:
        """See `Bar`."""
        self.n += n
        if monotonic() >= self._shown + PAUSE:
            self._shown = monotonic()
            done = self.n / self.total
            name = escape(tell("progress"))
            self._put(f'<progress aria-label="{name}" max="1" value="{done:.3f}"></progress> {done:.0%}', f"{done:.0%}")

    def write(self, s: str) -> None:
        """See `Bar`."""
        print(s)

    def close(self) -> None:
        """See `Bar`."""
        if self._handle is not None:
            self._put("", "")

    def _put(self, html: str, text: str) -> None:
        from IPython.display import display

        data = {"text/html": html, "text/plain": text}
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(data, raw=True)


def progress_bar(total: int) -> Bar | None:
    """A bar of so many steps; None where nobody would see it."""
    if request() is not None:
        return PageBar(total) if someone_is_there() else None
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return cast(Bar, tqdm(total=total, leave=False))
