"""What the model answers claim is so: each claim is read in the notebook and measured, on the generated set."""

from pathlib import Path

import nbformat
import numpy as np
import pytest

from funkcije import fc_net, layers
from funkcije.data_utils import get_CIFAR10_data
from funkcije.experiments import Curves, Training, batch_size_trainings, collect, train, weight_scale_trainings

NOTEBOOK = Path(__file__).parents[1] / "source" / "batch_normalization" / "batch_normalization.ipynb"
Data = dict[str, np.ndarray]


def claimed(answer: str, claim: str) -> None:
    """The answer says so, in these words; whoever changes them measures again."""
    [cell] = [cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.id == f"answer-{answer}"]
    assert claim in cell.source


@pytest.fixture(scope="module")
def data() -> Data:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FUNKCIJE_OFFLINE", "1")
        patch.delenv("FUNKCIJE_DATA", raising=False)
        patch.setenv("XDG_CACHE_HOME", "/nonexistent")
        return get_CIFAR10_data(num_training=1000, num_validation=200)


def at_first(data: Data, scale: float) -> dict[str | None, np.ndarray]:
    """Standard deviation of each hidden layer's activations in the first step, by normalization."""
    trainings = weight_scale_trainings((scale,), epochs=1, batch_size=50)
    first: dict[int, np.ndarray] = {}
    for step in train(list(trainings.values()), data, spread=True):
        assert step.spread is not None
        first.setdefault(step.model, np.array(step.spread))
        if len(first) == len(trainings):
            break
    return {kind: first[model] for model, (kind, _) in enumerate(trainings)}


def trained(trainings: dict[str | None, Training], data: Data) -> dict[str | None, Curves]:
    return dict(zip(trainings, collect(list(trainings.values()), train(list(trainings.values()), data)), strict=True))


def test_small_weights_fade_without_normalization_and_less_so_with_it(data: Data) -> None:
    claimed("weight-scale", "za $10^{-3}$ u prvom sloju reda 1, a svaki sljedeći je oko dvjesta puta manji")
    claimed("weight-scale", "za $10^{-3}$ je takva samo u prvom, u drugom je oko 0.45, a u ostalim oko 0.4")
    spreads = at_first(data, 1e-3)
    assert 0.5 < spreads[None][0] < 5
    assert np.all((spreads[None][:-1] / spreads[None][1:] > 100) & (spreads[None][:-1] / spreads[None][1:] < 400))
    first, second, *others = spreads["batchnorm"]
    assert first == pytest.approx(0.6, abs=0.05)
    assert second == pytest.approx(0.45, abs=0.03)
    assert others == pytest.approx([0.4] * len(others), abs=0.05)


def test_large_weights_grow_without_normalization_and_not_with_it(data: Data) -> None:
    claimed("weight-scale", "za $1$ je u prvom sloju već reda $10^3$, a svaki sljedeći je oko pet puta veći")
    claimed("weight-scale", "Sa normalizacijom je za $1$ u svim slojevima oko 0.6")
    spreads = at_first(data, 1.0)
    assert 500 < spreads[None][0] < 5000
    assert np.all((spreads[None][1:] / spreads[None][:-1] > 3) & (spreads[None][1:] / spreads[None][:-1] < 8))
    assert spreads["batchnorm"] == pytest.approx([0.6] * 7, abs=0.05)


def test_of_two_examples_the_sign_is_left_and_half_of_the_activations(data: Data) -> None:
    claimed("batch-size", "a standardna devijacija takvih brojeva je 0.5")
    [training] = batch_size_trainings((2,), ("batchnorm",), epochs=1).values()
    step = next(iter(train(training, data, spread=True)))
    assert step.spread == pytest.approx([0.5] * 5, abs=0.02)
    x = np.random.default_rng(0).standard_normal((2, 30))
    x_hat, _ = layers.batchnorm_forward(x, np.ones(30), np.zeros(30), {"mode": "train", "eps": 1e-12})
    assert np.abs(x_hat) == pytest.approx(np.ones((2, 30)), abs=1e-6)


def test_a_batch_of_one_leaves_beta_and_no_gradient() -> None:
    claimed("batch-size", "$y=\\beta$ za svaki ulaz")
    rng = np.random.default_rng(0)
    x, gamma, beta, dout = (rng.standard_normal(shape) for shape in ((1, 4), 4, 4, (1, 4)))
    out, cache = layers.batchnorm_forward(x, gamma, beta, {"mode": "train"})
    assert out == pytest.approx(beta[None], abs=1e-12)
    assert layers.batchnorm_backward(dout, cache)[0] == pytest.approx(np.zeros((1, 4)), abs=1e-12)


