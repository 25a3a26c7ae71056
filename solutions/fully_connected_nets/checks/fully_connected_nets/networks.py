"""Checks of `TwoLayerNet` and of `FullyConnectedNet` without normalization.

Both are judged over stand-in layers (`stand_ins`), so their points do not depend on the student's layers. Parameters
are set by the check; only the checks of what a new network holds use the student's own. Nothing but `params`, `loss`
and what it returns is looked at. The sentences: `docs/contracts/TwoLayerNet.md` and `FullyConnectedNet.md`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from checks.core import Change, CheckList, Inputs, Move, Observed, Run
from checks.student import Model, Student

from .moves import all_of
from .network_inputs import CLASSES, FEATURES, network, of_images
from .observed import added, difference

checks = CheckList()

REG = 0.7
SCALES = (1 / 16, 1 / 4)
"""Two weight scales, neither a default."""
TWO, DEEP = "TwoLayerNet", "FullyConnectedNet"
BATCH = ({"N": 9},)
WIDE = (128, 32, 128)
"""Input, hidden and output size where the spread of weights is measured: of 4096 numbers it is known to 1.1%. The deep
network has a layer more, of as many numbers: the last layer may be made by another line than the others."""

Array = np.ndarray
Params = Mapping[str, Array]


def exchanged(times: float) -> Change:
    """The same with other stand-ins: whoever calls them gets something else from them."""

    def change(inputs: Inputs, step: float) -> Inputs:
        return {**inputs, "twist": inputs["twist"] + times * step}

    return change


def on_layers(*results: str) -> tuple[Move, ...]:
    """What a network whose layers do something shows of it, or one that has layers of its own of its examples."""
    return (Move((exchanged(1.0), exchanged(-1.0), all_of("X")), results, "without_layers", everywhere=False),)


def hidden_dims_of(params: Params) -> list[int]:
    """The widths of the hidden layers."""
    layers = sum(name.startswith("W") for name in params)
    return [params[f"b{layer}"].size for layer in range(1, layers)]


def build(
    student: Student, kind: str, params: Params, twist: float, reg: float = 0.0, dtype: Any = np.float64
) -> Model:
    """A network of the student's, with these parameters, over stand-ins with this twist."""
    student.exchange(twist)
    hidden_dims = hidden_dims_of(params)
    if kind == TWO:
        model = student.model(
            TWO, input_dim=FEATURES, hidden_dim=hidden_dims[0], num_classes=CLASSES, weight_scale=0.1, reg=reg
        )
    else:
        model = student.model(
            DEEP, hidden_dims, input_dim=FEATURES, num_classes=CLASSES, reg=reg, weight_scale=0.1, dtype=dtype
        )
    model.set_params({name: value.astype(dtype) for name, value in params.items()})
    return model


def fresh(student: Student, kind: str, dims: Sequence[int], scale: float, **more: Any) -> dict[str, Any]:
    """The parameters of a new network, as the student makes them."""
    if kind == TWO:
        model = student.model(
            TWO, input_dim=dims[0], hidden_dim=dims[1], num_classes=dims[2], weight_scale=scale, **more
        )
    else:
        model = student.model(DEEP, [*dims[1:-1]], input_dim=dims[0], num_classes=dims[-1], weight_scale=scale, **more)
    params = model.params
    return params if isinstance(params, dict) else {"params": params}


def only(grads: Any, params: Params) -> dict[str, Any]:
    """Gradients by name; those of what there is no parameter of are not judged."""
    if not isinstance(grads, dict):
        return {"grads": grads}
    return {f"d{name}": grads[name] for name in params if name in grads}


