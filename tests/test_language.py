"""What a student reads: one word for one thing, in both languages, in every catalogue, the notebook and the README."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from funkcije.messages import MESSAGES
from grader.text import sentences

ROOT = Path(__file__).parents[1]

MONTENEGRIN = {
    r"\bnisu\b": "nijesu",
    r"karakteristi": "obilježje",
    r"\b[Dd]ijelov": "djelovi",
    r"[Rr]edosljed": "redoslijed",
    r"\b[Kk]ad\b": "kada",
    r"\b[Dd]vaput\b": "dva puta",
    r"\b(u|na|o) kome\b|\b(iz|od|kod) koga\b": "u kojem, iz kojeg",
    r"\b[Uu]natrag\b": "unazad, or u suprotnom smjeru",
    r"\bmomen(a?t|ta|tom)\b": "momentum",
    r"količnik\w* razlika": "numerički gradijent",
    r"\b[Tt]est(u)? mod(a|u)?\b": "u testu",
    r"\bfaktor": "činilac",
    r"na licu mjesta": "in-place",
    r"\btreba (svoj|statistike)\b|\btrebaju dout\b": "what is needed is the subject: treba mu, trebaju mu",
    r"(?<!puta )\bpre(velik|mal)\b(?! fajl)": "N puta veći (manji) nego što treba",
    r"[^.?!:\n] Vaš": "vaš, in the middle of a sentence",
    r"\b[ou] obje\b": "o objema, u objema",
    r"\bbiva\b": "se dešava",
    r"\bred \{line\}": "linija: red is a matrix's",
}
"""What is not written, and what stands for it."""
ENGLISH = {
    r"twice too (large|small)": "twice (half) as large as it should be",
    r"\bis had from\b": "is computed from",
    r"\bmend\b": "fix",
    r"\banew\b": "again",
    r"\bTo be found\b": "Compute",
    r"\bin in\b": "in",
}


def catalogues() -> Iterator[tuple[str, str, str]]:
    """Where, the language, and the sentence."""
    for path in [*ROOT.glob("checks/**/*.toml"), ROOT / "grader" / "messages.toml"]:
        for key, languages in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for language, sentence in languages.items():
                yield f"{path.name} {key}", language, sentence
    for key, (montenegrin, english) in MESSAGES.items():
        yield f"funkcije/messages.py {key}", "cnr", montenegrin
        yield f"funkcije/messages.py {key}", "en", english


def pages() -> Iterator[tuple[str, str]]:
    """Where, and the text, of what is written as a whole."""
    for path in sorted((ROOT / "grader" / "student").glob("README.*.md")):
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    for path in ROOT.glob("source/*/*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            yield f"{path.name} {cell.id}", cell.source


def test_every_catalogue_is_read_here() -> None:
    read = {where.split()[0] for where, *_ in catalogues()}
    assert {"messages.toml", "expected.toml", "tasks.toml", "network.toml", "funkcije/messages.py"} <= read
    assert sentences("cnr")("cells_moved", cells="") in {sentence for *_, sentence in catalogues()}


@pytest.mark.parametrize("word", MONTENEGRIN)
def test_montenegrin_has_one_word_for_one_thing(word: str) -> None:
    texts = [(where, sentence) for where, language, sentence in catalogues() if language == "cnr"] + list(pages())
    assert [(where, found[0]) for where, text in texts if (found := re.search(word, text))] == [], MONTENEGRIN[word]


@pytest.mark.parametrize("word", ENGLISH)
def test_english_is_plain(word: str) -> None:
    texts = [(where, sentence) for where, language, sentence in catalogues() if language == "en"]
    assert [(where, found[0]) for where, text in texts if (found := re.search(word, text))] == [], ENGLISH[word]


def test_numbers_are_written_as_in_code() -> None:
    assert [where for where, _, sentence in catalogues() if re.search(r"\b\d,\d", sentence)] == []


def test_no_sentence_is_left_without_its_other_language() -> None:
    for path in [*ROOT.glob("checks/**/*.toml"), ROOT / "grader" / "messages.toml"]:
        for key, languages in tomllib.loads(path.read_text(encoding="utf-8")).items():
            assert list(languages) == ["cnr", "en"], key
            assert all(sentence.strip() for sentence in languages.values()), key
