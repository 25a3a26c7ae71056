"""Nothing that a submission made moves a cursor, turns a line around or hides: one function, at each way in."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import checks.executor.executor
import checks.executor.values
from checks.executor.errors import StudentError
from checks.executor.executor import Executor
from checks.executor.text import printable
from checks.executor.values import Handle, Other
from grader.text import shown
from grader.worker import wire

HOSTILE = {
    "escape": "\x1b",
    "bell": "\x07",
    "C1 control": "\x9b",
    "newline": "\r\n",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "turns around": "\u202e",
    "isolates": "\u2066\u2069",
    "marks of direction": "\u200e\u200f\u061c",
    "no width": "\u200b\u200c\u200d\u2060\ufeff",
    "half a pair": "\ud83d",
    "private": "\ue000\U000f0000",
    "unassigned": "\u0378",
    "noncharacter": "\uffff\U0010ffff",
    "tags": "\U000e0041\U000e007f",
    "selectors of variants": "\ufe0f\U000e0100",
    "letters that nobody sees": "\u3164\u115f\u1160\uffa0\u2800",
    "marks that nobody sees": "\u034f\u17b4\u180b",
    "other blanks": "\u00a0\u2003\u3000",
    "soft hyphen": "\u00ad",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_not_to_be_seen_becomes_blank(kind: str) -> None:
    text = f"dx{HOSTILE[kind]}dx"
    assert printable(text) == f"dx{' ' * len(HOSTILE[kind])}dx"
    assert shown(text) == f"dx{'?' * len(HOSTILE[kind])}dx"


@pytest.mark.parametrize(
    "text",
    [
        "x_hat = (x - mu) / std",
        "Čćžšđ ČĆŽŠĐ",
        "café cafe\u0301",
        "việt vie\u0323\u0302t",
        "среда",
        "平均",
        "∂L/∂x → σ²",
        "😀",
    ],
)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_accents_do_not_pile_up() -> None:
    assert printable("a" + "\u0301" * 100) == "a\u0301\u0301" + " " * 98
    assert printable("\u0301\u20dd" * 3) == "\u0301\u20dd" + " " * 4


def test_a_text_is_cut_where_it_is_too_long() -> None:
    assert printable("x" * 10**6, 10) == "x" * 9 + "…"
    assert printable("x" * 10, 10) == "x" * 10
    assert len(printable("\x1b" * 10**6)) == 1000


def test_no_text_becomes_another_by_losing_what_is_not_seen() -> None:
    for hidden in HOSTILE.values():
        assert printable(f"W1{hidden}") != "W1"


WORD = "a\x1b[2J\u202e\u2028b"
CLEAN = "a [2J  b"


@pytest.mark.parametrize(
    "message",
    [
        WORD,
        [WORD, [WORD]],
        {WORD: np.ones(2)},
        Other(WORD),
        {"number": 1, "error": ["error", WORD, WORD, [[WORD, 3, WORD, WORD]]], "missing": [WORD]},
    ],
    ids=["text", "lists", "names of arrays", "a type", "an error"],
)
def test_every_text_of_a_reply_is_made_printable_where_it_comes_in(
    message: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = wire.encode(message)[4:]
    decoded = repr(wire.decode(body))
    assert CLEAN in decoded
    assert "\\x1b" not in decoded
    monkeypatch.setattr(wire, "printable", lambda text: text)
    assert "\\x1b" in repr(wire.decode(body))


def test_a_question_arrives_as_it_was_asked() -> None:
    assert wire.decode(wire.encode([WORD])[4:], wire.QUESTION) == [WORD]


EVIL = r"""
import numpy as np
WORD = "a\x1b[2J\u202e\u2028b"

def other(x): return type(WORD, (), {})()
def longer(x): return type("x" * 10**6, (), {})()
class Meta(type):
    __name__ = property(lambda self: WORD)
