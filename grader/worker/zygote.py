"""A warm worker: it has imported all that a worker needs, and forks a child for each submission.

    order = serve(parent)  # comes back in the children alone

It is started by a clean `execve`. For each child it gets two descriptors over its socket: the child's own socket and a
pipe with the child's order. It reads neither. The child does, after it has let go of everything else, and then locks
itself as a fresh worker does, before it reads a byte that a student wrote. So nothing of a submission, not even the
name of its folder, was ever in the memory that the next child begins with.

It says what became of each child, with its processor time, and ends with whoever started it; its children, with it.

This file runs beside student code: Python alone, and nothing else of the kit but its neighbours.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import random
import select
import signal
import socket
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from .lock import die_with
from .room import Room

RETIRE = b"retire"
"""Asks it to end after its last child; the end of its socket ends it, and them, at once."""
FORK = b"fork"
"""Asks for a child; two descriptors go with it, or a third for what it says before it is locked."""
LARGEST_MESSAGE = 4096


@dataclass(frozen=True)
class Order:
    """What one child is to do."""

    kit: str
    """The folder of the kit in its stage, and nobody else's."""
    submission: str
    lock: str
    """See `Lock.text`."""
    room: Room | None = None
    """Where `kit` and `submission` are; None where there are no namespaces around it."""

    def text(self) -> str:
        """The order, as it goes through the pipe."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: bytes) -> Order:
        """The inverse of `text`."""
        data = json.loads(text)
        room = data.pop("room")
        if room:
            bound, excluded, devices = (tuple(room.pop(name)) for name in ("bound", "excluded", "devices"))
            links = tuple(map(tuple, room.pop("links")))
            room = Room(bound=bound, links=links, excluded=excluded, devices=devices, **room)
        return cls(room=room, **data)


def serve(parent: int) -> Order:
    """Fork a child for each one that is asked for; return in the child.

    Args:
        parent: the process that this one ends with.

    Raises:
        OSError: something that it needs is missing, or it has more than one thread.
    """
    # Here, since the trusted side reads this file where it needs no numpy, and on systems that have no `resource`.
    import resource  # noqa: F401 - for the children, as is the next

    from numpy import random as _  # noqa: F401

    die_with(parent)
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        raise OSError("a process with threads cannot fork")
    control = _control()
    # What is there now stays: its pages are shared for longer if no collection goes through them.
    gc.collect()
    gc.freeze()
    order = _Zygote(control, _packages()).serve()
    if order is None:
        os._exit(0)  # it holds nothing that is to be written, and Python takes its time to end
    return order


def _control() -> socket.socket:
    """The socket on descriptor 0, moved away, so that descriptor 0 leads nowhere."""
    control = socket.socket(fileno=os.dup(0))
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    return control


@dataclass
class _Zygote:
    control: socket.socket
    packages: list[ModuleType]
    """The kit's own, which a child finds in its own kit."""
    children: dict[int, int] = field(default_factory=dict)
    """Their numbers, by the descriptors that say when they end."""
    retired: bool = False

    def serve(self) -> Order | None:
        """What a child is to do, in the child; None, in the parent, at the end."""
        polled = select.poll()
        polled.register(self.control, select.POLLIN)
        self._say({"ready": os.getpid()})
        while True:
            for descriptor, _ in polled.poll():
                if descriptor in self.children:
                    polled.unregister(descriptor)
                    self._bury(descriptor)
                    continue
                asked, given, _, _ = socket.recv_fds(self.control, LARGEST_MESSAGE, 3)
                if not asked:
                    return None
                if asked == RETIRE:
                    self.retired = True
                    continue
                try:
                    parent = os.getpid()
                    child = os.fork()
                except OSError as error:
                    child = -1
                    self._say({"failed": str(error)})
                if child == 0:
                    return _begin(self.control, self.packages, parent, *given)
                for one in given:
                    os.close(one)
                if child > 0:
                    polled.register(self._note(child), select.POLLIN)
            if self.retired and not self.children:
                return None

    def _note(self, child: int) -> int:
        """A descriptor of the child, which whoever asked for it gets, too."""
        descriptor = os.pidfd_open(child)
        self.children[descriptor] = child
        socket.send_fds(self.control, [_text({"forked": child})], [descriptor])
        return descriptor

    def _bury(self, descriptor: int) -> None:
        child = self.children.pop(descriptor)
        os.close(descriptor)
        # Until it is waited for, the number of its group is nobody else's.
        with contextlib.suppress(OSError):
            os.killpg(child, signal.SIGKILL)
        _, status, used = os.wait4(child, 0)
        code = os.waitstatus_to_exitcode(status)
        self._say({"ended": child, "code": code, "seconds": used.ru_utime + used.ru_stime})

    def _say(self, what: dict[str, Any]) -> None:
        self.control.send(_text(what))


def _begin(
    control: socket.socket, packages: list[ModuleType], parent: int, end: int, order: int, *errors: int
) -> Order:
    """Become what a fresh worker is before it locks itself.

    Args:
        control: the zygote's socket, which is let go of first.
        packages: the kit's own.
        parent: the zygote, with which it ends.
        end: the child's own socket, which becomes its standard input.
        order: where its order is read from.
        errors: where its words go before it is locked, if anywhere.
    """
    control.close()
    die_with(parent)
    os.setsid()
    os.dup2(end, 0)
    for words in errors:
        os.dup2(words, 2)
    with os.fdopen(order, "rb") as pipe:
        read = Order.parse(pipe.read())
    # The descriptors of other children are here, too.
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    if read.room:
        read.room.enter()
    import numpy as np

    random.seed()
    np.random.seed()  # noqa: NPY002 - the generator that all share, which the zygote's children would have in common
    sys.argv[1:] = [read.kit, read.submission, read.lock]
    sys.path[0] = read.kit
    for package in packages:
        package.__path__ = ["/".join((read.kit, *package.__name__.split(".")))]
    os.chdir(read.submission)
    return read


_OWN = ("grader", "checks")
"""The packages in a stage's kit."""


def _packages() -> list[ModuleType]:
    own = [module for name, module in sys.modules.items() if name.partition(".")[0] in _OWN]
    return [module for module in own if hasattr(module, "__path__")]


def _text(what: dict[str, Any]) -> bytes:
    return json.dumps(what).encode()
