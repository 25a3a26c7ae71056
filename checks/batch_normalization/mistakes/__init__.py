"""Known mistakes in the six tasks: each a small change to the reference.

Every one fails the check made for it, and when a student's result equals one's, its hint (by its id, in the `.toml`
beside the checks) is the diagnosis. Order matters where two explain the same results: the narrower comes first, then the likelier.
"""

from checks.mistakes import Mistake

from . import batchnorm, batchnorm_gradients, layernorm, network
from .families import FAMILIES as FAMILIES

MISTAKES: tuple[Mistake, ...] = (
    *batchnorm.MISTAKES,
    *batchnorm_gradients.MISTAKES,
    *layernorm.MISTAKES,
    *network.MISTAKES,
)
