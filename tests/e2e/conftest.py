"""What the browser tests share: the browser, and a course that was released."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import CHROMIUM, OPTIONS
from machine import lacks
from playwright.sync_api import Browser, sync_playwright

from grader.course import Course
from grader.demo.run import fresh_copy
from grader.publish.release import release

ROOT = Path(__file__).resolve().parents[2]
NAME = "batch_normalization"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.is_file():
        lacks(f"{CHROMIUM} is missing. Next, on Debian or Ubuntu: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def released(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A copy of this course with its assignment released, the worked modules in `solutions/`."""
    course = fresh_copy(Course(ROOT), tmp_path_factory.mktemp("course") / "course")
    release(course, NAME, execute=False)
    return course
