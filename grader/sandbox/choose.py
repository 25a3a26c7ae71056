"""Which sandbox this machine gives: found by trying, and remembered until the machine starts again.

    launcher = choose()

bubblewrap first, then Landlock with seccomp, then none: without a sandbox nothing is graded unless somebody says so.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

from ..course import OWN, Course
from ..errors import GraderError
from ..files import write_whole
from ..worker.landlock import version
from .launch import Launcher, PlainLauncher, notebook_python, worker_python
from .launchers import BubblewrapLauncher, LandlockLauncher, bubblewraps
from .layout import Layout, layout_of
from .warm import CHILDREN, WarmLauncher, Zygotes

Sandbox = BubblewrapLauncher | LandlockLauncher

NAMES = ("bwrap", "landlock")
SANDBOX_VARIABLE = "GRADER_SANDBOX"
"""Names the one sandbox that may be used."""
UNSAFE_VARIABLE = "GRADER_UNSAFE"
"""`1` grades without a sandbox, which every result then says."""

_lock = threading.Lock()
_chosen: dict[str, Sandbox] = {}


def choose(name: str | None = None, *, unsafe: bool = False, course: Course = OWN) -> Launcher:
    """The sandbox to grade in.

    Args:
        name: one of `NAMES`, to use that one or none; if None, what `GRADER_SANDBOX` names, else the best there is.
        unsafe: grade without a sandbox, as `GRADER_UNSAFE=1` does.
        course: whose environment student code runs in.

    Raises:
        GraderError: there is none here, or its self-test failed.
    """
    if unsafe or (name is None and os.environ.get(UNSAFE_VARIABLE) == "1"):
        return PlainLauncher(worker_python(course))
    name = name or os.environ.get(SANDBOX_VARIABLE) or None
    if name is not None and name not in NAMES:
        raise GraderError(f"{name}: no such sandbox (there are: {', '.join(NAMES)}). Next: check the spelling.")
    python = worker_python(course)
    with _lock:
        key = _key(name, python)
        if key not in _chosen:
            known = _remembered(key)
            _chosen[key] = known or _try_all(name, python)
            if known is None:
                _remember(key, _to_json(_chosen[key]))
        return _chosen[key]


def for_notebooks(launcher: Launcher, seconds: int, data: Iterable[Path] = (), course: Course = OWN) -> Launcher:
    """The same sandbox around the environment that a notebook needs, with room for its data.

    Args:
        launcher: what `choose` gave, or `warmed_for_notebooks`, which stays as it is.
        seconds: processor time of one notebook.
        data: files and folders that the notebook may read besides its own.
        course: whose environment it is.

    Raises:
        GraderError: that environment is missing, or the launcher runs no notebooks.
    """
    python = notebook_python(course)
    if isinstance(launcher, PlainLauncher):
        return replace(launcher, python=python, worker="notebook")
    if isinstance(launcher, WarmLauncher):
        if launcher.fresh.worker == "notebook":
            return launcher
        launcher = launcher.fresh
    if not isinstance(launcher, BubblewrapLauncher | LandlockLauncher):
        raise GraderError(f"{launcher.name}: no notebook is run in it. Next: pass one of {', '.join(NAMES)}.")
    layout = _layout(python, python.parent.parent.joinpath("pyvenv.cfg").stat().st_mtime_ns)
    layout = replace(layout, read=(*layout.read, *map(str, data)))
    bounds = launcher.lock.limits
    limits = bounds and replace(bounds, memory=_NOTEBOOK_MEMORY, cpu=seconds)
    return replace(launcher, layout=layout, lock=replace(launcher.lock, limits=limits), worker="notebook")


_NOTEBOOK_MEMORY = 3 * 2**30
"""Bytes: CIFAR-10 as 32-bit floats takes 600 MB, and notebooks like to keep a copy or two."""


@cache
def _layout(python: Path, _changed: int) -> Layout:
    return layout_of(python)


@contextlib.contextmanager
def warmed(launcher: Launcher, children: int = CHILDREN) -> Iterator[Launcher]:
    """The same sandbox with workers that begin warm, where that can be had and holds; else the launcher itself.

    Args:
        launcher: what `choose` gave.
        children: how many are forked from one process.
    """
    if not isinstance(launcher, LandlockLauncher | BubblewrapLauncher):
        yield launcher
        return
    with contextlib.closing(Zygotes(launcher, children)) as zygotes:
        warm = WarmLauncher(launcher, zygotes)
        yield warm if _holds(warm) else launcher


@contextlib.contextmanager
def warmed_at_once(launcher: Launcher) -> Iterator[Launcher]:
    """As `warmed`, for one submission: it is begun and not waited for, and whether it holds is remembered.

    Args:
        launcher: what `choose` gave.
    """
    if not isinstance(launcher, LandlockLauncher | BubblewrapLauncher):
        yield launcher
        return
    parts = (_key(launcher.name, Path(launcher.layout.python)), "forked", launcher)
    key = hashlib.sha256(repr(parts).encode()).hexdigest()
    holds = _found(key)
    if holds is False:
        yield launcher
        return
    with contextlib.closing(Zygotes(launcher)) as zygotes:
        zygotes.begin()
        warm = WarmLauncher(launcher, zygotes)
        if holds is None:
            holds = _holds(warm)
            _remember(key, holds)
        yield warm if holds else launcher


@contextlib.contextmanager
def warmed_for_notebooks(
    launcher: Launcher, seconds: int, data: Iterable[Path] = (), course: Course = OWN
) -> Iterator[Launcher]:
    """What `for_notebooks` gives, with workers that begin warm where those for verdicts do: the walls are the same."""
    fresh = for_notebooks(launcher, seconds, data, course)
    if not isinstance(launcher, WarmLauncher) or not isinstance(fresh, LandlockLauncher | BubblewrapLauncher):
        yield fresh
        return
    with contextlib.closing(Zygotes(fresh)) as zygotes:
        yield WarmLauncher(fresh, zygotes)


def _holds(launcher: WarmLauncher) -> bool:
    """Whether a child was forked, tried to get out and could not."""
    from .selftest import escapes  # numpy, which is not needed where the choice is remembered

    try:
        return not escapes(launcher) and launcher.zygotes.forked > 0
    except (GraderError, OSError):  # a full disk, for instance, which the launcher itself says
        return False


def add_sandbox_options(parser: argparse.ArgumentParser) -> None:
    """Add `--sandbox` and `--unsafe` to a command that grades."""
    parser.add_argument("--sandbox", choices=NAMES, help="use this sandbox, and no other (default: the best there is)")
    parser.add_argument("--unsafe", action="store_true", help="grade without a sandbox; every result says so")


def _try_all(name: str | None, python: Path) -> Sandbox:
    """The first sandbox that starts and holds.

    Raises:
        GraderError: there is none, with what was tried.
    """
    if not sys.platform.startswith("linux"):
        raise _refusal([f"{sys.platform} has neither bubblewrap nor Landlock"], "grade on Linux or in a container")
    from .selftest import escapes  # numpy, which is not needed where the choice is remembered

    layout = layout_of(python)
    tried: list[str] = []
    for found in _candidates(name, layout, tried.append):
        try:
            worked = escapes(found)
        except GraderError as error:
            tried.append(f"{found.name}: {error}")
            continue
        if not worked:
            return found
        tried.append(f"{found.name}: student code can {', '.join(worked)}")
    raise _refusal(tried, "install bubblewrap (apt install bubblewrap), or use a kernel with Landlock (5.13 or newer)")


def _candidates(name: str | None, layout: Layout, tell: Callable[[str], None]) -> Iterable[Sandbox]:
    if name in (None, "bwrap"):
        found = bubblewraps(layout)
        if not found:
            tell("bwrap: not installed")
        yield from found
    if name in (None, "landlock"):
        if version() < 1:
            tell("landlock: this kernel has none")
        else:
            yield LandlockLauncher(layout)


def _refusal(tried: Iterable[str], remedy: str) -> GraderError:
    reasons = "; ".join(" ".join(reason.split())[:300] for reason in tried)
    return GraderError(
        f"no sandbox here, so nothing is graded ({reasons}). Next: {remedy}, or pass --unsafe to grade without one."
    )


def _key(name: str | None, python: Path) -> str:
    """What a choice depends on, apart from the time since the machine started."""
    parts: list[object] = [name, os.geteuid(), python, python.resolve(), os.environ.get("PATH"), os.uname().release]
    for namespace in ("mnt", "user", "net"):
        with contextlib.suppress(OSError):
            parts.append(os.stat(f"/proc/self/ns/{namespace}").st_ino)  # noqa: PTH116 - a link that leads to no path
    environment = python.parent.parent / "pyvenv.cfg"
    bubblewrap = Path(shutil.which("bwrap") or "no bwrap")
    for path in (*_walls(), environment, bubblewrap):
        with contextlib.suppress(OSError):
            parts.append(path.stat().st_mtime_ns)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _walls() -> list[Path]:
    """The kit's code that a sandbox is made of, from outside and from inside."""
    here = Path(__file__).parent
    return sorted([*here.glob("*.py"), *(here.parent / "worker").glob("*.py")])


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "funkcije-grader" / "sandbox.json"


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _remembered(key: str) -> Sandbox | None:
    with contextlib.suppress(KeyError, TypeError, ValueError):
        found = _found(key)
        return None if found is None else _from_json(found)
    return None


