"""An explorer: something that runs again whenever a slider moves, and a picture that stays when nobody is there.

A first run comes before the cell ends, and its picture is kept in the notebook. Where a person can move sliders, each
move starts a new run, a task in the kernel's own event loop: it computes for some hundredths of a second, shows a
picture, and lets messages in. The latest move wins.

What runs and what is drawn, each explorer says: `net_explorer`, `race_explorer`.
"""

import asyncio
import base64
import io
import itertools
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from ..messages import tell
from ..page import by_nbgrader, shell, someone_is_there
from ..page import request as _request
from . import reloading
from .faults import explained
from .panel import EXPLORER, SCRIPTS, Control, Panel, Value, Words, dark
from .picture import Picture, Shown

FIRST_SLICE, SLICE, PAUSE = 0.01, 0.04, 0.02
"""Seconds of computing before the first picture and between pictures, and of waiting for messages after each."""

EACH_NARROW = 3
"""Pictures of the wide form for one of the narrow one: a page shows one of the two, and drawing takes time."""

BY_NBGRADER, BEFORE_THE_FIRST_MOVE, WITHOUT_A_FRONT_END = 0.25, 1.0, 20.0
"""Seconds that the first run may take: most where nobody can start another."""

# JupyterLab shows of a widget without its kernel that it was not found, and nothing that stands beside it in the same
# output. So the picture is an output of its own, hidden as long as the sliders are there.
ONE_OF_TWO = f"""<style class="funkcije-kept">
.jp-OutputArea-child:has(.{EXPLORER}) + .jp-OutputArea-child,
.jp-OutputArea-child:not(:has(.{EXPLORER})):has(+ * + * .funkcije-kept) {{ display: none }}
{dark(".jp-OutputArea-child:has(+ * .funkcije-kept) img")}
</style>{SCRIPTS}"""


class Run(Protocol):
    """What is under way, in slices of time."""

    @property
    def done(self) -> float:
        """Share that is done, from 0 to 1."""

    @property
    def seconds_left(self) -> float:
        """How long the rest would take at the speed so far."""

    def advance(self, seconds: float) -> bool:
        """Go on for some time; False if nothing is left to do.

        Raises:
            NotWrittenYet: something that it needs is still to be written.
            Exception: whatever a student's function raises.
        """

    def close(self) -> None:
        """Go on no further."""


R = TypeVar("R", bound=Run)
S = TypeVar("S", bound=Shown)


