"""The commands of `grader`, one module each: options in, exit status out; what they do lies in the other rooms.

A command that is about an assignment takes its NAME (`release`, `grade`, `demo`). `check` takes a folder, from which it
reads the name if `--assignment NAME` does not say it.
"""
