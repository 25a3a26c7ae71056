"""What runs inside while a submitted notebook is executed for its readers: IPython's shell behind a pipe.

It gets one cell's source after another and sends what the cell puts out, piece by piece, as plain data:

    ["stream", "stdout" or "stderr", text]
    ["display" or "result", {type: text or bytes}, {type: {"width": ..., "height": ...}}, display id or "", update]
    ["error", name, message, lines of the traceback]
    ["clear"], ["cut"], and after each cell ["done"]

No kernel and no zmq: there is nothing here to connect to. What is kept of all this, the other side decides.
"""

from __future__ import annotations

import base64
import binascii
import builtins
import contextlib
import getpass
import importlib.util
import io
import os
import site
import sys
import sysconfig
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from IPython.core import pylabtools
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from .main import take_over_standard_input
from .wire import NOTEBOOK, Channel, Closed, WireError

TEXTS = ("text/plain", "text/html", "text/markdown", "text/latex")
IMAGES = ("image/png", "image/jpeg")
LONGEST_ALT = 2_000
"""Characters of the words that stand for a picture."""

_PIECE = 8_000
"""Characters of a stream that are sent at a time."""


def main(submission: str) -> None:
    """Serve cells from the socket that is standard input until it closes."""
    channel = Channel(take_over_standard_input(), NOTEBOOK)
    settings = channel.receive()
    os.environ.update(settings["environment"])
    outbox = Outbox(channel, settings["most"], _shortener(submission))
    shell = _shell(outbox, submission, settings["sentences"])
    while True:
        try:
            source = channel.receive()
        except Closed:
            return
        outbox.begin()
        ran = shell.run_cell(source, store_history=True)  # type: ignore[no-untyped-call]
        if not (ran.success or outbox.erred):  # whatever a notebook has done to what shows a traceback
            error = ran.error_before_exec or ran.error_in_exec
            outbox.error(type(error).__name__, _text_of(error), [])
        outbox.end()


class Outbox:
    """Sends what a cell puts out, up to a bound for each cell; used by every thread of the notebook."""

    def __init__(self, channel: Channel, most: int, shorten: Callable[[str], str]) -> None:
        self._channel = channel
        self._most = most
        self._shorten = shorten
        self._left = most
        self.erred = False
        """Whether the cell has sent an exception."""
        self._pending: tuple[str, list[str]] = ("stdout", [])
        self._lock = threading.RLock()

    def begin(self) -> None:
        """Start the next cell."""
        self._left = self._most
        self.erred = False

    def end(self) -> None:
        """The cell is done."""
        self.flush()
        self._channel.send(["done"])

    def write(self, name: str, text: str) -> None:
        """Add text to a stream."""
        with self._lock:
            if self._pending[0] != name:
                self.flush()
                self._pending = (name, [])
            self._pending[1].append(text[: max(0, self._left) + _PIECE])
            if sum(map(len, self._pending[1])) >= _PIECE:
                self.flush()

    def flush(self) -> None:
        """Send what was written."""
        with self._lock:
            name, parts = self._pending
            self._pending = (name, [])
            text = "".join(parts)
            for start in range(0, len(text), _PIECE):
                piece = text[start : start + _PIECE]
                self._send(["stream", name, self._shorten(piece)], len(piece))

    def show(self, kind: str, data: Mapping[str, Any], metadata: Any, display_id: str, update: bool) -> None:
        """Send an object in every form that may be kept."""
        bundle = _bundle(data)
        about = {mime: found for mime in bundle if mime in IMAGES and (found := _about(metadata, mime))}
        with self._lock:
            self.flush()
            self._send([kind, bundle, about, _plain(display_id)[:200], bool(update)], sum(map(len, bundle.values())))

    def error(self, name: str, message: str, lines: list[str]) -> None:
        """Send an exception, whatever was put out before: that there was one decides about points."""
        with self._lock:
            self.flush()
            self.erred = True
            cut = [_plain(self._shorten(line))[:_PIECE] for line in lines[-200:]]
            if sum(map(len, cut)) > self._left:
                cut, self._left = [], max(self._left, 0)
            self._send(["error", _plain(name)[:200], _plain(message)[:_PIECE], cut], sum(map(len, cut)))

    def clear(self) -> None:
        """Forget what the cell put out so far."""
        with self._lock:
            self.flush()
            self._send(["clear"], 0)

    def _send(self, message: list[Any], size: int) -> None:
        if self._left < 0:
            return
        self._left -= size
        try:
            self._channel.send(message if self._left >= 0 else ["cut"])
        except WireError:
            self._left = -1


