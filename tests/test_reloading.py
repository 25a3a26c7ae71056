"""The kit's own reloader: a cell runs with the files as they are saved; one that cannot be loaded is one line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Submit

START = """
import sys
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
package = Path("funkcije")
def cell(source):
    assert shell.run_cell(source).success, source
def change(module, old, new):
    path = package / f"{module}.py"
    text = path.read_text(encoding="utf-8")
    assert old in text, old
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
cell("from funkcije.fc_net import *")
cell("import numpy as np, funkcije.layers, funkcije.fc_net")
cell("from funkcije.lab.reloading import load_changes_before_each_cell as watch\\nwatch()")
cell("before = layernorm_forward, FullyConnectedNet, FullyConnectedNet([3], 4, 2, normalization='layernorm', seed=0)")
"""
Run = Callable[[str], str]


@pytest.fixture
def run(submit: Submit) -> Run:
    folder = submit()

    def run(code: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", START + code],
            cwd=folder,
            env={**os.environ, "FUNKCIJE_LANG": "en", "IPYTHONDIR": str(folder / "ipython")},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    return run


def test_what_is_saved_runs_in_the_next_cell_wherever_the_notebook_has_it(run: Run) -> None:
    said = run("""
change("layers", "mu = x.mean(axis=1, keepdims=True)", "mu = 7")
nets = package / "fc_net.py"
nets.write_text(nets.read_text().replace("def loss(", "def loss_of("))
change("layers", "def layernorm_forward(", "def added(x):\\n    return 5\\n\\n\\ndef layernorm_forward(")
cell("print(layernorm_forward is before[0] is funkcije.fc_net.layernorm_forward, FullyConnectedNet is before[1])")
cell("print(layernorm_forward(np.full((2, 3), 7.0), 1, 0, {})[0].any())")
cell("print(hasattr(before[2], 'loss_of'), hasattr(before[2], 'loss'), funkcije.fc_net.added(1))")
""")
    assert said.splitlines() == ["True True", "False", "True False 5"]


def test_an_error_after_an_edit_stands_at_the_line_of_the_file(run: Run) -> None:
    said = run("""
change("layers", '\\"\\"\\"', '\\"\\"\\"A line.\\n\\n')
change("layers", "mu = x.mean(axis=1, keepdims=True)", "mu = X.mean()")
cell('''
import traceback
try:
    layernorm_forward(np.zeros((2, 3)), 1, 0, {})
except NameError as error:
    last = traceback.extract_tb(error.__traceback__)[-1]
    print(last.line, open("funkcije/layers.py").read().splitlines()[last.lineno - 1].strip())
''')
""")
    assert said.strip() == "mu = X.mean() mu = X.mean()"


@pytest.mark.parametrize(
    ("new", "error"),
    [
        ("def layernorm_forward(:", "SyntaxError: invalid syntax"),
        ("nowhere\n\n\ndef layernorm_forward(", "NameError: name 'nowhere' is not defined"),
        ("import no_such_module\n\n\ndef layernorm_forward(", "ModuleNotFoundError: No module named 'no_such_module'"),
    ],
)
def test_what_cannot_be_loaded_leaves_everything_as_it_was_and_is_one_line_until_it_is_mended(
    run: Run, new: str, error: str
) -> None:
    said = run(f"""
good = (package / "layers.py").read_text()
change("layers", "def layernorm_forward(", {new!r})
cell("print(layernorm_forward(np.zeros((2, 3)), 1, 0, {{}})[0].shape, layernorm_forward is before[0])")
cell("pass")
(package / "layers.py").write_text(good)
cell("print('mended')")
""")
    first, shape, second, mended = said.splitlines()
    assert first == second and first.startswith("Your change cannot be loaded: layers.py, ") and first.endswith(error)
    assert (shape, mended) == ("(2, 3) True", "mended")


def test_two_files_that_need_each_other_are_loaded_whatever_their_order(run: Run) -> None:
    said = run("""
change("layers", "def layernorm_forward(", "def added():\\n    return 5\\n\\n\\ndef layernorm_forward(")
change("fc_net", "class FullyConnectedNet", "from .layers import added\\n\\nclass FullyConnectedNet")
cell("print(funkcije.fc_net.added())")
""")
    assert said == "5\n"


def test_a_method_that_calls_its_parent_still_does_after_an_edit(run: Run) -> None:
    said = run("""
two = "class A:\\n    def f(self): return 1\\nclass B(A):\\n    def f(self): return super().f()"
(package / "more.py").write_text(two)
cell("from funkcije.more import B\\nb = B()\\nprint(b.f())")
change("more", "return super().f()", "return 10 + super().f()")
cell("print(b.f(), B().f(), isinstance(b, B))")
""")
    assert said.splitlines() == ["1", "11 11 True"]


def test_outside_a_notebook_nothing_happens(submit: Submit) -> None:
    code = "from funkcije.lab import reloading as r; r.load_changes_before_each_cell(); print(r.is_watching())"
    done = subprocess.run([sys.executable, "-c", code], cwd=submit(), capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("version", [(3, 8), (3, 10)])
def test_an_older_python_is_told_in_one_line(submit: Submit, version: tuple[int, int]) -> None:
    code = f"import sys; sys.version_info = {(*version, 0)}; sys.path.insert(0, {str(Path(__file__).parents[1])!r}); "
    old = subprocess.run([sys.executable, "-c", code + "import checks"], capture_output=True, text=True)
    said = old.stderr.splitlines()[-1]
    assert "Python 3.11 or newer is needed, this is 3." + str(version[1]) in said
