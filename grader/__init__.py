"""The trusted side: rendering, the student's process, scores, reports, the command line and the nbgrader plugin."""
