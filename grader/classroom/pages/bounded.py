"""Makes what a submission shows inert, within a bound of processor time for a whole notebook.

    with Inert() as inert:
        html = inert.html(output)
        source = inert.markdown(cell.source)

The work is done by a process of its own (`rendering`), since the renderers can be made to work without end and cannot
be stopped from within. What does not come back in time is shown as its source, and so is all that comes after the
notebook's time is used up. A process that did its work is kept for the next notebook, as starting one takes a second.
"""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any

from ...course import KIT
from ...surroundings import without_secrets
from .html import LONGEST, LONGEST_MARKDOWN, as_text

SECONDS = 3.0
"""Processor time for all of a notebook."""
LONGEST_WORK = 0.5
"""Of it, for one output or cell."""
MOST_PICTURES = 20_000_000
"""Characters of attached pictures that the pages of one notebook may hold, counted as often as they are shown."""
MOST_TAGS = 40_000
"""Of the pages of one notebook; nbconvert goes over each of them several times."""
LONGEST_CODE = 50_000
"""Characters of a code cell that are highlighted."""
_COLOURS = 50_000_000
"""Escape sequences times characters of a text: nbconvert copies what is left of it at each."""
_WALL = 60.0
"""Seconds after which a process that does not answer is ended."""
_KEPT = 4

_START = "import sys; sys.path.insert(0, sys.argv[1]); from grader.classroom.pages.rendering import main; main()"
_idle: list[subprocess.Popen[bytes]] = []
_lock = threading.Lock()


class Inert:
    """Makes the outputs and cells of one notebook inert.

    Args:
        seconds: processor time for all of them.
        longest: of it, for one.
    """

    def __init__(self, seconds: float = SECONDS, longest: float = LONGEST_WORK) -> None:
        self.left = seconds
        self.longest = longest
        self._pictures = MOST_PICTURES
        self._tags = MOST_TAGS
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Inert:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the process back; what comes after gets another."""
        process, self._process = self._process, None
        if process is None:
            return
        with _lock:
            if len(_idle) < _KEPT:
                _idle.append(process)
                return
        _end(process)

    def html(self, source: str) -> str:
        """`pages.inert_html`; empty also for what cannot be had in time."""
        return (self._do("html", source=source) or "") if len(source) <= LONGEST else ""

    def markdown(
        self, source: str, attachments: Mapping[str, Mapping[str, str]] | None = None, taken: Collection[str] = ()
    ) -> str:
        """`pages.inert_markdown`; the source as text also where it cannot be had in time."""
        shown = source.count("attachment:") * sum(
            len(text) for forms in (attachments or {}).values() for text in forms.values()
        )
        if len(source) > LONGEST_MARKDOWN or shown > self._pictures:
            return as_text(source)
        self._pictures -= shown
        found = self._do("markdown", source=source, attachments=attachments or {}, taken=sorted(taken))
        return as_text(source) if found is None else found

    def can_be_highlighted(self, source: str) -> bool:
        """Whether a page gets the colours of a code cell in time."""
        return len(source) <= LONGEST_CODE and self._do("code", source=source) is not None

    def text(self, source: str) -> str:
        """Text for a terminal, without its escape sequences if they are so many that a page takes long to make."""
        escapes = source.count("\x1b")
        if escapes * len(source) <= _COLOURS and self._has_room(2 * escapes):
            return source
        return source.replace("\x1b", "")

    def _do(self, work: str, **how: Any) -> str | None:
        if self.left <= 0:
            return None
        request = {"work": work, "with": how, "seconds": min(self.longest, self.left)}
        try:
            reply = self._ask(request)
        except (OSError, ValueError):
            # The process is gone, or none can be started: this piece counts as the longest, and is shown as its source.
            self.left -= self.longest
            self._drop()
            return None
        self.left -= reply["seconds"]
        text = reply["text"]
        return text if isinstance(text, str) and self._has_room(reply["tags"]) else None

    def _has_room(self, tags: int) -> bool:
        room = tags <= self._tags
        self._tags -= tags if room else 0
        return room

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._process is None:
            self._process = _take()
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        timer = threading.Timer(_WALL, process.kill)
        timer.daemon = True
        timer.start()
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            reply: dict[str, Any] = json.loads(process.stdout.readline())
            return reply
        finally:
            timer.cancel()

    def _drop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            _end(process)


def _take() -> subprocess.Popen[bytes]:
    with _lock:
        while _idle:
            process = _idle.pop()
            if process.poll() is None:
                return process
            _end(process)
    # Isolated: nothing is imported from the working directory, or from where the environment says.
    command = [sys.executable, "-I", "-W", "ignore", "-c", _START, str(KIT)]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        close_fds=True,
        env=without_secrets(),
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process: its input ends, and with it the process."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def end_all() -> None:
    """End the processes that are kept for later."""
    with _lock:
        processes, _idle[:] = list(_idle), []
    for process in processes:
        _end(process)


@contextmanager
def at_hand() -> Iterator[None]:
    """Keep processes from one notebook to the next, and end them all at the end."""
    try:
        yield
    finally:
        end_all()


atexit.register(end_all)
