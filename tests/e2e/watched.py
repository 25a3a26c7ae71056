"""Moves in an explorer, watched from within the page: when a picture came, and that the next move ended what ran."""

import itertools
import statistics
from collections.abc import Callable
from typing import Any

from lab import shot
from playwright.sync_api import Locator, Page, expect

WATCH = """
    window.seen = []; window.pressed = [];
    for (const kind of ['keydown', 'mousedown'])
        document.addEventListener(kind, () => window.pressed.push(performance.now()), true);
    new MutationObserver(() => {
        const image = document.querySelector('.watched .jupyter-widgets img');
        if (image && image.alt !== window.last) {
            window.last = image.alt;
            window.seen.push([performance.now(), image.alt]);
        }
    }).observe(document.body, {subtree: true, childList: true, attributes: true});
"""
"""To be evaluated once in a page."""


def move_slider(page: Page, explorer: Locator, label: str, name: str, **words: str) -> None:
    """Move a slider by keyboard, twice; see `move`."""
    key = "ArrowRight" if label.startswith("veličina") else "ArrowLeft"  # larger batches are done sooner
    handle = explorer.locator(".widget-hslider", has_text=label).locator(".noUi-handle")
    press = [lambda: page.keyboard.press(key)] * 2
    move(page, explorer, label, name, handle.focus, press, **words)


def move(
    page: Page,
    explorer: Locator,
    label: str,
    name: str,
    before: Callable[[], object],
    presses: list[Callable[[], object]],
    *,
    finished: str = "Treniranje je završeno",
    progress: str = "napredak treniranja",
) -> None:
    """Make two moves: a picture comes, the second move ends what the first began, and the second is finished.

    Args:
        page: in which `WATCH` was evaluated.
        explorer: its cell.
        label: what is moved, for the line that is printed.
        name: of the screenshot, in motion.
        before: what is done before the first move.
        presses: the two moves.
        finished: what the explorer says at the end.
        progress: the name of its bar.
    """
    page.evaluate("document.querySelectorAll('.watched').forEach(one => one.classList.remove('watched'))")
    explorer.evaluate("one => one.classList.add('watched')")
    status, stop = explorer.get_by_role("status"), explorer.get_by_role("button", name="Zaustavi")
    page.evaluate("window.last = document.querySelector('.watched .jupyter-widgets img').alt")
    before()
    page.evaluate("window.seen = []; window.pressed = []")
    first, second = presses
    first()
    # Asked at each of the page's frames, which is the default, it would make the page draw frames and slow down both.
    page.wait_for_function("window.seen.length >= 3", polling=100)
    shot(page, name)
    second()
    page.wait_for_function("window.seen.some(([at]) => at > window.pressed[1])", polling=100)
    expect(status).to_contain_text(finished)
    expect(stop).to_be_disabled()
    expect(explorer.get_by_role("progressbar", name=progress)).to_be_visible()
    report(label, page.evaluate("[window.pressed, window.seen]"))


def report(label: str, measured: Any) -> None:
    """Print, and never judge, how fast it was; that the old run ended, is judged by the words of the pictures."""
    (first, second), seen = measured

    def settings(alt: str) -> str:
        return alt.partition(")")[0]

    before = settings(next(alt for at, alt in seen if first < at < second))
    last = settings(seen[-1][1])
    assert before != last
    old = [at for at, alt in seen if at > second and settings(alt) == before]
    new = [at for at, alt in seen if at > second and settings(alt) == last]
    assert new and all(at < new[0] for at in old), "the run that was to end went on"
    gaps = [later - earlier for earlier, later in itertools.pairwise(new)]
    rate = 1000 / statistics.median(gaps) if gaps else float("nan")
    began = next(at for at, alt in seen if at > first)
    print(
        f"\n{label}: first picture {began - first:.0f} ms after the move, last {new[-1] - second:.0f} ms, {rate:.0f} a "
        f"second; of the old run none later than {max(old, default=second) - second:.0f} ms after the next move, "
        f"the new one's first after {new[0] - second:.0f} ms",
        end="",
    )
