"""Which trainings run at the same time, and where: side by side in one wide net, in threads, or in processes.

Few nets train in threads of this process, and the first of them at once: somebody may wait for a picture. Of many, each
core gets a share in a process of its own, where forks are possible.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from itertools import chain

from . import forked
from .cores import at_once, cores, keeping_to
from .run import Run, iterations
from .training import Data, Progress, Training

AT_ONCE, SIDE_BY_SIDE = 40, 20
"""Nets that train at the same time while the others wait, and how many of these can be one wide net."""
MANY = 6
"""Nets from which on a fork is worth the while: more than an explorer trains when a slider moves."""


def together(trainings: list[Training], data: Data, spread: bool, plain: bool) -> Iterator[list[Progress]]:
    """Train them all; the arguments are those of `experiments.train`.

    A tick is a step of those that make the most; the others keep pace.
    """
    ways = cores() if len(trainings) >= MANY and forked.possible() else 1
    for groups in rounds(trainings):
        make = [partial(Run, {k: trainings[k] for k in group}, data, spread, plain) for group in groups]
        ticks = max(iterations(trainings[k], data) for group in groups for k in group)
        own, *others = [make[first::ways] for first in range(min(ways, len(make)))]
        if not others:
            yield from _in_threads(own, ticks)
            continue
        limit = max(cores() // (1 + len(others)), 1)
        with ExitStack() as stack:
            forks = [stack.enter_context(closing(forked.Fork(_in_turn(share, ticks, limit)))) for share in others]
            for steps in zip(_in_turn(own, ticks, limit), *forks, strict=True):
                yield list(chain(*steps))


def rounds(trainings: list[Training]) -> list[list[list[int]]]:
    """Which trainings run at the same time, and which of these side by side: their numbers, round by round."""
    forms: dict[Training, list[int]] = {}
    for k, training in enumerate(trainings):
        forms.setdefault(replace(training, weight_scale=0.0), []).append(k)
    rounds: list[list[list[int]]] = []
    room = 0
    for first in range(0, len(trainings), AT_ONCE):
        for models in forms.values():
            chosen = models[first : first + AT_ONCE]
            if len(chosen) > room:
                rounds.append([])
                room = AT_ONCE
            rounds[-1] += [chosen[start : start + SIDE_BY_SIDE] for start in range(0, len(chosen), SIDE_BY_SIDE)]
            room -= len(chosen)
    return rounds


def _in_turn(make: Sequence[Callable[[], Run]], ticks: int, limit: int) -> Iterator[list[Progress]]:
    """The steps of each tick, run after run; matrix products keep to `limit` cores."""
    runs: list[Run] = []
    for tick in range(1, ticks + 1):
        with keeping_to(limit):
            runs = runs or [make_run() for make_run in make]
            steps = [run.advance() for run in _due(runs, tick, ticks)]
        yield list(chain(*steps))


def _in_threads(make: Sequence[Callable[[], Run]], ticks: int) -> Iterator[list[Progress]]:
    """The steps of each tick, all runs at the same time; before, the first step of nets that are alone."""
    runs: list[Run] = []
    for make_run in make:
        runs.append(make_run())
        if len(runs[-1].models) == 1:
            # On one core: the other is the browser's, which has just sent a key, and a product split over both waits.
            with keeping_to(1):
                steps = runs[-1].advance()
            yield steps
    for tick in range(1, ticks + 1):
        due = _due(runs, tick, ticks)
        fused = at_once([run.advance for run in due if run.fused])
        # One after another: what may have kept a net from running side by side, threads would not agree with.
        separate = [run.advance() for run in due if not run.fused]
        yield list(chain(*fused, *separate))


def _due(runs: Sequence[Run], tick: int, ticks: int) -> list[Run]:
    return [run for run in runs if run.training and run.iteration < tick * run.iterations // ticks]
