"""Four named sizes, and a backward pass over the student's own forward pass."""

from checks.author import Assignment
from checks.core import FORWARD
from checks.student import Function

ASSIGNMENT = a = Assignment(
    "conv",
    modules=["conv"],
    functions={
        "conv_forward": Function("conv", ("x", "w", "b", "param"), ("array", "handle"), ("x", "w", "b")),
        "conv_backward": Function("conv", ("dout", "cache"), ("array", "array", "array")),
    },
    forward_of={"conv_backward": "conv_forward"},
)

SIZES = [{"N": 2, "C": 3, "H": 5, "W": 4}, {"N": 1, "C": 2, "H": 4, "W": 4}, {"N": 3, "C": 1, "H": 3, "W": 6}]


def images(rng, N, C, H, W):
    """Images, two filters of 3 by 3, and biases."""
    return {"x": rng.normal(size=(N, C, H, W)), "w": rng.normal(size=(2, C, 3, 3)), "b": rng.uniform(0.5, 2.0, 2)}


def with_gradient(rng, N, C, H, W):
    """The same with an upstream gradient, for a padding of 1."""
    return {**images(rng, N, C, H, W), "dout": rng.normal(size=(N, 2, H, W))}


@a.add("conv_forward.out", points=2, says={"en": "Each filter meets each window."}, draw=images, sizes=SIZES)
def out(student, x, w, b):
    """Padded."""
    out, _ = student.conv_forward(x, w, b, student.mapping(pad=1))
    return {"out": out}


def large(rng, side):
    """An image of more numbers than a recording holds."""
    return {"x": rng.normal(size=(1, 1, side, side)), "w": rng.normal(size=(1, 1, 3, 3)), "b": rng.uniform(0.5, 2.0, 1)}


@a.add(
    "conv_forward.corner",
    points=1,
    says={"en": "Without padding the output is smaller."},
    draw=large,
    sizes=[{"side": 65}],
)
def corner(student, x, w, b):
    """Without padding, on a large image; a corner of it."""
    out, _ = student.conv_forward(x, w, b, param={"pad": 0})
    return {"corner": out[:, :, -3:, -3:]}


@a.add(
    "conv_backward.gradients", points=3, says={"en": "Each window gives and takes."}, draw=with_gradient, sizes=SIZES
)
def gradients(student, x, w, b, dout):
    """All gradients."""
    out, cache = student.conv_forward(x, w, b, student.mapping(pad=1))
    dx, dw, db = student.conv_backward(dout, cache)
    return {FORWARD: out, "dx": dx, "dw": dw, "db": db}
