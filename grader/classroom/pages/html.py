"""What a submission may bring to its reader's browser: text, tables, pictures and links, and nothing that runs.

nbconvert puts the HTML of outputs and markdown cells into the page as it is, and formgrader's page holds the buttons
that give points. `inert_html` cleans an output with nh3. A markdown cell stays markdown, since a person edits and
compares it: `inert_markdown` leaves what is harmless as it is, takes the meaning from tags that are not on its list,
and shows the source as text where that is not enough.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from html.parser import HTMLParser

import nh3
from nbconvert.filters import strip_files_prefix
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from .pictures import can_be_shown

OF_THE_SUBMISSION = "izlaz iz predatog rada / output of the submission"
LONGEST = 100_000
"""Characters of HTML that are cleaned; of more the plain text is shown."""
LONGEST_MARKDOWN = 20_000
"""Characters of markdown that are rendered; what is longer is shown as text, as nested LaTeX can take a minute."""
LONGEST_RENDERED = 20_000_000
"""Characters of HTML that a markdown cell becomes, its pictures included."""
DEEPEST = 100
"""Levels of nesting that browsers and parsers take without trouble."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_INLINE = _words("a abbr b br cite code del em i img ins kbd mark q s samp small span strong sub sup u var")
_BLOCKS = _words("""
    blockquote caption center col colgroup dd details div dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr li ol p pre
    progress summary table tbody td tfoot th thead tr ul
""")

