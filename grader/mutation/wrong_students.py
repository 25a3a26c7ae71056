"""Wrong students that know no assignment: each function gives back nothing, a text, NaN, never ends, ...

Each is judged on every check, through the sandbox and on the recording: a verdict each time, never an exception of the
kit's, never a point. One thing is no fault: a check of form alone (`aspect` shapes, names or dtypes, and no `moves`)
pays a result that has that form, whatever it is worth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from checks.core import Assignment, Check
from checks.engine.judge import judge
from checks.pretenders import Pretender
from checks.result import Result

from ..errors import GraderError
from ..grading.pretenders import graded, loaded
from ..publish.fits import origin, place_of
from ..sandbox.launch import Launcher
from ..sandbox.process import TimeLimits
from .bench import RECORDED, Bench


@dataclass(frozen=True)
class Wrong:
    """One way to be wrong in every function."""

    id: str
    sentence: str
    """What every function does, for the table."""
    leaf: str = ""
    """What stands for each number, array or text of a right result `v`; an expression."""
    whole: str = ""
    """What is done instead of computing anything; statements."""
    first: str = ""
    """What is done to the arguments before; statements."""
    keeps: frozenset[str] = frozenset()
    """Aspects that a result keeps."""
    ends: bool = True


_NUMBER = "isinstance(v, (int, float, complex, _np.ndarray, _np.generic))"
_OTHER = (
    "~v if isinstance(v, _np.ndarray) and v.dtype == bool else (not v) if isinstance(v, (bool, _np.bool_)) else "
    f"_np.full_like(v, 7) if {_NUMBER} else v + 'x' if isinstance(v, str) else 0.5"
)
_FORM = frozenset({"shapes", "names", "dtypes"})

WRONG = (
    Wrong("nothing", "returns None", whole="return None"),
    Wrong("no_results", "returns None in the place of each result", "None", keeps=frozenset({"names"})),
    Wrong("text", "returns a text in the place of each result", "'wrong'", keeps=frozenset({"names"})),
    Wrong("list", "returns a list in the place of each result", "[0.5, None]", keeps=frozenset({"names"})),
    Wrong("dictionary", "returns a dictionary in the place of each result", "{'a': {'b': _np.zeros(3)}, 3: None}"),
    Wrong("bool", "returns True in the place of each result", "True if v is not True else 'True'"),
    Wrong("complex", "returns complex numbers", f"_np.asarray(v) * 1j + 1j if {_NUMBER} else 1j"),
    Wrong("deep", "returns lists in lists, two hundred deep", "_deep()"),
    Wrong("object", "returns an object that nobody knows", "object()", keeps=frozenset({"names"})),
    Wrong(
        "shape",
        "returns results of another shape",
        f"_np.stack([_np.asarray(v)] * 2) if {_NUMBER} else [v, v]",
        keeps=frozenset({"names", "dtypes"}),
    ),
    Wrong(
        "dtype",
        "returns numbers as text, and text as bytes",
        f"_np.asarray(v).astype(str) if {_NUMBER} else v.encode() if isinstance(v, str) else str(v)",
        keeps=frozenset({"names", "shapes"}),
    ),
    Wrong(
        "nan",
        "returns NaN",
        f"_np.full_like(v, _np.nan, dtype=_np.result_type(v, _np.float32)) if {_NUMBER} else float('nan')",
        keeps=_FORM,
    ),
    Wrong("raises", "raises", whole="raise _Raised('wrong')"),
    Wrong("exits", "ends the process", whole="raise SystemExit(0)"),
    Wrong("endless", "never ends", whole="while True: pass", ends=False),
    Wrong(
        "inputs",
        "overwrites what it is given, and returns sevens",
        _OTHER,
        first="for a in [*args, *kwargs.values()]: _overwrite(a)",
        keeps=_FORM,
    ),
)

_TEXT = """
import copy as _copy
import numpy as _np

class _Raised(Exception):
    pass

def _each(v):
    if isinstance(v, (tuple, list)):
        return type(v)(map(_each, v)) if type(v) in (tuple, list) else tuple(map(_each, v))
    return {{k: _each(w) for k, w in v.items()}} if isinstance(v, dict) else _leaf(v)

def _leaf(v):
    return {leaf}

def _deep():
    lists = []
    for _ in range(200):
        lists = [lists]
    return lists

def _overwrite(a):
    if isinstance(a, (dict, list)):
        a.clear()
    elif isinstance(a, _np.ndarray):
        a[...] = _np.zeros((), a.dtype)

