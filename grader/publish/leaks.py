"""The leak proof: nothing that a release blanks can be read anywhere in it.

Two things may not occur in any file of a release:

- a **statement** of a blanked region that is not also in given code. Statements are compared as the parser
  sees them, so spacing, line breaks, brackets and quotes do not matter; of a compound statement (`if`, `for`, `with`,
  `def`) its header counts. A statement that computes nothing, made of names, attributes, constants and brackets alone
  (`pass`, `return out, cache`, `N, D = x.shape`, `cache = None`), tells nothing and is not counted; nor does one that
  asks whether something is None, which a docstring may say in the same words.
- **three lines in a row** of a blanked region, whatever they say, comments included. Lines are compared by their
  words and signs; blank lines and lines of brackets alone are passed over.

Code (modules and a notebook's code cells) is searched statement by statement; comments, strings, docstrings, text
cells, and every other file that is UTF-8 text are searched for the statement's words and signs in a row, so that a
solution that is commented out, quoted in a README or split over lines is found too. Files that are not text (recorded
arrays, pictures) hold no statements and are passed over.
"""

import ast
import io
import json
import re
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..reference.regions import Region
from ..reference.syntax import parsed

_WORD = re.compile(r"\w+|[^\w\s]")
_PASSED_OVER = frozenset("#\\`")
"""Comment signs, line continuations and Markdown's code marks: they surround a statement and are no part of it."""
_COMPUTES = (
    ast.AugAssign,
    ast.BinOp,
    ast.BoolOp,
    ast.Call,
    ast.Compare,
    ast.DictComp,
    ast.GeneratorExp,
    ast.IfExp,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.Subscript,
    ast.UnaryOp,
)
_MOST = 512
"""Texts that are remembered as they were read: the kit's own files are in every release of a process."""


@dataclass(frozen=True)
class _Secret:
    """What may not be found: a statement or three lines, as words, and where it is from."""

    words: str
    shown: str
    origin: str


def find_leaks(
    release: Mapping[str, bytes], blanked: Mapping[str, tuple[Region, ...]], given: Mapping[str, bytes]
) -> list[str]:
    """Every place of a release that shows what it should not, one line each.

    Args:
        release: contents of all its files, by path.
        blanked: the regions that the release blanks, by module.
        given: the modules that the student is given, blanked; their statements are no secret.
    """
    known = {words for text in given.values() for words, _ in _statements(text.decode())}
    statements = {
        words: _Secret(words, shown, f"{region.function} ({module}, line {region.begin})")
        for module, regions in blanked.items()
        for region in regions
        for words, shown in _statements(f"if True:\n{region.code}")
        if words not in known
    }
    triples = [
        _Secret(f"\n{a}\n{b}\n{c}\n", f"{a} / {b} / {c}", f"{region.function} ({module}, line {region.begin})")
        for module, regions in blanked.items()
        for region in regions
        for a, b, c in _windows(_lines(region.code))
    ]
    leaks: dict[str, None] = {}
    for path, content in release.items():
        for secret in _search(path, content, statements, triples):
            leaks[f"{path} shows the solution of {secret.origin}: {secret.shown}"] = None
    return list(leaks)


def _search(path: str, content: bytes, statements: Mapping[str, _Secret], triples: list[_Secret]) -> Iterator[_Secret]:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return
    for is_code, piece in _pieces(path, text):
        prose = piece
        if is_code and (code := _python(piece)) is not None:
            for words, _ in _statements(code):
                if words in statements:
                    yield statements[words]
            prose = _prose(code)
        flat = _words(prose)
        yield from (secret for secret in statements.values() if secret.words in flat)
        lines = "\n".join(["", *_lines(piece), ""])
        yield from (secret for secret in triples if secret.words in lines)


def _pieces(path: str, text: str) -> Iterator[tuple[bool, str]]:
    """The texts that a file holds: (whether it is code, text)."""
    if not path.endswith((".ipynb", ".json")):
        yield path.endswith(".py"), text
        return
    try:
        content = json.loads(text)
    except ValueError:
        yield False, text
        return
    cells = content.get("cells", []) if isinstance(content, dict) and path.endswith(".ipynb") else []
    for cell in cells:
        source = cell.get("source", "")
        yield cell.get("cell_type") == "code", source if isinstance(source, str) else "".join(source)
    yield False, "\n".join(_strings(content))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        if value and all(isinstance(item, str) for item in value):
            yield "".join(value)
        else:
            for item in value:
                yield from _strings(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings(item)


@lru_cache(maxsize=_MOST)
def _python(text: str) -> str | None:
    """The text as Python, without IPython's magics; None if it is not Python."""
    code = re.sub(r"^(\s*)[%!?].*$", r"\1pass", text, flags=re.MULTILINE)
    for candidate in (text, code):
        try:
            parsed(candidate)
        except (SyntaxError, ValueError):
            continue
        return candidate
    return None


@lru_cache(maxsize=_MOST)
def _statements(code: str) -> Sequence[tuple[str, str]]:
    """The statements that compute something: (their words, how they are shown)."""
    found = []
    for node in ast.walk(parsed(code)):
        if isinstance(node, ast.stmt):
            head = _head(node)
            if any(isinstance(part, _COMPUTES) and not _asks_for_none(part) for part in ast.walk(head)):
                text = ast.unparse(head)
                words = _words(text.removesuffix("\n    pass").removesuffix(":"))
                found.append((words, text.split("\n")[0].removesuffix(":")))
    return found


def _asks_for_none(node: ast.AST) -> bool:
    match node:
        case ast.Compare(ops=[ast.Is() | ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return True
    return False


def _head(node: ast.stmt) -> ast.stmt:
    """A statement without the statements in it."""
    if isinstance(node, ast.Match):
        return ast.Expr(node.subject)
    if isinstance(node, ast.Try | ast.TryStar):
        return ast.Pass()
    if not hasattr(node, "body"):
        return node
    bare = {"body": [ast.Pass()], "orelse": [], "decorator_list": []}
    return ast.fix_missing_locations(
        type(node)(**{name: bare.get(name, value) for name, value in ast.iter_fields(node)})
    )


@lru_cache(maxsize=_MOST)
def _prose(code: str) -> str:
    """The comments and strings of Python code."""
    comments = (
        token.string for token in tokenize.generate_tokens(io.StringIO(code).readline) if token.type == tokenize.COMMENT
    )
    strings = (
        node.value for node in ast.walk(parsed(code)) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return "\n".join([*comments, *strings])


def _words(text: str) -> str:
    words = (word for word in _WORD.findall(text) if word not in _PASSED_OVER)
    return f" {' '.join(words)} ".replace("'", '"')


def _lines(text: str) -> list[str]:
    lines = (_words(line).strip() for line in text.split("\n"))
    return [line for line in lines if re.search(r"\w", line)]


def _windows(lines: list[str]) -> Iterator[tuple[str, str, str]]:
    return zip(lines, lines[1:], lines[2:], strict=False)
