"""The controls of an explorer: a slider for each setting, play and stop, progress, a line of text and the picture.

Where two of the settings are a point of the picture, a click there sets them, and so do arrow keys when it has focus.

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
NARROW = 700
"""Pixels of a panel below which labels stand above their sliders, and plots two by two."""


def dark(pictures: str) -> str:
    """CSS that gives these pictures, drawn on white, a dark theme's ground; hues stay what they are."""
    themes = ('[data-jp-theme-light="false"]', "body.vscode-dark", "html[theme=dark]")
    return f"{', '.join(f'{theme} {pictures}' for theme in themes)} {{ filter: invert(0.87) hue-rotate(180deg) }}"


# `jupyter-widgets-disconnected` is what the page puts on a widget whose kernel is gone; a style is all that can still
# act then.
STYLE = f"""<style>
.{EXPLORER} {{ container-type: inline-size }}
.{EXPLORER} :is(.funkcije-gone, .funkcije-narrow, .funkcije-point) {{ display: none }}
.{EXPLORER} .funkcije-picture[tabindex] {{ cursor: crosshair }}
.{EXPLORER} .funkcije-picture {{ margin: 0; border: 2px solid transparent; box-sizing: border-box }}
.{EXPLORER} .funkcije-picture[tabindex]:focus {{ border-color: #2196F3; outline: none }}
.{EXPLORER} img {{ width: 100% }}
.{EXPLORER} .funkcije-wide {{ max-width: 1012px }}
{dark(f".{EXPLORER} img")}
.{EXPLORER}.jupyter-widgets-disconnected .funkcije-gone {{ display: block; font-weight: bold; line-height: 1.4 }}
.{EXPLORER}.jupyter-widgets-disconnected :is([role=status], progress) {{ display: none }}
.{EXPLORER}.jupyter-widgets-disconnected .jupyter-widgets-disconnected::before {{ display: none }}
.{EXPLORER}.jupyter-widgets-disconnected :is(.widget-hslider, .widget-button) {{ opacity: 0.4; pointer-events: none }}
@container (max-width: {NARROW}px) {{
  .{EXPLORER} .funkcije-wide {{ display: none }}
  .{EXPLORER} .funkcije-narrow {{ display: block }}
  .{EXPLORER} .widget-hslider {{ flex-wrap: wrap; height: auto; width: 100% }}
  .{EXPLORER} .widget-hslider > .widget-label {{ width: 100% !important; max-width: none; text-align: left }}
}}
</style>"""

NAMED_HANDLES = f"""<script>
(() => {{
  const name = slider => {{
    const handle = slider.querySelector(".noUi-handle");
    const words = {{
      "aria-label": slider.querySelector(".widget-label")?.textContent,
      "aria-valuetext": slider.querySelector(".widget-readout")?.textContent,
    }};
    for (const [key, text] of Object.entries(words))
      if (handle && text && handle.getAttribute(key) !== text) handle.setAttribute(key, text);
  }};
  const watch = tries => {{
    for (const slider of document.querySelectorAll(".{EXPLORER} .widget-hslider:not([data-named])")) {{
      slider.dataset.named = "";
      name(slider);
      new MutationObserver(() => name(slider)).observe(slider, {{
        subtree: true, childList: true, characterData: true, attributeFilter: ["aria-valuetext"],
      }});
    }}
    if (tries) setTimeout(() => watch(tries - 1), 250);
  }};
  watch(40);
}})();
</script>"""
"""What gives a slider's handle its name, and its value in words; the page makes the sliders some time after this."""

POINT_IN_PICTURE = f"""<script>
(() => {{
  let count = Date.now();
  const say = (panel, words) => {{
    const input = panel.querySelector(".funkcije-point input");
    input.value = `${{words}} ${{++count}}`;
    for (const type of ["input", "change"]) input.dispatchEvent(new Event(type, {{ bubbles: true }}));
  }};
  const watch = tries => {{
    for (const panel of document.querySelectorAll(".{EXPLORER}:has(.funkcije-point input):not([data-pointed])")) {{
      const picture = panel.querySelector(".funkcije-picture");
      if (!picture) continue;
      panel.dataset.pointed = "";
      const label = panel.querySelector(".funkcije-point input").placeholder;
      const about = {{ tabindex: 0, role: "application", "aria-label": label, "data-lm-suppress-shortcuts": "" }};
      for (const [key, text] of Object.entries(about)) picture.setAttribute(key, text);
      picture.addEventListener("dragstart", event => event.preventDefault());
      // No click: where another image has taken the place of the one under the button, there is none.
      picture.addEventListener("mousedown", event => {{
        const image = [...picture.querySelectorAll("img")].find(one => one.offsetWidth);
        if (!image || event.button) return;
        event.preventDefault();
        const box = image.getBoundingClientRect();
        const [across, down] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
        picture.focus({{ preventScroll: true }});
        say(panel, `${{image.className}} ${{across.toFixed(4)}} ${{down.toFixed(4)}}`);
      }});
      picture.addEventListener("keydown", event => {{
        if (!event.key.startsWith("Arrow") || event.ctrlKey || event.altKey || event.metaKey) return;
        event.preventDefault();
        event.stopPropagation();
        say(panel, event.key);
      }});
    }}
    if (tries) setTimeout(() => watch(tries - 1), 250);
  }};
  watch(40);
}})();
</script>"""
"""What tells, by way of a text field that nobody sees, where somebody clicked into a picture, or which arrow was
pressed; a widget that does would be one more package to install."""
SCRIPTS = NAMED_HANDLES + POINT_IN_PICTURE
ARROWS = {"ArrowLeft": (0, -1), "ArrowRight": (0, 1), "ArrowDown": (1, -1), "ArrowUp": (1, 1)}
"""Which of a point's two coordinates an arrow moves, and by how many steps."""
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
    choices: tuple[Value, ...] = ()
    """Of a slider that jumps from one to the next, without `exponents`."""
    steps: tuple[float, float, float] | None = None
    """Of a linear slider, without both: lowest and highest value, and the step."""

    @property
    def low(self) -> Value:
        """The lowest value."""
        return 10 ** self.exponents[0] if self.exponents else self.steps[0] if self.steps else self.choices[0]

    @property
    def high(self) -> Value:
        """The highest value."""
        return 10 ** self.exponents[1] if self.exponents else self.steps[1] if self.steps else self.choices[-1]

    def nearest(self, value: float) -> float:
        """The nearest step of a linear slider; nothing is beyond its ends."""
        assert self.steps
        low, high, step = self.steps
        return min(max(round(low + step * round((value - low) / step), 9), low), high)

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
        if self.steps:
            low, high, step = self.steps
            return W.FloatSlider(self.value, min=low, max=high, step=step, readout_format=".2f", **common)
        return W.SelectionSlider(options=[(str(choice), choice) for choice in self.choices], value=self.value, **common)


