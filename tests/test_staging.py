"""What lies beside a submission: the kit's own modules, compiled already, and no word of where the kit lies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from grader.course import KIT
from grader.sandbox import temporary
from grader.sandbox.launch import PlainLauncher, worker_python
from grader.sandbox.ready import get_ready
from grader.sandbox.staging import INSIDE, stage_kit

LOAD = """
import sys
sys.path.insert(0, sys.argv[1])
import checks.executor.substituted, grader.worker.lock, grader.worker.main
print(*sorted(name for name in sys.modules if name.startswith(("checks.executor.", "grader.worker."))))
"""


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    stage_kit(tmp_path)
    return tmp_path / "kit"


def loaded(kit: Path) -> str:
    """Load the kit in the interpreter that student code runs in."""
    done = subprocess.run(
        [worker_python(), "-I", "-B", "-c", LOAD, kit], capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout.strip() or done.stderr


def compiled(kit: Path) -> list[Path]:
    return sorted(kit.rglob("*.pyc"))


def test_every_module_of_the_kit_is_there_as_text_and_compiled(kit: Path) -> None:
    texts = {path for folder in INSIDE for path in (KIT / folder).glob("*.py")}
    assert {path.relative_to(kit): path.read_bytes() for path in kit.rglob("*.py") if path.read_bytes()} == {
        path.relative_to(KIT): path.read_bytes() for path in texts if path.read_bytes()
    }
    stems = {path.stem for path in texts if path.read_bytes()}
    assert {path.name for path in compiled(kit)} == {f"{stem}.{sys.implementation.cache_tag}.pyc" for stem in stems}


def test_a_worker_takes_what_is_compiled_and_not_the_text(kit: Path) -> None:
    before = loaded(kit)
    assert "grader.worker.main" in before
    assert "checks.executor.executor" in before
    for path in kit.rglob("*.py"):
        if path.stem != "__init__":
            path.write_text("raise RuntimeError('this is the text')\n", encoding="utf-8")
    assert loaded(kit) == before


def test_a_worker_of_another_python_takes_the_text(kit: Path) -> None:
    before = loaded(kit)
    for path in compiled(kit):
        path.write_bytes(b"\0\0\0\0" + path.read_bytes()[4:])
    assert loaded(kit) == before
    (kit / "grader" / "worker" / "main.py").write_text("raise RuntimeError('this is the text')\n", encoding="utf-8")
    assert "this is the text" in loaded(kit)


def test_what_is_compiled_does_not_say_where_the_kit_lies(kit: Path) -> None:
    assert compiled(kit)
    assert not [path for path in compiled(kit) if str(KIT).encode() in path.read_bytes()]


def test_a_stage_lies_in_memory_unless_somebody_says_where_temporary_files_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in temporary._NAMED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(temporary, "_MEMORY", str(tmp_path))
    monkeypatch.setattr(temporary, "_ROOM", 0)
    with get_ready(PlainLauncher(worker_python())) as ready:
        assert ready.stage.parent == tmp_path
        assert ready.stage.stat().st_mode & 0o077 == 0
    assert not list(tmp_path.iterdir())
    monkeypatch.setenv("TMPDIR", "/tmp")
    assert temporary.in_memory() is None


@pytest.mark.parametrize(("place", "room"), [("little", 2**60), ("missing", 0)])
def test_where_there_is_no_room_in_memory_a_stage_lies_where_temporary_files_go(
    place: str, room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "little").mkdir()
    for name in temporary._NAMED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(temporary, "_MEMORY", str(tmp_path / place))
    monkeypatch.setattr(temporary, "_ROOM", room)
    assert temporary.in_memory() is None
