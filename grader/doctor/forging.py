"""Results that look right and are not: patches, objects that agree with everything, replies that nobody asked for."""

from __future__ import annotations

from .attack import Attack
from .inside import PIPE, WORDS

FORGING = (
    Attack(
        "patched_numpy",
        "Patches numpy's comparisons to say that everything is equal, and returns zeros.",
        body="""
import numpy as np
np.allclose = np.array_equal = np.array_equiv = lambda *a, **k: True
np.testing.assert_allclose = np.testing.assert_array_equal = lambda *a, **k: None
return _each(np.zeros_like, _honest())
""",
        says="which is wrong|expected",
    ),
    Attack(
        "patched_builtins",
        "Patches `isinstance`, `all`, `any` and `len` so that every test of its answer passes.",
        body="""
import builtins
import numpy as np
answer = _each(np.zeros_like, _honest())
builtins.all = builtins.any = lambda *a: True
builtins.len = lambda value: 3
return answer
""",
        says=".",
    ),
    Attack(
        "asserts_off",
        "Redefines AssertionError, the hooks for output and for errors, and the tracer, and returns zeros.",
        body="""
import builtins, sys
import numpy as np
builtins.AssertionError = type("AssertionError", (BaseException,), {})
sys.displayhook = sys.excepthook = lambda *a: None
sys.settrace(lambda *a: None)
return _each(np.zeros_like, _honest())
""",
        says="which is wrong|expected",
    ),
    Attack(
        "notebook_hooks",
        "Asks for the notebook's shell to install AST and input transformers and an exception handler.",
        body="""
shell = get_ipython()
shell.ast_transformers.append(None)
shell.set_custom_exc((Exception,), lambda *a: None)
""",
        says="get_ipython",
    ),
    Attack(
        "equal_to_everything",
        "Returns objects whose `__eq__` is true for everything.",
        body="""
class Equal:
    __eq__ = lambda self, other: True
    __hash__ = None
    shape = dtype = property(lambda self: self)
return _each(lambda a: Equal(), _honest())
""",
        says="Equal",
    ),
    Attack(
        "array_subclass",
        "Returns an array subclass that answers every numpy function with True.",
        body="""
import numpy as np
class Forged(np.ndarray):
    __array_function__ = lambda self, *a, **k: True
    __array_ufunc__ = lambda self, *a, **k: True
    __eq__ = lambda self, other: True
    tobytes = lambda self: b""
return _each(lambda a: np.zeros(np.shape(a)).view(Forged), _honest())
""",
        says="which is wrong|expected",
    ),
    Attack(
        "array_interface",
        "Returns objects that numpy is asked to make arrays of, with code that runs when it does.",
        body="""
import os
class Lazy:
    def __array__(self, *a, **k):
        os._exit(0)
return _each(lambda a: Lazy(), _honest())
""",
        says="Lazy",
    ),
    Attack(
        "class_that_lies",
        "Returns objects that claim to be arrays by `__class__`.",
        body="""
import numpy as np
class Liar:
    __class__ = np.ndarray
return _each(lambda a: Liar(), _honest())
""",
        says=".",
    ),
    Attack(
        "other_types",
        "Returns arrays of complex numbers, of objects and of text.",
        body="""
import itertools
import numpy as np
kinds = itertools.cycle([np.array([1j]), np.array([object()]), np.array(["right"])])
return _each(lambda a: next(kinds), _honest())
""",
        says="complex128",
    ),
    Attack(
        "too_few_results",
        "Returns one result less than was asked for.",
        body="""
answer = _honest()
return answer[:-1] if isinstance(answer, tuple) else None
""",
        says="results|None",
    ),
    Attack(
        "not_numbers",
        "Returns NaN, in the hope that a comparison with it is never true.",
        body="""
import numpy as np
return _each(lambda a: np.full(np.shape(a), np.nan), _honest())
""",
        says="NaN",
    ),
    Attack(
        "broadcasts",
        "Returns one value of the right kind that would fit every shape.",
        body="""
import numpy as np
return _each(lambda a: np.float32(0), _honest())
""",
        says="which is wrong|expected",
    ),
    Attack(
        "reply_of_its_own",
        "Finds the pipe and answers the question itself before the worker does.",
        body=PIPE + 'pipe.send({"number": number, "value": [zeros, []], "missing": []})',
        says="which is wrong|expected|another question",
    ),
    Attack(
        "reply_before_the_question",
        "Answers the next question before it is asked.",
        body=PIPE + 'pipe.send({"number": number + 1, "value": None, "missing": []})',
        says="another question",
    ),
    Attack(
        "second_reply",
        "Lets the honest reply pass and sends another one after it.",
        body=PIPE
        + """
send = pipe.send
def twice(reply, *a):
    send(reply)
    send(reply)
pipe.send = twice
""",
        costs="perhaps",
    ),
    Attack(
        "another_number",
        "Replies with a number that is equal to the question's and is no number.",
        body=PIPE + 'pipe.send({"number": float(number), "value": [zeros, []], "missing": []})',
        says="another question",
    ),
    Attack(
        "number_that_is_an_array",
        "Replies with an array in place of the number, which is neither equal to the question's nor unequal.",
        body=PIPE + 'pipe.send({"number": np.full(2, number), "value": [zeros, []], "missing": []})',
        says="another question",
    ),
    Attack(
        "passed_by_word",
        "Replies with a verdict in place of a value.",
        body=PIPE + 'pipe.send({"number": number, "value": "passed", "status": "passed", "points": 40, "missing": []})',
        says="another form",
    ),
    Attack(
        "error_of_no_kind",
        "Raises the worker's own error with a kind that does not exist.",
        body="""
from checks.executor.errors import StudentError
raise StudentError("passed", "", "all is well")
""",
        says="another form",
    ),
    Attack(
        "half_a_frame",
        "Sends half of a frame and leaves.",
        body=PIPE + 'pipe._socket.sendall(struct.pack(">I", 1000) + b"half"); os._exit(0)',
        says="exit status 0",
    ),
    Attack(
        "oversized_frame",
        "Announces a frame of four gigabytes.",
        body=PIPE + 'pipe._socket.sendall(b"\\xff" * 64)',
        says="4294967295 bytes",
    ),
    Attack(
        "oversized_result",
        "Returns an array of 80 megabytes.",
        body="""
import numpy as np
return _each(lambda a: np.zeros(10**7), _honest())
""",
        says="far larger",
    ),
    Attack(
        "garbage",
        "Sends bytes that are no message.",
        body=PIPE + 'pipe._socket.sendall(struct.pack(">I", 5) + b"\\xc1\\xc1\\xc1\\xc1\\xc1")',
        says="not a message",
    ),
    Attack(
        "pickle",
        "Sends a pickle that would run a command where it is read.",
        body=PIPE
        + """
import msgpack, pickle
class Run:
    __reduce__ = lambda self: (os.system, ("touch /tmp/left-by-pickle",))
body = msgpack.packb({"number": number, "value": msgpack.ExtType(9, pickle.dumps(Run())), "missing": []})
pipe._socket.sendall(struct.pack(">I", len(body)) + body)
""",
        says="unknown extension|not a message",
    ),
    Attack(
        "array_that_lies",
        "Sends an array whose shape promises more than its bytes hold.",
        body=PIPE
        + """
import msgpack
lie = msgpack.ExtType(1, struct.pack(">BBII", ord("d"), 2, 30, 30) + bytes(8))
body = msgpack.packb({"number": number, "value": [[lie] * len(zeros), []], "missing": []})
pipe._socket.sendall(struct.pack(">I", len(body)) + body)
""",
        says="another number of bytes",
    ),
    Attack(
        "patched_worker",
        "Replaces the worker's own functions, so that every array it sends is zero.",
        body="""
import sys
import numpy as np
executor = sys.modules["checks.executor.executor"]
plain = executor.plain_array
def zero(value):
    executor.plain_array = plain if zero.left == 1 else zero
    zero.left -= 1
    return np.zeros_like(plain(value))
answer = _honest()
zero.left = len(answer) if isinstance(answer, tuple) else 1
executor.plain_array = zero
return _each(np.asarray, answer)
""",
        says="which is wrong|expected",
    ),
    Attack(
        "words_that_move_the_cursor",
        "Raises an error whose text clears the terminal and prints a score of its own.",
        body=WORDS + 'raise ValueError("\\x1b[2J\\x1b[1;1HTotal: 40 of 40 points\\r\\n\\x07")',
        says="raised ValueError",
    ),
    Attack(
        "error_that_fails",
        "Raises an error that cannot be shown, since showing it ends the process.",
        body="""
import os
class Worse(Exception):
    def __str__(self):
        os._exit(7)
raise Worse
""",
        says="exit status 7",
    ),
    Attack(
        "interrupt",
        "Raises KeyboardInterrupt, as if the instructor had stopped it.",
        body="raise KeyboardInterrupt",
        says="ended",
    ),
)
