"""Known mistakes in the ten tasks: each a small change to the reference.

Every one fails the check made for it, and when a student's result equals one's, its hint (by its id, in the `.toml`
beside the checks) is the diagnosis. Order matters where two explain the same results: the narrower comes first, then the likelier.
Where a mistake was seen stands above it: a thread in which somebody found it, or public code that has it.
"""

from checks.mistakes import Mistake

from . import affine, fully_connected, loss, optimizers, relu, two_layers

MISTAKES: tuple[Mistake, ...] = (
    *affine.MISTAKES,
    *relu.MISTAKES,
    *loss.MISTAKES,
    *two_layers.MISTAKES,
    *fully_connected.MISTAKES,
    *optimizers.MISTAKES,
)
