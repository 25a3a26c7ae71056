"""Feedback pages as the zip that Moodle takes back: each in a folder that is named as Moodle named the hand-in's."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable

from ...course import Course
from ...grading.people import People
from ..feedback import feedback_page, says_stale

_FOLDER = re.compile(r"(?P<folder>[^_]*_\d+_assignsubmission_(?:file|onlinetext))(?:_.*)?", re.DOTALL)
"""Moodle reads name, number and kind between the first underscores."""
_WHEN = (1980, 1, 1, 0, 0, 0)


def zip_feedback(course: Course, assignment: str, students: Iterable[str]) -> tuple[bytes, dict[str, str]]:
    """The pages of some students as a zip, by Moodle's folders.

    Args:
        course: the course.
        assignment: its name.
        students: whose pages.

    Returns:
        The zip; and why a student's page is not in it, by student.

    Raises:
        GraderError: the course's list of people cannot be read.
    """
    people = People(course)
    left: dict[str, str] = {}
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for student in students:
            handin = people.handin(student, assignment)
            named = _FOLDER.fullmatch(handin.folder) if handin else None
            pages = sorted(feedback_page(course, assignment, student).parent.glob("*.html"))
            if named is None:
                left[student] = "the name of the hand-in has no number, as that of a group has none"
            elif not pages:
                left[student] = "there is no feedback page"
            elif any(map(says_stale, pages)):
                left[student] = "the feedback page is from before the work was graded again"
            else:
                for page in pages:
                    info = zipfile.ZipInfo(f"{named['folder']}_/{page.name}", _WHEN)
                    info.compress_type = zipfile.ZIP_DEFLATED
                    archive.writestr(info, page.read_bytes())
    return whole.getvalue(), left
