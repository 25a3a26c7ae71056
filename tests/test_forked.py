"""Steps that a fork makes are the same steps, and whatever happens to the fork, none is lost."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from funkcije import fc_net, layers
from funkcije.experiments import NotWrittenYet, Training, train
from funkcije.lab import cores, forked, together

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="nets train in forks on Linux alone")

HERE = os.getpid()
KINDS = ("batchnorm", "layernorm", None)


@pytest.fixture(scope="module")
def data() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(231)
    X, y = rng.standard_normal((100, 12)), rng.integers(4, size=100)
    return {"X_train": X[:60], "y_train": y[:60], "X_val": X[60:], "y_val": y[60:]}


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "cores", lambda: 2)


def many() -> list[Training]:
    """Nets of three forms; on two cores, those with layer normalization go to the fork."""
    return [
        Training(kind, scale, batch_size=10, depth=3, width=5, epochs=2, num_train=60, dtype="float64")
        for scale in (0.01, 0.1, 1.0)
        for kind in KINDS
    ]


@pytest.fixture
def expected(data: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The records when all is done in this process."""
    with monkeypatch.context() as patch:
        patch.setattr(forked, "possible", lambda: False)
        return list(train(many(), data, spread=True))


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], list[int]]:
    """Lets layer normalization note in which processes it was called; returns those other than this one."""
    note(monkeypatch, tmp_path, lambda calls: None)
    return lambda: others(tmp_path)


def note(monkeypatch: pytest.MonkeyPatch, folder: Path, meanwhile: Callable[[int], None]) -> None:
    """Layer normalization that writes down its process, and in a fork does something at each call."""
    forward = layers.layernorm_forward
    calls = 0

    def layernorm_forward(*args: Any) -> Any:
        nonlocal calls
        (folder / str(os.getpid())).touch()
        if os.getpid() != HERE:
            calls += 1
            meanwhile(calls)
        return forward(*args)

    monkeypatch.setattr(layers, "layernorm_forward", layernorm_forward)


def others(folder: Path) -> list[int]:
    return [int(file.name) for file in folder.iterdir() if file.name != str(HERE)]


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_many_nets_train_in_two_processes_and_give_the_same_records(
    data: dict[str, np.ndarray], expected: list[Any], seen: Callable[[], list[int]]
) -> None:
    found = list(train(many(), data, spread=True))
    assert key(found) == key(expected)
    assert [step.done for step in found] == sorted(step.done for step in found)
    assert found[-1].done == 1.0
    [fork] = seen()
    assert not alive(fork)


def key(steps: list[Any]) -> list[str]:
    """The records in the order of nets and steps, without the share that was done."""
    return [repr(step._replace(done=0.0)) for step in sorted(steps, key=lambda step: (step.model, step.iteration))]


def test_few_nets_train_here(data: dict[str, np.ndarray], seen: Callable[[], list[int]]) -> None:
    list(train(many()[: together.MANY - 1], data))
    assert seen() == []


@pytest.mark.parametrize("end", ["killed", "stuck", "stopped by an interrupt"])
def test_whatever_ends_the_fork_its_steps_are_made_here(
    data: dict[str, np.ndarray], expected: list[Any], end: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def meanwhile(calls: int) -> None:
        if calls == 40:
            if end == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            elif end == "stuck":
                time.sleep(3600)
            else:
                raise KeyboardInterrupt

    note(monkeypatch, tmp_path, meanwhile)
    if end == "stuck":
        monkeypatch.setattr(forked, "PATIENCE", 0.5)
    assert key(list(train(many(), data, spread=True))) == key(expected)
    [fork] = others(tmp_path)
    assert not alive(fork)


def test_an_interrupt_of_the_whole_group_does_not_end_the_fork(
    data: dict[str, np.ndarray], expected: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def meanwhile(calls: int) -> None:
        if calls == 40:
            os.kill(os.getpid(), signal.SIGINT)
            (tmp_path / "went on").touch()

    note(monkeypatch, tmp_path, meanwhile)
    assert key(list(train(many(), data, spread=True))) == key(expected)
    assert (tmp_path / "went on").exists()


def test_where_a_fork_is_refused_all_is_done_here(
    data: dict[str, np.ndarray], expected: list[Any], seen: Callable[[], list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> int:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(forked, "_fork", refused)
    assert key(list(train(many(), data, spread=True))) == key(expected)
    assert seen() == []


def test_an_error_that_only_the_fork_meets_is_raised_here_with_its_traceback(
    data: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    backward, calls = layers.layernorm_backward, 0

    def layernorm_backward(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 60:
            raise ZeroDivisionError("of the student's own")
        return backward(*args)

    monkeypatch.setattr(layers, "layernorm_backward", layernorm_backward)
    with pytest.raises(ZeroDivisionError, match="of the student's own") as caught:
        list(train(many(), data))
    assert caught.traceback[-1].name == "layernorm_backward"


def test_what_is_not_written_yet_is_told_in_one_line(
    data: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    def layernorm_backward(dout: np.ndarray, cache: Any) -> Any:
        raise NotImplementedError

    for module in (layers, fc_net):
        monkeypatch.setattr(module, "layernorm_backward", layernorm_backward)
    with pytest.raises(NotWrittenYet, match="layernorm_backward"):
        list(train(many(), data))


def test_a_run_that_is_closed_leaves_no_process_behind(
    data: dict[str, np.ndarray], seen: Callable[[], list[int]]
) -> None:
    run = train(many(), data)
    for _ in range(30):
        next(run)
    [fork] = seen()
    assert alive(fork)
    run.close()
    assert not alive(fork)


def test_what_a_layer_prints_in_the_fork_does_not_garble_what_is_printed_here(
    data: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    note(monkeypatch, tmp_path, lambda calls: print("from the fork"))
    print("before", end=" ")  # not written out yet when the fork begins
    list(train(many(), data))
    print("after")
    assert others(tmp_path)
    assert capfd.readouterr().out == "before after\n"


IN_A_CELL = """
import json, os
import numpy as np
from funkcije import layers
from funkcije.experiments import weight_scale_experiment

rng = np.random.default_rng(231)
X, y = rng.standard_normal((100, 12)), rng.integers(4, size=100)
data = {"X_train": X[:60], "y_train": y[:60], "X_val": X[60:], "y_val": y[60:]}
forward = layers.batchnorm_forward

def batchnorm_forward(*args):
    open(f"process-{os.getpid()}", "w").close()
    return forward(*args)

layers.batchnorm_forward = batchnorm_forward
curves = weight_scale_experiment(
    data, np.logspace(-3, 0, 21), batch_size=10, num_train=60, depth=3, width=5, epochs=3, bar=False, cache=False
)
print(json.dumps([os.getpid(), sorted({one.state for one in curves.values()})]))
"""


def test_in_a_notebooks_kernel_a_fork_trains_with_what_a_cell_has_changed(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(IN_A_CELL) for _ in range(2)])
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    client = NotebookClient(
        notebook, kernel_name="python3", timeout=300, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute(env=environment)
    kernels = set()
    for cell in notebook.cells:
        [output] = cell.outputs  # and no line from a fork
        kernel, states = json.loads(output.text)
        kernels.add(kernel)
        assert states == ["finished"]
    seen = {int(file.name.removeprefix("process-")) for file in tmp_path.glob("process-*")}
    assert len(kernels) == 1
    assert (len(seen) > 1) == (cores.cores() > 1)
