"""Checks of the update rules: one step, several steps of state, defaults, and the dictionary that is given back.

`w` may be changed in place or not: what is returned counts. The sentences: `docs/contracts/adam.md` and its neighbours.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from checks.core import CheckList, Observed
from checks.student import Params, Student

from .inputs import descent, single
from .moves import depends

checks = CheckList()

ONE_STEP = ({"T": 1, "R": 5, "K": 3},)
FOUR_STEPS = ({"T": 4, "R": 3, "K": 4}, {"T": 4, "R": 1, "K": 5})
Array = np.ndarray

SETTINGS = {
    "sgd_momentum": ("learning_rate", "momentum"),
    "rmsprop": ("learning_rate", "decay_rate", "epsilon"),
    "adam": ("learning_rate", "beta1", "beta2", "epsilon"),
}
STATE = {"sgd_momentum": ("velocity",), "rmsprop": ("cache",), "adam": ("m", "v", "t")}


def steps(student: Student, rule: str, w: Any, dw: Array, config: Params) -> tuple[Any, Params]:
    """Some steps, each with the dictionary that the one before gave back, as a solver makes them."""
    for gradient in dw:
        w, kept = getattr(student, rule)(student.held(w), gradient, config)
        config = Params(student, kept, {})
    return w, config


EPSILON = 1e-15
"""So small that it does not matter where it is added; where it belongs is a check of its own."""


def add_rule(rule: str, letters: str, points: dict[str, float]) -> None:
    """Add the checks of one update rule."""
    settings, state = SETTINGS[rule], STATE[rule]

    def add(name: str, sentence: int, **more: Any) -> Callable[..., Any]:
        options = {"draw": descent, "sizes": ONE_STEP, **more}
        return checks.add(f"{rule}.{name}", points=points[name], contract=f"{letters}-{sentence}", **options)

    def begun(student: Student, inputs: dict[str, Any], *names: str, **other: float) -> Params:
        """A dictionary of some inputs."""
        small = {"epsilon": EPSILON} if "epsilon" in settings else {}
        return student.mapping(**{**{name: inputs[name] for name in names}, **small, **other})

    @add("step", 1)
    def step(student: Student, w: Array, dw: Array, **inputs: Any) -> Observed:
        """One step from where a run was interrupted."""
        moved, _ = steps(student, rule, w, dw, begun(student, inputs, *settings, *state))
        return {"w": moved}

    @add("steps", 2, sizes=FOUR_STEPS)
    def several(student: Student, w: Array, dw: Array, **inputs: Any) -> Observed:
        """The first step, and four, from nothing."""
        first, _ = steps(student, rule, w, dw[:1], begun(student, inputs, *settings))
        last, _ = steps(student, rule, w, dw, begun(student, inputs, *settings))
        return {"w (1)": first, "w (4)": last}

    if "epsilon" in settings:

        @add("epsilon", 6, sizes=FOUR_STEPS, after="steps")
        def epsilon(student: Student, w: Array, dw: Array, **inputs: Any) -> Observed:
            """Four steps with an epsilon so large that it shows where it is added."""
            last, _ = steps(student, rule, w, dw, begun(student, inputs, *settings, epsilon=inputs["epsilon"]))
            return {"w (4)": last}

    @add("state", 3, sizes=FOUR_STEPS)
    def remembered(student: Student, w: Array, dw: Array, **inputs: Any) -> Observed:
        """What is kept in the dictionary after one step and after four, under its names."""
        _, first = steps(student, rule, w, dw[:1], begun(student, inputs, *settings))
        _, last = steps(student, rule, w, dw, begun(student, inputs, *settings))
        return {f"{name} ({count})": config[name] for count, config in ((1, first), (4, last)) for name in state}

    @add("same_config", 4, moves=depends("computed w", "dw"))
    def same_config(student: Student, w: Array, dw: Array, **inputs: Any) -> Observed:
        """The dictionary that is given back is the one that was given: what is put into the one is in the other.

        A step from where a run was interrupted: a first one that fails is for the other checks.
        """
        config = begun(student, inputs, *settings, *state)
        moved, kept = steps(student, rule, w, dw, config)
        kept["mark"] = np.asarray(inputs["learning_rate"])
        return {"config[mark]": config["mark"], "computed w": moved}

    @add("float32", 5, draw=single(descent), after="step")
    def float32(student: Student, w: Array, dw: Array, **inputs: Any) -> Observed:
        """Single precision."""
        moved, _ = steps(student, rule, w, dw, begun(student, inputs, *settings, *state))
        return {"w": moved}


add_rule("sgd_momentum", "SM", {"step": 0.75, "steps": 0.75, "state": 0.5, "same_config": 0.25, "float32": 0.25})
add_rule(
    "rmsprop",
    "RP",
    {"step": 0.5, "steps": 0.5, "epsilon": 0.25, "state": 0.25, "same_config": 0.25, "float32": 0.25},
)
add_rule("adam", "AD", {"step": 1, "steps": 1, "epsilon": 0.25, "state": 0.75, "same_config": 0.25, "float32": 0.25})
