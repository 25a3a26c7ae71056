"""The workers that are asked: those whose first answer says that the sandbox holds there, with the same kit and course.

Workers come and go. Each that is new gets the first question, pinned to it; another is left out, which is said once.
"""

from __future__ import annotations

import json
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tqdm import tqdm

from ...errors import GraderError
from ...text import shown
from .answers import fits
from .connection import require_private
from .questions import LOADED
from .worker import greet

_EVERY = 1.0
"""Seconds between two looks at who is there."""
_FORM: Any = {"kit": str, "course": str, "problem": str}
_UPDATE = "Next: bring it to the client's state, and start the worker again"


@dataclass(frozen=True)
class Expected:
    """What a worker must have."""

    root: str
    """Where the client has the course."""
    assignment: str
    course: str
    """Digest of the course."""
    sandbox: str | None


class Crew:
    """The workers of a scheduler that take submissions in one run.

    Args:
        client: of the scheduler.
        expected: of each worker.
        heard: is called with the future of a first answer, in whatever thread.
    """

    def __init__(self, client: Any, expected: Expected, heard: Callable[[Any], None]) -> None:
        self.run = secrets.token_hex(8)
        self.accepted: set[str] = set()
        self._since = time.monotonic()
        self._client = client
        self._expected = expected
        self._heard = heard
        self._greeted: dict[str, Any] = {}
        """The future of each worker's first answer, by address; None once it is known."""
        self._said: set[str] = set()
        self._looked = 0.0

    def look(self) -> None:
        """Greet who is new, and forget who is gone."""
        now = time.monotonic()
        if now - self._looked < _EVERY:
            return
        self._looked = now
        try:
            there: dict[str, Any] = self._client.scheduler_info()["workers"]
        except (OSError, RuntimeError, ValueError, KeyError, TypeError):
            return  # gone, which the one who asks finds out
        for address in [address for address in self._greeted if address not in there]:
            self.forget(address)
        for address, about in there.items():
            if address not in self._greeted:
                self._greet(address, about)

    @property
    def there(self) -> set[str]:
        """The addresses of all workers, as of the last look."""
        return {*self._greeted}

    def nobody_for(self) -> float:
        """Seconds since there was a worker that takes submissions, or had yet to say whether it does."""
        now = time.monotonic()
        if self.accepted or any(future is not None for future in self._greeted.values()):
            self._since = now
        return now - self._since

    def forget(self, address: str) -> None:
        """A worker is gone, or has to be greeted again."""
        future = self._greeted.pop(address, None)
        if future is not None:
            future.release()
        self.accepted.discard(address)
        self._looked = 0.0

    def is_greeting(self, future: Any) -> bool:
        """Whether a future is a first answer; what it says is heard then."""
        for address, its in self._greeted.items():
            if its is future:
                self._greeted[address] = None
                self._hear(address, future)
                future.release()
                return True
        return False

    def _greet(self, address: str, about: Any) -> None:
        try:
            require_private(address)
            if about.get("nthreads") != 1:
                raise GraderError(f"it has {about.get('nthreads')} threads. Next: start it with --nthreads 1")
        except GraderError as error:
            self._greeted[address] = None
            self._leave_out(address, str(error))
            return
        expected = self._expected
        future = self._client.submit(
            greet,
            self.run,
            address,
            expected.root,
            expected.assignment,
            expected.sandbox,
            LOADED,
            key=f"greet-{self.run}-{secrets.token_hex(4)}",
            workers=[address],
            allow_other_workers=False,
            retries=0,
        )
        self._greeted[address] = future
        future.add_done_callback(self._heard)

    def _hear(self, address: str, future: Any) -> None:
        if future.status != "finished":
            if future.status == "error":
                self._leave_out(address, f"another version of the kit ({_line(future)}). {_UPDATE}")
            return
        try:
            said = json.loads(future.result(timeout=30))
        except TimeoutError:
            self._greeted.pop(address, None)  # it was lost with its worker
            return
        except (ValueError, TypeError):
            said = None
        if not fits(said, _FORM):
            self._leave_out(address, f"another version of the kit. {_UPDATE}")
        elif said["kit"] != LOADED:
            self._leave_out(
                address, f"another version of the kit ({said['kit'][:12]} and not {LOADED[:12]}). {_UPDATE}"
            )
        elif said["problem"]:
            self._leave_out(address, said["problem"])
        elif said["course"] != self._expected.course:
            self._leave_out(
                address,
                f"the course is another there ({said['course'][:12]} and not {self._expected.course[:12]}). {_UPDATE}",
            )
        else:
            self.accepted.add(address)

    def _leave_out(self, address: str, why: str) -> None:
        if (line := f"left out: worker {shown(address)}: {shown(why).rstrip('.')}.") not in self._said:
            self._said.add(line)
            tqdm.write(line, file=sys.stderr)  # beside a bar, if there is one


def _line(future: Any) -> str:
    error = future.exception(timeout=30)
    return f"{type(error).__name__}: {error}".split("\n")[0][:200]