class Explorer(Generic[R, S]):
    """Sliders and a picture; the last line of a cell, or `display(explorer)`, shows both.

    Args:
        controls: the settings.
        pictures: makes the picture; if True is given, its narrow form, which is for people who move sliders.
        live: whether somebody can move a slider; found out if None.
    """

    words: ClassVar[Words] = Words()
    """What it calls what it does."""
    place: ClassVar[tuple[str, str] | None] = None
    """Names of two controls that a click in the picture sets, too."""

    _in_cells: ClassVar[dict[str, tuple[str, list["Explorer[Any, Any]"]]]] = {}
    """The explorers of each cell, with the run of the cell that made them."""
    _loaded: ClassVar[object] = None
    """The package's files as they were when changes were last loaded."""
    _problem: ClassVar[str] = ""
    """What could not be loaded then."""
    _running: ClassVar["Explorer[Any, Any] | None"] = None
    """One at a time: two would take each other's cores."""

    def __init__(
        self, controls: Sequence[Control], pictures: Callable[[bool], Picture[S]], *, live: bool | None = None
    ) -> None:
        self.controls = controls
        self.line = ""
        """What there is to say."""
        self._values: dict[str, Value] = {control.name: control.value for control in controls}
        self._turn: object = None
        self._task: asyncio.Task[None] | None = None
        self._pictures, self._picture = pictures, pictures(False)
        self._replace_those_of_the_cell()

        self._loop = _event_loop() if (someone_is_there() if live is None else live) else None
        self.panel: Panel | None = None
        if self._loop:
            try:
                self.panel = Panel(controls, self.words, self.run, self.stop, self.place, self._point_at)
            except ImportError:
                self._loop = None
                print(tell("no_ipywidgets"))
        self._run_first()

    # What an explorer is made of.

    def _new_run(self) -> R:
        """What a move starts, with the values that are set."""
        raise NotImplementedError

    def _new_first_run(self) -> Any:
        """What runs before the first move."""
        return self._new_run()

    def _shown(self, run: Any) -> S:
        """What the picture shows of a run."""
        raise NotImplementedError

    def _finished(self, run: R) -> None:
        """A run has come to its end."""

    def _changed(self) -> None:
        """The package may have changed on disk or in memory."""

    # What it does.

    def run(self) -> None:
        """Start with what is set now, and end what runs. Nothing happens where nobody is there."""
        if self._loop and self.panel:
            self._turn = turn = object()
            self._loop.call_soon_threadsafe(self._begin, turn)

    def stop(self) -> None:
        """Run no further."""
        self._turn = None

    def close(self) -> None:
        """Run no further, and take the sliders away."""
        self.stop()
        if self.panel:
            self.panel.close()
            self.panel = None

    def outputs(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """What the cell shows, each piece by type and with its metadata.

        The sliders where they can be moved; the picture of the first run, which stays when the kernel is gone; and what
        hides, of the two, the one that is of no use.
        """
        kept: dict[str, Any] = {"text/plain": self.alt}
        if self.png:
            kept["image/png"] = base64.b64encode(self.png).decode()
        pieces = [(kept, {"image/png": {"alt": self.alt}} if self.png else {})]
        if self.panel:
            pieces.insert(0, (self.panel.as_output() | {"text/plain": tell("sliders")}, {}))
            pieces.append(({"text/html": ONE_OF_TWO, "text/plain": ""}, {}))
        return pieces

    def _ipython_display_(self) -> None:
        from IPython.display import display

        for data, metadata in self.outputs():
            display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]

    @cached_property
    def _narrow(self) -> Picture[S]:
        return self._pictures(True)

    @property
    def settings(self) -> str:
        """The values that are set, in words."""
        return ", ".join(control.in_words(self._values[control.name]) for control in self.controls)

    @property
    def _alone(self) -> bool:
        """Whether nobody can move a slider, and nobody waits."""
        return self._loop is None and not by_nbgrader()

    def _run_first(self) -> None:
        """The run whose picture stays in the notebook."""
        run = self._new_first_run()
        try:
            seconds = BY_NBGRADER if by_nbgrader() else WITHOUT_A_FRONT_END if self._alone else BEFORE_THE_FIRST_MOVE
            finished = not run.advance(seconds)
        except Exception as error:
            self.line = explained(error)
            self.png, self.alt = b"", self.line
        else:
            self.line = "" if finished else tell(self.words.first, done=run.done)
            shown = self._shown(run)
            self.png, self.alt = self._picture.draw(shown, self.line, small=True)
        finally:
            run.close()
        if self.panel:
            if self.png:
                self.panel.show(self.png, self._narrow.draw(shown, self.line)[0], self.alt)
            self.panel.say(self.line if self.line and not self.png else tell(self.words.move))

    def _begin(self, turn: object) -> None:
        """In the kernel's event loop: start a run, unless another move has come since."""
        if turn is self._turn and self._loop:
            self._task = self._loop.create_task(self._run_live(turn))

    async def _run_live(self, turn: object) -> None:
        """Run in slices and show pictures until it is finished, or `turn` is over."""
        panel = self.panel
        if turn is not self._turn or panel is None:
            return
        if Explorer._running not in (None, self):
            Explorer._running.stop()
        Explorer._running = self
        self.line = self._load_changes()
        self._values = panel.values()
        run = self._new_run()
        seconds, more, frames = FIRST_SLICE, True, itertools.count()
        try:
            while more and turn is self._turn:
                more = run.advance(seconds)
                if not more:
                    self._finished(run)
                shown = self._shown(run)
                self._show(panel, shown, run, both=not more or next(frames) % EACH_NARROW == 0)
                seconds = SLICE
                await asyncio.sleep(PAUSE)
            if turn is self._turn or self._turn is None:
                ending = tell(self.words.stopped, done=run.done) if more else tell(self.words.finished)
                panel.say(" ".join([ending, *shown.remarks(), self.line]).strip())
        except Exception as error:
            self.line = explained(error)
            panel.say(self.line)
        finally:
            run.close()
            if turn is self._turn or self._turn is None:
                panel.running(False)

    def _show(self, panel: Panel, shown: S, run: R, *, both: bool) -> None:
        # The picture comes first: whatever else the page has to draw would come between a key and it.
        png, alt = self._picture.draw(shown)
        panel.show(png, self._narrow.draw(shown)[0] if both else None, alt)
        panel.progress(run.done, run.seconds_left)
        panel.say(" ".join(shown.remarks()) or self.line or tell(self.words.running, **self._values))
        panel.running(True)

    def _point_at(self, form: str, across: float, down: float) -> tuple[float, float] | None:
        """The point of a plot under a place of the picture, if a click there sets something."""
        return None

    def _load_changes(self) -> str:
        """Load what the student has changed, as each cell does when it starts; what cannot be loaded, in words."""
        # Autoreload looks through all modules that there are, which takes longer than the first step of a training.
        files = _files()
        if files != Explorer._loaded:
            Explorer._loaded, Explorer._problem = files, _reload()
        self._changed()
        return Explorer._problem

    def _replace_those_of_the_cell(self) -> None:
        """A cell that runs again closes what it showed before."""
        cell, request = _cell_and_request()
        before = Explorer._in_cells.get(cell)
        if before and before[0] != request:
            for explorer in before[1]:
                explorer.close()
            before = None
        if cell:
            Explorer._in_cells[cell] = (request, [*(before[1] if before else []), self])


def _cell_and_request() -> tuple[str, str]:
    """Names of the cell and of this run of it; empty where unknown."""
    request = _request() or {}
    return request.get("metadata", {}).get("cellId", ""), request.get("header", {}).get("msg_id", "")


def _event_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _files() -> object:
    """What tells that a file of this package was changed."""
    found = ((file, file.stat()) for file in sorted(Path(__file__).parents[1].glob("**/*.py")))
    return [(file, stat.st_mtime_ns, stat.st_size) for file, stat in found]


def _reload() -> str:
    """Load changed files now, if the notebook does that before each cell; why it could not be done, or nothing."""
    if reloading.is_watching():
        return reloading.load_changes()
    ipython = shell()
    if ipython is None or "autoreload" not in ipython.magics_manager.magics["line"]:
        return ""
    with redirect_stderr(io.StringIO()) as told:
        ipython.run_line_magic("autoreload", "now")
    lines = [line.strip("] \n") for line in told.getvalue().splitlines() if line.strip("] \n")]
    return tell("not_reloaded", error=lines[-1]) if lines else ""
