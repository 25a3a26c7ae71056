"""Loads what has changed in the files of this package into a running notebook, before each cell that runs.

    from funkcije.lab.reloading import load_changes_before_each_cell
    load_changes_before_each_cell()

Functions and classes that are there already do from then on what the new text says, wherever the notebook has them.
What cannot be loaded leaves everything as it was, and is said in one line. IPython's own `%autoreload` shows pages of
its insides for that, gives errors wrong line numbers, and does not run in every IPython under Python 3.12.
"""

import re
import sys
import traceback
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from ..messages import tell

PACKAGE = __package__.partition(".")[0]

_files: dict[str, tuple[int, int]] = {}
"""Time and size of each module's file as it was when the module was loaded last, or tried."""
_problem = ""
"""Why the changes could not be loaded, until they can."""
_watching = False


def load_changes_before_each_cell() -> None:
    """From now on each cell of this notebook runs with the package as it is saved; nothing happens outside one."""
    global _watching
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return
    shell = get_ipython()
    _note_files()
    if shell is not None and not _watching:
        _watching = True
        shell.events.register("pre_run_cell", _before_cell)
        shell.events.register("post_run_cell", _after_cell)


def is_watching() -> bool:
    """Whether changes are loaded before each cell."""
    return _watching


def load_changes() -> str:
    """Load what has changed since it was loaded last; why that could not be done, or nothing."""
    global _problem
    changed = {name: module for name, module in _modules().items() if _stamp(module) != _files.get(name)}
    while changed:
        problems = {name: _load(module) for name, module in changed.items()}
        _files.update({name: _stamp(module) for name, module in changed.items()})
        _problem = next(filter(None, problems.values()), "")
        # One that takes something from another that changed as well is loaded once that one is.
        failed = {name: changed[name] for name, problem in problems.items() if problem}
        changed = failed if len(failed) < len(changed) else {}
    return _problem


def _before_cell(*_: object) -> None:
    if problem := load_changes():
        print(problem)


def _after_cell(*_: object) -> None:
    _note_files()


def _note_files() -> None:
    """Remember the files of the modules that are new."""
    for name, module in _modules().items():
        _files.setdefault(name, _stamp(module))


def _modules() -> dict[str, ModuleType]:
    """The loaded modules of this package, in the order in which they were loaded; this one stays as it is."""
    inside = f"{PACKAGE}."
    return {
        name: module
        for name, module in list(sys.modules.items())
        if (name == PACKAGE or name.startswith(inside)) and name != __name__ and getattr(module, "__file__", None)
    }


def _stamp(module: ModuleType) -> tuple[int, int]:
    try:
        stat = Path(str(module.__file__)).stat()
    except OSError:
        return (0, 0)
    return (stat.st_mtime_ns, stat.st_size)


def _load(module: ModuleType) -> str:
    """Run the module's file again and let what is there do what it says; why it cannot be, or nothing."""
    space = vars(module)
    before = dict(space)
    try:
        code = compile(Path(str(module.__file__)).read_bytes(), str(module.__file__), "exec", dont_inherit=True)
        for name in [name for name, value in before.items() if not _stays(name, value)]:
            del space[name]
        exec(code, space)
    except Exception as error:
        space.clear()
        space.update(before)
        return tell("not_reloaded", error=_in_words(error))
    for name, old in before.items():
        if name in space:
            space[name] = _taken_over(old, space[name], module.__name__)
    new = {name: value for name, value in space.items() if name not in before and not name.startswith("_")}
    for other in _modules().values():
        if new and _takes_all_of(other, module):
            vars(other).update({name: value for name, value in new.items() if name not in vars(other)})
    return ""


def _stays(name: str, value: object) -> bool:
    """What a module has that does not come from its own text."""
    return (name.startswith("__") and name.endswith("__")) or isinstance(value, ModuleType)


def _taken_over(old: Any, new: Any, module: str) -> Any:
    """The old function or class, doing what the new one does, so that whoever has it has the new one."""
    own = all(getattr(one, "__module__", None) == module for one in (old, new))
    if old is new or not own or type(old) is not type(new):
        return new
    if isinstance(old, FunctionType):
        # What a function holds of another that made it stays with it; `super()` needs the class that is there.
        free = new.__code__.co_freevars
        if old.__code__.co_freevars != free or {*free} - {"__class__"}:
            return new
        for part in ("__code__", "__defaults__", "__kwdefaults__", "__doc__", "__annotations__"):
            setattr(old, part, getattr(new, part))
        vars(old).clear()
        vars(old).update(vars(new))
        return old
    if isinstance(old, type):
        try:
            _take_over_members(old, new, module)
        except (TypeError, AttributeError):  # a class that does not let itself be changed
            return new
        return old
    return new


def _take_over_members(old: type, new: type, module: str) -> None:
    own = ("__dict__", "__weakref__")
    for name, member in list(vars(new).items()):
        if name not in own:
            before = vars(old).get(name)
            setattr(old, name, _taken_over(before, member, module) if isinstance(before, FunctionType) else member)
    for name in [name for name in vars(old) if name not in vars(new) and name not in own]:
        delattr(old, name)


def _takes_all_of(other: ModuleType, module: ModuleType) -> bool:
    """Whether a module has a line `from .module import *`."""
    name = module.__name__.rpartition(".")[2]
    try:
        text = Path(str(other.__file__)).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return re.search(rf"^\s*from\s+[\w.]*\b{name}\s+import\s+\*", text, re.MULTILINE) is not None


def _in_words(error: Exception) -> str:
    """An error in a line, with its place in this package."""
    if isinstance(error, SyntaxError):
        return f"{Path(error.filename or '?').name}, {error.lineno}: {type(error).__name__}: {error.msg}"
    lines = [line for line in traceback.extract_tb(error.__traceback__) if Path(line.filename).parts[-2:-1] != ("lab",)]
    place = f"{Path(lines[-1].filename).name}, {lines[-1].lineno}: " if lines else ""
    return f"{place}{type(error).__name__}: {error}"
