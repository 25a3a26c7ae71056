"""Training: that it learns, repeats, records, keeps the best, reads the data frugally, and says what is wrong."""

# ruff: noqa: NPY002 (batches are drawn from numpy's global generator, so that np.random.seed repeats them)

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from funkcije.fc_net import FullyConnectedNet
from funkcije.solver import Solver, load_checkpoint

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _seed() -> None:
    np.random.seed(231)


@pytest.fixture
def data() -> dict[str, np.ndarray]:
    """Three classes of points on a circle, with some noise: 60 for training, 30 for validation."""
    rng = np.random.default_rng(231)
    y = np.arange(90) % 3
    X = np.stack([np.cos(2 * y), np.sin(2 * y)], axis=1) + 0.3 * rng.normal(size=(90, 2))
    return {"X_train": X[:60], "y_train": y[:60], "X_val": X[60:], "y_val": y[60:]}


def net(normalization: str | None = "batchnorm") -> FullyConnectedNet:
    return FullyConnectedNet([16, 16], input_dim=2, num_classes=3, normalization=normalization, weight_scale=0.3)


def trained(data: dict[str, np.ndarray], model: Any = None, **settings: Any) -> Solver:
    settings = {"verbose": False, "num_epochs": 4, "batch_size": 20} | settings
    solver = Solver(model or net(), data, **settings)
    solver.train()
    return solver


@pytest.mark.parametrize("normalization", [None, "batchnorm", "layernorm"])
@pytest.mark.parametrize("rule", ["sgd", "sgd_momentum", "rmsprop", "adam"])
def test_every_rule_learns_the_classes(data: Any, rule: str, normalization: str | None) -> None:
    rates = {"sgd": 0.3, "sgd_momentum": 0.05, "rmsprop": 0.01, "adam": 0.01}
    solver = trained(
        data, net(normalization), update_rule=rule, optim_config={"learning_rate": rates[rule]}, num_epochs=30
    )
    assert solver.train_acc_history[-1] >= 0.95
    assert solver.best_val_acc >= 0.95
    assert np.mean(solver.loss_history[-10:]) < 0.3 * solver.loss_history[0]


def test_the_same_seed_gives_the_same_training(data: Any) -> None:
    histories = []
    for _ in range(2):
        np.random.seed(5)
        histories.append(trained(data, num_train_samples=10, num_val_samples=10))
    first, second = histories
    assert first.loss_history == second.loss_history
    assert first.train_acc_history == second.train_acc_history
    assert first.val_acc_history == second.val_acc_history


def test_a_step_is_drawn_and_taken_as_written_by_hand(data: Any) -> None:
    model = net(None)
    params = {name: w.copy() for name, w in model.params.items()}
    state = np.random.get_state()
    solver = trained(data, model, num_epochs=1, batch_size=60, optim_config={"learning_rate": 0.1})

    np.random.set_state(state)
    batch = np.random.choice(60, 60)
    by_hand = net(None)
    by_hand.params = params
    loss, grads = by_hand.loss(data["X_train"][batch], data["y_train"][batch])
    assert solver.loss_history == [loss]
    for name, w in solver.model.params.items():
        np.testing.assert_allclose(w, params[name] - np.float32(0.1) * grads[name], rtol=1e-6, atol=1e-7)


def test_losses_are_recorded_at_every_iteration_and_accuracies_at_the_start_and_after_every_epoch(data: Any) -> None:
    solver = trained(data, num_epochs=4, batch_size=20)
    assert (len(solver.loss_history), len(solver.train_acc_history), len(solver.val_acc_history)) == (12, 5, 5)
    assert solver.best_val_acc == max(solver.val_acc_history)


def test_a_batch_larger_than_the_training_set_is_one_iteration_an_epoch(data: Any) -> None:
    assert len(trained(data, num_epochs=3, batch_size=100).loss_history) == 3


def test_the_learning_rate_decays_after_every_epoch(data: Any) -> None:
    solver = trained(data, num_epochs=3, optim_config={"learning_rate": 0.1}, lr_decay=0.5)
    assert {config["learning_rate"] for config in solver.optim_configs.values()} == {0.1 * 0.5**3}
    assert solver.optim_config == {"learning_rate": 0.1}


