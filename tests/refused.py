"""Runs a command, as some user, where the kernel refuses what sandboxes need: `refused.py both USER COMMAND ...`.

With `bwrap` in the place of `both`, Landlock is left.
"""

import ctypes
import os
import platform
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from grader.worker.syscalls import number

LANDLOCK = 444
LOAD, EQUAL, RETURN, ALLOW, REFUSE = 0x20, 0x15, 0x06, 0x7FFF0000, 0x00050000 | 1
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER = 38, 22, 2

calls = [nr for name in ("mount", "unshare") if (nr := number(name, platform.machine())) is not None]
assert len(calls) == 2
if sys.argv[1] == "both":
    calls.append(LANDLOCK)
code = [(LOAD, 0, 0, 0)]
for call in calls:
    code += [(EQUAL, 0, 1, call), (RETURN, 0, 0, REFUSE)]
code.append((RETURN, 0, 0, ALLOW))
packed = b"".join(struct.pack("HBBI", *instruction) for instruction in code)
buffer = ctypes.create_string_buffer(packed, len(packed))
header = ctypes.c_char_p(struct.pack("HP", len(code), ctypes.addressof(buffer)))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
assert libc.prctl(PR_SET_SECCOMP, FILTER, header, 0, 0) == 0, ctypes.get_errno()
user = int(sys.argv[2])
if user != os.geteuid():
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
os.execvp(sys.argv[3], sys.argv[3:])
