"""Wrong students for any assignment: text that follows a module and puts something else in the place of its functions.

What each function is asked for is worked out first, so that a tuple of three stays a tuple of three.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

RETURNS = {
    "None": "None",
    "a string": "'forty-two'",
    "another shape": "np.zeros((3, 1, 2, 7))",
    "another dtype": "np.array(['a', 'b'])",
    "complex numbers": "np.ones(3) * 1j",
    "NaN": "float('nan')",
    "an array of NaN": "np.full((7, 4), np.nan)",
    "a list": "[1.5, 'a', None]",
    "a dictionary": "{'a': {'b': np.zeros(3)}, 3: None}",
    "a bool": "True",
    "an object": "object()",
    "deep lists": "deep",
}
"""What is returned, as an expression."""

DOES = {
    "raises": "raise ValueError('no')",
    "exits": "raise SystemExit(0)",
    "never ends": "while True: pass",
    "changes its input": (
        "for value in (*args, *kwargs.values()):\n"
        "            if isinstance(value, np.ndarray): value[...] = 0\n"
        "        return args[0] if args else None"
    ),
}
"""What is done instead, as statements."""

TEXT = """
import copy

import numpy as np

def _wrong(right):
    def wrong(*args, **kwargs):
        {body}
    return wrong

def _make_wrong(names):
    for name in names:
        if isinstance(globals()[name], type):
            for method, function in list(vars(globals()[name]).items()):
                if callable(function) and not method.startswith("_"):
                    setattr(globals()[name], method, _wrong(function))
        else:
            globals()[name] = _wrong(globals()[name])

_make_wrong({names!r})
"""

RETURNED = """deep = []
        for _ in range(200): deep = [deep]
        try:
            result = right(*copy.deepcopy(args), **copy.deepcopy(kwargs))
        except Exception:
            result = None
        return tuple({value} for _ in result) if isinstance(result, tuple) else {value}"""

EVERY = {**{name: RETURNED.format(value=value) for name, value in RETURNS.items()}, **DOES}


def wrong_modules(modules: Mapping[str, bytes], names: Mapping[str, Iterable[str]], kind: str) -> dict[str, bytes]:
    """The modules of a solution, with wrong functions in them.

    Args:
        modules: by path in the package.
        names: functions and classes that are wrong, by module.
        kind: one of `EVERY`.
    """
    after = {f"{module}.py": TEXT.format(body=EVERY[kind], names=[*some]) for module, some in names.items()}
    return {path: content + after.get(path, "").encode() for path, content in modules.items()}
