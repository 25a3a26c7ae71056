"""Takes from Python, as it starts, what Windows lacks; the tests put this folder on its path."""

import os
import signal
import sys

for module, names in (
    (os, ("fork", "forkpty", "sched_getaffinity", "geteuid", "getuid", "getgid", "killpg", "setsid", "wait4")),
    (
        signal,
        (
            *("SIGALRM", "SIGHUP", "SIGQUIT", "SIGCHLD", "SIGUSR1", "ITIMER_REAL"),
            *("alarm", "setitimer", "pthread_sigmask", "pthread_kill"),
        ),
    ),
):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[name] = None  # type: ignore[assignment]