def _plain(text: object) -> str:
    return str(text).encode("utf-8", "replace").decode("utf-8")


def _bundle(data: Mapping[str, Any]) -> dict[str, str | bytes]:
    """Of an object's forms those that a page can show: a widget's picture or text stays, its view does not."""
    bundle: dict[str, str | bytes] = {}
    for mime in (*TEXTS, *IMAGES):
        value = data.get(mime)
        if mime in TEXTS and isinstance(value, str):
            bundle[mime] = _plain(value)
        elif mime in IMAGES and isinstance(value, bytes):
            bundle[mime] = value
        elif mime in IMAGES and isinstance(value, str):
            try:
                bundle[mime] = base64.b64decode(value)
            except (binascii.Error, ValueError):
                continue
    return bundle


def _about(metadata: Any, mime: str) -> dict[str, int | str]:
    """A picture's size and its words."""
    found = metadata.get(mime) if isinstance(metadata, dict) else None
    values = found if isinstance(found, dict) else {}
    sizes = {key: values[key] for key in ("width", "height") if isinstance(values.get(key), int | float)}
    about: dict[str, int | str] = {key: int(value) for key, value in sizes.items() if 0 < value < 1e5}
    return about | ({"alt": _plain(values["alt"])[:LONGEST_ALT]} if isinstance(values.get("alt"), str) else {})


class Stream(io.TextIOBase):
    """Standard output or error of the notebook."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, outbox: Outbox, name: str) -> None:
        self._outbox = outbox
        self._name = name

    def writable(self) -> bool:
        """It is for writing only."""
        return True

    def write(self, text: str) -> int:
        """Write text."""
        self._outbox.write(self._name, _plain(text) if isinstance(text, str) else _refuse(text))
        return len(text)

    def flush(self) -> None:
        """Send what was written."""
        self._outbox.flush()


def _refuse(text: object) -> str:
    raise TypeError(f"write() argument must be str, not {type(text).__name__}")


class Publisher(DisplayPublisher):
    """Sends what `display` is given."""

    def publish(self, data: Any, metadata: Any = None, *_: Any, transient: Any = None, **rest: Any) -> None:
        """See `DisplayPublisher`."""
        display_id = (transient or {}).get("display_id") or ""
        shell: Any = self.shell
        shell.outbox.show("display", data, metadata, display_id, rest.get("update", False))

    def clear_output(self, wait: bool = False) -> None:
        """See `DisplayPublisher`."""
        shell: Any = self.shell
        shell.outbox.clear()


class Hook(DisplayHook):
    """Sends the value of a cell's last line."""

    def write_output_prompt(self) -> None:
        """The page has a prompt of its own."""

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        """See `DisplayHook`."""
        shell: Any = self.shell
        shell.outbox.show("result", format_dict, md_dict, "", False)

    def finish_displayhook(self) -> None:
        """See `DisplayHook`."""
        self._is_active = False


class Shell(InteractiveShell):
    """IPython without history, configuration or start-up files of anybody."""

    display_pub_class = Type(Publisher)
    displayhook_class = Type(Hook)
    outbox: Outbox
    sentences: Mapping[str, str]

    def init_profile_dir(self, profile_dir: Any) -> None:
        """There is none."""

    def enable_gui(self, gui: Any = None) -> None:
        """Figures need no window."""

    def enable_matplotlib(self, gui: Any = None) -> Any:
        """Whatever window was asked for, figures become pictures."""
        return super().enable_matplotlib("inline")  # type: ignore[no-untyped-call]

    def ask_exit(self) -> None:
        """`exit` ends a kernel; here the next cell follows."""

    def system(self, cmd: str) -> None:
        """Refuse `!command`.

        Raises:
            OSError: always.
        """
        raise OSError(self.sentences["no_programs"])

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> Any:
        """Refuse `names = !command`.

        Raises:
            OSError: always.
        """
        self.system(cmd)

    def showtraceback(self, exc_tuple: Any = None, *args: Any, **kwargs: Any) -> None:
        """Show an exception with the frames that the student wrote."""
        kind, value, tb = self._get_exc_info(exc_tuple)  # type: ignore[no-untyped-call]
        tb = _own_frames(value)
        super().showtraceback((kind, value, tb), *args, **kwargs | {"tb_offset": 0})

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        name = getattr(etype, "__name__", str(etype))
        self.outbox.error(name, _text_of(evalue), "\n".join(map(str, stb)).split("\n"))


