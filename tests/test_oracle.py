"""The reference against an oracle that shares nothing with it: decimals of fifty digits, and their differences.

With PyTorch installed, `test_torch.py` holds it against autograd as well.
"""

from decimal import Decimal, localcontext
from typing import Any

import exact
import numpy as np
import pytest

from checks.core import Assignment
from funkcije import layers
from funkcije.fc_net import FullyConnectedNet
from grader.course import Course
from grader.reference.differences import Differentiated
from grader.reference.package import load_package

Array = np.ndarray

SIZES = [(1, 3), (2, 5), (6, 1), (7, 4), (3, 8)]
DRAWS = range(8)
NORMS = {"batchnorm": exact.batchnorm, "layernorm": exact.layernorm}
GRADIENTS = {
    "batchnorm": [layers.batchnorm_backward, layers.batchnorm_backward_alt],
    "layernorm": [layers.layernorm_backward],
}
FORWARD = {"batchnorm": layers.batchnorm_forward, "layernorm": layers.layernorm_forward}


@pytest.fixture(params=SIZES, ids=lambda size: f"N={size[0]},D={size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    size: tuple[int, int] = request.param
    return size


def draw(seed: int, N: int, D: int) -> dict[str, Any]:
    """Columns of every size and place, one of them narrow, and an eps from 1e-5 to 1."""
    rng = np.random.default_rng(seed)
    spread = 10 ** rng.uniform(-2, 1, D)
    return {
        "x": rng.normal(size=(N, D)) * spread + rng.uniform(-5, 5, D),
        "gamma": rng.normal(size=D),
        "beta": rng.normal(size=D),
        "dout": rng.normal(size=(N, D)) + rng.normal(size=D),
        "eps": float(10 ** rng.uniform(-5, 0)),
    }


def assert_same(got: Any, truth: Any, what: str, tolerance: float = 1e-11) -> None:
    """Equal up to some thousand roundings of the largest number."""
    expected = exact.floats(truth)
    assert np.shape(got) == expected.shape, what
    assert np.max(np.abs(got - expected)) <= tolerance * max(np.max(np.abs(expected)), 0.1), what


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("seed", DRAWS)
def test_the_forward_pass_is_the_formula_in_fifty_digits(norm: str, seed: int, size: tuple[int, int]) -> None:
    given = draw(seed, *size)
    out, _ = FORWARD[norm](given["x"], given["gamma"], given["beta"], {"mode": "train", "eps": given["eps"]})
    with localcontext(prec=exact.DIGITS):
        x, gamma, beta, eps = (exact.exact(given[name]) for name in ("x", "gamma", "beta", "eps"))
        assert_same(out, NORMS[norm](x, gamma, beta, eps), "out")


@pytest.mark.parametrize("seed", DRAWS)
def test_running_statistics_and_test_mode_are_the_formula_in_fifty_digits(seed: int, size: tuple[int, int]) -> None:
    given = draw(seed, *size)
    x, gamma, beta = given["x"], given["gamma"], given["beta"]
    bn_param: dict[str, Any] = {"mode": "train", "momentum": 0.7, "eps": given["eps"]}
    batches = [x, 2 * x + 1, 0.5 * x - 2]
    for batch in batches:
        layers.batchnorm_forward(batch, gamma, beta, bn_param)
    out, _ = layers.batchnorm_forward(x, gamma, beta, bn_param | {"mode": "test"})
    with localcontext(prec=exact.DIGITS):
        momentum, eps = Decimal("0.7"), Decimal(given["eps"])
        mean = var = [Decimal(0)] * size[1]
        for batch in batches:
            stats = [exact.mean_and_variance(column) for column in exact.columns(exact.exact(batch))]
            mean = [momentum * old + (1 - momentum) * new for old, (new, _) in zip(mean, stats, strict=True)]
            var = [momentum * old + (1 - momentum) * new for old, (_, new) in zip(var, stats, strict=True)]
        assert_same(bn_param["running_mean"], mean, "running_mean")
        assert_same(bn_param["running_var"], var, "running_var")
        rows = exact.columns(
            [
                exact.normalized(column, m, v, eps)
                for column, m, v in zip(exact.columns(exact.exact(x)), mean, var, strict=True)
            ]
        )
        assert_same(out, exact.scaled(rows, exact.exact(gamma), exact.exact(beta)), "out")


def true_gradients(norm: str, given: dict[str, Any]) -> dict[str, Any]:
    """The gradients of the sum of `out * dout`, by differences."""
    with localcontext(prec=exact.DIGITS):
        moved = {name: exact.exact(given[name]) for name in ("x", "gamma", "beta")}
        dout, eps = exact.exact(given["dout"]), Decimal(given["eps"])

        def loss() -> Decimal:
            out = NORMS[norm](*moved.values(), eps)
            pairs = ((o, d) for row, drow in zip(out, dout, strict=True) for o, d in zip(row, drow, strict=True))
            return sum((o * d for o, d in pairs), Decimal(0))

        return {f"d{name}": exact.gradient(loss, value) for name, value in moved.items()}


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("seed", DRAWS[:5])
def test_every_gradient_is_the_difference_of_losses_in_fifty_digits(
    norm: str, seed: int, size: tuple[int, int]
) -> None:
    given = draw(seed, *size)
    _, cache = FORWARD[norm](given["x"], given["gamma"], given["beta"], {"mode": "train", "eps": given["eps"]})
    truth = true_gradients(norm, given)
    for backward in GRADIENTS[norm]:
        for name, got in zip(truth, backward(given["dout"], cache), strict=True):
            assert_same(got, truth[name], f"{backward.__name__}: {name}")


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("seed", DRAWS)
def test_the_gradient_is_the_complex_step_of_the_forward_pass(norm: str, seed: int, size: tuple[int, int]) -> None:
    """The imaginary part of the loss at x + ih is h times its derivative, with nothing lost by subtraction."""
    given, step = draw(seed, *size), 1e-30
    param = {"mode": "train", "eps": given["eps"]}
    _, cache = FORWARD[norm](given["x"], given["gamma"], given["beta"], dict(param))
    moved = {name: given[name].astype(complex) for name in ("x", "gamma", "beta")}
    for backward in GRADIENTS[norm]:
        for name, got in zip(moved, backward(given["dout"], cache), strict=True):
            truth = np.empty_like(got)
            for index in np.ndindex(got.shape):
                at = {key: value.copy() for key, value in moved.items()}
                at[name][index] += 1j * step
                out, _ = FORWARD[norm](*at.values(), dict(param))
                truth[index] = np.sum(out * given["dout"]).imag / step
            assert_same(got, truth, f"{backward.__name__}: d{name}")


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("seed", DRAWS[:3])
def test_the_differences_that_wrong_forward_passes_are_judged_on_are_right(
    course: Course, assignment: Assignment, norm: str, seed: int, size: tuple[int, int]
) -> None:
    given = draw(seed, *size)
    package = load_package(course.package)
    differentiated = Differentiated(package.name, assignment)
    param = differentiated.mapping(mode="train", eps=given["eps"])
    _, cache = getattr(differentiated, f"{norm}_forward")(given["x"], given["gamma"], given["beta"], param)
    gradients = getattr(differentiated, f"{norm}_backward")(given["dout"], cache)
    for (name, truth), got in zip(true_gradients(norm, given).items(), gradients, strict=True):
        assert_same(got, truth, name, tolerance=1e-9)
    package.unload()


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("seed", DRAWS[:3])
def test_the_network_s_loss_and_gradients_are_those_in_fifty_digits(norm: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = FullyConnectedNet([4, 3], input_dim=3, num_classes=3, reg=0.3, normalization=norm, dtype=np.float64)
    for name, value in model.params.items():
        model.params[name] = rng.normal(size=value.shape)
    x, labels = rng.normal(size=(5, 3)), rng.integers(3, size=5)
    loss, grads = model.loss(x, labels)
    with localcontext(prec=exact.DIGITS):
        params = {name: exact.exact(value) for name, value in model.params.items()}

        def truth() -> Decimal:
            return exact.network_loss(exact.exact(x), labels.tolist(), params, NORMS[norm], Decimal("0.3"))

        assert_same(loss, truth(), "loss")
        assert grads.keys() == params.keys()
        for name, value in params.items():
            assert_same(grads[name], exact.gradient(truth, value), name)
