"""In a real browser: what a submission shows stays in its own box, in the feedback and on formgrader's page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from classroom import graded_notebook, hand_in, released_course
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from nbgrader.server_extensions.formgrader import handlers
from playwright.sync_api import Browser, Page

from grader.classroom.gradebook import write_feedback
from grader.classroom.pages import bounded
from grader.classroom.pages.bounded import Inert
from grader.classroom.pages.html import STAYS_INSIDE
from grader.classroom.whole_class import grade_class
from grader.course import Course

BUILD = Path(__file__).resolve().parents[2] / "build" / "e2e"
FALSE = '<b style="background-color:yellow;font-size:40px">scale_forward: 4 od 4 boda</b>'
COVERS = {
    "no height": f'<p style="height:0px"><q style="opacity:.9;background:red;display:block;height:9in">{FALSE}</q></p>',
    "a height that is too small": f'<p style="max-height:1px;overflow:visible;opacity:.9">{FALSE * 200}</p>',
    "lines of no height": f'<div style="line-height:0">{"<br>".join([FALSE] * 200)}</div>',
    "lines that are too high": f'<div style="line-height:4000px;height:1px">{FALSE}</div>',
    "out of its place": f'<div style="position:fixed;top:0;left:0;right:0;bottom:0;background:red">{FALSE}</div>',
    "above its place": f'<div style="position:absolute;top:-9in;height:9in;width:9in;background:red">{FALSE}</div>',
    "moved by a margin": f'<div style="margin:-3000px;background:red;height:9000px">{FALSE}</div>',
    "moved by a transform": f'<div style="transform:scale(80);background:red;z-index:99999">{FALSE}</div>',
    "indented": f'<div style="text-indent:-3000px;letter-spacing:50px;white-space:nowrap">{FALSE * 99}</div>',
    "a shadow": '<div style="box-shadow:0 0 0 5000px red;outline:5000px solid red">x</div>',
    "a table": f'<table style="height:1px;width:9000px"><tr><td style="white-space:nowrap">{FALSE * 50}</table>',
    "raised": f'<div style="height:0"><sup style="font-size:300px;vertical-align:900px">{FALSE}</sup></div>',
    "letters on letters": '<p style="height:0">a' + "\u0308" * 4000 + "</p>",
    "turned direction": f'<p style="direction:rtl;unicode-bidi:bidi-override">\u202e{FALSE * 99}</p>',
    "a picture": '<img style="margin:-4000px" width="9000" height="9000" src="https://127.0.0.1/x.png">',
    "floating": f'<div style="float:left;height:0"><p style="height:9000px;width:9000px;opacity:.9">{FALSE}</div>',
    "an open tag": f'<div style="opacity:.9"><div style="height:0"><div style="height:5000px;background:red">{FALSE}',
}
"""Each, without the sanitizer, in all of its styles."""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = released_course(tmp_path_factory.mktemp("boxes"))
    hand_in(course, "ana")
    grade_class(course, "scale", run_notebooks=False)
    return course


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1200, "height": 2000})
    page.route("https://**", lambda route: route.abort())
    yield page
    page.close()


def pages(course: Course, html: str, *, boxes: bool = True) -> dict[str, str]:
    """Feedback and formgrader's page of a submission that shows some HTML around its verdict and its answer."""
    notebook = graded_notebook(course, "ana")
    around: list[Any] = []
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            outputs = [new_output("display_data", data={"text/html": html})]
            around += [new_code_cell("show()", outputs=outputs), cell, new_code_cell("show()", outputs=outputs)]
        else:
            around.append(cell)
    around.append(new_markdown_cell("the end"))
    notebook.cells = around
    if not boxes:
        assert STAYS_INSIDE in notebook.cells[0].source
        notebook.cells[0].source = notebook.cells[0].source.replace(STAYS_INSIDE, "")
    path = course.root / "autograded" / "ana" / "scale" / "scale.ipynb"
    before, mode = path.read_bytes(), path.stat().st_mode
    path.chmod(0o644)
    nbformat.write(notebook, path)
    try:
        feedback = write_feedback(course, "scale")["ana"].read_text(encoding="utf-8")
    finally:
        path.write_bytes(before)
        path.chmod(mode)
    exporter = HTMLExporter(template_name="formgrade", extra_template_basedirs=[handlers.template_path])
    resources: dict[str, Any] = dict.fromkeys(
        ("assignment_id", "notebook_id", "submission_id", "student", "notebook_path"), "x"
    )
    formgrader = exporter.from_notebook_node(notebook, resources=resources | {"index": 0, "total": 1, "base_url": ""})
    return {"feedback": feedback, "formgrader": formgrader[0]}


SEEN = """() => {
  const bad = [];
  const places = [...document.querySelectorAll('.code_cell:has(.nbgrader_cell), .text_cell:has(.nbgrader_cell)')];
  for (const place of places) {
    place.scrollIntoView({block: 'center'});
    const parts = place.querySelectorAll('.panel-heading, .panel-body, .output_subarea, input, textarea');
    for (const part of parts) {
      const box = part.getBoundingClientRect();
      for (const x of [0.02, 0.25, 0.5, 0.75, 0.98]) for (const y of [0.1, 0.5, 0.9]) {
        const seen = document.elementFromPoint(box.left + x * box.width, box.top + y * box.height);
        if (!seen || !(place.contains(seen) || seen.contains(part))) bad.push((seen || {}).outerHTML || 'nothing');
      }
    }
  }
  return [places.length, bad.slice(0, 3)];
}"""


@pytest.mark.parametrize("cover", COVERS)
def test_what_a_submission_shows_does_not_lie_over_a_verdict_or_an_answer(
    page: Page, course: Course, cover: str
) -> None:
    with Inert() as inert:
        sanitized = inert.html(COVERS[cover])
    for how, html in {"as it comes": COVERS[cover], "sanitized": sanitized}.items():
        for kind, text in pages(course, html).items():
            page.set_content(text, wait_until="domcontentloaded")
            count, bad = page.evaluate(SEEN)
            if cover == "no height" and how == "as it comes":
                page.screenshot(path=BUILD / f"boxes-{kind}.png")
            assert count >= 1
            assert bad == [], (kind, how)


def test_without_boxes_and_sanitizer_a_false_verdict_is_seen_to_cover_the_true_one(page: Page, course: Course) -> None:
    BUILD.mkdir(parents=True, exist_ok=True)
    for kind, text in pages(course, COVERS["no height"], boxes=False).items():
        page.set_content(text, wait_until="domcontentloaded")
        _, bad = page.evaluate(SEEN)
        page.screenshot(path=BUILD / f"boxes-{kind}-without.png")
        assert bad, kind


def test_outputs_of_the_submission_are_marked_and_verdicts_are_not(page: Page, course: Course) -> None:
    for text in pages(course, FALSE).values():
        page.set_content(text, wait_until="domcontentloaded")
        marks = page.evaluate(
            """() => [...document.querySelectorAll('.output:has(.output_subarea)')].map(output =>
                [!!output.closest('.code_cell').querySelector('.nbgrader_cell'),
                 getComputedStyle(output, '::before').content])"""
        )
        assert {graded for graded, _ in marks} == {True, False}
        assert all((mark == "none") is graded for graded, mark in marks)


def teardown_module() -> None:
    bounded.end_all()
