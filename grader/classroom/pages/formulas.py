r"""LaTeX formulas as MathML, which a browser shows by itself: a page must be readable without a network.

    mathml(r"\frac{1}{N} \sum_i x_i", display=True)

Understood is what answers and questions are written with; of anything else the caller shows the source. A formula may
come from a submission, so nothing of it becomes markup: every tag and attribute is from this module, every other sign
is escaped, and neither `$` nor a backslash comes out, which MathJax would read once more. The work is linear in the
formula's length, and its depth is bounded. MathML Core (W3C, 2024) is the part of MathML that all browsers have.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from functools import lru_cache
from html import escape

LONGEST = 4_000
"""Characters of a formula that is translated."""
DEEPEST = 30
"""Levels of nesting in one."""
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|[^\s\\]", re.DOTALL)
_NUMBER = re.compile(r"\d")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TAGS = _words("""
    math mfrac mi mn mo mover mroot mrow mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover
""")
"""Every tag that comes out."""
ATTRIBUTES = _words("""
    accent columnalign columnspacing display displaystyle linethickness mathvariant maxsize minsize scriptlevel stretchy
    width
""")
"""Every attribute."""


def _pairs(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


_LETTERS = _pairs("""
    alpha α beta β gamma γ delta δ epsilon ϵ varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ lambda λ mu μ
    nu ν xi ξ pi π rho ρ varrho ϱ sigma σ varsigma ς tau τ upsilon υ phi ϕ varphi φ chi χ psi ψ omega ω Gamma Γ Delta Δ
    Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω partial ∂ nabla ∇ infty ∞ ell ℓ hbar ℏ emptyset ∅
    Re ℜ Im ℑ aleph ℵ imath ı jmath ȷ
""")
_SIGNS = _pairs("""
    cdot ⋅ times × div ÷ pm ± mp ∓ ast ∗ star ⋆ circ ∘ bullet ∙ odot ⊙ oplus ⊕ otimes ⊗ le ≤ leq ≤ leqslant ≤ ge ≥
    geq ≥ geqslant ≥ ne ≠ neq ≠ approx ≈ equiv ≡ sim ∼ simeq ≃ cong ≅ propto ∝ ll ≪ gg ≫ in ∈ notin ∉ ni ∋ subset ⊂
    subseteq ⊆ supset ⊃ supseteq ⊇ cup ∪ cap ∩ setminus ∖ to → rightarrow → leftarrow ← gets ← mapsto ↦
    leftrightarrow ↔ Rightarrow ⇒ Leftarrow ⇐ Leftrightarrow ⇔ implies ⟹ iff ⟺ longrightarrow ⟶ uparrow ↑ downarrow ↓
    forall ∀ exists ∃ neg ¬ lnot ¬ land ∧ wedge ∧ lor ∨ vee ∨ perp ⊥ parallel ∥ mid ∣ ldots … dots … cdots ⋯ vdots ⋮
    ddots ⋱ top ⊤ bot ⊥ prime ′ colon : langle ⟨ rangle ⟩ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ lvert | rvert | vert |
    lVert ‖ rVert ‖ Vert ‖ lbrace { rbrace }
""") | {r"\{": "{", r"\}": "}", r"\|": "‖", r"\%": "%", r"\#": "#", r"\&": "&", r"\_": "_"}
_LARGE = _pairs("sum ∑ prod ∏ int ∫ iint ∬ oint ∮ bigcup ⋃ bigcap ⋂ coprod ∐")
_WORDS = _words("""
    arccos arcsin arctan arg cos cosh cot det dim exp inf ker lim ln log max min sgn sin sinh softmax sup tan tanh
