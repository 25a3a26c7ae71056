"""The notebook that gave the package its names runs unchanged against it, in a real kernel, on real images."""

import os
import re
import shutil
from pathlib import Path

import machine
import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
SEED = SHARED / "seed" / "batch_normalization.ipynb"
DATA = SHARED / "data"

pytestmark = pytest.mark.full  # forty trainings


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    """The seed notebook with its outputs, executed in a folder that holds a copy of the package and nothing else."""
    if not (SEED.is_file() and DATA.is_dir()):
        machine.lacks(f"the seed notebook and its images are not beside this repository ({SHARED})")

    folder = tmp_path_factory.mktemp("seed")
    shutil.copytree(ROOT / "funkcije", folder / "funkcije", ignore=shutil.ignore_patterns("__pycache__"))
    notebook = nbformat.read(SEED, as_version=4)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {
        "FUNKCIJE_DATA": str(DATA),
        "OPENBLAS_NUM_THREADS": "1",
    }
    client = NotebookClient(notebook, kernel_name="python3", timeout=900, resources={"metadata": {"path": str(folder)}})
    return client.execute(env=environment)


def printed(notebook: nbformat.NotebookNode) -> str:
    """Everything that the cells printed, in order."""
    cells = (cell for cell in notebook.cells if cell.cell_type == "code")
    return "".join(out.text for cell in cells for out in cell.outputs if out.get("name") == "stdout")


def test_the_data_are_the_real_images(executed: nbformat.NotebookNode) -> None:
    assert re.search(r"X_train: +\(\d+, 3, 32, 32\)", printed(executed))
    assert "generisani" not in printed(executed), "the generated set was used in place of the images"


def test_batch_and_layer_normalization_gradients_agree_with_the_numerical_ones_to_1e_8(
    executed: nbformat.NotebookNode,
) -> None:
    found = re.findall(r"(dx|dgamma|dbeta) greška: +(\S+)", printed(executed))
    # Batch normalization is checked in two cells, layer normalization in one.
    assert [name for name, _ in found] == ["dx", "dgamma", "dbeta"] * 3
    assert {name: error for name, error in found if not float(error) <= 1e-8} == {}


def test_the_two_backward_passes_agree(executed: nbformat.NotebookNode) -> None:
    found = re.findall(r"(dx|dgamma|dbeta) razlika: +(\S+)", printed(executed))
    assert [name for name, _ in found] == ["dx", "dgamma", "dbeta"]
    assert {name: error for name, error in found if not float(error) <= 1e-8} == {}


def test_the_nets_gradients_agree_with_the_numerical_ones(executed: nbformat.NotebookNode) -> None:
    found = re.findall(r"(\w+?)(\d) relativna greška: (\S+)", printed(executed))
    assert sorted(name + layer for name, layer, _ in found) == sorted(
        2 * ["W1", "W2", "W3", "b1", "b2", "b3", "beta1", "beta2", "gamma1", "gamma2"]
    )
    # A bias in front of a normalization has gradient zero: what is printed there is the quotient's noise.
    bounds = {"W": 1e-3, "gamma": 1e-6, "beta": 1e-6}
    judged = [(name + layer, float(error), bounds[name]) for name, layer, error in found if name in bounds]
    assert [entry for entry in judged if not entry[1] <= entry[2]] == []


def test_normalized_outputs_have_the_mean_beta_and_the_standard_deviation_gamma(
    executed: nbformat.NotebookNode,
) -> None:
    after = printed(executed).split("Posle batch normalizacije (gamma= [1. 2. 3.]")[1]
    mean, deviation = (
        [float(number) for number in re.findall(rf"{what}: +\[(.+?)\]", after)[0].split()]
        for what in ("srednja vrijednost", "standardna devijacija")
    )
    assert mean == pytest.approx([11, 12, 13])
    assert deviation == pytest.approx([1, 2, 3], rel=1e-3)


def test_every_experiment_ends_in_its_figure(executed: nbformat.NotebookNode) -> None:
    figures = [out for cell in executed.cells for out in cell.get("outputs", []) if "image/png" in out.get("data", {})]
    assert len(figures) == 4
    assert printed(executed).count("Weight scale ") == 20
