"""What a report says, in one language: the kit's sentences, those of the assignment, and what its tasks are called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from checks.core import Assignment
from checks.language import Catalogue

from ...classic import cell_name
from ...course import Course
from ...errors import GraderError
from ...reference.mistakes import words_of
from ...text import Note, sentences, shown
from ...translation.notebook import spoken
from ..results import OTHER_CHECKS, OTHER_SECRET, OTHER_SUBMISSION, UNFINISHED
from ..status import GONE, NO_VERDICT
from ..steps.feedback import question_titles, titles_in
from .numbers import notebooks_of

REASONS = {
    UNFINISHED: "report_why_unfinished",
    OTHER_SECRET: "report_why_secret",
    OTHER_SUBMISSION: "report_why_submission",
    OTHER_CHECKS: "report_why_checks",
    NO_VERDICT: "report_why_no_verdict",
    GONE: "report_why_gone",
}
"""By what `grader status` says of a verdict that no longer counts, the same in the catalogue."""


class Words:
    """One language of a report.

    Args:
        course: the course.
        assignment: one of its.
        language: one that it speaks.
    """

    def __init__(self, course: Course, assignment: Assignment, language: str) -> None:
        self.language = language
        self.say: Catalogue = sentences(language)
        title = course.settings.title
        self.course_title = title if isinstance(title, str) else title.get(language, "")
        self._own = words_of(assignment, language)
        self._titles: dict[str, str] = {}
        notebooks = notebooks_of(assignment)
        for notebook in notebooks:
            for titles in _titles_of(course, assignment, notebook, language):
                named = {cell_name(notebook, id, len(notebooks)): title for id, title in titles.items()}
                self._titles = named | self._titles

    def hint(self, mistake: str) -> str:
        """What a known mistake is, in a sentence."""
        return self._own.get(mistake)

    def expected(self, check: str) -> str:
        """What a check asks for; empty where its author does not say."""
        return self._own.get(check)

    def title(self, task: str) -> str:
        """What a task is called: a function's name, or the question's."""
        return self._titles.get(task, task)

    def reason(self, why: str) -> str:
        """Why a verdict no longer counts."""
        return self.say(REASONS[why]) if why in REASONS else shown(why)

    def note(self, note: Note) -> str:
        """Why a person should look at a submission."""
        return shown(self.say(note.key, **note.names))


def _titles_of(course: Course, assignment: Assignment, notebook: str, language: str) -> Iterator[dict[str, str]]:
    """What a notebook calls its questions: as it was handed out in a language, as the catalogue translates it, and as
    it was handed out in another.
    """
    other = course.spoken_in(language)
    with suppress(GraderError):
        yield question_titles(other, assignment.name, notebook)
    if language != course.settings.languages[0] and notebook == assignment.name:
        with suppress(GraderError, OSError, ValueError):
            yield titles_in(spoken(other, assignment.name))
    with suppress(GraderError):
        yield question_titles(course, assignment.name, notebook)
