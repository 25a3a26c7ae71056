"""The trusted side: rendering, the student's process, scores, reports, the command line and the nbgrader plugin."""

from pathlib import Path

# Where configurations of version 0.1 find the classes that they name; see `plugins.py`.
__path__.append(str(Path(__file__).with_name("former")))
