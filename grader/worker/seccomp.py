"""The system calls that a worker may make, as a seccomp filter that the worker puts on itself.

What is not named here is refused, so a call that the kernel gains later is refused too. A few calls are bounded by
their arguments: threads but no processes, signals to oneself alone, no signals by way of a descriptor. The filter is
put on after the interpreter has started, so that not even the first `execve` has to be allowed.

It is our own, since what there is (`pyseccomp`, the binding that libseccomp ships) calls the C library libseccomp,
which would have to be installed on every machine and reachable inside the sandbox. A filter is a list of eight-byte
instructions; the price of building it here is the table of call numbers (`syscalls`), for two architectures.

This file runs beside student code: Python alone, and nothing else of the kit but the table of numbers.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .syscalls import AUDIT_ARCHITECTURES, number

# Where these lead is for the mounts or for Landlock to say. What neither of them bounds is left out: `chmod`, `chown`,
# times, extended attributes, `truncate` by name.
_FILES = """
    read write readv writev pread64 pwrite64 preadv pwritev open openat close close_range lseek dup dup2 dup3 stat lstat
    fstat newfstatat statx statfs fstatfs access faccessat faccessat2 readlink readlinkat getcwd chdir fchdir getdents
    getdents64 mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 ftruncate fallocate fsync fdatasync
    fadvise64 umask sendfile copy_file_range pipe pipe2 poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl
    epoll_wait epoll_pwait eventfd2
"""
_THE_ONE_SOCKET = "recvfrom shutdown getsockname getpeername getsockopt"
_MEMORY = "brk mmap mprotect munmap mremap msync mincore madvise membarrier"
_TIME_THREADS_SIGNALS = """
    gettimeofday time times clock_gettime clock_getres clock_nanosleep nanosleep pause alarm getitimer setitimer futex
    set_robust_list get_robust_list rseq set_tid_address arch_prctl sched_yield sched_getaffinity sched_getparam
    sched_getscheduler sched_get_priority_max sched_get_priority_min getcpu rt_sigaction rt_sigprocmask rt_sigreturn
    rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack restart_syscall wait4 exit exit_group
"""
_QUESTIONS = """
    getpid getppid gettid getuid geteuid getgid getegid getgroups getresuid getresgid getpgrp getpgid getsid capget
    getpriority getrlimit getrusage sysinfo uname getrandom
"""
ALLOWED = frozenset(" ".join((_FILES, _THE_ONE_SOCKET, _MEMORY, _TIME_THREADS_SIGNALS, _QUESTIONS)).split())

_FIRST_NEW_CALL = 424
"""Calls from here on are refused as unknown, so that a C library falls back to the older call."""
_ALLOW, _DENY, _UNKNOWN, _KILL = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38, 0x80000000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_CLONE_THREAD = 0x00010000
_PR_SET_NAME, _PR_GET_NAME, _PR_GET_NO_NEW_PRIVS, _PR_SET_VMA = 15, 16, 39, 0x53564D41
_HARMLESS_IOCTLS = (
    0x5401,
    0x5413,
    0x541B,
    0x5421,
    0x5450,
    0x5451,
)  # TCGETS TIOCGWINSZ FIONREAD FIONBIO FIONCLEX FIOCLEX
_SETOWN, _SETSIG, _SETOWN_EX, _SETLEASE, _NOTIFY = 8, 10, 15, 1024, 1026
_AF_UNIX = 1

Instruction = tuple[int, int, int, int]


@dataclass(frozen=True)
class Rule:
    """A call that is allowed only where one argument is among some values, is none of them, or has a bit set."""

    argument: int
    test: Literal["in", "not in", "bit"]
    values: tuple[int, ...]


def rules(own: int) -> dict[str, Rule]:
    """The calls that are bounded by an argument, for a process with the number `own`."""
    return {
        "clone": Rule(0, "bit", (_CLONE_THREAD,)),
        "kill": Rule(0, "in", (own,)),
        "tgkill": Rule(0, "in", (own,)),
        # Limits of others with the same owner could be lowered too, the grader's among them.
        "prlimit64": Rule(0, "in", (0, own)),
        "prctl": Rule(0, "in", (_PR_SET_NAME, _PR_GET_NAME, _PR_GET_NO_NEW_PRIVS, _PR_SET_VMA)),
        "ioctl": Rule(1, "in", _HARMLESS_IOCTLS),
        # The owner of a descriptor gets signals from it, and any process can be made the owner.
        "fcntl": Rule(1, "not in", (_SETOWN, _SETSIG, _SETOWN_EX, _SETLEASE, _NOTIFY)),
        "socketpair": Rule(0, "in", (_AF_UNIX,)),
        # With an address, a datagram leaves even a pair. Both halves of the pointer are compared.
        "sendto": Rule(4, "in", (0,)),
    }


def program(own: int, machine: str, permit: Iterable[str] = ()) -> list[Instruction]:
    """The filter as instructions of classic BPF: (code, jump if true, jump if false, operand).

    Args:
        own: the number of the process, which may signal itself.
        machine: one of `syscalls.MACHINES`.
        permit: calls to allow in addition, whatever their arguments; the tests of the tests switch protections off.

    Raises:
        OSError: no numbers are known for this machine.
    """
    if machine not in AUDIT_ARCHITECTURES:
        raise OSError(f"no seccomp filter for {machine}, only for {', '.join(AUDIT_ARCHITECTURES)}")
    permitted = frozenset(permit)
    code: list[Instruction] = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 1, 0, AUDIT_ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),
    ]
    for name in sorted(ALLOWED | permitted):
        if (nr := number(name, machine)) is not None:
            code += [(_EQUAL, 0, 1, nr), (_RETURN, 0, 0, _ALLOW)]
    for name, rule in rules(own).items():
        nr = number(name, machine)
        if nr is not None and name not in permitted:
            body = _body(rule)
            code += [(_EQUAL, 0, len(body), nr), *body]
    return [*code, (_AT_LEAST, 0, 1, _FIRST_NEW_CALL), (_RETURN, 0, 0, _UNKNOWN), (_RETURN, 0, 0, _DENY)]


def _body(rule: Rule) -> list[Instruction]:
    low, high = 16 + 8 * rule.argument, 20 + 8 * rule.argument
    allow, deny = (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _DENY)
    if rule.test == "bit":
        return [(_LOAD, 0, 0, low), (_ANY_BIT, 0, 1, rule.values[0]), allow, deny]
    listed, other = (allow, deny) if rule.test == "in" else (deny, allow)
    body: list[Instruction] = [(_LOAD, 0, 0, low)]
    if rule.values == (0,):
        # A pointer: null in both halves.
        body = [(_LOAD, 0, 0, high), (_EQUAL, 1, 0, 0), deny, *body]
    for value in rule.values:
        body += [(_EQUAL, 0, 1, value), listed]
    return [*body, other]


def install(permit: Iterable[str] = ()) -> None:
    """Put the filter on this process, for good; `PR_SET_NO_NEW_PRIVS` must be set.

    Raises:
        OSError: the kernel refuses, or the machine is not known.
    """
    code = program(os.getpid(), platform.machine(), permit)
    packed = b"".join(struct.pack("HBBI", *instruction) for instruction in code)
    buffer = ctypes.create_string_buffer(packed, len(packed))
    header = struct.pack("HP", len(code), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    set_seccomp, mode_filter = 22, 2
    if libc.prctl(set_seccomp, mode_filter, ctypes.c_char_p(header), 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"seccomp filter refused: {os.strerror(error)}")
