"""The catalogue of what students read: Montenegrin (`cnr`) and English (`en`) side by side."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
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
    sentences: dict[str, dict[str, str]]

    def __call__(self, key: str, **names: Any) -> str:
        """The sentence with its names filled in; `package` is the release's own unless it is another."""
        return self.sentences[key][self.language].format(**{"package": PACKAGE, **names})

    def get(self, key: str) -> str:
        """The sentence, or nothing if there is none."""
        return self.sentences.get(key, {}).get(self.language, "")


@lru_cache
def _read(path: Path) -> dict[str, dict[str, str]]:
    data: dict[str, dict[str, str]] = tomllib.loads(path.read_text(encoding="utf-8"))
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
    sentences = dict(_read(Path(__file__).with_name("messages.toml")))
    for file in sorted(folder.glob("*.toml")) if folder is not None else ():
        sentences |= _read(file)
    return Catalogue(language, sentences | {key: dict(sentence) for key, sentence in (said or {}).items()})