""")
_BELOW = _words("det inf lim max min sup") | (_LARGE.keys() - {"int", "iint", "oint"})
"""What has its limits above and below it in a displayed formula."""
_SPACES = {"quad": "1em", "qquad": "2em", r"\,": "0.17em", r"\:": "0.22em", r"\>": "0.22em", r"\;": "0.28em"}
_SPACES |= {r"\ ": "0.33em", "~": "0.33em", r"\!": "0em", "thinspace": "0.17em"}
_OVER = _pairs("hat ^ widehat ^ bar ¯ overline ¯ tilde ~ widetilde ~ vec → dot ˙ ddot ¨ overrightarrow →")
_FRACTIONS = {"frac": "", "dfrac": "true", "tfrac": "false", "cfrac": "true"}
_ALPHABETS = {"mathbf": "BOLD", "boldsymbol": "BOLD", "bm": "BOLD", "mathbb": "DOUBLE-STRUCK", "mathcal": "SCRIPT"}
_UPRIGHT = _words("mathrm operatorname text textrm textnormal textit textbf mathsf mathtt texttt mathit")
_SIZES = {"big": "1.2em", "Big": "1.8em", "bigg": "2.4em", "Bigg": "3em"}
_SILENT = _words("displaystyle textstyle scriptstyle nonumber notag rm bf it")
_FENCES = {"pmatrix": "()", "bmatrix": "[]", "Bmatrix": "{}", "vmatrix": "||", "Vmatrix": "‖‖", "cases": "{"}
_TABLES = _words("""
    align align* aligned alignat* array bmatrix Bmatrix cases eqnarray equation equation* gather gather* gathered matrix
    pmatrix smallmatrix split vmatrix Vmatrix
