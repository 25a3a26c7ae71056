"""A notebook is made inert within a bound of processor time, in another process, and while others are converted."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from classroom import edit_notebook, graded_notebook, hand_in, released_course, save_notebook
from nbformat.v4 import new_code_cell, new_markdown_cell

from grader.classroom import engine, exporter, preparing
from grader.classroom.pages import bounded, reading
from grader.classroom.pages.bounded import LONGEST_WORK, SECONDS, Inert
from grader.classroom.pages.html import LONGEST_MARKDOWN, as_text, inert_html, inert_markdown
from grader.classroom.pages.outputs import CellOutputs
from grader.classroom.pages.reading import read_notebook
from grader.classroom.results import read_record
from grader.classroom.whole_class import grade_class

# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

GROWING = (
    "\\\\[",
    "\\\\(",
    "\\begin{a}",
    "$ ",
    "[",
    "![](",
    "*a ",
    "`",
    "> ",
    "- ",
    "# a\n",
    "a\n\n",
    "<b>",
    "&#1",
    "a\n=\n",
)
"""Of which a renderer makes more work than they are long."""


@pytest.fixture
def inert() -> Iterator[Inert]:
    with bounded.at_hand(), Inert() as inert:
        yield inert


def test_what_renders_in_time_is_what_renders_without_a_bound(inert: Inert) -> None:
    for source in ("*a* $x^2$ <b>c</b>", "<script>alert(1)</script>", "# title", "a | b\n--|--\n1 | 2"):
        assert inert.markdown(source, taken={"title"}) == inert_markdown(source, taken={"title"})
        assert inert.html(source) == inert_html(source)
    assert inert.can_be_highlighted("def f(x):\n    return x\n")


@pytest.mark.parametrize(
    ("seconds", "longest"), [(1.5, 0.1), pytest.param(SECONDS, LONGEST_WORK, marks=pytest.mark.full)]
)
def test_all_of_a_notebook_takes_no_more_than_its_time(inert: Inert, seconds: float, longest: float) -> None:
    inert.left, inert.longest = seconds, longest
    for number in range(3):
        for unit in GROWING:
            source = (str(number) + unit * LONGEST_MARKDOWN)[:LONGEST_MARKDOWN]
            before = inert.left
            inert.markdown(source)
            assert before - inert.left < longest + 1
    assert inert.left > -2


def test_what_cannot_be_had_in_time_is_shown_as_its_source_and_what_follows_is_not_lost(inert: Inert) -> None:
    inert.longest = 0.01
    source = "\\\\[" * 6_600
    assert inert.markdown(source) == as_text(source)
    assert not inert.can_be_highlighted("a." * 20_000)
    inert.longest = LONGEST_WORK
    assert inert.markdown("*a*") == "*a*"


@pytest.mark.full
def test_without_the_bound_it_is_worked_on_to_its_end(inert: Inert) -> None:
    inert.left = inert.longest = 100.0
    source = "\\\\[" * 2_000
    assert inert.markdown(source) == source
    assert inert.left < 100


def test_when_the_time_is_used_up_all_that_follows_is_shown_as_its_source() -> None:
    with Inert(seconds=0.0) as inert:
        assert inert.markdown("*a*") == as_text("*a*")
        assert inert.html("<p>a</p>") == ""
        assert not inert.can_be_highlighted("a")


def test_a_process_that_is_gone_costs_one_cell_and_another_is_started(inert: Inert) -> None:
    assert inert.markdown("*a*") == "*a*"
    assert inert._process is not None
    inert._process.kill()
    inert._process.wait()
    assert inert.markdown("*b*") == as_text("*b*")
    assert inert.markdown("*c*") == "*c*"


def test_tags_of_a_notebooks_pages_are_bounded(inert: Inert, monkeypatch: pytest.MonkeyPatch) -> None:
    inert._tags = 50
    assert inert.html("<b>a</b>") == "<b>a</b>"
    assert inert.html("<b>a</b>" * 30) == ""
    assert inert.text("\x1b[31ma" * 40) == "[31ma" * 40
    assert inert.text("\x1b[31ma") == "\x1b[31ma"


def test_a_picture_that_is_shown_a_thousand_times_counts_a_thousand_times(inert: Inert) -> None:
    attached = {"a.png": {"image/png": "A" * 100_000}}
    assert inert.markdown("![](attachment:a.png)", attached) == "![](attachment:a.png)"
    many = "![](attachment:a.png)\n" * 500
    assert inert.markdown(many, attached) == as_text(many)


def test_source_that_is_shown_as_text_is_cheap_to_render() -> None:
    assert max(map(len, as_text("[" * LONGEST_MARKDOWN).splitlines())) <= 500


def test_an_output_that_cannot_be_cleaned_is_shown_as_its_source() -> None:
    with Inert(seconds=0.0) as inert:
        cell = CellOutputs(10_000, "cut", inert=inert)
        cell.add(["display", {"text/html": "<b>a</b>", "text/plain": "<HTML object>"}, {}, "", False])
        cell.add(["display", {"text/latex": r"$\href{javascript:alert(1)}{x}$"}, {}, "", False])
    assert [output.data for output in cell.finish()] == [
        {"text/plain": "<b>a</b>"},
        {"text/plain": r"$\href{javascript:alert(1)}{x}$"},
    ]


@pytest.mark.parametrize("prepared", [True, False])
def test_a_notebook_is_read_once_and_made_inert_once_where_it_runs_while_others_are_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prepared: bool
) -> None:
    course = released_course(tmp_path, "")
    notebook = edit_notebook(hand_in(course, "ana"))
    notebook.cells.append(new_markdown_cell("*my own*"))
    save_notebook(course.submitted / "ana" / "scale", notebook)
    converting: list[bool] = []

    def note() -> None:
        converting.append(threading.current_thread() is threading.main_thread())

    def markdown(self: Inert, source: str, *_: object) -> str:
        note()
        return source

    def reads(*args: object) -> object:
        note()
        return read_notebook(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(Inert, "markdown", markdown)
    monkeypatch.setattr(exporter, "read_notebook", reads)
    monkeypatch.setattr(engine, "notebooks_warmed", lambda launcher, *_: nullcontext(launcher))
    monkeypatch.setattr(preparing, "run_cells", lambda *_: None)
    (row,) = grade_class(course, "scale", run_notebooks=prepared)
    assert row.problem == ""
    assert "*my own*" in graded_notebook(course, "ana").cells[-1].source
    assert len(converting) == 2  # once read, once rendered
    assert set(converting) == {not prepared}


def test_of_thousands_of_cells_those_that_were_handed_out_are_kept_wherever_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_CELLS", 50)
    course = released_course(tmp_path)
    folder = hand_in(course, "ana")
    data = json.loads((folder / "scale.ipynb").read_text(encoding="utf-8"))
    empty = [{"cell_type": "markdown", "id": f"e{n}", "metadata": {}, "source": ""} for n in range(5_000)]
    data["cells"] = empty + data["cells"]
    (folder / "scale.ipynb").write_text(json.dumps(data), encoding="utf-8")
    (row,) = grade_class(course, "scale", run_notebooks=False)
    assert (row.total, row.problem) == (4.0, "")
    record = read_record(course, "scale", "ana")
    assert record is not None
    assert [note.key for note in record.notes] == ["cells_left_out", "answers_wait"]
    assert len(graded_notebook(course, "ana").cells) <= reading.MAX_CELLS + 50


def test_code_that_takes_long_to_colour_is_shown_without_colours(tmp_path: Path) -> None:
    course = released_course(tmp_path)
    notebook = edit_notebook(hand_in(course, "ana"))
    notebook.cells += [new_code_cell("a." * 20_000), new_code_cell("print(1)  # mine")]
    save_notebook(course.submitted / "ana" / "scale", notebook)
    grade_class(course, "scale", run_notebooks=False)
    slow, quick = graded_notebook(course, "ana").cells[-2:]
    assert slow.metadata == {"magics_language": "text"}
    assert slow.source == "a." * 20_000
    assert quick.metadata == {}


def test_a_cell_that_bears_the_id_of_the_kits_own_is_made_inert_all_the_same(tmp_path: Path) -> None:
    course = released_course(tmp_path)
    notebook = edit_notebook(hand_in(course, "ana"))
    notebook.cells.append(new_markdown_cell("<script>alert(1)</script>", id="grader-summary"))
    save_notebook(course.submitted / "ana" / "scale", notebook)
    (row,) = grade_class(course, "scale", run_notebooks=False)
    assert row.problem == ""
    assert "<script" not in graded_notebook(course, "ana").cells[-1].source


def test_no_process_stays_when_a_class_is_graded(inert: Inert) -> None:
    with bounded.at_hand():
        with Inert() as first:
            first.markdown("*a*")
        (process,) = bounded._idle
        assert process.poll() is None
    assert process.poll() is not None
    assert SECONDS > LONGEST_WORK
