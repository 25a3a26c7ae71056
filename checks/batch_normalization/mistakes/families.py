"""Forward passes with an eps of any value: under the root, outside of it, at both places, or as a lower bound.

A default that is another, a number in place of the eps that is given, and eps twice are all of the first kind: on the
inputs of one check, each is some number under the root.
"""

from checks.mistakes import FITTED, Family


def of(function: str, letters: str, root: str, x_hat: str) -> tuple[Family, ...]:
    """The families of one forward pass, from its root and from the line that divides by it."""

    def family(id: str, old: str, new: str) -> Family:
        return Family(f"{letters}_{id}", "layers", function, ((old, new),))

    return (
        family("eps_of_another_value", root, f"np.sqrt(var + {FITTED})"),
        family("eps_of_another_value_outside", root, f"np.sqrt(var) + {FITTED}"),
        family("eps_and_another_outside", root, f"{root} + {FITTED}"),
        family("eps_of_another_value_twice", root, f"np.sqrt(var + {FITTED}) + {FITTED}"),
        family("eps_of_another_value_at_most", root, f"np.maximum(np.sqrt(var), {FITTED})"),
        family("eps_added_to_x_hat", x_hat, f"{x_hat} + {FITTED}"),
        family("eps_added_to_deviation", x_hat, f"x_hat = (x_centered + {FITTED}) / std"),
    )


ROOT, X_HAT = "np.sqrt(var + eps)", "x_hat = x_centered / std"

FAMILIES = (*of("batchnorm_forward", "bn", ROOT, X_HAT), *of("layernorm_forward", "ln", ROOT, X_HAT))
