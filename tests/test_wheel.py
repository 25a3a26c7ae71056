"""The kit as a wheel: what it carries, and a course of one's own with nothing of the repository at hand."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import pytest

from checks import FRAMEWORK

ROOT = Path(__file__).resolve().parent.parent
NAME = "quadrature"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kit's wheel, built from a copy: what an earlier build left in the checkout goes into none."""
    folder = tmp_path_factory.mktemp("wheel")
    sources = folder / "sources"
    for name in ("grader", "checks", "funkcije", "bin"):
        shutil.copytree(ROOT / name, sources / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, sources)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "-w", str(folder), "."], cwd=sources, check=True)
    [built] = folder.glob("*.whl")
    return built


def test_the_wheel_carries_the_kit_and_nothing_of_its_own_course(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {path for path in (ROOT / "grader").rglob("*") if path.is_file() and path.suffix != ".pyc"}
    for folder in (ROOT / "checks", *(ROOT / "checks" / name for name in FRAMEWORK)):
        modules |= {path for path in folder.iterdir() if path.suffix in {".py", ".toml"}}
    wanted = {path.relative_to(ROOT).as_posix() for path in modules}
    carried = {name for name in names if not re.match(r"funkcije_grader-[\d.]+\.(data|dist-info)/", name)}
    assert carried == wanted
    assert any(name.endswith("/scripts/grader") for name in names)


class Machine:
    """A folder with an environment that has the kit installed, and a course beside it; nothing else is known there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.course = folder, folder / "numerics"
        self.bin = folder / "kit" / "bin"
        self.said = ""

    def run(self, *command: str | Path, status: int = 0, **variables: str) -> str:
        """Type a command in the course, or beside it before it is there, and return what it printed."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GRADER_", "VIRTUAL"))
        }
        where = self.course if self.course.is_dir() else self.folder
        environment = {**kept, "PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1", **variables}
        done = subprocess.run([*command], cwd=where, env=environment, capture_output=True, text=True)
        self.said += done.stdout + done.stderr
        assert done.returncode == status, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def begin(self) -> None:
        """Have a course there, whichever test comes first."""
        if not self.course.is_dir():
            self.grader("init", self.course.name, "--package", "numerika", "--language", "en")

    def grader(self, *arguments: str | Path, status: int = 0, **variables: str) -> str:
        """Type a command of the kit's."""
        return self.run(self.bin / "grader", *arguments, status=status, **variables)


