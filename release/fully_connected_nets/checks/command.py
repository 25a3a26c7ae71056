"""Ends a command so that its status and its output are true: 0 and 1 are verdicts, 2 is everything else.

    sys.exit(run("python -m checks", work, language="en"))

Both command lines run in here. Whatever happens, it ends in one line and never in a traceback: an interrupt, a fault of
the kit, a standard output that is closed, full, or in an encoding that has no `š`.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
import unicodedata
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, TextIO, cast

from .language import catalogue

NOT_DONE = 2
AGAIN = 3.0
"""Seconds after which a signal is raised once more, where the command still goes on."""
_PLAIN = str.maketrans(
    {
        "đ": "dj",
        "Đ": "Dj",
        "✓": "+",
        "✗": "x",
        "·": ".",
        "−": "-",
        "\u0302": "^",
        "²": "^2",
        "½": "1/2",
        "μ": "mu",
        "σ": "sigma",
    }
)
"""What a sign becomes where the encoding of the output lacks it; other letters lose their marks, `š` becomes `s`."""


class CannotWrite(Exception):
    """A file, or standard output if `file` is empty, does not take what is written to it."""

    def __init__(self, file: str, error: Exception) -> None:
        super().__init__(file, error)
        self.file = file
        self.reason = getattr(error, "strerror", None) or str(error)


class Stopped(KeyboardInterrupt):
    """Somebody ended the command by a signal; what it began is cleaned up as after Ctrl-C."""


def run(
    program: str,
    work: Callable[[], int],
    *,
    language: str = "en",
    foreseen: tuple[type[Exception], ...] = (),
    clean: bool = False,
    alone: bool = False,
) -> int:
    """Do some work and return its status; 2 if it was not done, or if its output could not be written.

    Args:
        program: what the line about a failure begins with.
        work: returns the status. What it raises ends in one line on standard error, but for `SystemExit`.
        language: of that line.
        foreseen: exceptions whose own text is that line.
        clean: keep control characters from the terminal, as others' text may be printed.
        alone: this process runs the command alone, so signals and closed streams are handled, too.
    """
    if alone:
        _own_process()
    streams = sys.stdout, sys.stderr
    out, errors = _Output(streams[0], clean), _Errors(streams[1], clean)
    sys.stdout, sys.stderr = cast(TextIO, out), cast(TextIO, errors)
    status, interrupted = NOT_DONE, False
    asked: SystemExit | None = None
    try:
        try:
            status = work()
        except SystemExit as end:  # the arguments are wrong, or help was asked for, and that has been said
            asked = end
        if _stopped.is_set():  # and code in between took the exception for one of its own
            raise Stopped
        out.flush()
    except BaseException as error:
        if alone:
            _ignore_signals()
        status, asked = NOT_DONE, None
        interrupted = isinstance(error, KeyboardInterrupt) or _stopped.is_set()
        why = Stopped() if interrupted else out.failure or error
        errors.write(f"{program}: {_line(why, language, foreseen)}\n")
    finally:
        if alone:
            _let_go(interrupted)
        sys.stdout, sys.stderr = streams
    if asked is not None:
        raise asked
    return status


def printable(text: str) -> str:
    """Text in one line, without characters that would move a terminal's cursor or cannot be written."""
    return "".join(character if character.isprintable() else "?" for character in text.replace("\n", " "))


def plain(text: str, encoding: str) -> str:
    """Text that an encoding can hold: what it lacks is written as people do who lack it, `s` for `š`."""
    written = []
    for character in text:
        try:
            character.encode(encoding)
        except UnicodeEncodeError:
            parts = unicodedata.normalize("NFKD", character.translate(_PLAIN))
            character = parts.encode("ascii", "ignore").decode() or "?"
        written.append(character)
    return "".join(written)


