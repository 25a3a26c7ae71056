"""The feedback page: one box at its head, each mistake once, and nothing that only a program reads."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup, Tag
from classroom import WRONG, edit_notebook, hand_in, released_course, save_notebook
from nbformat.v4 import new_markdown_cell

from checks.result import CheckResult, Diagnosis, Result
from grader.classroom.explained import mistakes, remarks
from grader.classroom.gradebook import open_gradebook, write_feedback
from grader.classroom.late import Late
from grader.classroom.pages.overview import Task, overview
from grader.classroom.whole_class import grade_class
from grader.course import CONFIG, Course
from grader.text import sentences

Pages = dict[str, BeautifulSoup]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = released_course(tmp_path_factory.mktemp("feedback"))
    hand_in(course, "bo", WRONG)
    folder = hand_in(course, "ana")
    notebook = edit_notebook(folder)
    (answer,) = (cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "answer")
    at = notebook.cells.index(answer)
    answer.source = r"Zato što je $\sigma^2 = \frac{1}{N}\sum_i x_i^2$."
    notebook.cells.insert(at, new_markdown_cell("**<b>Ten points</b>**"))
    save_notebook(folder, notebook)
    grade_class(course, "scale")
    return course


@pytest.fixture(scope="module")
def pages(course: Course) -> Pages:
    return {
        student: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for student, path in write_feedback(course, "scale").items()
    }


def box_of(page: BeautifulSoup) -> Tag:
    (box,) = page.find_all(id="grader-overview")
    return box


def test_the_page_begins_with_the_points_of_each_task_by_its_name(pages: Pages) -> None:
    box = box_of(pages["bo"])
    assert pages["bo"].body is not None
    assert pages["bo"].body.get_text().strip().startswith(box.get_text().strip()[:40])
    rows = [[cell.get_text().strip() for cell in row.find_all("td")] for row in box.find_all("tr")]
    assert rows[0][:2] == ["scale_forward", "1 / 4"]
    assert rows[1][1:] == ["0 / 2", sentences("cnr")("page_no_response")]
    assert box.h2 is not None and box.h2.get_text() == "scale: 1 / 6"


def test_every_link_of_the_box_leads_to_a_cell_of_the_page(pages: Pages) -> None:
    for page in pages.values():
        links = [link["href"] for link in box_of(page).find_all("a")]
        assert "#scale_forward" in links and "#answer" in links
        for link in links:
            assert len(page.find_all(attrs={"name": str(link)[1:]})) == 1


def test_each_mistake_stands_in_the_box_once(pages: Pages) -> None:
    assert len(box_of(pages["bo"]).find_all("li")) == 1
    assert not box_of(pages["ana"]).find_all("li")
    text = box_of(pages["bo"]).get_text()
    assert "scale_forward: value" in text and sentences("cnr")("page_mistakes") in text


def test_an_answer_that_nobody_has_read_waits_and_its_points_are_not_said(pages: Pages) -> None:
    box = box_of(pages["ana"])
    assert "? / 2" in box.get_text() and sentences("cnr")("page_waits") in box.get_text()
    assert sentences("cnr")("page_waiting", count="1") in box.get_text()
    (answer,) = pages["ana"].select("[name=answer]")
    heading = answer.find_next(class_="panel-heading")
    assert heading is not None
    assert "? / 2" in heading.get_text() and "0 / 2" not in heading.get_text()
    (unwritten,) = pages["bo"].select("[name=answer]")
    heading = unwritten.find_next(class_="panel-heading")
    assert heading is not None and "0 / 2" in heading.get_text()


def test_a_students_cell_before_an_answer_does_not_name_it(pages: Pages) -> None:
    assert "Ten points" not in box_of(pages["ana"]).get_text()
    assert "Ten points" in pages["ana"].get_text()


def test_nothing_on_the_page_is_called_test_cell_and_no_bare_number_follows_a_verdict(pages: Pages) -> None:
    for page in pages.values():
        text = page.get_text()
        for noise in (
            "Test cell",
            "Written response",
            "Grade cell",
            "Student's answer",
            "Score:",
            "No response",
            "Out[",
        ):
            assert noise not in text
        assert not page.find_all("pre", string=re.compile(r"^\s*\d\.\d\s*$"))


def test_a_formula_of_an_answer_is_shown_without_a_network(pages: Pages) -> None:
    (formula,) = pages["ana"].find_all("math")
    assert formula.get_text() == "σ2=1N∑ixi2"
    assert "frac" not in pages["ana"].get_text()


def test_a_comment_and_points_by_hand_are_in_the_box(course: Course, tmp_path_factory: pytest.TempPathFactory) -> None:
    with open_gradebook(course) as gradebook:
        grade = gradebook.find_grade("answer", "scale", "scale", "ana")
        grade.manual_score, grade.needs_manual_grade = 1.5, False
        gradebook.find_comment("answer", "scale", "scale", "ana").manual_comment = "Dobro."
        gradebook.db.commit()
    page = BeautifulSoup(write_feedback(course, "scale", ["ana"])["ana"].read_text(encoding="utf-8"), "html.parser")
    text = box_of(page).get_text()
    assert "1.5 / 2" in text and "5.5 / 6" in text and "Dobro." not in text
    assert page.find_all("a", href="#comment-answer") and "Dobro." in page.get_text()


def test_an_older_configuration_goes_on_working_with_nbgraders_page(tmp_path_factory: pytest.TempPathFactory) -> None:
    old = released_course(tmp_path_factory.mktemp("old"))
    lines = (old.root / CONFIG).read_text(encoding="utf-8").splitlines()
    new = ("GenerateFeedback.exporter_class", "plugins.Overview", "HTMLExporter")
    (old.root / CONFIG).write_text("\n".join(line for line in lines if not any(part in line for part in new)))
    hand_in(old, "bo", WRONG)
    grade_class(old, "scale")
    assert "Test cell" in write_feedback(old, "scale")["bo"].read_text(encoding="utf-8")


# --- what is wrong, said once -----------------------------------------------------------------------------------------


def check(id: str, status: str, message: str = "", mistake: str = "", warnings: tuple[str, ...] = ()) -> CheckResult:
    diagnosis = Diagnosis(mistake, f"hint of {mistake}") if mistake else None
    function = id.partition(".")[0]
    return CheckResult(id, function, 0.0, 1.0, status, message, diagnosis, warnings)  # type: ignore[arg-type]


def result(*checks: CheckResult) -> Result:
    return Result("scale", "ana", checks, sandbox="none")


def said(found: object) -> object:
    return [(one.text, one.by_function, one.more) for one in found]  # type: ignore[attr-defined]


def test_a_known_mistake_is_one_wherever_it_shows() -> None:
    found = mistakes(result(check("f.a", "failed", "1", "m"), check("f.b", "passed"), check("g.a", "failed", "2", "m")))
    assert said(found) == [("hint of m", {"f": ["a"], "g": ["a"]}, False)]
    assert found[0].known == "m"


def test_one_error_is_one_mistake_and_two_are_two() -> None:
    found = mistakes(result(check("f.a", "error", "e"), check("g.a", "error", "e"), check("g.b", "error", "other")))
    assert said(found) == [("e", {"f": ["a"], "g": ["a"]}, False), ("other", {"g": ["b"]}, False)]


def test_values_that_nothing_explains_are_one_for_each_function() -> None:
    found = mistakes(result(check("f.a", "failed", "1"), check("f.b", "failed", "2"), check("g.a", "failed", "3")))
    assert said(found) == [("1", {"f": ["a", "b"]}, True), ("3", {"g": ["a"]}, False)]


def test_a_warning_is_said_once() -> None:
    twice = result(check("f.a", "passed", warnings=("w",)), check("f.b", "passed", warnings=("w", "v")))
    assert said(remarks(twice)) == [("w", {"f": ["a", "b"]}, False), ("v", {"f": ["b"]}, False)]


@pytest.mark.parametrize("language", ["cnr", "en"])
def test_nothing_that_a_submission_says_becomes_markup_in_the_box(language: str) -> None:
    hostile = "<script>alert(1)</script>\u202e\"'"
    wrong = result(check("f.a", "error", hostile, warnings=(hostile,)))
    html = overview(
        sentences(language), hostile, [Task("f", hostile, 1.0, 2.0, remark=hostile)], Late(90_000, 0.5), wrong
    )
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 5
    assert "0.5 / 2" in html
