"""The package as it is handed out is rendered once of the same source, and again of another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from a_course import small_course

from checks.core import Assignment
from grader.course import Course
from grader.reference import cache
from grader.reference import handed_out as module
from grader.reference import render as renders
from grader.reference.handed_out import handed_out
from grader.reference.render import Rendered, render_package

Files = dict[str, bytes]
Rendering = list[str]


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    for name in ("made", "course"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(cache, "place", lambda root: tmp_path / "made")
    monkeypatch.setattr(cache, "_memory", {})
    return small_course(tmp_path / "course")


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> Rendering:
    """The assignments that were rendered, one after another."""
    names: Rendering = []

    def render(course: Course, assignment: Assignment) -> Rendered:
        names.append(assignment.name)
        return render_package(course, assignment)

    monkeypatch.setattr(renders, "render_package", render)
    return names


def ask(course: Course) -> Files:
    """Ask as another process would."""
    cache.forget()
    return handed_out(course, course.assignment("scale"))


def test_the_next_process_finds_what_the_first_has_rendered(course: Course, rendered: Rendering) -> None:
    first = ask(course)
    assert ask(course) == first == render_package(course, course.assignment("scale")).stub
    assert rendered == ["scale"]


def in_the_package(course: Course) -> None:
    (course.package / "more.py").write_text("MORE = 1\n", encoding="utf-8")


def in_what_is_said(course: Course) -> None:
    sentence = '["todo.scale_forward.1"]\ncnr = "pomnoži kolone"\nen = "multiply the columns"\n'
    (course.checks / "scale" / "tasks.toml").write_text(sentence, encoding="utf-8")


def in_the_checks(course: Course) -> None:
    init = course.checks / "scale" / "__init__.py"
    gives_more = "\nfrom dataclasses import replace\n\nASSIGNMENT = replace(ASSIGNMENT, gives=('later',))\n"
    init.write_text(init.read_text(encoding="utf-8") + gives_more, encoding="utf-8")


@pytest.mark.parametrize("change", [in_the_package, in_what_is_said, in_the_checks])
def test_what_was_changed_is_rendered_again(
    course: Course, rendered: Rendering, change: Callable[[Course], None]
) -> None:
    before = ask(course)
    change(course)
    assert before != ask(course) == render_package(course, course.assignment("scale")).stub
    assert rendered == ["scale", "scale"]


def test_a_stub_that_is_not_what_was_written_is_rendered_again(course: Course, rendered: Rendering) -> None:
    first = ask(course)
    [kept] = [path for path in cache.place(course.root).iterdir() if not path.name.startswith(".")]
    kept.write_bytes(kept.read_bytes().replace(b"NotImplementedError", b"NotImplementedErroR"))
    assert ask(course) == first
    assert len(rendered) == 2


def test_where_the_kit_was_changed_meanwhile_nothing_is_kept(
    course: Course, rendered: Rendering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LOADED", "another kit")
    assert ask(course) == ask(course)
    assert len(rendered) == 2
    assert not list(cache.place(course.root).iterdir())


def test_nothing_of_the_reference_is_kept(course: Course) -> None:
    ask(course)
    solution = b"factors = gamma[np.newaxis, :]"
    assert solution in (course.package / "layers.py").read_bytes()
    assert not any(solution in path.read_bytes() for path in cache.place(course.root).iterdir())
