"""What runs inside the wall, with `checks/executor`: the student's process, and the locks that it puts on itself.

`main` answers for the modules, `notebook` for a submitted notebook; `wire` and `measure` carry and bound what is said;
`lock`, with `landlock`, `seccomp` and `syscalls`, runs before the first byte that a student wrote; `zygote` forks
workers from a warm process, `room` makes namespaces for them.
"""
