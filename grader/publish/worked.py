"""Execute a worked notebook: full experiments, a real kernel, the solution modules beside it.

The result carries figures and printed numbers, and nothing of the run itself: no times, no widget state, no path of the
machine that it ran on.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode

from ..errors import GraderError
from ..sandbox.temporary import temporary_folder
from ..surroundings import without_secrets
from ..text import as_on_a_terminal
from .proof import write_files

TIMING = "timing"
"""Tag of a cell that measures time; what it prints is not kept."""
_LEFT_OUT = {"NBGRADER_EXECUTION", "NBGRADER_VALIDATING", "PYTHONPATH", "FUNKCIJE_LANG", "MPLBACKEND"}
"""Variables that would shorten the experiments, bring in another package, change the language or hide the figures."""
_SET = {"PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""One thread: the last bits of a sum must not depend on the number of cores, and small matrices are no slower."""


def execute(
    notebook: NotebookNode, files: Mapping[str, bytes], name: str, tell: Callable[[str], None] = lambda line: None
) -> NotebookNode:
    """Execute a notebook in a temporary folder that holds `files` beside it.

    Args:
        notebook: its outputs are replaced; its metadata stays.
        files: contents by path, the package and `checks/` among them.
        name: the notebook's name, for messages.
        tell: is given a line for each code cell that starts.

    Raises:
        GraderError: a cell raises, the kernel dies, or an output shows a path of this machine.
    """
    metadata = notebook.metadata.copy()
    total = sum(cell.cell_type == "code" for cell in notebook.cells)
    started = iter(range(1, total + 1))

    def on_start(cell: NotebookNode, cell_index: int) -> None:
        if cell.cell_type == "code":
            lines = [line for line in cell.source.split("\n") if line.strip()] or [""]
            tell(f"{name}: cell {next(started)} of {total}: {lines[0].strip()[:70]}")

    with temporary_folder() as folder:
        write_files(folder, files)
        client = NotebookClient(
            notebook,
            timeout=None,
            record_timing=False,
            resources={"metadata": {"path": str(folder)}},
            on_cell_start=on_start,
        )
        env = {key: value for key, value in without_secrets().items() if key not in _LEFT_OUT}
        try:
            # What a cell writes to stderr comes as an output; here would come what the kernel says about itself.
            client.execute(env=env | _SET, stderr=subprocess.DEVNULL)
        except CellExecutionError as error:
            raise GraderError(
                f"{name}: the worked notebook raises {error.ename}: {' '.join(error.evalue.split())}. Next: run the "
                "source notebook and fix the cell."
            ) from None
        except DeadKernelError:
            raise GraderError(
                f"{name}: the kernel of the worked notebook died. Next: run the source notebook."
            ) from None
        _tidy(notebook, name, str(folder))
    notebook.metadata = metadata
    return notebook


def _tidy(notebook: NotebookNode, name: str, folder: str) -> None:
    """Take out of the outputs what belongs to this run or this machine."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.metadata.pop("execution", None)
        if TIMING in cell.metadata.get("tags", []):
            cell.outputs = []
            continue
        outputs: list[NotebookNode] = []
        for output in cell.outputs:
            _drop_widgets(output)
            before = outputs[-1] if outputs else None
            if output.output_type == "stream" and before is not None and before.get("name") == output.name:
                before.text += output.text  # how a stream is cut into pieces depends on the machine's speed
            else:
                outputs.append(output)
        for output in outputs:
            if output.output_type == "stream":
                output.text = as_on_a_terminal(output.text)
        cell.outputs = [output for output in outputs if output.get("text", "x") != "" and output.get("data", "x") != {}]
        for path in (os.path.realpath(folder), folder, str(Path.home()), sys.prefix, "/ipykernel_"):
            if path != "/" and re.search(re.escape(path) + r"(?!\w)", str(cell.outputs)):
                raise GraderError(
                    f"{name}: the cell {cell.source.strip()[:60]!r} prints a path of this machine ({path}). Next: "
                    "print only the file's name, or fix what warns."
                )


def _drop_widgets(output: NotebookNode) -> None:
    """Drop widget views: without a kernel they show nothing, and their ids change from run to run."""
    if "data" in output and "application/vnd.jupyter.widget-view+json" in output.data:
        output.data = {
            kind: value for kind, value in output.data.items() if "widget" not in kind and kind != "text/plain"
        }
