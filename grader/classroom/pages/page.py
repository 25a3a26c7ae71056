"""How a graded notebook becomes a page: feedback's own, and what formgrader's has besides nbgrader's.

c.GenerateFeedback.exporter_class = "grader.plugins.FeedbackExporter"
c.HTMLExporter.filters = {"markdown2html": "grader.plugins.readable_markdown"}
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbgrader.server_extensions.formgrader import handlers
from traitlets.config import Config

from .formulas import mathml

MOST_FORMULA_TAGS = 40_000
"""Tags that the formulas of one page become; what comes after is shown as its source."""
_TEMPLATES = Path(__file__).with_name("templates")
_BOOTSTRAP = Path(handlers.static_path, "node_modules", "bootstrap", "dist", "css")
"""Where nbgrader's page finds its style sheet."""
_SOURCE = "font-family:monospace;white-space:pre-wrap"


class FeedbackExporter(HTMLExporter):
    """The feedback page: one box at its head, then the graded notebook.

    A section of the configuration for `HTMLExporter` means formgrader's pages, which only instructors see; here it
    neither adds a preprocessor nor chooses another template.
    """

    @property
    def default_config(self) -> Config:
        """What nbconvert sets, and the page's template."""
        own = Config(
            template_name="box",
            extra_template_basedirs=[str(_TEMPLATES)],
            extra_template_paths=[handlers.template_path, str(_BOOTSTRAP)],
            filters={"markdown2html": readable_markdown},
            preprocessors=[],
        )
        config: Config = super().default_config.copy()
        config.FeedbackExporter = own
        return config


class _Renderer(IPythonRenderer):
    """Renders markdown as nbconvert does, and formulas so that they need no script."""

    def __init__(self, counted: dict[str, int], **options: Any) -> None:
        super().__init__(**options)
        self._counted = counted

    def block_math(self, body: str) -> str:
        return self._formula(body, "$$", "$$", display=True)

    def inline_math(self, body: str) -> str:
        return self._formula(body, "$", "$", display=False)

    def latex_environment(self, name: str, body: str) -> str:
        return self._formula(rf"\begin{{{name}}}{body}\end{{{name}}}", "", "", display=True)

    def _formula(self, tex: str, opening: str, closing: str, *, display: bool) -> str:
        found = mathml(tex, display=display)
        if found is not None and (tags := found.count("<")) <= self._counted["left"]:
            self._counted["left"] -= tags
            return found
        # MathJax, which the page has where there is a network, may still know it.
        return f'<span style="{_SOURCE}">{opening}{escape(tex, quote=False)}{closing}</span>'


@pass_context
def readable_markdown(context: Context, source: str) -> str:
    """The filter `markdown2html` of nbconvert, with formulas as MathML."""
    cell, resources = context.get("cell", {}), context.get("resources", {})
    # A page's resources last as long as the page.
    counted = resources.setdefault("formulas", {"left": MOST_FORMULA_TAGS})
    renderer = _Renderer(counted, escape=False, attachments=cell.get("attachments", {}), anchor_link_text="¶")
    html: str = MarkdownWithMath(renderer=renderer).render(source)
    return html