@dataclass(frozen=True)
class Words:
    """Keys of `messages` for what an explorer does."""

    play: str = "train"
    move: str = "move"
    running: str = "training"
    progress: str = "progress"
    finished: str = "finished"
    first: str = "first"
    stopped: str = "stopped"


class Panel:
    """What a person sees and moves.

    Args:
        controls: the settings.
        words: what it says.
        on_move: called when a setting has changed or play is pressed; in whatever thread the message arrives.
        on_stop: called when stop is pressed.
        place: names of the two controls, with steps, that are a point of the picture, if any are.
        point_at: the point under a place of the picture: its form, how far across and how far down, from 0 to 1.

    Raises:
        ImportError: ipywidgets is not installed.
    """

    def __init__(
        self,
        controls: Sequence[Control],
        words: Words,
        on_move: Callable[[], None],
        on_stop: Callable[[], None],
        place: tuple[str, str] | None,
        point_at: Callable[[str, float, float], tuple[float, float] | None],
    ) -> None:
        import ipywidgets as W

        self.words = words
        self.sliders = {control.name: control.slider(W) for control in controls}
        self.play = W.Button(description=tell(words.play), icon="play", button_style="primary")
        self.stop = W.Button(description=tell("stop"), icon="stop", disabled=True)
        self._bar, self._line, self._picture = W.HTML(), W.HTML(), W.HTML(layout=W.Layout(width="100%"))
        self._sources: dict[str, str] = {}
        style = W.HTML(f'{STYLE}<div class="funkcije-gone" role="alert">{escape(tell("gone"))}</div>')
        buttons = W.HBox([self.play, self.stop, self._bar], layout=W.Layout(flex_flow="row wrap"))
        self._picture.add_class("funkcije-picture")
        parts = [style, *self.sliders.values(), buttons, self._line, self._picture]
        if place:
            by_name = {control.name: control for control in controls}
            self._point_at, self._coordinates = point_at, [by_name[name] for name in place]
            self.pointed = W.Text(placeholder=tell("point_here"))
            self.pointed.add_class("funkcije-point")
            self.pointed.observe(lambda change: self._point(change["new"]), names="value")
            parts.append(self.pointed)
        self.widget = W.VBox(parts, layout=W.Layout(width="100%"))
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

    def _point(self, words: str) -> None:
        """Move the point by a key, or to where somebody clicked: "ArrowUp 3", "funkcije-wide 0.1234 0.4321 4"."""
        what, *numbers = words.split() or [""]
        at: Sequence[float] | None = None
        if what in ARROWS:
            coordinate, steps = ARROWS[what]
            at = [self.sliders[one.name].value for one in self._coordinates]
            step = self._coordinates[coordinate].steps
            at[coordinate] += steps * step[2] if step else 0
        elif what.startswith("funkcije-") and len(numbers) > 1:
            at = self._point_at(what.removeprefix("funkcije-"), float(numbers[0]), float(numbers[1]))
        for control, value in zip(self._coordinates, at or (), strict=False):
            self.sliders[control.name].value = control.nearest(value)

    def show(self, wide: bytes, narrow: bytes | None, alt: str) -> None:
        """Put a picture in the place of the one before; of its two forms, the page shows the one that fits.

        Args:
            wide: PNG.
            narrow: PNG; None leaves the last one.
            alt: the same in words.
        """
        self._sources["wide"] = base64.b64encode(wide).decode()
        if narrow is not None:
            self._sources["narrow"] = base64.b64encode(narrow).decode()
        self._picture.value = "".join(
            f'<img class="funkcije-{form}" alt="{escape(alt)}" src="data:image/png;base64,{source}">'
            for form, source in self._sources.items()
        )

    def progress(self, done: float, seconds_left: float) -> None:
        """How much is done, from 0 to 1, and how long the rest will take."""
        name = escape(tell(self.words.progress))
        left = escape(tell("left", done=done, seconds=seconds_left) if done < 1 else f"{done:.0%}")
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
