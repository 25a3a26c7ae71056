"""The leak proof finds a blanked solution wherever it is planted, and lets given code and plain words be."""

import io
import json
import re
from pathlib import Path
from textwrap import indent

import nbformat
import numpy as np
import pytest

from checks.core import Assignment
from checks.student import Contract
from grader.course import Course
from grader.publish.leaks import find_leaks
from grader.reference.render import render_package

MODULE = '''
import numpy as np


def given_forward(x, w):
    """Given: out = x @ w."""
    N, D = x.shape
    out = x @ w
    cache = (x, w)
    return out, cache


def scale_forward(x, gamma, mode):
    """Scale the columns of x."""
    ### BEGIN SOLUTION scale
    N, D = x.shape
    out = x @ w
    # the centre of each column
    centre = x.mean(axis=0)
    if mode == "train":
        out = gamma * (x - centre)
    cache = (gamma, centre)
    ### END SOLUTION
    return out, cache


def later_forward(x):
    """Comes with another assignment."""
    ### BEGIN SOLUTION later
    out = np.tanh(x) ** 2
    ### END SOLUTION
    return out
'''


def leaks(folder: Path, **planted: str | bytes) -> list[str]:
    """The leaks of a release of MODULE with files of these contents beside it (`README_md` for `README.md`)."""
    (folder / "funkcije").mkdir(exist_ok=True)
    (folder / "funkcije" / "layers.py").write_text(MODULE, encoding="utf-8")
    rendered = render_package(Course(folder), Assignment("scale", ("layers.py",), (), (), Contract({}), folder))
    release = {f"funkcije/{module}": content for module, content in rendered.stub.items()}
    for name, content in planted.items():
        path = ".".join(name.rsplit("_", 1))
        release[path] = content if isinstance(content, bytes) else content.encode()
    return find_leaks(release, rendered.blanked, rendered.stub)


def notebook(*cells: nbformat.NotebookNode) -> str:
    return nbformat.writes(nbformat.v4.new_notebook(cells=list(cells)))


code, markdown = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell


def test_a_rendered_package_leaks_nothing(tmp_path: Path) -> None:
    assert leaks(tmp_path) == []


@pytest.mark.parametrize(
    "written",
    [
        "out = gamma * (x - centre)",
        "out=gamma*(x-centre)",
        "out = (gamma\n       * ((x - centre)))",
        "if True:\n    out = gamma * \\\n        (x - centre)",
        "for _ in range(1): out = gamma * (x - centre)  # once",
    ],
)
def test_a_statement_is_found_in_a_module_however_it_is_laid_out(tmp_path: Path, written: str) -> None:
    (leak,) = leaks(tmp_path, helper_py=written + "\n")
    assert leak == "helper.py shows the solution of scale_forward (layers.py, line 15): out = gamma * (x - centre)"


def test_quotes_do_not_hide_a_condition(tmp_path: Path) -> None:
    (leak,) = leaks(tmp_path, helper_py="if mode == 'train':\n    pass\n")
    assert leak.endswith("if mode == 'train'")


def test_an_elif_does_not_hide_a_condition(tmp_path: Path) -> None:
    assert leaks(tmp_path, helper_py="if x:\n    pass\nelif mode == 'train':\n    pass\n")


@pytest.mark.parametrize(
    "written",
    [
        '"""Hint:\n\n    centre = x.mean(axis=0)\n"""\n',
        "# centre = x.mean(axis=0)\n",
        "#centre=x.mean(\n#    axis=0)\n",
        "hint = 'first\\ncentre = x.mean(axis=0)'\n",
        "hint = ('centre = '\n        'x.mean(axis=0)')\n",
        "hint = f'centre = x.mean(axis=0) {1}'\n",
    ],
)
def test_a_statement_is_found_in_docstrings_comments_and_strings(tmp_path: Path, written: str) -> None:
    (leak,) = leaks(tmp_path, helper_py=written)
    assert "centre = x.mean(axis=0)" in leak


