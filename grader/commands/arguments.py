"""How the command line reads what was typed: whole options only, and what is wrong with them in one line."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from typing import Any, NoReturn

from ..errors import GraderError


class Parser(argparse.ArgumentParser):
    """A parser that takes no option for another, and whose error is one line; so are those of its commands."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Refuse what was typed.

        Raises:
            GraderError: always.
        """
        raise GraderError(f"{message}. Next: {self.prog} --help.")

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        """Parse; what is not known is refused by the command that it was typed after, which knows what is alike.

        Raises:
            GraderError: something is not known.
        """
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            word = unknown[0].partition("=")[0]
            if not word.startswith("-"):
                self.error(f"{word!r}: one argument too many")
            near = difflib.get_close_matches(word, self._option_string_actions, 1)
            self.error(f"{word}: no such option{f'; {near[0]} is one' if near else ''}")
        return options, unknown
