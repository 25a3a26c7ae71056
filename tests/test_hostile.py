"""Hostile notebooks and archives, from a fuzzer with a corpus: each ends in what can be kept of it, and a remark."""

from __future__ import annotations

import io
import json
import random
import tarfile
import warnings
import zipfile
from pathlib import Path

import hostile
import nbformat
import pytest
from classroom import autograde, hand_in, released_course, scores
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.classroom.exporter import graded_ids, released_notebook
from grader.classroom.gradebook import write_feedback
from grader.classroom.handin import archives
from grader.classroom.handin.archives import Budget, unpack
from grader.classroom.handin.lms import plan
from grader.classroom.pages import reading
from grader.classroom.pages.reading import read_notebook
from grader.classroom.whole_class import grade_class
from grader.course import Course

# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return released_course(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def base(course: Course) -> hostile.Notebook:
    notebook: hostile.Notebook = json.loads((course.release / "scale" / "scale.ipynb").read_text(encoding="utf-8"))
    return notebook


def holds(path: Path, course: Course) -> None:
    """What is read is a notebook that can be stored, of a bounded size; or it is said in a few words why not."""
    released = released_notebook(course, "scale")
    handed_out = {*graded_ids(released), *(cell.id for cell in released.cells)}
    found = said = None
    try:
        found = read_notebook(path, handed_out).notebook
    except ValueError as error:
        said = str(error)
    if found is None:
        assert said is not None and said.isprintable() and 0 < len(said) < 200
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nbformat.validate(found)
    stored = nbformat.writes(found)
    stored.encode("utf-8")
    assert len(found.cells) <= reading.MAX_CELLS + 2 * len(handed_out)
    assert sum(len(cell.source) for cell in found.cells) <= reading.MAX_SOURCE
    assert not set("\0\x1b\x7f\x9b").intersection(*(cell.source for cell in found.cells)) or not found.cells
    assert not {cell.id for cell in found.cells} & reading.RESERVED


@pytest.mark.parametrize("number", hostile.NOTEBOOKS)
def test_a_notebook_of_the_corpus_is_read_or_refused_in_a_few_words(
    course: Course, base: hostile.Notebook, tmp_path: Path, number: int
) -> None:
    path = tmp_path / "scale.ipynb"
    path.write_bytes(hostile.notebook(number, base))
    holds(path, course)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps))
def test_any_bytes_and_any_json_are_read_or_refused_in_a_few_words(
    course: Course, tmp_path: Path, content: bytes | str
) -> None:
    path = tmp_path / "scale.ipynb"
    path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
    holds(path, course)


def archive_holds(number: int, folder: Path) -> None:
    """What is unpacked are plain files below their folder; and few lines say what is not."""
    name, content = hostile.archive(number, {"scale/scale.ipynb": b"{}", "scale/funkcije/layers.py": b"x = 1\n"})
    entry = folder / "in" / "Ana_1_assignsubmission_file_"
    entry.mkdir(parents=True)
    (entry / name).write_bytes(content)
    problems = unpack(entry / name, entry)
    (entry / name).unlink()
    assert len(problems) < 100
    for problem in problems:
        assert problem.isprintable()
        assert len(problem) < 2_000
    assert [path.name for path in folder.iterdir()] == ["in"]
    for path in entry.rglob("*"):
        assert not path.is_symlink()
        assert path.is_dir() or path.is_file()
    placed = plan(folder / "in", "scale", ("layers.py",))
    for _, place in placed.files.values():
        assert ".." not in place


@pytest.mark.parametrize("number", hostile.ARCHIVES)
def test_an_archive_of_the_corpus_unpacks_to_plain_files_in_its_folder(tmp_path: Path, number: int) -> None:
    archive_holds(number, tmp_path)


@pytest.fixture(scope="module", params=[5, pytest.param(6, marks=pytest.mark.full)])
def hostile_class(
    request: pytest.FixtureRequest, base: hostile.Notebook, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, float | None]:
    """A few of the corpus, through nbgrader into the gradebook; the points by student."""
    course = released_course(tmp_path_factory.mktemp("class"))
    for number in hostile.NOTEBOOKS[: request.param]:
        (hand_in(course, f"eve-{number}") / "scale.ipynb").write_bytes(hostile.notebook(number, base))
    hand_in(course, "ana")
    rows = grade_class(course, "scale", run_notebooks=False)
    assert [row.problem for row in rows] == [""] * (request.param + 1)
    write_feedback(course, "scale")
    return scores(course)


def test_right_modules_beside_a_hostile_notebook_earn_their_points(hostile_class: dict[str, float | None]) -> None:
    assert hostile_class.keys() >= {"ana", "eve-0", "eve-4"}
    assert set(hostile_class.values()) == {4.0}


