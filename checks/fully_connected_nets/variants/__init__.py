"""Correct variants: other ways to write the ten tasks, all of which must score full.

Each is what somebody may well hand in: another cache, loops, changes in place, other names of the same operation.
`layers` and `optimizers` hold functions that take the place of the reference's, `networks` changes to its text.
"""

from checks.mistakes import Variant

from . import layers, networks, optimizers

VARIANTS: tuple[Variant, ...] = (*layers.VARIANTS, *networks.VARIANTS, *optimizers.VARIANTS)
