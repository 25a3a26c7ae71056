"""Checks of the normalization parts of `FullyConnectedNet`.

The network is judged over stand-in layers (`stand_ins`), so its points do not depend on the student's layers.
Parameters are set by the check; only `runs` and the checks of initialization use the student's own. Nothing but
`params`, `loss` and what it returns is looked at, not how a network keeps its statistics and caches.
The sentences: `docs/contracts/FullyConnectedNet.md`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from checks.core import Change, CheckList, Inputs, Move, Observed, Run
from checks.executor.errors import StudentError
from checks.student import Model, Student

from .network_inputs import CLASSES, FEATURES, ONE_WIDTH, TWO_WIDTHS, network, two_networks
from .observed import added, difference

checks = CheckList()

REG = 0.7
BATCHNORM, LAYERNORM = "batchnorm", "layernorm"
WITNESSES = ("loss", "later loss", "dW3")
Array = np.ndarray
Params = Mapping[str, Array]
Points = Mapping[str, float]

HIDDEN_DIMS = (6, 4, 5)
"""Of the networks whose parameters are the student's own."""


def exchanged(times: float) -> Change:
    """The same with other stand-ins: whoever calls them gets something else from them."""

    def change(inputs: Inputs, step: float) -> Inputs:
        return {**inputs, "twist": inputs["twist"] + times * step}

    return change


# A step so small may take one number over the kink of a ReLU, where a gradient jumps; hardly ever each of these does.
STEPS = tuple(exchanged(times) for times in (1.0, -1.0, 3.0, -3.0))


def on_layers(*results: str) -> tuple[Move, ...]:
    """What a network whose layers do something shows of it."""
    return (Move(STEPS, results, "without_layers", everywhere=False),)


def build(student: Student, normalization: str, params: Params, twist: float, reg: float = 0.0) -> Model:
    """A network of the student's, with these parameters, over stand-ins with this twist."""
    student.exchange(twist)
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
    points=0.5,
    contract="FN-1",
    draw=network(*HIDDEN_DIMS),
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


@checks.add(
    "FullyConnectedNet.runs",
    points=2,
    contract="FN-16",
    draw=two_networks,
    sizes=((9, FEATURES),),
    moves=on_layers(*(f"computed {result} ({kind})" for kind in (BATCHNORM, LAYERNORM) for result in WITNESSES)),
)
def runs(student: Student, X: Array, y: Array, twist: float, **params: Array) -> Observed:
    """Training with the network's own gammas and betas, on one number of examples and then on another.

    Only weights and biases are set, which the student is given; so that the same is computed at every call. With batch
    normalization all layers are of one width, so that statistics which they share by mistake cost the check of that.
    """
    student.exchange(twist)
    observed: dict[str, Any] = {}
    for kind, prefix in ((BATCHNORM, ""), (LAYERNORM, "other ")):
        given = {name.removeprefix(prefix): value for name, value in params.items() if name.startswith(f"{prefix}W")}
        given |= {name: params[f"{prefix}{name}"] for name in [f"b{name[1:]}" for name in given]}
        model = student.model(
            "FullyConnectedNet",
            [given[f"b{layer}"].size for layer in range(1, _layers(given))],
            input_dim=FEATURES,
            num_classes=CLASSES,
            dtype=np.float64,
            normalization=kind,
        )
        model.set_params(given)
        own = model.params
        (loss, grads), (later, _) = model.loss(X, y), model.loss(X[:5], y[:5])
        finite = all(isinstance(value, np.ndarray) and bool(np.all(np.isfinite(value))) for value in (loss, later))
        observed[f"np.isfinite(loss) ({kind})"] = np.asarray(float(finite))
        observed[f"len(params without grads) ({kind})"] = np.asarray(float(_without_gradient(own, grads)))
        observed[f"computed loss ({kind})"], observed[f"computed later loss ({kind})"] = loss, later
        # Of the last layer: further down there may be no gradient, where all of a layer's numbers are below zero.
        observed[f"computed dW3 ({kind})"] = grads.get("W3") if isinstance(grads, dict) else None
    return observed


def _without_gradient(params: Any, grads: Any) -> int:
    """How many parameters have no gradient of their size, whatever they are called; axes are for the other checks."""
    if not isinstance(params, dict) or not isinstance(grads, dict) or not params:
        return 1
    return sum(name not in grads or np.size(grads[name]) != np.size(value) for name, value in params.items())


@checks.add("FullyConnectedNet.initial", points=0.25, contract="FN-12", draw=TWO_WIDTHS, sizes=((2, FEATURES),))
def initial_values(student: Student, **_: Any) -> Observed:
    """Every gamma begins as ones, every beta as zeros, whatever their names and sizes."""
    observed: dict[str, Array] = {}
    for kind, arrays in _scales_and_shifts(student, np.float64).items():
        observed[_first_of(kind)] = np.zeros(HIDDEN_DIMS[0])
        numbers = np.concatenate([array.ravel() for array in arrays])
        observed |= {f"min {kind}": np.asarray(numbers.min()), f"max {kind}": np.asarray(numbers.max())}
    return observed


