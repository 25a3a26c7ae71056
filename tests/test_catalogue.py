"""A sentence is the one that its files hold, however they are written; a file that cannot hold it is not parsed."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from checks import language
from checks.language import catalogue
from grader.text import sentences

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "checks" / "batch_normalization"


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were parsed, one after another."""
    texts: list[str] = []

    def noted(text: str) -> dict[str, dict[str, str]]:
        texts.append(text)
        return tomllib.loads(text)

    monkeypatch.setattr(language, "_parsed", noted)
    return texts


def test_every_sentence_is_what_its_file_says() -> None:
    expected: dict[str, dict[str, str]] = {}
    for file in (ROOT / "checks" / "messages.toml", *sorted(FOLDER.glob("*.toml"))):
        expected |= tomllib.loads(file.read_text(encoding="utf-8"))
    assert len(expected) > 300
    one_by_one = catalogue("en", FOLDER).sentences
    assert {key: one_by_one[key] for key in expected} == expected == dict(catalogue("en", FOLDER).sentences)


def test_for_a_sentence_of_the_framework_no_file_of_the_assignment_is_parsed(parsed: list[str]) -> None:
    assert catalogue("en", FOLDER)("total", points="1", max_points="2")
    assert parsed == [(ROOT / "checks" / "messages.toml").read_text(encoding="utf-8")]


@pytest.mark.parametrize(
    "written",
    [
        '[total]\nen = "of its own"\n',
        '["total"]\nen = "of its own"\n',
        "  [ 'total' ]  # said\nen = 'of its own'\n",
        'total.en = "of its own"\n',
        'total = {en = "of its own"}\n',
        '"total"."en" = "of its own"\n',
        '[total.more]\nx = "y"\n[other]\ntotal = "no"\n[last]\n[total2]\n',
    ],
)
def test_an_assignment_may_say_it_in_words_of_its_own(written: str, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(written, encoding="utf-8")
    expected = tomllib.loads(written)["total"]
    assert catalogue("en", tmp_path).sentences["total"] == expected


def test_what_is_said_in_the_checks_comes_first(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('[own]\nen = "of the file"\n', encoding="utf-8")
    assert catalogue("en", tmp_path)("own") == "of the file"
    assert catalogue("en", tmp_path, {"own": {"en": "of the checks"}})("own") == "of the checks"


def test_a_file_that_is_no_toml_is_not_passed_over_where_a_sentence_is_missing(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("[own\n", encoding="utf-8")
    assert catalogue("en", tmp_path).get("total")
    with pytest.raises(tomllib.TOMLDecodeError):
        catalogue("en", tmp_path).get("nowhere")


def test_a_sentence_that_was_changed_is_the_new_one_in_the_same_process(tmp_path: Path) -> None:
    for words in ("before", "after"):
        (tmp_path / "own.toml").write_text(f'[own]\nen = "{words}"\n', encoding="utf-8")
        assert catalogue("en", tmp_path)("own") == words


def test_a_sentence_in_a_key_with_an_escape_is_found(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('["o\\u0077n"]\nen = "found"\n', encoding="utf-8")
    assert catalogue("en", tmp_path)("own") == "found"


def test_the_graders_sentences_are_there_beside_the_frameworks() -> None:
    assert sentences("en")("no_secret")
    assert sentences("en").get("total")
