"""`grader.submission`, as configurations of version 0.1 name it; see `grader/plugins.py`."""

from grader.plugins import __getattr__ as __getattr__
