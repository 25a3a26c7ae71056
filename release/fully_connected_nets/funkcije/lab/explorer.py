"""An explorer: nets that train again whenever a slider moves, and a picture that stays when nobody is there.

A short training comes first, before the cell ends, and its picture is kept in the notebook. Where a person can move
sliders, each move starts a new training, a task in the kernel's own event loop: it trains for some hundredths of a
second, shows a picture, and lets messages in. The latest move wins.
"""

import asyncio
import base64
import io
import itertools
import traceback
from collections.abc import Hashable, Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar, Generic, TypeVar

from ..messages import tell
from ..page import by_nbgrader, shell, someone_is_there
from ..page import request as _request
from . import reloading
from .curves import Curves
from .figures import Axis, Kind, Picture, Shown
from .panel import EXPLORER, NAMED_HANDLES, Control, Panel, Value, dark
from .run import code
from .trainer import NotWrittenYet, train
from .training import Data, Training

FIRST_SLICE, SLICE, PAUSE = 0.01, 0.04, 0.02
"""Seconds of training before the first picture and between pictures, and of waiting for messages after each."""

EACH_NARROW = 3
"""Pictures of the wide form for one of the narrow one: a page shows one of the two, and drawing takes time."""

BY_NBGRADER, BEFORE_THE_FIRST_MOVE, WITHOUT_A_FRONT_END = 0.25, 1.0, 20.0
"""Seconds that the first training may take: most where nobody can start another."""

# JupyterLab shows of a widget without its kernel that it was not found, and nothing that stands beside it in the same
# output. So the picture is an output of its own, hidden as long as the sliders are there.
# A script gives the handles of sliders a name and a value in words: ipywidgets leaves them the exponent.
ONE_OF_TWO = f"""<style class="funkcije-kept">
.jp-OutputArea-child:has(.{EXPLORER}) + .jp-OutputArea-child,
.jp-OutputArea-child:not(:has(.{EXPLORER})):has(+ * + * .funkcije-kept) {{ display: none }}
{dark(".jp-OutputArea-child:has(+ * .funkcije-kept) img")}
</style>{NAMED_HANDLES}"""

Key = TypeVar("Key", bound=Hashable)


class SlicedRun(Generic[Key]):
    """Trainings under way, in slices of time.

    Args:
        trainings: what is trained.
        data: as for `train`.
    """

    def __init__(self, trainings: Mapping[Key, Training], data: Data) -> None:
        self.curves = {key: Curves(training) for key, training in trainings.items()}
        self.iterations: dict[Key, int] = {}
        self.done, self.seconds = 0.0, 0.0
        self._keys = list(trainings)
        self._steps = train(list(trainings.values()), data, spread=True)

    def advance(self, seconds: float) -> bool:
        """Train for some time; False if nothing is left to do.

        Raises:
            NotWrittenYet: see `train`.
            Exception: whatever a layer raises.
        """
        start = perf_counter()
        try:
            for step in self._steps:
                key = self._keys[step.model]
                self.curves[key].add(step)
                self.iterations[key] = step.iterations
                self.done = step.done
                if perf_counter() >= start + seconds:
                    return True
            self.done = 1.0
            return False
        finally:
            self.seconds += perf_counter() - start

    @property
    def seconds_left(self) -> float:
        """How long the rest would take at the speed so far."""
        return self.seconds * (1 - self.done) / self.done if self.done else 0.0

    def close(self) -> None:
        """Train no further."""
        self._steps.close()  # type: ignore[attr-defined]


