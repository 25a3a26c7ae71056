"""Questions out, answers in, in any order, whoever dies meanwhile.

Dask moves what a lost worker had to another. A submission that lost all workers that it might run on is asked again
once, alone, when the others are done: it may be what ended them. Whoever's it happens to again is listed.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ...errors import GraderError
from ...text import shown
from .answers import Failed, Unfit
from .crew import Crew, Expected
from .questions import key_of
from .worker import answer

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds in which a worker must be there that takes submissions."""
_TICK = 1.0
_SETTLED = ("finished", "error", "cancelled")
_AHEAD = 2
"""Questions that a worker has at a time: one that it answers, and one that waits there."""


@dataclass(frozen=True)
class Item(Generic[T]):
    """A question on somebody's submission."""

    student: str
    question: bytes
    read: Callable[[str], T]
    """Reads the answer; raises `Unfit` or `Failed`."""


@dataclass(frozen=True)
class NotAnswered:
    """Why a question has no answer."""

    why: str


@dataclass(frozen=True)
class _Asked(Generic[T]):
    item: Item[T]
    allowed: frozenset[str]
    """The workers that it may run on."""


class Asking:
    """Asks the workers of a scheduler.

    Args:
        client: of the scheduler.
        expected: of each worker.
        address: what the scheduler is called in messages.
    """

    def __init__(self, client: Any, expected: Expected, address: str) -> None:
        self._client = client
        self._assignment = expected.assignment
        self._address = address
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._crew = Crew(client, expected, self._done.put)
        self._times = 0

    def answers(self, items: Iterable[Item[T]]) -> Generator[tuple[str, T | NotAnswered], None, None]:
        """Each student with the answer, or with why there is none, as soon as it is known.

        Raises:
            GraderError: the scheduler is gone, or there is nobody to ask.
        """
        alone: list[tuple[Item[T], str]] = []
        try:
            for item, outcome in self._round(iter(items), _AHEAD):
                if isinstance(outcome, NotAnswered):
                    alone.append((item, outcome.why))
                else:
                    yield item.student, outcome
            for item, why in alone:
                for _, outcome in self._round(iter([item]), 0):
                    if isinstance(outcome, NotAnswered):
                        outcome = NotAnswered(f"{why}; and when it was asked alone: {outcome.why}")
                    yield item.student, outcome
        except Exception:
            if self._client.status != "running":  # whatever Dask says of it
                raise self._gone() from None
            raise

    def _round(self, left: Iterator[Item[T]], ahead: int) -> Generator[tuple[Item[T], T | NotAnswered], None, None]:
        """Ask so many questions of each worker at a time, or with 0 one of all of them."""
        waiting: dict[Any, _Asked[T]] = {}
        again: list[Item[T]] = []
        more = True
        try:
            while more or waiting or again:
                self._require_someone()
                while (
                    (more or again) and self._crew.accepted and len(waiting) < (ahead * len(self._crew.accepted) or 1)
                ):
                    item = again.pop() if again else next(left, None)
                    if item is None:
                        more = False
                    else:
                        self._ask(item, waiting)
                for asked in self._without_worker(waiting):
                    yield asked.item, NotAnswered("each worker that had it ended before it was done")
                if (future := self._next()) is None or future not in waiting:
                    continue
                if (outcome := self._outcome(future, waiting, again)) is not None:
                    yield outcome
        finally:
            for future in waiting:
                future.release()

    def _ask(self, item: Item[T], waiting: dict[Any, _Asked[T]]) -> None:
        allowed = frozenset(self._crew.accepted)
        self._times += 1
        future = self._client.submit(
            answer,
            self._crew.run,
            item.question,
            key=f"grader-{key_of(item.question, self._assignment)}-{self._crew.run}-{self._times}",
            workers=sorted(allowed),
            allow_other_workers=False,
            retries=0,
        )
        waiting[future] = _Asked(item, allowed)
        future.add_done_callback(self._done.put)

    def _next(self) -> Any:
        """The next future that is done, if there is one soon; greetings are heard."""
        try:
            future = self._done.get(timeout=_TICK)
        except queue.Empty:
            return None
        return None if self._crew.is_greeting(future) else future

    def _outcome(
        self, future: Any, waiting: dict[Any, _Asked[T]], again: list[Item[T]]
    ) -> tuple[Item[T], T | NotAnswered] | None:
        """What came of a question; None if there is nothing yet, or it goes to `again`."""
        item = waiting[future].item
        try:
            if future.status == "cancelled":
                raise self._gone()
            if future.status == "error":
                error = future.exception(timeout=_TICK)
                outcome: T | NotAnswered = NotAnswered(f"{type(error).__name__}: {error}".split("\n")[0][:300])
            else:
                outcome = item.read(future.result(timeout=_TICK))
        except TimeoutError:  # the answer was lost with its worker, and comes again
            future.add_done_callback(self._done.put)
            return None
        except Unfit as error:
            outcome = NotAnswered(f"an answer that is none: {error}")
        except Failed as error:
            self._crew.forget(error.at)
            if error.stranger and error.at:
                del waiting[future]
                future.release()
                again.append(item)
                return None
            outcome = NotAnswered(f"on {shown(error.at)}: {shown(str(error))}")
        del waiting[future]
        future.release()
        return item, outcome

    def _without_worker(self, waiting: dict[Any, _Asked[T]]) -> list[_Asked[T]]:
        """Questions that no worker is left for that they may run on; they are not asked any more."""
        lost = [future for future, asked in waiting.items() if not asked.allowed & self._crew.there]
        lost = [future for future in lost if future.status not in _SETTLED]
        found = []
        for future in lost:
            found.append(waiting.pop(future))
            future.release()
        return found

    def _require_someone(self) -> None:
        if self._client.status != "running":
            raise self._gone()
        self._crew.look()
        if self._crew.nobody_for() > PATIENCE:
            raise GraderError(
                f"--cluster {shown(self._address)}: no worker that takes submissions in {PATIENCE:.0f} seconds. What "
                "was judged is kept. Next: start workers (docs/cluster.md), then grade again."
            )

    def _gone(self) -> GraderError:
        return GraderError(
            f"--cluster {shown(self._address)}: the scheduler is gone. What was judged is kept. Next: start it and its "
            "workers, then grade again."
        )
