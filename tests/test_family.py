"""Names and signatures by which notebooks of the course's family use this package, under the family's own name."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from funkcije import vis_utils
from funkcije.fc_net import FullyConnectedNet

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, and beside it the file that `docs/family.md` says to write."""
    folder = tmp_path_factory.mktemp("family")
    shutil.copytree(ROOT / "funkcije", folder / "funkcije", ignore=shutil.ignore_patterns("__pycache__"))
    [text] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "family.md").read_text(encoding="utf-8"), re.DOTALL)
    (folder / "cs231n.py").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def run(folder: Path) -> Callable[[str], list[str]]:
    """Runs code there, in a process of its own; returns the lines that it printed."""

    def run(code: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", f"import numpy as np\nnp.random.seed(0)\n{code}"],
            cwd=folder, capture_output=True, text=True, check=False, env={"FUNKCIJE_OFFLINE": "1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


def test_the_nets_star_brings_the_layers_and_both_names_mean_the_same(run: Callable[[str], list[str]]) -> None:
    assert run("""
from cs231n.classifiers.fc_net import *
import cs231n.classifiers.fc_net as theirs
import cs231n.layers, cs231n.optim, funkcije.optim, funkcije.layers, funkcije.classifiers.fc_net
print(sorted({"TwoLayerNet", "FullyConnectedNet", "affine_forward", "affine_backward", "relu_forward", "relu_backward",
    "softmax_loss", "svm_loss", "dropout_forward", "dropout_backward", "batchnorm_forward", "affine_relu_forward",
    "affine_relu_backward"} - set(globals())))
print(cs231n.layers is funkcije.layers, cs231n.optim is funkcije.optim, theirs is funkcije.classifiers.fc_net)
print(affine_forward is funkcije.layers.affine_forward)
""") == ["[]", "True True True", "True"]


def test_a_folder_of_the_familys_name_does_as_well(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "funkcije", tmp_path / "cs231n")
    code = "from cs231n.classifiers.fc_net import *; import cs231n.widgets; print(affine_forward.__module__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "cs231n.layers"


def test_layers_and_their_blocks_agree_with_numerical_gradients(run: Callable[[str], list[str]]) -> None:
    printed = run("""
from cs231n.layers import *
from cs231n.layer_utils import affine_relu_forward, affine_relu_backward
from cs231n.gradient_check import eval_numerical_gradient, eval_numerical_gradient_array
x, w, b, dout = np.random.randn(2, 3, 4), np.random.randn(12, 10), np.random.randn(10), np.random.randn(2, 10)
out, cache = affine_relu_forward(x, w, b)
for found, place, f in zip(affine_relu_backward(dout, cache), (x, w, b), (lambda x: affine_relu_forward(x, w, b)[0],
        lambda w: affine_relu_forward(x, w, b)[0], lambda b: affine_relu_forward(x, w, b)[0])):
    print(abs(found - eval_numerical_gradient_array(f, place, dout, h=1e-5)).max() < 1e-8)
scores, y = np.random.randn(50, 10), np.random.randint(10, size=50)
for loss in (svm_loss, softmax_loss):
    numerical = eval_numerical_gradient(lambda x: loss(x, y)[0], scores, verbose=False, h=1e-5)
    print(abs(numerical - loss(scores, y)[1]).max() < 1e-8)
eval_numerical_gradient(lambda x: float((x * x).sum()), np.array([3.0]))
""")
    assert printed[:5] == ["True"] * 5
    assert re.fullmatch(r"\(0,\) [56]\.\d+", printed[5])


def test_the_two_layer_net_is_made_by_name_and_by_position(run: Callable[[str], list[str]]) -> None:
    assert run("""
from cs231n.classifiers.fc_net import TwoLayerNet
by_name = TwoLayerNet(input_dim=4, hidden_dim=5, num_classes=3, weight_scale=1e-2, reg=0.5)
by_place = TwoLayerNet(4, 5, 3, 1e-2, 0.5)
for net in (by_name, by_place, TwoLayerNet()):
    print({name: w.shape for name, w in net.params.items()}, net.reg)
by_name.params["W1"] = np.linspace(-0.7, 0.3, num=20).reshape(4, 5)
by_name.reg = 1.0
loss, grads = by_name.loss(np.ones((2, 4)), np.array([0, 2]))
print(sorted(grads), by_name.loss(np.ones((2, 4))).shape)
""") == [
        "{'W1': (4, 5), 'b1': (5,), 'W2': (5, 3), 'b2': (3,)} 0.5",
        "{'W1': (4, 5), 'b1': (5,), 'W2': (5, 3), 'b2': (3,)} 0.5",
        "{'W1': (3072, 100), 'b1': (100,), 'W2': (100, 10), 'b2': (10,)} 0.0",
        "['W1', 'W2', 'b1', 'b2'] (2, 3)",
    ]


def test_the_solver_takes_the_familys_arguments_and_measures_any_images(
    run: Callable[[str], list[str]], folder: Path
) -> None:
    assert run("""
from cs231n.classifiers.fc_net import FullyConnectedNet
from cs231n.solver import Solver
X, y = np.random.randn(60, 3, 2, 2), np.arange(60) % 3
data = {"X_train": X[:40], "y_train": y[:40], "X_val": X[40:], "y_val": y[40:], "X_test": X[40:], "y_test": y[40:]}
net = FullyConnectedNet([8, 8], input_dim=12, num_classes=3, reg=1e-3, weight_scale=5e-2, dtype=np.float64,
                        dropout_keep_ratio=0.75, normalization="batchnorm", seed=123)
solver = Solver(net, data, update_rule="adam", optim_config={"learning_rate": 1e-3}, lr_decay=0.5, num_epochs=2,
                batch_size=10, print_every=100, verbose=False, num_train_samples=30, num_val_samples=10,
                checkpoint_name="kept")
solver.train()
print(len(solver.loss_history), len(solver.train_acc_history), len(solver.val_acc_history))
print(0 <= solver.best_val_acc <= 1, sorted(solver.best_params) == sorted(net.params))
print(0 <= solver.check_accuracy(X, y, num_samples=7, batch_size=3) <= 1)
print({config["learning_rate"] for config in solver.optim_configs.values()})
""") == ["8 3 3", "True True", "True", "{0.00025}"]
    assert {path.name for path in folder.glob("kept*")} == {"kept_epoch_1.npz", "kept_epoch_2.npz"}


def test_update_rules_take_and_keep_the_familys_keys(run: Callable[[str], list[str]]) -> None:
    assert run("""
from cs231n.optim import sgd, sgd_momentum, rmsprop, adam
w, dw, kept = (np.linspace(low, 1, 6).reshape(2, 3) for low in (-0.4, -0.6, 0.6))
for rule, config in ((sgd_momentum, {"learning_rate": 1e-3, "velocity": kept.copy()}),
                     (rmsprop, {"learning_rate": 1e-2, "cache": kept.copy()}),
                     (adam, {"learning_rate": 1e-2, "m": kept.copy(), "v": kept.copy(), "t": 5})):
    stepped, after = rule(w.copy(), dw, config=config)
    print(stepped.shape, after is config, sorted(after))
print(sgd(w.copy(), dw)[1])
""") == [
        "(2, 3) True ['learning_rate', 'momentum', 'velocity']",
        "(2, 3) True ['cache', 'decay_rate', 'epsilon', 'learning_rate']",
        "(2, 3) True ['beta1', 'beta2', 'epsilon', 'learning_rate', 'm', 't', 'v']",
        "{'learning_rate': 0.01}",
    ]


@pytest.mark.parametrize(
    ("argument", "line"),
    [
        ({"use_batchnorm": True}, r'no argument \'use_batchnorm\'; it is normalization="batchnorm" today'),
        ({"dropout": 0.25}, r"no argument 'dropout'; it is dropout_keep_ratio today, the share that is kept \(dropout "
         r"was the share that is dropped until 2017, and the share that is kept from 2018\)"),
    ],
)  # fmt: skip
def test_an_argument_of_old_years_is_answered_in_one_line_with_todays(argument: dict[str, float], line: str) -> None:
    with pytest.raises(TypeError, match=line) as told:
        FullyConnectedNet([3], **argument)  # type: ignore[arg-type]
    assert "\n" not in str(told.value)


def test_a_grid_holds_every_image_stretched_over_the_whole_range() -> None:
    images = np.random.default_rng(0).normal(size=(5, 2, 3, 1))
    images[4] = 7.0
    grid = vis_utils.visualize_grid(images, ubound=100.0, padding=2)
    assert grid.shape == (3 * 2 + 2 * 2, 3 * 3 + 2 * 2, 1)
    for i in range(4):
        row, column = divmod(i, 3)
        place = grid[row * 4 : row * 4 + 2, column * 5 : column * 5 + 3]
        assert (place.min(), place.max()) == (0, 100)
        np.testing.assert_allclose(np.corrcoef(place.ravel(), images[i].ravel())[0, 1], 1)
    assert np.count_nonzero(grid[4:, 5:]) == 0  # an image of one value, and the places that are left
    assert np.count_nonzero(grid[2:4]) == 0
    assert np.count_nonzero(grid[:, 3:5]) == 0


def test_the_grid_has_the_familys_defaults() -> None:
    images = np.arange(24.0).reshape(1, 2, 4, 3)
    np.testing.assert_allclose(vis_utils.visualize_grid(images), images[0] * 255 / 23)
    assert vis_utils.visualize_grid(images.repeat(4, axis=0)).shape == (5, 9, 3)


def test_the_first_rows_train_as_many_as_are_asked_for_by_position(run: Callable[[str], list[str]]) -> None:
    assert "(60, 3, 32, 32) (20, 3, 32, 32) (10,) 128" in run("""
from cs231n import data_utils
from funkcije.data.cifar10 import Rows
rows = Rows(np.arange(100) % 10, lambda: np.full((100, 3072), 128, np.uint8))
data_utils._find_rows = lambda folder: ([rows], [rows])
data = data_utils.get_CIFAR10_data(60, 20, 10, False)
print(data["X_train"].shape, data["X_val"].shape, data["y_test"].shape, int(data["X_train"].max()))
""")
