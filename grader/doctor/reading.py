"""What an attacker would like to see: answers, secrets, other people's work, the host."""

from __future__ import annotations

from .attack import Attack

_REFUSED = "PermissionError|FileNotFoundError|ProcessLookupError"


def _reads(name: str, tries: str, path: str) -> Attack:
    return Attack(name, tries, body=f'assert open(r"{path}", "rb").read(1), "nothing"', says=_REFUSED)


_SYSTEM_CALL = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(64)
def call(*numbers):
    if libc.syscall(*map(ctypes.c_long, numbers)) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
is_x86 = os.uname().machine == "x86_64"
"""

READING = (
    _reads("reference", "Reads the reference in the course's package.", "$course/$package/__init__.py"),
    _reads("checks", "Reads the course's settings, from which the checks follow.", "$course/nbgrader_config.py"),
    _reads("secret", "Reads the course secret, from which the inputs are drawn.", "$secret"),
    _reads("gradebook", "Reads the gradebook.", "$gradebook"),
    _reads("other_submission", "Reads the submission of another student.", "$other"),
    _reads("password_file", "Reads the names of the host's users.", "/etc/passwd"),
    _reads("grader_environment", "Reads the environment of the grader from /proc.", "/proc/$grader/environ"),
    _reads("grader_memory_map", "Reads where the grader's memory lies.", "/proc/$grader/maps"),
    _reads("own_command", "Reads from /proc how its own process was started.", "/proc/self/cmdline"),
    Attack(
        "listing",
        "Lists the course's folder, to find what is there.",
        body='import os; assert os.listdir("$course"), "nothing"',
        says=_REFUSED,
    ),
    Attack(
        "climbing",
        "Climbs out of its folder by a relative path, through the root.",
        body='import os; os.chdir("/"); open("." + r"$gradebook", "rb").read(1)',
        says=_REFUSED,
    ),
    Attack(
        "import_of_the_grader",
        "Puts the kit's checkout on its path and imports the trusted side.",
        body="""
import sys
for folder in ("$course", *sys.path):
    sys.path.append(folder.partition("/.venv")[0])
from grader.reference.oracle import LiveOracle
""",
        says="ModuleNotFoundError|PermissionError",
    ),
    Attack(
        "import_of_the_mistakes",
        "Imports the list of known mistakes that the checks are kept with.",
        body="""
import importlib, sys
sys.modules.pop("checks"), sys.path.insert(0, "$course")
importlib.import_module("checks.$name.mistakes")
""",
        says="ModuleNotFoundError|PermissionError",
    ),
    Attack(
        "environment",
        "Looks for the host's secrets in the environment.",
        body='import os; assert os.environ.get("$marker"), "nothing there"',
        says="nothing there",
    ),
    Attack(
        "frames",
        "Walks the frames of its callers, looking for the expected answer.",
        body="""
import sys
frame = sys._getframe(1)
while frame:
    if {"truth", "expected", "oracle", "case", "seed"} & (frame.f_locals.keys() | frame.f_globals.keys()):
        return frame.f_locals["truth"]
    frame = frame.f_back
raise LookupError("no answers in the frames")
""",
        says="no answers in the frames",
    ),
    Attack(
        "garbage_collector",
        "Asks the garbage collector for the grader's objects.",
        body="""
import gc
wanted = {"LiveOracle", "Case", "Check", "Assignment", "Course", "Result"}
found = [o for o in gc.get_objects() if type(o).__name__ in wanted]
assert found, "no answers in memory"
""",
        says="no answers in memory",
    ),
    Attack(
        "memory_of_the_grader",
        "Reads the grader's memory by a system call.",
        body=_SYSTEM_CALL
        + """
class Span(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
span = Span(ctypes.addressof(buffer), 8)
call(310 if is_x86 else 270, $grader, ctypes.addressof(span), 1, ctypes.addressof(span), 1, 0)
""",
        says=_REFUSED,
    ),
    Attack(
        "tracing_the_grader",
        "Attaches to the grader as a debugger.",
        body=_SYSTEM_CALL + "call(101 if is_x86 else 117, 16, $grader, 0, 0)",
        says=_REFUSED,
    ),
    Attack(
        "open_by_handle",
        "Opens a file by a handle that needs no path.",
        body=_SYSTEM_CALL
        + """
name = ctypes.create_string_buffer(b"$gradebook")
handle, mount = (ctypes.c_uint32 * 40)(128, 0), ctypes.c_int()
call(303 if is_x86 else 264, -100, ctypes.addressof(name), ctypes.addressof(handle), ctypes.addressof(mount), 0)
""",
        says=_REFUSED,
    ),
)
