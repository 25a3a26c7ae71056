"""What is kept under `build/` is what would be made now, or it is made again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from a_course import small_course

from grader.course import Course
from grader.publish import recordings
from grader.publish.recordings import record
from grader.reference import cache

Files = dict[str, bytes]


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    kept = dict(cache._memory)
    cache.forget()
    yield
    cache.forget()
    cache._memory.update(kept)


class Maker:
    """Makes something else each time."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> Files:
        self.times += 1
        return {"a": b"made", "time": str(self.times).encode()}


def ask(folder: Path, maker: Callable[[], Files], key: str = "key", *, remembered: bool = False) -> Files:
    """Ask as another process would, or as the same."""
    if not remembered:
        cache.forget()
    return cache.kept(folder, lambda: key, maker)


@pytest.mark.parametrize("remembered", [True, False], ids=["in the same process", "in another process"])
def test_the_same_is_made_once(tmp_path: Path, remembered: bool) -> None:
    maker = Maker()
    first = ask(tmp_path, maker)
    assert ask(tmp_path, maker, remembered=remembered) == first == {"a": b"made", "time": b"1"}
    assert ask(tmp_path, maker, "another key")["time"] == b"2"


def test_what_one_does_to_an_answer_changes_no_other(tmp_path: Path) -> None:
    maker = Maker()
    ask(tmp_path, maker).clear()
    assert ask(tmp_path, maker, remembered=True)
    ask(tmp_path, maker, remembered=True).clear()
    assert ask(tmp_path, maker, remembered=True)["time"] == b"1"


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def of_another_key(path: Path) -> None:
    ask(path.parent, lambda: {"a": b"foreign"}, "another key")
    shutil.copy(path.with_name("another key"), path)


def sealed_nonsense(path: Path) -> None:
    path.write_bytes(cache._sealed(path.name, b"\xc1"))


def sealed_list(path: Path) -> None:
    path.write_bytes(cache._sealed(path.name, b"\x91\x01"))


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("spoil", [cut, emptied, flipped, of_another_key, sealed_nonsense, sealed_list, a_folder])
def test_a_spoiled_file_is_made_again(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    maker = Maker()
    ask(tmp_path, maker)
    spoil(tmp_path / "key")
    assert ask(tmp_path, maker) == {"a": b"made", "time": b"2"}


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs the rights of a POSIX system")
def test_a_file_that_others_may_write_is_not_believed(tmp_path: Path) -> None:
    maker = Maker()
    ask(tmp_path, maker)
    (tmp_path / "key").chmod(0o666)
    assert ask(tmp_path, maker)["time"] == b"2"


def test_what_was_changed_while_it_was_made_is_not_kept(tmp_path: Path) -> None:
    keys = iter(["before", "after"])
    assert cache.kept(tmp_path, lambda: next(keys), Maker())
    assert not list(tmp_path.iterdir())
    assert not cache._memory


def test_without_a_key_nothing_is_kept(tmp_path: Path) -> None:
    maker = Maker()
    for _ in range(2):
        cache.kept(tmp_path, lambda: None, maker)
    assert maker.times == 2 and not list(tmp_path.iterdir())


def test_where_nothing_can_be_written_it_is_made_each_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    maker = Maker()
    for _ in range(2):
        assert ask(tmp_path / "file" / "made", maker)["a"] == b"made"
    assert maker.times == 2


def test_processes_that_write_at_the_same_time_leave_a_whole_file(tmp_path: Path) -> None:
    contents = [{"a": bytes([number]) * 200_000} for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda files: cache._write(tmp_path, "key", files), contents * 5))
    assert cache._read(tmp_path, "key") in contents
    assert {path.name for path in tmp_path.iterdir()} == {".gitignore", "key"}


def test_only_so_much_is_kept_and_the_unused_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10):
        ask(tmp_path, Maker(), f"key {number}")
        os.utime(tmp_path / f"key {number}", (number, number))
    never = Maker()
    ask(tmp_path, never, "key 0")
    assert not never.times
    size = (tmp_path / "key 0").stat().st_size
    monkeypatch.setattr(cache, "MOST", 4 * size + (tmp_path / ".gitignore").stat().st_size)
    ask(tmp_path, Maker(), "one more")
    assert {path.name for path in tmp_path.iterdir()} == {".gitignore", "one more", "key 0", "key 9", "key 8"}


def test_recordings_from_the_cache_are_those_that_would_be_made(tmp_path: Path) -> None:
    course = small_course(tmp_path)
    assignment = course.assignment("scale")
    first = record(course, assignment)
    cache.forget()
    assert record(course, assignment) == first == recordings.make(course, assignment)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("funkcije/layers.py", "np.newaxis, :]", "np.newaxis, :] * 3"),
        ("checks/scale/__init__.py", "1.5, 2.5", "1.5, 2.75"),
        ("checks/scale/mistakes.py", '"x + factors"', '"x + 2 * factors"'),
    ],
)
def test_a_changed_file_of_the_course_gives_other_recordings(tmp_path: Path, path: str, old: str, new: str) -> None:
    course = small_course(tmp_path)
    before = record(course, course.assignment("scale"))
    file = course.root / path
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    after = record(course, course.assignment("scale"))
    assert after != before
    assert after == recordings.make(course, course.assignment("scale"))


def test_every_file_of_a_course_and_its_assignment_are_in_the_key(tmp_path: Path) -> None:
    course = small_course(tmp_path)
    keys = {recordings._key(course, course.assignment("scale"))}
    files = [path for folder in (course.package, course.checks) for path in folder.rglob("*") if path.is_file()]
    for path in files:
        path.write_bytes(path.read_bytes() + b"\n# changed\n")
        keys.add(recordings._key(course, course.assignment("scale")))
    assert len(keys) == len(files) + 1
    assert None not in keys


def test_an_assignment_that_is_not_the_courses_own_is_recorded_now(tmp_path: Path) -> None:
    course = small_course(tmp_path)
    assignment = course.assignment("scale")
    assert recordings._key(course, replace(assignment)) is None
    assert recordings._key(Course(tmp_path / "elsewhere"), assignment) is None


def test_a_process_whose_kit_was_changed_on_the_disk_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = small_course(tmp_path)
    monkeypatch.setattr(recordings, "_LOADED", "the code that this process began with")
    assert recordings._key(course, course.assignment("scale")) is None
