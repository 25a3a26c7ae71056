"""Model answers and rubrics: in formgrader, at the student's answer, and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from classroom import cell_of, edit_notebook, hand_in, released_course, save_notebook
from nbconvert.exporters import HTMLExporter
from nbgrader.server_extensions.formgrader import handlers
from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension

from checks.language import LANGUAGES
from grader.classroom.gradebook import course_config, write_feedback
from grader.classroom.pages.page import FeedbackExporter
from grader.classroom.steps.for_instructor import model_answers
from grader.classroom.whole_class import grade_class
from grader.course import Course
from grader.text import sentences

MODEL = "Faktor od nule gasi kolonu."
RESOURCES = {
    "assignment_id": "scale", "notebook_id": "scale", "submission_id": "x", "index": 0, "total": 1, "base_url": "",
    "student": "ana", "notebook_path": "x",
}  # fmt: skip


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = released_course(tmp_path_factory.mktemp("model"))
    folder = hand_in(course, "ana")
    notebook = edit_notebook(folder)
    cell_of(notebook, "answer").source = "Moj odgovor: $x_i$."
    save_notebook(folder, notebook)
    hand_in(course, "bo")
    grade_class(course, "scale")
    return course


def exporter(course: Course, monkeypatch: pytest.MonkeyPatch) -> HTMLExporter:
    """As `FormgradeExtension.init_tornado_settings` makes it in a server that was started in the course."""
    monkeypatch.chdir(course.root)
    extension = FormgradeExtension()
    extension.root_dir = str(course.root)
    extension.initialize([])
    return HTMLExporter(config=extension.config)


def test_formgrader_shows_the_model_answer_right_below_the_students(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = exporter(course, monkeypatch)
    for student, own in (("ana", "Moj odgovor"), ("bo", "your answer")):
        path = course.root / "autograded" / student / "scale" / "scale.ipynb"
        html, _ = made.from_filename(str(path), resources=dict(RESOURCES))
        page = BeautifulSoup(html, "html.parser")
        assert html.count(MODEL) == 1
        for language in LANGUAGES:
            assert sentences(language)("model_answer") in page.get_text()
        answer = page.find(id="answer").find_parent(class_="cell")
        assert own in answer.get_text()
        assert MODEL in answer.find_next_sibling(class_="cell").get_text()
        assert not page.find_all("pre", string="4.0") and "Out[" not in html  # only nbgrader's scoring reads it
        assert bool(page.find_all("math")) == (student == "ana")


def test_neither_feedback_nor_autograded_nor_release_holds_the_model_answer(course: Course) -> None:
    assert MODEL in json.dumps(json.loads(course.notebook("scale").read_text(encoding="utf-8")), ensure_ascii=False)
    write_feedback(course, "scale")
    looked = 0
    for folder in ("autograded", "feedback", "release", "submitted"):
        for path in filter(Path.is_file, (course.root / folder).rglob("*")):
            looked += 1
            assert MODEL.encode() not in path.read_bytes()
    assert looked > 10


@pytest.mark.parametrize(
    ("template", "resources"),
    [
        ("feedback", RESOURCES),
        ("classic", RESOURCES),
        ("formgrade", RESOURCES | {"nbgrader": {"student": "ana"}}),
        ("formgrade", {name: value for name, value in RESOURCES.items() if name != "submission_id"}),
    ],
)
def test_only_formgraders_own_page_gets_it_whatever_the_configuration_says(
    course: Course, template: str, resources: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = HTMLExporter(config=course_config(course), extra_template_basedirs=[handlers.template_path])
    made.template_name = template
    nb = edit_notebook(course.root / "autograded" / "ana" / "scale")
    shown = nb
    for preprocessor in made._preprocessors:
        if type(preprocessor).__name__ == "ModelAnswers":
            shown, _ = preprocessor(nb, dict(resources))
            break
    else:
        pytest.fail("ModelAnswers is not configured")
    assert shown.cells == nb.cells and MODEL not in json.dumps(shown, ensure_ascii=False)


def test_the_feedback_exporter_takes_no_preprocessor_from_formgraders_section(course: Course) -> None:
    names = {type(step).__name__ for step in FeedbackExporter(config=course_config(course))._preprocessors}
    assert "ModelAnswers" not in names


def test_a_course_whose_source_cannot_be_read_has_pages_without_it(tmp_path: Path) -> None:
    assert model_answers(Course(tmp_path), "scale") == {}
    source = Course(tmp_path).notebook("scale")
    source.parent.mkdir(parents=True)
    source.write_text("no notebook")
    assert model_answers(Course(tmp_path), "scale") == {}


def test_marks_for_nbgrader_are_not_shown(course: Course, tmp_path: Path) -> None:
    text = course.notebook("scale").read_text(encoding="utf-8")
    source = Course(tmp_path).notebook("scale")
    source.parent.mkdir(parents=True)
    marked = f"### BEGIN SOLUTION\\n{MODEL}\\n### END SOLUTION\\nKraj."
    source.write_text(text.replace(MODEL, marked), encoding="utf-8")
    (answer,) = model_answers(Course(tmp_path), "scale").values()
    assert f"{MODEL}\nKraj." in answer and "SOLUTION" not in answer