class Explorer:
    """Sliders and a picture; the last line of a cell, or `display(explorer)`, shows both.

    Args:
        data: as for `train`.
        base: what is trained, but for normalization and settings.
        kinds: the normalizations that are compared.
        controls: the settings.
        over: name of the control whose values are collected in a summary, if any.
        examples: values of `over` that are tried where nobody can move a slider.
        live: whether somebody can; found out if None.
    """

    _in_cells: ClassVar[dict[str, tuple[str, list["Explorer"]]]] = {}
    """The explorers of each cell, with the run of the cell that made them."""
    _loaded: ClassVar[object] = None
    """The package's files as they were when changes were last loaded."""
    _problem: ClassVar[str] = ""
    """What could not be loaded then."""
    _training: ClassVar["Explorer | None"] = None
    """One at a time: two would take each other's cores."""

    def __init__(
        self,
        data: Data,
        base: Training,
        kinds: Sequence[Kind],
        controls: Sequence[Control],
        over: str | None = None,
        examples: Sequence[Value] = (),
        *,
        live: bool | None = None,
    ) -> None:
        self.data, self.base, self.kinds, self.controls, self.over = data, base, tuple(kinds), tuple(controls), over
        self.tried: dict[float, dict[Kind, Curves]] = {}
        self.line = ""
        """What there is to say."""
        self._values: dict[str, Value] = {control.name: control.value for control in controls}
        self._turn: object = None
        self._task: asyncio.Task[None] | None = None
        self._trained = code([self.base.update_rule])
        by_name = {control.name: control for control in controls}
        axis = Axis(over, by_name[over].low, by_name[over].high, by_name[over].choices) if over else None
        layers = max(by_name["depth"].high if "depth" in by_name else 0, base.depth) - 1
        self._picture = Picture(self.kinds, axis, int(layers))
        self._narrow = Picture(self.kinds, axis, int(layers), narrow=True)
        self._replace_those_of_the_cell()

        self._loop = _event_loop() if (someone_is_there() if live is None else live) else None
        self.panel: Panel | None = None
        if self._loop:
            try:
                self.panel = Panel(controls, self.train, self.stop)
            except ImportError:
                self._loop = None
                print(tell("no_ipywidgets"))
        self._train_now(examples)

    def train(self) -> None:
        """Start a training with what is set now, and end the one before. Nothing happens where nobody is there."""
        if self._loop and self.panel:
            self._turn = turn = object()
            self._loop.call_soon_threadsafe(self._begin, turn)

    def stop(self) -> None:
        """Train no further."""
        self._turn = None

    def close(self) -> None:
        """Train no further, and take the sliders away."""
        self.stop()
        if self.panel:
            self.panel.close()
            self.panel = None

    def outputs(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """What the cell shows, each piece by type and with its metadata.

        The sliders where they can be moved; the picture of the first training, which stays when the kernel is gone; and
        what hides, of the two, the one that is of no use.
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

    def _trainings(self, **values: Value) -> dict[Kind, Training]:
        return {kind: replace(self.base, normalization=kind, **self._values | values) for kind in self.kinds}  # type: ignore[arg-type]

    def _train_now(self, examples: Sequence[Value]) -> None:
        """The training whose picture stays in the notebook."""
        own = self._values[self.over] if self.over else None
        tried: list[Value | None] = [own]
        seconds = BY_NBGRADER if by_nbgrader() else BEFORE_THE_FIRST_MOVE
        if self._loop is None and not by_nbgrader():
            seconds = WITHOUT_A_FRONT_END
            tried += [value for value in examples if value != own]
        run = SlicedRun(
            {
                (kind, value): training
                for value in tried
                for kind, training in self._trainings(**{self.over: value} if self.over and value else {}).items()
            },
            self.data,
        )
        try:
            finished = not run.advance(seconds)
        except Exception as error:
            self.line = _explain(error)
            self.png, self.alt = b"", self.line
        else:
            self.line = "" if finished else tell("first", done=run.done)
            for value in tried:
                nets = {kind: run.curves[kind, value] for kind in self.kinds}
                if value is not None and all(curves.state != "training" for curves in nets.values()):
                    self.tried[value] = nets
            shown = self._as_shown({kind: run.curves[kind, own] for kind in self.kinds})
            shown.iterations = run.iterations.get((self.kinds[0], own), 0)
            self.png, self.alt = self._picture.draw(shown, self.line, small=True)
        finally:
            run.close()
        if self.panel:
            if self.png:
                self.panel.show(self.png, self._narrow.draw(shown, self.line)[0], self.alt)
            self.panel.say(self.line if self.line and not self.png else tell("move"))

    def _as_shown(self, curves: Mapping[Kind, Curves]) -> Shown:
        settings = ", ".join(control.in_words(self._values[control.name]) for control in self.controls)
        return Shown(settings, self.base.epochs, 0, curves, self.tried)

    def _begin(self, turn: object) -> None:
        """In the kernel's event loop: start a training, unless another move has come since."""
        if turn is self._turn and self._loop:
            self._task = self._loop.create_task(self._train_live(turn))

    async def _train_live(self, turn: object) -> None:
        """Train in slices and show pictures until it is finished, or `turn` is over."""
        panel = self.panel
        if turn is not self._turn or panel is None:
            return
        if Explorer._training not in (None, self):
            Explorer._training.stop()
        Explorer._training = self
        self.line = self._load_changes()
        self._values = panel.values()
        run = SlicedRun(self._trainings(), self.data)
        shown = self._as_shown(run.curves)
        seconds, more, frames = FIRST_SLICE, True, itertools.count()
        try:
            while more and turn is self._turn:
                more = run.advance(seconds)
                if not more:
                    self._keep(run)
                shown.iterations = max(run.iterations.values(), default=0)
                self._show(panel, shown, run, both=not more or next(frames) % EACH_NARROW == 0)
                seconds = SLICE
                await asyncio.sleep(PAUSE)
            if turn is self._turn or self._turn is None:
                ending = tell("stopped", done=run.done) if more else tell("finished")
                panel.say(" ".join([ending, *shown.remarks(), self.line]).strip())
        except Exception as error:
            self.line = _explain(error)
            panel.say(self.line)
        finally:
            run.close()
            if turn is self._turn or self._turn is None:
                panel.running(False)

    def _keep(self, run: SlicedRun[Kind]) -> None:
        if self.over:
            self.tried[self._values[self.over]] = dict(run.curves)

    def _show(self, panel: Panel, shown: Shown, run: SlicedRun[Kind], *, both: bool) -> None:
        # The picture comes first: whatever else the page has to draw would come between a key and it.
        png, alt = self._picture.draw(shown)
        panel.show(png, self._narrow.draw(shown)[0] if both else None, alt)
        panel.progress(run.done, run.seconds_left)
        panel.say(" ".join(shown.remarks()) or self.line or tell("training"))
        panel.running(True)

    def _load_changes(self) -> str:
        """Load what the student has changed, as each cell does when it starts; what cannot be loaded, in words.

        Points of other code leave the summary.
        """
        # Autoreload looks through all modules that there are, which takes longer than the first step of a training.
        files = _files()
        if files != Explorer._loaded:
            Explorer._loaded, Explorer._problem = files, _reload()
        trains = code([self.base.update_rule])
        if trains != self._trained:
            self._trained = trains
            self.tried.clear()
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


def _explain(error: Exception) -> str:
    """One line for what a layer raised: where, and what."""
    if isinstance(error, NotWrittenYet):
        return str(error)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "funkcije" in Path(frame.filename).parts]
    last = frames[-1] if frames else traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    return tell("fault", file=Path(last.filename).name, line=last.lineno, error=what)