def _found(key: str) -> Any:
    """What was found out since the machine started; None if nothing was, or somebody else could have written it."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        path = _cache()
        if path.stat().st_uid != os.geteuid() or path.stat().st_mode & 0o022:
            return None
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["boot"] == _boot():
            return data["found"][key]
    return None


def _remember(key: str, found: Any) -> None:
    # Where nothing can be kept, the self-test runs each time.
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RuntimeError):
        path = _cache()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        boot = _boot()
        known: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError, KeyError):
            data = json.loads(path.read_text(encoding="utf-8"))
            known = data["found"] if data["boot"] == boot else {}
        if key in known:
            return
        write_whole(path, json.dumps({"boot": boot, "found": known | {key: found}}).encode())


def _to_json(found: Sandbox) -> dict[str, Any]:
    data: dict[str, Any] = {"name": found.name, "layout": asdict(found.layout)}
    if isinstance(found, BubblewrapLauncher):
        data["way"] = [found.program, found.user_namespace, found.perms, found.scratch]
    return data


def _from_json(data: dict[str, Any]) -> Sandbox:
    layout = data["layout"]
    links, read, excluded = (tuple(layout[part]) for part in ("links", "read", "excluded"))
    its = Layout(layout["python"], links, read, excluded)
    return BubblewrapLauncher(its, *data["way"]) if data["name"] == "bwrap" else LandlockLauncher(its)
