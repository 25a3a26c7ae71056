"""What a course's `nbgrader_config.py` names. These names stay, wherever in the kit the classes lie.

    c.Autograde.exporter_class = "grader.plugins.SubmissionExporter"

A class, or a filter, is imported when it is asked for, and what is exchanged in nbgrader (`classroom/exchanged.py`)
with the first. The names of version 0.1 (`grader.autograde.RestoreCells` and so on, in `grader/former/`) go on working
until version 0.3.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "RenderRelease": "publish.preprocessors",
    "RenderWorked": "publish.preprocessors",
    "SubmissionExporter": "classroom.exporter",
    "RestoreCells": "classroom.steps.restoring",
    "RestoreModules": "classroom.steps.restoring",
    "ExecuteForReading": "classroom.steps.for_reading",
    "TrustedVerdict": "classroom.steps.scoring",
    "SaveScores": "classroom.steps.scoring",
    "MakeInert": "classroom.steps.for_reading",
    "HtmlOnly": "classroom.steps.feedback",
    "SayStale": "classroom.steps.feedback",
    "FitFigures": "classroom.steps.feedback",
    "Overview": "classroom.steps.feedback",
    "ModelAnswers": "classroom.steps.for_instructor",
    "FeedbackExporter": "classroom.pages.page",
    "readable_markdown": "classroom.pages.page",
    "LmsExtractor": "classroom.handin.lms",
    "LmsCollector": "classroom.handin.lms",
    "CheckCsvExportPlugin": "classroom.export",
}
_FORMERLY = {
    "RenderRelease": "preprocessors",
    "RenderWorked": "preprocessors",
    "SubmissionExporter": "submission",
    "LmsExtractor": "handin",
    "LmsCollector": "handin",
    "CheckCsvExportPlugin": "export",
}


def name_of(plugin: str) -> str:
    """How a course's configuration names a class."""
    return f"{__name__}.{plugin}"


def names_of(plugin: str) -> tuple[str, str]:
    """How a course's configuration may name a class: as it should, and as version 0.1 did."""
    return name_of(plugin), f"{__package__}.{_FORMERLY.get(plugin, 'autograde')}.{plugin}"


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    importlib.import_module(f"{__package__}.classroom.exchanged")
    return getattr(importlib.import_module(f"{__package__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_HOMES)