def test_one_or_two_features_leave_layer_normalization_nothing_but_a_sign() -> None:
    claimed("layernorm", "za $D=1$ izlaz je uvijek $\\beta$, za $D=2$ ostaje samo predznak razlike")
    rng = np.random.default_rng(0)
    one, _ = layers.layernorm_forward(rng.standard_normal((5, 1)), np.ones(1), np.full(1, 3.0), {})
    two, _ = layers.layernorm_forward(rng.standard_normal((5, 2)), np.ones(2), np.zeros(2), {"eps": 1e-12})
    assert one == pytest.approx(np.full((5, 1), 3.0), abs=1e-12)
    assert np.abs(two) == pytest.approx(np.ones((5, 2)), abs=1e-6)


def test_the_formula_of_the_derivation_is_the_gradient() -> None:
    claimed(
        "derivation",
        "=\\frac1{N s}\\Big(N g_i-\\sum_k g_k-\\hat x_i\\sum_k g_k\\,\\hat x_k\\Big),",
    )
    rng = np.random.default_rng(0)
    x, dout = rng.standard_normal((6, 1)), rng.standard_normal((6, 1))
    _, cache = layers.batchnorm_forward(x, np.full(1, 1.7), np.zeros(1), {"mode": "train"})
    s = np.sqrt(x.var() + 1e-5)
    x_hat, g = (x - x.mean()) / s, 1.7 * dout
    formula = (6 * g - g.sum() - x_hat * (g * x_hat).sum()) / (6 * s)
    assert formula == pytest.approx(layers.batchnorm_backward(dout, cache)[0])


def test_a_scaled_weight_matrix_leaves_the_normalized_values_as_they_are() -> None:
    claimed("weight-scale", "ako se $W$ pomnoži sa $c>0$, sa $c$ se pomnože i $x-\\mu$ i $\\sigma$")
    rng = np.random.default_rng(0)
    x, W = rng.standard_normal((20, 5)), rng.standard_normal((5, 4))
    one, other = (
        layers.batchnorm_forward(x @ (c * W), np.ones(4), np.zeros(4), {"mode": "train", "eps": 1e-12})[0]
        for c in (1, 37)
    )
    assert one == pytest.approx(other)


def test_a_bias_before_batch_normalization_has_no_gradient_and_before_layer_normalization_has_one() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((8, 5)), np.arange(8) % 3
    for kind, vanishes in (("batchnorm", True), ("layernorm", False)):
        net = fc_net.FullyConnectedNet([6], input_dim=5, num_classes=3, normalization=kind, weight_scale=0.5,
                                       dtype=np.float64)  # fmt: skip
        assert bool(np.abs(net.loss(X, y)[1]["b1"]).max() < 1e-12) is vanishes


def test_plain_nets_fail_at_a_learning_rate_at_which_normalized_ones_still_learn(data: Data) -> None:
    claimed("six-layers", "a oko $3\\cdot10^{-2}$ ostaje na nagađanju (tačnost oko 0.1)")
    nets = trained({kind: Training(kind, learning_rate=10**-1.5) for kind in ("batchnorm", None)}, data)
    assert nets[None].best_train_accuracy < 0.2
    assert nets["batchnorm"].best_train_accuracy > 0.6


def test_with_two_images_in_a_batch_layer_normalization_learns_and_batch_normalization_hardly(data: Data) -> None:
    claimed(
        "layernorm", "Za batch od dvije slike batch normalizacija gotovo da ne uči, a layer normalizacija uči i tada."
    )
    kinds = ("batchnorm", "layernorm")
    nets = trained({kind: next(iter(batch_size_trainings((2,), (kind,), epochs=3).values())) for kind in kinds}, data)
    assert nets["batchnorm"].best_train_accuracy < 0.35 < 0.5 < nets["layernorm"].best_train_accuracy


def test_up_to_a_scale_of_two_hundredths_plain_nets_hardly_learn(data: Data) -> None:
    claimed("weight-scale", "a odatle do oko 0.02 jedva se pomjeri")
    scales = (1e-3, 2e-2)
    trainings = weight_scale_trainings(scales, (None,))
    curves = collect(list(trainings.values()), train(list(trainings.values()), data))
    assert all(found.best_train_accuracy < 0.35 for found in curves)
