"""Known mistakes; see below."""

from checks.mistakes import Mistake

MISTAKES: tuple[Mistake, ...] = ()
