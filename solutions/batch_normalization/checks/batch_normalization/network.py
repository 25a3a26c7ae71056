"""Checks of the normalization parts of `FullyConnectedNet`.

The network is judged with the student's own layers plugged into the trusted wiring, so a right network over a wrong
layer keeps its points. Parameters are set by the check; only the checks of initialization read the student's.
The sentences: `docs/contracts/FullyConnectedNet.md`.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from checks.core import CheckList, Observed
from checks.student import Model, Student

checks = CheckList()

CLASSES = 5
FEATURES = 7
BATCHNORM = ("batchnorm_forward", "batchnorm_backward")
LAYERNORM = ("layernorm_forward", "layernorm_backward")

Array = np.ndarray
Params = Mapping[str, Array]


def network(*hidden_dims: int) -> Any:
    """Draws examples, labels and every parameter of a normalized network with these hidden layers."""

    def draw(rng: np.random.Generator, N: int, D: int) -> dict[str, Any]:
        dims = (D, *hidden_dims, CLASSES)
        inputs = {"X": rng.normal(size=(N, D)) + rng.uniform(-1.0, 1.0, D), "y": rng.integers(CLASSES, size=N)}
        for layer, (fan_in, fan_out) in enumerate(pairwise(dims), start=1):
            inputs[f"W{layer}"] = rng.normal(size=(fan_in, fan_out)) * rng.uniform(0.3, 0.8)
            inputs[f"b{layer}"] = rng.uniform(-1.0, 1.0, fan_out)
            if layer <= len(hidden_dims):
                inputs[f"gamma{layer}"] = rng.uniform(0.6, 1.9, fan_out) * rng.choice([-1.0, 1.0], fan_out)
                inputs[f"beta{layer}"] = rng.uniform(0.2, 1.0, fan_out)
        return inputs

    return draw


def build(student: Student, normalization: str, params: Params, reg: float = 0.0) -> Model:
    """A network of the student's, with these parameters."""
    hidden_dims = [params[f"b{layer}"].size for layer in range(1, _layers(params))]
    model = student.model(
        "FullyConnectedNet",
        hidden_dims,
        input_dim=params["W1"].shape[0],
        num_classes=CLASSES,
        reg=reg,
        weight_scale=0.1,
        dtype=np.float64,
        normalization=normalization,
    )
    model.set_params(params)
    return model


@checks.add(
    "FullyConnectedNet.parameters",
    points=1,
    contract="FN-1",
    draw=network(6, 4),
    sizes=((2, FEATURES),),
    aspect="names",
)
def parameter_names(student: Student, **_: Any) -> Observed:
    """Names and shapes of the parameters, for both normalizations."""
    return {
        f"{name} ({kind})": value
        for kind in ("batchnorm", "layernorm")
        for name, value in _fresh(student, kind, np.float64).items()
    }


@checks.add("FullyConnectedNet.initial", points=0.5, contract="FN-1", draw=network(6, 4), sizes=((2, FEATURES),))
def initial_values(student: Student, **_: Any) -> Observed:
    """Each gamma begins as ones, each beta as zeros."""
    return {
        f"{name} ({kind})": value
        for kind in ("batchnorm", "layernorm")
        for name, value in _fresh(student, kind, np.float64).items()
        if name.startswith(("gamma", "beta"))
    }


@checks.add(
    "FullyConnectedNet.dtype", points=0.5, contract="FN-2", draw=network(6, 4), sizes=((2, FEATURES),), aspect="dtypes"
)
def dtype(student: Student, **_: Any) -> Observed:
    """The parameters have the network's type."""
    return {
        f"{name} ({kind.__name__})": value
        for kind in (np.float32, np.float64)
        for name, value in _fresh(student, "batchnorm", kind).items()
        if name.startswith(("gamma", "beta"))
    }


@checks.add(
    "FullyConnectedNet.batchnorm_loss",
    points=1.5,
    contract="FN-3",
    draw=network(6, 4),
    sizes=((9, FEATURES),),
    needs=BATCHNORM,
)
def batchnorm_loss(student: Student, X: Array, y: Array, **params: Array) -> Observed:
    """The training loss."""
    loss, _ = build(student, "batchnorm", params).loss(X, y)
    return {"loss": loss}


