"""The released notebook opens with what Google Colab preinstalls: IPython 7.34 and ipywidgets 7.7 under Python 3.12."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import machine
import pytest
from conftest import ASSIGNMENT, ROOT

pytestmark = pytest.mark.full  # an environment of its own, from the package index

PREINSTALLED = {
    "ipykernel": "6.17.1",
    "ipython": "7.34.0",
    "ipywidgets": "7.7.1",
    "matplotlib": "3.10.0",
    "numpy": "2.0.2",
    "tornado": "6.4.2",
}
BESIDES = ("jupyter_client<8", "nbclient", "pillow", "pooch", "tqdm", "setuptools")
CELLS = ("setup", "duration", "tools", "data", "forward-train-demo", "batchnorm_forward", "overview", "hand-in")
RUN = """
import json, sys, nbformat
from nbclient import NotebookClient
from jupyter_client.manager import start_new_kernel
notebook = nbformat.read("{name}.ipynb", 4)
found = {{cell.id: cell for cell in notebook.cells}}
manager, client = start_new_kernel()
shown = {{}}
try:
    for name, source in [(name, found[name].source) for name in {cells!r}] + [("explorer", "training_explorer(data)")]:
        shown[name] = []
        client.execute_interactive(source, timeout=300, output_hook=lambda message, told=shown[name]: told.append(
            [message["msg_type"], message["content"].get("evalue", ""), list(message["content"].get("data", ()))]))
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
print(json.dumps(shown))
"""


@pytest.fixture(scope="module")
def colab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with Colab's versions; 3.12 as there, where this machine has one."""
    folder = tmp_path_factory.mktemp("colab") / "environment"
    uv = Path(sys.executable).with_name("uv")
    for version in ("3.12", sys.executable):
        made = subprocess.run(
            [uv, "venv", "--quiet", "--no-python-downloads", "--clear", "--python", version, folder],
            capture_output=True,
            text=True,
        )
        if made.returncode == 0:
            break
    python = folder / "bin" / "python"
    wanted = [*(f"{name}=={version}" for name, version in PREINSTALLED.items()), *BESIDES]
    if made.returncode == 0:
        made = subprocess.run(
            [uv, "pip", "install", "--quiet", "--python", python, *wanted], capture_output=True, text=True
        )
    if made.returncode:
        machine.lacks(f"Colab's versions cannot be installed: {made.stderr[-300:]}")
    return python


@pytest.mark.parametrize("face", ["release", "solutions"])
def test_the_first_cells_a_check_and_an_explorer_run_with_what_colab_has(
    colab: Path, face: str, tmp_path: Path
) -> None:
    desk = tmp_path / "desk"
    shutil.copytree(ROOT / face / ASSIGNMENT, desk)
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [colab, "-c", RUN.format(name=ASSIGNMENT, cells=CELLS)],
        cwd=desk,
        env={**clean, "FUNKCIJE_OFFLINE": "1", "HOME": str(tmp_path), "PATH": f"{colab.parent}:{clean['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout.splitlines()[-1])
    for name, messages in shown.items():
        assert not [message for message in messages if message[0] == "error"], (name, messages)
    kinds = {kind for _, _, data in shown["explorer"] for kind in data}
    assert "application/vnd.jupyter.widget-view+json" in kinds
    assert "text/html" in {kind for _, _, data in shown["batchnorm_forward"] for kind in data}
    assert list(tmp_path.glob("desk*.zip")), "the last cell makes the zip where a person runs it"
