"""What stands around a student's process: bubblewrap where it works, else Landlock with seccomp.

`choose.choose()` gives the launcher; `launchers` are the two of them; `lock`, `seccomp`, `landlock` and `syscalls` run
inside, before the first byte that a student wrote; `selftest` tries to get out before a sandbox is believed in.
"""