@checks.add(
    "FullyConnectedNet.batchnorm_gradients",
    points=1,
    contract="FN-4",
    draw=network(6, 4),
    sizes=((9, FEATURES),),
    needs=BATCHNORM,
)
def batchnorm_gradients(student: Student, X: Array, y: Array, **params: Array) -> Observed:
    """The gradient of every parameter."""
    _, grads = build(student, "batchnorm", params).loss(X, y)
    return _named(grads)


@checks.add(
    "FullyConnectedNet.layernorm_loss",
    points=1,
    contract="FN-5",
    draw=network(6, 4),
    sizes=((5, FEATURES),),
    needs=LAYERNORM,
)
def layernorm_loss(student: Student, X: Array, y: Array, **params: Array) -> Observed:
    """The training loss, and the scores in test mode."""
    model = build(student, "layernorm", params)
    loss, _ = model.loss(X, y)
    return {"loss": loss, "scores": model.scores(X)}


@checks.add(
    "FullyConnectedNet.layernorm_gradients",
    points=0.5,
    contract="FN-6",
    draw=network(6, 4),
    sizes=((5, FEATURES),),
    needs=LAYERNORM,
)
def layernorm_gradients(student: Student, X: Array, y: Array, **params: Array) -> Observed:
    """The gradient of every parameter."""
    _, grads = build(student, "layernorm", params).loss(X, y)
    return _named(grads)


@checks.add(
    "FullyConnectedNet.test_mode",
    points=1,
    contract="FN-7",
    draw=network(6),
    sizes=((9, FEATURES),),
    needs=BATCHNORM,
)
def test_mode(student: Student, X: Array, y: Array, **params: Array) -> Observed:
    """Scores after two training passes use the running statistics of those passes."""
    model = build(student, "batchnorm", params)
    model.loss(X, y)
    model.loss(2.0 * X + 1.0, y)
    return {"scores": model.scores(X[:3])}


@checks.add(
    "FullyConnectedNet.regularization",
    points=0.5,
    contract="FN-8",
    draw=network(6, 4),
    sizes=((9, FEATURES),),
    needs=BATCHNORM,
)
def regularization(student: Student, X: Array, y: Array, **params: Array) -> Observed:
    """What `reg` adds to the loss and to each gradient: the weights' part and no more."""
    plain_loss, plain = build(student, "batchnorm", params).loss(X, y)
    loss, grads = build(student, "batchnorm", params, reg=0.7).loss(X, y)
    before = {"loss": plain_loss, **_named(plain)}
    return {name: _added(value, before.get(name)) for name, value in {"loss": loss, **_named(grads)}.items()}


@checks.add(
    "FullyConnectedNet.own_statistics",
    points=0.5,
    contract="FN-9",
    draw=network(4, 4),
    sizes=((9, FEATURES),),
    needs=BATCHNORM,
)
def own_statistics(student: Student, X: Array, y: Array, **params: Array) -> Observed:
    """Two layers of the same width keep running statistics apart."""
    model = build(student, "batchnorm", params)
    model.loss(X, y)
    return {"scores": model.scores(X[:3])}


def _fresh(student: Student, normalization: str, kind: type[np.floating[Any]]) -> dict[str, Any]:
    model = student.model(
        "FullyConnectedNet",
        [6, 4],
        input_dim=FEATURES,
        num_classes=CLASSES,
        normalization=normalization,
        dtype=kind,
    )
    params = model.params
    return params if isinstance(params, dict) else {"params": params}


def _named(grads: Any, suffix: str = "") -> dict[str, Any]:
    if not isinstance(grads, dict):
        return {f"grads{suffix}": grads}
    return {f"d{name}{suffix}": value for name, value in grads.items()}


def _added(after: Any, before: Any) -> Any:
    if isinstance(after, np.ndarray) and isinstance(before, np.ndarray) and after.shape == before.shape:
        return np.asarray(after - before)
    return after


def _layers(params: Params) -> int:
    return sum(name.startswith("W") for name in params)
