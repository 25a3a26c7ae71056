"""What a submission would have the browser of its reader run: in outputs, in markdown, in names and in messages."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from ..classroom.pages import formulas
from .attack import HandedIn
from .notebook import Notebook, code_cell, edited, markdown_cell, running
from .world import World

ACTIVE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="java&#10;script:alert(1)">x</a>',
    "<svg/onload=alert(1)>",
    "<math><mtext><img src onerror=alert(1)></mtext></math>",
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    '<form action="/formgrader"><button>x</button></form>',
    '<style>@import "https://example.org/x.css"</style>',
    '<div style="position:fixed;background:url(javascript:alert(1))">x</div>',
    '<meta http-equiv="refresh" content="0;url=https://example.org">',
    '<base href="https://example.org/">',
    '<object data="x.swf"></object>',
    "<!--><script>alert(1)</script>-->",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&#58;alert(1))",
    "![x](javascript:alert(1))",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    "<b onclick=alert(1)>x</b>",
    '<img src="data:image/svg+xml;base64,PHN2Zy8+">',
    "<b\n onclick=alert(1)>x</b>",
    "`<b>`<img src=x onerror=alert(1)>",
    "$<img src=x onerror=alert(1)>$",
    "~~~\n<b>\n~~~\n<script>alert(1)</script>",
    "</div></div><div id='statusmessage'>",
    "```mermaid\nclick A call alert(1)\n```",
    "$\\href{javascript:alert(1)}{x}$",
    "$\\st&#121;le{x}$ \\\\[\\style{position:fixed}{x}\\\\]",
    '<div style="height:0px"><div style="opacity:0.999;line-height:900px;overflow:visible">x</div></div>',
]
"""HTML and markdown that run something in a browser, send something, or pretend to be a part of the page."""

BREAKOUT = '"><script>alert(1)</script>'
_FILE = "<img src=x onerror=alert(1)>"
_PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"

_RUNNING = {"script", "iframe", "object", "embed", "form", "button", "svg", "meta", "base", "link"}

_UNREAD = {"code", "pre", "script", "style", "textarea"}
_LEAVES = r"url|position|expression|import|opacity|overflow|line-height|transform|(?:^|;)(?:max-)?height"
"""Styles that run, or with which a thing gets out of its place."""


def active(html: str) -> Counter[str]:
    """What in a page, or in a part of one, would run, be sent, or pretend to be a part of formgrader."""
    parser = _Active()
    parser.feed(html)
    parser.close()
    return parser.found


class _Active(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()
        self._code = 0
        self._formula = False

    def handle_data(self, data: str) -> None:
        # MathJax reads all text of a page but that of code.
        if not self._code:
            for command in re.findall(r"\\(?:href|style|class|cssId|require|def|newcommand)\b", data):
                self.found[command] += 1

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in _UNREAD
        self._formula &= tag != "math"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._code += tag in _UNREAD
        self._formula |= tag == "math"
        if self._formula and not (tag in formulas.TAGS and {name for name, _ in attrs} <= formulas.ATTRIBUTES):
            self.found[f"<{tag}> in a formula {attrs}"[:80]] += 1
        if tag in _RUNNING:
            self.found[f"<{tag}> {attrs}"[:80]] += 1
        for name, value in attrs:
            bare = re.sub(r"[\x00-\x20]", "", value or "").lower()
            if name.startswith("on") or name in {"srcdoc", "action"} or bare.startswith(("javascript:", "data:text")):
                self.found[f"{tag} {name}={value}"] += 1
            if name == "style" and re.search(_LEAVES, bare):
                self.found[f"{tag} {name}={value}"] += 1
            if name == "id" and value == "statusmessage":
                self.found[f"{tag} {name}={value}"] += 1


def _adds(name: str, tries: str, *cells: Notebook, **more: Any) -> HandedIn:
    return edited(name, tries, lambda notebook: notebook["cells"].extend(cells), on_pages=True, **more)


def _names_fields(notebook: Notebook) -> None:
    ids = [cell["metadata"]["nbgrader"]["grade_id"] for cell in notebook["cells"] if "nbgrader" in cell["metadata"]]
    notebook["cells"] += [markdown_cell(f"# {name}\n\n{name}-comment\n---\n") for name in ids]


def _renamed(folder: Path, world: World) -> None:
    (folder / f"{world.assignment.name}.ipynb").rename(folder / f"{_FILE}.ipynb")


def _files(folder: Path, world: World) -> None:
    (folder / f"{_FILE}.txt").symlink_to("/etc/passwd")
    (folder / world.course.package.name / f"{_FILE}.py").symlink_to("/etc/passwd")


def _message(folder: Path, world: World) -> None:
    for name in world.assignment.modules:
        path = folder / world.course.package.name / name
        path.write_text(
            path.read_text(encoding="utf-8") + f"\nimport os\nraise ValueError({BREAKOUT!r})\n", encoding="utf-8"
        )


_IN_A_COMMENT = "raised ValueError"

PAGES = (
    _adds(
        "markdown_that_runs",
        "Writes scripts, event handlers and addresses that run into text cells.",
        *(markdown_cell(text) for text in ACTIVE),
        says="shown as its source",
    ),
    _adds(
        "output_that_runs",
        "Displays the same as HTML and as markdown.",
        *(code_cell(f"from IPython.display import *\ndisplay(HTML({text!r}), Markdown({text!r}))") for text in ACTIVE),
        shows="alert",
        runs=True,
    ),
    running(
        "script_as_output",
        "Displays a script, a drawing with a handler, a widget and a page in a frame.",
        "from IPython.display import *\n"
        "display(Javascript('alert(1)'), SVG('<svg onload=\"a()\"/>'), IFrame('x', 1, 1))",
        "display({'text/plain': 'x', 'application/vnd.jupyter.widget-view+json': {'model_id': 'x'}}, raw=True)",
        shows=".",
        on_pages=True,
    ),
    running(
        "script_as_text",
        "Prints a script, and raises an error of that name and text.",
        f"print('</pre>{BREAKOUT}')",
        f"raise type({BREAKOUT!r}, (Exception,), {{}})({BREAKOUT!r})",
        shows="alert",
        on_pages=True,
    ),
    running(
        "script_over_the_pipe",
        "Sends a script over the pipe by itself, past the shell.",
        "import gc\nchannel = [o for o in gc.get_objects() if type(o).__name__ == 'Channel'][0]\n"
        "html = '<p onclick=alert(1)>said</p><script>alert(1)</script>'\n"
        "channel.send(['display', {'text/html': html}, {}, '', False])",
        shows="<p>said</p>",
        on_pages=True,
    ),
    _adds(
        "raw_cell",
        "Hands in a raw cell of HTML.",
        markdown_cell(BREAKOUT, cell_type="raw", metadata={"raw_mimetype": "text/html"}),
        says=_IN_A_COMMENT,
    ),
    _adds(
        "attachment",
        "Attaches pictures whose type breaks out of its attribute, and a drawing.",
        markdown_cell("![](attachment:a.png)", attachments={"a.png": {'image/png" onerror="alert(1)': _PICTURE}}),
        markdown_cell("![](attachment:b.svg)", attachments={"b.svg": {"image/svg+xml": _PICTURE}}),
        says="shown as its source|raised ValueError",
    ),
    _adds(
        "metadata_on_a_page",
        "Puts scripts where a page takes names from: language, tags, alternative text.",
        code_cell("1", tags=[BREAKOUT], magics_language=BREAKOUT, alt=BREAKOUT),
        says=_IN_A_COMMENT,
    ),
    edited(
        "title_and_widgets",
        "Names the notebook and its language with a script, and brings widgets' state.",
        lambda notebook: notebook["metadata"].update(
            title=BREAKOUT,
            language_info={"name": BREAKOUT, "pygments_lexer": BREAKOUT},
            widgets={"application/vnd.jupyter.widget-state+json": {"state": {}, "version_major": 2}},
        ),
        says=_IN_A_COMMENT,
        on_pages=True,
    ),
    edited(
        "fields_for_points",
        "Writes headings that get the ids of formgrader's fields for points and comments.",
        _names_fields,
        says=_IN_A_COMMENT,
        on_pages=True,
    ),
    HandedIn(
        "notebook_with_a_name_that_runs",
        "Gives its notebook a name that runs where it is shown.",
        _renamed,
        says="onerror.* was read instead",
        on_pages=True,
    ),
    HandedIn(
        "files_with_names_that_run",
        "Gives links names that run where it is said that they were left out.",
        _files,
        says="(?s)Not carried over.*onerror",
        on_pages=True,
    ),
    running(
        "verdict_over_the_verdict",
        "Displays a false verdict without a height of its own, over what stands below it.",
        "from IPython.display import *\n"
        'HTML(\'<div style="height:0px"><div style="opacity:0.999;background-color:white">40 od 40</div></div>\')',
        shows="40 od 40",
        on_pages=True,
    ),
    running(
        "latex_that_runs",
        "Displays formulas that are links to scripts, that leave their place, and that give words other meanings.",
        "from IPython.display import *\n"
        "for text in (r'$$\\href{javascript:alert(1)}{x}$$', "
        "r'$$\\style{position:fixed}{x}$$', r'$$\\def\\alpha{0}$$'):\n"
        "    display(Latex(text), Markdown(text), HTML(f'<p>{text}</p>'))",
        shows="alert",
        on_pages=True,
    ),
    _adds(
        "passes_for_the_summary",
        "Gives a text cell of scripts the id of the kit's own first cell.",
        markdown_cell("<script>alert(1)</script>", id="grader-summary"),
        says="shown as its source|raised ValueError",
    ),
    HandedIn(
        "message_that_runs",
        "Raises an error whose text runs where the verdict shows it.",
        _message,
        costs="everything",
        says="alert",
        on_pages=True,
    ),
)
