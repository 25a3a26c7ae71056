"""Feedback pages of many, several at a time: nbgrader's converter makes each, in processes of this machine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from nbgrader.converters import GenerateFeedback
from nbgrader.converters.base import NbGraderException

from .kept_open import gradebooks_kept_open
from .pool import cores
from .processes import FEWEST, Processes

Convert = Callable[[GenerateFeedback], None]
"""nbgrader's own way: one after another."""


class _Pages:
    """Makes the pages of one folder of `autograded/` after another."""

    def __init__(self, converter: GenerateFeedback, convert: Convert) -> None:
        self._converter, self._convert = converter, convert
        self._all: dict[str, list[str]] = converter.assignments

    def __call__(self, folder: str) -> str:
        """What nbgrader says at the end where one could not be made; the log has the reason."""
        self._converter.assignments = {folder: self._all[folder]}
        try:
            with gradebooks_kept_open():  # opened once a page, and not for each of its steps
                self._convert(self._converter)
        except NbGraderException as error:
            return str(error)
        return ""

    def close(self) -> None:
        """Nothing is kept."""


def convert_many(converter: GenerateFeedback, convert: Convert) -> None:
    """Make all pages that a converter is to make.

    Args:
        converter: about to begin.
        convert: nbgrader's own way.

    Raises:
        NbGraderException: one could not be made; all others were.
    """
    folders = sorted(converter.assignments)
    if len(folders) < FEWEST:
        convert(converter)
        return
    with closing(Processes(_Pages(converter, convert), cores())) as some:
        problems = [problem for problem in some.each(folders) if problem]
    if problems:
        raise NbGraderException(problems[0])