def test_without_the_careful_reading_half_an_emoji_costs_its_author_the_grade(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = hand_in(course, "half")
    data = json.loads((folder / "scale.ipynb").read_text(encoding="utf-8"))
    data["cells"].append({"cell_type": "markdown", "id": "half", "metadata": {}, "source": "\ud83d"})
    (folder / "scale.ipynb").write_text(json.dumps(data), encoding="utf-8")
    assert autograde(course, "half") == {"half": True}
    monkeypatch.setattr(reading, "_clean", lambda text: (text, False))
    assert autograde(course, "half") == {"half": False}


@pytest.mark.full
def test_thousands_of_notebooks_are_read_or_refused(course: Course, base: hostile.Notebook, tmp_path: Path) -> None:
    path = tmp_path / "scale.ipynb"
    for number in range(20_000):
        path.write_bytes(hostile.notebook(number, base))
        holds(path, course)


@pytest.mark.full
def test_thousands_of_archives_unpack_to_plain_files(tmp_path: Path) -> None:
    for number in range(5_000):
        folder = tmp_path / str(number)
        folder.mkdir()
        archive_holds(number, folder)


@pytest.mark.full
def test_hundreds_of_hostile_notebooks_are_graded(base: hostile.Notebook, tmp_path: Path) -> None:
    course = released_course(tmp_path)
    for number in random.Random(1).sample(range(20_000), 200):
        (hand_in(course, f"eve-{number}") / "scale.ipynb").write_bytes(hostile.notebook(number, base))
    rows = grade_class(course, "scale", run_notebooks=False)
    assert {(row.total, row.problem) for row in rows} == {(4.0, "")}
    write_feedback(course, "scale")


def test_a_tar_of_endless_headers_is_refused_before_memory_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 50)
    (tmp_path / "a.tar").write_bytes((b"x".ljust(124, b"\0") + b"0" * 11).ljust(512, b"\0") * 3)
    assert unpack(tmp_path / "a.tar", tmp_path)


def test_a_notebook_of_more_parts_than_one_has_is_refused_before_they_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "scale.ipynb"
    for part in (b"{},", b"[],", b"0,"):
        path.write_bytes(b'{"nbformat": 4, "cells": [' + part * 2_100_000 + b"0]}")
        with pytest.raises(ValueError, match="more parts"):
            read_notebook(path)
    path.write_bytes(b'{"nbformat": 4, "cells": [' + b"{}," * 30 + b"0]}")
    monkeypatch.setattr(reading, "MAX_HOLDERS", 20)
    with pytest.raises(ValueError, match="more parts"):
        read_notebook(path)
    monkeypatch.setattr(reading, "MAX_HOLDERS", 10**9)
    with pytest.raises(ValueError, match="none of its cells"):
        read_notebook(path)


def packed_tar(files: dict[str, bytes], everywhere: dict[str, str] | None = None) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", pax_headers=everywhere) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def test_archives_in_an_archive_are_gone_over_no_longer_than_one_persons_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 100_000)
    bomb = packed_tar({"zeros": bytes(200_000)})
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("layers.py", b"x = 1")
        for number in range(20):
            archive.writestr(f"{number}.tar.gz", bomb)
    gone_over: list[int] = []
    go_over = Budget.go_over

    def counted(self: Budget, place: Path, size: int) -> None:
        go_over(self, place, size)
        gone_over.append(size)

    monkeypatch.setattr(Budget, "go_over", counted)
    for most in (1_000_000, 10**9):
        monkeypatch.setattr(archives, "MAX_READ", most)
        gone_over.clear()
        assert unpack(tmp_path / "a.zip", tmp_path / str(most))
        assert (tmp_path / str(most) / "a" / "layers.py").is_file()
        assert (sum(gone_over) <= 1_000_000) == (most == 1_000_000)


@pytest.mark.parametrize(("bound", "most"), [("MAX_LIST", 500), ("_MOST_KEYS", 10)])
def test_an_archive_whose_list_would_fill_the_memory_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    names = {f"{'n' * 200}{number}.py": b"1" for number in range(20)}
    if bound == "MAX_LIST":
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            for name, content in names.items():
                archive.writestr(name, content)
    else:
        everywhere = {f"key{number}": "value" for number in range(20)}
        (tmp_path / "a.tar.gz").write_bytes(packed_tar(names, everywhere))
    (path,) = tmp_path.iterdir()
    assert unpack(path, tmp_path / "whole") == []
    monkeypatch.setattr(archives, bound, most)
    (problem, *_) = unpack(path, tmp_path / "bounded")
    assert "too long" in problem


def test_headers_of_a_tar_are_read_up_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.tar.gz").write_bytes(packed_tar({f"{'n' * 30_000}{number}": b"1" for number in range(20)}))
    assert not any("headers that are too long" in line for line in unpack(tmp_path / "a.tar.gz", tmp_path / "1"))
    monkeypatch.setattr(archives, "MAX_LIST", 1_000)
    monkeypatch.setattr(archives, "MAX_MEMBERS", 100)
    assert any("headers that are too long" in line for line in unpack(tmp_path / "a.tar.gz", tmp_path / "2"))
