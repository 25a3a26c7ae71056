"""What runs inside the student's process: the executor behind a socket.

A request is a number, the size of an answer that is expected (`Allowance`), and one or more operations,
`[number, size, [operation, arguments], ...]`, done in this order up to the first that fails. To each call, read and
reset there is a reply as soon as it is done, with its number, one more than that of the one before, and the value; or
the error of what failed, and no more. In the middle of a call there may be questions back, for what a function of the
check's gives: the number, which function, its arguments; the answer is its value.

Started with a clean interpreter that has numpy and msgpack and nothing else of use. It holds the student's package and
no answer; everything that it says is checked on the other side.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import socket
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from checks.executor.errors import StudentError
from checks.executor.executor import Executor, FunctionError
from checks.executor.substituted import Substituted
from checks.executor.values import LONGEST_NAME, Callback

from .idle import IDLE, Idle
from .wire import QUESTION, Channel, Closed, WireError

HANDED_OUT, STAND_INS = "handed_out", "stand_ins.py"
"""In the kit's folder: the modules that stand-ins take the place in, as they were handed out, and the stand-ins."""
_ANSWERED = frozenset({"call", "read", "reset"})
MOST_MISSING = 20
"""Names of modules that are said to be missing."""


def main(submission: str) -> None:
    """Serve requests from the socket that is standard input until it closes."""
    channel = Channel(take_over_standard_input(), QUESTION)
    missing: _MissingModules | None = None
    executor: Executor | None = None
    while True:
        try:
            request = channel.receive()
        except Closed:
            return
        if executor is None or missing is None:
            # Not sooner: until it is asked something, the submission may still be on its way.
            [folder] = Path(submission).iterdir()
            missing = _MissingModules(folder.name)
            sys.meta_path.append(missing)
            _load_package(folder)
            executor = Executor(folder.name)
        number, size, *operations = request
        if operations[0][0] == "substitute":
            executor = _substituted(folder.name, *operations.pop(0)[1])
        try:
            for operation, arguments in operations:
                if operation == "expect":
                    (size,) = arguments
                    continue
                executor.ask_back = partial(_ask_back, channel, number)
                executor.expect(size)
                value = _perform(executor, operation, arguments)
                if operation in _ANSWERED:
                    _reply(channel, number, missing.names, value=value)
                    number += 1
        except StudentError as error:
            lines = [[line.file, line.number, line.code, line.function] for line in error.lines]
            told = [error.kind, error.type, error.message, lines, list(error.types)]
            _reply(channel, number, missing.names, error=told)


def _reply(channel: Channel, number: int, missing: Sequence[str], **what: Any) -> None:
    """Send a reply.

    Raises:
        StudentError: it holds what cannot be sent.
    """
    try:
        channel.send({"number": number, **what, "missing": missing})
    except WireError as error:
        raise StudentError("result", "", str(error)) from None


def _ask_back(channel: Channel, number: int, callback: Callback, args: Sequence[Any]) -> Any:
    """What a function of the check's gives, which is asked in the middle of a call."""
    channel.send({"number": number, "callback": callback.number, "args": list(args)})
    kind, value = channel.receive()
    if kind == "raised":
        raise FunctionError(value)
    return value


def _substituted(package: str, modules: Sequence[str]) -> Executor:
    """The package with stand-ins in it; what it takes was laid beside the kit."""
    kit = Path(sys.path[0])
    handed_out = {module: kit / HANDED_OUT / f"{module}.py" for module in modules}
    return Substituted(package, handed_out, kit / STAND_INS)


def _perform(executor: Executor, operation: str, arguments: Sequence[Any]) -> Any:
    if operation == "call":
        reply = executor.call(*arguments)
        return [list(reply.values), list(reply.changed)]
    if operation in {"mapping", "hold", "read", "update", "exchange", "reset"}:
        return getattr(executor, operation)(*arguments)
    raise WireError(f"no operation {operation}")


def take_over_standard_input() -> socket.socket:
    """The socket on descriptor 0, moved away; student code finds an empty input and an output that goes nowhere."""
    end = socket.socket(fileno=os.dup(0))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    return end


def _load_package(folder: Path) -> None:
    """Put the submission's package, and no other of that name, where an import of its name finds it.

    A reference that somebody installed is never found: the name is taken from here, not from the path.
    """
    spec = importlib.util.spec_from_file_location(
        folder.name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[folder.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception:
        # The package's own file is given and empty of imports; a submission cannot make it fail.
        del sys.modules[folder.name]
        raise


class _MissingModules:
    """Lets an import of a module that is not installed pass, and fails where it is used.

    It has no base in `importlib.abc`, which would bring `tempfile` and ten others to each start of a worker.

    An unused `import torch` at the top of a file is a remark, not a reason to score nothing. What only shows something
    does nothing (`idle`).
    """

    def __init__(self, package: str) -> None:
        self._package = package
        """The student's, where nothing is let pass that is missing."""
        self.names: list[str] = []
        """The first of them."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        root = fullname.partition(".")[0]
        installed_parent = root in sys.modules and not isinstance(sys.modules[root], _Absent | Idle)
        if root == self._package or root in sys.stdlib_module_names or installed_parent:
            return None
        if not _imported_from(self._package):
            return None
        if (name := root[:LONGEST_NAME]) not in self.names and len(self.names) < MOST_MISSING:
            self.names.append(name)
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return (Idle if spec.name.partition(".")[0] in IDLE else _Absent)(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


class _Absent(ModuleType):
    """Stands for a module that is not installed, and for anything imported from it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Absent(f"{self.__name__}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise ModuleNotFoundError(f"No module named {self.__name__.partition('.')[0]!r}")


def _imported_from(package: str) -> bool:
    """True if the nearest frame outside the import system is a module of this package."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name != __name__ and not name.startswith("importlib") and not name.startswith("_frozen_importlib"):
            return str(name).partition(".")[0] == package
        frame = frame.f_back  # type: ignore[assignment]
    return False
