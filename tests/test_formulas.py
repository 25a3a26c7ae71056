"""Formulas as MathML: what courses write is understood, and what is hostile stays text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import nbformat
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from grader.classroom.pages import page
from grader.classroom.pages.formulas import ATTRIBUTES, DEEPEST, LONGEST, TAGS, mathml
from grader.classroom.pages.page import readable_markdown
from grader.doctor.pages import active

_FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$", re.DOTALL)


def shape(tex: str, *, display: bool = False) -> str:
    """The tags of a formula and the text in them, without attributes."""
    found = mathml(tex, display=display)
    assert found is not None, tex
    return re.sub(r"(<\w+)[^>]*>", r"\1>", found).removeprefix("<math>").removesuffix("</math>")


def rendered(source: str) -> str:
    environment = Environment()
    environment.filters["markdown2html"] = readable_markdown
    return environment.from_string("{{ source | markdown2html }}").render(source=source, resources={}, cell={})


@pytest.mark.parametrize("notebook", sorted(ROOT.glob("source/*/*.ipynb")), ids=lambda path: path.stem)
def test_every_formula_of_a_source_notebook_is_understood_its_model_answers_included(notebook: object) -> None:
    cells = nbformat.read(str(notebook), as_version=4).cells
    formulas = [m[1] or m[2] for c in cells if c.cell_type == "markdown" for m in _FORMULA.finditer(c.source)]
    assert len(formulas) > 100
    assert [formula for formula in formulas if mathml(formula, display=True) is None] == []


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"\frac1N", "<mfrac><mn>1</mn><mi>N</mi></mfrac>"),
        (r"\dfrac{a}{b}", "<mstyle><mfrac><mi>a</mi><mi>b</mi></mfrac></mstyle>"),
        ("x_i^2", "<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>"),
        ("x^12", "<mrow><msup><mi>x</mi><mn>1</mn></msup><mn>2</mn></mrow>"),
        ("10^{-3}", "<msup><mn>10</mn><mrow><mo>−</mo><mn>3</mn></mrow></msup>"),
        (r"\sqrt[3]{x}", "<mroot><mi>x</mi><mn>3</mn></mroot>"),
        (r"\hat x", "<mover><mi>x</mi><mo>^</mo></mover>"),
        (r"f'", "<msup><mi>f</mi><mo>′</mo></msup>"),
        (r"\text{ako je }x", "<mrow><mtext>ako je </mtext><mi>x</mi></mrow>"),
        (r"\left(x\right.", "<mrow><mo>(</mo><mi>x</mi></mrow>"),
        (r"\sum\limits_i x", "<mrow><msub><mo>∑</mo><mi>i</mi></msub><mi>x</mi></mrow>"),
        (r"a < b", "<mrow><mi>a</mi><mo>&lt;</mo><mi>b</mi></mrow>"),
        (
            r"\begin{aligned}a&=b\\c&=d\end{aligned}",
            "<mtable><mtr><mtd><mi>a</mi></mtd><mtd><mrow><mo>=</mo><mi>b</mi></mrow></mtd></mtr>"
            "<mtr><mtd><mi>c</mi></mtd><mtd><mrow><mo>=</mo><mi>d</mi></mrow></mtd></mtr></mtable>",
        ),
    ],
)
def test_a_formula_becomes_what_it_means(tex: str, expected: str) -> None:
    assert shape(tex) == expected


def test_a_displayed_sum_has_its_limits_below_and_above() -> None:
    assert shape(r"\sum_{i}^N x", display=True).startswith("<mrow><munderover><mo>∑</mo>")
    assert shape(r"\underbrace{x}_{=0}", display=False).startswith("<munder><munder>")


@pytest.mark.parametrize(
    "tex",
    [
        r"\href{javascript:alert(1)}{x}", r"\style{position:fixed}{x}", r"\def\gamma{0}", r"\foo", "{x", "x}", "x^1^2",
        r"\frac1", r"\left(x", r"\begin{aligned}x", r"\begin{tabular}x\end{tabular}", r"\$x\$", "x % y", "\\",
        r"\text{$x$}", r"\big x", "^", "x" * (LONGEST + 1), "{" * (DEEPEST + 1) + "}" * (DEEPEST + 1),
        r"\frac" * 3000, "x_" * 1500 + "x",
    ],
)  # fmt: skip
def test_what_is_not_understood_is_shown_as_its_source(tex: str) -> None:
    assert mathml(tex, display=False) is None
    if len(tex) < 100 and "$" not in tex and not tex.endswith("\\"):
        html = rendered(f"before ${tex}$ after")
        assert "<math" not in html and "monospace" in html


_PIECES = st.sampled_from([
    "\\frac", "\\sum", "_", "^", "{", "}", "x", "12", "<b>", "<script>", '"', "'", "&", "\\\\", "\\left", "\\right",
    "(", ")", "\\begin{cases}", "\\end{cases}", "\\text{", "\\$", "$", "\\sqrt[", "]", "\\hat", "\\mathbf", "\\big",
    "|", "&lt;", "onerror=", " ", "\\limits", "\\mathrm{", "%", "š", "\u202e",
])  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.lists(_PIECES, max_size=25).map("".join), st.booleans())
def test_whatever_is_in_a_formula_what_comes_out_is_well_formed_and_of_known_tags(tex: str, display: bool) -> None:
    found = mathml(tex, display=display)
    if found is None:
        return
    for element in ElementTree.fromstring(found).iter():
        assert element.tag in TAGS and set(element.attrib) <= ATTRIBUTES
        if element.tag in {"mfrac", "msub", "msup", "mover", "munder", "mroot"}:
            assert len(element) == 2
    assert "$" not in found and "\\" not in found
    assert not active(found)


def test_formulas_of_a_page_have_a_bound_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "MOST_FORMULA_TAGS", 20)
    html = rendered("$x+y$ " * 5)
    assert 1 <= html.count("<math") < 5
    assert html.count("<math") + html.count("$x+y$") == 5


def test_code_stays_code() -> None:
    assert "<math" not in rendered("`$x$`\n\n    $x$\n")


def test_the_battery_knows_a_formula_from_what_only_poses_as_one() -> None:
    assert not active("<math display='inline'><mi>x</mi></math><p class='x'></p>")
    assert active("<math><mtext><b>x</b></mtext></math>")
    assert active("<math><mi href='https://example.org'>x</mi></math>")
    assert active("<math onclick='alert(1)'></math>")
