"""A check in a process of its own, on the files as they are on disk.

`ask` starts the process and asks it, `answer` is what runs in it; `clock` ends a call that takes too long, `fresh`
imports what is saved and nothing older, `printed` folds what the student's code prints. Where there are no processes,
`here` does the same in this one.
"""
