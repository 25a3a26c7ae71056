"""What students get, on systems that are not Linux, as far as Linux can show it; and on other Pythons and numpys."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import machine
import pytest
from conftest import ROOT

from grader.course import Course

ELSEWHERE = ROOT / "tests" / "elsewhere"
NAMES = Course(ROOT).assignments()
RELEASES = [*sorted(path.parent for path in (ROOT / "release").glob("*/README.md"))]

POSIX_MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
POSIX = {
    "os": {
        *("chown", "fork", "forkpty", "getegid", "geteuid", "getgid", "getloadavg", "getpgid", "getuid", "killpg"),
        *("memfd_create", "mkfifo", "nice", "pidfd_open", "sched_getaffinity", "set_blocking", "setgid", "setpgrp"),
        *("setsid", "setuid", "statvfs", "sysconf", "uname", "wait4", "waitid", "WNOHANG", "O_NOFOLLOW", "O_NONBLOCK"),
    },
    "signal": {
        *("ITIMER_REAL", "SIGALRM", "SIGCHLD", "SIGCONT", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGSTOP"),
        *("SIGUSR1", "SIGUSR2", "SIGXCPU", "alarm", "pthread_kill", "pthread_sigmask", "setitimer"),
    },
}
"""What Windows lacks."""
GUARDED = {
    ("checks/apart/clock.py", "signal.pthread_kill"): "not on Windows, which has another way",
    ("checks/command.py", "signal.pthread_sigmask"): "where it is there",
    ("checks/command.py", "signal.SIGALRM"): "where setitimer is there",
    ("checks/command.py", "signal.ITIMER_REAL"): "where setitimer is there",
    ("checks/command.py", "signal.setitimer"): "where it is there",
    ("funkcije/lab/cores.py", "os.sched_getaffinity"): "where it is there",
    ("funkcije/lab/forked.py", "signal.SIGKILL"): "on Linux alone",
    ("funkcije/lab/forked.py", "os.fork"): "on Linux alone",
}
"""Where it is used all the same, and why it may be."""


def modules(release: Path) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(release.rglob("*.py")):
        yield path.relative_to(release).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
def test_what_windows_lacks_is_used_where_it_is_guarded_and_nowhere_else(release: Path) -> None:
    found = set()
    for name, tree in modules(release):
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
                found |= {(name, one) for one in imported if one.partition(".")[0] in POSIX_MODULES}
            elif isinstance(node, ast.Attribute) and node.attr in POSIX.get(ast.unparse(node.value), ()):
                found.add((name, ast.unparse(node)))
    assert found <= GUARDED.keys()


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
def test_every_text_is_read_and_written_in_an_encoding_that_is_named(release: Path) -> None:
    unnamed = []
    for name, tree in modules(release):
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            function, named = call.func, {keyword.arg for keyword in call.keywords}
            method = function.attr if isinstance(function, ast.Attribute) else ""
            mode = "".join(str(arg.value) for arg in call.args if isinstance(arg, ast.Constant))
            into_nothing = "devnull" in ast.unparse(call)
            opens = isinstance(function, ast.Name) and function.id == "open" and "b" not in mode
            texts = method in {"read_text", "write_text"} or (
                method in {"run", "Popen", "check_output"} and {"text", "universal_newlines"} & named
            )
            if (opens or texts) and "encoding" not in named and not into_nothing:
                unnamed.append(f"{name}:{call.lineno}: {ast.unparse(call)[:80]}")
    assert unnamed == []


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
def test_every_name_and_line_ending_is_one_that_windows_and_macos_take(release: Path) -> None:
    paths = [path.relative_to(release).as_posix() for path in release.rglob("*") if "__pycache__" not in path.parts]
    assert [path for path in paths if re.search(r'[:<>"|?*\\]|[. ](/|$)', path)] == []
    reserved = r"(?i)(^|/)(con|prn|aux|nul|com\d|lpt\d)(\.|/|$)"
    assert [path for path in paths if re.search(reserved, path)] == []
    assert len({path.lower() for path in paths}) == len(paths)
    assert max(map(len, paths)) < 120  # of the 260 characters that Windows gives a whole path
    texts = [path for path in release.rglob("*") if path.suffix in {".py", ".md", ".toml", ".txt", ".ipynb", ".json"}]
    assert [path for path in texts if b"\r" in path.read_bytes()] == []


def checks(folder: Path, python: str = sys.executable, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """`python -m checks` in a folder."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | variables
    return subprocess.run(
        [python, "-m", "checks", "--json", "result.json"], cwd=folder, env=environment, capture_output=True, check=False
    )


