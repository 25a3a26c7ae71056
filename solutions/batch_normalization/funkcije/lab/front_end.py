"""Who looks at what a cell shows: a person before a page, or a program that executes the notebook."""

import os
from typing import Any


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
