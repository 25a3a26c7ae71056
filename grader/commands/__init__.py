"""The commands of `grader`, one module each: options in, exit status out; what they do lies in the other rooms."""