# Neither `id` nor `class`: formgrader finds the fields for points by them.
_ATTRIBUTES = {
    "*": {"align", "style", "title"},
    "a": {"href"},
    "col": {"span"},
    "img": {"alt", "height", "src", "width"},
    "ol": {"start"},
    "progress": {"max", "value"},
    "table": {"border"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
# Nothing that moves a thing out of its place or makes it larger or smaller than what it holds, over others' words.
# The page clips what gets out all the same (`STAYS_INSIDE`).
_PROPERTIES = _words("""
    background-color border border-bottom border-collapse border-color border-left border-radius border-right
    border-spacing border-style border-top border-width color font-family font-size font-style font-variant font-weight
    list-style-type max-width min-width padding padding-bottom padding-left padding-right padding-top text-align
    text-decoration vertical-align white-space width word-break
""")
# Of MathJax, which reads all text of a page: links that run, styles, names, and words that other cells use.
_COMMAND = re.compile(
    r"\\(?:href|style|class|cssId|data|require|mmlToken|mmltoken|unicode|def|gdef|edef|xdef|let|futurelet|global"
    r"|newcommand|renewcommand|providecommand|newenvironment|renewenvironment|DeclareMathOperator|DeclarePairedDelimiter"
    r"|Newextarrow|includegraphics|htmlData)(?![A-Za-z])"
)
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif);base64,[A-Za-z0-9+/=\s]*\Z")


def inert_html(html: str) -> str:
    """HTML with nothing in it that runs, is fetched from this machine, or leaves its place on the page."""
    if len(html) > LONGEST:
        return ""
    cleaned = nh3.clean(
        html,
        tags=set(_INLINE | _BLOCKS),
        attributes=_ATTRIBUTES,
        attribute_filter=_only_pictures,
        url_schemes={"http", "https", "mailto", "data"},
        url_relative="deny",
        filter_style_properties=set(_PROPERTIES),
    )
    walk = _Walk(cleaned)
    return cleaned if walk.depth <= DEEPEST and not walk.commands else ""


def _only_pictures(tag: str, attribute: str, value: str) -> str | None:
    data = value.strip().lower().startswith("data:")
    return None if data and not (tag == "img" and attribute == "src" and _PICTURE.match(value.strip())) else value


# A tag of markdown that stays one, to the letter; a closing `</div>` would close the page's own.
_WORDS = "|".join(sorted((_INLINE | _BLOCKS) - {"a", "col", "colgroup", "div", "img", "progress"}))
_QUOTED = r"""(?:"[^"<>]*"|'[^'<>]*')"""
_KEPT = re.compile(
    rf"""
    </?(?:{_WORDS}) \s* /? >
    | <a \s+ href \s* = \s* (?:"https?://[^"<>\s]*"|'https?://[^'<>\s]*') \s* > | </a \s* >
    | <img (?: \s+ (?:src|alt|title|width|height) \s* = \s* {_QUOTED} )* \s* /? >
    | <(?:https?://|mailto:)[^<>"'\s]* >
    """,
    re.VERBOSE | re.IGNORECASE,
)
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_HEADING = re.compile(r"^( {0,3}#{1,6}[ \t]+)", re.MULTILINE)
_ZERO_WIDTH_SPACE = "\u200b"


def inert_markdown(
    source: str, attachments: Mapping[str, Mapping[str, str]] | None = None, taken: Collection[str] = ()
) -> str:
    """Markdown that renders to nothing that runs; the source itself if it holds nothing of the kind.

    Args:
        source: a markdown cell's.
        attachments: pictures that came with the cell, base64 by name and type; they must have been checked.
        taken: ids that the page needs for itself, and that no heading may get.
    """
    return rendered(source, attachments, taken)[0]


def rendered(
    source: str, attachments: Mapping[str, Mapping[str, str]] | None = None, taken: Collection[str] = ()
) -> tuple[str, int]:
    """`inert_markdown`, and how many tags a page gets by it."""
    if len(source) > LONGEST_MARKDOWN:
        return as_text(source), 0
    broken = _TAG.sub(lambda found: "<" if _KEPT.match(source, found.start()) else "< ", source)
    for candidate in (broken, _HEADING.sub(rf"\1{_ZERO_WIDTH_SPACE}", broken)):
        html = _inert_rendering(candidate, attachments or {}, taken)
        if html is not None:
            return candidate, html.count("<")
    return as_text(source), 0


def as_text(source: str) -> str:
    """Markdown that shows another markdown's source, up to `LONGEST` characters."""
    longest = max((len(run) for run in re.findall(r"~+", source)), default=0)
    fence = "~" * max(4, longest + 1)
    # nbconvert looks, from each bracket to the end of its line, for what could be a link.
    text = _LONG_LINE.sub(r"\g<0>\n", source[:LONGEST])
    return f"{fence}\n{text}\n{fence}"


_LONG_LINE = re.compile(r"[^\n]{500}(?!\n)")


def _inert_rendering(source: str, attachments: Mapping[str, Mapping[str, str]], taken: Collection[str]) -> str | None:
    """The HTML that nbconvert makes of it, if that is harmless."""
    try:
        renderer = IPythonRenderer(escape=False, attachments=attachments, anchor_link_text="¶")  # type: ignore[arg-type]
        html: str = strip_files_prefix(MarkdownWithMath(renderer=renderer).render(source))  # type: ignore[no-untyped-call]
    except Exception:  # a missing attachment, or whatever else would stop the page
        return None
    if len(html) > LONGEST_RENDERED:
        return None
    walk = _Walk(html)
    harmful = walk.depth > DEEPEST or walk.refused or walk.commands or walk.ids.intersection(taken)
    return None if harmful else html


_RENDERED_TAGS = (_INLINE | _BLOCKS | {"input"}) - {"progress"}
_RENDERED_ATTRIBUTES = {
    "a": {"class", "href", "title"},
    "code": {"class"},
    "div": {"class"},
    "img": {"alt", "height", "src", "title", "width"},
    "input": {"checked", "class", "disabled", "type"},
    "li": {"class"},
    "ol": {"start"},
    "span": {"class"},
    "td": {"style"},
    "th": {"style"},
} | {f"h{level}": {"id"} for level in range(1, 7)}
_RENDERED_CLASS = re.compile(r"anchor-link|highlight|task-list-item(?:-checkbox)?|language-\S*|[a-z]{1,2}\d?")
_CODE = {"code", "pre"}
"""Where MathJax reads nothing."""
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):")


