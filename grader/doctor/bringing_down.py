"""What would stop the grader, or the machine: endless work, endless things, signals, a process that will not end."""

from __future__ import annotations

from .attack import Attack

_IN_VAIN = "PermissionError|ProcessLookupError"

BRINGING_DOWN = (
    Attack(
        "loop_at_import",
        "Never ends being imported.",
        top="while True: pass",
        costs="module",
        says="time",
        seconds=4.0,
    ),
    Attack(
        "loop_that_ignores_signals",
        "Never ends, and ignores every signal that can be ignored.",
        body="""
import signal
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    try:
        signal.signal(number, signal.SIG_IGN)
    except OSError:
        pass
while True: pass
""",
        says="time",
    ),
    Attack(
        "stopped",
        "Stops itself, so that no answer ever comes.",
        body="import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
        says="time",
    ),
    Attack(
        "dripping",
        "Sends its reply a byte at a time, so that something always comes.",
        body="""
import gc, struct, time
pipe = next(o for o in gc.get_objects() if type(o).__name__ == "Channel")
pipe._socket.sendall(struct.pack(">I", 1000))
while True:
    pipe._socket.sendall(b"x"), time.sleep(0.1)
""",
        says="time",
    ),
    Attack(
        "fork",
        "Forks, to go on when its parent is gone.",
        body="""
import os, time
if os.fork() == 0:
    os.setsid(), time.sleep(60)
""",
        says=_IN_VAIN,
    ),
    Attack(
        "vfork",
        "Starts a process by `posix_spawn`.",
        body="""
import os
os.posix_spawn("/bin/sleep", ["sleep", "60"], {})
""",
        says="PermissionError|FileNotFoundError",
    ),
    Attack(
        "shell",
        "Runs a command in a shell.",
        body="""
import subprocess
subprocess.run("true", shell=True, check=True)
""",
        says="PermissionError|FileNotFoundError|BlockingIOError",
    ),
    Attack(
        "becomes_another",
        "Replaces itself by another program.",
        body="""
import os, sys
os.execv(sys.executable, [sys.executable, "-c", "pass"])
""",
        says="PermissionError",
    ),
    Attack(
        "threads",
        "Starts a hundred thousand threads.",
        body="""
import threading, time
threading.stack_size(2**15)
for _ in range(10**5):
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
""",
        says="RuntimeError|MemoryError|time",
    ),
    Attack(
        "memory",
        "Takes all the memory there is.",
        body="""
import numpy as np
kept = [np.zeros(2**26) for _ in range(64)]
""",
        says="MemoryError",
    ),
    Attack(
        "hidden_memory",
        "Takes memory that no limit of a process counts, in a file without a name.",
        body="""
import os
os.memfd_create("eve")
""",
        says="PermissionError",
    ),
    Attack(
        "shared_memory_segment",
        "Takes a segment of shared memory that outlives it.",
        body="""
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
if libc.shmget(0, 2**20, 0o1666) < 0:
    raise PermissionError(ctypes.get_errno())
""",
        says="PermissionError",
    ),
    Attack(
        "open_files",
        "Opens more files than there are descriptors.",
        body="""
import os
kept = [open(os.devnull) for _ in range(5000)]
""",
        says="Too many open files",
    ),
    Attack(
        "output",
        "Prints a gigabyte.",
        body="""
import os, sys
for _ in range(1000):
    os.write(1, b"x" * 2**20), os.write(2, b"x" * 2**20)
print("y" * 2**20), print("y" * 2**20, file=sys.stderr)
""",
        costs="nothing",
    ),
    Attack(
        "scratch",
        "Fills the scratch, or whatever else can be written.",
        body="""
import os
for number in range(100):
    with open(f"/tmp/left-by-{number}", "wb") as file:
        file.write(bytes(2**20))
""",
        says="No space left|PermissionError|FileNotFoundError",
    ),
    Attack(
        "large_file",
        "Writes one file of a gigabyte.",
        body="""
with open("/tmp/left-by-large", "wb") as file:
    file.seek(2**30), file.write(b"x")
""",
        says="File too large|PermissionError|FileNotFoundError",
    ),
    Attack(
        "recursion",
        "Calls itself without end, past what the stack holds.",
        body="""
import sys
sys.setrecursionlimit(10**9)
class Deep:
    __getattr__ = lambda self, name: getattr(self, name + "")
Deep().eve
""",
        says=".",
    ),
    Attack("exit", "Ends the process, as if all were done.", body="import os; os._exit(0)", says="exit status 0"),
    Attack(
        "exit_after_the_reply",
        "Ends the process between two checks.",
        body="""
import gc, os
pipe = next(o for o in gc.get_objects() if type(o).__name__ == "Channel")
send = pipe.send
pipe.send = lambda reply, *a: (send(reply), os._exit(3))
""",
        costs="perhaps",
    ),
    Attack(
        "signal_without_a_name",
        "Ends itself by a signal that has no name.",
        body="import os; os.kill(os.getpid(), 40)",
        says="signal 40",
    ),
    Attack(
        "killing_the_parent",
        "Kills the process that started it.",
        body="import os, signal; os.kill(os.getppid(), signal.SIGKILL)",
        says=_IN_VAIN,
    ),
    Attack(
        "killing_the_grader", "Kills the grader by its number.", body="import os; os.kill($grader, 9)", says=_IN_VAIN
    ),
    Attack("killing_everybody", "Kills every process that it may.", body="import os; os.kill(-1, 9)", says=_IN_VAIN),
    Attack(
        "signal_by_descriptor",
        "Has the kernel signal the grader whenever the pipe has news.",
        body="""
import fcntl, gc, os
pipe = next(o for o in gc.get_objects() if type(o).__name__ == "Channel")
fcntl.fcntl(pipe._socket.fileno(), fcntl.F_SETOWN, $grader)
fcntl.fcntl(pipe._socket.fileno(), fcntl.F_SETFL, os.O_ASYNC)
""",
        says=_IN_VAIN,
    ),
    Attack(
        "limits_of_the_grader",
        "Lowers the grader's limits, so that it fails later.",
        body="""
import resource
resource.prlimit($grader, resource.RLIMIT_CORE, (0, 0))
""",
        says=_IN_VAIN,
    ),
    Attack(
        "limits_of_its_own",
        "Raises its own limits.",
        body="""
import resource
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
""",
        says="not allowed to raise|ValueError|PermissionError",
    ),
    Attack(
        "outliving",
        "Takes back that it dies with the grader.",
        body="""
import ctypes, os
if ctypes.CDLL(None, use_errno=True).prctl(1, 0, 0, 0, 0) != 0:
    raise PermissionError("not taken back")
""",
        says="not taken back",
    ),
    Attack(
        "closed_descriptors",
        "Closes every descriptor, the pipe among them.",
        body="import os; os.closerange(0, 1000)",
        says="ended",
    ),
    Attack(
        "new_namespace",
        "Makes itself the root of a namespace of its own.",
        body="""
import ctypes
if ctypes.CDLL(None, use_errno=True).unshare(0x10000000) != 0:
    raise PermissionError("no namespace")
""",
        says="no namespace",
    ),
    Attack(
        "slow_priority",
        "Takes the grader's processors away.",
        body="import os; os.sched_setaffinity($grader, {0})",
        says=_IN_VAIN,
    ),
)