def _text_of(error: object) -> str:
    try:
        return str(error)
    except Exception:
        return f"<{type(error).__name__}>"


_LIBRARIES = tuple(f"{path}{os.sep}" for path in (*sysconfig.get_paths().values(), *site.getsitepackages()))


def _own_frames(error: BaseException) -> TracebackType | None:
    """Take the frames of libraries out of an error and of those that led to it; its own remaining ones."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        own = [(tb.tb_frame, tb.tb_lasti, tb.tb_lineno) for tb in _each(current.__traceback__) if _is_own(tb)]
        kept = None
        for frame, lasti, line in reversed(own):
            kept = TracebackType(kept, frame, lasti, line)
        current.__traceback__ = kept
        waiting += [current.__cause__, current.__context__]
    return error.__traceback__


def _each(tb: TracebackType | None) -> list[TracebackType]:
    found = []
    while tb is not None:
        found.append(tb)
        tb = tb.tb_next
    return found


def _is_own(tb: TracebackType) -> bool:
    file = tb.tb_frame.f_code.co_filename
    return file != __file__ and not file.startswith(_LIBRARIES) and not file.startswith("<frozen")


def _shortener(submission: str) -> Callable[[str], str]:
    """Makes paths of this machine into paths that say something to the reader."""
    folders = (submission, *map(sysconfig.get_path, ("purelib", "platlib", "stdlib", "platstdlib")))
    prefixes = [f"{folder}{os.sep}" for folder in folders]

    def shorten(text: str) -> str:
        for prefix in prefixes:
            text = text.replace(prefix, "")
        return text

    return shorten


def import_jupyter() -> None:
    """Import what nearly every notebook imports, before workers are forked: it takes longer than most of them.

    Not what looks for a shell when it is imported, as `matplotlib.pyplot` does by way of its backend.
    """
    _prepare_matplotlib()
    for name in ("numpy", "matplotlib.figure", "matplotlib.backends.backend_agg"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def _shell(outbox: Outbox, submission: str, sentences: Mapping[str, str]) -> Shell:
    """The shell, and around it what a notebook finds in Jupyter."""
    _prepare_matplotlib()
    sys.stdout, sys.stderr = Stream(outbox, "stdout"), Stream(outbox, "stderr")
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    Shell.outbox, Shell.sentences = outbox, sentences
    shell = Shell.instance(config=config, ipython_dir=submission)
    shell.db = {}  # where `%cd` and the like remember

    def no_input(prompt: object = "", *_: object) -> str:
        raise EOFError(sentences["no_input"])

    builtins.input = no_input
    getpass.getpass = no_input  # type: ignore[assignment]
    # The kit's own modules leave the path: a notebook has a `checks` beside it.
    sys.path[:] = [submission, *sys.path[1:]]
    for name in [name for name in sys.modules if name.partition(".")[0] in {"checks", "grader"}]:
        del sys.modules[name]
    return shell


def _prepare_matplotlib() -> None:
    """Show figures as pictures, with the list of fonts that was made with the environment.

    Matplotlib insists on a folder to write to, and there is none.
    """
    spec = importlib.util.find_spec("matplotlib")
    if spec is None or not spec.origin:
        return
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    os.environ["MATPLOTLIBRC"] = str(Path(spec.origin).with_name("mpl-data") / "matplotlibrc")
    import matplotlib

    folder = str(Path(sys.prefix) / "matplotlib")
    matplotlib.get_configdir = matplotlib.get_cachedir = lambda: folder
    pylabtools.select_figure_formats = _select_pictures


_select_figure_formats: Callable[..., None] = pylabtools.select_figure_formats


def _select_pictures(shell: Any, formats: Any, **options: Any) -> None:
    """Drawings (svg, pdf) can hold more than a picture, and are not kept; a picture takes their place."""
    asked = {formats} if isinstance(formats, str) else set(formats)
    _select_figure_formats(shell, {"png"} if asked & {"svg", "pdf"} else asked, **options)