@checks.add(
    "FullyConnectedNet.dtype", points=0.25, contract="FN-2", draw=TWO_WIDTHS, sizes=((2, FEATURES),), aspect="dtypes"
)
def dtype(student: Student, **_: Any) -> Observed:
    """Every gamma and beta has the network's type."""
    observed: dict[str, Array] = {}
    for wanted in (np.float32, np.float64):
        for kind, arrays in _scales_and_shifts(student, wanted).items():
            observed[f"{_first_of(kind)} ({wanted.__name__})"] = np.zeros(HIDDEN_DIMS[0], wanted)
            by_size = sorted(arrays, key=lambda array: (array.dtype.itemsize, array.dtype.kind))
            observed |= {f"{kind} ({wanted.__name__})": by_size[0], f"{kind} ({wanted.__name__}), max": by_size[-1]}
    return observed


def add_training_checks(normalization: str, draw: Any, *, contract: int, points: Points) -> None:
    """Add the checks of training with one normalization: the loss, and the gradients in two parts."""

    def add(name: str, sentence: int) -> Callable[[Run], Run]:
        return checks.add(
            f"FullyConnectedNet.{normalization}_{name}",
            points=points[name],
            contract=f"FN-{sentence}",
            draw=draw,
            sizes=((9, FEATURES),),
            part=normalization,
        )

    @add("loss", contract)
    def loss(student: Student, X: Array, y: Array, twist: float, **params: Array) -> Observed:
        """The training loss."""
        value, _ = build(student, normalization, params, twist).loss(X, y)
        return {"loss": value}

    @add("gradients", contract + 1)
    def gradients(student: Student, X: Array, y: Array, twist: float, **params: Array) -> Observed:
        """The gradients of weights and biases, which pass through every normalization behind them."""
        _, grads = build(student, normalization, params, twist).loss(X, y)
        return _of(grads, params, scale_and_shift=False)

    @add("scale_and_shift", contract + 1)
    def scale_and_shift(student: Student, X: Array, y: Array, twist: float, **params: Array) -> Observed:
        """The gradients of gamma and beta."""
        _, grads = build(student, normalization, params, twist).loss(X, y)
        return _of(grads, params, scale_and_shift=True)


add_training_checks(BATCHNORM, ONE_WIDTH, contract=3, points={"loss": 0.75, "gradients": 0.5, "scale_and_shift": 0.5})
add_training_checks(LAYERNORM, TWO_WIDTHS, contract=5, points={"loss": 0.5, "gradients": 0.5, "scale_and_shift": 0.25})


@checks.add(
    "FullyConnectedNet.test_mode", points=0.5, contract="FN-7", draw=network(6), sizes=((9, FEATURES),), part=BATCHNORM
)
def test_mode(student: Student, X: Array, y: Array, twist: float, **params: Array) -> Observed:
    """Scores after two training passes use the running statistics of those passes, and change nothing in them.

    Then follows training again. In test mode a layer has nothing to go back by, so a network that stays there raises
    or not as the layers have it; either way its loss is not the right one, and the scores are judged as before.
    """
    model = build(student, BATCHNORM, params, twist)
    model.loss(X, y)
    model.loss(2.0 * X, y)  # float32's numbers, too
    scores = {"scores": model.scores(X[:5]), "scores (again)": model.scores(X[:5])}
    try:
        after, _ = model.loss(X, y)
    except StudentError as error:
        if error.kind not in {"error", "result"}:
            raise
        return scores
    return {**scores, "loss (after scores)": after}


@checks.add(
    "FullyConnectedNet.layernorm_test",
    points=0.25,
    contract="FN-13",
    draw=TWO_WIDTHS,
    sizes=((5, FEATURES),),
    part=LAYERNORM,
)
def layernorm_test(student: Student, X: Array, y: Array, twist: float, **params: Array) -> Observed:
    """Scores with layer normalization, of a network that was never trained."""
    return {"scores": build(student, LAYERNORM, params, twist).scores(X)}


@checks.add(
    "FullyConnectedNet.own_statistics",
    points=0.5,
    contract="FN-9",
    draw=network(6, 6, 6),
    sizes=((9, FEATURES),),
    part=BATCHNORM,
)
def own_statistics(student: Student, X: Array, y: Array, twist: float, **params: Array) -> Observed:
    """Layers of the same width keep running statistics apart."""
    model = build(student, BATCHNORM, params, twist)
    model.loss(X, y)
    return {"scores": model.scores(X[:5])}


