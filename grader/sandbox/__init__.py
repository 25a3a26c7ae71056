"""The wall around a student's process, from outside: bubblewrap where it works, else Landlock with seccomp.

`choose.choose()` gives the launcher; `launchers` are the two of them; `selftest` tries to get out before a sandbox is
trusted; `warm` forks workers behind the same walls where many submissions are judged; `process` asks a student's
process and bounds what comes back. What runs inside lies in `grader/worker`.
"""
