"""The catalogue of what students read: Montenegrin (`cnr`) and English (`en`) side by side."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from .released import LANGUAGES, PACKAGE, SPOKEN

__all__ = ["LANGUAGES", "VARIABLE", "Catalogue", "catalogue", "preferred"]

VARIABLE = "FUNKCIJE_LANG"


def preferred(languages: Sequence[str] = SPOKEN) -> str:
    """The language that the environment variable `FUNKCIJE_LANG` names; the first if it names none of these.

    Args:
        languages: of the course; what the release says if not given.
    """
    language = os.environ.get(VARIABLE, "")
    return language if language in languages else languages[0]


@dataclass(frozen=True)
class Catalogue:
    """Sentences by key, in one language."""

    language: str
    sentences: Mapping[str, Mapping[str, str]]

    def __call__(self, key: str, **names: Any) -> str:
        """The sentence with its names filled in; `package` is the release's own unless it is another."""
        return self.sentences[key][self.language].format(**{"package": PACKAGE, **names})

    def get(self, key: str) -> str:
        """The sentence, or nothing if there is none."""
        return self.sentences.get(key, {}).get(self.language, "")


class _Sentences(Mapping[str, Mapping[str, str]]):
    """The sentences of some files, the later ones first: a file is parsed when it may hold what is asked for.

    To read and parse them all takes longer than everything else that is done to say that something is right.
    """

    def __init__(self, files: Sequence[Path], said: Mapping[str, Mapping[str, str]]) -> None:
        self._files = files
        self._said = said

    @cached_property
    def _texts(self) -> list[str]:
        return [file.read_text(encoding="utf-8") for file in self._files]

    def __getitem__(self, key: str) -> Mapping[str, str]:
        if key in self._said:
            return self._said[key]
        for text in reversed(self._texts):
            if key in _names(text) and key in (held := _parsed(text)):
                return held[key]
        return self._all[key]  # written in some other way, or nowhere

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    @cached_property
    def _all(self) -> dict[str, Mapping[str, str]]:
        found: dict[str, Mapping[str, str]] = {}
        for text in self._texts:
            found |= _parsed(text)
        return found | dict(self._said)


_NAME = re.compile(r"""^[ \t]*\[?[ \t]*(?:"([^"\n]*)"|'([^'\n]*)'|([\w-]+))""", re.MULTILINE)


@lru_cache
def _names(text: str) -> frozenset[str]:
    """What lines of a file begin with, the names of its sentences among it."""
    return frozenset(name for names in _NAME.findall(text) for name in names if name)


@lru_cache
def _parsed(text: str) -> dict[str, dict[str, str]]:
    # By what a file holds: in a server that runs for days it may come to hold something else.
    data: dict[str, dict[str, str]] = tomllib.loads(text)
    return data


def catalogue(
    language: str, folder: Path | None = None, said: Mapping[str, Mapping[str, str]] | None = None
) -> Catalogue:
    """The framework's sentences, and those of an assignment's folder if one is given.

    Args:
        language: one of `LANGUAGES`.
        folder: `checks/NAME`, whose `.toml` files hold the hints by the mistake's id.
        said: more sentences, by key and language: those that are written in the checks.
    """
    own = sorted(folder.glob("*.toml")) if folder is not None else []
    return Catalogue(language, _Sentences([Path(__file__).with_name("messages.toml"), *own], said or {}))