def score(folder: Path) -> float:
    found: float = json.loads((folder / "result.json").read_text(encoding="utf-8"))["score"]
    return found


@pytest.mark.parametrize("encoding", ["cp1250", "cp437"])
def test_the_checks_run_without_what_windows_lacks_on_a_terminal_of_its_code_page_in_a_folder_with_a_letter_and_a_space(
    tmp_path: Path, encoding: str
) -> None:
    folder = tmp_path / "Moji zadaci š"
    shutil.copytree(ROOT / "release" / NAMES[0], folder, ignore=shutil.ignore_patterns("__pycache__"))
    done = checks(folder, PYTHONPATH=str(ELSEWHERE), PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert done.returncode == 1, done.stderr
    assert b"Traceback" not in done.stdout + done.stderr
    assert "bodova" in done.stdout.decode(encoding)
    assert score(folder) == 0


def test_the_explorers_and_a_check_in_the_notebook_run_without_what_windows_lacks(tmp_path: Path) -> None:
    folder = tmp_path / "vježba 1"
    shutil.copytree(ROOT / "solutions" / NAMES[0], folder, ignore=shutil.ignore_patterns("__pycache__"))
    code = (
        "import matplotlib; matplotlib.use('Agg')\n"
        "from checks import check\n"
        "from funkcije.widgets import update_rules_explorer\n"
        "check('relu_forward')\n"
        "update_rules_explorer()\n"
    )
    environment = os.environ | {"PYTHONPATH": f"{ELSEWHERE}{os.pathsep}{folder}", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, check=False)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr


def runs(python: str) -> bool:
    """Whether an interpreter is one, and not a name that leads nowhere, and can make an environment."""
    return not subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode


FOUND = [path for minor in range(11, 15) if (path := shutil.which(f"python3.{minor}"))]
PYTHONS = [path for path in FOUND if runs(path)] or [sys.executable]
OLDEST = {(3, 11): "2.0.0", (3, 12): "2.0.0", (3, 13): "2.1.0", (3, 14): "2.3.2"}
"""The first numpy for a Python."""


@pytest.mark.full
@pytest.mark.parametrize("newest", [False, True], ids=["oldest numpy", "newest numpy"])
@pytest.mark.parametrize("python", PYTHONS, ids=lambda python: Path(python).name)
def test_the_checks_say_the_same_on_every_python_and_numpy_that_can_be_had(
    tmp_path: Path, python: str, newest: bool
) -> None:
    asked = [python, "-c", "import sys; print(*sys.version_info[:2])"]
    version = tuple(map(int, subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()))
    wanted = "numpy" if newest else f"numpy=={OLDEST[version[0], version[1]]}"
    environment = tmp_path / "environment"
    subprocess.run([python, "-m", "venv", str(environment)], check=True)
    inside = str(environment / "bin" / "python")
    pip = [inside, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", wanted]
    installed = subprocess.run(pip, capture_output=True, text=True, check=False)
    if installed.returncode:
        machine.lacks(f"no {wanted} from the package index: {installed.stderr}")
    for name in NAMES:
        for place, status, points in (("release", 1, 0), ("solutions", 0, 40)):
            folder = tmp_path / place / name
            shutil.copytree(ROOT / place / name, folder, ignore=shutil.ignore_patterns("__pycache__"))
            done = checks(folder, inside)
            assert (done.returncode, score(folder)) == (status, points), done.stdout