class _Stream:
    """A stream of the process, which may be missing, closed, full or in a small encoding."""

    kept = "\n\t"

    def __init__(self, stream: TextIO | None, clean: bool) -> None:
        self._stream, self._clean = stream, clean

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def encoding(self) -> str:
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        return self._stream is not None and self._stream.isatty()

    def _put(self, text: str) -> None:
        if self._stream is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        if self._clean:
            text = "".join(c if c.isprintable() or c in self.kept else "?" for c in text)
        try:
            self._stream.write(text)
        except UnicodeEncodeError as error:
            self._stream.write(plain(text, error.encoding))


class _Output(_Stream):
    """Standard output: what it does not take is an error of its own kind."""

    failure: CannotWrite | None = None

    def write(self, text: str) -> int:
        self._try(lambda: self._put(text))
        return len(text)

    def flush(self) -> None:
        if self._stream is not None:
            self._try(self._stream.flush)

    def _try(self, step: Callable[[], Any]) -> None:
        try:
            step()
        except (OSError, ValueError) as error:  # ValueError: it was closed meanwhile
            self.failure = CannotWrite("", error)
            raise self.failure from None


class _Errors(_Stream):
    """Standard error: what it does not take is dropped, and the status says the rest."""

    kept = "\n\t\r"  # a progress bar goes back to the start of its line

    def write(self, text: str) -> int:
        try:
            self._put(text)
            self.flush()
        except (OSError, ValueError):
            pass
        return len(text)

    def flush(self) -> None:
        try:
            if self._stream is not None:
                self._stream.flush()
        except (OSError, ValueError):
            pass


def _line(error: BaseException, language: str, foreseen: tuple[type[Exception], ...]) -> str:
    """What is said about why something was not done."""
    if isinstance(error, foreseen):
        return printable(str(error))
    say = catalogue(language)
    if isinstance(error, KeyboardInterrupt):
        return say("interrupted")
    if isinstance(error, CannotWrite):
        return say("not_written", file=printable(error.file) or say("standard_output"), reason=error.reason)
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else "?"
    fault = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return say("internal_error", fault=printable(fault)[:500], place=printable(place))


# --- a process of its own ---------------------------------------------------------------------------------------------

_stopped = threading.Event()
"""Set by the signal: code in between may turn the exception into another, as numpy does while it is imported."""
_over = threading.Event()
"""Set when the status is decided: a signal that arrives after that is ignored."""
_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def _own_process() -> None:
    """See that every way in which this process can end is reported."""
    for stream in (0, 1, 2):
        try:
            os.fstat(stream)
        except OSError:  # else the next file that is opened would be taken for it
            os.open(os.devnull, os.O_RDWR)
    for number in _ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:  # as by `nohup`, or in a shell's background
            signal.signal(number, _stop)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)  # some may be pending
    sys.unraisablehook = lambda fault: _remark(fault.exc_type, fault.exc_value)
    threading.excepthook = lambda fault: _remark(fault.exc_type, fault.exc_value)


def _stop(number: int, frame: FrameType | None) -> None:
    if _over.is_set():
        return
    _stopped.set()
    if hasattr(signal, "setitimer"):  # else code that catches it as an exception of its own would go on
        signal.signal(signal.SIGALRM, _stop)
        signal.setitimer(signal.ITIMER_REAL, AGAIN)
    raise Stopped


def _remark(kind: type[BaseException], error: BaseException | None) -> None:
    """An exception that no code can catch, in a line."""
    if not issubclass(kind, KeyboardInterrupt | CannotWrite):
        sys.stderr.write(f"note: {printable(f'{kind.__name__}: {error}')}\n")


def _ignore_signals() -> None:
    _over.set()
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)


def _let_go(interrupted: bool) -> None:
    """Flush the streams, and see that nothing is interrupted while the interpreter ends."""
    _ignore_signals()
    for stream, number in ((sys.__stdout__, 1), (sys.__stderr__, 2)):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, number)
            os.close(nowhere)
    if interrupted:
        # Python would wait for threads that still grade, and no signal could end that.
        os._exit(NOT_DONE)
