"""What would fill the grader's memory, the reports and the terminal: a little that becomes much on the other side."""

from __future__ import annotations

from .attack import Attack
from .inside import PIPE, SIZES, WORDS

_FAR = "far larger"

FLOODING = (
    Attack(
        "wide_answer",
        "Returns 20 MB of booleans in a wrong shape, which would be 160 MB where they are judged.",
        body="""
import numpy as np
return _each(lambda a: np.zeros((20, 10**6), bool), _honest())
""",
        says=_FAR,
    ),
    Attack(
        "wide_answer_past_the_worker",
        "Returns booleans that fit into a reply, and would be eight times as large where they are judged.",
        body=SIZES + "return _each(lambda a: np.zeros((2, 60_000), bool), _honest())",
        says=_FAR,
    ),
    Attack(
        "nothing_in_a_long_row",
        "Returns an array without a byte, over which a sum would take 16 GB.",
        body=SIZES + "return _each(lambda a: np.zeros((0, 2**31 - 1)), _honest())",
        says=_FAR,
    ),
    Attack(
        "more_than_a_billion",
        "Returns a view of one number as 10^15 of them, to be copied before it is sent.",
        body="""
import numpy as np
return _each(lambda a: np.broadcast_to(0.0, (10**8, 10**7)), _honest())
""",
        says=_FAR,
    ),
    Attack(
        "empty_dictionaries",
        "Sends a frame of empty dictionaries, each of which is a byte, and 64 where it is read.",
        body=PIPE
        + """
some = b"\\xdc\\x03\\xe8" + b"\\x80" * 1000
body = b"\\x83\\xa6number" + struct.pack(">BI", 0xCE, number) + b"\\xa7missing\\x90\\xa5value"
body += b"\\xdc\\x00\\x32" + some * 50
pipe._socket.sendall(struct.pack(">I", len(body)) + body)
""",
        says=f"{_FAR}.*items",
    ),
    Attack(
        "a_large_frame_of_them",
        "Sends 60 MB of empty dictionaries.",
        body=PIPE
        + """
body = b"\\xdc\\x03\\xe8" + (b"\\xdc\\x03\\xe8" + (b"\\xdc\\x00\\x3c" + b"\\x80" * 60) * 1000) * 1000
pipe._socket.sendall(struct.pack(">I", len(body)) + body)
""",
        says=f"{_FAR}.*bytes",
    ),
    Attack(
        "lists_in_lists",
        "Sends lists in each other, deeper than a stack.",
        body=PIPE
        + """
body = b"\\x91" * 100_000 + b"\\xc0"
pipe._socket.sendall(struct.pack(">I", len(body)) + body)
""",
        says=f"{_FAR}.*in each other",
    ),
    Attack(
        "missing_modules",
        "Imports three hundred modules that nobody has, with names of 20,000 letters.",
        top="""
import importlib
for number in range(300):
    importlib.import_module(f"m{number}_" + "m" * 20_000)
""",
        costs="nothing",
        says="at least 15",
    ),
    Attack(
        "missing_modules_of_its_own",
        "Says of itself in every reply that other modules are missing, with long names.",
        body=PIPE
        + """
send, said = pipe.send, iter(range(10**9))
def missing(reply, *a):
    send(reply | {"missing": [f"m{next(said)}_" + "m" * 90 for _ in range(500)]})
pipe.send = missing
""",
        costs="nothing",
        says="at least 15",
    ),
    Attack(
        "type_that_moves_the_cursor",
        "Returns an object whose type bears a name that clears the terminal and turns the line around.",
        body=WORDS
        + """
Named = type("\\x1b[2J\\x1b[1;1H\\u202e\\u2028\\u200b" + "\\u0301" * 50, (), {})
return _each(lambda a: Named(), _honest())
""",
        says="got:",
    ),
)