""")
_LEFT = _words("align align* aligned split eqnarray")


class _Unknown(Exception):
    """The formula holds something that is not understood here."""


@lru_cache(maxsize=2_000)
def mathml(tex: str, *, display: bool) -> str | None:
    """A formula as a `math` element.

    Args:
        tex: LaTeX between its delimiters.
        display: whether it stands in a line of its own.

    Returns:
        The element; None of a formula that is too long, too deep, or holds what is not understood.
    """
    if len(tex) > LONGEST:
        return None
    try:
        parser = _Parser(tex, display)
        body = parser.row()
        parser.end()
    except _Unknown:
        return None
    return f'<math display="{"block" if display else "inline"}">{body}</math>'


class _Parser:
    """Reads a formula once from left to right."""

    def __init__(self, tex: str, display: bool) -> None:
        tokens = [token for token in _TOKEN.findall(tex) if not token.startswith("%")]
        if sum(map(len, tokens)) != len(tex) or "%" in tex.replace(r"\%", ""):
            raise _Unknown  # a comment, or a backslash at the end
        self._tokens = tokens
        self._at = 0
        self._display = display
        self._depth = 0

    def end(self) -> None:
        if self._peek():
            raise _Unknown

    def _peek(self) -> str:
        """The next token that is no space; empty at the end."""
        while self._at < len(self._tokens) and self._tokens[self._at].isspace():
            self._at += 1
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _expect(self, token: str) -> None:
        if self._next() != token:
            raise _Unknown

    def row(self, *ends: str) -> str:
        """Everything up to one of `ends`, which is not taken, or the end of the formula."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise _Unknown
        parts = []
        while (token := self._peek()) and token not in ends:
            if token in {"}", "&", r"\\", r"\right", r"\end"}:
                raise _Unknown
            parts.append(self._with_scripts())
        self._depth -= 1
        return _mrow(parts)

    def _with_scripts(self) -> str:
        token = self._peek()
        name = token.removeprefix("\\")
        base = "" if token in {"^", "_"} else self._atom(whole=True)
        below = above = ""
        primes = ""
        while (mark := self._peek()) in {"^", "_", "'", r"\limits", r"\nolimits"}:
            self._next()
            if mark.startswith("\\"):
                continue
            if mark == "'":
                primes += "′"
            elif mark == "^" and not above:
                above = self._argument()
            elif mark == "_" and not below:
                below = self._argument()
            else:
                raise _Unknown
        if primes:
            above = _mrow([f"<mo>{primes}</mo>", above] if above else [f"<mo>{primes}</mo>"])
        stacked = name in {"underbrace", "overbrace"} or (self._display and token != name and name in _BELOW)
        kind = ("munder", "mover", "munderover") if stacked else ("msub", "msup", "msubsup")
        if below or above:
            base = base or _mrow([])
        if below and above:
            return _tag(kind[2], base + below + above)
        if below:
            return _tag(kind[0], base + below)
        return _tag(kind[1], base + above) if above else base

    def _argument(self) -> str:
        """What a command or a script takes: a group, or one sign."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise _Unknown
        found = self._atom(whole=False)
        self._depth -= 1
        return found or _mrow([])

    def _group(self) -> str:
        self._expect("{")
        found = self.row("}")
        self._expect("}")
        return found

    def _atom(self, *, whole: bool) -> str:
        """One thing: a group, a number (`whole`: all of its digits), a letter, a sign, or a command."""
        token = self._peek()
        if not token or token in {"^", "_", "'", "}", "&"}:
            raise _Unknown
        if token == "{":
            return self._group()
        self._next()
        if token.startswith("\\"):
            return self._command(token)
        if token.isdigit():
            return _tag("mn", escape(token + (self._more_digits() if whole else "")))
        if token == "~":
            return f'<mspace width="{_SPACES[token]}"/>'
        if token in {"$", "\\"}:
            raise _Unknown
        if token.isalpha():
            return _tag("mi", escape(token))
        return _mo({"-": "−", "*": "∗"}.get(token, token))

    def _more_digits(self) -> str:
        found = ""
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            after = self._tokens[self._at + 1] if self._at + 1 < len(self._tokens) else ""
            if not (_NUMBER.fullmatch(token) or (token == "." and _NUMBER.fullmatch(after))):
                break
            found += token
            self._at += 1
        return found

    def _command(self, token: str) -> str:
        name = token.removeprefix("\\")
        if token in _SPACES or name in _SPACES:
            return f'<mspace width="{_SPACES.get(token) or _SPACES[name]}"/>'
        if token in _SIGNS or name in _SIGNS:
            return _mo(_SIGNS.get(token) or _SIGNS[name])
        if name in _LETTERS:
            return _tag("mi", _LETTERS[name])
        if name in _LARGE:
            return _tag("mo", _LARGE[name])
        if name in _WORDS:
            return _tag("mi", name)
        if name in _SILENT:
            return ""
        if name in _FRACTIONS:
            fraction = _tag("mfrac", self._argument() + self._argument())
            style = _FRACTIONS[name]
            return f'<mstyle displaystyle="{style}" scriptlevel="0">{fraction}</mstyle>' if style else fraction
        if name in {"binom", "dbinom", "tbinom"}:
            pair = f'<mfrac linethickness="0">{self._argument()}{self._argument()}</mfrac>'
            return _mrow(["<mo>(</mo>", pair, "<mo>)</mo>"])
        if name == "sqrt":
            return self._root()
        if name in _OVER:
            mark = f'<mo stretchy="{"true" if name.startswith(("over", "wide")) else "false"}">{_OVER[name]}</mo>'
            return f'<mover accent="true">{self._argument()}{mark}</mover>'
        if name == "underline":
            return f"<munder>{self._argument()}<mo>_</mo></munder>"
        if name in {"underbrace", "overbrace"}:
            kind, brace = ("munder", "⏟") if name == "underbrace" else ("mover", "⏞")
            return _tag(kind, f'{self._argument()}<mo stretchy="true">{brace}</mo>')
        if name in {"overset", "stackrel", "underset"}:
            mark, base = self._argument(), self._argument()
            return _tag("munder" if name == "underset" else "mover", base + mark)
        if name in _ALPHABETS:
            return _in_alphabet(self._words(), _ALPHABETS[name])
        if name in _UPRIGHT:
            words = self._words()
            return _tag("mtext", escape(words)) if name.startswith("text") else _upright(words)
        if name == "left":
            return self._fenced()
        size = name.rstrip("lrm") if name.rstrip("lrm") in _SIZES else name
        if size in _SIZES:
            height = _SIZES[size]
            return f'<mo stretchy="true" minsize="{height}" maxsize="{height}">{self._delimiter()}</mo>'
        if name == "begin":
            return self._table()
        raise _Unknown

    def _root(self) -> str:
        if self._peek() != "[":
            return _tag("msqrt", self._argument())
        self._next()
        index = self.row("]")
        self._expect("]")
        return _tag("mroot", self._argument() + index)

    def _words(self) -> str:
        """The plain text in braces, with its spaces, or one letter."""
        if self._peek() != "{":
            return self._plain(self._next())
        self._next()
        found = ""
        while self._at < len(self._tokens) and (token := self._tokens[self._at]) != "}":
            found += self._plain(" " if token.isspace() else token)
            self._at += 1
        self._expect("}")
        return found

    def _plain(self, token: str) -> str:
        if token == r"\ ":
            return " "
        if token in {r"\%", r"\&", r"\_", r"\#"}:
            return token[1]
        if name := _LETTERS.get(token.removeprefix("\\") if token.startswith("\\") else ""):
            return name
        if len(token) != 1 or token in "{}$\\^":
            raise _Unknown
        return token

    def _delimiter(self) -> str:
        token = self._next()
        if token == ".":
            return ""
        sign = _SIGNS.get(token) or _SIGNS.get(token.removeprefix("\\"), "") if token.startswith("\\") else token
        if len(sign) != 1 or sign not in "()[]{}|/‖⟨⟩⌊⌋⌈⌉↑↓":
            raise _Unknown
        return escape(sign)

    def _fenced(self) -> str:
        first = self._delimiter()
        parts = [f'<mo stretchy="true">{first}</mo>' if first else "", self.row(r"\right")]
        self._expect(r"\right")
        last = self._delimiter()
        return _mrow([*parts, f'<mo stretchy="true">{last}</mo>' if last else ""])

    def _table(self) -> str:
        name = self._name()
        if name not in _TABLES:
            raise _Unknown
        if name == "array":
            self._words()
        if name == "alignat*":
            self._words()
        rows: list[list[str]] = [[]]
        while True:
            rows[-1].append(self.row("&", r"\\", r"\end"))
            token = self._next()
            if token == r"\end":
                break
            if token == r"\\":
                rows.append([])
            elif token != "&":
                raise _Unknown
        if self._name() != name:
            raise _Unknown
        if rows[-1] == ["<mrow></mrow>"]:
            rows.pop()
        width = max(map(len, rows), default=1)
        aligned = name in _LEFT
        align = " ".join(("right", "left")[column % 2] for column in range(width)) if aligned else "left"
        how = f' columnalign="{align}"' if aligned or name == "cases" else ""
        how += ' columnspacing="0em" displaystyle="true"' if aligned else ""
        body = "".join(_tag("mtr", "".join(_tag("mtd", cell) for cell in row)) for row in rows)
        table = f"<mtable{how}>{body}</mtable>"
        fences = [f'<mo stretchy="true">{escape(fence)}</mo>' for fence in _FENCES.get(name, "")]
        return _mrow([*fences[:1], table, *fences[1:]]) if fences else table

    def _name(self) -> str:
        self._expect("{")
        found = ""
        while (token := self._next()) != "}":
            if not (token.isalpha() or token == "*"):
                raise _Unknown
            found += token
        return found


def _tag(name: str, body: str) -> str:
    return f"<{name}>{body}</{name}>"


def _mrow(parts: list[str]) -> str:
    whole = [part for part in parts if part]
    return whole[0] if len(whole) == 1 else _tag("mrow", "".join(whole))


def _mo(sign: str) -> str:
    # A bar or a bracket that nothing tells to grow stays as tall as a letter.
    still = ' stretchy="false"' if sign in "()[]{}|‖⟨⟩⌊⌋⌈⌉∣∥" else ""
    return f"<mo{still}>{escape(sign)}</mo>"


def _upright(words: str) -> str:
    return f'<mi mathvariant="normal">{escape(words)}</mi>'


def _in_alphabet(words: str, alphabet: str) -> str:
    return "".join(["<mrow>", *(_tag("mi", escape(_styled(sign, alphabet))) for sign in words), "</mrow>"])


def _styled(sign: str, alphabet: str) -> str:
    """A letter or digit in one of Unicode's mathematical alphabets; itself where that lacks it."""
    name = unicodedata.name(sign, "").removeprefix("LATIN ").removeprefix("GREEK ").replace("LETTER ", "")
    for found in (f"MATHEMATICAL {alphabet} {name}", f"{alphabet} {name}"):
        with suppress(KeyError):
            return unicodedata.lookup(found)
    return sign