def add_checks(
    kind: str,
    letters: str,
    points: Mapping[str, float],
    draw: Any,
    shapes: Sequence[Sequence[int]],
) -> None:
    """Add the checks that both networks get."""
    wide = WIDE if kind == TWO else (*WIDE, WIDE[1])

    def add(name: str, sentence: int, **more: Any) -> Callable[[Run], Run]:
        options = {"draw": draw, "sizes": BATCH, **more}
        return checks.add(f"{kind}.{name}", points=points[name], contract=f"{letters}-{sentence}", **options)

    @add("parameters", 1, aspect="names")
    def parameters(student: Student, **_: Any) -> Observed:
        """Names and shapes of the parameters."""
        return {
            f"{name} ({', '.join(map(str, dims))})": value
            for dims in shapes
            for name, value in fresh(student, kind, dims, 0.1).items()
        }

    @add("initial", 2)
    def initial(student: Student, **_: Any) -> Observed:
        """The weights are drawn around zero, with `weight_scale` as their standard deviation.

        Random numbers are measured and rounded, so coarsely that a right network is never on the wrong side: a tenth
        of the scale is nine standard errors of the spread, and 0.12 of the spread more than seven of the mean.
        """
        observed: dict[str, Any] = {}
        for scale in SCALES:
            params = fresh(student, kind, wide, scale)
            for layer in range(1, len(wide)):
                name = f"W{layer}"
                value = _of_size(params.get(name), wide[layer - 1] * wide[layer])
                observed[f"std({name}) / weight_scale ({scale:g})"] = spread_of(value, scale)
                observed[f"mean({name}) / std({name}) ({scale:g})"] = mean_of(value)
        return observed

    @add("biases", 3)
    def biases(student: Student, **_: Any) -> Observed:
        """The biases begin at zero."""
        params = fresh(student, kind, wide, 0.1)
        return {
            f"np.count_nonzero({name})": _count_nonzero(_of_size(params.get(name), size))
            for name, size in ((f"b{layer}", wide[layer]) for layer in range(1, len(wide)))
        }

    @add("scores", 4)
    def scores(student: Student, X: Array, y: Array, twist: float, **params: Array) -> Observed:
        """The scores, where no labels are given."""
        return {"scores": build(student, kind, params, twist).scores(X)}

    @add("loss", 5)
    def loss(student: Student, X: Array, y: Array, twist: float, **params: Array) -> Observed:
        """The loss without regularization."""
        return {"loss": build(student, kind, params, twist).loss(X, y)[0]}

    @add("gradients", 6)
    def gradients(student: Student, X: Array, y: Array, twist: float, **params: Array) -> Observed:
        """The gradients of every weight and bias, without regularization."""
        return only(build(student, kind, params, twist).loss(X, y)[1], params)

    @add("images", 7, draw=of_images(draw), after="gradients")
    def images(student: Student, X: Array, y: Array, twist: float, **params: Array) -> Observed:
        """Examples of three axes."""
        value, grads = build(student, kind, params, twist).loss(X, y)
        return {"loss": value, **only(grads, {"W1": params["W1"]})}

    @add("regularized_loss", 8, moves=on_layers("computed loss"))
    def regularized_loss(student: Student, X: Array, y: Array, twist: float, **params: Array) -> Observed:
        """What `reg` adds to the loss, at every call the same."""
        plain, _ = build(student, kind, params, twist).loss(X, y)
        model = build(student, kind, params, twist, reg=REG)
        first, _ = model.loss(X, y)
        again, _ = model.loss(X, y)
        return {
            "loss (reg) - loss": difference(first, plain),
            "loss (reg, again) - loss (reg)": difference(again, first),
            "computed loss": plain,
        }

    @add("regularized_gradients", 9, moves=on_layers("computed dW1", "computed dW2"))
    def regularized_gradients(student: Student, X: Array, y: Array, twist: float, **params: Array) -> Observed:
        """What `reg` adds to each gradient; to one that is missing it adds nothing."""
        _, plain = build(student, kind, params, twist).loss(X, y)
        _, grads = build(student, kind, params, twist, reg=REG).loss(X, y)
        if not isinstance(plain, dict) or not isinstance(grads, dict):
            return {"grads": grads}
        nothing = {name: np.zeros_like(value) for name, value in params.items()}
        return {
            **{
                f"d{name} (reg) - d{name}": added(grads.get(name, none), plain.get(name, none), none.shape)
                for name, none in nothing.items()
            },
            **{f"computed d{name}": plain.get(name) for name in ("W1", "W2")},
        }


def spread_of(value: Any, scale: float) -> Any:
    """The standard deviation in units of the scale: 1 if it is within a tenth, else the nearest power of two."""
    if not _are_numbers(value):
        return value
    ratio = float(value.astype(np.float64).std()) / scale
    if abs(ratio - 1.0) <= 0.1:
        return np.asarray(1.0)
    power = 2.0 ** round(np.log2(ratio)) if 0.0 < ratio < np.inf else ratio
    return np.asarray(ratio if power == 1.0 else power)


