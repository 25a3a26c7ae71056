"""Progress bars: they leave no widget and no half-done bar in a notebook."""

import io
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nbclient import NotebookClient
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook

from funkcije import page
from funkcije.page import PageBar, progress_bar

TRAINING = """
import numpy as np
from funkcije.experiments import batch_size_experiment
from funkcije.fc_net import FullyConnectedNet
from funkcije.solver import Solver
X, y = np.eye(4), np.arange(4)
data = {"X_train": X, "y_train": y, "X_val": X, "y_val": y}
batch_size_experiment(data, (2,), epochs=2, cache=False)
Solver(FullyConnectedNet([3], input_dim=4, num_classes=4), data, num_epochs=2, batch_size=2).train()
"""


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What a page shows in the place of the bar, one after the other."""
    import IPython.display

    seen: list[dict[str, str]] = []

    class Handle:
        def update(self, data: dict[str, str], **_: Any) -> None:
            seen.append(data)

    def display(data: dict[str, str], **_: Any) -> Handle:
        seen.append(data)
        return Handle()

    monkeypatch.setattr(IPython.display, "display", display)
    return seen


def test_the_bar_of_a_page_shows_its_share_and_leaves_an_empty_output(
    shown: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "PAUSE", 0)
    steps = PageBar(4)
    assert shown == []
    steps.update()
    steps.update(2)
    assert ["25%" in shown[0]["text/html"], "75%" in shown[1]["text/html"]] == [True, True]
    assert 'aria-label="napredak treniranja"' in shown[0]["text/html"]
    steps.close()
    assert shown[-1] == {"text/html": "", "text/plain": ""}


def test_a_bar_that_never_began_shows_nothing(shown: list[dict[str, str]]) -> None:
    PageBar(4).close()
    assert shown == []


def test_only_a_person_before_a_page_gets_its_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "request", dict)
    for there, expected in ((True, PageBar), (False, type(None))):
        monkeypatch.setattr(page, "someone_is_there", lambda there=there: there)
        assert isinstance(progress_bar(3), expected)


def test_a_terminal_gets_a_bar_where_tqdm_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    steps = progress_bar(3)
    assert steps is not None
    steps.close()
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert progress_bar(3) is None


@pytest.mark.parametrize("allow_stdin", [True, False])
def test_a_trained_notebook_holds_no_widget_and_its_page_no_bar(allow_stdin: bool, submit: Callable[..., Path]) -> None:
    """As nbclient runs it, and as a page does, whose user could be asked for a line of input."""
    notebook = new_notebook(cells=[new_code_cell(TRAINING)])
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(submit())}})
    client.allow_stdin = allow_stdin
    with client.setup_kernel(env=environment | {"OPENBLAS_NUM_THREADS": "1"}):
        client.kc.allow_stdin = allow_stdin
        client.execute_cell(notebook.cells[0], 0)
    outputs = notebook.cells[0].outputs
    assert not [output for output in outputs if "application/vnd.jupyter.widget-view+json" in output.get("data", {})]
    assert "(Epoha 2 / 2)" in "".join(output.get("text", "") for output in outputs)
    html, _ = HTMLExporter(template_name="lab").from_notebook_node(notebook)
    body = html[html.index("<main") :] if "<main" in html else html
    assert not re.search(r"<progress|\d+%\|", body)
