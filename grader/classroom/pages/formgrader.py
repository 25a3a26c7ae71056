"""A graded notebook as formgrader shows it to its reader."""

from __future__ import annotations

from functools import cache
from typing import Any

from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbgrader.server_extensions.formgrader import handlers

from .page import readable_markdown

_NAMES = ("assignment_id", "notebook_id", "submission_id", "student", "notebook_path")


def formgrader_page(notebook: NotebookNode) -> str:
    """The page as formgrader's handler makes it, with names that say nothing."""
    resources: dict[str, Any] = {**dict.fromkeys(_NAMES, "x"), "index": 0, "total": 1, "base_url": ""}
    page: str = _exporter().from_notebook_node(notebook, resources=resources)[0]
    return page


@cache
def _exporter() -> HTMLExporter:
    """Made once: it compiles its templates again for each exporter."""
    return HTMLExporter(  # type: ignore[no-untyped-call]
        template_name="formgrade",
        extra_template_basedirs=[handlers.template_path],
        filters={"markdown2html": readable_markdown},
    )