@pytest.mark.parametrize(
    "cell",
    [
        code("%matplotlib inline\ncentre = x.mean( axis = 0 )"),
        code("this is not python; centre = x.mean(axis=0)"),
        code("# centre = x.mean(axis=0)"),
        markdown("Napišite `centre = x.mean(axis=0)` ovdje."),
        markdown("```python\ncentre = x.mean(\n    axis=0\n)\n```"),
        code("1", metadata={"hint": "centre = x.mean(axis=0)"}),
        code("1", outputs=[nbformat.v4.new_output("stream", text="centre = x.mean(axis=0)\n")]),
    ],
)
def test_a_statement_is_found_anywhere_in_a_notebook(tmp_path: Path, cell: nbformat.NotebookNode) -> None:
    (leak,) = leaks(tmp_path, scale_ipynb=notebook(markdown("# Title"), cell))
    assert leak.startswith("scale.ipynb shows")


@pytest.mark.parametrize("name", ["README_md", "requirements_txt", "checks/messages_toml", "checks/recorded_json"])
def test_a_statement_is_found_in_any_text_file(tmp_path: Path, name: str) -> None:
    text = 'hint = "then centre = x.mean(axis=0)"\n'
    (leak,) = leaks(tmp_path, **{name: json.dumps({"a": [text]}) if name.endswith("json") else text})
    assert "scale_forward" in leak


def test_a_region_of_a_later_assignment_is_a_secret_too(tmp_path: Path) -> None:
    (leak,) = leaks(tmp_path, README_md="out = np.tanh(x)**2")
    assert "later_forward" in leak


def test_three_lines_in_a_row_are_found_even_if_each_is_given_or_says_nothing(tmp_path: Path) -> None:
    lines = ["N, D = x.shape", "", "out = x@w", "#   the centre of each column"]
    for text in ("\n".join(lines), indent("\n".join(lines), ">   ".replace(">", "#"))):
        (leak,) = leaks(tmp_path, helper_py=text + "\n")
        assert leak.endswith("N , D = x . shape / out = x @ w / the centre of each column")
    assert leaks(tmp_path, helper_py="\n".join(lines[:3]) + "\n") == []


def test_three_lines_in_a_row_are_found_in_a_notebook_cell(tmp_path: Path) -> None:
    text = "N, D = x.shape\nout = x @ w\n# the centre of each column\n"
    assert len(leaks(tmp_path, scale_ipynb=notebook(code(text)))) == 1


@pytest.mark.parametrize(
    "harmless",
    [
        "out = x @ w",
        "N, D = x.shape",
        "cache = (gamma, centre)",
        "return out, cache",
        "centre = x.mean(axis=1)",
        "centre_x = x.mean(axis=0)",
        "Od svake kolone oduzmite njenu sredinu, pa pomnožite sa gamma.",
    ],
)
def test_given_statements_plain_names_and_words_are_no_leak(tmp_path: Path, harmless: str) -> None:
    assert leaks(tmp_path, README_md=harmless, scale_ipynb=notebook(code(harmless), markdown(harmless))) == []


def test_recorded_arrays_are_passed_over(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.savez(stream, x=np.linspace(0, 1, 50))
    assert leaks(tmp_path, recorded_npz=stream.getvalue()) == []


def test_each_leak_is_told_once_with_its_file(tmp_path: Path) -> None:
    found = leaks(tmp_path, README_md="centre = x.mean(axis=0)\n" * 3, NOTES_txt="centre = x.mean(axis=0)")
    assert [re.match(r"\S+", leak)[0] for leak in found] == ["README.md", "NOTES.txt"]  # type: ignore[index]


def test_that_something_is_none_tells_nothing(tmp_path: Path) -> None:
    text = MODULE.replace('    if mode == "train":', "    if mode is None:\n        return x\n    if mode:")
    (tmp_path / "funkcije").mkdir()
    (tmp_path / "funkcije" / "layers.py").write_text(text, encoding="utf-8")
    rendered = render_package(Course(tmp_path), Assignment("scale", ("layers.py",), (), (), Contract({}), tmp_path))
    assert any("if mode is None:" in region.code for region in rendered.blanked["layers.py"])
    release = {"README.md": b"`x` as it came if `mode` is None. If mode is None, nothing happens."}
    assert find_leaks(release, rendered.blanked, rendered.stub) == []
