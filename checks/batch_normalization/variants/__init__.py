"""Correct variants: other ways to write the six tasks, all of which must score full.

Each is what somebody may well hand in: another cache, another form of the gradient, another order of sums, loops.
`batchnorm` and `layernorm` hold functions that take the place of the reference's, `network` changes to its text.
"""

from checks.mistakes import Variant

from . import batchnorm, layernorm, network

VARIANTS: tuple[Variant, ...] = (*batchnorm.VARIANTS, *layernorm.VARIANTS, *network.VARIANTS)
