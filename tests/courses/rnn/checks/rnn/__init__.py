"""A step and a sequence; a backward pass that belongs to both forward passes; a dictionary of gradients."""

from checks.author import Assignment
from checks.core import FORWARD
from checks.student import Function

WEIGHTS = ("Wx", "Wh", "b")
GRADIENTS = ("array",) * 5

ASSIGNMENT = a = Assignment(
    "rnn",
    modules=["rnn"],
    functions={
        "rnn_step_forward": Function("rnn", ("x", "h", *WEIGHTS), ("array", "handle"), ("x", "h", *WEIGHTS)),
        "rnn_step_backward": Function("rnn", ("dnext", "cache"), GRADIENTS),
        "rnn_forward": Function("rnn", ("x", "h0", *WEIGHTS), ("array", "handle"), ("x", "h0", *WEIGHTS)),
        "rnn_backward": Function("rnn", ("dh", "caches"), ("arrays",), keys=("dx", "dh0", "dWx", "dWh", "db")),
    },
    forward_of={"rnn_step_backward": "rnn_step_forward", "rnn_backward": ("rnn_step_forward", "rnn_forward")},
)


def weights(rng, D, H):
    """Weights and biases of a size at which tanh bends."""
    return {"Wx": rng.normal(size=(D, H)) * 0.5, "Wh": rng.normal(size=(H, H)) * 0.5, "b": rng.uniform(0.2, 0.6, H)}


def step(rng, N, D, H):
    """One step."""
    return {
        "x": rng.normal(size=(N, D)),
        "h": rng.normal(size=(N, H)),
        "dh": rng.normal(size=(N, H)),
        **weights(rng, D, H),
    }


def sequence(rng, N, T, D, H):
    """A few steps."""
    given = {"x": rng.normal(size=(N, T, D)), "h0": rng.normal(size=(N, H)), "dh": rng.normal(size=(N, T, H))}
    return {**given, **weights(rng, D, H)}


STEPS = [{"N": 3, "D": 4, "H": 5}]
SEQUENCES = [{"N": 2, "T": 3, "D": 4, "H": 5}, {"N": 1, "T": 1, "D": 2, "H": 3}]


@a.add("rnn_step_forward.next", points=1, says={"en": "tanh of the sum."}, draw=step, sizes=STEPS)
def following(student, x, h, dh, **weights):
    """The next state, with weights by name."""
    return {"next": student.rnn_step_forward(x, h, **weights)[0]}


@a.add(
    "rnn_step_backward.gradients", points=2, says={"en": "The derivative of tanh is 1 - tanh²."}, draw=step, sizes=STEPS
)
def step_gradients(student, x, h, dh, **weights):
    """All gradients of a step."""
    out, cache = student.rnn_step_forward(x, h, **weights)
    dx, dprevious, dWx, dWh, db = student.rnn_step_backward(dh, cache)
    return {FORWARD: out, "dx": dx, "dh": dprevious, "dWx": dWx, "dWh": dWh, "db": db}


@a.add("rnn_forward.states", points=1, says={"en": "Each state is the next step's."}, draw=sequence, sizes=SEQUENCES)
def states(student, x, h0, dh, **weights):
    """All states."""
    return {"h": student.rnn_forward(x, h0, **weights)[0]}


@a.add(
    "rnn_backward.gradients", points=3, says={"en": "A state acts on all that follow."}, draw=sequence, sizes=SEQUENCES
)
def gradients(student, x, h0, dh, **weights):
    """All gradients of a sequence."""
    out, caches = student.rnn_forward(x, h0, **weights)
    return {FORWARD: out, **student.rnn_backward(dh, caches)}


@a.check("clip.gradients", points=1, says={"en": "Every number, however deep it lies."})
def clipped(student, rng):
    """A dictionary in a dictionary."""
    return student.clip({"dWx": rng.normal(size=(3, 4)), "rest": {"db": 3 * rng.normal(size=5)}}, 0.5)
