"""What a cell shows, and who looks: a person before a page, or a program that executes the notebook.

A progress bar leaves nothing behind: no widget that a reopened notebook cannot find, no bar that stands at 0%. In a
notebook it is an output that is emptied at the end, and only where somebody is there to see it; in a terminal it is
tqdm's, where that is installed. `show` is `plt.show` with the same in words.
"""

import base64
import io
import os
from html import escape
from time import monotonic
from typing import Any, Protocol, cast

from .messages import tell

PAUSE = 0.1
"""Seconds between two pictures of a bar."""


def someone_is_there() -> bool:
    """Whether somebody may move a slider: a kernel whose front end could also ask its user for a line of input.

    Whatever executes notebooks by itself (nbclient, and with it nbconvert and nbgrader) says that it cannot.
    """
    if by_nbgrader():
        return False
    asked = request()
    return asked is not None and bool(asked.get("content", {}).get("allow_stdin", True))


def by_nbgrader() -> bool:
    """Whether nbgrader executes this notebook."""
    return any(os.environ.get(name) for name in ("NBGRADER_EXECUTION", "NBGRADER_VALIDATING"))


def shell() -> Any:
    """IPython's shell; None where there is none."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return None
    return get_ipython()


def request() -> dict[str, Any] | None:
    """The message that asked the kernel to run this cell; None where there is no kernel."""
    kernel = getattr(shell(), "kernel", None)
    if kernel is None:
        return None
    return dict(kernel.get_parent() or {}) if hasattr(kernel, "get_parent") else {}


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


def show(alt: str) -> None:
    """Show the current figure, with a text for a reader who does not see it.

    Args:
        alt: what the figure shows, in a sentence.
    """
    import matplotlib.pyplot as plt

    if shell() is None:
        plt.show()
        return
    from IPython.display import display

    figure, file = plt.gcf(), io.BytesIO()
    figure.savefig(file, format="png", bbox_inches="tight")
    plt.close(figure)
    data = {"image/png": base64.b64encode(file.getvalue()).decode(), "text/plain": alt}
    display(data, metadata={"image/png": {"alt": alt}}, raw=True)  # type: ignore[no-untyped-call]