def mean_of(value: Any) -> Any:
    """The mean in units of the standard deviation: 0 if it is near, else the nearest whole number."""
    if not _are_numbers(value):
        return value
    mean, spread = float(value.astype(np.float64).mean()), float(value.astype(np.float64).std())
    if abs(mean) <= 0.12 * spread:
        return np.asarray(0.0)
    ratio = mean / spread if spread > 0.0 and np.isfinite(spread) else mean
    return np.asarray(float(round(ratio)) or ratio)


def _count_nonzero(value: Any) -> Any:
    return np.asarray(float(np.count_nonzero(value))) if _are_numbers(value) else value


def _of_size(value: Any, size: int) -> Any:
    """The same if it holds so many numbers, along whatever axes; else None, which is not what was asked for."""
    return value if isinstance(value, np.ndarray) and value.size == size else None


def _are_numbers(value: Any) -> bool:
    return (
        isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size > 0 and bool(np.isfinite(value).all())
    )


add_checks(
    TWO,
    "TN",
    {
        "parameters": 0.5,
        "initial": 0.5,
        "biases": 0.25,
        "scores": 1,
        "loss": 1,
        "gradients": 1.5,
        "images": 0.25,
        "regularized_loss": 0.5,
        "regularized_gradients": 0.5,
    },
    network(7),
    ((4, 6, 3), (9, 2, 5)),
)
add_checks(
    DEEP,
    "FC",
    {
        "parameters": 0.75,
        "initial": 0.5,
        "biases": 0.25,
        "scores": 1,
        "loss": 1,
        "gradients": 1.5,
        "images": 0.25,
        "regularized_loss": 0.5,
        "regularized_gradients": 0.5,
    },
    network(6, 4),
    ((9, 2, 7, 5), (3, 8, 8, 6, 4)),
)


@checks.add(
    "FullyConnectedNet.deep", points=0.5, contract="FC-10", draw=network(6, 8, 4, 7), sizes=BATCH, after="gradients"
)
def deep(student: Student, X: Array, y: Array, twist: float, **params: Array) -> Observed:
    """Four hidden layers of as many widths."""
    value, grads = build(student, DEEP, params, twist).loss(X, y)
    return {"loss": value, **only(grads, params)}


@checks.add(
    "FullyConnectedNet.one_hidden_layer", points=0.25, contract="FC-11", draw=network(7), sizes=BATCH, after="gradients"
)
def one_hidden_layer(student: Student, X: Array, y: Array, twist: float, **params: Array) -> Observed:
    """A single hidden layer; every other check of the network has more."""
    value, grads = build(student, DEEP, params, twist).loss(X, y)
    return {"loss": value, **only(grads, params)}


@checks.add("FullyConnectedNet.repeated", points=0.25, contract="FC-12", draw=network(6, 4), sizes=BATCH, after="loss")
def repeated(student: Student, X: Array, y: Array, twist: float, **params: Array) -> Observed:
    """Scores, loss and scores again, of other examples in between: nothing of a call is left for the next.

    Nor in `params`, where an update rule would ask for a gradient of it.
    """
    model = build(student, DEEP, params, twist, reg=REG)
    before, (first, _) = model.scores(X[:4]), model.loss(X, y)
    model.loss(X[:5], y[:5])
    after, (again, _) = model.scores(X[:4]), model.loss(X, y)
    left = model.params
    return {
        "scores (again) - scores": difference(after, before),
        "loss (again) - loss": difference(again, first),
        "scores": before,
        "len(params)": np.asarray(float(len(left))) if isinstance(left, dict) else left,
    }


@checks.add("FullyConnectedNet.dtype", points=0.5, contract="FC-13", draw=network(6, 4), sizes=BATCH, aspect="dtypes")
def dtype(student: Student, **_: Any) -> Observed:
    """Every parameter has the type that is asked for; float32 where none is."""
    observed: dict[str, Any] = {}
    for kind, more in (("float32", {"dtype": np.float32}), ("float64", {"dtype": np.float64}), ("default", {})):
        for name, value in fresh(student, DEEP, (5, 4, 6, 3), 0.1, **more).items():
            observed[f"{name} ({kind})"] = value
    return observed


@checks.add(
    "FullyConnectedNet.float32", points=0.25, contract="FC-14", draw=network(6, 4), sizes=BATCH, aspect="dtypes"
)
def float32(student: Student, X: Array, y: Array, twist: float, **params: Array) -> Observed:
    """A network in float32 stays in it, whatever type its examples have."""
    model = build(student, DEEP, params, twist, dtype=np.float32)
    return {"scores": model.scores(X), **only(model.loss(X, y)[1], params)}
