"""What fails where a module is imported is listed with the reason; what only shows something does not fail."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from classroom import SOLVED, hand_in, released_course

from grader.classroom.rows import Row
from grader.classroom.whole_class import grade_class

# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

SHOWS = {
    "settings": "import matplotlib.pyplot as plt\nplt.rcParams['figure.figsize'] = (10, 8)\nplt.style.use('ggplot')\n",
    "a backend": "import matplotlib\nmatplotlib.use('Agg')\nfrom matplotlib import cm\nCOLOURS = cm.viridis(0.5)\n",
    "figures": "import seaborn as sns\nfrom matplotlib import pyplot\nsns.set()\nfig, (a, b) = 0, (1, 2)\n"
    "figure, axes = pyplot.subplots(2, 2)\naxes[0, 1].plot([1, 2])\n",
    "progress": "from tqdm import tqdm\nfrom tqdm.auto import trange\n"
    "assert [*tqdm([1, 2])] == [*trange(1, 3)] == [1, 2]\n",
    "colab's drive": "from google.colab import drive\ndrive.mount('/content/drive')\n",
    "a widget": "from ipywidgets import interact, VBox\n\n\n@interact\ndef look():\n    return 1\n\n\n"
    "class Box(VBox):\n    pass\n\n\nassert look() == 1\n",
}
FAILS = {
    "colab's folder": ("import os\nos.chdir('/content/moj')\n", "FileNotFoundError"),
    "newer syntax": ("def f[*T](x): pass\ntype X = int\nx = (yield = 3)\n", "SyntaxError"),
    "a magic": ("%matplotlib inline\n", "SyntaxError"),
    "torch": ("import torch\ntorch.manual_seed(0)\n", "No module named 'torch'"),
    "another encoding": ("X = 'još'\n", "SyntaxError"),
    "an exit": ("import sys\nsys.exit()\n", "SystemExit"),
}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    course = released_course(tmp_path_factory.mktemp("import"))
    for name, top in {**SHOWS, **{name: top for name, (top, _) in FAILS.items()}}.items():
        at_the_top(hand_in(course, name), top, "cp1250" if name == "another encoding" else "utf-8")
    plots = "    import matplotlib.pyplot as plt\n    plt.hist(x)\n    plt.show()\n"
    hand_in(course, "plots on the way", plots + SOLVED)
    (hand_in(course, "no module") / "funkcije" / "layers.py").unlink()
    return {row.student: row for row in grade_class(course, "scale", run_notebooks=False)}


def at_the_top(folder: Path, text: str, encoding: str) -> None:
    module = folder / "funkcije" / "layers.py"
    module.write_bytes((text + module.read_text(encoding="utf-8")).encode(encoding))


@pytest.mark.parametrize("name", [*SHOWS, "plots on the way"])
def test_what_only_shows_something_costs_nothing(name: str, rows: dict[str, Row]) -> None:
    assert (rows[name].total, rows[name].look) == (4.0, ())


@pytest.mark.parametrize("name", FAILS)
def test_a_module_that_cannot_be_imported_is_listed_with_the_reason_and_which_python_read_it(
    name: str, rows: dict[str, Row]
) -> None:
    assert rows[name].total == 0.0
    (line,) = rows[name].look
    assert line.startswith("layers.py cannot be imported")
    assert FAILS[name][1] in line
    assert f"Python {sys.version_info[0]}.{sys.version_info[1]}" in line


def test_a_module_that_is_not_there_is_listed(rows: dict[str, Row]) -> None:
    assert "No module named 'funkcije.layers'" in rows["no module"].look[0]
