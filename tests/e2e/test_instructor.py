"""An instructor's morning in formgrader: generate, autograde, grade a written answer by hand, read the feedback."""

import shutil
from pathlib import Path

import nbformat
from lab import PATIENCE, TOKEN, Lab, menu, shot
from playwright.sync_api import Browser, Page, expect

from grader.course import Course

NAME = "batch_normalization"
ANSWER = "answer-weight-scale"
EXPLORERS = 4


def test_an_instructor_goes_from_generating_to_a_page_of_feedback(
    released: Course, browser: Browser, tmp_path: Path
) -> None:
    with Lab(released.root, tmp_path / "home") as lab:
        page = browser.new_page(viewport={"width": 1300, "height": 1000})
        page.set_default_timeout(PATIENCE * 1000)
        page.goto(f"{lab.url}/lab?token={TOKEN}&reset")
        page.wait_for_selector(".jp-Launcher")
        menu(page, "Nbgrader", "Formgrader")
        expect(page.locator("iframe").first.content_frame.get_by_text(NAME).first).to_be_visible()
        shot(page, "instructor-1-formgrader")

        page.goto(f"{lab.url}/formgrader/manage_assignments")
        press(page, NAME, "education")
        shot(page, "instructor-2-generated")

        hand_in(released)
        page.goto(f"{lab.url}/formgrader/manage_submissions/{NAME}")
        press(page, "ana", "flash")
        expect(page.locator("tr", has_text="ana")).to_contain_text("40")
        expect(page.locator("tr", has_text="ana")).to_contain_text("needs manual grading")
        shot(page, "instructor-3-autograded")

        page.goto(f"{lab.url}/formgrader/gradebook/{NAME}/{NAME}")
        page.locator("td a").first.click()
        page.wait_for_load_state("networkidle")  # only then does the page know whose points these are
        points = page.locator(f"#{ANSWER}")
        points.scroll_into_view_if_needed()
        with page.expect_response(lambda answer: "/api/grade/" in answer.url and answer.request.method == "PUT"):
            points.fill("1.5")
            points.press("Tab")
        comment = page.locator(f"#{ANSWER}-comment")
        with page.expect_response(lambda answer: "/api/comment/" in answer.url and answer.request.method == "PUT"):
            comment.fill("Dobro, a zašto baš tu?")
            comment.blur()
        shot(page, "instructor-4-by-hand")
        page.reload()
        expect(page.locator(f"#{ANSWER}")).to_have_value("1.5")

        page.goto(f"{lab.url}/formgrader/manage_submissions/{NAME}")
        press(page, "ana", "comment")
        page.goto((released.root / "feedback" / "ana" / NAME / f"{NAME}.html").as_uri())
        expect(page.get_by_text("Dobro, a zašto baš tu?")).to_be_visible()
        expect(page.get_by_text("41.5").first).to_be_visible()
        heading = page.locator("h2:has(> .anchor-link)").first
        page.mouse.move(0, 0)
        expect(heading.locator(".anchor-link")).to_have_css("visibility", "hidden")
        heading.hover()
        expect(heading.locator(".anchor-link")).to_have_css("visibility", "visible")
        pictures = page.locator("img")
        assert pictures.count() >= EXPLORERS
        pictures.last.scroll_into_view_if_needed()
        shot(page, "instructor-5-feedback")
        page.close()


def press(page: Page, row: str, icon: str) -> None:
    """Press one of formgrader's icons in a row, wait for its success, and close the message."""
    page.locator("tr", has_text=row).locator(f".glyphicon-{icon}").first.click()
    expect(page.locator("#success-modal")).to_be_visible()
    page.locator("#success-modal [data-dismiss=modal]").last.click()
    expect(page.locator("#success-modal")).to_have_count(0)


def hand_in(course: Course) -> None:
    """Ana hands in the worked modules, and an answer in words."""
    folder = course.submitted / "ana" / NAME
    shutil.copytree(course.release / NAME, folder)
    shutil.copytree(course.root / "solutions" / NAME / "funkcije", folder / "funkcije", dirs_exist_ok=True)
    file = folder / f"{NAME}.ipynb"
    notebook = nbformat.read(file, as_version=4)
    [answer] = [cell for cell in notebook.cells if cell.id == ANSWER]
    answer.source = "Za male skale mreža bez normalizacije ne uči, jer aktivacije nestaju."
    nbformat.write(notebook, file)