def test_training_leaves_the_model_that_reached_the_best_validation_accuracy(data: Any) -> None:
    # Validation labels that contradict those for training: the more is learned, the fewer of them are right.
    data["y_val"] = (data["y_val"] + 1) % 3
    solver = trained(data, num_epochs=12, optim_config={"learning_rate": 0.3})
    assert solver.val_acc_history[-1] < solver.best_val_acc, "the last epoch happens to be the best: nothing is shown"
    assert solver.check_accuracy(data["X_val"], data["y_val"]) == solver.best_val_acc
    np.testing.assert_array_equal(solver.model.params["W1"], solver.best_params["W1"])


# Reading the data


class Watched:
    """Images that can be indexed and counted; a copy or a conversion of them all is refused."""

    def __init__(self, array: np.ndarray) -> None:
        self.array, self.largest = array, 0

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, index: Any) -> np.ndarray:
        rows: np.ndarray = self.array[index]
        self.largest = max(self.largest, len(rows))
        return rows

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise AssertionError("the whole image set is converted")


def test_images_are_read_batch_by_batch_and_never_converted_as_a_whole(data: Any) -> None:
    train, val = Watched(np.tile(data["X_train"], (10, 1))), Watched(np.tile(data["X_val"], (10, 1)))
    big = {"X_train": train, "y_train": np.tile(data["y_train"], 10), "X_val": val, "y_val": np.tile(data["y_val"], 10)}
    trained(big, num_epochs=1, num_train_samples=None)
    assert (train.largest, val.largest) == (100, 100)


def test_accuracy_is_measured_on_all_examples_or_on_as_many_as_asked(data: Any) -> None:
    solver = Solver(net(None), data, verbose=False)
    X, y = np.tile(data["X_val"], (9, 1)), np.tile(data["y_val"], 9)
    expected = np.mean(solver.model.loss(X).argmax(axis=1) == y)
    assert 0 < expected < 1
    assert solver.check_accuracy(X, y) == expected
    assert solver.check_accuracy(X, y, batch_size=7) == expected
    assert solver.check_accuracy(X, y, num_samples=1000) == expected
    np.random.seed(1)
    drawn = np.random.choice(len(X), 50)
    np.random.seed(1)
    assert solver.check_accuracy(X, y, num_samples=50, batch_size=7) == np.mean(
        solver.model.loss(X[drawn]).argmax(axis=1) == y[drawn]
    )


# What is shown


def test_nothing_is_shown_and_no_bar_is_made_when_not_verbose(
    data: Any, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)  # an import of it fails
    monkeypatch.setattr("funkcije.solver.progress_bar", lambda total: pytest.fail("a bar is made"))
    trained(data)
    assert capfd.readouterr() == ("", "")


