"""What tests of the explorers share: a kernel's event loop that waits, and what a person sees of an explorer."""

import asyncio
import base64
import os
import re
from collections.abc import Callable
from typing import Any

from funkcije.lab.explorer import Explorer

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


async def until(condition: Callable[[], bool]) -> None:
    """Let the explorer work; a condition that never holds ends the test."""
    async with asyncio.timeout(120):
        while not condition():
            await asyncio.sleep(0.001)


async def nothing_runs() -> None:
    """Let everything that was asked for until now come to its end, trainings and all."""
    for _ in range(2):  # what waits in the loop may begin a task
        await asyncio.sleep(0)
    if others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)


def panel_of(explorer: Explorer[Any, Any]) -> Any:
    assert explorer.panel is not None
    return explorer.panel


def text_of(explorer: Explorer[Any, Any]) -> str:
    return re.sub(r"<[^>]+>", "", panel_of(explorer)._line.value)


def alt_of(explorer: Explorer[Any, Any]) -> str:
    [alt] = set(re.findall(r'<img class="[\w-]+" alt="([^"]+)"', panel_of(explorer)._picture.value))
    return str(alt)


def picture_of(explorer: Explorer[Any, Any], form: str = "wide") -> bytes:
    found = re.findall(
        rf'"funkcije-{form}" [^>]*src="data:image/png;base64,([^"]+)"', panel_of(explorer)._picture.value
    )
    return base64.b64decode(found[0])


def plots_drawn_once(picture: Callable[..., Any]) -> Callable[..., Any]:
    """What makes these pictures, each of them once: its axes and letters take most of the time of an explorer's test.

    Every frame restores them and draws its lines anew, so explorers that come one after the other may share them.
    """
    made: dict[Any, Any] = {}

    def of(*args: Any, **named: Any) -> Any:
        key = (os.environ.get("FUNKCIJE_LANG"), args, *sorted(named.items()))
        if key not in made:
            made[key] = picture(*args, **named)
        return made[key]

    return of