class Named(metaclass=Meta): pass
def metaclass(x): return Named()
def records(x): return np.zeros(3, [(WORD, float)])
def keys(x): return {WORD: x, ("a", 1): x, type("Key\x1b", (str,), {"__str__": lambda s: 1 / 0})("k"): x}
def liar(x): return type("Liar", (), {"__class__": np.ndarray})()
def error(x): raise type(WORD, (Exception,), {})(WORD)
def silent(x): raise type("Silent", (Exception,), {"__str__": lambda s: 1 / 0})
def long_error(x): raise ValueError("x" * 10**7)
def leaves(x): raise SystemExit(WORD)
def syntax(x): raise SyntaxError(WORD, (WORD, WORD, 3, WORD))
def syntax_of_no_kind(x): raise SyntaxError(WORD, (3, 10**30, 3, 7))
def surrogate(x): raise ValueError("\ud83d")
def _inner(): raise ValueError
_inner.__code__ = _inner.__code__.replace(co_name=WORD)
def name_of_a_function(x): _inner()
def deep(x, left=500): return deep(x, left - 1) if left else 1 / 0
class Array(np.ndarray):
    dtype = shape = property(lambda self: 1 / 0)
def subclass(x): return x.view(Array)
class Holder:
    __class__ = __dict__ = property(lambda self: 1 / 0)
def holder(x): return Holder()
"""


@pytest.fixture
def evil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Executor:
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil" / "__init__.py").touch()
    (tmp_path / "evil" / "made.py").write_text(EVIL, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("evil", "evil.made"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return Executor("evil")


def said(evil: Executor, function: str) -> str:
    """Everything that a check may show of a call."""
    kind = "arrays" if function == "keys" else "array"
    try:
        [value] = evil.call("made", function, [np.ones(3)], {}, [kind]).values
    except StudentError as error:
        lines = [f"{line.file}|{line.code}|{line.function}" for line in error.lines]
        return "|".join([error.kind, str(error), *lines])
    return value.description if isinstance(value, Other) else "|".join(value) if isinstance(value, dict) else "array"


FUNCTIONS = [line.split("(")[0][4:] for line in EVIL.splitlines() if line.startswith("def ") and "_inner" not in line]


@pytest.mark.parametrize("function", [*FUNCTIONS, "name_of_a_function"])
def test_in_the_students_own_process_too_every_text_is_printable_and_short(evil: Executor, function: str) -> None:
    text = said(evil, function)
    assert printable(text, 3_000) == text


@pytest.mark.parametrize(
    ("function", "found"),
    [
        ("other", CLEAN),
        ("metaclass", "Named"),
        ("keys", f"{CLEAN}|tuple|Key "),
        ("liar", "Liar"),
        ("subclass", "array"),
        ("silent", "error|Silent: |"),
        ("leaves", f"error|SystemExit: {CLEAN}|"),
        ("syntax", f"error|SyntaxError: {CLEAN}|"),
        ("surrogate", "error|ValueError:  |"),
        ("name_of_a_function", CLEAN),
    ],
)
def test_and_says_what_there_is_to_say(evil: Executor, function: str, found: str) -> None:
    assert found in said(evil, function)


def test_an_object_that_raises_when_it_is_looked_at_costs_its_own_call(evil: Executor) -> None:
    [holder] = evil.call("made", "holder", [np.ones(3)], {}, ["handle"]).values
    assert isinstance(holder, Handle)
    with pytest.raises(StudentError, match="ZeroDivisionError"):
        evil.call("made", "other", [holder], {}, ["array"])


def test_of_a_deep_traceback_five_lines_are_kept(evil: Executor) -> None:
    with pytest.raises(StudentError) as raised:
        evil.call("made", "deep", [np.ones(3)], {}, ["array"])
    assert len(raised.value.lines) == 5


def test_without_it_the_students_terminal_would_be_written_to(evil: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (checks.executor.executor, checks.executor.values):
        monkeypatch.setattr(module, "printable", lambda text, *_: text)
    for function in ("other", "keys", "error", "leaves", "syntax", "name_of_a_function"):
        assert "\x1b[2J" in said(evil, function), function
