"""What a feedback page says about itself: that its points no longer count."""

from __future__ import annotations

import stat
from html import escape
from pathlib import Path

from ..course import Course
from ..files import write_whole
from ..text import sentences

_MARK = '<div class="grader-stale"'
_STYLE = "margin: 1em; padding: 1em; border: 2px solid #b00; background: #fee; color: #600; font: 16px sans-serif"


def feedback_page(course: Course, assignment: str, student: str) -> Path:
    """Where a student's feedback page lies."""
    return course.root / "feedback" / student / assignment / f"{assignment}.html"


def stale_banner(course: Course) -> str:
    """The head of a page whose points no longer count."""
    lines = (escape(sentences(language)("stale")) for language in course.settings.languages)
    return f'{_MARK} style="{_STYLE}">{"<br>".join(lines)}</div>'


def says_stale(page: Path) -> bool:
    """Whether a page that was written says that its points no longer count."""
    return _MARK.encode() in page.read_bytes()


def say_stale(course: Course, assignment: str, student: str) -> None:
    """Put the banner on a page that was written before; remove the page if that cannot be done."""
    page = feedback_page(course, assignment, student)
    try:
        text = page.read_text(encoding="utf-8")
        if _MARK in text:
            return
        body = text.find(">", text.find("<body")) + 1
        whole = text[:body] + stale_banner(course) + text[body:]
        write_whole(page, whole.encode(), mode=stat.S_IMODE(page.stat().st_mode))
    except FileNotFoundError:
        return
    except (OSError, UnicodeError):
        page.unlink(missing_ok=True)
