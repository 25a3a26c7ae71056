"""What the model answers claim is so: each claim is read in its notebook and measured, on the generated set."""

from pathlib import Path

import nbformat
import numpy as np
import pytest

from funkcije import fc_net, layers, optim
from funkcije.data_utils import get_CIFAR10_data
from funkcije.experiments import Curves, Training, batch_size_trainings, collect, train, weight_scale_trainings
from funkcije.lab.race import Race

SOURCE = Path(__file__).parents[1] / "source"
Data = dict[str, np.ndarray]


def claimed(answer: str, claim: str) -> None:
    """The answer says so, in these words; whoever changes them measures again."""
    notebooks = [nbformat.read(path, as_version=4) for path in SOURCE.glob("*/*.ipynb")]
    [cell] = [cell for notebook in notebooks for cell in notebook.cells if cell.id == f"answer-{answer}"]
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


@pytest.mark.full
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


# Of fully_connected_nets.


def gradient_norms(scale: float) -> list[float]:
    """Of the weights, layer by layer, as the notebook prints them."""
    rng = np.random.default_rng(231)
    X, y = rng.standard_normal((200, 100)), rng.integers(10, size=200)
    np.random.seed(231)  # noqa: NPY002 - the net draws from it
    net = fc_net.FullyConnectedNet([100] * 5, input_dim=100, weight_scale=scale, dtype=np.float64)
    grads = net.loss(X, y)[1]
    return [float(np.linalg.norm(grads[f"W{layer}"])) for layer in range(1, 7)]


def test_gradients_of_small_weights_are_equally_small_in_all_layers() -> None:
    claimed("depth", "Proizvod je u svakom sloju isti, $0.07^5\\approx 2\\cdot10^{-6}$")
    claimed("depth", "izmjereno je oko $1.3\\cdot10^{-6}$ u svih šest. Sa skalom 0.14 norme su reda 1.")
    assert gradient_norms(0.01) == pytest.approx([1.3e-6] * 6, rel=0.2)
    assert all(0.5 < norm < 4 for norm in gradient_norms(0.14))


def test_the_first_step_of_each_rule_is_as_long_as_the_answer_says() -> None:
    claimed("first-step", "=\\eta/\\sqrt{0.01}=10\\,\\eta$: prosjek je počeo od nule")
    claimed("first-step", "\\approx 3.2\\,\\eta$, dakle 0.032")
    claimed("first-step", "(kod `rmsprop` za 0.1%, kod `adam` za 0.01%)")
    for rule, step, less in ((optim.rmsprop, 0.1, 1e-3), (optim.adam, 0.01, 1e-4)):
        steps = [abs(rule(np.zeros(1), np.array([dw]), {"learning_rate": 0.01})[0][0]) for dw in (1e-4, 1.0, 100.0)]
        assert steps[1:] == pytest.approx([step] * 2, rel=1e-6)
        assert 1 - steps[0] / step == pytest.approx(less, rel=0.1)
    assert 0.01 * (1 - 0.9) / np.sqrt(1 - 0.999) == pytest.approx(0.032, abs=5e-4)


def raced(learning_rate: float) -> Race:
    """The race of the explorer, as it begins, but for the learning rate."""
    settings: dict[str, dict[str, float]] = {
        "sgd": {}, "sgd_momentum": {"momentum": 0.9}, "rmsprop": {"decay_rate": 0.99},
        "adam": {"beta1": 0.9, "beta2": 0.99},
    }  # fmt: skip
    configs = {rule: {"learning_rate": learning_rate} | setting for rule, setting in settings.items()}
    race = Race(configs, (-1.6, 1.25), watched=False)
    while race.advance(1.0):
        pass
    return race


def test_in_the_valley_two_rules_fly_away_where_the_answer_says_and_two_never_do() -> None:
    claimed("rules", "dakle za $\\eta<2/8=0.25$. Na klizaču je za 0.18 još u dolini, a za 0.32 odleti.")
    claimed("rules", "Momentum odleti tek za 0.56 (njegova granica je $2(1+\\rho)/8=0.475$)")
    claimed("rules", "nije veći od $\\eta/\\sqrt{1-\\rho}=10\\,\\eta$, a kod Adama je oko $\\eta$")
    claimed("rules", "Sa velikom stopom RMSProp prvim korakom iskoči iz doline, ali se u nju vrati.")
    away: dict[str, list[bool]] = {}
    for exponent in (-0.75, -0.5, -0.25, 0.0):
        race = raced(10**exponent)
        for rule in race.points:
            height = race.heights(rule)[0, -1]
            away.setdefault(rule, []).append(not height < 10)
        for rule, most in (("rmsprop", 10.0), ("adam", 1.0)):
            steps = np.abs(np.diff(race.points[rule][0], axis=0))
            assert steps.max() / 10**exponent == pytest.approx(most, rel=0.01)
            assert race.heights(rule)[0, -1] < 1e-3
    assert away["sgd"] == [False, True, True, True]
    assert away["sgd_momentum"] == [False, False, True, True]
    assert not any(away["rmsprop"] + away["adam"])
    assert raced(1.0).heights("rmsprop")[0].max() > 100


