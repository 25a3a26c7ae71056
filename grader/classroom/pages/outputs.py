"""What a notebook's process says that a cell put out, checked and made into the outputs of a notebook.

    cell = CellOutputs(most=1_000_000, sentence="[cut]")
    cell.add(message)
    cell.finish()

Every message comes from a process that a student may have taken over. One that has not exactly the form of
`worker.notebook` is a `WireError`; of those that have, only types that a page can show without running anything are
kept, and only so much of them.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode, from_dict

from ...text import as_on_a_terminal
from ...worker.wire import WireError
from .bounded import Inert
from .html import LONGEST, has_commands
from .pictures import can_be_shown

MOST_OUTPUTS = 200
"""Outputs of one cell."""
LONGEST_NAME = 200
"""Characters of an exception's name or a display's id."""
LARGEST_SIDE = 4_000
"""Pixels that a picture may ask for on a page."""

LONGEST_ALT = 2_000
"""Characters of the words that stand for a picture."""

_TEXTS = ("text/plain", "text/html", "text/markdown", "text/latex")
_PICTURES = ("image/png", "image/jpeg")
_NOT_IN_WORDS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069<>&\"'`]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]")


@dataclass
class CellOutputs:
    """Gathers the outputs of one cell.

    Args:
        most: bytes that are kept.
        sentence: stands where something was cut.
    """

    most: int
    sentence: str
    by_display: dict[str, NotebookNode] = field(default_factory=dict)
    """Outputs that a later one may replace, by display id; shared by the cells of a notebook."""
    inert: Inert = field(default_factory=Inert)
    """What makes them inert; shared by the cells of a notebook, as its time is."""
    count: int = 1
    """The cell's execution count."""
    outputs: list[NotebookNode] = field(default_factory=list)
    size: int = 0
    """Bytes that came, whether kept or not."""
    _cut: bool = False

    def add(self, message: Any) -> None:
        """Add what one message says, if there is room.

        Raises:
            WireError: it is no such message.
        """
        match message:
            case ["stream", "stdout" | "stderr" as name, str(text)]:
                if self._has_room(len(text)):
                    self._write(name, text)
            case ["display" | "result" as kind, dict(data), dict(about), str(display_id), bool(update)] if (
                len(display_id) <= LONGEST_NAME
            ):
                if self._has_room(sum(map(_length, data.values()))):
                    self._show(kind, data, about, display_id, update)
            case ["error", str(name), str(text), list(lines)] if len(name) <= LONGEST_NAME and all(
                isinstance(line, str) for line in lines
            ):
                room = self._has_room(len(text) + sum(map(len, lines)))
                traceback = [self.inert.text(_CONTROL.sub("", line)) for line in lines] if room else []
                if room or not any(output.output_type == "error" for output in self.outputs):
                    self.outputs.append(
                        _output("error", ename=name, evalue=text if room else text[:LONGEST_NAME], traceback=traceback)
                    )
            case ["clear"]:
                self.outputs.clear()
            case ["cut"]:
                self._cut_here()
            case _:
                raise WireError("an output of another form")

    def say(self, sentence: str) -> None:
        """Add a line of the kit's own."""
        before = self.outputs[-1].get("text", "\n") if self.outputs else "\n"
        self._write("stdout", f"{sentence}\n" if before.endswith("\n") else f"\n{sentence}\n")

    def finish(self) -> list[NotebookNode]:
        """The outputs, streams as they would look on a terminal."""
        for output in self.outputs:
            if output.output_type == "stream":
                output.text = self.inert.text(as_on_a_terminal(output.text))
        return [output for output in self.outputs if output.get("text", "-") != ""]

    def _has_room(self, size: int) -> bool:
        self.size += size
        if self.size > self.most or len(self.outputs) >= MOST_OUTPUTS:
            self._cut_here()
        return not self._cut

    def _cut_here(self) -> None:
        if not self._cut:
            self._cut = True
            self.say(self.sentence)

    def _write(self, name: str, text: str) -> None:
        text = _CONTROL.sub("", text)
        last = self.outputs[-1] if self.outputs else None
        if last is not None and last.output_type == "stream" and last.name == name:
            last.text += text
        else:
            self.outputs.append(_output("stream", name=name, text=text))

    def _show(self, kind: str, data: dict[Any, Any], about: dict[Any, Any], display_id: str, update: bool) -> None:
        bundle, metadata = _bundle(data, self.inert), {}
        for mime in bundle:
            if mime.startswith("image/") and (found := _about(about.get(mime))):
                metadata[mime] = found
        if not bundle:
            return
        if update:
            if (shown := self.by_display.get(display_id)) is not None:
                shown.data, shown.metadata = _node(bundle), _node(metadata)
            return
        if kind == "result":
            output = _output("execute_result", data=bundle, metadata=metadata, execution_count=self.count)
        else:
            output = _output("display_data", data=bundle, metadata=metadata)
        self.outputs.append(output)
        if display_id:
            self.by_display[display_id] = output


def _node(values: dict[str, Any]) -> NotebookNode:
    node: NotebookNode = from_dict(values)  # type: ignore[no-untyped-call]
    return node


def _length(value: Any) -> int:
    return len(value) if isinstance(value, str | bytes) else 0


def _output(kind: str, **fields: Any) -> NotebookNode:
    # Held against the format with the whole notebook, which is much cheaper.
    return _node({"output_type": kind, **fields})


def _bundle(data: Mapping[Any, Any], inert: Inert) -> dict[str, str]:
    bundle = {}
    sources = []
    for mime, value in data.items():
        if mime in _TEXTS and isinstance(value, str):
            text = _CONTROL.sub("", value)
            shown = _inert(mime, text, inert)
            if shown or not text:
                bundle[mime] = shown
            else:
                sources.append(text)
        elif mime in _PICTURES and isinstance(value, bytes):
            if can_be_shown(mime, value):
                bundle[mime] = base64.b64encode(value).decode("ascii")
        else:
            raise WireError("an output of another type")
    if sources and bundle.keys() <= {"text/plain"}:
        bundle["text/plain"] = sources[0][:LONGEST]
    return bundle


def _inert(mime: str, text: str, inert: Inert) -> str:
    """A text as it may be shown; empty where nothing of it may."""
    match mime:
        case "text/html":
            return inert.html(text)
        case "text/markdown":
            return inert.markdown(text)
        case "text/latex":
            return "" if has_commands(text) else text
        case _:
            return inert.text(text)


def _about(value: Any) -> dict[str, int | str]:
    """A picture's size, and its words as plain as they can be: a page puts them into an attribute."""
    found = value if isinstance(value, dict) else {}
    about: dict[str, int | str] = {
        key: found[key] for key in ("width", "height") if type(found.get(key)) is int and 0 < found[key] <= LARGEST_SIDE
    }
    if isinstance(found.get("alt"), str) and (words := _NOT_IN_WORDS.sub(" ", found["alt"][:LONGEST_ALT]).strip()):
        about["alt"] = words
    return about