class _Walk(HTMLParser):
    """Goes over HTML that was made by a renderer or a sanitizer, and is well formed therefore."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.depth = 0
        self.ids: set[str] = set()
        self.refused = False
        self.commands = False
        """Whether MathJax finds a command in the text that reaches beyond its formula."""
        self._open = 0
        self._code = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"br", "hr", "img", "col", "input"}:
            self._open += 1
            self.depth = max(self.depth, self._open)
            self._code += tag in _CODE
        self.refused |= tag not in _RENDERED_TAGS
        for name, value in attrs:
            text = value or ""
            self.refused |= name not in _RENDERED_ATTRIBUTES.get(tag, ())
            if name == "id":
                self.ids.add(text)
            elif name == "class":
                self.refused |= not all(map(_RENDERED_CLASS.fullmatch, text.split()))
            elif name in {"href", "src"}:
                self.refused |= not _may_be_followed(text, picture=tag == "img")
            elif name == "style":
                self.refused |= re.fullmatch(r"text-align:\s*(left|right|center);?", text) is None

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"br", "hr", "img", "col", "input"}:
            self._open -= 1
            self._code -= tag in _CODE

    def handle_data(self, data: str) -> None:
        self.commands |= not self._code and has_commands(data)

    def handle_comment(self, data: str) -> None:
        self.refused = True

    def handle_decl(self, decl: str) -> None:
        self.refused = True

    def handle_pi(self, data: str) -> None:
        self.refused = True

    def unknown_decl(self, data: str) -> None:
        self.refused = True


def has_commands(text: str) -> bool:
    """Whether LaTeX holds a command that reaches beyond its formula: links, styles, names, new meanings of words."""
    return _COMMAND.search(text) is not None


def _may_be_followed(url: str, *, picture: bool) -> bool:
    bare = re.sub(r"[\x00-\x20]", "", url).lower()
    scheme = _SCHEME.match(bare)
    if scheme is None or scheme[1] in {"http", "https", "mailto", "attachment"}:
        return True
    return picture and _PICTURE.match(url.strip()) is not None


def attached_pictures(attachments: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Of the attachments of a cell those that are pictures, base64 by name and type."""
    kept: dict[str, dict[str, str]] = {}
    for name, forms in attachments.items():
        for mime, text in forms.items():
            try:
                data = base64.b64decode("".join(text) if isinstance(text, list | str) else "")
            except (ValueError, TypeError):
                continue
            if can_be_shown(mime, data):
                kept.setdefault(name, {})[mime] = base64.b64encode(data).decode("ascii")
    return kept


def page_ids(grade_ids: Iterable[str]) -> set[str]:
    """The ids by which formgrader finds what it needs on its page."""
    fields = {
        f"{grade_id}{ending}" for grade_id in grade_ids if grade_id for ending in ("", "-comment", "_extra_credit")
    }
    return fields | {"notebook", "notebook-container", "statusmessage", "toc", "top"}


_BOXES = ".text_cell_render, .input_area, .output_subarea, .jp-RenderedMarkdown, .jp-InputArea-editor"
STAYS_INSIDE = f"""<style>
:is({_BOXES}, .jp-OutputArea-output) {{
  contain: layout paint !important; isolation: isolate !important; min-width: 0;
  overflow: auto hidden !important; position: relative !important; z-index: 0 !important;
}}
.code_cell:not(:has(.nbgrader_cell)) .output:has(.output_subarea) {{ border-left: 4px double #bbb; }}
.code_cell:not(:has(.nbgrader_cell)) .output:has(.output_subarea)::before {{
  color: #767676; content: "{OF_THE_SUBMISSION}"; display: block; font: 10px sans-serif; padding-left: 6px;
}}
</style>"""
"""What keeps everything that a submission shows in its own box, in the feedback and in formgrader.

The browser cuts off what gets out of a box, whatever its styles, and what an output paints lies below the rest of the
page. Outputs of cells that are not graded are marked; the mark is the page's, as is the class by which it knows them.
"""


_UNTAMED = frozenset({"Mn", "Me", "Cf", "Cs"})
"""Categories of characters of which not every one, or none, is shown."""
_MOST_MARKS = 3
"""Marks on one letter; languages use two."""


def tame(text: str) -> str:
    """A verdict's text without what would be drawn over the words around it: piles of marks, turned directions."""
    if not any(unicodedata.category(character) in _UNTAMED for character in set(text)):
        return text
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if marks <= _MOST_MARKS and unicodedata.category(character) not in {"Cf", "Cs"}:
            kept.append(character)
    return "".join(kept)


def plain(text: str) -> str:
    """Text that is no more than text in markdown and in HTML."""
    return "".join(
        f"&#{ord(character)};" if character in _SPECIAL else character for character in " ".join(text.split())
    )


_SPECIAL = frozenset("\\`*_[]#|~<>&$!^=\"'")