@checks.add(
    "FullyConnectedNet.regularized_loss",
    points=0.25,
    contract="FN-8",
    draw=ONE_WIDTH,
    sizes=((9, FEATURES),),
    part=BATCHNORM,
    moves=on_layers("computed loss"),
)
def regularized_loss(student: Student, X: Array, y: Array, twist: float, **params: Array) -> Observed:
    """What `reg` adds to the loss."""
    return _added_by_reg(student, BATCHNORM, X, y, params, twist)[0]


@checks.add(
    "FullyConnectedNet.regularized_gradients",
    points=0.25,
    contract="FN-8",
    draw=ONE_WIDTH,
    sizes=((9, FEATURES),),
    part=BATCHNORM,
    moves=on_layers("computed dW1", "computed dW2"),
)
def regularized_gradients(student: Student, X: Array, y: Array, twist: float, **params: Array) -> Observed:
    """What `reg` adds to each gradient."""
    return _added_by_reg(student, BATCHNORM, X, y, params, twist, twice=False)[1]


@checks.add(
    "FullyConnectedNet.layernorm_regularized",
    points=0.25,
    contract="FN-8",
    draw=TWO_WIDTHS,
    sizes=((5, FEATURES),),
    part=LAYERNORM,
    moves=on_layers("computed loss", "computed dW1", "computed dW2"),
)
def layernorm_regularized(student: Student, X: Array, y: Array, twist: float, **params: Array) -> Observed:
    """What `reg` adds with layer normalization, for those who write its branch apart."""
    in_loss, in_gradients = _added_by_reg(student, LAYERNORM, X, y, params, twist)
    return {**in_loss, **in_gradients}


def _added_by_reg(
    student: Student, normalization: str, X: Array, y: Array, params: Params, twist: float, *, twice: bool = True
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `reg` adds to the loss, and to each gradient; to one that is missing, or another's, it adds nothing.

    With each the witness that it was computed: the loss, and the gradients of the weights, as they are without `reg`.
    """
    plain_loss, plain = build(student, normalization, params, twist).loss(X, y)
    model = build(student, normalization, params, twist, reg=REG)
    loss, grads = model.loss(X, y)
    in_loss = {"loss (reg) - loss": difference(loss, plain_loss), "computed loss": plain_loss}
    if twice:
        again, _ = model.loss(X, y)
        in_loss["loss (reg, again) - loss (reg)"] = difference(again, loss)
    if not isinstance(plain, dict) or not isinstance(grads, dict):
        return in_loss, {"grads": grads}
    nothing = {name: np.zeros_like(value) for name, value in params.items()}
    in_gradients = {
        f"d{name} (reg) - d{name}": added(grads.get(name, none), plain.get(name, none), none.shape)
        for name, none in nothing.items()
    }
    return in_loss, in_gradients | {f"computed d{name}": plain.get(name) for name in params if name.startswith("W")}


def _fresh(student: Student, normalization: str, kind: type[np.floating[Any]]) -> dict[str, Any]:
    model = student.model(
        "FullyConnectedNet",
        [*HIDDEN_DIMS],
        input_dim=FEATURES,
        num_classes=CLASSES,
        normalization=normalization,
        dtype=kind,
    )
    params = model.params
    return params if isinstance(params, dict) else {"params": params}


def _scales_and_shifts(student: Student, wanted: type[np.floating[Any]]) -> dict[str, list[Array]]:
    """Every gamma and every beta of fresh networks of either normalization; no entry for what there is none of."""
    found: dict[str, list[Array]] = {}
    for normalization in ("batchnorm", "layernorm"):
        for name, value in _fresh(student, normalization, wanted).items():
            for kind in ("gamma", "beta"):
                if name.startswith(kind) and isinstance(value, np.ndarray) and _is_a_layers(name, value):
                    found.setdefault(kind, []).append(value)
    return found


def _is_a_layers(name: str, value: Array) -> bool:
    """Whether this may be a hidden layer's: by its name, or by how many numbers it holds."""
    named = name[-1:].isdigit() and 1 <= int(name[-1]) <= len(HIDDEN_DIMS)
    return (named and value.ndim == 1 and value.size > 0) or value.size in HIDDEN_DIMS


def _first_of(kind: str) -> str:
    """The name of a stand-in that is missing where there is no gamma, or no beta, under any such name."""
    return f'params["{kind}1"]'


def _of(grads: Any, params: Params, *, scale_and_shift: bool) -> dict[str, Any]:
    """The gradients of gamma and beta, however they are counted, or all the others.

    What `params` does not have is not judged. That it is there tells a mistake from another, so its name stays; its
    values would only keep two mistakes at once from being told.
    """
    if not isinstance(grads, dict):
        return {"grads": grads}
    return {
        f"d{name}": value if name in params else np.zeros(())
        for name, value in grads.items()
        if name.lower().startswith(("gamma", "beta")) == scale_and_shift
    }


def _layers(params: Params) -> int:
    return sum(name.startswith("W") for name in params)