@pytest.mark.full
def test_momentum_learns_as_plain_descent_does_with_ten_times_its_rate_and_adaptive_rules_with_less(
    data: Data,
) -> None:
    claimed("rules", "SGD je najbolji za stopu oko $3\\cdot10^{-2}$, momentum oko $3\\cdot10^{-3}$")
    claimed("rules", "Tada SGD ima oko 0.9, momentum oko 0.94, a RMSProp i Adam oko 0.98.")
    claimed("rules", "za $10^{-2}$ i $10^{-3}$ tačnosti su praktično jednake (0.71 na generisanom skupu)")
    claimed("rules", "za $10^{-2.5}$ SGD izgleda slabo (oko 0.5)")
    expected = {
        ("sgd", -2.0): 0.71, ("sgd_momentum", -3.0): 0.71, ("sgd", -2.5): 0.5, ("sgd", -1.5): 0.9,
        ("sgd_momentum", -2.5): 0.94, ("rmsprop", -3.5): 0.98, ("adam", -3.5): 0.98,
    }  # fmt: skip
    trainings = [
        Training(weight_scale=5e-2, update_rule=rule, learning_rate=10**exponent) for rule, exponent in expected
    ]
    for curves, accuracy in zip(collect(trainings, train(trainings, data)), expected.values(), strict=True):
        assert curves.best_train_accuracy == pytest.approx(accuracy, abs=0.05), curves.training


def test_ten_layers_of_small_weights_fade_by_the_factor_of_the_first_question(data: Data) -> None:
    claimed("grid", "aktivacije su u svakom sljedećem sloju oko 14 puta manje, što je činilac $s\\sqrt{50}=0.07$")
    first = next(iter(train(Training(depth=10, weight_scale=1e-2, epochs=1), data, spread=True)))
    spread = np.array(first.spread)
    factors = spread[:-1] / spread[1:]
    assert len(factors) == 8
    assert np.all((factors > 11) & (factors < 18)) and factors.mean() == pytest.approx(14, abs=1)


def test_no_learning_rate_saves_ten_layers_of_small_weights_and_one_scale_is_left(data: Data) -> None:
    claimed("grid", "Sa **deset** ostaje samo $10^{-1}$")
    claimed("grid", "a i ona dostiže manje, oko 0.5. Za najveću skalu duboke mreže divergiraju.")
    claimed("grid", "(za stopu 10 gubitak skače iznad početnih 2.3, a tačnost se ne mijenja)")

    def nets(scale: float, rates: tuple[float, ...], epochs: int) -> list[Curves]:
        settings = {"depth": 10, "update_rule": "sgd_momentum", "epochs": epochs}
        trainings = [Training(weight_scale=scale, learning_rate=rate, **settings) for rate in rates]  # type: ignore[arg-type]
        return collect(trainings, train(trainings, data))

    small = nets(1e-2, (1e-4, 1e-2, 1.0, 10.0), 2)
    assert all(curves.best_train_accuracy < 0.15 for curves in small)
    assert small[0].losses[0] == pytest.approx(2.3026, abs=1e-3) and max(small[-1].losses) > 3
    [right], [large] = nets(1e-1, (1e-3,), 5), nets(10**-0.5, (1e-3,), 1)
    assert right.best_train_accuracy == pytest.approx(0.49, abs=0.08)
    assert large.state == "diverged"


def test_with_three_layers_a_larger_scale_wants_a_smaller_rate(data: Data) -> None:
    claimed("grid", "veća skala sa manjom stopom ($10^{-2}$ sa $3\\cdot10^{-3}$, $10^{-1}$ sa $10^{-4}$)")
    accuracy: dict[tuple[float, float], float] = {}
    pairs = [(scale, rate) for scale in (1e-2, 1e-1) for rate in (1e-4, 10**-2.5)]
    trainings = [
        Training(depth=3, weight_scale=scale, learning_rate=rate, update_rule="sgd_momentum", epochs=5)
        for scale, rate in pairs
    ]
    for pair, curves in zip(pairs, collect(trainings, train(trainings, data)), strict=True):
        accuracy[pair] = curves.best_train_accuracy
    assert accuracy[1e-2, 10**-2.5] > 0.7 > accuracy[1e-2, 1e-4] + 0.2
    assert accuracy[1e-1, 1e-4] > 0.6 > accuracy[1e-1, 10**-2.5] + 0.3


def test_fifty_images_are_learned_at_one_rate_of_three(data: Data) -> None:
    fifty = {**data, "X_train": data["X_train"][:50], "y_train": data["y_train"][:50]}
    rates = (1e-4, 1e-2, 1e-1)
    settings = {"depth": 3, "weight_scale": 1e-2, "batch_size": 25, "epochs": 20, "num_train": 50}
    trainings = [Training(learning_rate=rate, update_rule="sgd", **settings) for rate in rates]  # type: ignore[arg-type]
    slow, right, fast = collect(trainings, train(trainings, fifty))
    assert slow.best_train_accuracy < 0.4
    assert right.best_train_accuracy == 1.0
    assert fast.state == "diverged" and fast.best_train_accuracy < 0.4
    deeper = [Training(learning_rate=1e-2, update_rule="sgd", **(settings | {"depth": 5}))]  # type: ignore[arg-type]
    assert collect(deeper, train(deeper, fifty))[0].best_train_accuracy < 0.4
