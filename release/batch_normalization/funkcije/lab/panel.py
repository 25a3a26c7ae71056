"""The controls of an explorer: a slider for each setting, play and stop, progress, a line of text and the picture.

Only this module needs ipywidgets, and only where somebody is there to use them. Picture and progress are HTML of their
own, since `Image` has no alternative text and `FloatProgress` no role that a screen reader knows.
"""

import base64
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from ..messages import tell

Value = float | int

EXPLORER = "funkcije-explorer"
"""CSS class of the whole."""
VIEW = "application/vnd.jupyter.widget-view+json"


@dataclass(frozen=True)
class Control:
    """A setting and the values that it can have."""

    name: str
    """Field of `Training`."""
    value: Value
    """At first."""
    exponents: tuple[float, float, float] | None = None
    """Of a logarithmic slider: lowest and highest power of ten, and the step; `value` must lie on one."""
    choices: tuple[int, ...] = ()
    """Of a slider that jumps from one to the next, without `exponents`."""

    @property
    def low(self) -> Value:
        """The lowest value."""
        return 10 ** self.exponents[0] if self.exponents else self.choices[0]

    @property
    def high(self) -> Value:
        """The highest value."""
        return 10 ** self.exponents[1] if self.exponents else self.choices[-1]

    def in_words(self, value: Value) -> str:
        """The setting with a value."""
        return tell(f"in_{self.name}", value=value)

    def slider(self, W: Any) -> Any:
        """Its widget."""
        common = {
            "description": tell(self.name),
            # ipywidgets 7, which Colab has, calls it so.
            "tooltip" if "tooltip" in W.FloatLogSlider.class_traits() else "description_tooltip": tell(self.name),
            "style": {"description_width": "300px"},
            "layout": W.Layout(width="min(100%, 680px)"),
        }
        if self.exponents:
            low, high, step = self.exponents
            return W.FloatLogSlider(self.value, min=low, max=high, step=step, readout_format=".1e", **common)
        return W.SelectionSlider(options=[(str(choice), choice) for choice in self.choices], value=self.value, **common)


class Panel:
    """What a person sees and moves.

    Args:
        controls: the settings.
        on_move: called when a setting has changed or play is pressed; in whatever thread the message arrives.
        on_stop: called when stop is pressed.

    Raises:
        ImportError: ipywidgets is not installed.
    """

    def __init__(self, controls: Sequence[Control], on_move: Callable[[], None], on_stop: Callable[[], None]) -> None:
        import ipywidgets as W

        self.sliders = {control.name: control.slider(W) for control in controls}
        self.play = W.Button(description=tell("train"), icon="play", button_style="primary")
        self.stop = W.Button(description=tell("stop"), icon="stop", disabled=True)
        self._bar, self._line, self._picture = W.HTML(), W.HTML(), W.HTML(layout=W.Layout(width="100%"))
        buttons = W.HBox([self.play, self.stop, self._bar])
        self.widget = W.VBox([*self.sliders.values(), buttons, self._line, self._picture])
        self.widget.add_class(EXPLORER)

        def moved(change: Any) -> None:
            # The page puts a value on its slider's nearest step, which may differ in the last digit.
            if not math.isclose(change["old"], change["new"], rel_tol=1e-6):
                on_move()

        for slider in self.sliders.values():
            slider.observe(moved, names="value")
        self.play.on_click(lambda button: on_move())
        self.stop.on_click(lambda button: on_stop())

    def as_output(self) -> dict[str, Any]:
        """What a cell has to show for a page to draw it; every ipywidgets has its own way to say so."""
        return {VIEW: {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}}

    def values(self) -> dict[str, Value]:
        """What is set, by name."""
        return {name: slider.value for name, slider in self.sliders.items()}

    def show(self, png: bytes, alt: str) -> None:
        """Put a picture in the place of the one before."""
        source = base64.b64encode(png).decode()
        self._picture.value = (
            f'<img alt="{escape(alt)}" src="data:image/png;base64,{source}" style="width: 100%; max-width: 1012px">'
        )

    def progress(self, done: float, seconds_left: float) -> None:
        """How much is done, from 0 to 1, and how long the rest will take."""
        name, left = escape(tell("progress")), escape(tell("left", done=done, seconds=seconds_left))
        self._bar.value = f'<progress aria-label="{name}" max="1" value="{done:.3f}">{left}</progress> {left}'

    def say(self, text: str) -> None:
        """Put a line in the place of the one before; it is read out when it changes."""
        line = f'<div role="status" style="line-height: 1.4">{escape(text)}</div>'
        if self._line.value != line:
            self._line.value = line

    def running(self, runs: bool) -> None:
        """Whether there is something to stop."""
        self.stop.disabled = not runs

    def close(self) -> None:
        """Take the widgets away, in the page and in memory."""
        waiting = [self.widget]
        while waiting:
            widget = waiting.pop()
            waiting += getattr(widget, "children", ())
            widget.close()
