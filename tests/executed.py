"""A source notebook, run in a real kernel beside what students get, with its experiments shortened."""

import os
import pickle
from collections.abc import Mapping
from pathlib import Path

import nbformat
import numpy as np
from nbclient import NotebookClient
from nbformat import NotebookNode

from grader.publish.handout import without_source_only

ROOT = Path(__file__).parents[1]


def some_images(folder: Path) -> Path:
    """Write a few random images in CIFAR-10's own format into a folder: enough for a shortened run."""
    batches = folder / "cifar-10-batches-py"
    batches.mkdir()
    rng = np.random.default_rng(0)
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        batch = {b"data": rng.integers(256, size=(120, 3072), dtype=np.uint8), b"labels": list(range(10)) * 12}
        (batches / name).write_bytes(pickle.dumps(batch, protocol=2))
    return folder


def execute(
    name: str,
    files: Mapping[str, bytes],
    folder: Path,
    images: Path,
    notebook: NotebookNode | None = None,
    without: tuple[str, ...] = (),
) -> NotebookNode:
    """Run the cells of an assignment's notebook, or of its translation, beside `files`.

    Code cells whose ids end in one of `without` are left out.
    """
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    notebook = notebook or nbformat.read(ROOT / "source" / name / f"{name}.ipynb", as_version=4)
    notebook = without_source_only(notebook)
    if without:
        cells = notebook.cells
        notebook.cells = [cell for cell in cells if cell.cell_type != "code" or not cell.id.endswith(without)]
    client = NotebookClient(notebook, kernel_name="python3", timeout=600, resources={"metadata": {"path": str(folder)}})
    # Any value shortens the experiments; this one leaves the checks as a student sees them.
    environment = {"NBGRADER_EXECUTION": "test", "FUNKCIJE_DATA": str(images), "OPENBLAS_NUM_THREADS": "1"}
    return client.execute(env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | environment)


def outputs(notebook: NotebookNode) -> dict[str, str]:
    """What each code cell printed or returned, by cell id."""
    return {
        cell.id: "".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)
        for cell in notebook.cells
        if cell.cell_type == "code"
    }