def _copied(a):
    try:
        return _copy.deepcopy(a)
    except Exception:
        return a

def _stored(given, now):
    for a, b in zip(given, now):
        if isinstance(a, dict) and isinstance(b, dict):
            a.update({{k: _each(w) for k, w in b.items() if k not in a or not _np.array_equal(a[k], w)}})

def _wrong(function):
    def wrong(*args, **kwargs):
        {whole}
        mine, named = [_copied(a) for a in args], {{k: _copied(a) for k, a in kwargs.items()}}
        try:
            value = function(*mine, **named)
        except NotImplementedError:
            raise
        except Exception:
            value = 0.0
        _stored(args, mine)
        {first}
        return _each(value)
    return wrong

def _wrong_class(cls):
    class Wrong:
        def __init__(self, *args, **kwargs):
            {whole_class}
            self._inner = cls(*args, **kwargs)
        def __getattr__(self, name):
            if name.startswith("_"):
                raise AttributeError(name)
            value = getattr(self._inner, name)
            return _wrong(value) if callable(value) else _each(value)
    return Wrong

for _name in {names!r}:
    _is = globals()[_name]
    globals()[_name] = _wrong_class(_is) if isinstance(_is, type) else _wrong(_is)
"""


def submission_of(assignment: Assignment, wrong: Wrong) -> Pretender:
    """A whole submission that is wrong in this way: the solution, and around each function what spoils it."""
    names: dict[str, list[str]] = {}
    contract = assignment.contract
    for name in (*contract.functions, *contract.models, *contract.classes):
        if f"{(module := assignment.module_of(name))}.py" in assignment.modules:
            names.setdefault(module, []).append(name)
    text = {
        module: _TEXT.format(
            leaf=wrong.leaf or "None",
            whole=wrong.whole or "pass",
            whole_class=wrong.whole.replace("return None", "pass") or "pass",
            first=wrong.first or "pass",
            names=some,
        )
        for module, some in names.items()
    }
    return Pretender(wrong.id, wrong.sentence, added=text)


@dataclass
class Met:
    """What came of one wrong student."""

    wrong: Wrong
    points: float = 0.0
    """More than are due, the most of both ways."""
    faults: list[str] = field(default_factory=list)
    form: set[str] = field(default_factory=set)
    """Checks of form alone that it passed."""
    checks: int = 0
    """Verdicts that were reached."""


def meet(bench: Bench, wrong: Wrong, launcher: Launcher | None = None) -> Met:
    """Judge one wrong student by every check, through the sandbox and on the recording.

    Args:
        bench: has the assignment, and its recording if one is to be asked.
        wrong: is judged.
        launcher: the sandbox; the best one of this machine if None.
    """
    pretender, met = submission_of(bench.assignment, wrong), Met(wrong)
    limits = None if wrong.ends else TimeLimits(call=0.5, total=4.0)
    _look(bench, met, "", lambda: graded(bench.course, bench.assignment, pretender, launcher=launcher, limits=limits))
    if wrong.ends and bench.recording is not None:
        _look(bench, met, " from the recording", lambda: _on_recording(bench, pretender))
    return met


def _on_recording(bench: Bench, pretender: Pretender) -> Result:
    with loaded(bench.course, bench.assignment, pretender) as student:
        return judge(bench.assignment, student, bench.oracle(RECORDED), language=bench.assignment.languages[-1])


def _look(bench: Bench, met: Met, where: str, judged: Callable[[], Result]) -> None:
    try:
        result = judged()
    except GraderError:
        raise  # no sandbox here, and no fault of a check's
    except Exception as error:
        place = origin(bench.course, error)
        met.faults.append(
            f"{met.wrong.id}: the judge raised {type(error).__name__}: {error}{f' ({place})' if place else ''}{where}"
        )
        return
    checks = {check.id: check for check in bench.assignment.checks}
    points = 0.0
    for found in result.checks:
        met.checks += 1
        check = checks[found.id]
        at = f"{found.id} ({place_of(bench.course, check)})"
        if found.status == "passed" and _is_form(check, met.wrong):
            met.form.add(found.id)
        elif found.status == "passed":
            points += found.points
            met.faults.append(f"{met.wrong.id}: passed {at}{where}")
        elif not found.message.strip() and bench.assignment.explain != "none":
            met.faults.append(f"{met.wrong.id}: failed {at}, and nothing is said{where}")
    met.points = max(met.points, points)


def _is_form(check: Check, wrong: Wrong) -> bool:
    """Whether a check pays for the form alone that a wrong student keeps."""
    return check.aspect in wrong.keeps and not check.moves
