"""Correct variants; see below."""

from checks.mistakes import Variant

VARIANTS: tuple[Variant, ...] = ()
