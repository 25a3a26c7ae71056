"""Pieces of hostile code that know the process they run in: they go past what the worker would refuse itself."""

from __future__ import annotations

SOCKET = """
import gc, os, struct, sys
import numpy as np
pipe = next(o for o in gc.get_objects() if type(o).__name__ == "Channel")
frame = sys._getframe()
while "number" not in frame.f_locals or "executor" not in frame.f_locals:
    frame = frame.f_back
number = frame.f_locals["number"]
"""
"""Has found the socket and the number of the question."""

PIPE = (
    SOCKET
    + """
answer = _honest()
zeros = [np.zeros(np.shape(a)) for a in (answer if isinstance(answer, tuple) else [answer])]
"""
)
"""And has zeros for an answer."""

WORDS = """
import sys
for module in ("executor", "values"):
    sys.modules[f"checks.executor.{module}"].printable = lambda text, *a: text
"""
"""Sends every text as it is."""

SIZES = """
import sys
import numpy as np
sys.modules["checks.executor.executor"].Executor._admit = lambda *a: None
"""
"""Sends every array, however large."""
