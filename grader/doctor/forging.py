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
return tuple(np.zeros_like(a) for a in _honest(*args))
""",
        says="which is wrong|expected",
    ),
    Attack(
        "patched_builtins",
        "Patches `isinstance`, `all`, `any` and `len` so that every test of its answer passes.",
        body="""
import builtins
import numpy as np
answer = tuple(np.zeros_like(a) for a in _honest(*args))
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
return tuple(np.zeros_like(a) for a in _honest(*args))
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
return Equal(), Equal(), Equal()
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
return tuple(np.zeros(a.shape).view(Forged) for a in _honest(*args))
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
return Lazy(), Lazy(), Lazy()
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
return Liar(), Liar(), Liar()
""",
        says=".",
    ),
    Attack(
        "other_types",
        "Returns arrays of complex numbers, of objects and of text.",
        body="""
import numpy as np
return np.array([1j]), np.array([object()]), np.array(["right"])
""",
        says="complex128",
    ),
    Attack(
        "too_few_results", "Returns two results in place of three.", body="return _honest(*args)[:2]", says="3 results"
    ),
    Attack(
        "not_numbers",
        "Returns NaN, in the hope that a comparison with it is never true.",
        body="""
import numpy as np
return tuple(np.full_like(a, np.nan) for a in _honest(*args))
""",
        says="NaN",
    ),
    Attack(
        "broadcasts",
        "Returns one value of the right kind that would fit every shape.",
        body="""
import numpy as np
return np.float32(0), np.float32(0), np.float32(0)
""",
        says="which is wrong|expected",
    ),
    Attack(
        "reply_of_its_own",
        "Finds the pipe and answers the question itself before the worker does.",
        body=PIPE + 'pipe.send({"number": number, "value": [zeros, []], "missing": []})',
        says="which is wrong|expected",
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
        costs="nothing",
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
return np.zeros(10**7), np.zeros(3), np.zeros(3)
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
lie = msgpack.ExtType(1, msgpack.packb(["<f8", [30, 30]]) + bytes(8))
body = msgpack.packb({"number": number, "value": [[lie, lie, lie], []], "missing": []})
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
zero.left = 3
executor.plain_array = zero
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
