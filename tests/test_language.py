"""What a student reads: one word for one thing, in both languages, in every catalogue, the notebooks and the README."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from funkcije.messages import MESSAGES
from grader.course import Course
from grader.text import sentences
from grader.translation.catalogue import Entry, place, read
from grader.translation.notebook import untranslated

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

MONTENEGRIN_LEFT = re.compile(
    r"[čćžšđ]|\b(je|se|sa|su|na|za|ili|iz|od|pa|kako|kada|ako|nije|samo|jer|koji|koja|koje|bez|prije|poslije|broj|kod)\b",
    re.IGNORECASE,
)
"""Letters and words that no English text has."""
SAME = {
    "formulas": re.compile(r"\$\$.+?\$\$|\$.+?\$", re.DOTALL),
    "code": re.compile(r"`[^`]+`"),
    "numbers": re.compile(r"\d+(?:\.\d+)?"),
}
"""What a translated text has as its original has it."""
OF_ONE_LANGUAGE = {
    "intro": {"`TODO`": 1, '`check("...")`': 1},
    "six-layers-explorer-text": {"`%env FUNKCIJE_LANG=cnr`": 1},
}
"""In cells that speak of the language itself, what the original has besides: a glossary, how to get English labels."""


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


def translated() -> Iterator[tuple[str, Entry]]:
    """Where, and each cell, of the notebooks that are translated."""
    for path in sorted((ROOT / "source").glob("*.en.po")):
        for entry in read(path, path.name).entries:
            yield f"{path.name} {entry.cell}", entry


def test_every_notebook_is_whole_in_every_language_of_the_course() -> None:
    course = Course(ROOT)
    others = [language for language in course.settings.languages if language != course.settings.written_in]
    assert others
    for name in course.assignments():
        notebook = nbformat.read(course.notebook(name), as_version=4)
        for language in others:
            assert place(course, name, language).is_file()
            assert untranslated(notebook, course.spoken_in(language), name) == []


def test_no_english_notebook_has_a_word_of_montenegrin() -> None:
    left = MONTENEGRIN_LEFT.findall
    assert sum(bool(left(entry.original)) for _, entry in translated()) > 50, "the originals do"
    assert [(where, found[0]) for where, entry in translated() if (found := left(entry.text))] == []


@pytest.mark.parametrize("what", SAME)
def test_a_translated_text_has_the_formulas_code_and_numbers_of_its_original(what: str) -> None:
    def found(text: str) -> Counter[str]:
        words = (re.sub(r"\\text\{[^}]*\}", r"\\text{}", piece) for piece in SAME[what].findall(text))
        return Counter(word.replace("FUNKCIJE_LANG=en", "FUNKCIJE_LANG=cnr") for word in words)

    for where, entry in translated():
        if entry.kind != "code":
            missing = found(entry.original) - found(entry.text)
            assert missing == (OF_ONE_LANGUAGE.get(entry.cell, {}) if what == "code" else {}), where
            assert not found(entry.text) - found(entry.original), where


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
    texts += [(where, entry.text) for where, entry in translated()]
    assert [(where, found[0]) for where, text in texts if (found := re.search(word, text))] == [], ENGLISH[word]


def test_numbers_are_written_as_in_code() -> None:
    assert [where for where, _, sentence in catalogues() if re.search(r"\b\d,\d", sentence)] == []


def test_no_sentence_is_left_without_its_other_language() -> None:
    for path in [*ROOT.glob("checks/**/*.toml"), ROOT / "grader" / "messages.toml"]:
        for key, languages in tomllib.loads(path.read_text(encoding="utf-8")).items():
            assert list(languages) == ["cnr", "en"], key
            assert all(sentence.strip() for sentence in languages.values()), key