@pytest.fixture(scope="module")
def machine(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """An empty environment on a path with a space, into which the wheel and what it needs was installed."""
    made = Machine(tmp_path_factory.mktemp("on a machine"))
    subprocess.run([sys.executable, "-I", "-m", "venv", made.bin.parent], check=True)
    python, pinned = made.bin / "python", ["--constraints", str(ROOT / "locks" / "kit.txt")]
    uv = [Path(sys.executable).with_name("uv"), "pip", "install", "--quiet", "--offline", "--python", python]
    # What `make setup` has downloaded is at hand; where it is not, pip fetches it.
    if subprocess.run([*uv, wheel, *pinned], capture_output=True).returncode:
        made.run(python, "-m", "pip", "install", "--quiet", wheel)
    return made


def typed_on_the_page() -> list[tuple[str, str]]:
    """What `docs/authoring.md` types on the way from an empty folder, and a pattern of what it says that is printed."""
    page = (ROOT / "docs" / "authoring.md").read_text(encoding="utf-8")
    section = page.partition("## From an empty folder\n")[2].partition("\n**What lies where.**")[0]
    found: list[tuple[str, str]] = []
    for line in section.splitlines():
        if line.startswith("    $ "):
            found.append((line[6:], ""))
        elif line.startswith("    "):
            command, printed = found[-1]
            said = r"(?:.*\n)*" if line.strip() == "..." else re.escape(line[4:]) + r" *\n"
            found[-1] = command, printed + said
        elif found and not line:
            found[-1] = found[-1][0], found[-1][1] + "\n?"
    return found


@pytest.mark.full
def test_an_empty_folder_and_the_wheel_come_to_a_graded_submission(machine: Machine) -> None:
    site = machine.run(machine.bin / "python", "-c", "import checks, grader; print(checks.__file__, grader.__file__)")
    assert site.count(str(machine.bin.parent)) == 2
    paths = [path.read_text() for path in machine.bin.parent.rglob("*.pth")]
    assert not any(str(ROOT) in text for text in paths), "a path file to another environment is no installation"

    for command, printed in typed_on_the_page():
        if not command.startswith(("python3 -m venv", "kit/bin/pip", "export", "cd ")):
            status = 1 if command.startswith("grader check release") else 0
            out = machine.run("/bin/bash", "-c", command, status=status, PATH=f"{machine.bin}:{os.defpath}")
            assert re.fullmatch(printed, out), f"{command}\n{out}"
    assert {".venv-worker", ".venv-notebook"} < {path.name for path in machine.course.iterdir()}
    assert "is as its lock says" in machine.grader("setup")
    assert "2 of 2 points" in machine.grader("check", f"solutions/{NAME}")

    shutil.copytree(machine.course / "release" / NAME, machine.course / "submitted" / "ivo" / NAME)
    table = machine.grader("grade", NAME)
    assert re.search(r"^ana +2 +2$", table, re.MULTILINE) and re.search(r"^ivo +0 +0$", table, re.MULTILINE)
    assert "2 graded" in machine.grader("status", NAME)
    assert "self-test  holds" in machine.grader("doctor", "--quick")
    machine.run("/bin/bash", ".ci/run", PATH=f"{machine.bin}:{os.defpath}")
    assert str(ROOT) not in machine.said


@pytest.mark.full
def test_formgrader_runs_on_the_course(machine: Machine, tmp_path: Path) -> None:
    machine.begin()
    log = tmp_path / "log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment = {**kept, "PATH": os.defpath, "BROWSER": "/bin/true", "JUPYTER_RUNTIME_DIR": str(tmp_path)}
    with log.open("w") as out:
        lab = subprocess.Popen(
            [machine.bin / "grader", "lab"], cwd=machine.course, env=environment, stdout=out, stderr=out
        )
    try:
        listed = ""
        for _ in range(600):
            time.sleep(0.1)  # until it has said where it listens, and does
            if address := re.search(r"(http://127\.0\.0\.1:\d+)/lab\?token=(\w+)", log.read_text()):
                with contextlib.suppress(urllib.error.URLError):
                    with urllib.request.urlopen(
                        f"{address[1]}/formgrader/api/assignments?token={address[2]}"
                    ) as answer:
                        listed = answer.read().decode()
                    break
        assert f'"name": "{NAME}"' in listed, log.read_text()
    finally:
        lab.terminate()
        lab.wait()


def tiny_wheel(folder: Path) -> None:
    """A distribution of one module, as an index would have it."""
    about = "tinypart-1.0.dist-info"
    with zipfile.ZipFile(folder / "tinypart-1.0-py3-none-any.whl", "w") as whole:
        whole.writestr("tinypart.py", "def doubled(x):\n    return 2 * x\n")
        whole.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: tinypart\nVersion: 1.0\n")
        whole.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        whole.writestr(f"{about}/RECORD", f"tinypart.py,,\n{about}/METADATA,,\n{about}/WHEEL,,\n{about}/RECORD,,\n")


@pytest.mark.full
def test_what_a_course_adds_is_locked_and_may_be_imported_and_a_folder_of_wheels_will_do(machine: Machine) -> None:
    machine.begin()
    wheels, python = machine.folder / "wheels", machine.bin / "python"
    lock = ROOT / "grader" / "locks" / "notebook.txt"
    machine.run(python, "-m", "pip", "download", "--quiet", "--require-hashes", "-r", lock, "-d", wheels)
    tiny_wheel(wheels)
    settings = machine.course / "course.toml"
    settings.write_text(settings.read_text() + 'environment = "requirements.txt"\n')
    (machine.course / "requirements.txt").write_text("tinypart>=1\n")
    said = machine.grader("setup", "--wheels", wheels, PIP_NO_INDEX="1")
    assert "Resolving locks/worker.txt from requirements.txt" in said and "which lacks tinypart. Next: " in said
    for name in ("worker.txt", "notebook.txt"):
        assert re.search(r"^tinypart==1\.0 --hash=sha256:\w{64}$", (machine.course / "locks" / name).read_text(), re.M)
    machine.run(python, "-m", "pip", "install", "--quiet", "--no-index", "--find-links", wheels, "tinypart")
    assert "is as its lock says" in machine.grader("setup", "--wheels", wheels, PIP_NO_INDEX="1")

    module = machine.course / "numerika" / NAME
    text = module.with_suffix(".py").read_text()
    text = text.replace("\n\n\ndef ", "\n\nfrom tinypart import doubled\n\n\ndef ")
    module.with_suffix(".py").write_text(text.replace("h * (", "doubled(h) / 2 * ("))
    machine.grader("release", NAME, "--no-execute")
    assert "2 of 2 points" in machine.grader("check", f"solutions/{NAME}")
    assert "tinypart>=1" in (machine.course / "release" / NAME / "requirements.txt").read_text()


@pytest.mark.full
def test_a_source_notebooks_check_says_that_nothing_is_recorded_yet(machine: Machine) -> None:
    machine.begin()
    code = "import sys; sys.path.insert(0, '.'); from checks import check; print(check('trapezoid'))"
    assert "There are no recorded answers here" in machine.run(machine.bin / "python", "-c", code, FUNKCIJE_LANG="en")
