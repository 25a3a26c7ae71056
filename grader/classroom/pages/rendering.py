"""The process that makes text inert: it gets text, returns text, and ends when the grader does.

The renderers and the sanitizer are other people's, and some inputs make them work without end. Each piece of work has a
bound of processor time: an exception ends what runs in Python, and a signal the process where that does not help.
`bounded` starts it and speaks to it, a line of JSON each way.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from nbconvert.filters.highlight import Highlight2HTML

from grader.classroom.pages.html import inert_html, rendered

MEMORY = 2 * 2**30
"""Bytes of address space."""
_GRACE = 3
"""Whole seconds of processor time beyond a bound, after which the process ends."""


class _TooLong(BaseException):
    """The bound was reached; no `except Exception` on the way may keep it."""


def _html(source: str) -> tuple[str, int]:
    text = inert_html(source)
    return text, text.count("<")


def _code(source: str) -> tuple[str, int]:
    return source, _highlight(source).count("<")


_highlight = Highlight2HTML(pygments_lexer="ipython3")  # type: ignore[no-untyped-call]
_WORK: dict[str, Callable[..., tuple[str, int]]] = {"html": _html, "markdown": rendered, "code": _code}


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Do one piece of work: its text, or None if it cannot be had within `seconds`; its tags, and the time it took."""
    began = time.process_time()
    text, tags = None, 0
    try:
        _set_bound(request["seconds"])
        text, tags = _WORK[request["work"]](**request["with"])
        _set_bound(0)
    except (_TooLong, Exception):
        _set_bound(0)
    return {"text": text, "tags": tags, "seconds": time.process_time() - began}


def _set_bound(seconds: float) -> None:
    if sys.platform == "win32":  # where the grader's own bound in wall time is all that there is
        return
    import resource

    signal.setitimer(signal.ITIMER_PROF, seconds)
    most = int(time.process_time() + seconds) + _GRACE if seconds else resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


def _stop(*_: object) -> None:
    raise _TooLong


def main() -> None:
    """Answer requests until there are no more."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGPROF, _stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the grader, with which this ends
    for line in sys.stdin.buffer:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()