def test_losses_and_accuracies_are_printed_beside_a_bar_when_verbose(
    data: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    solver = trained(data, num_epochs=2, print_every=4, verbose=True)
    out, err = capfd.readouterr()
    lines = out.splitlines()
    assert [line.partition(")")[0] for line in lines] == [
        "(Iteracija 1 / 6",
        "(Epoha 0 / 2",
        "(Epoha 1 / 2",
        "(Iteracija 5 / 6",
        "(Epoha 2 / 2",
    ]
    assert f"gubitak: {solver.loss_history[4]:f}" in lines[3]
    assert f"na validaciji: {solver.val_acc_history[2]:f}" in lines[4]
    assert "6/6" in err or "0/6" in err


def test_without_tqdm_training_works_and_prints(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "sys.modules['tqdm'] = None\n"
        "import numpy as np\n"
        "from funkcije.fc_net import FullyConnectedNet\n"
        "from funkcije.solver import Solver\n"
        "X, y = np.eye(4), np.arange(4)\n"
        "data = {'X_train': X, 'y_train': y, 'X_val': X, 'y_val': y}\n"
        "Solver(FullyConnectedNet([3], input_dim=4, num_classes=4), data, num_epochs=1).train()\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("(Iteracija 1 / 1) gubitak: 1.38")


def test_the_package_itself_imports_no_numpy_and_the_solver_no_tqdm() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import funkcije; assert 'numpy' not in sys.modules; "
        "import funkcije.solver; assert 'tqdm' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


# Checkpoints


def test_a_checkpoint_restores_the_model_of_its_epoch_without_any_pickle(data: Any, tmp_path: Path) -> None:
    solver = trained(data, num_epochs=3, checkpoint_name=str(tmp_path / "runs" / "bn"))
    assert sorted(file.name for file in (tmp_path / "runs").iterdir()) == [f"bn_epoch_{n}.npz" for n in (1, 2, 3)]
    with np.load(tmp_path / "runs" / "bn_epoch_2.npz", allow_pickle=False) as saved:
        assert {saved[name].dtype.kind for name in saved.files} <= {"f", "i"}

    again = Solver(net(), data, verbose=False)
    for epoch in (1, 2, 3):
        history = load_checkpoint(tmp_path / "runs" / f"bn_epoch_{epoch}.npz", again.model)
        assert history.keys() == {"epoch", "loss_history", "train_acc_history", "val_acc_history"}
        assert (history["epoch"], len(history["loss_history"])) == (epoch, 3 * epoch)
        # The running statistics are there too: without them the accuracy would be another.
        assert again.check_accuracy(data["X_val"], data["y_val"]) == solver.val_acc_history[epoch]


def test_a_checkpoint_of_another_model_is_refused(data: Any, tmp_path: Path) -> None:
    trained(data, num_epochs=1, checkpoint_name=str(tmp_path / "bn"))
    other = FullyConnectedNet([8], input_dim=2, num_classes=3)
    before = other.params
    with pytest.raises(ValueError, match=r"bn_epoch_1.npz: holds parameters .*the model has .*'W1': \(2, 8\)"):
        load_checkpoint(tmp_path / "bn_epoch_1.npz", other)
    assert other.params is before


# What is wrong


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        (
            {"learning_rate": 1e-3},
            TypeError,
            r"Solver.__init__\(\) got an unexpected keyword argument 'learning_rate'",
        ),
        ({"update_rule": "adamw"}, ValueError, r"unknown update_rule 'adamw'; it knows 'sgd', .*'adam'"),
        ({"update_rule": "np"}, ValueError, r"unknown update_rule 'np'"),
        (
            {"update_rule": "adam", "optim_config": {"lr": 1e-3}},
            ValueError,
            r"unknown key 'lr' in optim_config; adam takes 'learning_rate', 'beta1'",
        ),
        ({"batch_size": 0}, ValueError, r"batch_size is 0; expected 1 or more"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(
    data: Any, settings: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        Solver(net(), data, **settings)


def test_missing_and_unknown_data_are_named(data: Any) -> None:
    assert Solver(net(), data | {"X_test": data["X_val"], "y_test": data["y_val"]})
    with pytest.raises(
        ValueError, match=r"unknown key 'X_valid' in data, which holds .*; it takes 'X_train', 'y_train'"
    ):
        Solver(net(), data | {"X_valid": data["X_val"]})
    del data["y_val"]
    with pytest.raises(ValueError, match="no 'y_val' in data, which holds 'X_train', 'y_train', 'X_val'; it takes"):
        Solver(net(), data)


def test_images_and_labels_of_different_numbers_are_refused(data: Any) -> None:
    with pytest.raises(ValueError, match="X_train holds 60 examples and y_train 59 labels"):
        Solver(net(), data | {"y_train": data["y_train"][:-1]})


class Broken:
    """A model whose gradients can be spoiled, as those of an unfinished net are."""

    def __init__(self, spoil: Any) -> None:
        self.model, self.spoil = net(), spoil
        self.params = self.model.params

    def loss(self, X: np.ndarray, y: np.ndarray | None = None) -> Any:
        if y is None:
            return self.model.loss(X)
        loss, grads = self.model.loss(X, y)
        self.spoil(grads)
        return loss, grads


def test_a_gradient_that_is_missing_or_misshapen_is_named(data: Any) -> None:
    with pytest.raises(ValueError, match="no gradient of 'gamma1'; it returned 'W3'"):
        trained(data, Broken(lambda grads: grads.pop("gamma1")))
    with pytest.raises(ValueError, match=r"gradient of 'beta2' has shape \(1, 16\); the parameter has \(16,\)"):
        trained(data, Broken(lambda grads: grads.update(beta2=grads["beta2"][np.newaxis])))
